package ledger

import "slices"

// Keys of a spend: its number's history, the member's open lots, the vouchers.
func (c *Spend) Keys(k *Keys) {
	k.add(&c.Head)
	k.order(&c.Head, c.Order)
	k.spend(&c.Head)
	for _, v := range c.Vouchers {
		k.Vouchers[v] = struct{}{}
	}
}

// plan is how one want of a spend will be met.
type plan struct {
	family Family
	amount Amount
	hold   *Hold // captured, or nil
	pins   []Pin // what is taken
}

// decide consumes value, points and vouchers, all or nothing (semantics.md §4 type 3, §5 verify, §6).
func (c *Spend) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	s.settleOrder(c.Order, at)

	// The number first: what it is used for, and whether its undo came before it.
	stories := make([]story, len(c.Wants))
	for i, w := range c.Wants {
		st := s.story(c.Order, w.Family)
		stories[i] = st
		if st.charge != nil && w.Family == Value {
			return c.blame(w.Family, Refuse(OrderNoConflict, T("order", c.Order), T("role", st.role(w.Family))))
		}
		if s.tombed(&c.Head, c.Order, w.Family, false, w.Amount, at) {
			return c.blame(w.Family, Refuse(ReversedBeforeArrival, T("order", c.Order)))
		}
	}
	if len(c.Vouchers) > 0 && s.tombed(&c.Head, c.Order, Coupons, false, 0, at) {
		return c.blame(Coupons, Refuse(ReversedBeforeArrival, T("order", c.Order)))
	}
	m, refused, ok := s.spender(c, stories)
	if !ok {
		return refused
	}
	if m.Frozen {
		return Refuse(MemberFrozen)
	}

	// Then each part; the first that fails gives the code, all that fail are flagged.
	out := Result{ValueOK: true, PointOK: true}
	fail := func(r Result) {
		if out.Code == OK {
			out.Code, out.Figs = r.Code, r.Figs
		}
	}
	plans := make([]plan, 0, len(c.Wants))
	for i, w := range c.Wants {
		p, r := c.want(s, m, w, &stories[i], at)
		if s.need != nil {
			return Result{}
		}
		if r.Code != OK {
			fail(r)
			out.ValueOK = out.ValueOK && w.Family != Value
			out.PointOK = out.PointOK && w.Family != Points
			continue
		}
		plans = append(plans, p)
	}
	vouchers, outcomes, r := c.vouchers(s, m, shop, at)
	if r.Code != OK {
		fail(r)
	}
	if c.Report {
		out.Vouchers = outcomes
	}
	if out.Code != OK {
		return out
	}

	// Nothing fails from here on.
	member := m.ID
	if len(plans) == 1 && len(vouchers) == 0 {
		member = s.Root(s.lot(plans[0].pins[0].Lot).Member) // what is only a bearer's is booked on the bearer
	}
	o := s.op(OpSpend, &c.Head, at, member, shop, c.Order)
	for _, p := range plans {
		s.lift(&c.Head, c.Order, p.family, false, at)
		if p.hold != nil {
			s.endHold(o, p.hold)
		}
		for _, pin := range p.pins {
			l := s.lot(pin.Lot)
			s.move(o, l, -pin.Amount, ID{})
			o.counter(sales(l.Kind, shop), l.Kind, pin.Amount)
		}
	}
	for _, v := range vouchers {
		n := c.uses(v.ID)
		s.use(o, v, -n, ID{})
		o.counter(sales(Use, shop), Use, n)
	}
	if len(vouchers) > 0 {
		s.lift(&c.Head, c.Order, Coupons, false, at)
	}
	return s.book(o, out)
}

// blame makes a refusal that flags one asset as the reason.
func (c *Spend) blame(f Family, r Result) Result {
	if c.Report {
		r.ValueOK, r.PointOK = f != Value, f != Points
		for _, v := range c.Vouchers {
			o := VoucherOutcome{ID: v, OK: f != Coupons}
			if f == Coupons {
				o.Code = r.Code
			}
			r.Vouchers = append(r.Vouchers, o)
		}
	}
	return r
}

// spender finds who spends. The number's last freeze resolves the member when no identifier does, also when its hold has ended: a delayed
// capture that names nobody must hear how it ended, and be remembered for it.
func (s *State) spender(c *Spend, stories []story) (*Member, Result, bool) {
	m, refused, ok := s.member(&c.Head)
	for _, st := range stories {
		if st.freeze == nil || c.Direct {
			continue
		}
		if !ok && refused.Code == MemberNotFound {
			m, ok = s.Members[s.Root(st.freeze.Member)], true
		}
	}
	if ok && s.anothers(c.Order, m) {
		return nil, Refuse(MemberMismatch), false
	}
	return m, refused, ok
}

// want decides one asset: capture the number's open hold, or debit directly.
func (c *Spend) want(s *State, m *Member, w Want, st *story, at *Stamp) (plan, Result) {
	p := plan{family: w.Family, amount: w.Amount}
	switch {
	case st.hold != nil && c.Direct:
		return p, Refuse(HoldExists, T("order", c.Order), FigOf("held", w.Family, st.hold.Total()))
	case st.hold != nil:
		return p.capture(st.hold)
	case !c.Direct && (st.last == released || st.last == timedOut):
		// A delayed capture must not debit a cancelled order.
		how := "超时解除"
		if st.last == released {
			how = "取消"
		}
		return p, Refuse(HoldEnded, T("order", c.Order), T("when", Clock(st.when)), T("how", how))
	case st.spent && (!c.Pools || !c.Direct && st.last != neverHeld): // a capture pools only where no hold ever was
		if r, ok := s.again(&c.Head, c.Order, w.Family, st); !ok {
			return p, r
		}
	}
	switch {
	case w.Amount == 0:
		return p, Refuse(MissingField, T("field", w.Field), T("hold", "none"))
	case !c.Direct && !c.Report && s.Brand.Policy.NoDirectDebit:
		return p, Refuse(HoldRequired, T("order", c.Order))
	}
	if w.Amount > AmountMax {
		return p, Refuse(AmountTooLarge, FigOf("max", w.Family, AmountMax))
	}
	a := s.accountOf(&c.Head, m, w.Family)
	if a == nil {
		return p, Refuse(CardNotFound, T("card", c.Who.Card))
	}
	s.Settle(a.Member, at)
	accounts := s.joint(a)
	if w.Amount > available(accounts, w.Family) {
		return p, insufficient(accounts, w.Family, w.Amount)
	}
	var ok bool
	p.pins, ok = s.pick(accounts, w.Family, w.Amount)
	if !ok {
		return p, Result{}
	}
	return p, Result{}
}

// again judges a call that uses a number under which something was spent before.
func (s *State) again(h *Head, order string, f Family, st *story) (Result, bool) {
	switch all, later := s.reopened(h, order, f); {
	case later:
		return Result{}, true
	case all:
		return Refuse(ReversedBeforeArrival, T("order", order)), false
	}
	return Refuse(OrderNoConflict, T("order", order), T("role", st.role(f))), false
}

// capture takes an amount of a hold in the order it was pinned; the rest is released at once.
func (p plan) capture(h *Hold) (plan, Result) {
	held := h.Total()
	if p.amount == 0 {
		p.amount = held
	}
	if p.amount > held {
		return p, Refuse(OverHold, FigOf("held", p.family, held))
	}
	p.hold = h
	left := p.amount
	for _, pin := range h.Pins {
		if n := min(left, pin.Amount); n > 0 {
			p.pins = append(p.pins, Pin{pin.Lot, n})
			left -= n
		}
	}
	return p, Result{}
}

// vouchers judges each voucher of a spend, and gives the refusal of the first that cannot be used. The list is a set.
func (c *Spend) vouchers(s *State, m *Member, shop string, at *Stamp) (usable []*Voucher, outcomes []VoucherOutcome, refused Result) {
	if len(c.Vouchers) == 0 {
		return nil, nil, Result{}
	}
	mine, _ := s.unreversed(c.Order, Coupons)
	for i, id := range c.Vouchers {
		if slices.Contains(c.Vouchers[:i], id) {
			continue
		}
		v := s.Vouchers[id]
		r := Result{}
		switch {
		case v == nil || !s.Same(v.Member, m.ID):
			r = Refuse(VoucherNotFound, T("voucher", id))
		case why(v, at) != "":
			r = Refuse(VoucherNotUsable, T("voucher", id), T("why", why(v, at)))
		case slices.ContainsFunc(mine, func(p part) bool { return p.voucher == id }):
			r = Refuse(VoucherNotUsable, T("voucher", id), T("why", "本单已使用"))
		case v.Left < c.uses(id):
			r = Refuse(VoucherNotUsable, T("voucher", id), T("why", "剩余次数不足"))
		case !s.usableAt(v, shop):
			r = Refuse(VoucherNotUsable, T("voucher", id), T("why", "不适用于本门店"))
		default:
			usable = append(usable, v)
		}
		outcomes = append(outcomes, VoucherOutcome{ID: id, OK: r.Code == OK, Code: r.Code})
		if refused.Code == OK {
			refused = r
		}
	}
	return usable, outcomes, refused
}

// uses is how many uses of a voucher are asked for.
func (c *Spend) uses(voucher string) Amount {
	if i := slices.Index(c.Vouchers, voucher); i < len(c.Uses) {
		return c.Uses[i]
	}
	return 1
}

// usableAt reports whether a voucher's template allows the shop.
func (s *State) usableAt(v *Voucher, shop string) bool {
	t := s.Brand.Templates[v.Template]
	return t == nil || len(t.Shops) == 0 || slices.Contains(t.Shops, shop)
}

// why says why a voucher cannot be used now, "" if nothing of its own speaks against it.
func why(v *Voucher, at *Stamp) string {
	switch {
	case v.Status(at.At) == Used:
		return "已使用"
	case v.Status(at.At) == Expired:
		return "已过期"
	case v.Status(at.At) == Deleted:
		return "已作废"
	case at.At < v.Start:
		return "未到使用时间"
	}
	return ""
}

// sales is the counter account of what is consumed in a shop.
func sales(k Kind, shop string) string {
	switch k {
	case Point:
		return "redeem:" + shop
	case Use:
		return "voucher:" + shop
	case Real, Gift, Pre:
	}
	return "sales:" + shop
}
