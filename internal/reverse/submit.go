package reverse

import (
	"cmp"
	"slices"
	"strconv"

	"recoup/internal/ledger"
)

// Keys of a submit: the quote with its order, and the gift cards to the last lot, for they are to be voided.
func (c *Submit) Keys(k *Keys) {
	k.head(&c.Head)
	k.Quotes[c.RequestID] = struct{}{}
	for _, card := range c.GiftCards {
		k.card(card)
		k.AllLots[ledger.Ident{Type: ledger.ByCard, Text: card}] = struct{}{}
	}
}

// decide commits a quote (semantics.md §9, creatrefund; document 003). The replay was looked for before.
func (c *Submit) decide(s *State, at *ledger.Stamp) ledger.Result {
	q := s.Quotes[c.RequestID]
	switch {
	case q == nil || q.App != c.App: // another app's token is none of this app's business
		return ledger.Refuse(ledger.QuoteNotFound)
	case q.Bound:
		return ledger.Refuse(ledger.RequestIDConflict)
	case q.Until != ledger.Never && at.At >= q.Until:
		return ledger.Refuse(ledger.QuoteExpired)
	}
	subs := distinct(c.Subs)
	if field := c.differs(q, subs); field != "" {
		return ledger.Refuse(ledger.QuoteMismatch, ledger.T("field", field))
	}
	shop, refused, ok := s.shop(q.Store)
	if !ok {
		return refused
	}
	if refused, ok := known(s.Brand, c.ReasonID); !ok {
		return refused
	}
	if no, empty := s.empty(q); empty {
		return ledger.Refuse(ledger.QuoteMismatch, ledger.T("field", "biz_order_ids中子单"+strconv.FormatInt(no, 10)+"已无可退金额"))
	}
	switch {
	case c.Amount > q.Max:
		return ledger.Refuse(ledger.OverRefund, ledger.Money("max", q.Max))
	case c.Amount <= 0, c.Amount < q.Max && !q.Modifiable():
		return ledger.Refuse(ledger.RefundAmount, ledger.Money("max", q.Max))
	}
	o := s.WdkOrders[q.Main]
	amounts, refused, ok := c.spread(o, q, shop.Waterfall)
	if !ok {
		return refused
	}
	if refused, ok := s.unspent(q.GiftCards, at); !ok {
		return refused
	}
	reverses, ok := c.reverses(s, o, q, subs, amounts, at)
	if !ok {
		return ledger.Refuse(ledger.QuoteStale)
	}

	// Nothing fails from here on.
	q.Bound = true
	s.Wdk.Quotes.Add(q)
	result := ledger.Result{IDs: []string{o.Out}}
	for _, r := range reverses {
		r.ID = at.Next()
		s.Reverses[r.ID] = r
		s.Wdk.Reverses.Add(r)
		result.Numbers = append(result.Numbers, r.ID)
		result.IDs = append(result.IDs, o.Subs[o.Row(r.Sub)].Out)
	}
	result = s.Record(ledger.OpReverse, &c.Head, at, o.Store, "", c.RequestID, result)
	if !shop.NoAutoAgree && clerk(s.Brand, c.OperatorType) {
		for _, r := range reverses {
			s.agree(&c.Head, at, r, "自动同意")
		}
	}
	return result
}

// empty finds a sub-order that a quote of several has nothing to give back for, neither money nor a gift card: nobody shall see a
// reverse of nothing, and none is left out unasked.
func (s *State) empty(q *Quote) (sub int64, found bool) {
	if q.Modifiable() {
		return 0, false
	}
	some := func(n Amount) bool { return n > 0 }
	for i, no := range q.Subs {
		sold := func(card string) bool { return s.Accounts[s.Cards[card]].SoldIn == no }
		if !slices.ContainsFunc(q.Cells[i], some) && !slices.ContainsFunc(q.GiftCards, sold) {
			return no, true
		}
	}
	return 0, false
}

// differs names what of a submit is not as in its quote, "" if all is. Lists compare as sets.
func (c *Submit) differs(q *Quote, subs []int64) string {
	switch {
	case c.Store != q.Store:
		return "store_id"
	case !sameSet(subs, q.Subs):
		return "biz_order_ids"
	case !slices.Equal(set(c.GiftCards), q.GiftCards):
		return "gift_card_nos"
	}
	return ""
}

// spread turns the channels of a submit into fen of each tender, within what the quote offers.
//
// Entries of one code add up, and a code that several tenders share fills them in the order's tender order. A strict store takes what is
// given: the sum must be the refund. In a waterfall store a given amount is exact, and tenders that were given none are filled in quote
// order. Whatever comes to the whole of a quote is every cell of it, so a quote that cannot be modified needs no check of its own.
func (c *Submit) spread(o *Order, q *Quote, waterfall bool) ([]Amount, ledger.Result, bool) {
	offers, given, sum := q.offers(), map[string]Amount{}, Amount(0)
	for i := range c.Channels {
		g := &c.Channels[i]
		code := o.code(g)
		if code == "" {
			return nil, ledger.Refuse(ledger.ChannelUnknown, ledger.T("channel", cmp.Or(g.Code, g.Name))), false
		}
		if !within(g.Amount) {
			return nil, ledger.Refuse(ledger.AmountTooLarge, ledger.Money("max", ledger.AmountMax)), false
		}
		if g.Fill && waterfall {
			continue
		}
		given[code] += g.Amount
		sum += g.Amount
	}
	rest := c.Amount - sum
	if rest < 0 || rest > 0 && !waterfall {
		return nil, ledger.Refuse(ledger.ChannelSumMismatch, ledger.Money("sum", sum), ledger.Money("need", c.Amount)), false
	}
	amounts, most := make([]Amount, len(offers)), map[string]Amount{}
	for t, offer := range offers {
		code := o.Tenders[t].Code
		most[code] += offer
		if left, exact := given[code]; exact {
			amounts[t] = min(left, offer)
			given[code] -= amounts[t]
		} else {
			amounts[t] = min(rest, offer)
			rest -= amounts[t]
		}
	}
	for i := range c.Channels {
		if code := o.code(&c.Channels[i]); given[code] > 0 {
			return nil, ledger.Refuse(ledger.ChannelOverCap, ledger.T("channel", code), ledger.Money("max", most[code])), false
		}
	}
	if rest > 0 {
		return nil, ledger.Refuse(ledger.ChannelSumMismatch, ledger.Money("sum", c.Amount-rest), ledger.Money("need", c.Amount)), false
	}
	return amounts, ledger.Result{}, true
}

// code is the tender code that a channel means, "" if the order has no such tender.
func (o *Order) code(g *Given) string {
	for i := range o.Tenders {
		if t := &o.Tenders[i]; t.Code == g.Code || g.Code == "" && g.Name != "" && t.Name == g.Name {
			return t.Code
		}
	}
	return ""
}

// reverses makes one reverse a sub-order, in request order, and checks that what the quote offered is still there: ok is false if not.
// Several sub-orders take the quote's own cells; a single one takes the amounts given.
func (c *Submit) reverses(s *State, o *Order, q *Quote, subs []int64, amounts []Amount, at *ledger.Stamp) (list []*Reverse, ok bool) {
	tb := s.table(o, at)
	for _, no := range subs {
		i := slices.Index(q.Subs, no)
		want, postage := q.Cells[i], q.PostFee > 0 && i == len(q.Subs)-1
		if q.Modifiable() {
			want = amounts
		}
		r := &Reverse{
			Main: o.Main, Sub: no, Store: o.Store, Token: q.Token, App: c.App, ReasonID: c.ReasonID, Reason: c.ReasonText,
			Operator: c.Operator, OperatorName: c.OperatorName, OperatorType: c.OperatorType, Proofs: slices.Clone(c.Proofs),
		}
		for t, fen := range want {
			if fen == 0 {
				continue
			}
			post, ok := tb.fit(o.Row(no), t, fen, postage)
			if !ok {
				return nil, false
			}
			r.Amount += fen
			r.Post += post
			r.Channels = append(r.Channels, Channel{Tender: t, Code: o.Tenders[t].Code, Name: o.Tenders[t].Name, Amount: fen, Post: post})
		}
		for _, card := range q.GiftCards {
			if s.Accounts[s.Cards[card]].SoldIn == no {
				r.GiftCards = append(r.GiftCards, card)
			}
		}
		r.step(at, &c.Head, Apply, c.ReasonText)
		list = append(list, r)
	}
	return list, true
}
