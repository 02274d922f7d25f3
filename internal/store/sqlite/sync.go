package sqlite

import (
	"fmt"
	"os"
	"sync"
)

// syncer makes commits durable, several at once. A commit writes its pages to the log while it has the writer, and waits for the disk without
// it: the next batch is read and decided meanwhile. Nobody is told of a commit before the disk has it: not its callers, nor who sees its
// effects.
//
// The log stands the test of a power failure as it did: the engine's own recovery takes it up to the first page that is not whole, and
// whatever was told lies before that.
type syncer struct {
	sync func() error // of the log

	mu      sync.Mutex
	moved   sync.Cond
	begun   int64 // commits
	written int64 // commits that are in the log, or have failed
	durable int64 // of these
	busy    bool  // somebody is syncing
	broken  error // the disk has refused
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
			// What the disk has is not known, and asking again is said to have worked where it has not. What comes after would stand
			// on that.
			y.broken = fmt.Errorf("sqlite: the disk did not take the log, nothing more is booked; restart on a disk that works: %w", err)
		}
		y.moved.Broadcast()
	}
	return y.broken
}

// err is why nothing goes on any more, nil if it does.
func (y *syncer) err() error {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.broken
}
