package sqlite

import (
	"context"
	"sync"
	"time"

	"recoup/internal/store"
)

// checkpointer copies the log back into the database file on a connection of its own.
//
// The engine's own way makes the unlucky commit that fills the log wait for all of it. Here the bulk is copied while batches go on;
// only what they wrote meanwhile is copied with the writer held back, so that the log is empty for a moment and begins again at its
// start. Without that moment a busy log would grow for ever.
//
// While a reader is open, a backup or an audit, the log cannot begin again. It is copied as far as it may be, and tried again every second, so
// that it begins again soon after the reader has left.
type checkpointer struct {
	s     *Store
	c     *conn
	limit int64         // pages in the log
	wake  chan struct{} // the log is long enough
	quit  chan struct{}
	done  sync.WaitGroup
}

func startCheckpointer(s *Store, limit int) (*checkpointer, error) {
	c, err := s.connect(readWrite)
	if err != nil {
		return nil, err
	}
	k := &checkpointer{s: s, c: c, limit: int64(limit), wake: make(chan struct{}, 1), quit: make(chan struct{})}
	k.done.Go(k.run)
	return k, nil
}

// wrote looks how long the log is after a commit. The caller holds the writer; it never waits.
func (k *checkpointer) wrote(w *writer) {
	pages, err := w.checkpoint("LogLength")
	if err != nil || pages < w.log {
		w.log = 0 // it has begun anew
	}
	if pages-w.log <= k.limit {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run copies the log when it is full. An error loses nothing: the log keeps every page until a later checkpoint.
func (k *checkpointer) run() {
	again := time.NewTicker(blockedRetry)
	defer again.Stop()
	long := false // the log is longer than it should be
	for {
		select {
		case <-k.quit:
			return
		case <-k.wake:
		case <-again.C:
			if !long {
				continue
			}
		}
		if k.copyAhead() {
			w := <-k.s.writer
			if pages, err := k.c.checkpoint("Checkpoint"); err == nil {
				w.log = pages
				select {
				case <-k.wake: // asked for before the log was empty
				default:
				}
			}
			k.s.writer <- w
		}
		pages, err := k.c.checkpoint("LogLength")
		long = err != nil || pages > k.limit
	}
}

// blockedRetry is how often a log is tried again that could not begin anew.
const blockedRetry = time.Second

// passes is how often the log is copied while batches go on. Each pass copies what was written during the one before, which is less; what
// is left for the last one, with the writer held back, is what callers wait for.
const passes = 5

// copyAhead copies the log while batches go on.
func (k *checkpointer) copyAhead() bool {
	for range passes {
		if _, err := k.c.checkpoint("Checkpoint"); err != nil {
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

// checkpoint runs a statement about the log, and says how many pages are in it.
func (c *conn) checkpoint(statement string) (pages int64, err error) {
	err = c.query(context.Background(), statement, func(r store.Row) error {
		pages = r.Int(1)
		if r.Int(0) != 0 {
			return errBusy
		}
		return nil
	})
	return pages, err
}
