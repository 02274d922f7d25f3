package sqlite

import (
	"sync"

	sqlite3 "modernc.org/sqlite/lib"
)

// checkpointer copies the log back into the database file on a connection of its own.
//
// The engine's own way makes the unlucky commit that fills the log wait for all of it. Here the bulk is copied while batches go on;
// only what they wrote meanwhile is copied with the writer held back, so that the log is empty for a moment and begins again at its
// start. Without that moment a busy log would grow for ever.
type checkpointer struct {
	s     *Store
	c     *conn
	limit int           // pages in the log
	wake  chan struct{} // the log is long enough
	quit  chan struct{}
	done  sync.WaitGroup
}

func startCheckpointer(s *Store) (*checkpointer, error) {
	c, err := s.connect(readWrite)
	if err != nil {
		return nil, err
	}
	k := &checkpointer{s: s, c: c, limit: logPages, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	k.done.Go(k.run)
	return k, nil
}

// wrote counts what a commit added to the log. The caller holds the writer; it never waits.
func (k *checkpointer) wrote(w *writer) {
	if w.pages += w.written(); w.pages <= k.limit {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run copies the log when it is full. An error loses nothing: the log keeps every page until a later checkpoint.
func (k *checkpointer) run() {
	for {
		select {
		case <-k.quit:
			return
		case <-k.wake:
		}
		if !k.copyAhead() {
			continue
		}
		w := <-k.s.writer
		if err := k.c.checkpoint(sqlite3.SQLITE_CHECKPOINT_PASSIVE); err == nil {
			w.pages = 0
			select {
			case <-k.wake: // asked for before the log was empty
			default:
			}
		}
		k.s.writer <- w
	}
}

// passes is how often the log is copied while batches go on. Each pass copies what was written during the one before, which is less; what
// is left for the last one, with the writer held back, is what callers wait for.
const passes = 5

// copyAhead copies the log while batches go on.
func (k *checkpointer) copyAhead() bool {
	for range passes {
		if err := k.c.checkpoint(sqlite3.SQLITE_CHECKPOINT_PASSIVE); err != nil {
			return false
		}
	}
	return true
}

// stop waits for the checkpoint under way. The caller must not hold the writer.
func (k *checkpointer) stop() {
	close(k.quit)
	k.done.Wait()
	k.c.close()
}
