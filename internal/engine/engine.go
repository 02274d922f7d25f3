package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// Errors of Submit. Each is safe to retry with the same request.
var (
	ErrBusy       = errors.New("engine: queue is full, try again")
	ErrInProgress = errors.New("engine: the same request is still running, try again")
	ErrClosed     = errors.New("engine: shutting down, try again")
	ErrFailed     = errors.New("engine: could not be decided, try again")
)

// Options bound the engine. Zero values are the defaults.
type Options struct {
	BatchMax      int           // commands in one batch; default 256
	Lanes         int           // batches of one brand under way at once; default what the store is good for
	QueueMax      int           // commands of a brand waiting; default 8192; beyond it ErrBusy at once
	AgeMax        time.Duration // a command that waited longer is refused ErrBusy instead of being decided; default 5 s
	DuplicateWait time.Duration // how long a duplicate waits for the first to finish; default 2 s (semantics.md §3)
	Now           func() time.Time
	Log           *slog.Logger
	Observe       func(Measure) // called after every batch; nil: nobody listens
	// Trust says whether a batch may be stamped: before and after are Now around the moment at which the store read its clock, stored is what
	// that said, and stamp what the batch would get. Its error fails the batch, and nothing is decided. nil: any may.
	Trust func(before, after time.Time, stored, stamp int64) error
}

// A Measure tells what one batch took.
type Measure struct {
	Brand                      string
	Commands                   int // decided together
	Waiting                    int // left in the queue
	Load, Decide, Save, Commit time.Duration
}

// Engine decides commands in batches: one batch of a brand is one transaction of the store, so the price of durability is shared.
// While one batch commits the next gathers; no timer adds latency when idle.
type Engine struct {
	store store.Store
	opts  Options

	mu      sync.Mutex // guards what follows
	queues  map[string]*queue
	reads   map[string]*reads
	running map[ledger.Digest]*call // first call of each request key, to which duplicates wait
	closed  bool
	busy    sync.WaitGroup // lanes with work, of calls and of reads

	health health

	// Seams for tests: betweenTrips runs after Resolve and before Begin, beforeDecide before each decision.
	betweenTrips func()
	beforeDecide func(reverse.Command)
}

// queue holds the calls of one brand. A few lanes work it off, each a goroutine that exists only while there is work: while one batch
// commits, the next is loaded, decided and saved. Only one is, so that batches stay large.
type queue struct {
	brand   string
	pending []*call // under Engine.mu
	lanes   int     // under Engine.mu: those with work

	turn    sync.Mutex // held from gathering to saving
	numbers numbers    // under turn
}

// numbers is a block of the brand's issued numbers, reserved ahead.
type numbers struct{ next, end int64 }

// numberBlock is how many numbers are reserved at a time. A restart leaves a gap of at most that many.
const numberBlock = 4096

// attemptsMax bounds how often a batch is run again after another writer won.
const attemptsMax = 50

// downMax bounds how often a batch is run again while the database is away, for two thirds of a second in all: broken connections are
// replaced and a restart may pass unseen, but callers are not kept waiting.
const downMax = 6

type call struct {
	cmd    reverse.Command
	queued time.Time
	done   chan struct{} // closed when result and err are set
	result ledger.Result
	err    error
}

// New returns an engine over a store.
func New(s store.Store, o Options) *Engine {
	if o.BatchMax <= 0 {
		o.BatchMax = 256
	}
	if o.Lanes <= 0 {
		o.Lanes = s.Lanes()
	}
	if o.QueueMax <= 0 {
		o.QueueMax = 8192
	}
	if o.AgeMax <= 0 {
		o.AgeMax = 5 * time.Second
	}
	if o.DuplicateWait <= 0 {
		o.DuplicateWait = 2 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{store: s, opts: o, queues: map[string]*queue{}, reads: map[string]*reads{}, running: map[ledger.Digest]*call{}}
}

// Submit decides one command of a brand and returns once its effects are durable. A refusal is a result; an error is one of the faults
// above, or the context's: then the command may still be decided, and the same request sent again tells.
func (e *Engine) Submit(ctx context.Context, brand string, cmd reverse.Command) (ledger.Result, error) {
	c := &call{cmd: cmd, done: make(chan struct{})}
	key := cmd.Common().Request
	e.mu.Lock()
	if first := e.running[key]; first != nil && !key.IsZero() {
		e.mu.Unlock()
		if err := e.await(ctx, first); err != nil {
			return ledger.Result{}, err
		}
		e.mu.Lock() // decided anew: the books now answer the replay
	}
	if err := e.enqueue(brand, c, key); err != nil {
		e.mu.Unlock()
		return ledger.Result{}, err
	}
	e.mu.Unlock()

	select {
	case <-c.done:
		return c.result, c.err
	case <-ctx.Done():
		return ledger.Result{}, ctx.Err()
	}
}

// await waits for the first call of a request key.
func (e *Engine) await(ctx context.Context, first *call) error {
	t := time.NewTimer(e.opts.DuplicateWait)
	defer t.Stop()
	select {
	case <-first.done:
		return nil
	case <-t.C:
		return ErrInProgress
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enqueue puts a call into its brand's lane. e.mu is held.
func (e *Engine) enqueue(brand string, c *call, key ledger.Digest) error {
	if e.closed {
		return ErrClosed
	}
	q := e.queues[brand]
	if q == nil {
		q = &queue{brand: brand}
		e.queues[brand] = q
	}
	if len(q.pending) >= e.opts.QueueMax {
		return ErrBusy
	}
	c.queued = e.opts.Now()
	q.pending = append(q.pending, c)
	if !key.IsZero() && e.running[key] == nil {
		e.running[key] = c
	}
	if q.lanes < e.opts.Lanes && q.lanes < len(q.pending) {
		q.lanes++
		e.busy.Add(1)
		go e.run(q)
	}
	return nil
}

// Close refuses new commands, lets those queued finish and returns when none is left.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.busy.Wait()
}

// run works a queue off, batch by batch.
func (e *Engine) run(q *queue) {
	defer e.busy.Done()
	for {
		q.turn.Lock()
		batch, waiting := e.gather(q)
		if batch == nil {
			q.turn.Unlock()
			return
		}
		e.process(q, batch, waiting) // which gives the turn away
		e.mu.Lock()
		for _, c := range batch {
			if key := c.cmd.Common().Request; e.running[key] == c {
				delete(e.running, key)
			}
		}
		e.mu.Unlock()
		for _, c := range batch {
			close(c.done)
		}
	}
}

// gather takes the next batch, nil when the queue is empty and the lane is to end.
func (e *Engine) gather(q *queue) (batch []*call, waiting int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := min(len(q.pending), e.opts.BatchMax)
	if n == 0 {
		q.lanes--
		return nil, 0
	}
	batch = append(batch, q.pending[:n]...)
	q.pending = append(q.pending[:0], q.pending[n:]...)
	return batch, len(q.pending)
}

// process decides a batch and sets every call's answer.
func (e *Engine) process(q *queue, batch []*call, waiting int) {
	t := &turn{queue: q, mine: true}
	defer t.give()
	fresh := make([]*call, 0, len(batch))
	oldest := e.opts.Now().Add(-e.opts.AgeMax)
	for _, c := range batch {
		if c.queued.Before(oldest) {
			c.err = ErrBusy
			continue
		}
		fresh = append(fresh, c)
	}
	if len(fresh) == 0 {
		return
	}
	e.health.begin(t, e.opts.Now())
	defer e.health.end(t)
	m := Measure{Brand: q.brand, Commands: len(fresh), Waiting: waiting}
	err := e.transact(t, fresh, &m)
	switch {
	case err == nil:
	case errors.Is(err, errClock), errors.Is(err, store.ErrRefused): // nobody's fault in it
		e.opts.Log.Warn("batch failed", slog.String("brand", q.brand), slog.Int("commands", len(fresh)), slog.Any("error", err))
		for _, c := range fresh {
			c.err = ErrFailed
		}
	case len(fresh) > 1 && !errors.Is(err, store.ErrDown):
		// One bad command must not fail its neighbours: each by itself, and only the guilty one hears of it.
		e.opts.Log.Warn("batch failed, running its commands one by one", slog.String("brand", q.brand), slog.Int("commands", len(fresh)), slog.Any("error", err))
		for _, c := range fresh {
			if err := e.transact(t, []*call{c}, &m); err != nil {
				e.fail(q.brand, c, err)
			}
		}
	default:
		for _, c := range fresh {
			e.fail(q.brand, c, err)
		}
	}
	if e.opts.Observe != nil {
		e.opts.Observe(m)
	}
}

// fail answers a call with a fault and tells the operator which one it was.
func (e *Engine) fail(brand string, c *call, err error) {
	h := c.cmd.Common()
	e.opts.Log.Error("command failed", slog.String("brand", brand), slog.String("method", h.Method), slog.String("app", h.App),
		slog.String("request", fmt.Sprintf("%x", h.Request)), slog.Any("error", err))
	c.result, c.err = ledger.Result{}, ErrFailed
}

// errClock: the clock cannot be believed. Every call of the brand fails until it can.
var errClock = errors.New("engine: no stamp")

// errPanic: a rule of one command is broken.
var errPanic = errors.New("panic")

// errShort asks for a new block of numbers and the batch once more.
var errShort = errors.New("engine: out of reserved numbers")

// turn is a lane's right to load, decide and save.
type turn struct {
	*queue
	mine bool
}

func (t *turn) take() {
	if !t.mine {
		t.turn.Lock()
		t.mine = true
	}
}

func (t *turn) give() {
	if t.mine {
		t.mine = false
		t.turn.Unlock()
	}
}

// transact runs calls as one transaction, again and again while other writers win. On success every call has its result.
func (e *Engine) transact(t *turn, calls []*call, m *Measure) error {
	err := e.tries(t, calls, m)
	e.health.note(err, e.opts.Now())
	return err
}

func (e *Engine) tries(t *turn, calls []*call, m *Measure) error {
	ctx := context.Background() // a batch is nobody's: no single caller's deadline may end it
	keys := reverse.NewKeys()
	for _, c := range calls {
		reverse.KeysOf(c.cmd, keys)
	}
	reserve := int64(numberBlock)
	down := 0
	for attempt := 1; ; attempt++ {
		t.take()
		err := e.attempt(ctx, t, calls, keys, m)
		var lots *ledger.ErrNeedLots
		switch {
		case err == nil:
			return nil
		case attempt == attemptsMax:
			return fmt.Errorf("gave up after %d attempts: %w", attempt, err)
		case errors.As(err, &lots):
			keys.AllLots[ledger.Ident{Type: ledger.ByCustomer, Text: lots.Member}] = struct{}{}
		case errors.Is(err, errShort):
			first, err := e.store.Numbers(ctx, t.brand, reserve)
			if err != nil {
				return err
			}
			t.numbers = numbers{first, first + reserve}
			reserve *= 2 // a batch that needs more than a block gets it soon
		case errors.Is(err, store.ErrDown) && down < downMax:
			down++
			time.Sleep(5 * time.Millisecond << down) //nolint:forbidigo // a server that restarts needs a moment
		case errors.Is(err, store.ErrRetry):
			time.Sleep(time.Duration(rand.IntN(attempt)) * time.Millisecond) //nolint:forbidigo // back-off between processes
		default:
			return err
		}
	}
}

// attempt is one transaction: resolve, lock and read, decide in order, save once, commit.
func (e *Engine) attempt(ctx context.Context, t *turn, calls []*call, keys *reverse.Keys, m *Measure) error {
	start := e.opts.Now()
	resolved, err := e.store.Resolve(ctx, t.brand, keys)
	if err != nil {
		return err
	}
	if e.betweenTrips != nil {
		e.betweenTrips()
	}
	b, err := e.store.Begin(ctx, t.brand, keys, resolved, start.UnixMilli())
	if err != nil {
		return err
	}
	defer b.Rollback()
	loaded := e.opts.Now()
	if e.opts.Trust != nil {
		if err := e.opts.Trust(start, loaded, b.Clock(), b.At()); err != nil {
			return fmt.Errorf("%w: %w", errClock, err)
		}
	}

	block := t.numbers
	results, err := e.decide(b.State(), calls, b.At(), &block)
	if err != nil {
		return err
	}
	decided := e.opts.Now()
	t.numbers = block

	if err := b.Save(ctx); err != nil {
		return err
	}
	saved := e.opts.Now()
	t.give() // the next batch begins while this one is made durable

	if unknown := b.Commit(ctx); unknown != nil {
		if !errors.Is(unknown, store.ErrUnknown) {
			return unknown
		}
		committed, err := e.store.Outcome(ctx, t.brand, b.Token())
		if err != nil {
			return err
		}
		if !committed {
			if errors.Is(unknown, store.ErrRefused) {
				return unknown // again would not help
			}
			return fmt.Errorf("%w: %w", store.ErrRetry, unknown)
		}
	}
	for i, c := range calls {
		c.result = results[i]
	}
	m.Load, m.Decide, m.Save, m.Commit = loaded.Sub(start), decided.Sub(loaded), saved.Sub(decided), e.opts.Now().Sub(saved)
	return nil
}

// decide runs the commands over the loaded state, one after the other: each sees what those before it changed. Numbers come from the
// block; one that runs out ends the attempt with errShort. A panic is a bug of one command's rule and ends the attempt too.
func (e *Engine) decide(s *reverse.State, calls []*call, at int64, block *numbers) (results []ledger.Result, err error) {
	short := false
	stamp := &ledger.Stamp{At: at, Salt: rand.Uint64() & (1<<48 - 1), Next: func() int64 {
		if block.next == block.end {
			short = true
			return 0
		}
		block.next++
		return block.next - 1
	}}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, r, debug.Stack())
		}
		if short {
			err = errShort
		}
	}()
	results = make([]ledger.Result, len(calls))
	for i, c := range calls {
		if e.beforeDecide != nil {
			e.beforeDecide(c.cmd)
		}
		if results[i], err = reverse.Decide(s, c.cmd, stamp); err != nil {
			return nil, err
		}
	}
	return results, nil
}
