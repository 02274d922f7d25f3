package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

func directory(b *bench) {
	ctx := b.Context()
	snapshot := func() *store.Snapshot {
		b.Helper()
		snap, err := b.s.Snapshot(ctx)
		b.check(err)
		revision, err := b.s.Revision(ctx)
		b.check(err)
		b.equal("revision", snap.Revision, revision)
		return snap
	}
	before := snapshot().Revision
	moved := func(what string) {
		b.Helper()
		now := snapshot().Revision
		if now == before {
			b.Errorf("%s left the revision at %d", what, now)
		}
		before = now
	}

	brand, app, session := &ledger.Brand{}, &store.App{}, &store.Session{}
	Fill(brand, 1)
	Fill(app, 2)
	Fill(session, 3)
	brand.Version, brand.Serial = 0, 0
	b.check(b.s.PutBrand(ctx, brand, store.Author{}))
	moved("PutBrand")
	b.equal("version", brand.Version, int64(1))
	b.equal("serial", brand.Serial, int64(3))
	b.check(b.s.PutApp(ctx, app, store.Author{}))
	moved("PutApp")
	b.check(b.s.PutSession(ctx, session, store.Author{}))
	moved("PutSession")
	snap := snapshot()
	b.equal("brand", find(snap.Brands, func(v *ledger.Brand) bool { return v.ID == brand.ID }), brand)
	b.equal("app", snap.Apps, []*store.App{app})
	b.equal("session", snap.Sessions, []*store.Session{session})
	b.equal("rules in a batch", b.load(brand.ID, noon).Brand, brand)

	// A version is published once.
	first, late := *brand, *brand
	brand.Name = "new"
	b.check(b.s.PutBrand(ctx, brand, store.Author{}))
	moved("PutBrand")
	b.equal("version", brand.Version, int64(2))
	b.equal("published", collect(b, b.s.Rules(ctx, brand.ID)), []*ledger.Brand{&first, brand})
	if err := b.s.PutBrand(ctx, &late, store.Author{}); !errors.Is(err, store.ErrRetry) {
		b.Errorf("an old version: %v, want ErrRetry", err)
	}
	if err := b.s.PutBrand(ctx, &ledger.Brand{ID: brand.ID}, store.Author{}); !errors.Is(err, store.ErrRetry) {
		b.Errorf("a brand that exists: %v, want ErrRetry", err)
	}
	if err := b.s.PutBrand(ctx, &ledger.Brand{ID: "b9", Version: 3}, store.Author{}); !errors.Is(err, store.ErrNoBrand) {
		b.Errorf("a version of no brand: %v, want ErrNoBrand", err)
	}
	got := b.load(brand.ID, noon).Brand
	b.equal("new rules in a batch", got, brand)

	app.Secrets, app.Disabled = []string{"s3"}, false
	b.check(b.s.PutApp(ctx, app, store.Author{}))
	moved("PutApp")
	b.check(b.s.DeleteSession(ctx, session.Digest, store.Author{}))
	moved("DeleteSession")
	b.check(b.s.DeleteSession(ctx, "none", store.Author{}))
	snap = snapshot()
	b.equal("app changed", snap.Apps, []*store.App{app})
	b.equal("no session", len(snap.Sessions), 0)

	var none store.ClockWord
	word, err := b.s.ClockWord(ctx)
	b.check(err)
	b.equal("no word", word, none)
	for n := range int64(2) {
		said := store.ClockWord{At: noon + n, Head: n}
		b.check(b.s.SayClock(ctx, &said, store.Author{By: "小王", Why: "时钟已校准"}))
		moved("SayClock")
		b.equal("who said it", said.By+said.Why, "小王时钟已校准")
		word, err = b.s.ClockWord(ctx)
		b.check(err)
		b.equal("word", word, said)
	}

	snap.Brands[0].Name, snap.Apps[0].Secrets[0] = "spoilt", "spoilt"
	b.equal("not spoilt", snapshot().Apps, []*store.App{app})
	if wrong, err := b.s.Integrity(ctx); wrong != nil || err != nil {
		b.Error(wrong, err)
	}
}

func find[T any](list []*T, is func(*T) bool) *T {
	for _, v := range list {
		if is(v) {
			return v
		}
	}
	return nil
}

// auditOrder writes in an order that is not the streams'.
func auditOrder(b *bench) {
	b.write("b1", noon, func(d *draft) {
		for _, id := range []string{"m2", "m10", "m1"} {
			d.person(id)
			for _, n := range []int64{10, 2, 1} {
				d.lot(id+"-1", n, ledger.Real, noon-n, 10, 0)
			}
			d.voucher("v-"+id, id)
		}
		for _, no := range []string{"B", "A"} {
			for _, f := range []ledger.Family{ledger.Points, ledger.Value} {
				d.hold(no, f, "m1-1", noon)
			}
		}
		for _, main := range []int64{3000, 20000, 1000} {
			d.wdk(main, string('W'+rune(main%7)), "m1")
			d.reverse(main+5, main)
			d.quote(fmt.Sprint("q", main), main, "s1", noon+main, main == 1000)
		}
		for _, n := range []byte{0xfe, 3, 0x80} { // the second is over as it is written
			d.Changes.Refusals = append(d.Changes.Refusals, &ledger.Refusal{Request: digest(n), Until: noon + int64(n) - 3})
		}
		for _, charge := range []bool{true, false} {
			for _, k := range []ledger.TombKey{{Order: "B", App: "1"}, {Order: "A", App: "2"}, {Order: "A", App: "10", Family: ledger.Points}, {Order: "A", App: "10"}} {
				k.Charge = charge
				t := &ledger.Tombstone{TombKey: k, Until: noon - 1}
				d.Tombs[k] = t
				d.Changes.Tombs = append(d.Changes.Tombs, t)
			}
		}
		d.op("", "m1")
	})
	got := b.books("b1")
	for _, tt := range []struct {
		name string
		got  []any
		want []any
	}{
		{"members", each(got.Members, func(m *ledger.Member) any { return m.ID }), []any{"m1", "m10", "m2"}},
		{"accounts", each(got.Accounts, func(a *ledger.Account) any { return a.ID }), []any{"m1-1", "m1-p", "m10-1", "m10-p", "m2-1", "m2-p"}},
		{
			"lots", each(got.Lots, func(l *ledger.Lot) any { return l.LotID.String() }),
			[]any{"m1-1#1", "m1-1#2", "m1-1#10", "m10-1#1", "m10-1#2", "m10-1#10", "m2-1#1", "m2-1#2", "m2-1#10"},
		},
		{"holds", each(got.Holds, func(h *ledger.Hold) any { return h.Order + h.Family.String() }), []any{"Avalue", "Apoint", "Bvalue", "Bpoint"}},
		{"vouchers", each(got.Vouchers, func(v *ledger.Voucher) any { return v.ID }), []any{"v-m1", "v-m10", "v-m2"}},
		{"orders", each(got.Orders, func(o *reverse.Order) any { return o.Main }), []any{int64(1000), int64(3000), int64(20000)}},
		{"reverses", each(got.Reverses, func(r *reverse.Reverse) any { return r.ID }), []any{int64(1005), int64(3005), int64(20005)}},
		{"refusals", each(got.Refusals, func(r *ledger.Refusal) any { return r.Request[15] }), []any{byte(3), byte(0x80), byte(0xfe)}},
		{
			"tombstones", each(got.Tombs, func(t *ledger.Tombstone) any { return fmt.Sprintf("%s/%s/%s/%t", t.Order, t.App, t.Family, t.Charge) }),
			[]any{
				"A/10/value/false", "A/10/value/true", "A/10/point/false", "A/10/point/true", "A/2/value/false", "A/2/value/true",
				"B/1/value/false", "B/1/value/true",
			},
		},
		{"quotes", each(got.Quotes, func(q *reverse.Quote) any { return q.Token }), []any{"q1000", "q20000", "q3000"}},
	} {
		b.equal(tt.name, tt.got, tt.want)
	}
	for range b.s.Lots(b.Context(), "b1") {
		break // a reader may stop early
	}
	for range b.s.Rules(b.Context(), "b1") {
		break
	}
	unknown(b, "refusals", b.s.Refusals(b.Context(), "b3"))
	unknown(b, "tombstones", b.s.Tombs(b.Context(), "b3"))
	unknown(b, "quotes", b.s.Quotes(b.Context(), "b3"))
	unknown(b, "rules", b.s.Rules(b.Context(), "b3"))
	cancelled, cancel := context.WithCancel(b.Context())
	cancel()
	for _, err := range b.s.Ops(cancelled, "b3", 0) {
		if err == nil {
			b.Error("an unknown brand has operations")
		}
	}
	b.write("b1", noon, func(d *draft) { d.op("", "m1") })
}

func each[T any](list []T, key func(T) any) (keys []any) {
	for _, v := range list {
		keys = append(keys, key(v))
	}
	return keys
}

// unknown reads a stream of a brand that is not there.
func unknown[T any](b *bench, what string, seq iter.Seq2[T, error]) {
	b.Helper()
	n := 0
	for _, err := range seq {
		if n++; n > 1 || !errors.Is(err, store.ErrNoBrand) {
			b.Errorf("%s of an unknown brand: %v, want ErrNoBrand alone", what, err)
		}
	}
	b.equal(what+" of an unknown brand", n, 1)
}
