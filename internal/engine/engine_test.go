package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
)

const (
	brand = "B"
	shop  = "S"
)

// bundle is an engine over a fresh store with one brand and one member "m".
type bundle struct {
	t      *testing.T
	store  store.Store
	engine *engine.Engine
	seq    atomic.Uint64
}

func setup(t *testing.T, s store.Store, o engine.Options) *bundle {
	t.Helper()
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: brand, Shops: map[string]*ledger.Shop{shop: {ID: shop}}}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	b := &bundle{t: t, store: s, engine: engine.New(s, o)}
	t.Cleanup(b.engine.Close)
	b.must(&ledger.SaveMember{Head: b.head(), ID: "m"})
	return b
}

// head makes the head of a new request about member m.
func (b *bundle) head() ledger.Head {
	h := ledger.Head{App: "a", Method: "test", Shop: shop, Who: ledger.Who{Customer: "m"}, Signed: time.Now().UnixMilli()}
	n := b.seq.Add(1)
	binary.BigEndian.PutUint64(h.Request[:], n)
	h.Request[15] = 1
	h.Content = h.Request
	return h
}

func (b *bundle) must(c reverse.Command) ledger.Result {
	b.t.Helper()
	r, err := b.engine.Submit(b.t.Context(), brand, c)
	if err != nil || r.Code != ledger.OK {
		b.t.Fatalf("%T: %v %v %s", c, err, r.Code, r.English())
	}
	return r
}

func (b *bundle) charge(order string, fen ledger.Amount) *ledger.Charge {
	return &ledger.Charge{Head: b.head(), Order: order, Real: fen}
}

func (b *bundle) spend(order string, fen ledger.Amount) *ledger.Spend {
	return &ledger.Spend{Head: b.head(), Order: order, Wants: []ledger.Want{{Family: ledger.Value, Amount: fen}}}
}

// refund makes a refund of an order under a number of its own.
func (b *bundle) refund(order, number string) *ledger.RefundAssets {
	c := &ledger.RefundAssets{Head: b.head(), Order: order, Number: number}
	c.Who = ledger.Who{}
	copy(c.Refund[:], number)
	copy(c.Original[:], order)
	return c
}

// balance reads the stored value of member m.
func (b *bundle) balance() ledger.Amount {
	b.t.Helper()
	k := reverse.NewKeys()
	k.Wallets[ledger.Ident{Type: ledger.ByCustomer, Text: "m"}] = struct{}{}
	s, err := b.store.Read(b.t.Context(), brand, k, time.Now().UnixMilli())
	if err != nil {
		b.t.Fatal(err)
	}
	return ledger.Sum(s.Accounts["m-1"].Balance, ledger.Value)
}

// together submits commands at once, from so many engines in turn, and returns the answers in order.
func (b *bundle) together(commands []reverse.Command, engines ...*engine.Engine) []ledger.Result {
	b.t.Helper()
	results := make([]ledger.Result, len(commands))
	errs := make([]error, len(commands))
	var wg sync.WaitGroup
	for i, c := range commands {
		wg.Go(func() { results[i], errs[i] = engines[i%len(engines)].Submit(b.t.Context(), brand, c) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		b.t.Fatal(err)
	}
	return results
}

// each runs a test on every store.
func each(t *testing.T, f func(t *testing.T, s store.Store)) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, open(t))
		})
	}
}

func TestOneRefundOf64Wins(t *testing.T) {
	each(t, func(t *testing.T, s store.Store) {
		b := setup(t, s, engine.Options{BatchMax: 7})
		b.must(b.charge("C", 1000))
		b.must(b.spend("O", 600))
		var all []reverse.Command
		for i := range 64 {
			all = append(all, b.refund("O", fmt.Sprintf("R%d", i)))
		}
		won := 0
		for _, r := range b.together(all, b.engine) {
			switch r.Code {
			case ledger.OK:
				won++
			case ledger.AlreadyReversed:
			default:
				t.Errorf("a refund answered %v", r.Code)
			}
		}
		if won != 1 || b.balance() != 1000 {
			t.Errorf("%d refunds won, the balance is %d; want 1 and 1000", won, b.balance())
		}
	})
}

func TestDuplicatesHaveOneEffect(t *testing.T) {
	each(t, func(t *testing.T, s store.Store) {
		b := setup(t, s, engine.Options{BatchMax: 5})
		first := b.charge("C", 1000)
		var all []reverse.Command
		for range 64 {
			again := *first
			all = append(all, &again)
		}
		results := b.together(all, b.engine)
		fresh := 0
		for _, r := range results {
			if r.Code != ledger.OK || r.Flow != results[0].Flow {
				t.Fatalf("answers differ: %v %v", r, results[0])
			}
			if !r.Replayed {
				fresh++
			}
		}
		if fresh != 1 || b.balance() != 1000 {
			t.Errorf("%d effects, the balance is %d; want 1 and 1000", fresh, b.balance())
		}
	})
}

// Two processes hold the same original between their first and second trip; only one may win.
func TestTwoEnginesOneOriginal(t *testing.T) {
	each(t, func(t *testing.T, s store.Store) {
		b := setup(t, s, engine.Options{})
		other := engine.New(s, engine.Options{})
		t.Cleanup(other.Close)
		b.must(b.charge("C", 1000))
		b.must(b.spend("O", 600))
		var met sync.WaitGroup
		met.Add(2)
		var once [2]sync.Once
		for i, e := range []*engine.Engine{b.engine, other} {
			e.SetBetweenTrips(func() { once[i].Do(func() { met.Done(); met.Wait() }) })
		}
		results := b.together([]reverse.Command{b.refund("O", "R1"), b.refund("O", "R2")}, b.engine, other)
		codes := map[ledger.Code]int{results[0].Code: 1}
		codes[results[1].Code]++
		if codes[ledger.OK] != 1 || codes[ledger.AlreadyReversed] != 1 || b.balance() != 1000 {
			t.Errorf("codes %v, balance %d", codes, b.balance())
		}
	})
}

// The outcome of a commit is unknown to the one who asked for it; whichever it was, the effect is there once.
func TestUnknownCommit(t *testing.T) {
	for _, row := range []struct {
		name    string
		applied bool
	}{{"failed yet persisted", true}, {"failed", false}} {
		t.Run(row.name, func(t *testing.T) {
			s := memstore.Open()
			b := setup(t, s, engine.Options{})
			var asked atomic.Int64
			s.SetHook(func(step memstore.Step) (bool, error) {
				if step == memstore.CommitStep && asked.Add(1) == 1 {
					return row.applied, store.ErrUnknown
				}
				return true, nil
			})
			b.must(b.charge("C", 1000))
			if b.balance() != 1000 {
				t.Errorf("balance %d, want 1000", b.balance())
			}
		})
	}
}

// A store that fails to save answers a fault; the same request then works and books once.
func TestSaveFails(t *testing.T) {
	s := memstore.Open()
	b := setup(t, s, engine.Options{})
	broken := true
	s.SetHook(func(step memstore.Step) (bool, error) {
		if step == memstore.SaveStep && broken {
			return false, errors.New("disk full")
		}
		return true, nil
	})
	c := b.charge("C", 1000)
	if _, err := b.engine.Submit(t.Context(), brand, c); !errors.Is(err, engine.ErrFailed) {
		t.Fatalf("err = %v, want ErrFailed", err)
	}
	broken = false
	b.must(c)
	if b.balance() != 1000 {
		t.Errorf("balance %d, want 1000", b.balance())
	}
}

func TestPoisonedCommandFailsAlone(t *testing.T) {
	b := setup(t, memstore.Open(), engine.Options{BatchMax: 500})
	all := []reverse.Command{}
	for i := range 499 {
		all = append(all, b.charge(fmt.Sprintf("C%d", i), 1))
	}
	bad := b.charge("bad", 1)
	all = append(all, bad)
	b.engine.SetPanicOn(bad)
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() { _, errs[i] = b.engine.Submit(t.Context(), brand, c) })
	}
	wg.Wait()
	for i, err := range errs {
		if guilty := all[i] == bad; guilty != (err != nil) {
			t.Errorf("command %d: %v", i, err)
		}
	}
	if b.balance() != 499 {
		t.Errorf("balance %d, want 499", b.balance())
	}
}

// stall makes every save of a store wait until it is released; entered hears of each that waits.
func stall(s *memstore.Store) (entered <-chan struct{}, release func()) {
	gate, waits := make(chan struct{}), make(chan struct{}, 100)
	s.SetHook(func(step memstore.Step) (bool, error) {
		if step == memstore.SaveStep {
			waits <- struct{}{}
			<-gate
		}
		return true, nil
	})
	return waits, func() {
		s.SetHook(nil)
		close(gate)
	}
}

// A full queue refuses at once, and a duplicate of a running request does not wait for ever.
func TestBounds(t *testing.T) {
	s := memstore.Open()
	b := setup(t, s, engine.Options{QueueMax: 2, BatchMax: 1, DuplicateWait: time.Millisecond})
	entered, release := stall(s)
	var wg sync.WaitGroup
	first := b.charge("C0", 1)
	submit := func(c reverse.Command) {
		wg.Go(func() { _, _ = b.engine.Submit(context.WithoutCancel(t.Context()), brand, c) })
	}
	submit(first)
	<-entered // the first is being saved; two more fit into the queue
	again := *first
	if _, err := b.engine.Submit(t.Context(), brand, &again); !errors.Is(err, engine.ErrInProgress) {
		t.Errorf("a duplicate heard %v, want ErrInProgress", err)
	}
	submit(b.charge("C1", 1))
	submit(b.charge("C2", 1))
	for b.engine.Waiting(brand) < 2 {
		time.Sleep(time.Millisecond)
	}
	if _, err := b.engine.Submit(t.Context(), brand, b.charge("C3", 1)); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("a full queue answered %v, want ErrBusy", err)
	}
	release()
	wg.Wait()
	b.engine.Close()
	if _, err := b.engine.Submit(t.Context(), brand, b.charge("C4", 1)); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("a closed engine answered %v, want ErrClosed", err)
	}
	if b.balance() != 3 {
		t.Errorf("balance %d, want 3", b.balance())
	}
}

// More open lots than a page: the engine loads again with all of them, and the spend takes them in order.
func TestSpendBeyondThePage(t *testing.T) {
	each(t, func(t *testing.T, s store.Store) {
		b := setup(t, s, engine.Options{})
		var all []reverse.Command
		for i := range ledger.LotPage + 20 {
			all = append(all, b.charge(fmt.Sprintf("C%d", i), 1))
		}
		b.together(all, b.engine)
		b.must(b.spend("O", ledger.LotPage+10))
		if got := b.balance(); got != 10 {
			t.Errorf("balance %d, want 10", got)
		}
		b.must(b.refund("O", "R"))
		if got := b.balance(); got != ledger.LotPage+20 {
			t.Errorf("balance %d, want everything back", got)
		}
	})
}

// Batches of one and batches of five hundred end in the same books.
func TestBatchSizeDoesNotMatter(t *testing.T) {
	var ends []ledger.Amount
	for _, size := range []int{1, 500} {
		b := setup(t, memstore.Open(), engine.Options{BatchMax: size})
		for round := range 5 {
			var all []reverse.Command
			for i := range 40 {
				all = append(all, b.charge(fmt.Sprintf("C%d-%d", round, i), 100))
			}
			b.together(all, b.engine)
			all = nil
			for i := range 30 {
				all = append(all, b.spend(fmt.Sprintf("O%d-%d", round, i), 70))
			}
			b.together(all, b.engine)
			all = nil
			for i := range 20 {
				all = append(all, b.refund(fmt.Sprintf("O%d-%d", round, i), fmt.Sprintf("R%d-%d", round, i)))
			}
			b.together(all, b.engine)
		}
		ends = append(ends, b.balance())
	}
	if ends[0] != ends[1] || ends[0] != 5*(40*100-10*70) {
		t.Errorf("balances %v", ends)
	}
}

// A batch may need more issued numbers than are reserved at a time.
func TestMoreNumbersThanABlock(t *testing.T) {
	s := memstore.Open()
	b := setup(t, s, engine.Options{BatchMax: 500})
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rules := *snap.Brands[0]
	rules.Templates = map[string]*ledger.Template{"T": {ID: "T"}}
	if err := s.PutBrand(t.Context(), &rules, store.Author{}); err != nil {
		t.Fatal(err)
	}
	var all []reverse.Command
	for range 200 {
		all = append(all, &ledger.IssueVouchers{Head: b.head(), Template: "T", Num: 100})
	}
	seen := map[string]bool{}
	for _, r := range b.together(all, b.engine) {
		for _, id := range r.IDs {
			seen[id] = true
		}
	}
	if len(seen) != 200*100 {
		t.Errorf("%d different voucher ids, want 20000", len(seen))
	}
}
