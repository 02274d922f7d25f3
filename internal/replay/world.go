package replay

import (
	"slices"
	"strings"

	"recoup/internal/ledger"
)

// A world is the state of some members, made from operations in order.
type world struct {
	members  map[string]*ledger.Member
	accounts map[string]*ledger.Account
	purses   map[string][]string // accounts of a member
	lots     map[ledger.LotID]*ledger.Lot
	open     map[string]map[ledger.LotID]*ledger.Lot // lots with a balance, by account
	holds    map[ledger.HoldKey]*ledger.Hold
	vouchers map[string]*ledger.Voucher
	orders   map[string][]*ledger.Op // histories of the numbers that are wanted
}

func newWorld() *world {
	return &world{
		members: map[string]*ledger.Member{}, accounts: map[string]*ledger.Account{}, purses: map[string][]string{}, lots: map[ledger.LotID]*ledger.Lot{},
		open: map[string]map[ledger.LotID]*ledger.Lot{}, holds: map[ledger.HoldKey]*ledger.Hold{}, vouchers: map[string]*ledger.Voucher{}, orders: map[string][]*ledger.Op{},
	}
}

// putAccount adds an account as it was opened: nothing in it yet.
func (w *world) putAccount(a *ledger.Account) {
	w.accounts[a.ID] = &ledger.Account{ID: a.ID, Card: a.Card, Member: a.Member, Type: a.Type, SoldIn: a.SoldIn, Created: a.Created}
	w.purses[a.Member] = append(w.purses[a.Member], a.ID)
	w.open[a.ID] = map[ledger.LotID]*ledger.Lot{}
}

// wants reports whether the history of a number is kept.
func (w *world) wants(order string) bool {
	if _, ok := w.orders[order]; ok {
		return true
	}
	return strings.HasPrefix(order, ledger.DebtPrefix)
}

// apply makes what an operation says so, as far as it is about accounts of this world.
func (w *world) apply(o *ledger.Op) {
	for i := range o.Postings {
		p := &o.Postings[i]
		switch {
		case p.Voucher != "":
			if v := w.vouchers[p.Voucher]; v != nil {
				v.Left += p.Amount
			}
		case !p.Lot.IsZero():
			w.move(o, p)
		default:
			if a := w.accounts[p.Owes()]; a != nil {
				a.Owed -= p.Amount
			}
		}
	}
	w.pin(o)
	w.merge(o)
	if o.Order != "" && w.wants(o.Order) {
		w.orders[o.Order] = append(w.orders[o.Order], o)
	}
}

func (w *world) move(o *ledger.Op, p *ledger.Posting) {
	a := w.accounts[p.Lot.Account]
	if a == nil {
		return
	}
	l := w.lots[p.Lot]
	if l == nil {
		l = &ledger.Lot{LotID: p.Lot, Kind: p.Kind, Member: a.Member, Origin: o.ID, Granted: p.Amount}
		w.lots[p.Lot] = l
		a.Lots = max(a.Lots, p.Lot.N)
		a.Granted[p.Kind] += p.Amount
	}
	if p.Expires != 0 {
		l.Expires = max(p.Expires, ledger.Never) // −1 is Never
	}
	l.Balance += p.Amount
	a.Balance[p.Kind] += p.Amount
	switch {
	case o.Kind == ledger.OpExpire:
		a.Expired[p.Kind] -= p.Amount
	case o.Kind.Uses(p.Kind):
		a.Used[p.Kind] -= p.Amount
	}
	if l.Balance > 0 {
		w.open[a.ID][l.LotID] = l
	} else {
		delete(w.open[a.ID], l.LotID)
	}
}

// merge makes members one, or two again.
func (w *world) merge(o *ledger.Op) {
	into, merged := o.Merges()
	m, on := w.members[o.Member], w.members[into]
	switch {
	case m == nil || on == nil:
	case merged:
		m.Into, on.From = into, append(on.From, m.ID)
	default:
		m.Into = ""
		on.From = slices.DeleteFunc(on.From, func(id string) bool { return id == m.ID })
	}
}

// pin opens and ends holds: whatever unpins ends the hold of its number.
func (w *world) pin(o *ledger.Op) {
	for _, p := range o.Pins {
		l := w.lots[p.Lot]
		if l == nil {
			return
		}
		a := w.accounts[l.Account]
		l.Held += p.Amount
		a.Held[l.Kind] += p.Amount
		key := ledger.HoldKey{Order: o.Order, Family: l.Kind.Family()}
		switch h := w.holds[key]; {
		case p.Amount < 0:
			delete(w.holds, key)
		case h == nil || h.Op != o.ID:
			w.holds[key] = &ledger.Hold{HoldKey: key, Member: l.Member, Account: l.Account, Op: o.ID, Deadline: o.HoldEnd, Pins: []ledger.Pin{p}}
		default:
			h.Pins = append(h.Pins, p)
		}
	}
}

// state is what a command with the number of an operation meets, under some rules: all of it copies. ok is false if the world does not have
// everything that the history names.
func (w *world) state(b *ledger.Brand, o *ledger.Op) (s *ledger.State, ok bool) {
	s = ledger.NewState(b)
	if !w.person(s, o.Member) {
		return nil, false
	}
	history := w.orders[o.Order]
	s.Orders[o.Order] = slices.Clone(history)
	for _, past := range append(slices.Clip(history), o) {
		for i := range past.Postings {
			p := &past.Postings[i]
			switch {
			case p.Voucher != "":
				v := w.vouchers[p.Voucher]
				if v == nil {
					return nil, false
				}
				if s.Vouchers[v.ID] == nil {
					s.Vouchers[v.ID] = new(*v)
				}
			case !p.Lot.IsZero():
				if past == o && w.lots[p.Lot] == nil {
					continue // which it makes
				}
				if !w.lot(s, p.Lot) {
					return nil, false
				}
				if debt := p.Debt(); debt != "" && len(w.orders[debt]) > 0 {
					s.Orders[debt] = slices.Clone(w.orders[debt])
					for _, d := range w.orders[debt] {
						for j := range d.Postings {
							if lot := d.Postings[j].Lot; !lot.IsZero() && !w.lot(s, lot) {
								return nil, false
							}
						}
					}
				}
			}
		}
		for _, p := range past.Pins {
			if !w.lot(s, p.Lot) {
				return nil, false
			}
		}
	}
	for key, h := range w.holds {
		if _, here := s.Members[h.Member]; here {
			c := *h
			c.Pins = slices.Clone(h.Pins)
			s.Holds[key] = &c
		}
	}
	return s, true
}

// lot adds a lot with whoever it is of.
func (w *world) lot(s *ledger.State, id ledger.LotID) bool {
	l := w.lots[id]
	if l == nil || !w.person(s, l.Member) {
		return false
	}
	if s.Lots[id] == nil {
		s.Lots[id] = new(*l)
	}
	return true
}

// person adds a member with accounts and open lots. Nobody is frozen: what is booked was not refused for it.
func (w *world) person(s *ledger.State, id string) bool {
	m := w.members[id]
	if m == nil {
		return false
	}
	if s.Members[id] != nil {
		return true
	}
	m = new(*m)
	m.Frozen, m.From = false, slices.Clone(m.From)
	s.PutMember(m)
	for _, one := range append([]string{m.Into}, m.From...) {
		if one != "" && !w.person(s, one) {
			return false
		}
	}
	for _, account := range w.purses[id] {
		s.PutAccount(new(*w.accounts[account]))
		s.Complete[account] = true
		for lot, l := range w.open[account] {
			s.Lots[lot] = new(*l)
		}
	}
	return true
}
