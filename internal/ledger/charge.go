package ledger

import "sort"

// Keys of a charge: its number's history and the member.
func (c *Charge) Keys(k *Keys) { k.add(&c.Head); k.order(&c.Head, c.Order) }

// decide credits stored value (semantics.md §4, type 1).
func (c *Charge) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	st := s.story(c.Order, Value)
	if st.charge != nil || st.spent || st.last != neverHeld {
		return Refuse(OrderNoConflict, T("order", c.Order), T("role", st.role(Value)))
	}
	credit := [Kinds]Amount{Real: c.Real, Gift: c.Gift, Pre: c.Pre}
	if s.tombed(&c.Head, c.Order, Value, true, credit[principal(&credit)], at) {
		return Refuse(ReversedBeforeArrival, T("order", c.Order))
	}
	m, refused, ok := s.member(&c.Head)
	if !ok {
		return refused
	}
	a := s.accountOf(&c.Head, m, Value)
	if a == nil {
		return Refuse(CardNotFound, T("card", c.Who.Card))
	}
	s.Settle(a.Member, at)
	if c.ByRule && s.Brand.Policy.RechargeGift {
		credit[Gift] += s.Brand.Policy.GiftFor(c.Real)
	}
	if c.Real > AmountMax || c.Gift > AmountMax || c.Pre > AmountMax || Sum(credit, Value) > AmountMax {
		return Refuse(AmountTooLarge, Money("max", AmountMax))
	}
	if most := a.room(Value); Sum(credit, Value) > most {
		return Refuse(AmountTooLarge, Money("max", most))
	}

	// Nothing fails from here on.
	s.lift(&c.Head, c.Order, Value, true, at)
	o := s.op(OpCharge, &c.Head, at, s.Root(a.Member), shop, c.Order)
	until := deadline(at.At, s.Brand.Policy.ValueDays)
	for _, k := range [...]Kind{Real, Pre, Gift} {
		if credit[k] > 0 {
			s.newLot(o, a, k, credit[k], until)
			o.counter(granted(k, shop), k, -credit[k])
		}
	}
	return s.book(o, Result{ValueOK: true})
}

// principal is the kind that a charge is measured by: what the member paid, or in a charge of gift or pre alone that.
func principal(given *[Kinds]Amount) Kind {
	for _, k := range [...]Kind{Real, Pre} {
		if given[k] > 0 {
			return k
		}
	}
	return Gift
}

// Principal is the kind that a charge is measured by.
func (o *Op) Principal() Kind {
	moved := o.Moved("")
	return principal(&moved)
}

// granted is the counter account of what is credited in a shop.
func granted(k Kind, shop string) string {
	if k == Real {
		return "tender:" + shop
	}
	return k.String() + ":" + shop
}

// Keys of a charge refund: the charge's history, the refund number, and open lots, for a gift may be taken from others.
func (c *RefundCharge) Keys(k *Keys) { k.undo(&c.Head, c.Order, c.Refund); k.spend(&c.Head) }

// decide takes a charge back, or releases an open hold (semantics.md §4, type 4). The order of the checks is the precedence the
// page promises: ALREADY_REVERSED, OVER_REFUND, CHARGE_SPENT, GIFT_SPENT.
func (c *RefundCharge) decide(s *State, at *Stamp) Result {
	if r, ok := s.refunded(&c.Keyed, c.Number); ok {
		return r
	}
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	s.settleOrder(c.Order, at)
	st := s.story(c.Order, Value)
	if st.charge == nil {
		return c.release(s, at, shop, st)
	}
	charge := st.charge
	if !s.sameMember(&c.Head, charge) {
		return Refuse(MemberMismatch)
	}
	var lots [Kinds]*Lot
	var given [Kinds]Amount
	for i := range charge.Postings {
		if p := &charge.Postings[i]; !p.Lot.IsZero() {
			lots[p.Kind], given[p.Kind] = s.lot(p.Lot), p.Amount
		}
	}
	base := principal(&given)
	refunded := Amount(0)
	for _, o := range s.Orders[c.Order] {
		for i := range o.Postings {
			if p := &o.Postings[i]; p.Of == charge.ID && p.Kind == base {
				refunded -= p.Amount
			}
		}
	}
	left := given[base] - refunded
	if left == 0 {
		return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
	}
	amount := c.Amount
	if amount == 0 {
		amount = left
	}
	policy, account := s.Brand.Policy.Gift, s.account(lots[base].Account)
	gift, real := Amount(0), Amount(0)
	if policy == GiftDeduct {
		gift, real = s.others(account, &lots)
	}
	covered := func(n Amount) bool {
		_, short := clawback(&lots, &given, base, refunded, n)
		for _, k := range [...]Kind{Gift, Pre} { // what is held can still come free: it is not taken elsewhere
			if short[k] > 0 && MulDiv(given[k], refunded+n, given[base]) > given[k]-lots[k].Held {
				return false
			}
		}
		if policy == GiftAbsorb {
			return true
		}
		own := Amount(0) // what the refund leaves in the charge's own real lot
		if policy == GiftDeduct && base == Real {
			own = lots[Real].Free() - n
		}
		return short[Gift]+short[Pre] <= gift+real+own
	}
	if limit := min(left, lots[base].Free()); amount > limit || !covered(amount) {
		// Every refusal names the most that both the charge and its gift allow, and the word is that of what binds.
		most := refundable(limit, covered)
		switch l := lots[base]; {
		case amount > left:
			return Refuse(OverRefund, Money("max", most))
		case most < limit:
			return Refuse(GiftSpent, Money("max", most))
		case l.Expires != Never && at.At >= l.Expires:
			return Refuse(ChargeExpired, Money("max", most), T("when", Clock(l.Expires)))
		}
		return Refuse(ChargeSpent, Money("max", most))
	}
	if r, ok := s.reversible(charge, Value, shop, at); !ok {
		return r
	}
	void, short := clawback(&lots, &given, base, refunded, amount)
	missing := short[Gift] + short[Pre]
	var others []Pin
	if policy != GiftAbsorb {
		if others, ok = s.deduct(account, &lots, missing, gift, real); !ok {
			return Result{}
		}
	}

	// Nothing fails from here on.
	o := s.reversalOp(OpUncharge, &c.Head, &c.Keyed, at, charge.Member, shop, c.Order, c.Number)
	s.move(o, lots[base], -amount, charge.ID)
	o.counter(granted(base, charge.Shop), base, amount)
	o.elsewhere(shop, charge.Shop, base, amount)
	for _, k := range [...]Kind{Gift, Pre} {
		if void[k] > 0 {
			s.move(o, lots[k], -void[k], charge.ID)
			o.counter(granted(k, charge.Shop), k, void[k])
		}
	}
	r := s.book(o, Result{ValueOK: true})
	for _, k := range [...]Kind{Gift, Pre} {
		if short[k] > 0 {
			others = s.owe(&c.Head, at, lots[k], short[k], granted(k, charge.Shop), shop, others)
		}
	}
	return r
}

// clawback is what a refund voids of a charge's gift and pre, and how much of that is no longer there. Both go in proportion to what
// is refunded in total, so that any sequence of partials voids the whole.
func clawback(lots *[Kinds]*Lot, given *[Kinds]Amount, base Kind, refunded, amount Amount) (void, short [Kinds]Amount) {
	for _, k := range [...]Kind{Gift, Pre} {
		if k == base || lots[k] == nil {
			continue
		}
		n := MulDiv(given[k], refunded+amount, given[base]) - MulDiv(given[k], refunded, given[base])
		void[k] = min(n, lots[k].Free())
		short[k] = n - void[k]
	}
	return void, short
}

// refundable is the largest amount up to the limit that is covered, when every amount below a covered one is covered too.
func refundable(limit Amount, covered func(Amount) bool) Amount {
	return Amount(sort.Search(int(limit), func(i int) bool { return !covered(Amount(i) + 1) }))
}

// others is what an account has free in gift and real lots beside those of a charge.
func (s *State) others(a *Account, lots *[Kinds]*Lot) (gift, real Amount) {
	gift, real = a.Balance[Gift]-a.Held[Gift], a.Balance[Real]-a.Held[Real]
	if l := lots[Gift]; l != nil {
		gift -= l.Free()
	}
	if l := lots[Real]; l != nil {
		real -= l.Free()
	}
	return gift, real
}

// deduct chooses where a missing gift is taken from: the member's other gift, then other real lots, then the charge's own real lot.
// ok is false when the loaded page does not reach.
func (s *State) deduct(a *Account, lots *[Kinds]*Lot, missing, gift, real Amount) (pins []Pin, ok bool) {
	fromGift := min(missing, gift)
	fromReal := min(missing-fromGift, real)
	if pins, ok = s.take([]*Account{a}, Gift, fromGift, lots[Gift]); !ok {
		return nil, false
	}
	more, ok := s.take([]*Account{a}, Real, fromReal, lots[Real])
	if !ok {
		return nil, false
	}
	pins = append(pins, more...)
	if own := missing - fromGift - fromReal; own > 0 {
		pins = append(pins, Pin{lots[Real].LotID, own})
	}
	return pins, true
}

// release answers a charge refund whose number is no charge.
func (c *RefundCharge) release(s *State, at *Stamp, shop string, st story) Result {
	switch {
	case st.hold != nil:
		if !s.sameMember(&c.Head, st.freeze) {
			return Refuse(MemberMismatch)
		}
		if c.Amount != 0 && c.Amount != st.hold.Total() {
			return Refuse(IllegalState, T("order", c.Order), T("role", "冻结("+Yuan(st.hold.Total())+"元),只能整笔解冻"), T("method", "不带change_value的充值回退"))
		}
		o := s.reversalOp(OpRelease, &c.Head, &c.Keyed, at, st.hold.Member, shop, c.Order, c.Number)
		s.endHold(o, st.hold)
		return s.book(o, Result{ValueOK: true})
	case st.spent:
		return Refuse(IllegalState, T("order", c.Order), T("role", "核销"), T("method", "alibaba.alsc.crm.open.assert.refund或alibaba.alsc.crm.recharge.undedut.update"))
	case st.last != neverHeld:
		return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
	case s.known(c.Order):
		return s.wrongRole(c.Order)
	}
	return s.bury(&c.Head, c.Order, c.Amount, at, TombKey{Family: Value, Charge: true}, TombKey{Family: Value})
}

// wrongRole answers an undo of a number that exists in another role, naming the method that fits. No tombstone is planted.
func (s *State) wrongRole(order string) Result {
	var role, method string
	value, points := s.story(order, Value), s.story(order, Points)
	_, vouchers := s.unreversed(order, Coupons)
	switch {
	case value.charge != nil:
		role, method = "充值", "alibaba.alsc.crm.open.recharge.operate(operate_type=4)"
	case value.spent, points.last == captured, vouchers > 0:
		role, method = "核销", "alibaba.alsc.crm.open.assert.refund"
	case value.last != neverHeld, points.last != neverHeld:
		role, method = "冻结", "alibaba.alsc.crm.open.assert.refund"
	case points.spent:
		role, method = "积分消费", "alibaba.alsc.crm.point.reversepoint"
	case points.charge != nil:
		role, method = "积分发放", "alibaba.alsc.crm.point.extra.consume"
	default:
		role, method = "券核销", "alibaba.alsc.crm.open.assert.refund"
	}
	return Refuse(IllegalState, T("order", order), T("role", role), T("method", method))
}
