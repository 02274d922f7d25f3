package reverse

import (
	"slices"
	"strconv"

	"recoup/internal/ledger"
)

// Keys of an order: its numbers, and the spends that its tenders name.
func (c *TakeOrder) Keys(k *Keys) {
	k.head(&c.Head)
	k.Outs[c.Out] = struct{}{}
	for i := range c.Subs {
		if no := c.Subs[i].No; no != 0 {
			k.Subs[no] = struct{}{}
		}
		if out := c.Subs[i].Out; out != "" {
			k.OutSubs[out] = struct{}{}
		}
	}
	for i := range c.Tenders {
		t := &c.Tenders[i]
		if !t.Asset() || t.Order == "" {
			continue
		}
		k.Orders[t.Order], k.Unnamed[t.Order] = struct{}{}, struct{}{}
		if t.Card != "" {
			k.card(t.Card)
		}
	}
}

// A binding is what the tenders of one order take of the spends of one number, by family.
type binding struct {
	order string
	taken [ledger.Points + 1]Amount
}

// decide takes a paid order (semantics.md §9, trade.order.success.create).
//
// Sub-orders keep their out_sub_order_id as the brand keeps order numbers: unique, for applyrefund names them by it alone.
func (c *TakeOrder) decide(s *State, at *ledger.Stamp) ledger.Result {
	if o := s.WdkOrders[s.OutOf[c.Out]]; o != nil {
		if o.Content != c.Content {
			return ledger.Refuse(ledger.OrderNoConflict, ledger.T("order", c.Out), ledger.T("role", "另一笔WDK订单"))
		}
		r := o.numbers()
		r.Replayed = true
		return r
	}
	if _, refused, ok := s.shop(c.Store); !ok {
		return refused
	}
	if field := c.missing(); field != "" {
		return ledger.Refuse(ledger.MissingField, ledger.T("field", field))
	}
	if !c.inRange() {
		return ledger.Refuse(ledger.AmountTooLarge, ledger.Money("max", ledger.AmountMax))
	}
	if no := c.taken(s); no != "" {
		return ledger.Refuse(ledger.OrderNoConflict, ledger.T("order", no), ledger.T("role", "另一笔WDK子单"))
	}
	fees, sum := make([]Amount, len(c.Subs)), c.PostFee
	for i := range c.Subs {
		fees[i] = c.Subs[i].Fee
		sum += fees[i]
	}
	if sum != c.PayFee {
		return ledger.Refuse(ledger.TenderMismatch, ledger.T("what", "子单与运费"), ledger.Money("sum", sum), ledger.Money("need", c.PayFee))
	}
	paid, sum := make([]Amount, len(c.Tenders)), 0
	for i := range c.Tenders {
		paid[i] = c.Tenders[i].Amount
		sum += paid[i]
	}
	if sum != c.PayFee {
		return ledger.Refuse(ledger.TenderMismatch, ledger.T("what", "支付明细"), ledger.Money("sum", sum), ledger.Money("need", c.PayFee))
	}
	// The command may be decided again (another writer won): what is worked out goes into copies.
	tenders := slices.Clone(c.Tenders)
	var bindings []binding
	for i := range tenders {
		t := &tenders[i]
		if t.Asset() {
			refused, ok := s.bind(&bindings, t, at)
			if !ok {
				return refused
			}
			continue
		}
		ch, ok := channel(s.Brand, t.Code)
		if !ok {
			return ledger.Refuse(ledger.ChannelUnknown, ledger.T("channel", t.Code))
		}
		if t.Name == "" {
			t.Name = ch.Name
		}
	}

	// Nothing fails from here on.
	o := &Order{
		Main: at.Next(), Out: c.Out, Store: c.Store, Content: c.Content, At: at.At, PayFee: c.PayFee, PostFee: c.PostFee,
		Subs: slices.Clone(c.Subs), Tenders: tenders, Shares: Shares(fees, c.PostFee, paid),
	}
	for i := range o.Subs {
		if o.Subs[i].No == 0 {
			o.Subs[i].No = at.Next()
		}
		if c.Gone {
			o.Gone = append(o.Gone, o.Subs[i].No)
		}
	}
	s.PutOrder(o)
	s.Wdk.Orders.Add(o)
	s.Leave(o)
	r := s.Record(ledger.OpOrder, &c.Head, at, o.Store, History(o.Main), o.Out, o.numbers())
	s.recordBindings(&c.Head, at, o, bindings)
	return r
}

// missing names a field without which an order cannot be refunded, "" if all are there.
func (c *TakeOrder) missing() string {
	if len(c.Subs) == 0 {
		return "sub_info_list"
	}
	for i := range c.Tenders {
		t := &c.Tenders[i]
		at := "pay_infos[" + strconv.Itoa(i) + "]."
		switch {
		case t.Code == "":
			return at + "code"
		case t.Asset() && t.Order == "":
			return at + "outer_order_id"
		case t.Code == PointTender && t.Points == 0:
			return at + "point"
		case t.Code == GiftCard && t.Card == "":
			return at + "card_id"
		}
	}
	return ""
}

// inRange checks every amount by itself. No list is long enough for a sum of them to overflow.
func (c *TakeOrder) inRange() bool {
	ok := within(c.PayFee) && within(c.PostFee)
	for i := range c.Subs {
		ok = ok && within(c.Subs[i].Fee)
	}
	for i := range c.Tenders {
		ok = ok && within(c.Tenders[i].Amount) && within(c.Tenders[i].Points)
	}
	return ok
}

func within(n Amount) bool { return 0 <= n && n <= ledger.AmountMax }

// taken names a sub-order number that is in use already, here or in another order; "" if all are free.
func (c *TakeOrder) taken(s *State) string {
	nos, outs := map[int64]bool{}, map[string]bool{}
	for i := range c.Subs {
		if no := c.Subs[i].No; no != 0 {
			if _, ok := s.SubOf[no]; ok || nos[no] {
				return strconv.FormatInt(no, 10)
			}
			nos[no] = true
		}
		if out := c.Subs[i].Out; out != "" {
			if _, ok := s.OutSubOf[out]; ok || outs[out] {
				return out
			}
			outs[out] = true
		}
	}
	return ""
}

// bind checks a member-asset tender against the spends it names and notes what it takes of them. The tender gets the member and a name
// where the caller gave none.
func (s *State) bind(bindings *[]binding, t *Tender, at *ledger.Stamp) (ledger.Result, bool) {
	family, account := t.Family(), ""
	if t.Code == GiftCard {
		a := s.Accounts[s.Cards[t.Card]]
		if a == nil || a.Type != ledger.GiftCard {
			return ledger.Refuse(ledger.CardNotFound, ledger.T("card", t.Card)), false
		}
		account = a.ID
	}
	if h := s.Holds[ledger.HoldKey{Order: t.Order, Family: family}]; h != nil { // one that timed out is no hold
		s.Settle(h.Member, at)
	}
	spent := s.Spent(t.Order, family, account)
	bearer := s.Members[spent.Member] != nil && s.Members[spent.Member].Bearer
	switch {
	case spent.Held:
		return ledger.Refuse(ledger.HoldNotVerified, ledger.T("order", t.Order)), false
	case !spent.Found:
		return ledger.Refuse(ledger.OriginalNotFound, ledger.T("order", t.Order)), false
	case t.Customer != "" && !s.Of(&spent, t.Customer) && !bearer:
		return ledger.Refuse(ledger.MemberMismatch), false
	}
	i := slices.IndexFunc(*bindings, func(b binding) bool { return b.order == t.Order })
	if i < 0 {
		i = len(*bindings)
		*bindings = append(*bindings, binding{order: t.Order})
	}
	b := &(*bindings)[i]
	free := max(0, spent.Left-s.bound(t.Order, family)-b.taken[family])
	if t.assets() > free {
		return ledger.Refuse(ledger.ChannelOverCap, ledger.T("channel", t.Code), ledger.FigOf("max", family, free)), false
	}
	b.taken[family] += t.assets()
	if t.Customer == "" && !bearer {
		t.Customer = spent.Member
	}
	if t.Name == "" {
		t.Name = assetNames[t.Code]
	}
	return ledger.Result{}, true
}

// bound is what the tenders of all orders taken so far name of the spends of a number. Each order left a fact of it in that number's own
// history, so the history alone tells the sum, whichever orders are loaded. It counts tenders as they were taken: what a reverse gave
// back does not free them, for a spend pays its orders once. Only when all that was spent is given back, a re-opened bill begins anew.
func (s *State) bound(order string, f ledger.Family) (sum Amount) {
	spent := Amount(0)
	for _, o := range s.Orders[order] {
		for i := range o.Postings {
			p := &o.Postings[i]
			if p.Kind.Family() == f && !p.Lot.IsZero() && (o.Kind == ledger.OpSpend || !p.Of.IsZero()) {
				spent -= p.Amount
			}
		}
		if o.Kind == ledger.OpRefund && spent == 0 {
			sum = 0
		}
		if o.Kind != ledger.OpOrder {
			continue
		}
		for _, fig := range o.Result.Figs {
			if fig.Name == f.String() {
				sum += fig.N
			}
		}
	}
	return sum
}

// place is where an order was taken in the history of a number that its tenders name: what was spent under the number after that paid for
// something else, a bill that was opened again. 0 if the history does not tell.
func (s *State) place(o *Order, number string) int {
	for _, op := range s.Orders[number] {
		if op.Kind == ledger.OpOrder && len(op.Result.Numbers) == 1 && op.Result.Numbers[0] == o.Main {
			return op.Ordinal
		}
	}
	return 0
}

// recordBindings writes what bound reads: an operation without postings in the history of each number that a tender names. The order's
// own operation has the request key; these have none.
func (s *State) recordBindings(h *ledger.Head, at *ledger.Stamp, o *Order, bindings []binding) {
	own := *h
	own.Request, own.Content = ledger.Digest{}, ledger.Digest{}
	for _, b := range bindings {
		r := ledger.Result{Numbers: []int64{o.Main}}
		for f, n := range b.taken {
			if n > 0 {
				f := ledger.Family(f)
				r.Figs = append(r.Figs, ledger.FigOf(f.String(), f, n))
			}
		}
		s.Record(ledger.OpOrder, &own, at, o.Store, b.order, o.Out, r)
	}
}

// assets is what a member-asset tender took of its spend: points, or fen.
func (t *Tender) assets() Amount {
	if t.Code == PointTender {
		return t.Points
	}
	return t.Amount
}

// History is the key of a WDK order's own history of operations. A caller's number has no control characters, so the two never meet.
func History(main int64) string { return "\x01wdk/" + strconv.FormatInt(main, 10) }

// numbers is the answer to an order: its number, then those of its sub-orders.
func (o *Order) numbers() ledger.Result {
	r := ledger.Result{Numbers: []int64{o.Main}}
	for i := range o.Subs {
		r.Numbers = append(r.Numbers, o.Subs[i].No)
	}
	return r
}
