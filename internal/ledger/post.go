package ledger

import (
	"cmp"
	"slices"
)

// This file is the only one that changes lots, accounts, holds and vouchers: each change goes with the line of an operation that
// tells it, so that the projections can be rebuilt from the operations alone.

// A shelf is what is loaded of the lots of an account, by kind.
type shelf struct {
	lots   [Kinds][]*Lot
	sorted [Kinds]bool // in spending order
	edge   [Kinds]*Lot // last lot of a full first page, a copy as it was loaded; nil if the page was not full
}

// inOrder is the lots of a kind in spending order.
func (f *shelf) inOrder(k Kind) []*Lot {
	if !f.sorted[k] {
		slices.SortFunc(f.lots[k], (*Lot).before)
		f.sorted[k] = true
	}
	return f.lots[k]
}

// put adds a new lot. It keeps the order: on a busy account a charge between two spends must not mean another sort.
func (f *shelf) put(l *Lot) {
	at := len(f.lots[l.Kind])
	if f.sorted[l.Kind] {
		at, _ = slices.BinarySearchFunc(f.lots[l.Kind], l, (*Lot).before)
	}
	f.lots[l.Kind] = slices.Insert(f.lots[l.Kind], at, l)
}

// shelf returns the shelf of an account, empty if nothing of it was loaded.
func (s *State) shelf(account string) *shelf {
	f := s.shelves[account]
	if f == nil {
		f = &shelf{}
		s.shelves[account] = f
	}
	return f
}

// prepare indexes what the store loaded, once a batch.
func (s *State) prepare() {
	if s.shelves != nil {
		return
	}
	s.settled = map[string]bool{}
	s.byMember = make(map[string][]*Hold, len(s.Holds))
	for _, h := range s.Holds {
		who := s.Root(h.Member)
		s.byMember[who] = append(s.byMember[who], h)
	}
	s.shelves = make(map[string]*shelf, len(s.Accounts))
	for _, l := range s.Lots {
		f := s.shelf(l.Account)
		f.lots[l.Kind] = append(f.lots[l.Kind], l)
	}
	for account := range s.Paged {
		if !s.Complete[account] {
			s.shelf(account).frontier()
		}
	}
}

// frontier finds how far a first page reaches. It is complete as far as it goes: whatever is open before its last lot is loaded; beyond
// that nothing is known. Lots that histories led to are here too; they can only move the edge forward.
func (f *shelf) frontier() {
	for k := range f.lots {
		if len(f.lots[k]) < LotPage {
			continue
		}
		open := 0
		for _, l := range f.inOrder(Kind(k)) {
			if l.Balance == 0 {
				continue
			}
			if open++; open == LotPage {
				edge := *l
				f.edge[k] = &edge
				break
			}
		}
	}
}

// op begins an operation of a command. It counts only once book has taken it.
func (s *State) op(kind OpKind, h *Head, at *Stamp, member, shop, order string) *Op {
	return &Op{
		ID: at.NewID(), Kind: kind, At: at.At, Policy: s.Brand.Version, App: h.App, Method: h.Method,
		Member: member, Shop: shop, Order: order, Operator: h.Operator, OperatorName: h.OperatorName, Reason: h.Reason,
		Request: h.Request, Content: h.Content, Idents: h.Who.Digests,
	}
}

// own begins an operation that no caller asked for: an expiry.
func (s *State) own(kind OpKind, at *Stamp, member, order string) *Op {
	return &Op{ID: at.NewID(), Kind: kind, At: at.At, Policy: s.Brand.Version, Member: member, Order: order}
}

// book ends an operation: its balances, its place in its order's history, its result. From here on it is a fact of the batch.
func (s *State) book(o *Op, r Result) Result {
	r.Flow = o.ID
	o.Result = r
	sums := [kinds]Amount{}
	for i := range o.Postings {
		p := &o.Postings[i]
		sums[p.Kind] += p.Amount
		if p.Lot.IsZero() {
			continue
		}
		if !slices.ContainsFunc(o.After, func(b Balances) bool { return b.Account == p.Lot.Account }) {
			o.After = append(o.After, Balances{p.Lot.Account, s.account(p.Lot.Account).Balance})
		}
	}
	// Fen of every kind are one currency; points and uses balance by themselves.
	if sums[Real]+sums[Gift]+sums[Pre] != 0 || sums[Point] != 0 || sums[Use] != 0 {
		panic(errUnbalanced)
	}
	if o.Order != "" {
		o.Ordinal = len(s.Orders[o.Order]) + 1
		s.Orders[o.Order] = append(s.Orders[o.Order], o)
	}
	s.IndexOp(o)
	s.Changes.Ops = append(s.Changes.Ops, o)
	return r
}

// newLot credits a new lot.
func (s *State) newLot(o *Op, a *Account, k Kind, amount Amount, expires int64) {
	a.Lots++
	l := &Lot{LotID: LotID{a.ID, a.Lots}, Kind: k, Member: a.Member, Origin: o.ID, Expires: expires, Granted: amount}
	s.Lots[l.LotID] = l
	s.shelf(a.ID).put(l)
	a.Granted[k] += amount
	s.move(o, l, amount, ID{})
	p := &o.Postings[len(o.Postings)-1]
	p.Expires = expires
	if expires == Never {
		p.Expires = -1
	}
}

// move changes a lot's balance by a line of an operation; of names the operation that the line reverses.
func (s *State) move(o *Op, l *Lot, amount Amount, of ID) {
	a := s.account(l.Account)
	l.Balance += amount
	a.Balance[l.Kind] += amount
	a.Changed = o.At
	if l.Balance < l.Held || l.Held < 0 {
		panic("ledger: lot " + l.String() + " below zero")
	}
	switch o.Kind {
	case OpExpire:
		a.Expired[l.Kind] -= amount
	default:
		if o.Kind.Uses(l.Kind) {
			a.Used[l.Kind] -= amount
		}
	}
	if amount > 0 {
		s.came(l)
	}
	o.Postings = append(o.Postings, Posting{Lot: l.LotID, Kind: l.Kind, Amount: amount, Of: of})
	s.Changes.Lots.Add(l)
	s.Changes.Accounts.Add(a)
}

// counter adds the other side of the double entry.
func (o *Op) counter(book string, k Kind, amount Amount) {
	for i := range o.Postings {
		if p := &o.Postings[i]; p.Lot.IsZero() && p.Voucher == "" && p.Book == book && p.Kind == k {
			p.Amount += amount
			return
		}
	}
	o.Postings = append(o.Postings, Posting{Book: book, Kind: k, Amount: amount})
}

// elsewhere posts what two shops owe each other when a reversal happens at another shop than its original: there owes here.
// As on every counter account a debit (here is owed) is negative.
func (o *Op) elsewhere(here, there string, k Kind, amount Amount) {
	if here == there || here == "" || there == "" || k == Use {
		return
	}
	o.counter("intershop:"+here, k, -amount)
	o.counter("intershop:"+there, k, amount)
}

// pin changes what holds keep of a lot.
func (s *State) pin(o *Op, l *Lot, amount Amount) {
	a := s.account(l.Account)
	l.Held += amount
	a.Held[l.Kind] += amount
	a.Changed = o.At
	if l.Held < 0 || l.Held > l.Balance {
		panic("ledger: holds of lot " + l.String() + " out of range")
	}
	o.Pins = append(o.Pins, Pin{l.LotID, amount})
	if amount < 0 {
		s.came(l)
	}
	s.Changes.Lots.Add(l)
	s.Changes.Accounts.Add(a)
}

// endHold takes every pin of a hold off; what happens to the amounts is the operation's business.
func (s *State) endHold(o *Op, h *Hold) {
	for _, p := range h.Pins {
		l := s.lot(p.Lot)
		s.pin(o, l, -p.Amount)
		s.unsettle(l, o.At)
	}
	delete(s.Holds, h.HoldKey)
	who := s.Root(h.Member)
	s.byMember[who] = without(s.byMember[who], h)
	s.Changes.Holds.Remove(h)
	s.Changes.Ended = append(s.Changes.Ended, h.HoldKey)
}

// openHold adds a new hold, whose pins are in its operation; again says that the number was held before.
func (s *State) openHold(h *Hold, again bool) {
	s.Holds[h.HoldKey] = h
	s.Changes.Holds.Add(h)
	if again {
		s.Changes.Ended = without(s.Changes.Ended, h.HoldKey)
	}
}

// unsettle notes that something of a lot fell due by a command of this batch.
func (s *State) unsettle(l *Lot, at int64) {
	if l.Due(at) {
		s.settled[s.Root(l.Member)] = false
		s.unsettled = append(s.unsettled, l.Member)
	}
}

// use changes the uses left of a voucher.
func (s *State) use(o *Op, v *Voucher, n Amount, of ID) {
	v.Left += n
	if v.Left < 0 {
		panic("ledger: voucher " + v.ID + " below zero uses")
	}
	o.Postings = append(o.Postings, Posting{Voucher: v.ID, Kind: Use, Amount: n, Of: of})
	s.Changes.Vouchers.Add(v)
	s.Leave(v)
}

// Settle expires what is due of a member at the stamp: holds first, for what they pinned may then be due too; every expiry is an
// operation of its own, written before the command that met it (semantics.md §3, clock).
func (s *State) Settle(member string, at *Stamp) {
	member = s.Root(member)
	if s.settled[member] {
		return
	}
	var due []*Hold
	for _, h := range s.byMember[member] {
		if at.At >= h.Deadline {
			due = append(due, h)
		}
	}
	slices.SortFunc(due, func(a, b *Hold) int { return compareHolds(a.HoldKey, b.HoldKey) })
	for _, h := range due {
		o := s.own(OpHoldExpire, at, member, h.Order)
		s.endHold(o, h)
		s.book(o, Result{})
	}
	s.settled[member] = true
	s.lapse(member, at)
	s.repay(at) // out of what came free, before the command that met it can spend it
}

// lapse expires what is due of a member's lots.
func (s *State) lapse(member string, at *Stamp) {
	var lots []*Lot
	for _, id := range s.AccountsOf(member) {
		f := s.shelves[id]
		if f == nil {
			continue
		}
		for _, kind := range f.lots {
			for _, l := range kind {
				if l.Due(at.At) {
					lots = append(lots, l)
				}
			}
		}
	}
	if len(lots) == 0 {
		return
	}
	slices.SortFunc(lots, func(a, b *Lot) int { return a.LotID.compare(b.LotID) })
	o := s.own(OpExpire, at, member, "")
	for _, l := range lots {
		n := l.Free()
		s.move(o, l, -n, ID{})
		o.counter("breakage", l.Kind, n)
	}
	s.book(o, Result{})
}

// settleOrder settles everybody who has lots in the history of a number: a hold that timed out must be seen as ended, and what a
// reversal puts back must not meet what is due already.
func (s *State) settleOrder(order string, at *Stamp) {
	for _, o := range s.Orders[order] {
		for i := range o.Postings {
			if id := o.Postings[i].Lot; !id.IsZero() {
				s.Settle(s.lot(id).Member, at)
			}
		}
		for _, p := range o.Pins {
			s.Settle(s.lot(p.Lot).Member, at)
		}
	}
}

// pick chooses what of accounts' lots a spend takes, in the brand's deduction order: within a kind the earliest deadline first, then
// the oldest. The accounts must be settled and hold enough. ok is false when the loaded page does not reach; State.need then says so.
func (s *State) pick(accounts []*Account, f Family, amount Amount) (pins []Pin, ok bool) {
	var share [Kinds]Amount
	order := []Kind{Real, Pre, Gift}
	switch {
	case f == Points:
		order = []Kind{Point}
	case s.Brand.Policy.Deduction == GiftFirst:
		order = []Kind{Gift, Real, Pre}
	}
	if f == Value && s.Brand.Policy.Deduction == Proportional {
		// Cumulative floors: the shares add up to the amount, and none is above what is there.
		total, before, given := available(accounts, f), Amount(0), Amount(0)
		for _, k := range order {
			before += free(accounts, k)
			upTo := MulDiv(amount, before, total)
			share[k], given = upTo-given, upTo
		}
	} else {
		left := amount
		for _, k := range order {
			share[k] = min(left, free(accounts, k))
			left -= share[k]
		}
	}
	for _, k := range order {
		got, ok := s.take(accounts, k, share[k], nil)
		if !ok {
			return nil, false
		}
		pins = append(pins, got...)
	}
	return pins, true
}

// take chooses amounts of one kind in spending order, leaving the excepted lot alone.
func (s *State) take(accounts []*Account, k Kind, amount Amount, except *Lot) (pins []Pin, ok bool) {
	if amount == 0 {
		return nil, true
	}
	if len(accounts) > 1 {
		return s.takeJoint(accounts, k, amount, except)
	}
	a := accounts[0]
	if !s.Complete[a.ID] && !s.Paged[a.ID] { // only lots that histories led to are here
		s.need = &ErrNeedLots{a.Member}
		return nil, false
	}
	f := s.shelf(a.ID)
	edge := f.edge[k]
	for _, l := range f.inOrder(k) {
		if edge != nil && l.before(edge) > 0 {
			break
		}
		if l.Free() == 0 || l == except {
			continue
		}
		n := min(amount, l.Free())
		pins = append(pins, Pin{l.LotID, n})
		if amount -= n; amount == 0 {
			return pins, true
		}
	}
	s.need = &ErrNeedLots{a.Member}
	return nil, false
}

// takeJoint is take over several accounts, of which all open lots must be here.
func (s *State) takeJoint(accounts []*Account, k Kind, amount Amount, except *Lot) (pins []Pin, ok bool) {
	var lots []*Lot
	for _, a := range accounts {
		if !s.Complete[a.ID] {
			s.need = &ErrNeedLots{a.Member}
			return nil, false
		}
		lots = append(lots, s.shelf(a.ID).lots[k]...)
	}
	slices.SortFunc(lots, func(l, m *Lot) int { return cmp.Or(l.before(m), l.LotID.compare(m.LotID)) })
	for _, l := range lots {
		if l.Free() == 0 || l == except {
			continue
		}
		n := min(amount, l.Free())
		pins = append(pins, Pin{l.LotID, n})
		if amount -= n; amount == 0 {
			break
		}
	}
	return pins, true
}

func (l LotID) compare(m LotID) int {
	switch {
	case l.Account < m.Account:
		return -1
	case l.Account > m.Account:
		return 1
	case l.N < m.N:
		return -1
	case l.N > m.N:
		return 1
	}
	return 0
}

func compareHolds(a, b HoldKey) int {
	switch {
	case a.Order < b.Order:
		return -1
	case a.Order > b.Order:
		return 1
	}
	return int(a.Family) - int(b.Family)
}
