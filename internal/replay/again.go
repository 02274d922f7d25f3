package replay

import (
	"math"
	"slices"
	"strings"

	"recoup/internal/ledger"
)

// again makes the command that an operation came of, as far as the books tell; nil for what no rule decides.
func (w *world) again(o *ledger.Op, rules *ledger.Brand) ledger.Command {
	h := ledger.Head{Method: o.Method, App: o.App, Shop: o.Shop, Operator: o.Operator, Signed: math.MaxInt64, Who: w.who(o)}
	moved := o.Moved("")
	switch o.Kind {
	case ledger.OpCharge:
		c := &ledger.Charge{Head: h, Order: o.Order, Real: moved[ledger.Real], Gift: moved[ledger.Gift], Pre: moved[ledger.Pre]}
		asked := rules.Policy.RechargeGift && c.Gift > 0 && c.Gift == rules.Policy.GiftFor(c.Real) // what the rule of its time gave, it seems
		if c.Pre == 0 && (asked || strings.HasSuffix(o.Method, ".operate")) {
			c.ByRule, c.Gift = true, 0
		}
		return c
	case ledger.OpUncharge:
		for _, past := range w.orders[o.Order] {
			if past.Kind == ledger.OpCharge {
				return &ledger.RefundCharge{Head: h, Order: o.Order, Number: o.Number, Amount: -moved[past.Principal()]}
			}
		}
	case ledger.OpFreeze:
		c := &ledger.Freeze{Head: h, Order: o.Order}
		for _, p := range o.Pins {
			c.Family = w.lots[p.Lot].Kind.Family()
			c.Amount += p.Amount
		}
		return c
	case ledger.OpSpend:
		return w.spend(h, o, moved)
	case ledger.OpRefund:
		return refund(h, o, moved)
	case ledger.OpGrant:
		return &ledger.Grant{Head: h, Order: o.Order, Amount: moved[ledger.Point]}
	case ledger.OpUngrant:
		return &ledger.UndoGrant{Head: h, Order: o.Order, Amount: countered(o, "reward:")}
	case ledger.OpEarn:
		return w.earn(h, o, rules, moved[ledger.Point])
	case ledger.OpUnearn:
		earned := slices.ContainsFunc(w.orders[o.Order], func(past *ledger.Op) bool { return past.Kind == ledger.OpEarn })
		if o.Fee > 0 && earned { // else it takes nothing back
			return &ledger.Unearn{Head: h, Order: o.Order, Refunds: []ledger.BillRefund{{Number: o.Number, Amount: o.Fee}}}
		}
	case ledger.OpRelease, ledger.OpHoldExpire, ledger.OpExpire, ledger.OpMember, ledger.OpIssue, ledger.OpOrder, ledger.OpReverse, ledger.OpCardCancel,
		ledger.OpImport, ledger.OpDebt:
	}
	return nil
}

// who names the member of an operation, and the card if it was not the member card.
func (w *world) who(o *ledger.Op) ledger.Who {
	var who ledger.Who
	if m := w.members[o.Member]; m != nil && !m.Bearer {
		who.Customer = m.ID
	}
	for i := range o.Postings {
		if a := w.accounts[o.Postings[i].Lot.Account]; a != nil && (a.Type == ledger.OtherCard || a.Type == ledger.GiftCard) {
			who.Card = a.Card
		}
	}
	for _, p := range o.Pins {
		if a := w.accounts[p.Lot.Account]; a != nil && (a.Type == ledger.OtherCard || a.Type == ledger.GiftCard) {
			who.Card = a.Card
		}
	}
	return who
}

// spend is what an operation consumed. A capture names what was taken of the hold.
func (w *world) spend(h ledger.Head, o *ledger.Op, moved [ledger.Kinds]ledger.Amount) ledger.Command {
	c := &ledger.Spend{Head: h, Order: o.Order, Pools: true, Report: strings.HasSuffix(o.Method, "assert.verify")}
	c.Direct = len(o.Pins) == 0 && !c.Report && !strings.HasSuffix(o.Method, ".operate")
	for f := range ledger.Coupons {
		if n := -ledger.Sum(moved, f); n > 0 {
			c.Wants = append(c.Wants, ledger.Want{Family: f, Amount: n})
		}
	}
	for i := range o.Postings {
		if p := &o.Postings[i]; p.Voucher != "" {
			c.Vouchers, c.Uses = append(c.Vouchers, p.Voucher), append(c.Uses, -p.Amount)
		}
	}
	return c
}

// refund is what an operation gave back: all of an order, or an amount of one family.
func refund(h ledger.Head, o *ledger.Op, moved [ledger.Kinds]ledger.Amount) ledger.Command {
	value, points := ledger.Sum(moved, ledger.Value), ledger.Sum(moved, ledger.Points)
	var vouchers []string
	for i := range o.Postings {
		if p := &o.Postings[i]; p.Voucher != "" && !p.Of.IsZero() {
			vouchers = append(vouchers, p.Voucher)
		}
	}
	switch {
	case strings.HasSuffix(o.Method, "assert.refund"), len(vouchers) > 0 && value+points > 0, value > 0 && points > 0:
		return &ledger.RefundAssets{Head: h, Order: o.Order, Number: o.Number, Vouchers: vouchers}
	case len(vouchers) > 0:
		return &ledger.ReissueVouchers{Head: h, Order: o.Order, Vouchers: vouchers}
	case points > 0:
		return &ledger.ReverseSpend{Head: h, Order: o.Order, Number: o.Number, Family: ledger.Points, Amount: points}
	}
	return &ledger.ReverseSpend{Head: h, Order: o.Order, Number: o.Number, Family: ledger.Value, Amount: value}
}

// earn is a bill that earned so many points. The books tell what it came to and not how it was paid: so much of it earned as its points are
// worth, and the rest was paid with member assets.
func (w *world) earn(h ledger.Head, o *ledger.Op, rules *ledger.Brand, points ledger.Amount) ledger.Command {
	c := &ledger.Earn{Head: h, Order: o.Order, Fee: o.Fee}
	e, rate := &rules.Policy.Earn, ledger.Amount(100)
	if l, _ := rules.Level(w.members[o.Member].Level); l != nil && l.Rate > 0 {
		rate = ledger.Amount(l.Rate)
	}
	if e.Points == 0 || e.Fen == 0 {
		return nil
	}
	earning := o.Fee
	if ledger.MulDiv(o.Fee, e.Points*rate, e.Fen*100) != points {
		earning = min(o.Fee, (points*e.Fen*100+e.Points*rate-1)/(e.Points*rate))
	}
	method := ""
	if len(e.Pay) > 0 {
		method = e.Pay[0]
	}
	c.Payments = []ledger.Payment{{Method: method, Amount: earning}}
	if earning < o.Fee {
		c.Payments = append(c.Payments, ledger.Payment{Method: "POINT", Amount: o.Fee - earning})
	}
	return c
}

// countered is what an operation put back to the books whose names begin so.
func countered(o *ledger.Op, book string) (sum ledger.Amount) {
	for i := range o.Postings {
		if p := &o.Postings[i]; p.Lot.IsZero() && strings.HasPrefix(p.Book, book) {
			sum += p.Amount
		}
	}
	return sum
}
