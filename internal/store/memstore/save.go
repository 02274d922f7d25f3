package memstore

import (
	"fmt"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// save checks a state's changes against the books, hands out sequence numbers and copies what is to be written. The function it
// returns writes it; between the two the writer's token keeps everybody else out.
func (b *books) save(s *reverse.State, at int64) (commit func(), err error) {
	head := b.head
	head.At = at
	ops := make([]*ledger.Op, len(s.Changes.Ops))
	bodies := make([][]byte, len(ops))
	for i, o := range s.Changes.Ops {
		head.Last++
		o.Seq = head.Last
		ops[i] = clone(o)
		ops[i].Result.Replayed = false // which is not stored
		bodies[i] = store.AppendOp(nil, o)
	}
	if err := b.unique(s, ops); err != nil {
		return nil, err
	}
	if len(ops) > 0 {
		head.Hash = store.ChainHash(head.Hash, bodies...)
	}
	write := b.copied(s)
	return func() {
		b.head = head
		for _, o := range ops {
			b.putOp(o)
		}
		if len(ops) > 0 {
			b.links = append(b.links, head)
		}
		write()
	}, nil
}

// unique finds what a database's unique keys would refuse.
func (b *books) unique(s *reverse.State, ops []*ledger.Op) error {
	requests, refunds := map[ledger.Digest]bool{}, map[ledger.Digest]bool{}
	ids, ordinals := map[ledger.ID]bool{}, map[string]int{} // the greatest place of each history
	for _, o := range ops {
		switch {
		case b.ids[o.ID] || ids[o.ID]:
			return taken("operation", o.ID)
		case !o.Request.IsZero() && (b.requests[o.Request] != nil || requests[o.Request]):
			return taken("request", o.Request)
		case !o.Refund.IsZero() && (b.refunds[o.Refund] != nil || refunds[o.Refund]):
			return taken("refund", o.Refund)
		}
		ids[o.ID], requests[o.Request], refunds[o.Refund] = true, true, true
		if o.Order != "" {
			if _, ok := ordinals[o.Order]; !ok {
				if h := b.histories[o.Order]; len(h) > 0 {
					ordinals[o.Order] = h[len(h)-1].Ordinal
				}
			}
			if o.Ordinal <= ordinals[o.Order] {
				return taken("place in the history of", o.Order)
			}
			ordinals[o.Order] = o.Ordinal
		}
	}
	free := map[ledger.Ident]bool{}
	for _, id := range s.Changes.Unbound {
		free[id] = true
	}
	for _, id := range s.Changes.Idents.List {
		if b.idents[id] != "" && !free[id] {
			return taken("identifier", id.Text)
		}
	}
	for _, a := range s.Changes.Accounts.List {
		if have := b.accounts[a.ID]; have != nil && have.Member != a.Member {
			return taken("account", a.ID)
		}
		if have := b.cards[a.Card]; a.Card != "" && have != "" && have != a.ID {
			return taken("card", a.Card)
		}
	}
	for _, o := range s.Wdk.Orders.List {
		if have, ok := b.outs[o.Out]; ok && have != o.Main {
			return taken("order", o.Out)
		}
		for i := range o.Subs {
			if have, ok := b.subs[o.Subs[i].No]; ok && have != o.Main {
				return taken("sub-order", o.Subs[i].No)
			}
		}
	}
	return nil
}

func taken(what string, key any) error {
	return fmt.Errorf("%w: %s %v is taken", store.ErrRetry, what, key)
}

// copied copies what a batch changed besides its operations, in the order in which the function it returns puts the copies in place.
func (b *books) copied(s *reverse.State) func() {
	c := &s.Changes
	var writes []func()
	later(&writes, c.Members.List, func(m *ledger.Member) { b.members[m.ID] = m })
	for _, id := range c.Unbound {
		writes = append(writes, func() { delete(b.idents, id) })
	}
	for _, id := range c.Idents.List {
		member := s.Idents[id]
		writes = append(writes, func() { b.idents[id] = member })
	}
	later(&writes, c.Accounts.List, b.putAccount)
	later(&writes, c.Lots.List, b.putLot)
	for _, k := range c.Ended {
		writes = append(writes, func() { delete(b.holds, k) })
	}
	later(&writes, c.Holds.List, func(h *ledger.Hold) { b.holds[h.HoldKey] = h })
	later(&writes, c.Vouchers.List, func(v *ledger.Voucher) { b.vouchers[v.ID] = v })
	later(&writes, c.Refusals, func(r *ledger.Refusal) { b.refusals[r.Request] = r })
	later(&writes, c.Tombs, func(t *ledger.Tombstone) { b.tombs[t.TombKey] = t })
	for _, k := range c.TombsLifted {
		if s.Tombs[k] == nil { // else planted again
			writes = append(writes, func() { delete(b.tombs, k) })
		}
	}
	later(&writes, s.Wdk.Orders.List, b.putOrder)
	later(&writes, s.Wdk.Quotes.List, func(q *reverse.Quote) { b.quotes[q.Token] = q })
	later(&writes, s.Wdk.Reverses.List, func(r *reverse.Reverse) { b.reverses[r.ID] = r })
	return func() {
		for _, write := range writes {
			write()
		}
	}
}

// later copies things now and puts the copies when the batch commits.
func later[T any](writes *[]func(), list []*T, put func(*T)) {
	for _, v := range list {
		c := clone(v)
		*writes = append(*writes, func() { put(c) })
	}
}

func (b *books) putOp(o *ledger.Op) {
	b.ops = append(b.ops, o)
	b.ids[o.ID] = true
	if !o.Request.IsZero() {
		b.requests[o.Request] = o
	}
	if !o.Refund.IsZero() {
		b.refunds[o.Refund] = o
	}
	if o.Order != "" {
		b.histories[o.Order] = append(b.histories[o.Order], o)
	}
}

func (b *books) putOrder(o *reverse.Order) {
	b.wdkOrders[o.Main] = o
	b.outs[o.Out] = o.Main
	for i := range o.Subs {
		b.subs[o.Subs[i].No] = o.Main
	}
}

func (b *books) putAccount(a *ledger.Account) {
	if a.Card != "" {
		b.cards[a.Card] = a.ID
	}
	b.accounts[a.ID] = a
	if p := b.purses[a.Member]; !slices.Contains(p, a.ID) {
		b.purses[a.Member] = slices.SortedFunc(slices.Values(append(p, a.ID)), func(x, y string) int {
			return store.PurseOrder(b.accounts[x], b.accounts[y])
		})
	}
}

func (b *books) putLot(l *ledger.Lot) {
	b.lots[l.LotID] = l
	open := b.open[l.Account]
	switch {
	case l.Free() <= 0:
		delete(open, l.LotID)
	case open == nil:
		b.open[l.Account] = map[ledger.LotID]bool{l.LotID: true}
	default:
		open[l.LotID] = true
	}
}
