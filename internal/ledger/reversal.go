package ledger

import (
	"slices"
	"strconv"
	"strings"
)

// This file is the only place that gives back what was spent, whichever method asked: assert.refund, reversepoint, undedut, a WDK reverse.

// Keys of assert.refund: the order's history, the refund number, the vouchers listed.
func (c *RefundAssets) Keys(k *Keys) {
	k.undo(&c.Head, c.Order, c.Refund)
	for _, v := range c.Vouchers {
		k.Vouchers[v] = struct{}{}
	}
}

// reversalOp begins an operation that undoes something under its own business number.
func (s *State) reversalOp(kind OpKind, h *Head, k *Keyed, at *Stamp, member, shop, order, number string) *Op {
	o := s.op(kind, h, at, member, shop, order)
	o.Number, o.Refund, o.Original, o.Signed = number, k.Refund, k.Original, h.Signed
	return o
}

// reversible applies the brand's policy on where and how long a reversal may come.
func (s *State) reversible(original *Op, f Family, shop string, at *Stamp) (Result, bool) {
	p := &s.Brand.Policy
	if p.ForbidOtherShop && shop != original.Shop {
		return Refuse(OtherShop, T("shop", original.Shop)), false
	}
	if w := p.Window[f]; w > 0 && at.At >= original.At+w {
		return Refuse(WindowPassed, T("days", strconv.FormatInt(w/day, 10)), T("until", Clock(original.At+w)), T("now", Clock(at.At))), false
	}
	return Result{}, true
}

// giveBack returns an amount of the parts, in their order, to the very lots it came from, keeping kind and deadline.
func (s *State) giveBack(o *Op, parts []part, amount Amount) {
	for _, p := range parts {
		n := min(amount, p.left)
		if n == 0 {
			return
		}
		amount -= n
		l := s.lot(p.lot)
		s.move(o, l, n, p.op.ID)
		if g := s.Brand.Policy.GraceDays; g > 0 && l.Expires != Never && (o.At >= l.Expires || s.graced(o.Order, l.LotID)) {
			l.Expires = max(l.Expires, deadline(o.At, g))
			s.shelf(l.Account).sorted[l.Kind] = false
			o.Postings[len(o.Postings)-1].Expires = l.Expires
		}
		o.counter(sales(l.Kind, p.op.Shop), l.Kind, -n)
		o.elsewhere(o.Shop, p.op.Shop, l.Kind, n)
		s.unsettle(l, o.At)
	}
}

// graced reports whether a lot came back with grace in a history: what comes back later has as many days of its own.
func (s *State) graced(order string, lot LotID) bool {
	for _, o := range s.Orders[order] {
		if slices.ContainsFunc(o.Postings, func(p Posting) bool { return p.Lot == lot && p.Expires != 0 && !p.Of.IsZero() }) {
			return true
		}
	}
	return false
}

// returnVoucher gives an order's uses of a voucher back to the same instance, or to a new one if that is asked for or the template says so.
// It returns the instance that has them.
func (s *State) returnVoucher(o *Op, p part, at *Stamp, reissue bool) *Voucher {
	v := s.Vouchers[p.voucher]
	s.use(o, v, p.left, p.op.ID)
	if g := s.Brand.Policy.VoucherGrace; g > 0 && v.Status(at.At) == Expired {
		v.End = deadline(at.At, g)
		o.Postings[len(o.Postings)-1].Expires = v.End
	}
	o.counter(sales(Use, p.op.Shop), Use, -p.left)
	if t := s.Brand.Templates[v.Template]; !reissue && (t == nil || !t.ReissueOnReturn) {
		return v
	}
	n := *v
	n.ID, n.Uses, n.Left, n.Replaces, n.Origin = strconv.FormatInt(at.Next(), 10), p.left, 0, v.ID, o.ID
	s.Vouchers[n.ID] = &n
	s.use(o, v, -p.left, ID{})
	s.use(o, &n, p.left, ID{})
	if v.Left == 0 {
		v.Deleted = true
	}
	return &n
}

// Keys of a reissue: the order's history and the vouchers.
func (c *ReissueVouchers) Keys(k *Keys) {
	k.undo(&c.Head, c.Order, Digest{})
	for _, v := range c.Vouchers {
		k.Vouchers[v] = struct{}{}
	}
}

// decide gives uses back as new instances (semantics.md §8), all or none.
func (c *ReissueVouchers) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	s.settleOrder(c.Order, at)
	original := s.spentBy(c.Order, Coupons)
	if original == nil {
		if s.known(c.Order) {
			return s.wrongRole(c.Order)
		}
		return s.bury(&c.Head, c.Order, 0, at, TombKey{Family: Coupons})
	}
	if !s.sameMember(&c.Head, original) {
		return Refuse(MemberMismatch)
	}
	parts, _ := s.unreversed(c.Order, Coupons)
	var back []part
	for i, id := range c.Vouchers {
		if slices.Contains(c.Vouchers[:i], id) {
			continue
		}
		if !s.inOrder(c.Order, id) {
			return Refuse(VoucherNotInOrder, T("voucher", id), T("order", c.Order))
		}
		before := len(back)
		for _, p := range parts {
			if p.voucher != id {
				continue
			}
			if r, ok := s.reversible(p.op, Coupons, shop, at); !ok {
				return r
			}
			back = append(back, p)
		}
		if len(back) == before {
			return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
		}
	}

	// Nothing fails from here on.
	o := s.op(OpRefund, &c.Head, at, original.Member, shop, c.Order)
	o.Signed = c.Signed
	r := Result{ValueOK: true, PointOK: true}
	for _, p := range back {
		r.IDs = append(r.IDs, s.returnVoucher(o, p, at, true).ID)
	}
	return s.book(o, r)
}

// decide gives back the assets of an order (semantics.md §5): (a) nothing left anywhere: ALREADY_REVERSED; (b) only foreign vouchers
// asked for: VOUCHER_NOT_IN_ORDER; (c) else execute, PARTIAL when not all that was asked for is back.
func (c *RefundAssets) decide(s *State, at *Stamp) Result {
	if r, ok := s.refunded(&c.Keyed, c.Number); ok {
		return r
	}
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	s.settleOrder(c.Order, at)
	original := s.verified(c.Order)
	if original == nil {
		if s.known(c.Order) {
			return s.wrongRole(c.Order)
		}
		return s.bury(&c.Head, c.Order, 0, at, TombKey{Family: Value}, TombKey{Family: Points}, TombKey{Family: Coupons})
	}
	if !s.sameMember(&c.Head, original) {
		return Refuse(MemberMismatch)
	}

	// What is left of the order, by asset.
	var parts [Families][]part
	var left [Families]Amount
	for f := range Families {
		parts[f], left[f] = s.unreversed(c.Order, f)
	}
	holds := [2]*Hold{s.Holds[HoldKey{c.Order, Value}], s.Holds[HoldKey{c.Order, Points}]}
	value, points := left[Value] > 0 || holds[Value] != nil, left[Points] > 0 || holds[Points] != nil
	assets := value || points
	out := Result{ValueOK: true, PointOK: true}
	wanted := c.Vouchers
	if wanted == nil {
		wanted = s.orderVouchers(c.Order)
	}
	foreign := 0
	var back []part
	for i, id := range wanted {
		if slices.Contains(wanted[:i], id) {
			continue
		}
		o := VoucherOutcome{ID: id, OK: true}
		if !s.inOrder(c.Order, id) {
			o = VoucherOutcome{ID: id, Code: VoucherNotInOrder}
			foreign++
		} else {
			for _, p := range parts[Coupons] {
				if p.voucher != id {
					continue
				}
				if r, ok := s.reversible(p.op, Coupons, shop, at); !ok {
					o = VoucherOutcome{ID: id, Code: r.Code}
					refused = r
					continue
				}
				back = append(back, p)
			}
		}
		out.Vouchers = append(out.Vouchers, o)
	}
	if !assets && left[Coupons] == 0 {
		out.Code = AlreadyReversed
		out.Figs = []Fig{T("order", c.Order), T("number", s.firstRefund(c.Order))}
		return out
	}

	// Value and points move together or not at all; each voucher is judged alone.
	blocked := Result{}
	if assets {
		for f := Value; f <= Points; f++ {
			for _, p := range parts[f] {
				if r, ok := s.reversible(p.op, f, shop, at); !ok {
					blocked = r
				}
			}
		}
	}
	if blocked.Code != OK {
		out.ValueOK, out.PointOK = !value, !points
		refused = blocked
		assets = false
	}
	if !assets && len(back) == 0 {
		// Nothing moves, so no number is bound. Without a refusal all that was asked for is back already.
		if refused.Code == OK && foreign > 0 {
			refused = Refuse(VoucherNotInOrder, T("voucher", strings.Join(names(out.Vouchers, false), "、")), T("order", c.Order))
		}
		out.Code, out.Figs = refused.Code, refused.Figs
		return out
	}

	// Nothing fails from here on.
	kind := OpRefund
	if left[Value] == 0 && left[Points] == 0 && len(back) == 0 {
		kind = OpRelease
	}
	o := s.reversalOp(kind, &c.Head, &c.Keyed, at, original.Member, shop, c.Order, c.Number)
	if assets {
		for f := Value; f <= Points; f++ {
			if holds[f] != nil {
				s.endHold(o, holds[f])
			}
			s.giveBack(o, parts[f], left[f])
		}
	}
	for _, p := range back {
		s.returnVoucher(o, p, at, false)
	}
	if blocked.Code != OK || len(names(out.Vouchers, false)) > 0 {
		out.Code = Partial
		moved := assetNames(value, points)
		out.Figs = []Fig{T("done", doneText(assets, moved, out.Vouchers)), T("left", leftText(blocked.Code, moved, out.Vouchers))}
	}
	out = s.book(o, out)
	s.makeGood(&c.Head, at, o)
	return out
}

// verified is the newest operation that spent or froze under a number, nil if none did.
func (s *State) verified(order string) (last *Op) {
	for _, o := range s.Orders[order] {
		if o.Kind == OpSpend || o.Kind == OpFreeze {
			last = o
		}
	}
	return last
}

// orderVouchers lists the vouchers an order used, in order of use.
func (s *State) orderVouchers(order string) (ids []string) {
	for _, o := range s.Orders[order] {
		if o.Kind != OpSpend {
			continue
		}
		for i := range o.Postings {
			if id := o.Postings[i].Voucher; id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (s *State) inOrder(order, voucher string) bool {
	return slices.Contains(s.orderVouchers(order), voucher)
}

// names lists the vouchers that came out one way.
func names(outcomes []VoucherOutcome, ok bool) (ids []string) {
	for _, v := range outcomes {
		if v.OK == ok {
			ids = append(ids, v.ID)
		}
	}
	return ids
}

// assetNames names what of an order moves together, to cashiers.
func assetNames(value, points bool) (name string) {
	if value {
		name = "储值"
	}
	if points {
		name += "积分"
	}
	return name
}

func doneText(assets bool, moved string, outcomes []VoucherOutcome) string {
	var t []string
	if assets {
		t = append(t, moved+"已退回")
	}
	if ids := names(outcomes, true); len(ids) > 0 {
		t = append(t, "券"+strings.Join(ids, "、")+"已退回")
	}
	return strings.Join(t, ",")
}

func leftText(blocked Code, moved string, outcomes []VoucherOutcome) string {
	because := map[Code]string{VoucherNotInOrder: "不属于本单", WindowPassed: "已超过可退期限", OtherShop: "须到原门店退回"}
	var t []string
	if blocked != OK {
		t = append(t, moved+because[blocked])
	}
	for _, v := range outcomes {
		if !v.OK {
			t = append(t, "券"+v.ID+because[v.Code])
		}
	}
	return strings.Join(t, ",")
}

// Keys of a reversal by amount: the order's history and the refund number.
func (c *ReverseSpend) Keys(k *Keys) { k.undo(&c.Head, c.Order, c.Refund) }

// decide gives back an amount of one family (semantics.md §6): several spends under one number are pooled, last first; never clamped.
func (c *ReverseSpend) decide(s *State, at *Stamp) Result {
	if r, ok := s.refunded(&c.Keyed, c.Number); ok {
		return r
	}
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	s.settleOrder(c.Order, at)
	original := s.spentBy(c.Order, c.Family)
	if original == nil {
		st := s.story(c.Order, c.Family)
		switch {
		case st.hold != nil:
			return Refuse(HoldNotVerified, T("order", c.Order))
		case st.last != neverHeld:
			return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
		case s.known(c.Order):
			return s.wrongRole(c.Order)
		}
		return s.bury(&c.Head, c.Order, c.Amount, at, TombKey{Family: c.Family})
	}
	if !s.sameMember(&c.Head, original) {
		return Refuse(MemberMismatch)
	}
	parts, left := s.unreversed(c.Order, c.Family)
	if left == 0 {
		return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
	}
	amount := c.Amount
	if amount == 0 {
		amount = left
	}
	if amount > left {
		return Refuse(OverRefund, FigOf("max", c.Family, left))
	}
	sum := Amount(0)
	for _, p := range parts {
		if sum >= amount {
			break
		}
		sum += p.left
		if r, ok := s.reversible(p.op, c.Family, shop, at); !ok {
			return r
		}
	}

	// Nothing fails from here on.
	o := s.reversalOp(OpRefund, &c.Head, &c.Keyed, at, original.Member, shop, c.Order, c.Number)
	s.giveBack(o, parts, amount)
	r := s.book(o, Result{ValueOK: true, PointOK: true})
	s.makeGood(&c.Head, at, o)
	return r
}

// spentBy is the newest spend of a family under a number, nil if there is none.
func (s *State) spentBy(order string, f Family) (last *Op) {
	for _, o := range s.Orders[order] {
		if o.Kind != OpSpend {
			continue
		}
		for i := range o.Postings {
			if p := &o.Postings[i]; p.Kind.Family() == f && p.Amount < 0 && (!p.Lot.IsZero() || p.Voucher != "") {
				last = o
				break
			}
		}
	}
	return last
}

// Spent is what a WDK order needs to know of the asset a tender names.
type Spent struct {
	Member string // who spent it
	Left   Amount // what is unreversed
	Held   bool   // there is only a hold
	Found  bool
	op     *Op
}

// Of reports whether a member may name the spend as its own.
func (s *State) Of(spent *Spent, member string) bool {
	return s.Same(member, spent.Member) || spent.op != nil && s.once(member, spent.op)
}

// Spent tells what is left of the spends of a number in a family; account narrows to one account ("" any).
func (s *State) Spent(order string, f Family, account string) Spent {
	o := s.spentBy(order, f)
	if o == nil {
		return Spent{Held: s.Holds[HoldKey{order, f}] != nil}
	}
	parts, _ := s.unreversed(order, f)
	out := Spent{Member: o.Member, op: o, Found: account == "" || slices.ContainsFunc(o.Postings, func(p Posting) bool { return p.Lot.Account == account })}
	for _, p := range parts {
		if account == "" || p.lot.Account == account {
			out.Left += p.left
		}
	}
	return out
}

// before keeps the parts that were spent before a place in the history of their number; 0 keeps all.
func before(parts []part, place int) []part {
	return slices.DeleteFunc(parts, func(p part) bool { return place > 0 && p.op.Ordinal >= place })
}

// Returnable is what of the spends of a number, those before a place in its history, may come back at a shop now: what is unreversed, as far as
// the brand's policy on where and how long a reversal may come allows. Reversals take the last spent first, so it ends at the first part that
// policy keeps.
func (s *State) Returnable(order string, f Family, place int, shop string, at *Stamp) (sum Amount) {
	parts, _ := s.unreversed(order, f)
	for _, p := range before(parts, place) {
		if _, ok := s.reversible(p.op, f, shop, at); !ok {
			break
		}
		sum += p.left
	}
	return sum
}

// GiveBack books the reversal of an amount that Returnable said may come back of the spends before a place in a number's history: the
// member-asset channels of a WDK reverse, decided there and in the same batch (semantics.md §9, AGREE). number is the reverse's own. It cannot
// fail.
func (s *State) GiveBack(h *Head, at *Stamp, order string, f Family, place int, amount Amount, shop, number string) ID {
	s.settleOrder(order, at)
	original := s.spentBy(order, f)
	parts, _ := s.unreversed(order, f)
	parts = before(parts, place)
	o := s.op(OpRefund, h, at, original.Member, shop, order)
	o.Request, o.Content, o.Number, o.Signed = Digest{}, Digest{}, number, h.Signed
	s.giveBack(o, parts, amount)
	s.book(o, Result{ValueOK: true, PointOK: true})
	s.makeGood(h, at, o)
	return o.ID
}

// CancelCard voids a gift card that nobody has spent from: its sale is being reversed. It cannot fail; ask CardUnspent first.
func (s *State) CancelCard(h *Head, at *Stamp, card, shop string) {
	a := s.Accounts[s.Cards[card]]
	o := s.op(OpCardCancel, h, at, a.Member, shop, "")
	o.Request, o.Content = Digest{}, Digest{}
	for _, l := range s.cardLots(a) {
		if n := l.Free(); n > 0 {
			s.move(o, l, -n, ID{})
			o.counter("giftcard:"+shop, l.Kind, n)
		}
	}
	if Sum(a.Balance, Value) > 0 {
		s.need = &ErrNeedLots{a.Member}
		return
	}
	a.Closed = true
	s.Changes.Accounts.Add(a)
	s.Leave(a)
	s.book(o, Result{ValueOK: true})
}

func (s *State) cardLots(a *Account) []*Lot {
	lots := slices.Concat(s.shelf(a.ID).lots[:]...)
	slices.SortFunc(lots, func(x, y *Lot) int { return x.LotID.compare(y.LotID) })
	return lots
}

// CardUnspent reports whether a gift card still holds everything it was ever given, and nothing of it is held.
func (s *State) CardUnspent(card string) bool {
	a := s.Accounts[s.Cards[card]]
	return a != nil && !a.Closed && Sum(a.Held, Value) == 0 && Sum(a.Balance, Value) == Sum(a.Granted, Value)
}

// Record books an operation of a WDK order or reverse: a fact without postings. order is its history ("" none).
func (s *State) Record(kind OpKind, h *Head, at *Stamp, shop, order, number string, r Result) Result {
	o := s.op(kind, h, at, "", shop, order)
	o.Number = number
	return s.book(o, r)
}
