package sqlite

import (
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SetLogPages sets how many pages of log ask for a checkpoint.
func (s *Store) SetLogPages(n int) {
	w := <-s.writer
	s.checkpoints.limit = n
	s.writer <- w
}

// BreakSync makes syncs of the log fail, after the writes before them have reached the file or instead of them; "" repairs them.
func (s *Store) BreakSync(how string) {
	w := <-s.writer
	defer func() { s.writer <- w }()
	if rc := sqlite3.Xsqlite3_file_control(w.c.tls, w.c.db, 0, sqlite3.SQLITE_FCNTL_JOURNAL_POINTER, w.c.out); rc != sqlite3.SQLITE_OK {
		panic(w.c.fault(rc))
	}
	m := (*sqlite3.Tsqlite3_io_methods)(memory(logOf(*w.c.pointer()).ours))
	switch how {
	case "":
		m.FxSync = pointerTo[syncFunc](logSync)
	case "lost":
		m.FxSync = pointerTo[syncFunc](syncLost)
	case "written":
		m.FxSync = pointerTo[syncFunc](syncWritten)
	}
}

func syncLost(_ *libc.TLS, file uintptr, _ int32) int32 {
	logOf(file).n = 0
	return sqlite3.SQLITE_IOERR_FSYNC
}

func syncWritten(tls *libc.TLS, file uintptr, flags int32) int32 {
	if rc := logSync(tls, file, flags); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return sqlite3.SQLITE_IOERR_FSYNC
}
