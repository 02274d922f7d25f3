package memstore

import (
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// What is kept is never changed in place, and neither side ever sees the other's memory: everything is copied on its way in and out.

func cloneOp(o *ledger.Op) *ledger.Op {
	c := *o
	c.Idents = slices.Clone(o.Idents)
	c.Postings = slices.Clone(o.Postings)
	c.Pins = slices.Clone(o.Pins)
	c.After = slices.Clone(o.After)
	c.Result = cloneResult(&o.Result)
	return &c
}

func cloneResult(r *ledger.Result) ledger.Result {
	c := *r
	c.Figs = slices.Clone(r.Figs)
	c.Vouchers = slices.Clone(r.Vouchers)
	c.IDs = slices.Clone(r.IDs)
	c.Numbers = slices.Clone(r.Numbers)
	c.Replayed = false
	return c
}

func cloneMember(m *ledger.Member) *ledger.Member {
	c := *m
	c.Outer = slices.Clone(m.Outer)
	return &c
}

func cloneHold(h *ledger.Hold) *ledger.Hold {
	c := *h
	c.Pins = slices.Clone(h.Pins)
	return &c
}

func cloneRefusal(r *ledger.Refusal) *ledger.Refusal {
	c := *r
	c.Result = cloneResult(&r.Result)
	return &c
}

// shallow copies what holds no references.
func shallow[T any](v *T) *T {
	c := *v
	return &c
}

func cloneTable(rows [][]ledger.Amount) [][]ledger.Amount {
	if rows == nil {
		return nil
	}
	c := make([][]ledger.Amount, len(rows))
	for i := range rows {
		c[i] = slices.Clone(rows[i])
	}
	return c
}

func cloneOrder(o *reverse.Order) *reverse.Order {
	c := *o
	c.Subs = slices.Clone(o.Subs)
	c.Tenders = slices.Clone(o.Tenders)
	c.Shares = cloneTable(o.Shares)
	c.Gone = slices.Clone(o.Gone)
	return &c
}

func cloneQuote(q *reverse.Quote) *reverse.Quote {
	c := *q
	c.Subs = slices.Clone(q.Subs)
	c.GiftCards = slices.Clone(q.GiftCards)
	c.Cells = cloneTable(q.Cells)
	return &c
}

func cloneReverse(r *reverse.Reverse) *reverse.Reverse {
	c := *r
	c.Channels = slices.Clone(r.Channels)
	c.GiftCards = slices.Clone(r.GiftCards)
	c.Proofs = slices.Clone(r.Proofs)
	c.History = slices.Clone(r.History)
	return &c
}

func cloneApp(a *store.App) *store.App {
	c := *a
	c.Secrets = slices.Clone(a.Secrets)
	c.Methods = slices.Clone(a.Methods)
	c.Brands = slices.Clone(a.Brands)
	return &c
}

func cloneSession(s *store.Session) *store.Session {
	c := *s
	c.Brands = slices.Clone(s.Brands)
	return &c
}

// cloneBrand copies rules by way of their text: they are deep, rarely written, and the text is known to keep them.
func cloneBrand(b *ledger.Brand) (*ledger.Brand, error) {
	text, err := store.Encode(b)
	if err != nil {
		return nil, err
	}
	return store.Decode[ledger.Brand](text)
}
