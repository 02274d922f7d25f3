package reverse

import (
	"cmp"
	"slices"
	"strings"

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
	switch {
	case len(q.Subs) == 0, c.Amount > q.Max:
		return ledger.Refuse(ledger.OverRefund, ledger.Money("max", q.Max))
	case c.Amount < q.Max && !q.Modifiable():
		return ledger.Refuse(ledger.RefundAmount, ledger.Money("max", q.Max))
	case c.Amount <= 0 && q.Max > 0:
		return ledger.Refuse(ledger.RefundAmount, ledger.Money("max", q.Max), ledger.T("least", "1"))
	}
	o := s.WdkOrders[q.Main]
	amounts, refused, ok := c.spread(o, q, shop.Waterfall)
	if !ok {
		return refused
	}
	if slices.ContainsFunc(q.GiftCards, func(card string) bool { return s.Accounts[s.Cards[card]].Closed }) { // by another reverse
		return ledger.Refuse(ledger.QuoteStale)
	}
	if refused, ok := s.unspent(q.GiftCards, at); !ok {
		return refused
	}
	for _, no := range q.Subs {
		for _, card := range s.soldIn(no) {
			if !slices.Contains(q.GiftCards, card) { // sold since: it must not outlive the refund
				return ledger.Refuse(ledger.QuoteStale)
			}
		}
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
		s.Leave(r)
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

// differs names what of a submit is not as in its quote, "" if all is. Lists compare as sets; they may be as asked or as answered.
func (c *Submit) differs(q *Quote, subs []int64) string {
	cards := set(c.GiftCards)
	asked := slices.DeleteFunc(slices.Clone(q.GiftCards), func(card string) bool { return slices.Contains(q.Unasked, card) })
	switch {
	case c.Store != q.Store:
		return "store_id"
	case !sameSet(subs, q.Subs) && !sameSet(subs, slices.Concat(q.Subs, q.Dropped)):
		return "biz_order_ids"
	case !slices.Equal(cards, q.GiftCards) && !slices.Equal(cards, asked):
		return "gift_card_nos"
	}
	return ""
}

// spread turns the channels of a submit into fen of each tender, within what the quote offers.
//
// A strict store takes what is given: the sum must be the refund. In a waterfall store a given amount is exact, and tenders that were given
// none are filled in quote order. Whatever comes to the whole of a quote is every cell of it, so a quote that cannot be modified needs no
// check of its own.
func (c *Submit) spread(o *Order, q *Quote, waterfall bool) ([]Amount, ledger.Result, bool) {
	offers := q.offers(len(o.Tenders))
	claims, sum, refused, ok := c.claims(o, waterfall)
	if !ok {
		return nil, refused, false
	}
	rest := c.Amount - sum
	if rest < 0 || rest > 0 && !waterfall {
		return nil, ledger.Refuse(ledger.ChannelSumMismatch, ledger.Money("sum", sum), ledger.Money("need", c.Amount)), false
	}
	amounts, exact := make([]Amount, len(offers)), make([]bool, len(offers))
	// Those that name one tender first: what they leave may make the others plain.
	slices.SortStableFunc(claims, func(a, b claim) int { return cmp.Compare(len(a.tenders), len(b.tenders)) })
	for _, cl := range claims {
		most, some := Amount(0), 0
		for _, t := range cl.tenders {
			exact[t] = true
			if n := offers[t] - amounts[t]; n > 0 {
				most += n
				some++
			}
		}
		switch {
		case cl.amount > most:
			return nil, ledger.Refuse(ledger.ChannelOverCap, ledger.T("channel", cl.name), ledger.Money("max", most)), false
		case some > 1 && 0 < cl.amount && cl.amount < most:
			return nil, ledger.Refuse(ledger.ChannelAmbiguous, ledger.T("channel", cl.name), ledger.T("which", o.tenderNames(cl.tenders))), false
		}
		for _, t := range cl.tenders { // all of them, or the one that has something
			n := min(cl.amount, offers[t]-amounts[t])
			amounts[t] += n
			cl.amount -= n
		}
	}
	for t, offer := range offers {
		if !exact[t] {
			amounts[t] = min(rest, offer)
			rest -= amounts[t]
		}
	}
	if rest > 0 {
		return nil, ledger.Refuse(ledger.ChannelSumMismatch, ledger.Money("sum", c.Amount-rest), ledger.Money("need", c.Amount)), false
	}
	return amounts, ledger.Result{}, true
}

// A claim is what a submit gives of one tender, or of several that it does not tell apart.
type claim struct {
	name    string // as the submit says it
	tenders []int
	amount  Amount
}

// claims finds the tenders that the channels of a submit mean, and adds up what is given of the same.
func (c *Submit) claims(o *Order, waterfall bool) (claims []claim, sum Amount, refused ledger.Result, ok bool) {
	for i := range c.Channels {
		g := &c.Channels[i]
		tenders := o.meant(g)
		if len(tenders) == 0 {
			return nil, 0, ledger.Refuse(ledger.ChannelUnknown, ledger.T("channel", cmp.Or(g.Unique, g.Code, g.Name))), false
		}
		if !within(g.Amount) {
			return nil, 0, ledger.Refuse(ledger.AmountTooLarge, ledger.Money("max", ledger.AmountMax)), false
		}
		if g.Fill && waterfall {
			continue
		}
		sum += g.Amount
		if j := slices.IndexFunc(claims, func(cl claim) bool { return slices.Equal(cl.tenders, tenders) }); j >= 0 {
			claims[j].amount += g.Amount
			continue
		}
		claims = append(claims, claim{cmp.Or(g.Code, g.Name, g.Unique), tenders, g.Amount})
	}
	return claims, sum, ledger.Result{}, true
}

// meant lists the tenders that a channel can mean: the one of its unique_id; else those of its code, of them the one of its name if that is
// one's alone; without a code those of the name.
func (o *Order) meant(g *Given) (tenders []int) {
	var named []int
	for i := range o.Tenders {
		t := &o.Tenders[i]
		switch {
		case g.Unique != "":
			if g.Unique == o.Unique(i) && (g.Code == "" || g.Code == t.Code) {
				return []int{i}
			}
			continue
		case g.Code != "" && t.Code != g.Code, g.Code == "" && (g.Name == "" || t.Name != g.Name):
			continue
		}
		tenders = append(tenders, i)
		if t.Name == g.Name {
			named = append(named, i)
		}
	}
	if len(named) == 1 {
		return named
	}
	return tenders
}

// tenderNames names tenders that a submit did not tell apart.
func (o *Order) tenderNames(tenders []int) string {
	names := make([]string, len(tenders))
	for i, t := range tenders {
		names[i] = o.Tenders[t].Name + "(unique_id " + o.Unique(t) + ")"
	}
	return strings.Join(names, "、")
}

// reverses makes one reverse a sub-order, in request order, and checks that what the quote offered is still there: ok is false if not.
// Several sub-orders take the quote's own cells; a single one takes the amounts given.
func (c *Submit) reverses(s *State, o *Order, q *Quote, subs []int64, amounts []Amount, at *ledger.Stamp) (list []*Reverse, ok bool) {
	tb := s.table(o, at)
	for _, no := range subs {
		i := slices.Index(q.Subs, no)
		if i < 0 {
			continue // dropped: nothing is left of it
		}
		if total(q.Cells[i]) == 0 && o.Subs[o.Row(no)].Fee == 0 && tb.gone[no] {
			return nil, false
		}
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
