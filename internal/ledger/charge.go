package ledger

// Keys of a charge: its number's history and the member.
func (c *Charge) Keys(k *Keys) { k.add(&c.Head); k.order(c.Order) }

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
	total := c.Real + c.Gift + c.Pre
	if s.tombed(&c.Head, c.Order, Value, true, c.Real, at) {
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
	gift := c.Gift
	if c.ByRule && s.Brand.Policy.RechargeGift {
		gift += s.Brand.Policy.giftFor(c.Real)
		total += gift - c.Gift
	}
	if c.Real > AmountMax || c.Gift > AmountMax || c.Pre > AmountMax || total > AmountMax {
		return Refuse(AmountTooLarge, Money("max", AmountMax))
	}
	if Sum(a.Balance, Value)+total > BalanceMax {
		return Refuse(AmountTooLarge, Money("max", BalanceMax-Sum(a.Balance, Value)))
	}

	// Nothing fails from here on.
	s.lift(&c.Head, c.Order, Value, true)
	o := s.op(OpCharge, &c.Head, at, a.Member, shop, c.Order)
	until := deadline(at.At, s.Brand.Policy.ValueDays)
	for _, part := range [...]struct {
		kind   Kind
		amount Amount
		book   string
	}{{Real, c.Real, "tender:"}, {Pre, c.Pre, "pre:"}, {Gift, gift, "gift:"}} {
		if part.amount > 0 {
			s.newLot(o, a, part.kind, part.amount, until)
			o.counter(part.book+shop, part.kind, -part.amount)
		}
	}
	return s.book(o, Result{ValueOK: true})
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
	st := s.story(c.Order, Value)
	if st.charge == nil {
		return c.release(s, at, shop, st)
	}
	charge := st.charge
	if !s.sameMember(&c.Head, charge) {
		return Refuse(MemberMismatch)
	}
	var lots [Kinds]*Lot
	var given, back [Kinds]Amount
	for i := range charge.Postings {
		if p := &charge.Postings[i]; !p.Lot.IsZero() {
			lots[p.Kind], given[p.Kind] = s.lot(p.Lot), p.Amount
		}
	}
	for _, o := range s.Orders[c.Order] {
		for i := range o.Postings {
			if p := &o.Postings[i]; p.Of == charge.ID && !p.Lot.IsZero() {
				back[p.Kind] -= p.Amount
			}
		}
	}
	if lots[Real] == nil { // a charge of gift or pre alone has nothing a tender could give back
		return Refuse(IllegalState, T("order", c.Order), T("role", "赠送"), T("method", "alibaba.alsc.crm.recharge.uncharge.update"))
	}
	left := given[Real] - back[Real]
	if left == 0 {
		return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
	}
	s.Settle(charge.Member, at)
	amount := c.Amount
	if amount == 0 {
		amount = left
	}
	limit := min(left, lots[Real].Free())
	if amount > left {
		return Refuse(OverRefund, Money("max", limit))
	}
	if amount > limit {
		return Refuse(ChargeSpent, Money("max", limit))
	}
	if r, ok := s.reversible(charge, Value, shop, at); !ok {
		return r
	}
	// Gift and pre go in proportion to what is refunded in total, so that any sequence of partials voids the whole.
	var void [Kinds]Amount
	var others []Pin
	lost := Amount(0)
	for _, k := range [...]Kind{Gift, Pre} {
		if lots[k] == nil {
			continue
		}
		void[k] = MulDiv(given[k], back[Real]+amount, given[Real]) - MulDiv(given[k], back[Real], given[Real])
		short := void[k] - min(void[k], lots[k].Free())
		if short == 0 {
			continue
		}
		void[k] -= short
		switch s.Brand.Policy.Gift {
		case GiftRefuse:
			return Refuse(GiftSpent, Money("max", min(limit, refundable(given[k], given[Real], back[Real], lots[k].Free()))))
		case GiftAbsorb:
			lost += short
		case GiftDeduct:
			pins, ok, enough := s.deduct(lots, short, amount)
			if !ok {
				return Result{}
			}
			if !enough {
				return Refuse(GiftSpent, Money("max", min(limit, refundable(given[k], given[Real], back[Real], lots[k].Free()))))
			}
			others = append(others, pins...)
		}
	}

	// Nothing fails from here on.
	o := s.reversalOp(OpUncharge, &c.Head, &c.Keyed, at, charge.Member, shop, c.Order, c.Number)
	s.move(o, lots[Real], -amount, charge.ID)
	o.counter("tender:"+charge.Shop, Real, amount)
	o.elsewhere(shop, charge.Shop, Real, amount)
	for _, k := range [...]Kind{Gift, Pre} {
		if void[k] > 0 {
			s.move(o, lots[k], -void[k], charge.ID)
			o.counter(k.String()+":"+charge.Shop, k, void[k])
		}
	}
	for _, p := range others {
		l := s.lot(p.Lot)
		s.move(o, l, -p.Amount, ID{})
		o.counter("gift:"+charge.Shop, Gift, p.Amount)
	}
	if lost > 0 {
		o.counter("gift:"+charge.Shop, Gift, lost)
		o.counter("loss", Gift, -lost)
	}
	return s.book(o, Result{ValueOK: true})
}

// refundable is the largest c with ⌊g(r+c)/R⌋ − ⌊g·r/R⌋ ≤ free: what can be refunded while the gift that is left covers what it voids.
func refundable(gift, real, refunded, free Amount) Amount {
	upTo := MulDiv(gift, refunded, real) + free + 1
	// The least total that voids upTo is ⌈upTo·real/gift⌉; one fen less is still covered.
	total := MulDiv(upTo, real, gift)
	if MulDiv(total, gift, real) < upTo {
		total++
	}
	return max(0, total-1-refunded)
}

// deduct finds a missing gift in the member's other gift lots of the account, then in real lots, leaving what the refund itself takes.
func (s *State) deduct(lots [Kinds]*Lot, short, refund Amount) (pins []Pin, ok, enough bool) {
	a := s.account(lots[Real].Account)
	otherGift := a.Balance[Gift] - a.Held[Gift]
	if lots[Gift] != nil {
		otherGift -= lots[Gift].Free()
	}
	otherReal := a.Balance[Real] - a.Held[Real] - lots[Real].Free()
	own := min(short, lots[Real].Free()-refund)
	n := min(short, otherGift)
	got, ok := s.take(a, Gift, n, lots[Gift])
	if !ok {
		return nil, false, false
	}
	pins, short = append(pins, got...), short-n
	n = min(short, otherReal)
	if got, ok = s.take(a, Real, n, lots[Real]); !ok {
		return nil, false, false
	}
	pins, short = append(pins, got...), short-n
	if n = min(short, own); n > 0 {
		pins, short = append(pins, Pin{lots[Real].LotID, n}), short-n
	}
	return pins, true, short == 0
}

// release answers a charge refund whose number is no charge.
func (c *RefundCharge) release(s *State, at *Stamp, shop string, st story) Result {
	switch {
	case st.hold != nil:
		if !s.sameMember(&c.Head, st.freeze) {
			return Refuse(MemberMismatch)
		}
		s.Settle(st.hold.Member, at)
		hold := s.Holds[st.hold.HoldKey]
		if hold == nil { // it timed out just now
			return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
		}
		if c.Amount != 0 && c.Amount != hold.Total() {
			return Refuse(IllegalState, T("order", c.Order), T("role", "冻结("+Yuan(hold.Total())+"元),只能整笔解冻"), T("method", "不带change_value的充值回退"))
		}
		o := s.reversalOp(OpRelease, &c.Head, &c.Keyed, at, hold.Member, shop, c.Order, c.Number)
		s.endHold(o, hold)
		return s.book(o, Result{ValueOK: true})
	case st.spent:
		return Refuse(IllegalState, T("order", c.Order), T("role", "核销"), T("method", "alibaba.alsc.crm.open.assert.refund或alibaba.alsc.crm.recharge.undedut.update"))
	case st.last != neverHeld:
		return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
	case len(s.Orders[c.Order]) > 0:
		return s.wrongRole(c.Order)
	}
	return s.bury(&c.Head, c.Order, c.Amount, at, TombKey{Family: Value, Charge: true}, TombKey{Family: Value})
}

// wrongRole answers an undo of a number that exists in another role, naming the method that fits. No tombstone is planted.
func (s *State) wrongRole(order string) Result {
	role, method := "其他业务", "对应的退回接口"
	value, points := s.story(order, Value), s.story(order, Points)
	_, vouchers := s.unreversed(order, Coupons)
	switch {
	case value.charge != nil:
		role, method = "充值", "alibaba.alsc.crm.open.recharge.operate(operate_type=4)"
	case value.spent || value.last != neverHeld || points.last != neverHeld || vouchers > 0:
		role, method = "核销", "alibaba.alsc.crm.open.assert.refund"
	case points.spent:
		role, method = "积分消费", "alibaba.alsc.crm.point.reversepoint"
	case points.charge != nil:
		role, method = "积分发放", "alibaba.alsc.crm.point.extra.consume"
	default:
		role, method = "券核销", "alibaba.alsc.crm.open.assert.refund"
	}
	return Refuse(IllegalState, T("order", order), T("role", role), T("method", method))
}
