package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"recoup/internal/reverse"
	"recoup/internal/store"
)

const (
	readLanes = 2  // loads of one brand at once
	readMax   = 64 // reads in one load
	readQueue = 8192
)

// read is one caller's wish to look at the books.
type read struct {
	keys *reverse.Keys
	view func(s *reverse.State, now int64)
	done chan struct{} // closed when err is set
	err  error
}

// reads holds the reads of one brand.
type reads struct {
	brand   string
	pending []*read // under Engine.mu
	lanes   int     // under Engine.mu: those with work
}

// Read shows the books to view: what the keys lead to, and maybe more, on one snapshot. While one load of a brand is under way the next
// gathers, as with batches: what a load costs is shared. Views of one load run one after the other, in goroutines that are not the
// callers', so that each may change what is its own; a caller whose context ends does not learn whether its view ran.
func (e *Engine) Read(ctx context.Context, brand string, keys *reverse.Keys, view func(s *reverse.State, now int64)) error {
	r := &read{keys: keys, view: view, done: make(chan struct{})}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return ErrClosed
	}
	q := e.reads[brand]
	if q == nil {
		q = &reads{brand: brand}
		e.reads[brand] = q
	}
	if len(q.pending) >= readQueue {
		e.mu.Unlock()
		return ErrBusy
	}
	q.pending = append(q.pending, r)
	if q.lanes < readLanes {
		q.lanes++
		e.busy.Add(1)
		go e.answer(q)
	}
	e.mu.Unlock()
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer works the reads of a brand off.
func (e *Engine) answer(q *reads) {
	defer e.busy.Done()
	for {
		e.mu.Lock()
		n := min(len(q.pending), readMax)
		if n == 0 {
			q.lanes--
			e.mu.Unlock()
			return
		}
		group := append([]*read(nil), q.pending[:n]...)
		q.pending = append(q.pending[:0], q.pending[n:]...)
		e.mu.Unlock()

		err := e.show(q.brand, group)
		if err != nil && len(group) > 1 && !errors.Is(err, store.ErrDown) && !errors.Is(err, store.ErrNoBrand) {
			for _, r := range group { // one row that cannot be read must not fail its neighbours
				if err := e.show(q.brand, []*read{r}); err != nil {
					r.err = err
				}
			}
		} else {
			for _, r := range group {
				if r.err == nil {
					r.err = err
				}
			}
		}
		for _, r := range group {
			close(r.done)
		}
	}
}

// show loads once for a group and runs its views.
func (e *Engine) show(brand string, group []*read) error {
	keys := group[0].keys
	if len(group) > 1 {
		keys = reverse.NewKeys()
		for _, r := range group {
			keys.Merge(r.keys)
		}
	}
	now := e.opts.Now().UnixMilli()
	s, err := e.store.Read(context.Background(), brand, keys, now) // a load is nobody's: no single caller's deadline may end it
	if err != nil {
		return err
	}
	for _, r := range group {
		r.err = look(r, s, now)
	}
	return nil
}

// look runs one view. A panic is a bug of that view and fails it alone.
func look(r *read, s *reverse.State, now int64) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	r.view(s, now)
	return nil
}
