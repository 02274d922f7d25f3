package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

func sorted[T int64 | string](list []T) []T {
	slices.Sort(list)
	return list
}

// chained recomputes a brand's chain from its operations, and checks that sequence numbers have no gap.
func (b *bench) chained(brand string) {
	b.Helper()
	got := b.books(brand)
	var prev [32]byte
	ops, seq := got.Ops, int64(0)
	for _, l := range got.Links {
		var bodies [][]byte
		for len(ops) > 0 && ops[0].Seq <= l.Last {
			seq++
			b.equal("sequence number", ops[0].Seq, seq)
			bodies = append(bodies, store.AppendOp(nil, ops[0]))
			ops = ops[1:]
		}
		b.equal("link's last operation", l.Last, seq)
		prev = store.ChainHash(prev, bodies...)
		b.equal("link", l.Hash, prev)
	}
	b.equal("operations without a link", len(ops), 0)
	b.equal("head's hash", got.Head.Hash, prev)
	b.equal("head's last operation", got.Head.Last, seq)
}

func sequenceAndChain(b *bench) {
	b.chained("b1") // before the first operation the hash is all zeros
	for i := range 5 {
		b.write("b1", noon+int64(i), func(d *draft) {
			for n := range i {
				o := d.op("A", "m")
				b.equal("not numbered before Save", o.Seq, int64(0))
				o.Reason = string(rune('a' + n))
			}
			d.tomb("app", "A", ledger.Value, noon)
		}, order("A"))
		b.chained("b1")
	}
	got := b.books("b1")
	b.equal("links", len(got.Links), 4) // a batch without operations adds none
	b.equal("stamps", []int64{got.Links[0].At, got.Head.At}, []int64{noon + 1, noon + 4})
	b.equal("after the third", len(collect(b, b.s.Ops(b.Context(), "b1", 3))), 7)

	t := b.begin("b1", noon)
	d := b.draft(t)
	o := d.op("N", "m")
	b.check(t.Save(b.Context()))
	b.equal("numbered by Save", o.Seq, int64(11))
	t.Rollback()
}

func retry(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		d.person("n")
		o := d.op("A", "m")
		o.ID, o.Request, o.Refund = ledger.ID{7}, digest(1), digest(2)
		d.bind(mobile("138"), "m")
		d.wdk(1000, "X", "m")
	})
	for name, work := range map[string]func(*draft){
		"Request":            func(d *draft) { d.op("", "m").Request = digest(1) },
		"Refund":             func(d *draft) { d.op("", "m").Refund = digest(2) },
		"PlaceInHistory":     func(d *draft) { d.op("A", "m") }, // not loaded: takes place 1 again
		"Mobile":             func(d *draft) { d.bind(mobile("138"), "n"); d.op("", "n") },
		"RequestInOneBatch":  func(d *draft) { d.op("", "m").Request = digest(5); d.op("", "m").Request = digest(5) },
		"Card":               func(d *draft) { d.account(&ledger.Account{ID: "n-2", Card: "c-m", Member: "n"}); d.op("", "n") },
		"Account":            func(d *draft) { d.account(&ledger.Account{ID: "m-1", Member: "n"}); d.op("", "n") },
		"OrderNumber":        func(d *draft) { d.wdk(3000, "X", "m") },
		"SubOrderNumber":     func(d *draft) { d.wdk(3000, "Y", "m").Subs[0].No = 1001 },
		"AfterOthersChanged": func(d *draft) { d.person("z"); d.voucher("v", "z"); d.op("", "z").Request = digest(1) },
	} {
		b.Run(name, func(t *testing.T) {
			in := *b
			in.T = t
			in.retries("b1", work, member("n"))
		})
	}
	b.write("b1", noon, func(d *draft) { d.op("A", "m").Request = digest(3) }, order("A"))
	b.chained("b1")
}

func rollback(b *bench) {
	b.write("b1", noon, func(d *draft) { d.person("m"); d.op("A", "m") })
	before := b.books("b1")
	ctx := b.Context()
	for _, save := range []bool{false, true} {
		t := b.begin("b1", noon+1000, order("A"))
		d := b.draft(t)
		d.person("n")
		d.op("A", "n", d.lot("n-1", 1, ledger.Real, ledger.Never, 100, 0)).Request = digest(1)
		d.bind(mobile("138"), "n")
		d.tomb("app", "A", ledger.Value, noon+5000)
		d.wdk(1000, "X", "n")
		if save {
			b.check(t.Save(ctx))
		}
		t.Rollback()
		t.Rollback() // harmless
		b.equal("books", b.books("b1"), before)
		b.shows(b.load("b1", noon, request(1), order("A"), named(mobile("138")), member("n"), sub(1000)), `
			op A/1 seq 1
			member m [m-1 m-p]`)
	}
	t := b.begin("b1", noon)
	b.draft(t).op("B", "m")
	b.check(t.Save(ctx))
	b.check(t.Commit(ctx))
	t.Rollback() // harmless after Commit
	b.equal("operations", len(b.books("b1").Ops), 2)
	b.chained("b1")
}

func nothingToSave(b *bench) {
	t := b.begin("b1", noon)
	b.check(t.Save(b.Context()))
	b.check(t.Commit(b.Context()))
	b.equal("head", b.books("b1").Head, store.Link{})
	t = b.begin("b1", noon)
	b.draft(t).op("A", "m")
	b.check(t.Commit(b.Context())) // without Save nothing is written
	b.equal("head", b.books("b1").Head, store.Link{})
}

func outcome(b *bench) {
	ctx := b.Context()
	for name, work := range map[string]func(*draft){
		"with operations":    func(d *draft) { d.op("", "m") },
		"without operations": func(d *draft) { d.tomb("app", "A", ledger.Value, noon) },
	} {
		for _, commit := range []bool{false, true} {
			t := b.begin("b1", noon)
			work(b.draft(t))
			b.check(t.Save(ctx))
			token := t.Token()
			if commit {
				b.check(t.Commit(ctx))
			}
			t.Rollback()
			got, err := b.s.Outcome(ctx, "b1", token)
			b.check(err)
			if name == "with operations" || !commit { // else a store need not know
				b.equal(name, got, commit)
			}
			if commit {
				other, err := b.s.Outcome(ctx, "b2", token)
				b.check(err)
				b.equal(name+" in another brand", other, false)
			}
		}
	}
}

// noAliases changes what was handed in after Save, and what was handed out after loading.
func noAliases(b *bench) {
	keys := []key{member("m"), order("A"), spend("m"), request(1), tombApp("app"), sub(1000), quote("q"), voucher("v")}
	spoil := func(s *reverse.State) {
		for _, m := range s.Members {
			m.Name, m.Outer[0].Text = "spoilt", "spoilt"
		}
		for _, a := range s.Accounts {
			a.Balance[0]++
		}
		for _, l := range s.Lots {
			l.Balance++
		}
		for _, o := range s.Orders["A"] {
			o.Reason, o.Postings[0].Amount, o.Result.IDs[0] = "spoilt", 1, "spoilt"
		}
		for _, h := range s.Holds {
			h.Pins[0].Amount = 1
		}
		for _, v := range s.Vouchers {
			v.Left = 0
		}
		for _, t := range s.Tombs {
			t.Amount = 1
		}
		for _, o := range s.WdkOrders {
			o.Subs[0].Fee, o.Shares[0][0], o.Tenders[0].Amount = 1, 1, 1
		}
		for _, q := range s.Quotes {
			q.Cells[0][0], q.Subs[0] = 1, 1
		}
		for _, r := range s.Reverses {
			r.Channels[0].Amount, r.History[0].By = 1, "spoilt"
		}
	}
	t := b.begin("b1", noon)
	d := b.draft(t)
	d.person("m")
	d.Members["m"].Outer = []ledger.Ident{outer("wechat", "x")}
	l := d.lot("m-1", 1, ledger.Real, ledger.Never, 100, 40)
	o := d.op("A", "m", l)
	o.Request, o.Result = digest(1), ledger.Result{IDs: []string{"m"}}
	d.hold("A", ledger.Value, "m-1", noon+1000, l)
	d.voucher("v", "m")
	d.tomb("app", "A", ledger.Value, noon+1000)
	d.wdk(1000, "X", "m")
	d.quote("q", 1000, "s", noon+1000, false)
	d.reverse(1500, 1000)
	b.check(t.Save(b.Context()))
	spoil(d.State)
	b.check(t.Commit(b.Context()))

	s := b.load("b1", noon, keys...)
	b.equal("name", s.Members["m"].Name, "客 m")
	b.equal("reason", s.Orders["A"][0].Reason, "")
	b.equal("answer", s.Requests[digest(1)].Result.IDs, []string{"m"})
	b.equal("fee", s.WdkOrders[1000].Subs[0].Fee, ledger.Amount(100))
	first := b.load("b1", noon, keys...)
	spoil(s)
	b.equal("loaded again", b.load("b1", noon, keys...), first)
	got := b.books("b1")
	got.Ops[0].Postings[0].Amount, got.Members[0].Outer[0].Text, got.Lots[0].Balance = 9, "spoilt", 9
	b.equal("loaded after the audit", b.load("b1", noon, keys...), first)
}

func stamp(b *bench) {
	at := func(now int64) int64 {
		t := b.begin("b1", now)
		defer t.Rollback()
		b.equal("clock", t.Clock(), now)
		return t.At()
	}
	b.equal("the caller's clock", at(noon), noon)
	b.write("b1", noon+5000, func(d *draft) { d.tomb("app", "A", ledger.Value, noon+6000) })
	b.equal("never below the last stamp", at(noon), noon+5000)
	b.equal("the caller's clock again", at(noon+5001), noon+5001)
	t := b.begin("b1", noon+9000)
	b.draft(t).op("", "m")
	b.check(t.Save(b.Context()))
	t.Rollback()
	b.equal("a batch that was undone counts for nothing", at(noon), noon+5000)
	b.shows(b.load("b1", noon, order("A")), `tomb app A value`)
	b.write("b1", noon+6000, func(d *draft) { d.op("", "m") })
	b.shows(b.load("b1", noon, order("A")), ``) // reading, too, the clock stays where it was
}

func numbers(b *bench) {
	ctx := context.Background()
	var (
		mu   sync.Mutex
		seen = map[int64]bool{}
		wg   sync.WaitGroup
	)
	for i := range 8 {
		wg.Go(func() {
			for n := range int64(5) {
				brand := []string{"b1", "b2"}[i%2]
				first, err := b.s.Numbers(ctx, brand, n+1)
				if err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				for no := first; no <= first+n; no++ {
					if seen[no] || no < 1 || no > 1<<53-1 {
						b.Errorf("number %d twice or out of bounds", no)
					}
					seen[no] = true
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	b.equal("numbers", len(seen), 8*15)
	snap, err := b.s.Snapshot(ctx)
	b.check(err)
	for _, brand := range snap.Brands {
		no, err := b.s.Numbers(ctx, brand.ID, 1)
		b.check(err)
		b.equal("the number's brand", no>>32, brand.Serial)
		issued, err := b.s.Issued(ctx, brand.ID)
		b.check(err)
		b.equal("numbers issued", issued, no-brand.Serial<<32)
	}
	for _, n := range []int64{0, -1, 1 << 32, 1<<63 - 1} {
		if first, err := b.s.Numbers(ctx, "b1", n); err == nil {
			b.Errorf("Numbers(%d) = %d, want an error", n, first)
		}
	}
}

// concurrent adds to one balance and one history from many goroutines.
func concurrent(b *bench) {
	b.write("b1", noon, func(d *draft) { d.person("m"); d.op("", "m") })
	const writers, times = 6, 8
	ctx := context.Background()
	once := func() error {
		keys := keysOf([]key{member("m"), order("A")})
		resolved, err := b.s.Resolve(ctx, "b1", keys)
		if err != nil {
			return err
		}
		t, err := b.s.Begin(ctx, "b1", keys, resolved, noon)
		if err != nil {
			return err
		}
		defer t.Rollback()
		d := b.draft(t)
		d.op("A", "m")
		a := d.Accounts["m-1"]
		a.Balance[ledger.Real]++
		d.Changes.Accounts.Add(a)
		if err := t.Save(ctx); err != nil {
			return err
		}
		return t.Commit(ctx)
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range times {
				err := store.ErrRetry
				for errors.Is(err, store.ErrRetry) {
					err = once()
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	s := b.load("b1", noon, member("m"), order("A"))
	b.equal("balance", s.Accounts["m-1"].Balance[ledger.Real], ledger.Amount(writers*times))
	b.equal("history", len(s.Orders["A"]), writers*times)
	b.chained("b1")
}

// readsDoNotWait reads while a batch is open, and does not see it.
func readsDoNotWait(b *bench) {
	ctx := b.Context()
	b.write("b1", noon, func(d *draft) { d.person("m"); d.tomb("app", "Z", ledger.Value, noon) })
	t := b.begin("b1", noon, member("m"))
	b.draft(t).op("A", "m")
	b.check(t.Save(ctx))
	s, err := b.s.Read(ctx, "b1", keysOf([]key{member("m"), order("A")}), noon)
	b.check(err)
	b.shows(s, "member m [m-1 m-p]")
	b.check(t.Commit(ctx))
	s, err = b.s.Read(ctx, "b1", keysOf([]key{order("A")}), noon)
	b.check(err)
	b.shows(s, `
		member m [m-1 m-p]
		op A/1 seq 1`)

	t = b.begin("b1", noon, member("m"))
	defer t.Rollback()
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := b.s.Begin(short, "b1", keysOf([]key{order("A"), member("m")}), nil, noon); !errors.Is(err, context.DeadlineExceeded) {
		b.Errorf("Begin behind an open batch: %v, want its caller's deadline", err)
	}
}

func brandsApart(b *bench) {
	for _, brand := range []string{"b1", "b2"} {
		b.write(brand, noon, func(d *draft) {
			d.person("m")
			d.Members["m"].Name = brand
			l := d.lot("m-1", 1, ledger.Real, noon+1000, 100, 40)
			o := d.op("A", "m", l)
			o.ID, o.Request, o.Refund, o.Reason = ledger.ID{7}, digest(1), digest(2), brand
			d.hold("A", ledger.Value, "m-1", noon+500, l)
			d.bind(mobile("138"), "m")
			d.voucher("v", "m")
			d.tomb("app", "A", ledger.Value, noon+1000)
			d.wdk(1000, "X", "m")
			d.quote("q", 1000, "s", noon+1000, false)
			d.reverse(1500, 1000)
		})
	}
	keys := []key{
		named(mobile("138")), order("A"), request(1), refund(2), voucher("v"), tombApp("app"), spend("m"), purse("m"),
		sub(1001), quote("q"), reversal(1500), shop("s"),
	}
	for _, brand := range []string{"b1", "b2"} {
		s := b.load(brand, noon+900, keys...)
		b.equal("name", s.Members["m"].Name, brand)
		b.equal("operation", s.Requests[digest(1)].Reason, brand)
		b.equal("counts", []int{len(s.Orders["A"]), len(s.Lots), len(s.Holds), len(s.Vouchers), s.TombCount["app"], s.LiveQuotes["s"]},
			[]int{1, 1, 1, 1, 1, 1})
		b.chained(brand)
	}
	ctx := b.Context()
	for what, err := range map[string]error{
		"Begin":   second(b.s.Begin(ctx, "b3", keysOf(nil), nil, noon)),
		"Read":    second(b.s.Read(ctx, "b3", keysOf(nil), noon)),
		"Numbers": second(b.s.Numbers(ctx, "b3", 1)),
		"Head":    second(b.s.Head(ctx, "b3")),
		"Issued":  second(b.s.Issued(ctx, "b3")),
		"Due":     second(b.s.Due(ctx, "b3", noon, 1)),
	} {
		if !errors.Is(err, store.ErrNoBrand) {
			b.Errorf("%s of an unknown brand: %v, want ErrNoBrand", what, err)
		}
	}
	b.write("b1", noon, func(d *draft) { d.op("", "m") }) // the writer was given back
}

func second[T any](_ T, err error) error { return err }
