// Package same lets the same thing happen in many ways. The same history, decided one command at a time or by hundreds, kept in memory, in
// SQLite or in PostgreSQL, must be answered alike and end in equal books.
package same

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"recoup/internal/audit"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/replay"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/postgres"
	"recoup/internal/store/sqlite"
	"recoup/internal/store/storetest"
)

// ways are how a history may happen. The first is the plainest, and judges the others.
var ways = []struct {
	name  string
	open  func(t *testing.T) store.Store
	batch int // commands at most in one transaction
}{
	{"memory one by one", memory, 1},
	{"memory by 500", memory, 500},
	{"sqlite one by one", file, 1},
	{"sqlite by 500", file, 500},
	{"postgres one by one", server, 1},
	{"postgres by 500", server, 500},
}

func memory(*testing.T) store.Store { return memstore.Open() }

func file(t *testing.T) store.Store {
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "same.db")})
	return storetest.Opened(t, s, err)
}

func server(t *testing.T) store.Store {
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: pgtemp.Database(t)})
	return storetest.Opened(t, s, err)
}

// TestSame: RECOUP_SAME histories (default 2) of RECOUP_SEED and the seeds after it.
func TestSame(t *testing.T) {
	histories := setting(t, "RECOUP_SAME", 2)
	seed := setting(t, "RECOUP_SEED", rand.Uint64()>>1)
	for i := range histories {
		t.Run(fmt.Sprint("seed ", seed+i), func(t *testing.T) {
			worlds := make([]*world, len(ways))
			var all sync.WaitGroup
			for j, way := range ways {
				worlds[j] = newWorld(t, way.name, way.open(t), way.batch)
				all.Go(func() { worlds[j].live(seed + i) })
			}
			all.Wait()
			if t.Failed() {
				return
			}
			for _, w := range worlds[1:] {
				compare(t, worlds[0], w)
			}
			for j, way := range ways {
				if want := min(way.batch, worlds[j].steps); worlds[j].batches != want {
					t.Errorf("%s: %d commands in the largest batch, want %d", way.name, worlds[j].batches, want)
				}
			}
			worlds[0].enough()
			worlds[0].again()
		})
	}
}

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" || text == "0" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// again decides the whole history again under its own rules, from the books alone: nothing may differ, and nearly all must be decided.
func (w *world) again() {
	same := func(b ledger.Brand) *ledger.Brand { return &b }
	report, err := replay.Run(w.Context(), w.store, w.brand.ID, 0, same, func(int64) {})
	if err != nil {
		w.Fatal(err)
	}
	for _, k := range report.Kinds {
		w.Logf("%+v", *k)
	}
	if report.Differ > 0 || report.Untold > 0 {
		w.Errorf("%+v", report)
	}
}

// A world is one way in which a history happens.
type world struct {
	*testing.T
	way     string
	store   *gated
	engine  *engine.Engine
	brand   *ledger.Brand
	mu      sync.Mutex // guards now and batches
	now     time.Time
	batches int // most commands decided in one; under mu
	steps   int // most commands in one
	answers []answer
	books   *books
	ids     map[ledger.ID]int64 // operations by their ids: numbers from 1
}

// answer is what one command was answered.
type answer struct {
	step    int
	command string
	result  ledger.Result
}

const commandsMin = 700

func newWorld(t *testing.T, way string, s store.Store, batch int) *world {
	t.Helper()
	w := &world{T: t, way: way, store: &gated{Store: s}, brand: brand(), now: morning, ids: map[ledger.ID]int64{}}
	w.check(s.PutBrand(t.Context(), w.brand, store.Author{}))
	w.engine = engine.New(w.store, engine.Options{
		BatchMax: batch,
		Lanes:    1, // in two of them a command may be decided before what was queued before it is committed
		Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
		Observe: func(m engine.Measure) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.batches = max(w.batches, m.Commands)
		},
		Log: slog.New(slog.NewTextHandler(complaints{w}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	t.Cleanup(w.engine.Close)
	return w
}

// complaints are what an engine warns of: that it had to do with a batch other than it was asked to.
type complaints struct{ *world }

func (c complaints) Write(text []byte) (int, error) {
	c.Errorf("%s: %s", c.way, text)
	return len(text), nil
}

// check ends the world at an error. It may be called from a goroutine that is not the test's: then what follows fails, too.
func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Errorf("%s: %v", w.way, err)
		panic(err)
	}
}

// live lets a history happen, and reads what it ends in.
func (w *world) live(seed uint64) {
	defer func() {
		if r := recover(); r != nil && !w.Failed() {
			w.Errorf("%s: %v", w.way, r)
		}
	}()
	h := newHistory(seed)
	for n := 0; len(w.answers) < commandsMin; n++ {
		s := h.next()
		w.mu.Lock()
		w.now = h.now
		w.mu.Unlock()
		if s.rules != nil {
			b := *w.brand
			s.rules(&b)
			w.brand = &b
			w.check(w.store.PutBrand(w.Context(), w.brand, store.Author{}))
		}
		if s.purge {
			w.check(w.store.Purge(w.Context(), h.now.UnixMilli(), 1<<20))
		}
		w.steps = max(w.steps, len(s.commands))
		for i, r := range w.happen(s.commands) {
			w.answers = append(w.answers, answer{n, describe(s.commands[i]), r})
			if s.learn[i] != nil {
				s.learn[i](r)
			}
		}
		h.quotes = append(h.quotes, w.offered(h.tokens)...)
		h.tokens = nil
	}
	w.read(h)
}

// happen has commands decided in their order, all of them queued before the first is.
func (w *world) happen(commands []reverse.Command) []ledger.Result {
	reached, open := w.store.shut()
	results, errs := make([]ledger.Result, len(commands)+1), make([]error, len(commands)+1)
	var all sync.WaitGroup
	submit := func(i int, c reverse.Command) {
		queued := &queuedContext{Context: w.Context(), queued: make(chan struct{})}
		all.Go(func() { results[i], errs[i] = w.engine.Submit(queued, w.brand.ID, c) })
		<-queued.queued
	}
	// One that decides nothing goes ahead and stands at the gate, so that the others become batches as large as they may be.
	submit(0, &ledger.Sweep{Head: ledger.Head{Method: "sweep", Who: ledger.Who{Customer: "nobody"}}})
	<-reached
	for i, c := range commands {
		submit(i+1, c)
	}
	open()
	all.Wait()
	for _, err := range errs {
		w.check(err)
	}
	return results[1:]
}

// queuedContext tells when somebody waits for it: the engine does when a command is in its queue.
type queuedContext struct {
	context.Context
	once   sync.Once
	queued chan struct{}
}

func (c *queuedContext) Done() <-chan struct{} {
	c.once.Do(func() { close(c.queued) })
	return c.Context.Done()
}

// gated is a store in which a batch begins when the gate is open.
type gated struct {
	store.Store
	mu   sync.Mutex
	gate *gate // under mu; nil is open
}

type gate struct {
	reached func() // by a batch
	open    chan struct{}
}

// shut closes the gate until open is called; reached tells that a batch stands there.
func (s *gated) shut() (reached <-chan struct{}, open func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	here := make(chan struct{})
	g := &gate{sync.OnceFunc(func() { close(here) }), make(chan struct{})}
	s.gate = g
	return here, func() { close(g.open) }
}

func (s *gated) Begin(ctx context.Context, brand string, keys *reverse.Keys, resolved *store.Resolved, now int64) (store.Batch, error) {
	s.mu.Lock()
	g := s.gate
	s.mu.Unlock()
	if g != nil {
		g.reached()
		<-g.open
	}
	return s.Store.Begin(ctx, brand, keys, resolved, now)
}

// offered reads quotes.
func (w *world) offered(tokens []string) (list []*reverse.Quote) {
	keys := reverse.NewKeys()
	for _, token := range tokens {
		keys.Quotes[token] = struct{}{}
	}
	s, err := w.store.Read(w.Context(), w.brand.ID, keys, w.now.UnixMilli())
	w.check(err)
	for _, token := range tokens {
		if q := s.Quotes[token]; q == nil {
			w.Errorf("%s: no quote %s", w.way, token)
		} else if q.Max > 0 {
			list = append(list, q)
		}
	}
	return list
}

func describe(c reverse.Command) string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // of words and numbers
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", c), "*") + string(text)
}

// books is everything that a brand's history left.
type books struct {
	Ops      []*ledger.Op
	Accounts []*ledger.Account
	Lots     []*ledger.Lot
	Holds    []*ledger.Hold
	Vouchers []*ledger.Voucher
	Members  []*ledger.Member
	Orders   []*reverse.Order
	Reverses []*reverse.Reverse
	Quotes   []*reverse.Quote
	Refusals []*ledger.Refusal
	Tombs    []*ledger.Tombstone
	Rules    []*ledger.Brand
	Names    map[ledger.Ident]string // whom identifiers name
	Purses   map[string][]string     // accounts of members, as they are loaded
}

// read reads the books, after proving them.
func (w *world) read(h *history) {
	ctx, s, b := w.Context(), w.store.Store, w.brand.ID
	_, divergence, err := audit.Verify(ctx, s, b, nil)
	w.check(err)
	if divergence != nil {
		w.Errorf("%s: %v", w.way, divergence)
	}
	w.books = &books{
		collect(w, s.Ops(ctx, b, 0)), collect(w, s.Accounts(ctx, b)), collect(w, s.Lots(ctx, b)), collect(w, s.Holds(ctx, b)),
		collect(w, s.Vouchers(ctx, b)), collect(w, s.Members(ctx, b)), collect(w, s.WdkOrders(ctx, b)), collect(w, s.Reverses(ctx, b)),
		collect(w, s.Quotes(ctx, b)), collect(w, s.Refusals(ctx, b)), collect(w, s.Tombs(ctx, b)), collect(w, s.Rules(ctx, b)), nil, nil,
	}
	keys := reverse.NewKeys()
	for _, mobile := range h.mobiles { // those that were given up, too
		keys.Idents[ledger.Ident{Type: ledger.ByMobile, Text: mobile}] = struct{}{}
	}
	for _, outer := range outers {
		keys.Idents[ledger.Ident{Type: ledger.ByOuter, Outer: "wechat", Text: outer}] = struct{}{}
	}
	for _, a := range w.books.Accounts {
		keys.Idents[ledger.Ident{Type: ledger.ByCard, Text: a.Card}] = struct{}{}
	}
	state, err := s.Read(ctx, b, keys, w.now.UnixMilli())
	w.check(err)
	w.books.Names, w.books.Purses = state.Idents, state.Purses
	for i, o := range w.books.Ops {
		w.ids[o.ID] = int64(i + 1)
	}
}

func collect[T any](w *world, rows func(yield func(T, error) bool)) (list []T) {
	for v, err := range rows {
		w.check(err)
		list = append(list, v)
	}
	return list
}

// compare wants the same answers and equal books. Names of operations are made by chance, so it is their places that are compared.
func compare(t *testing.T, want, got *world) {
	t.Helper()
	place := cmp.Transformer("place", func(id ledger.ID) int64 {
		switch {
		case id.IsZero():
			return 0
		case want.ids[id] > 0:
			return want.ids[id]
		case got.ids[id] > 0:
			return got.ids[id]
		}
		return -1
	})
	// A print digests a document, and most name operations: what it is of must be the same, and verify holds it to the row.
	alike := cmp.Options{cmpopts.EquateEmpty(), place, cmpopts.IgnoreFields(ledger.Print{}, "Digest")}
	for i := range want.answers {
		if i == len(got.answers) {
			break // told by the length
		}
		w, g := &want.answers[i], &got.answers[i]
		if w.command != g.command {
			t.Errorf("%s: step %d asks another thing, so a result before differs:\n%s\n%s", got.way, w.step, w.command, g.command)
			return
		}
		if diff := cmp.Diff(w.result, g.result, alike); diff != "" {
			t.Errorf("%s answers otherwise in step %d: -%s +%s\n%s\n%s", got.way, w.step, want.way, got.way, g.command, diff)
			return
		}
	}
	if len(want.answers) != len(got.answers) {
		t.Errorf("%s: %d answers, want %d", got.way, len(got.answers), len(want.answers))
	}
	w, g := reflect.ValueOf(*want.books), reflect.ValueOf(*got.books)
	for i := range w.NumField() {
		if diff := cmp.Diff(w.Field(i).Interface(), g.Field(i).Interface(), alike); diff != "" {
			t.Errorf("%s has other %s: -%s +%s\n%.6000s", got.way, w.Type().Field(i).Name, want.way, got.way, diff)
		}
	}
}

// enough wants a history in which much happened: otherwise it proved little.
func (w *world) enough() {
	b := w.books
	kinds, codes, replayed := map[ledger.OpKind]int{}, map[ledger.Code]int{}, 0
	for _, o := range b.Ops {
		kinds[o.Kind]++
	}
	for _, a := range w.answers {
		codes[a.result.Code]++
		if a.result.Replayed {
			replayed++
		}
	}
	w.Logf("%d commands, at most %d at once, %d replays, answered %v", len(w.answers), w.steps, replayed, codes)
	w.Logf("%d operations by kind %v, %d lots, %d reverses, %d tombstones", len(b.Ops), kinds, len(b.Lots), len(b.Reverses), len(b.Tombs))
	if len(b.Ops) < 200 || len(kinds) < 10 || len(codes) < 15 || replayed == 0 || len(b.Reverses) == 0 {
		w.Error("too little happened")
	}
}
