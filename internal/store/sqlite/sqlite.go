// Package sqlite keeps the books in one file: the embedded default.
//
// There is one writer at a time. Within the process a token passes from batch to batch; another process on the same file waits for
// the file's lock. Readers wait for no writer: each sees the last commit before it began. A commit is durable when it returns: the log (WAL)
// is synced every time, by the syncer and without the token. What protects the log itself the engine syncs (synchronous=FULL).
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// Options say how to open a file.
type Options struct {
	Path     string
	ReadOnly bool // queries and audits only; the schema is taken as it is
}

const (
	busyTimeout = 5000  // milliseconds that another process may keep the lock
	readersIdle = 4     // connections kept for the next readers
	logPages    = 65536 // pages in the log that ask for a checkpoint: 256 MiB. A page written often is copied back once
)

var (
	errReadOnly = errors.New("sqlite: opened read-only")
	errClosed   = errors.New("sqlite: closed")
)

// Store is a store.Store in one file.
type Store struct {
	path     string
	readOnly bool

	writer      chan *writes // holds the writing connection while no batch is open and nothing is being written
	idle        chan *reads  // connections of readers at rest
	checkpoints *checkpointer
	syncer      *syncer // nil when opened read-only
	log         *os.File

	closing    sync.Once
	quit       chan struct{}  // what goes on in the background stops
	background sync.WaitGroup // filters are filled
	closed     chan struct{}

	places *places

	mu      sync.Mutex              // guards what follows
	keys    map[int64]*newest       // by brand serial
	keysMax int                     // keysMax, but for tests
	rules   map[int64]*ledger.Brand // newest parsed rules by brand serial; a brand is never changed once published
}

var _ store.Store = (*Store)(nil)

// Open opens the file, creates it when there is none, and brings its schema up to date.
func Open(ctx context.Context, o Options) (*Store, error) {
	tunePageCache()
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	s := &Store{
		path: path, readOnly: o.ReadOnly, writer: make(chan *writes, 1), idle: make(chan *reads, readersIdle),
		quit: make(chan struct{}), closed: make(chan struct{}), places: newPlaces(), rules: map[int64]*ledger.Brand{}, keys: map[int64]*newest{}, keysMax: keysMax,
	}
	if o.ReadOnly {
		if foreign(path, false) {
			return nil, fmt.Errorf("%s %w", path, ErrForeign)
		}
		r, err := s.reader()
		if err != nil {
			return nil, err
		}
		s.release(r)
		return s, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	if foreign(path, true) {
		return nil, fmt.Errorf("%s %w", path, ErrForeign)
	}
	if err := migrate(ctx, path); err != nil {
		return nil, err
	}
	w := &writes{}
	if w.c, err = s.connect(readWrite, pagesMax); err != nil {
		return nil, err
	}
	if err = errors.Join(prepare(w.c, &w.reads), prepare(w.c, w)); err == nil {
		w.log, err = w.c.gatherLog()
	}
	if err == nil {
		s.log, err = os.OpenFile(path+"-wal", os.O_RDWR, 0)
	}
	if err == nil {
		s.syncer = newSyncer(s.log)
		s.checkpoints, err = startCheckpointer(s)
	}
	if err != nil {
		w.c.close()
		if s.log != nil {
			_ = s.log.Close()
		}
		return nil, err
	}
	s.writer <- w
	return s, nil
}

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

// connect opens a connection that keeps so many pages in memory. Checkpoints have their own, so that no commit pays for one.
func (s *Store) connect(flags openFlags, pages int) (*conn, error) {
	c, err := openConn(s.path, flags)
	if err != nil {
		return nil, err
	}
	settings := fmt.Sprintf(`PRAGMA busy_timeout = %d; PRAGMA cache_size = %d; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
		PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = %d; PRAGMA synchronous = FULL`,
		busyTimeout, pages, logPages*3/2*4096)
	if err := c.exec(settings); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// reader takes a connection for reading, a new one when none is at rest: readers may nest.
func (s *Store) reader() (*reads, error) {
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
	case r := <-s.idle:
		return r, nil
	default:
	}
	r := &reads{}
	var err error
	if r.c, err = s.connect(readOnly, readerPages); err != nil {
		return nil, err
	}
	if err := prepare(r.c, r); err != nil {
		r.c.close()
		return nil, fmt.Errorf("%w (is the schema of %s older than this program? opening it for writing brings it up to date)", err, s.path)
	}
	return r, nil
}

// release puts a connection to rest.
func (s *Store) release(r *reads) {
	select {
	case <-s.closed:
		r.c.close()
		return
	default:
	}
	select {
	case s.idle <- r:
	default:
		r.c.close()
	}
}

// lock waits for the right to write in this process.
func (s *Store) lock(ctx context.Context) (*writes, error) {
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
func (s *Store) write(ctx context.Context, do func(*writes) error) error {
	w, err := s.lock(ctx)
	if err != nil {
		return err
	}
	if err = w.Begin.run(); err == nil {
		if err = do(w); err == nil {
			err = s.commit(w)
		}
		if err != nil && w.c.inTransaction() {
			err = errors.Join(err, w.Rollback.run())
		}
	}
	commit := s.syncer.seen()
	s.writer <- w
	if err != nil {
		return err
	}
	return s.syncer.wait(commit)
}

// commit ends the writer's transaction. Its pages are in the log then; who tells anybody must wait for the syncer.
func (s *Store) commit(w *writes) error {
	s.syncer.begin()
	defer s.syncer.end()
	w.log.late = true
	defer func() { w.log.late = false }()
	return w.Commit.run()
}

// told waits until whatever a reader may have seen is durable: what is told must not be lost.
func (s *Store) told() error {
	if s.readOnly {
		return nil
	}
	return s.syncer.wait(s.syncer.seen())
}

// read runs queries on one snapshot.
func (s *Store) read(do func(*reads) error) error {
	r, err := s.reader()
	if err != nil {
		return err
	}
	defer s.release(r)
	if err := r.c.exec("BEGIN"); err != nil {
		return err
	}
	return errors.Join(do(r), r.c.exec("COMMIT"))
}

// head is a brand's row: where its books stand.
type head struct {
	serial  int64
	version int64
	counter int64
	link    store.Link
	token   string
	indexed int64 // the operations up to this one have their keys in the index
	index   index
}

// head reads the row of a brand; ErrNoBrand when there is none.
func (q *reads) head(brand string) (h head, err error) {
	q.Head.text(1, brand)
	row, err := q.Head.step()
	if err != nil {
		return h, err
	}
	if !row {
		return h, fmt.Errorf("%w: %q", store.ErrNoBrand, brand)
	}
	h = head{
		serial: q.Head.columnInt(0), version: q.Head.columnInt(1), counter: q.Head.columnInt(2),
		link: store.Link{Last: q.Head.columnInt(3), At: q.Head.columnInt(5)}, token: q.Head.columnText(6), indexed: q.Head.columnInt(7),
	}
	copy(h.link.Hash[:], q.Head.columnBytes(4))
	h.index, err = parseIndex(q.Head.columnBytes(8))
	q.Head.reset()
	return h, err
}

// brand is the rules in force, parsed once a version.
func (s *Store) brand(q *reads, h *head) (*ledger.Brand, error) {
	s.mu.Lock()
	b := s.rules[h.serial]
	s.mu.Unlock()
	if b != nil && b.Version == h.version {
		return b, nil
	}
	q.Rules.int(1, h.serial)
	q.Rules.int(2, h.version)
	row, err := q.Rules.step()
	if err != nil {
		return nil, err
	}
	if !row {
		return nil, fmt.Errorf("sqlite: brand %d has no rules of version %d", h.serial, h.version)
	}
	b, err = store.Decode[ledger.Brand](q.Rules.columnBytes(0))
	q.Rules.reset()
	if err != nil {
		return nil, err
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

// Read loads from the last commit; it waits for nobody.
func (s *Store) Read(ctx context.Context, brand string, keys *reverse.Keys, now int64) (state *reverse.State, err error) {
	for err = errStale; errors.Is(err, errStale); {
		err = s.read(func(q *reads) error {
			l, err := s.load(ctx, q, brand, keys, now)
			if err != nil {
				return err
			}
			state = l.s
			return nil
		})
	}
	if err == nil {
		err = s.told()
	}
	return state, err
}

// Numbers moves the brand's counter.
func (s *Store) Numbers(ctx context.Context, brand string, n int64) (first int64, err error) {
	err = s.write(ctx, func(w *writes) error {
		h, err := w.head(brand)
		if err != nil {
			return err
		}
		if first, err = store.NumberRange(h.serial, h.counter, n); err != nil {
			return err
		}
		w.SaveCounter.int(1, h.serial)
		w.SaveCounter.int(2, h.counter+n)
		return w.SaveCounter.run()
	})
	if err != nil {
		return 0, err
	}
	return first, nil
}

// Due reads the head of the index of what is due.
func (s *Store) Due(ctx context.Context, brand string, now int64, limit int) (members []string, err error) {
	err = s.read(func(q *reads) error {
		h, err := q.head(brand)
		if err != nil {
			return err
		}
		q.MembersDue.int(1, h.serial)
		q.MembersDue.int(2, now)
		q.MembersDue.int(3, int64(limit))
		return q.MembersDue.each(ctx, func() error {
			members = append(members, q.MembersDue.columnText(0))
			return nil
		})
	})
	return members, err
}

// Purge forgets what is over, in one transaction a brand.
func (s *Store) Purge(ctx context.Context, now int64, limit int) error {
	var serials []int64
	err := s.write(ctx, func(w *writes) error {
		return w.Serials.each(ctx, func() error {
			serials = append(serials, w.Serials.columnInt(0))
			return nil
		})
	})
	for _, serial := range serials {
		if err != nil {
			break
		}
		err = s.write(ctx, func(w *writes) error {
			for _, p := range []struct {
				purge *stmt
				until int64
			}{{w.PurgeRefusals, now}, {w.PurgeTombs, now}, {w.PurgeQuotes, now - store.QuoteKept}} {
				p.purge.int(1, serial)
				p.purge.int(2, p.until)
				p.purge.int(3, int64(limit))
				if err := p.purge.run(); err != nil {
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
	c, err := s.connect(readOnly, readerPages)
	if err != nil {
		return err
	}
	defer c.close()
	vacuum, err := c.prepare("Backup", "VACUUM INTO ?1")
	if err != nil {
		return err
	}
	vacuum.text(1, path)
	return vacuum.run()
}

// Close waits for the open batch and closes every connection. What was committed stays in the log if the file cannot take it now.
func (s *Store) Close() error {
	s.closing.Do(func() {
		if !s.readOnly {
			close(s.quit)
			s.checkpoints.stop()
			w := <-s.writer
			s.background.Wait()
			w.c.close()
			_ = s.log.Close() // what was told is synced
		}
		close(s.closed)
		s.closeIdle()
	})
	return nil
}

func (s *Store) closeIdle() {
	for {
		select {
		case r := <-s.idle:
			r.c.close()
		default:
			return
		}
	}
}
