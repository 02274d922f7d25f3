package engine

import "recoup/internal/reverse"

// SetBetweenTrips freezes batches between resolving and locking, where another writer may come in.
func (e *Engine) SetBetweenTrips(f func()) { e.betweenTrips = f }

// SetPanicOn makes the rule of one command panic.
func (e *Engine) SetPanicOn(bad reverse.Command) {
	e.beforeDecide = func(c reverse.Command) {
		if c == bad {
			panic("poisoned")
		}
	}
}

// Waiting is how many calls of a brand are queued.
func (e *Engine) Waiting(brand string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.queues[brand].pending)
}
