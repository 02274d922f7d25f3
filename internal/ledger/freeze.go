package ledger

// Keys of a freeze: its number's history and the member's open lots.
func (c *Freeze) Keys(k *Keys) { k.add(&c.Head); k.order(&c.Head, c.Order); k.spend(&c.Head) }

// decide pins available lots under a number (semantics.md §4, type 2; §6, point.operate 2).
func (c *Freeze) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	s.settleOrder(c.Order, at)
	st := s.story(c.Order, c.Family)
	switch {
	case st.hold != nil:
		return Refuse(HoldExists, T("order", c.Order), FigOf("held", c.Family, st.hold.Total()))
	case st.charge != nil && c.Family == Value:
		return Refuse(OrderNoConflict, T("order", c.Order), T("role", st.role(c.Family)))
	case st.spent:
		if r, ok := s.again(&c.Head, c.Order, c.Family, &st); !ok {
			return r
		}
	}
	if s.tombed(&c.Head, c.Order, c.Family, false, c.Amount, at) {
		return Refuse(ReversedBeforeArrival, T("order", c.Order))
	}
	m, refused, ok := s.member(&c.Head)
	if !ok {
		return refused
	}
	if s.anothers(c.Order, m) {
		return Refuse(MemberMismatch)
	}
	if m.Frozen {
		return Refuse(MemberFrozen)
	}
	a := s.accountOf(&c.Head, m, c.Family)
	if a == nil {
		return Refuse(CardNotFound, T("card", c.Who.Card))
	}
	s.Settle(a.Member, at)
	if c.Amount > AmountMax {
		return Refuse(AmountTooLarge, FigOf("max", c.Family, AmountMax))
	}
	accounts := s.joint(a)
	if c.Amount > available(accounts, c.Family) {
		return insufficient(accounts, c.Family, c.Amount)
	}
	pins, ok := s.pick(accounts, c.Family, c.Amount)
	if !ok {
		return Result{}
	}

	// Nothing fails from here on.
	s.lift(&c.Head, c.Order, c.Family, false, at)
	who := s.Root(a.Member)
	o := s.op(OpFreeze, &c.Head, at, who, shop, c.Order)
	hold := &Hold{HoldKey: HoldKey{c.Order, c.Family}, Member: who, Account: pins[0].Lot.Account, Op: o.ID, Deadline: at.At + s.Brand.Policy.HoldFor(), Pins: pins}
	o.HoldEnd = hold.Deadline
	for _, p := range pins {
		s.pin(o, s.lot(p.Lot), p.Amount)
	}
	s.openHold(hold, st.last != neverHeld)
	return s.book(o, Result{ValueOK: true, PointOK: true})
}

// insufficient is the refusal of a spend that accounts do not cover.
func insufficient(accounts []*Account, f Family, need Amount) Result {
	if f == Points {
		return Refuse(InsufficientPoint, Score("need", need), Score("available", available(accounts, f)))
	}
	return Refuse(InsufficientBalance, Money("need", need), Money("available", available(accounts, f)))
}
