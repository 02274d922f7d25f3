package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// pagesOfHistory books three batches, each with operations of two members and of one order, and reads them every way in small pages.
func pagesOfHistory(b *bench) {
	ctx := context.Background()
	var ops []*ledger.Op
	for batch := range 3 {
		b.write("b1", noon+int64(batch)*1000, func(d *draft) {
			for i := range 5 {
				no := ""
				if i == 2 {
					no = "n1"
				}
				o := d.op(no, []string{"m1", "m2"}[i%2])
				o.Shop = "s1"
				for f := range ledger.Coupons { // none, value, points, both, and so on
					if (len(ops)>>f)&1 == 1 {
						kind := []ledger.Kind{ledger.Gift, ledger.Point}[f]
						o.Postings = append(o.Postings, ledger.Posting{Lot: ledger.LotID{Account: "gone", N: 1}, Kind: kind, Amount: 1})
					}
				}
				ops = append(ops, o)
			}
		}, order("n1"))
	}
	b.write("b2", noon, func(d *draft) { d.op("n1", "m1") }) // never seen
	of := func(is func(*ledger.Op) bool) (seqs []int64) {
		for _, o := range ops {
			if is(o) {
				seqs = append(seqs, o.Seq)
			}
		}
		return seqs
	}
	reversed := func(seqs []int64) (out []int64) {
		for i := range seqs {
			out = append(out, seqs[len(seqs)-1-i])
		}
		return out
	}
	byMember := func(m string, moves ledger.Moves) func(before int64, limit int) ([]*ledger.Op, error) {
		return func(before int64, limit int) ([]*ledger.Op, error) {
			return b.s.MemberOps(ctx, "b1", m, moves, before, limit)
		}
	}
	moved := func(m string, moves ledger.Moves) []int64 {
		return reversed(of(func(o *ledger.Op) bool { return o.Member == m && o.Moves()&moves != 0 }))
	}
	for _, tt := range []struct {
		name string
		read func(from int64, limit int) ([]*ledger.Op, error)
		want []int64
	}{
		{"a member", byMember("m1", 0), reversed(of(func(o *ledger.Op) bool { return o.Member == "m1" }))},
		{"another member", byMember("m2", 0), reversed(of(func(o *ledger.Op) bool { return o.Member == "m2" }))},
		{"nobody", byMember("m3", 0), nil},
		{"value of a member", byMember("m1", ledger.MovesValue), moved("m1", ledger.MovesValue)},
		{"points of a member", byMember("m1", ledger.MovesPoints), moved("m1", ledger.MovesPoints)},
		{"both", byMember("m1", ledger.MovesValue|ledger.MovesPoints), moved("m1", ledger.MovesValue|ledger.MovesPoints)},
		{
			"an order", func(before int64, limit int) ([]*ledger.Op, error) {
				return b.s.OrderOps(ctx, "b1", "n1", before, limit)
			},
			reversed(of(func(o *ledger.Op) bool { return o.Order == "n1" })),
		},
		{"no order", func(before int64, limit int) ([]*ledger.Op, error) {
			return b.s.OrderOps(ctx, "b1", "n2", before, limit)
		}, nil},
		{
			"all", func(after int64, limit int) ([]*ledger.Op, error) { return b.s.OpsAfter(ctx, "b1", after, limit) },
			of(func(*ledger.Op) bool { return true }),
		},
	} {
		for _, limit := range []int{1, 2, 4, 100} {
			var got []int64
			from := int64(0)
			for {
				page, err := tt.read(from, limit)
				b.check(err)
				if len(page) > limit {
					b.Errorf("%s: a page of %d has %d", tt.name, limit, len(page))
				}
				if len(page) == 0 {
					break
				}
				for _, o := range page {
					got = append(got, o.Seq)
					b.equal("operation "+fmt.Sprint(o.Seq), o, ops[o.Seq-1])
				}
				from = page[len(page)-1].Seq
			}
			b.equal(fmt.Sprintf("%s by %d", tt.name, limit), got, tt.want)
		}
	}
	for _, tt := range []struct{ at, want int64 }{
		{noon - 1, 0}, {noon, 5}, {noon + 999, 5}, {noon + 1000, 10}, {noon + 5000, 15},
	} {
		seq, err := b.s.SeqAt(ctx, "b1", tt.at)
		b.check(err)
		if seq != tt.want {
			b.Errorf("at %d the last operation is %d, want %d", tt.at-noon, seq, tt.want)
		}
	}
	for what, err := range map[string]error{
		"MemberOps": second(b.s.MemberOps(ctx, "b9", "m1", 0, 0, 1)), "OrderOps": second(b.s.OrderOps(ctx, "b9", "n1", 0, 1)),
		"OpsAfter": second(b.s.OpsAfter(ctx, "b9", 0, 1)), "SeqAt": second(b.s.SeqAt(ctx, "b9", 1)),
	} {
		if !errors.Is(err, store.ErrNoBrand) {
			b.Errorf("%s of no brand: %v", what, err)
		}
	}
}

// cursors leases a cursor to one owner after the other.
func cursors(b *bench) {
	ctx := context.Background()
	take := func(owner string, now int64) (store.Lease, bool) {
		b.Helper()
		l, ok, err := b.s.Take(ctx, "hook", "b1", owner, now, 1000)
		b.check(err)
		return l, ok
	}
	rows := func() string {
		b.Helper()
		list, err := b.s.FollowerRows(ctx, "hook", "b1", "", 10)
		b.check(err)
		return fmt.Sprint(list)
	}
	put := func(key, body string) func(store.Rows) error {
		return func(r store.Rows) error { return r.Put(key, body) }
	}

	one, ok := take("one", noon)
	if !ok || one.Seq != 0 {
		b.Fatalf("a new cursor: %+v, %v", one, ok)
	}
	if _, ok := take("two", noon+999); ok {
		b.Error("a leased cursor was taken")
	}
	b.check(b.s.Advance(ctx, one, 5, put("a", "1")))
	if err := b.s.Advance(ctx, one, 7, put("a", "stale")); !errors.Is(err, store.ErrLease) { // it was moved to 5
		b.Errorf("Advance from where the cursor is not: %v, want ErrLease", err)
	}
	again, ok := take("one", noon+500)
	if !ok || again.Epoch != one.Epoch || again.Seq != 5 {
		b.Errorf("the owner, again: %+v, %v", again, ok)
	}
	if err := b.s.Advance(ctx, again, 5, put("a", "still")); err == nil {
		b.Error("a cursor moved to where it is")
	}
	if _, ok := take("two", noon+1499); ok {
		b.Error("a prolonged lease was taken")
	}
	two, ok := take("two", noon+1500)
	if !ok || two.Epoch <= one.Epoch || two.Seq != 5 {
		b.Fatalf("after the lease: %+v, %v", two, ok)
	}
	if err := b.s.Advance(ctx, again, 9, put("a", "late")); !errors.Is(err, store.ErrLease) {
		b.Errorf("Advance by who lost the lease: %v, want ErrLease", err)
	}
	failed := errors.New("failed")
	err := b.s.Advance(ctx, two, 6, func(r store.Rows) error {
		b.check(r.Put("b", "never"))
		b.check(r.Delete("a"))
		return failed
	})
	if !errors.Is(err, failed) || rows() != "[{a 1}]" {
		b.Errorf("a write that failed: %v, rows %s", err, rows())
	}
	b.check(b.s.Advance(ctx, two, 6, func(r store.Rows) error {
		if body, ok, err := r.Get("a"); body != "1" || !ok || err != nil {
			b.Errorf("Get: %q, %v, %v", body, ok, err)
		}
		if _, ok, err := r.Get("none"); ok || err != nil {
			b.Errorf("Get of nothing: %v, %v", ok, err)
		}
		if r.Put("", "x") == nil {
			b.Error("a row without a key was taken")
		}
		return errors.Join(r.Put("c", "3"), r.Put("b", "2"), r.Put("a", "4"), r.Delete("c"), r.Delete("none"))
	}))
	if got := rows(); got != "[{a 4} {b 2}]" {
		b.Errorf("rows %s", got)
	}
	if list, err := b.s.FollowerRows(ctx, "hook", "b1", "b", 1); err != nil || len(list) != 1 || list[0].Key != "b" {
		b.Errorf("rows from b on: %v, %v", list, err)
	}
	for _, other := range []struct{ name, brand string }{{"figures", "b1"}, {"hook", "b2"}} { // cursors of their own
		if l, ok, err := b.s.Take(ctx, other.name, other.brand, "two", noon, 1); err != nil || !ok || l.Seq != 0 {
			b.Errorf("%v: %+v, %v, %v", other, l, ok, err)
		}
		if list, err := b.s.FollowerRows(ctx, other.name, other.brand, "", 10); err != nil || len(list) != 0 {
			b.Errorf("%v: %v, %v", other, list, err)
		}
	}
	if _, _, err := b.s.Take(ctx, "hook", "b9", "one", noon, 1); !errors.Is(err, store.ErrNoBrand) {
		b.Errorf("Take of no brand: %v", err)
	}
}

// manyFollowers has eight processes follow one brand at once: between them every operation is counted once.
func manyFollowers(b *bench) {
	ctx := context.Background()
	const last = 40
	b.write("b1", noon, func(d *draft) {
		for range last {
			d.op("", "m1")
		}
	})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for clock := noon; ; clock += 10 {
				l, ok, err := b.s.Take(ctx, "count", "b1", fmt.Sprint(i), clock, 5) // soon over: leases change hands all the time
				if err != nil && !errors.Is(err, store.ErrRetry) {
					b.Error(err)
					return
				}
				if l.Seq == last {
					return
				}
				if !ok || err != nil {
					continue
				}
				ops, err := b.s.OpsAfter(ctx, "b1", l.Seq, 3)
				if err != nil {
					b.Error(err)
					return
				}
				err = b.s.Advance(ctx, l, ops[len(ops)-1].Seq, func(r store.Rows) error {
					for _, o := range ops {
						key := fmt.Sprintf("%03d", o.Seq)
						body, _, err := r.Get(key)
						if err := errors.Join(err, r.Put(key, body+"x")); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil && !errors.Is(err, store.ErrLease) && !errors.Is(err, store.ErrRetry) {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	list, err := b.s.FollowerRows(ctx, "count", "b1", "", 100)
	b.check(err)
	if len(list) != last {
		b.Errorf("%d operations were followed, want %d", len(list), last)
	}
	for _, r := range list {
		if r.Body != "x" {
			b.Errorf("operation %s was followed %d times", r.Key, len(r.Body))
		}
	}
}
