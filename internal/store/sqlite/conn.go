package sqlite

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"recoup/internal/store"
)

// This file is the only one that speaks to the database engine. It uses the engine's C interface itself, not database/sql: a
// batch runs ten short statements a command, and the generic driver's boxing of every value costs more than the statements.

// conn is one connection. It belongs to one goroutine at a time.
type conn struct {
	tls   *libc.TLS
	db    uintptr          // *sqlite3
	out   uintptr          // room for what the engine hands back by pointer
	stmts map[string]*stmt // by name
}

// openFlags say how a connection opens its file.
type openFlags int32

const (
	readWrite openFlags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE
	readOnly  openFlags = sqlite3.SQLITE_OPEN_READONLY
)

func openConn(path string, flags openFlags) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), stmts: map[string]*stmt{}}
	c.out = sqlite3.Xsqlite3_malloc64(c.tls, 16)
	name := c.cstring(path)
	defer sqlite3.Xsqlite3_free(c.tls, name)
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, c.out, int32(flags)|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = *c.pointer()
	if rc != sqlite3.SQLITE_OK {
		err := c.fault(rc)
		c.close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	return c, nil
}

// pointer is the room for one pointer.
func (c *conn) pointer() *uintptr { return (*uintptr)(memory(c.out)) }

// memory makes the engine's memory ours to look at. It is not Go's, so the collector neither moves nor frees it.
func memory(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// cstring copies a text into the engine's memory, with a zero at its end.
func (c *conn) cstring(s string) uintptr {
	p := sqlite3.Xsqlite3_malloc64(c.tls, uint64(len(s)+1))
	b := unsafe.Slice((*byte)(memory(p)), len(s)+1)
	copy(b, s)
	b[len(s)] = 0
	return p
}

func (c *conn) close() {
	for _, s := range c.stmts {
		s.finalize()
	}
	if c.db != 0 {
		sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	}
	sqlite3.Xsqlite3_free(c.tls, c.out)
	c.tls.Close()
}

// Error is what the engine answered, with its extended result code.
type Error struct {
	Code int32
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.Text, e.Code) }

// fault translates a result code: a unique key that is taken becomes store.ErrRetry.
func (c *conn) fault(rc int32) error {
	e := &Error{Code: rc, Text: libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))}
	if c.db != 0 {
		e.Text = libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))
	}
	switch rc {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", store.ErrRetry, e)
	}
	return e
}

// busy reports whether another process has the lock.
func busy(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code&0xff == sqlite3.SQLITE_BUSY
}

// script runs statements without parameters and results.
func (c *conn) script(sql string) error {
	p := c.cstring(sql)
	defer sqlite3.Xsqlite3_free(c.tls, p)
	if rc := sqlite3.Xsqlite3_exec(c.tls, c.db, p, 0, 0, 0); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("%s: %w", sql, c.fault(rc))
	}
	return nil
}

// inTransaction reports whether a transaction is open: a failing statement may have ended it.
func (c *conn) inTransaction() bool { return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

// changes is how many rows the last statement wrote.
func (c *conn) changes() int64 { return sqlite3.Xsqlite3_changes64(c.tls, c.db) }

// checkpoint copies pages from the log into the database file, as far as readers and writers let it.
func (c *conn) checkpoint(mode int32) error {
	rc := sqlite3.Xsqlite3_wal_checkpoint_v2(c.tls, c.db, 0, mode, c.out, c.out+4)
	if rc != sqlite3.SQLITE_OK {
		return c.fault(rc)
	}
	return nil
}

// written is how many pages the connection has written since it was last asked.
func (c *conn) written() int {
	sqlite3.Xsqlite3_db_status(c.tls, c.db, sqlite3.SQLITE_DBSTATUS_CACHE_WRITE, c.out, c.out+4, 1)
	return int(*(*int32)(memory(c.out)))
}

// stmt is a prepared statement. To run one: bind every parameter, step until there is no row, and it is ready again. Rows must be
// read to their end or cut short by reset.
type stmt struct {
	c      *conn
	p      uintptr // *sqlite3_stmt
	name   string
	params int       // how many parameters it has
	room   uintptr   // memory for bound texts, valid until the next run
	size   uint64    // of room
	used   uint64    // of room, by this run
	extra  []uintptr // what did not fit; room grows before the next run
}

// roomFirst is what a statement's texts get at first, in bytes; it doubles as needed.
const roomFirst = 1024

func (c *conn) prepare(name, sql string) (*stmt, error) {
	text := c.cstring(sql)
	defer sqlite3.Xsqlite3_free(c.tls, text)
	if rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, -1, sqlite3.SQLITE_PREPARE_PERSISTENT, c.out, 0); rc != sqlite3.SQLITE_OK {
		return nil, fmt.Errorf("prepare %s: %w", name, c.fault(rc))
	}
	s := &stmt{c: c, p: *c.pointer(), name: name, size: roomFirst}
	s.room = sqlite3.Xsqlite3_malloc64(c.tls, s.size)
	s.params = int(sqlite3.Xsqlite3_bind_parameter_count(c.tls, s.p))
	return s, nil
}

func (s *stmt) finalize() {
	sqlite3.Xsqlite3_finalize(s.c.tls, s.p)
	sqlite3.Xsqlite3_free(s.c.tls, s.room)
	for _, p := range s.extra {
		sqlite3.Xsqlite3_free(s.c.tls, p)
	}
}

// place copies a value to where it stays until the statement has run.
func place[T string | []byte](s *stmt, v T) uintptr {
	n := uint64(len(v))
	if n == 0 {
		return s.room // not nil, which would bind NULL
	}
	var p uintptr
	if s.used+n <= s.size {
		p = s.room + uintptr(s.used)
		s.used += n
	} else {
		p = sqlite3.Xsqlite3_malloc64(s.c.tls, n)
		s.extra = append(s.extra, p)
	}
	copy(unsafe.Slice((*byte)(memory(p)), n), v)
	return p
}

func (s *stmt) int(i int32, v int64) { sqlite3.Xsqlite3_bind_int64(s.c.tls, s.p, i, v) }

func (s *stmt) text(i int32, v string) {
	sqlite3.Xsqlite3_bind_text(s.c.tls, s.p, i, place(s, v), int32(len(v)), 0)
}

func (s *stmt) bool(i int32, v bool) {
	n := int64(0)
	if v {
		n = 1
	}
	s.int(i, n)
}

// blob binds nil as NULL.
func (s *stmt) blob(i int32, v []byte) {
	if v == nil {
		sqlite3.Xsqlite3_bind_null(s.c.tls, s.p, i)
		return
	}
	sqlite3.Xsqlite3_bind_blob(s.c.tls, s.p, i, place(s, v), int32(len(v)), 0)
}

// step runs the statement to its next row. false means that there is none, or an error; either way the statement is ready again.
func (s *stmt) step() (row bool, err error) {
	rc := sqlite3.Xsqlite3_step(s.c.tls, s.p)
	if rc == sqlite3.SQLITE_ROW {
		return true, nil
	}
	if rc != sqlite3.SQLITE_DONE {
		err = fmt.Errorf("%s: %w", s.name, s.c.fault(rc))
	}
	s.reset()
	return false, err
}

// run runs a statement that has no rows.
func (s *stmt) run() error {
	_, err := s.step()
	return err
}

// reset cuts rows short.
func (s *stmt) reset() {
	sqlite3.Xsqlite3_reset(s.c.tls, s.p)
	s.used = 0
	if len(s.extra) == 0 {
		return
	}
	for _, p := range s.extra {
		sqlite3.Xsqlite3_free(s.c.tls, p)
	}
	s.extra = s.extra[:0]
	sqlite3.Xsqlite3_free(s.c.tls, s.room)
	s.size *= 2
	s.room = sqlite3.Xsqlite3_malloc64(s.c.tls, s.size)
}

// Int is a column of the current row.
func (s *stmt) Int(i int) int64 { return sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, int32(i)) }

// Text copies a column of the current row.
func (s *stmt) Text(i int) string { return string(s.Bytes(i)) }

// Bytes is a text or blob in the engine's memory: gone with the next step.
func (s *stmt) Bytes(i int) []byte {
	p := sqlite3.Xsqlite3_column_blob(s.c.tls, s.p, int32(i))
	n := sqlite3.Xsqlite3_column_bytes(s.c.tls, s.p, int32(i))
	if p == 0 || n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(memory(p)), n)
}

// each steps through the rows. When the reader or the caller's context gives up, the rest is not read.
func (s *stmt) each(ctx context.Context, read func(store.Row) error) error {
	for {
		row, err := s.step()
		if !row {
			return err
		}
		if err = ctx.Err(); err == nil {
			err = read(s)
		}
		if err != nil {
			s.reset()
			return err
		}
	}
}
