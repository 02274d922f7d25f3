package sqlite

import (
	"errors"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// The engine writes its log in two small writes a page, a fifth of what a batch costs. This file gathers the writes of the writing
// connection and hands them to the system in large ones: at the latest when the engine wants the log synced, which every commit does before
// anybody may look at the pages it wrote. Of a commit the sync itself comes later, see syncer. Nothing of the log's format is known here; a write is delayed, never changed.
//
// It works by putting a table of methods of its own in the place of the open file's.

// logBuffer gathers writes that follow each other in one file. It belongs to the goroutine that has the connection.
type logBuffer struct {
	own  sqlite3.Tsqlite3_io_methods // the file's own methods
	ours uintptr                     // the table in their place
	was  uintptr                     // where their table is
	room uintptr                     // logRoom bytes
	at   int64                       // place in the file of what was gathered
	n    int32                       // bytes gathered
	late bool                        // a commit is under way: the syncer syncs, when it is over
}

// logHeader is how long the head of the log is. A log that begins anew writes it first and must have it on disk before its pages, or old
// pages could pass for new ones.
const logHeader = 32

// logRoom is how much is gathered: the engine's write takes no more than 128 KiB less one byte at a time.
const logRoom = 127 << 10

// logBuffers are the buffers by file: the engine calls back with nothing else in hand.
var logBuffers sync.Map

// The engine's function types that are needed here.
type (
	closeFunc    = func(_ *libc.TLS, file uintptr) int32
	ioFunc       = func(_ *libc.TLS, file, data uintptr, n int32, at int64) int32
	truncateFunc = func(_ *libc.TLS, file uintptr, size int64) int32
	syncFunc     = func(_ *libc.TLS, file uintptr, flags int32) int32
	sizeFunc     = func(_ *libc.TLS, file, size uintptr) int32
)

// pointerTo is a function as the engine knows it, functionAt the reverse. Only functions without a closure have an address for ever.
func pointerTo[F any](f F) uintptr  { return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f})) }
func functionAt[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ p uintptr }{p})) }

// gatherLog puts a buffer before the connection's log.
func (c *conn) gatherLog() (*logBuffer, error) {
	if err := c.exec("SELECT 1 FROM brand"); err != nil { // the log is opened by the first query
		return nil, err
	}
	if rc := sqlite3.Xsqlite3_file_control(c.tls, c.db, 0, sqlite3.SQLITE_FCNTL_JOURNAL_POINTER, c.out); rc != sqlite3.SQLITE_OK {
		return nil, c.fault(rc)
	}
	file := *c.pointer()
	f := (*sqlite3.Tsqlite3_file)(memory(file))
	if f.FpMethods == 0 {
		return nil, errors.New("sqlite: the database is not in WAL mode")
	}
	b := &logBuffer{was: f.FpMethods, own: *(*sqlite3.Tsqlite3_io_methods)(memory(f.FpMethods))}
	b.room = sqlite3.Xsqlite3_malloc64(c.tls, logRoom)
	b.ours = sqlite3.Xsqlite3_malloc64(c.tls, uint64(unsafe.Sizeof(b.own)))
	m := (*sqlite3.Tsqlite3_io_methods)(memory(b.ours))
	*m = b.own
	m.FxWrite = pointerTo[ioFunc](logWrite)
	m.FxRead = pointerTo[ioFunc](logRead)
	m.FxSync = pointerTo[syncFunc](logSync)
	m.FxTruncate = pointerTo[truncateFunc](logTruncate)
	m.FxFileSize = pointerTo[sizeFunc](logSize)
	m.FxClose = pointerTo[closeFunc](logClose)
	logBuffers.Store(file, b)
	f.FpMethods = b.ours
	return b, nil
}

func logOf(file uintptr) *logBuffer {
	b, _ := logBuffers.Load(file)
	return b.(*logBuffer)
}

// flush hands on what was gathered.
func (b *logBuffer) flush(tls *libc.TLS, file uintptr) int32 {
	if b.n == 0 {
		return sqlite3.SQLITE_OK
	}
	n := b.n
	b.n = 0
	return functionAt[ioFunc](b.own.FxWrite)(tls, file, b.room, n, b.at)
}

func logWrite(tls *libc.TLS, file, data uintptr, n int32, at int64) int32 {
	b := logOf(file)
	if at != b.at+int64(b.n) || b.n+n > logRoom {
		if rc := b.flush(tls, file); rc != sqlite3.SQLITE_OK {
			return rc
		}
		b.at = at
	}
	if n > logRoom {
		return functionAt[ioFunc](b.own.FxWrite)(tls, file, data, n, at)
	}
	copy(unsafe.Slice((*byte)(memory(b.room+uintptr(b.n))), n), unsafe.Slice((*byte)(memory(data)), n))
	b.n += n
	return sqlite3.SQLITE_OK
}

func logRead(tls *libc.TLS, file, data uintptr, n int32, at int64) int32 {
	b := logOf(file)
	if rc := b.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return functionAt[ioFunc](b.own.FxRead)(tls, file, data, n, at)
}

func logSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	b := logOf(file)
	header := b.at == 0 && b.n == logHeader
	if rc := b.flush(tls, file); rc != sqlite3.SQLITE_OK || b.late && !header {
		return rc
	}
	return functionAt[syncFunc](b.own.FxSync)(tls, file, flags)
}

func logTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	b := logOf(file)
	if rc := b.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return functionAt[truncateFunc](b.own.FxTruncate)(tls, file, size)
}

func logSize(tls *libc.TLS, file, size uintptr) int32 {
	b := logOf(file)
	if rc := b.flush(tls, file); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return functionAt[sizeFunc](b.own.FxFileSize)(tls, file, size)
}

func logClose(tls *libc.TLS, file uintptr) int32 {
	b := logOf(file)
	rc := b.flush(tls, file)
	logBuffers.Delete(file)
	(*sqlite3.Tsqlite3_file)(memory(file)).FpMethods = b.was
	if closed := functionAt[closeFunc](b.own.FxClose)(tls, file); rc == sqlite3.SQLITE_OK {
		rc = closed
	}
	sqlite3.Xsqlite3_free(tls, b.ours)
	sqlite3.Xsqlite3_free(tls, b.room)
	return rc
}
