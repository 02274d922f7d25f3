package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"recoup/internal/ledger"
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
	own  bool          // the view changes the state: it needs one of its own
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
	return e.ask(ctx, brand, &read{keys: keys, view: view})
}

// Try decides a command as Submit would, on a snapshot of its own that is dropped with all that the command changed: what a precheck answers
// is the rule's own answer. The command should carry no idempotency key, or a Result may be an earlier one's.
func (e *Engine) Try(ctx context.Context, brand string, cmd reverse.Command) (ledger.Result, error) {
	keys := reverse.NewKeys()
	reverse.KeysOf(cmd, keys)
	for range 2 { // the second time with every open lot, if the first page did not reach
		var r ledger.Result
		var need error
		err := e.ask(ctx, brand, &read{keys: keys, own: true, view: func(s *reverse.State, now int64) {
			r, need = reverse.Decide(s, cmd, &ledger.Stamp{At: now, Next: func() int64 { return 1 }})
		}})
		if err != nil {
			return ledger.Result{}, err // the view may still run: r is not to be read
		}
		var lots *ledger.ErrNeedLots
		if !errors.As(need, &lots) {
			return r, need
		}
		keys.AllLots[ledger.Ident{Type: ledger.ByCustomer, Text: lots.Member}] = struct{}{}
	}
	return ledger.Result{}, ErrFailed
}

func (e *Engine) ask(ctx context.Context, brand string, r *read) error {
	r.done = make(chan struct{})
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

		shared := group[:0:0]
		for _, r := range group {
			if r.own {
				r.err = e.show(q.brand, []*read{r})
			} else {
				shared = append(shared, r)
			}
		}
		e.showAll(q.brand, shared)
		for _, r := range group {
			close(r.done)
		}
	}
}

// showAll shows one load to a group.
func (e *Engine) showAll(brand string, group []*read) {
	if len(group) == 0 {
		return
	}
	err := e.show(brand, group)
	// One row that cannot be read must not fail its neighbours.
	single := err != nil && len(group) > 1 && !errors.Is(err, store.ErrDown) && !errors.Is(err, store.ErrNoBrand)
	for _, r := range group {
		own := err
		if single {
			own = e.show(brand, []*read{r})
		}
		if own != nil {
			r.err = own
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
