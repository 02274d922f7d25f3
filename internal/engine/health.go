package engine

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"recoup/internal/store"
)

// When the engine is not well: so many batches failed one after the other, the last of them not longer ago than failedFor, or one runs for
// longer than stuckAfter. After failedFor calls are tried again, and tell. A store that says that it takes no writes is believed at once, and
// asked again soon.
const (
	failedMax  = 2
	failedFor  = 10 * time.Second
	refusedFor = 2 * time.Second
	stuckAfter = 5 * time.Second
)

// health remembers how batches end: a database may answer who asks whether it is there, and no batch.
type health struct {
	mu      sync.Mutex
	failed  int // since the last that did not
	last    time.Time
	cause   error
	running map[*turn]time.Time
}

func (h *health) begin(t *turn, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running == nil {
		h.running = map[*turn]time.Time{}
	}
	h.running[t] = now
}

func (h *health) end(t *turn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.running, t)
}

// note takes how one transaction ended.
func (h *health) note(err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		h.failed, h.cause = 0, nil
	case !errors.Is(err, errPanic): // which is a command's, not the store's
		h.failed++
		h.last, h.cause = now, err
	}
}

// Healthy says why calls would get no answer: batches fail, or one is stuck. nil: as far as is known they would.
func (e *Engine) Healthy() error {
	h, now := &e.health, e.opts.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	most, long := failedMax, failedFor
	if errors.Is(h.cause, store.ErrRefused) {
		most, long = 1, refusedFor
	}
	if h.failed >= most && now.Sub(h.last) < long {
		return fmt.Errorf("batches in a row that failed: %d: %w", h.failed, h.cause)
	}
	for _, since := range h.running {
		if d := now.Sub(since); d > stuckAfter {
			return fmt.Errorf("a batch has been under way for %v", d.Round(time.Second))
		}
	}
	return nil
}
