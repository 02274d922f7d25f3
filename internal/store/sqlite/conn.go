package sqlite

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
	engine "zombiezen.com/go/sqlite"

	"recoup/internal/store"
)

// conn is one connection. It belongs to one goroutine at a time.
type conn struct {
	*engine.Conn
	stmts map[string]*stmt // by name
}

const (
	readWrite = engine.OpenReadWrite | engine.OpenCreate
	readOnly  = engine.OpenReadOnly
)

func openConn(path string, flags engine.OpenFlags) (*conn, error) {
	c, err := engine.OpenConn(path, flags)
	if err != nil {
		return nil, err
	}
	c.SetBusyTimeout(busyTimeout * time.Millisecond)
	return &conn{Conn: c, stmts: map[string]*stmt{}}, nil
}

// openFrozen opens a file that nobody changes, without its log and without a lock.
func openFrozen(path string) (*conn, error) {
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "immutable=1"}
	c, err := engine.OpenConn(uri.String(), engine.OpenReadOnly|engine.OpenURI)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, stmts: map[string]*stmt{}}, nil
}

// frozen reports whether a file can only be opened as one that nobody changes: where there is no log and none can be made, as on a medium that is
// read-only.
func frozen(path string) bool {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return false
	}
	return unix.Access(filepath.Dir(path), unix.W_OK) != nil
}

func (c *conn) close() { _ = c.Conn.Close() } // it has nothing to write

// fault translates a result code: a unique key that is taken becomes store.ErrRetry, a disk that takes nothing store.ErrRefused.
func fault(err error) error {
	switch engine.ErrCode(err) {
	case engine.ResultConstraintUnique, engine.ResultConstraintPrimaryKey:
		return fmt.Errorf("%w: %w", store.ErrRetry, err)
	}
	switch engine.ErrCode(err).ToPrimary() {
	case engine.ResultCorrupt, engine.ResultNotADB:
		return fmt.Errorf("%w: %w", store.ErrDamaged, err)
	case engine.ResultFull, engine.ResultReadOnly, engine.ResultIOErr, engine.ResultCantOpen:
		return fmt.Errorf("%w: %w", store.ErrRefused, err)
	}
	return err
}

// busy reports whether another process has the lock.
func busy(err error) bool { return engine.ErrCode(err).ToPrimary() == engine.ResultBusy }

// script runs one statement without parameters.
func (c *conn) script(sql string) error {
	s, err := c.prepare(sql, sql)
	if err != nil {
		return err
	}
	defer s.finalize()
	return s.each(context.Background(), func(store.Row) error { return nil })
}

// inTransaction reports whether a transaction is open: a failing statement may have ended it.
func (c *conn) inTransaction() bool { return !c.AutocommitEnabled() }

// stmt is a prepared statement. To run one: bind every parameter, step until there is no row, and it is ready again. Rows must be
// read to their end or cut short by reset.
type stmt struct {
	*engine.Stmt
	name string
	row  []byte // what was read of the current row
}

func (c *conn) prepare(name, sql string) (*stmt, error) {
	s, err := c.Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", name, fault(err))
	}
	return &stmt{Stmt: s, name: name}, nil
}

func (s *stmt) finalize() { _ = s.Finalize() } // which repeats what the last step answered

// blob binds nil as NULL.
func (s *stmt) blob(i int, v []byte) {
	if v == nil {
		s.BindNull(i)
		return
	}
	s.BindBytes(i, v)
}

// step runs the statement to its next row. false means that there is none, or an error; either way the statement is ready again.
func (s *stmt) step() (row bool, err error) {
	s.row = s.row[:0]
	if row, err = s.Step(); row {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", s.name, fault(err))
	}
	return false, s.Reset()
}

// run runs a statement that has no rows.
func (s *stmt) run() error {
	_, err := s.step()
	return err
}

// Int is a column of the current row.
func (s *stmt) Int(i int) int64 { return s.ColumnInt64(i) }

// Text copies a column of the current row.
func (s *stmt) Text(i int) string { return s.ColumnText(i) }

// Bytes is a text or blob, gone with the next step.
func (s *stmt) Bytes(i int) []byte {
	n := s.ColumnLen(i)
	if n == 0 {
		return nil
	}
	from := len(s.row)
	s.row = slices.Grow(s.row, n)[:from+n]
	s.ColumnBytes(i, s.row[from:])
	return s.row[from:]
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
			_ = s.Reset()
			return err
		}
	}
}

// InUse reports whether another process has a file open.
func InUse(path string) bool {
	c, err := openConn(path, readWrite)
	if err != nil {
		return false
	}
	defer c.close()
	c.SetBusyTimeout(0)
	for _, statement := range []string{"PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "SELECT 1 FROM sqlite_schema", "COMMIT"} {
		if err := c.script(statement); err != nil {
			return busy(err)
		}
	}
	return false
}
