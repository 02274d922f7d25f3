package ledger

import (
	"slices"
	"strings"
)

// Bills earn points, and refunds of them take the points back. Both lie in the history of the bill's number, but they are no role of it:
// the number may pay, and its undo may come first, as if no bill had been told.

// giftCardGoods is the class of goods that never earn: what is paid with a gift card earns when it is spent.
const giftCardGoods = "GIFT_CARD"

// The payment methods that are the ledger's own assets, as in WDK orders; all others are outside of it.
const (
	valueMethod   = "STORED_VALUE"
	cardMethod    = "GIFT_CARD"
	pointMethod   = "POINT"
	voucherMethod = "VOUCHER"
)

// told reports whether an operation only tells of a bill.
func (o *Op) told() bool { return o.Kind == OpEarn || o.Kind == OpUnearn }

// known reports whether a number has a role: something was booked under it besides what its bill earned.
func (s *State) known(order string) bool {
	return slices.ContainsFunc(s.Orders[order], func(o *Op) bool { return !o.told() })
}

// bill is what the history of a number says of its bill: the operation by which it earned, nil if it did not, and the fen refunded so far.
func (s *State) bill(order string) (earned *Op, refunded Amount) {
	for _, o := range s.Orders[order] {
		switch o.Kind {
		case OpEarn:
			earned = o
		case OpUnearn:
			refunded += o.Fee
		}
	}
	return earned, refunded
}

// Keys of what a bill earns: the histories of the numbers under which it was paid, and the member.
func (c *Earn) Keys(k *Keys) {
	k.add(&c.Head)
	k.order(&c.Head, c.Order)
	for i := range c.Payments {
		k.order(&c.Head, c.Payments[i].Number)
	}
}

// decide credits what a bill earns. A bill of nobody, one that earned before and one that earns nothing change nothing, and are answered as
// done: tills tell every bill, and tell it again.
func (c *Earn) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	m, refused, ok := s.member(&c.Head)
	if !ok {
		if refused.Code == MemberNotFound {
			return Result{PointOK: true}
		}
		return refused
	}
	earned, refunded := s.bill(c.Order)
	if earned != nil {
		return Result{PointOK: true}
	}
	if c.Fee > AmountMax {
		return Refuse(AmountTooLarge, Money("max", AmountMax))
	}
	a := s.accountOf(&c.Head, m, Points)
	if a == nil { // the bearer of a gift card
		return Result{PointOK: true}
	}
	n := min(c.points(s, m), AmountMax)
	if n == 0 {
		return Result{PointOK: true}
	}
	s.Settle(m.ID, at)
	if most := a.room(Points); n > most {
		return Refuse(AmountTooLarge, Score("max", most))
	}

	// Nothing fails from here on.
	o := s.op(OpEarn, &c.Head, at, m.ID, shop, c.Order)
	o.Fee = c.Fee
	s.newLot(o, a, Point, n, s.Brand.Policy.pointsEnd(at.At))
	o.counter(earnings(shop), Point, -n)
	r := s.book(o, Result{PointOK: true})
	if back := MulDiv(n, min(refunded, c.Fee), c.Fee); back > 0 { // refunds that came before the bill
		u := s.op(OpUnearn, &c.Head, at, m.ID, shop, c.Order)
		u.Request, u.Content = Digest{}, Digest{}
		s.takeBack(u, a, o, back, ShortfallDebt)
		s.book(u, Result{PointOK: true})
	}
	return r
}

// earnings is the counter account of what bills earn in a shop.
func earnings(shop string) string { return "earn:" + shop }

// points is what a bill earns for a member.
func (c *Earn) points(s *State, m *Member) Amount {
	e := &s.Brand.Policy.Earn
	if e.Fen == 0 || e.Points == 0 || c.Fee <= 0 {
		return 0
	}
	without := Amount(0)
	for i := range c.Goods {
		if g := &c.Goods[i]; slices.ContainsFunc(g.Names, func(n string) bool { return n == giftCardGoods || slices.Contains(e.Without, n) }) {
			without += min(max(g.Fee, 0), c.Fee-without)
		}
	}
	rate := Amount(100)
	if l, _ := s.Brand.Level(m.Level); l != nil && l.Rate > 0 {
		rate = Amount(l.Rate)
	}
	base := MulDiv(c.base(s, e), c.Fee-without, c.Fee)
	return MulDiv(base, e.Points*rate, e.Fen*100)
}

// base is how much of a bill's payments earns. What the ledger says was spent under its numbers counts, not what the till calls it: given
// value and points never earn (unless the rule says so), and stored value earns as far as it was paid for.
func (c *Earn) base(s *State, e *EarnRule) Amount {
	real, free := s.paidWith(c)
	paid := Amount(0)
	for _, p := range c.Payments {
		n := max(p.Amount, 0)
		switch {
		case e.Assets:
		case p.Method == valueMethod || p.Method == cardMethod:
			n = min(n, real)
			real -= n
		case p.Method == pointMethod || p.Method == voucherMethod, len(e.Pay) > 0 && !slices.Contains(e.Pay, p.Method):
			n = 0
		}
		paid += min(n, c.Fee-paid)
	}
	if len(c.Payments) == 0 {
		paid = c.Fee
	}
	if e.Assets {
		return paid
	}
	return min(paid, max(0, c.Fee-free))
}

// paidWith is what the ledger knows of a bill's payment: the real value that was spent under its numbers and has not come back, and the fen that
// given value and points are worth which were.
func (s *State) paidWith(c *Earn) (real, free Amount) {
	numbers := []string{c.Order}
	for i := range c.Payments {
		if no := c.Payments[i].Number; no != "" && !slices.Contains(numbers, no) {
			numbers = append(numbers, no)
		}
	}
	points := Amount(0)
	for _, no := range numbers {
		parts, _ := s.unreversed(no, Value)
		for _, p := range parts {
			if s.lot(p.lot).Kind == Real {
				real += p.left
			} else {
				free += p.left
			}
		}
		_, n := s.unreversed(no, Points)
		points += n
	}
	return real, free + s.Brand.Policy.Worth(points)
}

// Worth is what points are worth in fen.
func (p *Policy) Worth(points Amount) Amount {
	per := Amount(p.PointsPerYuan)
	if per == 0 {
		per = 100
	}
	return MulDiv(points, 100, per)
}

// Keys of a bill's refund: its history and the refund numbers.
func (c *Unearn) Keys(k *Keys) {
	k.add(&c.Head)
	k.order(&c.Head, c.Order)
	k.spend(&c.Head)
	for i := range c.Refunds {
		k.Refunds[c.Refunds[i].Refund] = struct{}{}
	}
}

// decide takes back what a bill earned in proportion to what is refunded of it, floored over all refunds: all of it once all is refunded.
// A refund of a bill that is not told yet is remembered, and the bill then earns as much less.
func (c *Unearn) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	s.settleOrder(c.Order, at)
	earned, refunded := s.bill(c.Order)
	if earned != nil && !s.sameMember(&c.Head, earned) {
		return Refuse(MemberMismatch)
	}
	refunds, sum := make([]BillRefund, 0, len(c.Refunds)), Amount(0)
	for _, f := range c.Refunds {
		switch before := s.Refunds[f.Refund]; {
		case before == nil:
			refunds = append(refunds, f)
			sum += min(f.Amount, AmountMax)
		case before.Original != f.Original:
			return Refuse(RefundNoConflict, T("number", f.Number), T("order", before.Order))
		}
	}
	if len(c.Refunds) == 0 && earned != nil && refunded < earned.Fee {
		sum = earned.Fee - refunded
		refunds = append(refunds, BillRefund{Amount: sum})
	}
	if len(refunds) == 0 {
		return Result{PointOK: true, Replayed: len(c.Refunds) > 0}
	}
	if earned != nil && sum > earned.Fee-refunded {
		return Refuse(OverRefund, Money("max", earned.Fee-refunded))
	}
	if sum > AmountMax {
		return Refuse(AmountTooLarge, Money("max", AmountMax))
	}
	member := ""
	var a *Account
	n := func(before, after Amount) Amount { return 0 }
	policy := s.Brand.Policy.EarnBack
	if earned != nil {
		member = earned.Member
		a = s.account(earned.Postings[0].Lot.Account)
		n = func(before, after Amount) Amount {
			e := earned.Postings[0].Amount
			return MulDiv(e, after, earned.Fee) - MulDiv(e, before, earned.Fee)
		}
		if need, there := n(refunded, refunded+sum), available(s.joint(a), Points); policy == ShortfallRefuse && need > there {
			return Refuse(InsufficientPoint, Score("need", need), Score("available", there))
		}
	}

	// Nothing fails from here on.
	var r Result
	for i, f := range refunds {
		o := s.reversalOp(OpUnearn, &c.Head, &f.Keyed, at, member, shop, c.Order, f.Number)
		o.Fee = f.Amount
		if i > 0 {
			o.Request, o.Content = Digest{}, Digest{}
		}
		if back := n(refunded, refunded+f.Amount); back > 0 && !s.takeBack(o, a, earned, back, policy) {
			return Result{}
		}
		refunded += f.Amount
		first := s.book(o, Result{PointOK: true})
		if i == 0 {
			r = first
		}
	}
	return r
}

// takeBack takes points that an operation granted: from its own lot first, then from the member's others, and what is not there is owed, or
// the brand's loss. ok is false when the loaded page does not reach.
func (s *State) takeBack(o *Op, a *Account, granted *Op, n Amount, short Shortfall) (ok bool) {
	own := s.lot(granted.Postings[0].Lot)
	fromOwn := min(n, own.Free())
	accounts := s.joint(a)
	fromOthers := min(n-fromOwn, available(accounts, Points)-own.Free())
	pins, ok := s.take(accounts, Point, fromOthers, own)
	if !ok {
		return false
	}
	if fromOwn > 0 {
		s.move(o, own, -fromOwn, granted.ID)
	}
	for _, p := range pins {
		s.move(o, s.lot(p.Lot), -p.Amount, ID{})
	}
	for i := range granted.Postings {
		if p := &granted.Postings[i]; p.Lot.IsZero() {
			o.counter(p.Book, Point, n)
		}
	}
	switch missing := n - fromOwn - fromOthers; {
	case missing == 0:
	case short == ShortfallAbsorb:
		o.counter(loss, Point, -missing)
	default:
		o.counter(owedBy(a), Point, -missing)
		a.Owed += missing
		a.Changed = o.At
		s.Changes.Accounts.Add(a)
	}
	return true
}

// owed begins the counter account of the points that an account owes.
const owed = "owed:"

func owedBy(a *Account) string { return owed + a.ID }

// Owes is the account whose debt of points a line changes, "" if it changes none. What it owes is the sum of these lines, negated.
func (p *Posting) Owes() string {
	if p.Lot.IsZero() && p.Kind == Point {
		if account, ok := strings.CutPrefix(p.Book, owed); ok {
			return account
		}
	}
	return ""
}

// came notes that points came, or came free, to an account that owes.
func (s *State) came(l *Lot) {
	if l.Kind == Point && slices.ContainsFunc(s.joint(s.account(l.Account)), func(a *Account) bool { return a.Owed > 0 }) {
		s.freed = append(s.freed, l)
	}
}

// repay takes what accounts owe out of the points that came to them in this command, before anybody can spend them.
func (s *State) repay(at *Stamp) {
	for _, l := range s.freed {
		for _, a := range s.joint(s.account(l.Account)) {
			n := min(a.Owed, l.Free())
			if n <= 0 {
				continue
			}
			o := s.own(OpDebt, at, s.Root(l.Member), "")
			s.move(o, l, -n, ID{})
			o.counter(owedBy(a), Point, n)
			a.Owed -= n
			s.Changes.Accounts.Add(a)
			s.book(o, Result{})
		}
	}
	s.freed = s.freed[:0]
}

// Keys of a grant's undo: its history and the member's points.
func (c *UndoGrant) Keys(k *Keys) {
	k.undo(&c.Head, c.Order, Digest{})
	k.spend(&c.Head)
}

// decide takes granted points back (semantics.md §6, extra.consume): parts may go, together never more than was granted.
func (c *UndoGrant) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	s.settleOrder(c.Order, at)
	grant := s.story(c.Order, Points).charge
	if grant == nil {
		if s.known(c.Order) {
			return s.wrongRole(c.Order)
		}
		return s.bury(&c.Head, c.Order, c.Amount, at, TombKey{Family: Points, Charge: true})
	}
	if !s.sameMember(&c.Head, grant) {
		return Refuse(MemberMismatch)
	}
	left := grant.Postings[0].Amount
	for _, o := range s.Orders[c.Order] {
		if o.Kind == OpUngrant {
			left -= o.gaveUp()
		}
	}
	switch {
	case left == 0:
		return Refuse(AlreadyReversed, T("order", c.Order), T("number", s.firstRefund(c.Order)))
	case c.Amount > left:
		return Refuse(OverRefund, Score("max", left))
	}
	if r, ok := s.reversible(grant, Points, shop, at); !ok {
		return r
	}
	policy, a := s.Brand.Policy.GrantBack, s.account(grant.Postings[0].Lot.Account)
	if there := available(s.joint(a), Points); c.Amount > there && (policy == ShortfallDefault || policy == ShortfallRefuse) {
		return Refuse(InsufficientPoint, Score("need", c.Amount), Score("available", there))
	}

	// Nothing fails from here on.
	o := s.op(OpUngrant, &c.Head, at, grant.Member, shop, c.Order)
	o.Signed = c.Signed
	if !s.takeBack(o, a, grant, c.Amount, policy) {
		return Result{}
	}
	return s.book(o, Result{PointOK: true})
}

// gaveUp is how many points an operation took back: what it credits to the account that they came from.
func (o *Op) gaveUp() (sum Amount) {
	for i := range o.Postings {
		if p := &o.Postings[i]; p.Lot.IsZero() && p.Kind == Point && p.Amount > 0 {
			sum += p.Amount
		}
	}
	return sum
}
