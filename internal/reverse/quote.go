package reverse

import (
	"slices"
	"strconv"

	"recoup/internal/ledger"
)

const (
	// QuotesMax bounds the live quotes of a store.
	QuotesMax = 10_000
	// QuoteFor is how long a quote is valid, in milliseconds: 30 minutes.
	QuoteFor int64 = 30 * 60 * 1000
)

// Keys of a quote: the sub-orders with their order, the gift cards, and how many quotes the store has.
func (c *MakeQuote) Keys(k *Keys) {
	k.head(&c.Head)
	k.Quotes[c.Token] = struct{}{}
	k.Stores[c.Store] = struct{}{}
	for _, no := range c.Subs {
		k.Subs[no] = struct{}{}
	}
	for _, out := range c.OutSubs {
		k.OutSubs[out] = struct{}{}
	}
	for _, card := range c.GiftCards {
		k.card(card)
	}
}

// decide offers what can be refunded (semantics.md §9, applyrefund). It reserves nothing and books nothing.
//
// Postage goes with the last open sub-orders: when nothing can be refunded of any sub-order outside the quote, what is left of the
// postage row is added to the quote's last sub-order. A sub-order is open while a cell of it has something to give now, to whichever
// door its shares went.
func (c *MakeQuote) decide(s *State, at *ledger.Stamp) ledger.Result {
	if q := s.Quotes[c.Token]; q != nil { // tokens are random: this is the same import again
		return ledger.Result{IDs: []string{q.Token}, Numbers: slices.Concat(q.Subs, q.Dropped), Replayed: true}
	}
	if _, refused, ok := s.shop(c.Store); !ok {
		return refused
	}
	o, subs, refused, ok := c.find(s)
	if !ok {
		return refused
	}
	cards := set(c.GiftCards)
	for _, card := range cards {
		a := s.Accounts[s.Cards[card]]
		if a == nil || a.Type != ledger.GiftCard || !slices.Contains(subs, a.SoldIn) {
			return ledger.Refuse(ledger.GiftCardNotFound, ledger.T("card", card))
		}
	}
	q := &Quote{Token: c.Token, App: c.App, Store: c.Store, Main: o.Main, GiftCards: cards, Until: at.At + QuoteFor}
	s.offer(q, s.table(o, at), subs)
	if refused, ok := s.unspent(q.GiftCards, at); !ok {
		return refused
	}
	if s.LiveQuotes[c.Store] >= QuotesMax {
		return ledger.Refuse(ledger.QuoteLimit)
	}

	// Nothing fails from here on.
	if c.Never {
		q.Until = ledger.Never
	}
	s.Quotes[q.Token] = q
	s.LiveQuotes[q.Store]++
	s.Wdk.Quotes.Add(q)
	return ledger.Result{IDs: []string{q.Token}, Numbers: subs}
}

// find finds the sub-orders of a quote, each once, and the one order they are of. Named in both ways, they must be the same.
func (c *MakeQuote) find(s *State) (o *Order, subs []int64, refused ledger.Result, ok bool) {
	field, subs := "biz_order_ids", distinct(c.Subs)
	outs := make([]int64, 0, len(c.OutSubs))
	for _, out := range distinct(c.OutSubs) {
		no, ok := s.OutSubOf[out]
		if !ok {
			return nil, nil, ledger.Refuse(ledger.OrderNotFound, ledger.T("order", out)), false
		}
		outs = append(outs, no)
	}
	if len(subs) == 0 {
		field, subs = "sub_out_order_ids", outs
	}
	if len(subs) == 0 {
		return nil, nil, ledger.Refuse(ledger.MissingField, ledger.T("field", "biz_order_ids")), false
	}
	for _, no := range subs {
		main, ok := s.SubOf[no]
		if !ok {
			return nil, nil, ledger.Refuse(ledger.OrderNotFound, ledger.T("order", strconv.FormatInt(no, 10))), false
		}
		if o != nil && main != o.Main {
			return nil, nil, ledger.Refuse(ledger.QuoteMismatch, ledger.T("field", field+"须属于同一订单")), false
		}
		o = s.WdkOrders[main]
	}
	if len(outs) > 0 && !sameSet(subs, outs) {
		return nil, nil, ledger.Refuse(ledger.QuoteMismatch, ledger.T("field", "sub_out_order_ids与biz_order_ids不是同一批子单")), false
	}
	if o.Store != c.Store {
		return nil, nil, ledger.Refuse(ledger.QuoteMismatch, ledger.T("field", "store_id不是子单的门店")), false
	}
	return o, subs, ledger.Result{}, true
}

// offer fills a quote with all that the cells of the sub-orders asked for can give, and with the gift cards they sold. What costs nothing
// takes part until it went back once; what has nothing left is dropped.
func (s *State) offer(q *Quote, tb *table, asked []int64) {
	o := tb.order
	last := true
	for i := range o.Subs {
		last = last && (slices.Contains(asked, o.Subs[i].No) || !tb.open(i))
	}
	var post []Amount
	rows := make([][]Amount, len(asked))
	for i, no := range asked {
		rows[i] = tb.takeRow(o.Row(no))
	}
	if last && total(tb.left[o.post()]) > 0 {
		post = tb.takeRow(o.post())
	}
	for i, no := range asked {
		sold := s.soldIn(no)
		some := total(rows[i]) > 0 || len(sold) > 0 || tb.free(no) || total(post) > 0 && len(q.Subs) == 0 && i == len(asked)-1
		if !some {
			q.Dropped = append(q.Dropped, no)
			continue
		}
		q.Subs, q.Cells = append(q.Subs, no), append(q.Cells, rows[i])
		q.Max += total(rows[i])
		for _, card := range sold {
			if !slices.Contains(q.GiftCards, card) {
				q.Unasked = append(q.Unasked, card)
			}
		}
	}
	q.GiftCards = set(append(q.GiftCards, q.Unasked...))
	for t, n := range post {
		if n == 0 {
			continue
		}
		q.Cells[len(q.Cells)-1][t] += n
		q.PostFee += n
		q.Max += n
	}
}

// soldIn lists the gift cards that a sub-order sold and that were not cancelled.
func (s *State) soldIn(sub int64) (cards []string) {
	for _, a := range s.Accounts {
		if a.Type == ledger.GiftCard && a.SoldIn == sub && !a.Closed {
			cards = append(cards, a.Card)
		}
	}
	slices.Sort(cards)
	return cards
}

func total(row []Amount) (sum Amount) {
	for _, n := range row {
		sum += n
	}
	return sum
}

// offers is what the quote offers of each tender: the sums of its columns.
func (q *Quote) offers(tenders int) []Amount {
	sums := make([]Amount, tenders)
	for _, row := range q.Cells {
		for t, n := range row {
			sums[t] += n
		}
	}
	return sums
}

// Modifiable reports whether a submit may refund less than the quote offers (support_modify_amount): only a quote of one sub-order that has
// something to give.
func (q *Quote) Modifiable() bool { return len(q.Subs) == 1 && q.Max > 0 }

// unspent checks that gift cards can be cancelled: nobody has used them.
func (s *State) unspent(cards []string, at *ledger.Stamp) (ledger.Result, bool) {
	for _, card := range cards {
		s.Settle(s.Accounts[s.Cards[card]].Member, at) // a hold that timed out is no use
		if !s.CardUnspent(card) {
			return ledger.Refuse(ledger.GiftCardUsed, ledger.T("card", card)), false
		}
	}
	return ledger.Result{}, true
}

// distinct keeps each element once, at its first place.
func distinct[T comparable](list []T) []T {
	out := make([]T, 0, len(list))
	for _, x := range list {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// sameSet reports whether two lists of distinct numbers hold the same.
func sameSet(a, b []int64) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// set sorts a list and keeps each element once.
func set(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
