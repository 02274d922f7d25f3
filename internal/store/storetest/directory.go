package storetest

import (
	"context"
	"errors"

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
	b.check(b.s.PutBrand(ctx, brand))
	moved("PutBrand")
	b.equal("version", brand.Version, int64(1))
	b.equal("serial", brand.Serial, int64(3))
	b.check(b.s.PutApp(ctx, app))
	moved("PutApp")
	b.check(b.s.PutSession(ctx, session))
	moved("PutSession")
	snap := snapshot()
	b.equal("brand", find(snap.Brands, func(v *ledger.Brand) bool { return v.ID == brand.ID }), brand)
	b.equal("app", snap.Apps, []*store.App{app})
	b.equal("session", snap.Sessions, []*store.Session{session})
	b.equal("rules in a batch", b.load(brand.ID, noon).Brand, brand)

	// A version is published once.
	late := *brand
	brand.Name = "new"
	b.check(b.s.PutBrand(ctx, brand))
	moved("PutBrand")
	b.equal("version", brand.Version, int64(2))
	if err := b.s.PutBrand(ctx, &late); !errors.Is(err, store.ErrRetry) {
		b.Errorf("an old version: %v, want ErrRetry", err)
	}
	if err := b.s.PutBrand(ctx, &ledger.Brand{ID: brand.ID}); !errors.Is(err, store.ErrRetry) {
		b.Errorf("a brand that exists: %v, want ErrRetry", err)
	}
	if err := b.s.PutBrand(ctx, &ledger.Brand{ID: "b9", Version: 3}); !errors.Is(err, store.ErrNoBrand) {
		b.Errorf("a version of no brand: %v, want ErrNoBrand", err)
	}
	got := b.load(brand.ID, noon).Brand
	b.equal("new rules in a batch", got, brand)

	app.Secrets, app.Disabled = []string{"s3"}, false
	b.check(b.s.PutApp(ctx, app))
	moved("PutApp")
	b.check(b.s.DeleteSession(ctx, session.Token))
	moved("DeleteSession")
	b.check(b.s.DeleteSession(ctx, "none"))
	snap = snapshot()
	b.equal("app changed", snap.Apps, []*store.App{app})
	b.equal("no session", len(snap.Sessions), 0)

	snap.Brands[0].Name, snap.Apps[0].Secrets[0] = "spoilt", "spoilt"
	b.equal("not spoilt", snapshot().Apps, []*store.App{app})
	b.check(b.s.Integrity(ctx))
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
		}
		d.op("", "m1")
	})
	got := b.books("b1")
	ids := func(list any) (out []any) {
		switch list := list.(type) {
		case []*ledger.Member:
			for _, v := range list {
				out = append(out, v.ID)
			}
		case []*ledger.Account:
			for _, v := range list {
				out = append(out, v.ID)
			}
		case []*ledger.Lot:
			for _, v := range list {
				out = append(out, v.LotID.String())
			}
		case []*ledger.Hold:
			for _, v := range list {
				out = append(out, v.Order+v.Family.String())
			}
		case []*ledger.Voucher:
			for _, v := range list {
				out = append(out, v.ID)
			}
		case []*reverse.Order:
			for _, v := range list {
				out = append(out, v.Main)
			}
		case []*reverse.Reverse:
			for _, v := range list {
				out = append(out, v.ID)
			}
		}
		return out
	}
	for _, tt := range []struct {
		name string
		list any
		want []any
	}{
		{"members", got.Members, []any{"m1", "m10", "m2"}},
		{"accounts", got.Accounts, []any{"m1-1", "m1-p", "m10-1", "m10-p", "m2-1", "m2-p"}},
		{"lots", got.Lots, []any{"m1-1#1", "m1-1#2", "m1-1#10", "m10-1#1", "m10-1#2", "m10-1#10", "m2-1#1", "m2-1#2", "m2-1#10"}},
		{"holds", got.Holds, []any{"Avalue", "Apoint", "Bvalue", "Bpoint"}},
		{"vouchers", got.Vouchers, []any{"v-m1", "v-m10", "v-m2"}},
		{"orders", got.Orders, []any{int64(1000), int64(3000), int64(20000)}},
		{"reverses", got.Reverses, []any{int64(1005), int64(3005), int64(20005)}},
	} {
		b.equal(tt.name, ids(tt.list), tt.want)
	}
	for range b.s.Lots(b.Context(), "b1") {
		break // a reader may stop early
	}
	cancelled, cancel := context.WithCancel(b.Context())
	cancel()
	for _, err := range b.s.Ops(cancelled, "b3", 0) {
		if err == nil {
			b.Error("an unknown brand has operations")
		}
	}
	b.write("b1", noon, func(d *draft) { d.op("", "m1") })
}
