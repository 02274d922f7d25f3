package memstore

import (
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// loader fills a state by following keys one at a time: slow, and plain enough to judge other stores by.
type loader struct {
	*books
	s      *reverse.State
	at     int64
	seen   map[string]bool // members followed
	orders map[string]bool // business numbers followed
}

func (b *books) load(keys *reverse.Keys, at int64) *reverse.State {
	l := &loader{books: b, s: reverse.NewState(b.rules), at: at, seen: map[string]bool{}, orders: map[string]bool{}}
	l.s.Printer = store.Printer{Pepper: b.rules.Pepper, Serial: b.rules.Serial}
	for d := range keys.Requests {
		if o := b.requests[d]; o != nil {
			l.s.IndexOp(clone(o))
		}
		if r := b.refusals[d]; r != nil && at < r.Until {
			l.s.Refusals[d] = clone(r)
		}
	}
	for d := range keys.Refunds {
		if o := b.refunds[d]; o != nil {
			l.s.IndexOp(clone(o))
		}
	}
	l.wdk(keys)
	for no := range keys.Orders {
		l.order(no)
	}
	for id := range keys.Idents {
		l.ident(id)
	}
	for id := range keys.Vouchers {
		l.voucher(id)
	}
	for id := range keys.Spends {
		l.pages(l.person(id), ledger.LotPage)
	}
	for id := range keys.AllLots {
		l.pages(l.person(id), 0)
	}
	for id := range keys.Wallets {
		for _, member := range l.person(id) {
			l.wallet(member)
		}
	}
	for app := range keys.TombApps {
		numbers := map[string]bool{}
		for _, t := range b.tombs {
			if t.App == app && at < t.Until && !numbers[t.Order] {
				numbers[t.Order] = true
				l.s.TombCount[app]++
			}
		}
	}
	return l.s
}

// wdk loads WDK orders by any of their numbers, with every reverse.
func (l *loader) wdk(keys *reverse.Keys) {
	mains := map[int64]bool{}
	for no := range keys.Subs {
		mains[no] = true
		if main, ok := l.subs[no]; ok {
			mains[main] = true
		}
	}
	for out := range keys.Outs {
		if main, ok := l.outs[out]; ok {
			mains[main] = true
		}
	}
	if len(keys.OutSubs) > 0 {
		for main, o := range l.wdkOrders {
			for i := range o.Subs {
				if _, ok := keys.OutSubs[o.Subs[i].Out]; ok && o.Subs[i].Out != "" {
					mains[main] = true
				}
			}
		}
	}
	for token := range keys.Quotes {
		if q := l.quotes[token]; q != nil {
			l.s.Quotes[token] = clone(q)
			mains[q.Main] = true
			l.cards(q.GiftCards)
		}
	}
	for id := range keys.Reverses {
		if r := l.reverses[id]; r != nil {
			mains[r.Main] = true
		}
	}
	for name := range keys.Stores {
		for _, q := range l.quotes {
			if q.Store == name && !q.Bound && (q.Until == ledger.Never || l.at < q.Until) {
				l.s.LiveQuotes[name]++
			}
		}
	}
	for _, main := range sorted(mains) { // of two sub-orders with one outer number, the newer order's counts
		o := l.wdkOrders[main]
		if o == nil {
			continue
		}
		l.s.PutOrder(clone(o))
		for i := range o.Subs {
			for _, op := range l.histories[ledger.SoldIn(o.Subs[i].No)] {
				l.member(op.Member)
			}
		}
		for i := range o.Tenders {
			if t := &o.Tenders[i]; t.Asset() {
				l.order(t.Order)
				if t.Card != "" {
					l.cards([]string{t.Card})
				}
			}
		}
		for id, r := range l.reverses {
			if r.Main == main {
				l.s.Reverses[id] = clone(r)
				l.cards(r.GiftCards)
			}
		}
	}
}

// cards loads the bearers of gift cards.
func (l *loader) cards(nos []string) {
	for _, card := range nos {
		l.ident(ledger.Ident{Type: ledger.ByCard, Text: card})
	}
}

// order loads the history of a business number with all it touched.
func (l *loader) order(no string) {
	if no == "" || l.orders[no] {
		return
	}
	l.orders[no] = true
	for _, o := range l.histories[no] {
		l.s.PutOp(clone(o))
		l.member(o.Member)
		for i := range o.Postings {
			l.lot(o.Postings[i].Lot)
			l.voucher(o.Postings[i].Voucher)
			l.order(o.Postings[i].Debt())
		}
		l.pins(o.Pins)
	}
	for f := range ledger.Families {
		l.hold(l.holds[ledger.HoldKey{Order: no, Family: f}])
	}
	for k, t := range l.tombs {
		if k.Order == no && l.at < t.Until {
			l.s.Tombs[k] = clone(t)
		}
	}
}

func (l *loader) hold(h *ledger.Hold) {
	if h == nil || l.s.Holds[h.HoldKey] != nil {
		return
	}
	l.s.Holds[h.HoldKey] = clone(h)
	l.pins(h.Pins)
	l.member(h.Member)
}

func (l *loader) pins(pins []ledger.Pin) {
	for _, p := range pins {
		l.lot(p.Lot)
	}
}

func (l *loader) lot(id ledger.LotID) {
	x := l.lots[id]
	if x == nil || l.s.Lots[id] != nil {
		return
	}
	l.s.Lots[id] = clone(x)
	l.member(x.Member)
}

func (l *loader) voucher(id string) {
	v := l.vouchers[id]
	if v == nil || l.s.Vouchers[id] != nil {
		return
	}
	l.s.Vouchers[id] = clone(v)
	l.member(v.Member)
}

// ident finds the member of an identifier and loads it. It answers the member's id, or "".
func (l *loader) ident(id ledger.Ident) string {
	m := l.member(l.named(id))
	if m != "" {
		l.s.Idents[id] = m
	}
	return m
}

// person loads whom an identifier names, and answers the ids of all that were merged into one.
func (l *loader) person(id ledger.Ident) []string {
	if l.ident(id) == "" {
		return nil
	}
	return l.s.Group(l.s.Named(id))
}

// named is the id of the member that an identifier names, or "".
func (b *books) named(id ledger.Ident) string {
	switch id.Type {
	case ledger.ByCustomer:
		return id.Text
	case ledger.ByCard:
		if a := b.accounts[b.cards[id.Text]]; a != nil {
			return a.Member
		}
		return ""
	case ledger.ByMobile, ledger.ByOuter:
	}
	return b.idents[id]
}

// member loads a member with its accounts, and what is due of it. It answers the id, or "" for nobody.
func (l *loader) member(id string) string {
	m := l.members[id]
	if m == nil {
		return ""
	}
	if l.seen[id] {
		return id
	}
	l.seen[id] = true
	l.s.PutMember(clone(m))
	for _, one := range append([]string{m.Into}, m.From...) { // who is one person is loaded together
		l.member(one)
	}
	for _, account := range l.purses[id] {
		l.s.PutAccount(clone(l.accounts[account]))
		for lot := range l.open[account] {
			if l.lots[lot].Due(l.at) {
				l.lot(lot)
			}
		}
	}
	for _, h := range l.holds {
		if h.Member == id && l.at >= h.Deadline {
			l.hold(h)
			l.order(h.Order) // its end is in that history
		}
	}
	return id
}

// pages loads the first open lots per account and kind in spending order; limit 0 loads all. What is due is loaded anyway and does
// not count.
func (l *loader) pages(members []string, limit int) {
	var accounts []string
	for _, member := range members {
		accounts = append(accounts, l.purses[member]...)
	}
	for _, account := range accounts {
		var perKind [ledger.Kinds][]*ledger.Lot
		for id := range l.open[account] {
			if x := l.lots[id]; !x.Due(l.at) {
				perKind[x.Kind] = append(perKind[x.Kind], x)
			}
		}
		complete := true
		for _, open := range perKind {
			slices.SortFunc(open, store.SpendingOrder)
			if limit > 0 && len(open) > limit {
				open, complete = open[:limit], false
			}
			for _, x := range open {
				l.lot(x.LotID)
			}
		}
		l.s.Paged[account] = true
		if complete {
			l.s.Complete[account] = true
		}
	}
}

// wallet loads all that a member can show: open lots, vouchers, open holds.
func (l *loader) wallet(member string) {
	l.pages([]string{member}, 0)
	for id, v := range l.vouchers {
		if v.Member == member {
			l.voucher(id)
		}
	}
	for _, h := range l.holds {
		if h.Member == member {
			l.hold(h)
		}
	}
}
