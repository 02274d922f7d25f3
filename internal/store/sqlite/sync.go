package sqlite

import (
	"fmt"
	"os"
	"sync"

	"recoup/internal/store"
)

// syncer makes commits durable, several with one sync. A commit writes its pages to the log while it has the writer, and waits for the disk
// without it: the next batch is read and decided meanwhile. No caller and no reader gets an answer that depends on a commit before it is
// synced.
//
// A power failure leaves the log as SQLite expects it: its recovery takes the log up to the first page that is not whole, and every
// acknowledged commit lies before that.
type syncer struct {
	sync func() error // of the log

	mu      sync.Mutex
	moved   sync.Cond
	begun   int64 // commits
	written int64 // commits that are in the log, or have failed
	durable int64 // of these
	busy    bool  // a sync is under way
	broken  error // why the disk refused
}

func newSyncer(log *os.File) *syncer {
	y := &syncer{sync: func() error { return dataSync(log) }}
	y.moved.L = &y.mu
	return y
}

// begin is called with the writer before a commit: from here on it may be seen. end is called when its pages are written.
func (y *syncer) begin() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.begun++
}

func (y *syncer) end() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.written = y.begun
	y.moved.Broadcast()
}

// seen is the newest commit that anybody can have seen.
func (y *syncer) seen() int64 {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.begun
}

// wait returns when the disk has a commit and all before it.
func (y *syncer) wait(commit int64) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	for y.durable < commit && y.broken == nil {
		if y.busy || y.written == y.durable {
			y.moved.Wait()
			continue
		}
		y.busy = true
		upto := y.written
		y.mu.Unlock()
		err := y.sync()
		y.mu.Lock()
		y.busy = false
		if err == nil {
			y.durable = upto
		} else {
			// What the disk has is not known, and a second sync may succeed without the pages that the first one lost. Whatever is
			// booked next would build on them.
			y.broken = fmt.Errorf("%w: sqlite: the disk did not take the log, nothing more is booked; restart on a disk that works: %w", store.ErrRefused, err)
		}
		y.moved.Broadcast()
	}
	return y.broken
}

// fail ends all: what is committed from here on is not acknowledged.
func (y *syncer) fail(why error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.broken == nil {
		y.broken = why
	}
	y.moved.Broadcast()
}

// err is why nothing goes on any more, nil if it does.
func (y *syncer) err() error {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.broken
}
