package reverse

import (
	"fmt"
	"strconv"
	"strings"

	"recoup/internal/ledger"
)

// This file has goods picked up before they are paid back: what is counted is what is paid for.

// ParseQuantity reads a quantity in decimal, with at most three places, above 0.
func ParseQuantity(text string) (Quantity, bool) {
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > 3 || strings.HasSuffix(text, ".") {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+part+strings.Repeat("0", 3-len(part)), 10, 63)
	q := Quantity(n)
	return q, err == nil && whole != "" && q > 0 && q <= QuantityMax
}

// String is the quantity in decimal without needless zeros.
func (q Quantity) String() string {
	text := fmt.Sprintf("%d.%03d", q/1000, q%1000)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Keys of a pick-up: the reverse.
func (c *CreateFetch) Keys(k *Keys) { k.head(&c.Head); k.Reverses[c.Reverse] = struct{}{} }

// decide has goods picked up. A reverse has one pick-up, and its number is the idempotency key.
func (c *CreateFetch) decide(s *State, at *ledger.Stamp) ledger.Result {
	no := strconv.FormatInt(c.Reverse, 10)
	r := s.Reverses[c.Reverse]
	if r == nil || r.Store != c.Store {
		return ledger.Refuse(ledger.ReverseNotFound, ledger.T("reverse", no))
	}
	if r.Fetch != nil {
		if r.Fetch.Content != c.Fetch.Content {
			return ledger.Refuse(ledger.RequestIDConflict)
		}
		return ledger.Result{Numbers: []int64{r.ID}, Replayed: true}
	}
	if _, refused, ok := s.waiting(c.Reverse); !ok {
		return refused
	}
	o := s.WdkOrders[r.Main]
	sub := o.Subs[o.Row(r.Sub)].Out
	switch {
	case c.Out != o.Out:
		return ledger.Refuse(ledger.QuoteMismatch, ledger.T("field", "main_out_order_id"))
	case len(c.Lines) != 1 || c.Lines[0].Sub != sub:
		return ledger.Refuse(ledger.QuoteMismatch, ledger.T("field", "sub_out_order_id"))
	}

	// Nothing fails from here on.
	f := c.Fetch
	f.Expected, f.Refund = c.Lines[0].Expected, c.Lines[0].Refund
	r.Fetch = &f
	r.step(at, &c.Head, Apply, "取货"+f.Expected.String())
	return s.moved(&c.Head, at, r)
}

// counts reports whether a reverse can be paid for what was counted.
func (r *Reverse) counts(counted Quantity) (ledger.Result, bool) {
	no := strconv.FormatInt(r.ID, 10)
	switch {
	case r.Fetch == nil && counted == 0:
	case r.Fetch == nil:
		return ledger.Refuse(ledger.IllegalState, ledger.T("order", no), ledger.T("role", "逆向单(没有取货)"), ledger.T("method", "不带清点数量的同意")), false
	case counted == 0:
		return ledger.Refuse(ledger.IllegalState, ledger.T("order", no), ledger.T("role", "逆向单(待取货清点)"), ledger.T("method", "带清点数量的同意")), false
	case counted > r.Fetch.Refund:
		return ledger.Refuse(ledger.OverCount, ledger.T("max", r.Fetch.Refund.String())), false
	}
	return ledger.Result{}, true
}

// payable is what each channel pays: as it was asked, or for goods that were picked up as much as was counted, in proportion and floored
// over the channels. Postage stays as it was asked.
func (r *Reverse) payable(counted Quantity) []Amount {
	amounts := make([]Amount, len(r.Channels))
	asked := Amount(0)
	for i := range r.Channels {
		amounts[i] = r.Channels[i].Amount
		asked += amounts[i] - r.Channels[i].Post
	}
	if r.Fetch == nil || asked == 0 {
		return amounts
	}
	payable, before, paid := ledger.MulDiv(asked, Amount(counted), Amount(r.Fetch.Refund)), Amount(0), Amount(0)
	for i := range amounts {
		before += amounts[i] - r.Channels[i].Post
		goods := ledger.MulDiv(payable, before, asked)
		amounts[i] = goods - paid + r.Channels[i].Post
		paid = goods
	}
	return amounts
}

// pay makes the reverse as large as what is paid.
func (r *Reverse) pay(amounts []Amount, counted Quantity) {
	if r.Fetch == nil {
		return
	}
	r.Fetch.Counted, r.Amount = counted, 0
	for i := range r.Channels {
		r.Channels[i].Amount = amounts[i]
		r.Amount += amounts[i]
	}
}
