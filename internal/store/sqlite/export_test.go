package sqlite

import (
	"context"
	"errors"
	"slices"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// SetLogPages sets how many pages of log ask for a checkpoint.
func (s *Store) SetLogPages(n int) {
	w := <-s.writer
	s.checkpoints.limit = n
	s.writer <- w
}

// SetKeysMax sets how many keys of operations stay in memory.
func (s *Store) SetKeysMax(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keysMax = n
}

// Overtaken reads with a snapshot during which others book: the keys in memory must have gone on without it.
func (s *Store) Overtaken(ctx context.Context, brand string, keys *reverse.Keys, meanwhile func()) error {
	return s.read(func(q *reads) error {
		if _, err := q.head(brand); err != nil {
			return err
		}
		meanwhile()
		_, err := s.load(ctx, q, brand, keys, 1)
		if errors.Is(err, errStale) {
			return nil
		}
		return errors.Join(err, errors.New("the snapshot was taken to be the newest"))
	})
}

// Runs counts where the index holds keys of a brand, and the merges under way.
func (s *Store) Runs(brand string) (runs, merges int) {
	_ = s.read(func(q *reads) error {
		h, err := q.head(brand)
		runs, merges = len((&newest{}).sources(&h.index)), len(h.index.merges)
		return err
	})
	return runs, merges
}

// Filtered reports whether every run of a brand has a filter.
func (s *Store) Filtered(brand string) (filled bool) {
	_ = s.read(func(q *reads) error {
		h, err := q.head(brand)
		filled = len(s.newest(h.serial).unfiltered(&h.index)) == 0
		return err
	})
	return filled
}

// Unheard reports whether nothing is read to know that a request is new.
func (s *Store) Unheard(brand string, request ledger.Digest) (unheard bool) {
	_ = s.read(func(q *reads) error {
		h, err := q.head(brand)
		if err != nil {
			return err
		}
		n, key := s.newest(h.serial), requestKey(request)
		seq, err := n.find(key, &h)
		unheard = seq == 0 && !slices.ContainsFunc(n.sources(&h.index), func(s source) bool { return s.may(&key) })
		return err
	})
	return unheard
}

// Misplace remembers rows of members where others' are.
func (s *Store) Misplace(brand string, members ...string) error {
	return s.read(func(q *reads) error {
		h, err := q.head(brand)
		for i, id := range members {
			s.places.put(h.serial, id, int64(i+2))
		}
		return err
	})
}

// SetSync puts something in the place of the sync of the log, and answers what it was.
func (s *Store) SetSync(sync func() error) (was func() error) {
	s.syncer.mu.Lock()
	defer s.syncer.mu.Unlock()
	was, s.syncer.sync = s.syncer.sync, sync
	return was
}

// Exec runs a statement on the writer's connection.
func (s *Store) Exec(sql string) error {
	w := <-s.writer
	defer func() { s.writer <- w }()
	return w.c.exec(sql)
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
