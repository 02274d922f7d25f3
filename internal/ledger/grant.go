package ledger

// Keys of a grant: its number's history and the member.
func (c *Grant) Keys(k *Keys) { k.add(&c.Head); k.order(&c.Head, c.Order) }

// decide credits points (semantics.md §6). A number grants once: a second grant under it is the double credit of a careless retry.
func (c *Grant) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	if st := s.story(c.Order, Points); st.charge != nil {
		return Refuse(OrderNoConflict, T("order", c.Order), T("role", st.role(Points)))
	}
	if s.tombed(&c.Head, c.Order, Points, true, c.Amount, at) {
		return Refuse(ReversedBeforeArrival, T("order", c.Order))
	}
	m, refused, ok := s.member(&c.Head)
	if !ok {
		return refused
	}
	a := s.accountOf(&c.Head, m, Points)
	if a == nil {
		return Refuse(MemberNotFound)
	}
	s.Settle(m.ID, at)
	if c.Amount > AmountMax {
		return Refuse(AmountTooLarge, Score("max", AmountMax))
	}
	if most := a.room(Points); c.Amount > most {
		return Refuse(AmountTooLarge, Score("max", most))
	}

	// Nothing fails from here on.
	s.lift(&c.Head, c.Order, Points, true, at)
	o := s.op(OpGrant, &c.Head, at, m.ID, shop, c.Order)
	s.newLot(o, a, Point, c.Amount, s.Brand.Policy.pointsEnd(at.At))
	o.counter("reward:"+shop, Point, -c.Amount)
	return s.book(o, Result{PointOK: true})
}
