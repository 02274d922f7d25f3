// Package sqlite keeps the books in one file: the embedded default.
//
// There is one writer at a time. Within the process a token passes from batch to batch; another process on the same file waits for
// the file's lock. Readers wait for no writer: each sees the last commit before it began.
//
// A commit is durable when it returns: the syncer syncs the log (WAL), several commits at once and without the token. So the engine need not
// (synchronous=NORMAL); it still syncs the log's header and what a checkpoint copies.
package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	engine "zombiezen.com/go/sqlite"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/seal"
	"recoup/internal/store"
)

// Options say how to open a file.
type Options struct {
	Path     string
	ReadOnly bool                 // queries and audits only; the schema is taken as it is
	Upgrade  bool                 // bring an older schema up to date; an empty file gets one anyway
	Keys     seal.Keys            // that encrypt secrets and peppers
	Migrated func(from, to int64) // hears of a schema that was made or brought up to date; nil: nobody does
	LogPages int                  // pages in the log that ask for a checkpoint; 0: as many as suit a busy shop
}

const (
	busyTimeout = 5000  // milliseconds that another process may keep the lock
	readersIdle = 4     // connections kept for the next readers
	cacheMax    = 16    // MiB of pages that the writer keeps in memory. At a commit after a page split the engine scans all of them
	cacheReader = 2     // the same of a reader: there may be many, and the file system has the pages, too
	pageSize    = 4096  // bytes
	logPages    = 65536 // pages in the log that ask for a checkpoint: 256 MiB. A page written often is copied back once
)

var (
	errReadOnly = errors.New("sqlite: opened read-only")
	errClosed   = errors.New("sqlite: closed")
	errBusy     = errors.New("sqlite: another process copies the log")
)

// Store is a store.Store in one file.
type Store struct {
	path     string
	readOnly bool
	written  time.Time // when the file or its log was written to last, before it was opened

	store.Books
	store.Histories
	store.Tables

	writer      chan *writer  // holds the writing connection while no batch is open and nothing is being written
	idle        chan *conn    // connections of readers at rest
	paging      chan struct{} // held by those who read a page of a history
	checkpoints *checkpointer
	syncer      *syncer // nil when opened read-only
	guard       *guard
	refused     store.Refused
	log         *os.File
	frozen      bool // the folder takes no files, and there is no log

	closing sync.Once
	closed  chan struct{}

	mu    sync.Mutex              // guards what follows
	rules map[int64]*ledger.Brand // newest parsed rules by brand serial; a brand is never changed once published
}

// writer is the connection that writes.
type writer struct {
	*conn
	log int64 // how long the log was, in pages, at the last checkpoint; 0 since it began anew
}

var _ store.Store = (*Store)(nil)

// Open opens the file, and creates it with its schema when there is none.
func Open(ctx context.Context, o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		path: path, readOnly: o.ReadOnly, writer: make(chan *writer, 1), idle: make(chan *conn, readersIdle), paging: make(chan struct{}, readersIdle),
		closed: make(chan struct{}), rules: map[int64]*ledger.Brand{},
	}
	s.Books = store.Books{Stream: s.stream, Keys: o.Keys}
	s.Histories = store.Histories{From: store.Books{Stream: s.page, Keys: o.Keys}}
	s.Tables = store.Tables{
		Keys: o.Keys,
		Read: func(ctx context.Context, do func(store.Tx) error) error {
			return s.read(func(c *conn) error { return do(tx{ctx, c}) })
		},
		Write: func(ctx context.Context, do func(store.Tx) error) error {
			return s.write(ctx, func(w *writer) error { return do(tx{ctx, w.conn}) })
		},
	}
	if o.ReadOnly {
		s.frozen = frozen(path)
		if !s.frozen && foreign(path, false) {
			return nil, fmt.Errorf("%s %w", path, ErrForeign)
		}
		r, err := s.reader()
		if err != nil {
			return nil, err
		}
		defer s.release(r)
		return s, checkVersion(ctx, r, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	s.written = lastWritten(path)
	if err := create(path); err != nil {
		return nil, err
	}
	if foreign(path, true) {
		return nil, fmt.Errorf("%s %w", path, ErrForeign)
	}
	if err := refuseStale(ctx, path); err != nil {
		return nil, err
	}
	if err := migrate(ctx, path, &o); err != nil {
		return nil, err
	}
	c, err := s.connect(readWrite)
	if err != nil {
		return nil, err
	}
	if err = c.script("SELECT 1 FROM brand"); err == nil { // the first query opens the log
		s.log, err = os.OpenFile(path+"-wal", os.O_RDWR, 0)
	}
	if err == nil {
		s.syncer = newSyncer(s.log)
		s.checkpoints, err = startCheckpointer(s, cmp.Or(o.LogPages, logPages))
	}
	if err == nil {
		s.guard, err = startGuard(s)
	}
	if err != nil {
		c.close()
		if s.log != nil {
			_ = s.log.Close()
		}
		return nil, err
	}
	s.writer <- &writer{conn: c}
	return s, nil
}

// lastWritten is when a file or its log was written to last, zero if there is none.
func lastWritten(path string) (at time.Time) {
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil && info.ModTime().After(at) {
			at = info.ModTime()
		}
	}
	return at
}

// Written is when the database was written to before it was opened, zero if it is new. Touch notes that it is in use at a moment.
func (s *Store) Written() time.Time { return s.written }

// Touch sets when the file was written to: a quiet shop writes nothing for days.
func (s *Store) Touch(at time.Time) error { return os.Chtimes(s.path, time.Time{}, at) }

// create makes the file, if there is none, for its owner alone: it holds secrets and personal data. The log is made like it. A file
// that is there is not even opened: closing it again would drop the locks that this process holds on it.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// connect opens a connection. Checkpoints have their own, so that no commit pays for one.
func (s *Store) connect(flags engine.OpenFlags) (*conn, error) {
	c, err := openConn(s.path, flags)
	if s.frozen {
		c, err = openFrozen(s.path)
	}
	if err != nil {
		return nil, err
	}
	cache := cacheMax
	if flags == readOnly {
		cache = cacheReader
	}
	for _, setting := range []string{
		fmt.Sprintf("cache_size = -%d", cache<<10), "temp_store = MEMORY", "trusted_schema = OFF",
		"wal_autocheckpoint = 0", fmt.Sprintf("journal_size_limit = %d", logPages*3/2*pageSize), "synchronous = NORMAL",
	} {
		if err := c.script("PRAGMA " + setting); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// reader takes a connection for reading, a new one when none is at rest: readers may nest.
func (s *Store) reader() (*conn, error) {
	select {
	case <-s.closed:
		return nil, errClosed
	default:
	}
	if !s.readOnly {
		if err := s.syncer.err(); err != nil {
			return nil, err
		}
	}
	select {
	case c := <-s.idle:
		return c, nil
	default:
		return s.connect(readOnly)
	}
}

// release puts a connection to rest.
func (s *Store) release(c *conn) {
	select {
	case <-s.closed:
		c.close()
		return
	default:
	}
	select {
	case s.idle <- c:
	default:
		c.close()
	}
}

// lock waits for the right to write in this process.
func (s *Store) lock(ctx context.Context) (*writer, error) {
	if s.readOnly {
		return nil, errReadOnly
	}
	if err := s.syncer.err(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case w := <-s.writer:
		return w, nil
	case <-s.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// write runs one write outside of a batch. It is durable when it returns.
func (s *Store) write(ctx context.Context, do func(*writer) error) error {
	w, err := s.lock(ctx)
	if err != nil {
		return err
	}
	if _, err = w.exec("Begin"); err == nil {
		if err = do(w); err == nil {
			err = s.commit(w)
		}
		if err != nil && w.inTransaction() {
			_, undone := w.exec("Rollback")
			err = errors.Join(err, undone)
		}
	}
	commit := s.syncer.seen()
	s.writer <- w
	if err == nil {
		err = s.syncer.wait(commit)
	}
	s.refused.Note(err)
	return err
}

// Writable tries a write when the last was refused.
func (s *Store) Writable(ctx context.Context) error { return s.refused.Writable(ctx, s.Probe) }

// commit ends the writer's transaction. Its pages are in the log then; it is durable when the syncer says so.
func (s *Store) commit(w *writer) error {
	s.syncer.begin()
	defer s.syncer.end()
	_, err := w.exec("Commit")
	return err
}

// read runs queries on one snapshot. It returns when all that they may have seen is durable.
func (s *Store) read(do func(*conn) error) error {
	c, err := s.reader()
	if err != nil {
		return err
	}
	defer s.release(c)
	if _, err := c.exec("BeginReading"); err != nil {
		return err
	}
	err = do(c)
	if _, ended := c.exec("Commit"); ended != nil {
		err = errors.Join(err, ended)
	}
	if err == nil && !s.readOnly {
		err = s.syncer.wait(s.syncer.seen())
	}
	return err
}

// stream reads the rows of one query of a brand, one at a time, on one snapshot.
func (s *Store) stream(ctx context.Context, brand, query string, read func(store.Row) error, args ...any) error {
	return s.read(func(c *conn) error {
		h, err := c.head(ctx, brand)
		if err != nil {
			return err
		}
		return c.query(ctx, query, read, append([]any{h.serial}, args...)...)
	})
}

// page is stream for a page of a history. Pages are short and many may be asked for at once: they wait for a connection that is open, as one more
// costs ten times as much as what it reads.
func (s *Store) page(ctx context.Context, brand, query string, read func(store.Row) error, args ...any) error {
	select {
	case s.paging <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.paging }()
	return s.stream(ctx, brand, query, read, args...)
}

// tx is a transaction outside of batches.
type tx struct {
	ctx context.Context
	c   *conn
}

func (t tx) Query(query string, read func(store.Row) error, args ...any) error {
	return t.c.query(t.ctx, query, read, args...)
}

func (t tx) Exec(statement string, args ...any) (int64, error) { return t.c.exec(statement, args...) }

// head is where a brand's books stand.
type head struct {
	serial  int64
	version int64
	link    store.Link
	token   string
}

// head reads where a brand's books stand; ErrNoBrand when there is none.
func (c *conn) head(ctx context.Context, brand string) (h head, err error) {
	err = c.query(ctx, "Head", func(r store.Row) error {
		h = head{serial: r.Int(0), version: r.Int(1), link: store.Link{Last: r.Int(2), At: r.Int(3)}, token: r.Text(5)}
		copy(h.link.Hash[:], r.Bytes(4))
		return nil
	}, brand)
	if err == nil && h.serial == 0 {
		err = fmt.Errorf("%w: %q", store.ErrNoBrand, brand)
	}
	return h, err
}

// brand is the rules in force, parsed once a version.
func (s *Store) brand(ctx context.Context, c *conn, h *head) (b *ledger.Brand, err error) {
	s.mu.Lock()
	b = s.rules[h.serial]
	s.mu.Unlock()
	if b != nil && b.Version == h.version {
		return b, nil
	}
	b = nil
	err = c.query(ctx, "Rules", func(r store.Row) error {
		b, err = store.Reveal[ledger.Brand](s.Tables.Keys, r.Bytes(0))
		return err
	}, h.serial, h.version)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, fmt.Errorf("sqlite: brand %d has no rules of version %d", h.serial, h.version)
	}
	s.mu.Lock()
	s.rules[h.serial] = b
	s.mu.Unlock()
	return b, nil
}

// Lanes: there is one writer, but while one batch waits for the disk the next has it.
func (s *Store) Lanes() int { return 2 }

// Resolve has nothing to find: there is one writer.
func (s *Store) Resolve(context.Context, string, *reverse.Keys) (*store.Resolved, error) {
	return nil, nil
}

// Read loads from the last commit; it waits for no writer.
func (s *Store) Read(ctx context.Context, brand string, keys *reverse.Keys, now int64) (state *reverse.State, err error) {
	err = s.read(func(c *conn) error {
		l, _, err := s.load(ctx, c, brand, keys, now)
		if err == nil {
			state = l.State
		}
		return err
	})
	return state, err
}

// Numbers moves the brand's counter.
func (s *Store) Numbers(ctx context.Context, brand string, n int64) (first int64, err error) {
	err = s.write(ctx, func(w *writer) error {
		h, err := w.head(ctx, brand)
		if err != nil {
			return err
		}
		var issued int64
		if err := w.query(ctx, "Issued", func(r store.Row) error { issued = r.Int(0); return nil }, h.serial); err != nil {
			return err
		}
		if first, err = store.NumberRange(h.serial, issued, n); err != nil {
			return err
		}
		_, err = w.exec("Issue", h.serial, issued+n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return first, nil
}

// Due reads the head of the index of what is due.
func (s *Store) Due(ctx context.Context, brand string, now int64, limit int) (members []string, err error) {
	err = s.stream(ctx, brand, "MembersDue", func(r store.Row) error {
		members = append(members, r.Text(0))
		return nil
	}, now, int64(limit))
	return members, err
}

// DueShare reads the index of what is due, and the open holds.
func (s *Store) DueShare(ctx context.Context, brand string, now int64) (due, dated int64, err error) {
	err = s.stream(ctx, brand, "DueShare", func(r store.Row) error {
		due, dated = max(r.Int(0), 0), r.Int(1)
		return nil
	}, now)
	return due, dated, err
}

// Purge forgets what is over, in one transaction a brand.
func (s *Store) Purge(ctx context.Context, now int64, limit int) error {
	var serials []int64
	err := s.read(func(c *conn) error {
		return c.query(ctx, "Serials", func(r store.Row) error {
			serials = append(serials, r.Int(0))
			return nil
		})
	})
	for _, serial := range serials {
		if err != nil {
			break
		}
		err = s.write(ctx, func(w *writer) error {
			for purge, until := range map[string]int64{"PurgeRefusals": now, "PurgeTombs": now, "PurgeQuotes": now - store.QuoteKept} {
				if _, err := w.exec(purge, serial, until, int64(limit)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

// Backup writes a copy of the whole database, as of one moment, to a new file. Writers go on meanwhile.
func (s *Store) Backup(_ context.Context, path string) error {
	c, err := s.connect(readOnly)
	if err != nil {
		return err
	}
	defer c.close()
	vacuum, err := c.prepare("Backup", "VACUUM INTO ?1")
	if err != nil {
		return err
	}
	defer vacuum.finalize()
	vacuum.BindText(1, path)
	return vacuum.run()
}

// LogSize is how long the log is, and how long it is said to become at the most, in bytes. It is longer while a reader is open for long.
func (s *Store) LogSize() (bytes, promised int64) {
	if info, err := os.Stat(s.path + "-wal"); err == nil {
		bytes = info.Size()
	}
	return bytes, logPages * 3 / 2 * pageSize
}

// Close waits for the open batch and closes every connection, the writer's last: it copies the log and takes it away, so that a file that is put
// in the place of this one is what is served next. What was committed stays in the log if the file cannot take it now.
func (s *Store) Close() error {
	s.closing.Do(func() {
		if s.readOnly {
			close(s.closed)
			s.closeIdle()
			return
		}
		s.checkpoints.stop()
		w := <-s.writer
		close(s.closed)
		s.guard.stop()
		s.closeIdle()
		w.close()
		_ = s.log.Close() // what was acknowledged is synced
	})
	return nil
}

func (s *Store) closeIdle() {
	for {
		select {
		case c := <-s.idle:
			c.close()
		default:
			return
		}
	}
}
