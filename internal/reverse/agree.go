package reverse

import (
	"strconv"

	"recoup/internal/ledger"
)

// This file moves a reverse on from APPLY: AGREE, where everything is paid or set out to be paid, and the two ends without money.

// Keys of an approval: the reverse with its order.
func (c *AgreeReverse) Keys(k *Keys) { k.head(&c.Head); k.Reverses[c.Reverse] = struct{}{} }

// decide approves a reverse that waits. The ledger is asked again: if it has less than the reverse takes, nothing is paid on any channel
// and the reverse goes on waiting (QUOTE_STALE).
func (c *AgreeReverse) decide(s *State, at *ledger.Stamp) ledger.Result {
	r, refused, ok := s.waiting(c.Reverse)
	if !ok {
		return refused
	}
	if refused, ok := s.unspent(r.GiftCards, at); !ok {
		return refused
	}
	if refused, ok := r.counts(c.Counted); !ok {
		return refused
	}
	amounts := r.payable(c.Counted)
	tb := s.table(s.WdkOrders[r.Main], at)
	for i := range r.Channels {
		if _, ok := tb.draw(r.Channels[i].Tender, amounts[i]); !ok {
			return ledger.Refuse(ledger.QuoteStale)
		}
	}

	// Nothing fails from here on.
	r.pay(amounts, c.Counted)
	result := s.moved(&c.Head, at, r)
	s.agree(&c.Head, at, r, c.Reason)
	return result
}

// Keys of a refusal: the reverse.
func (c *RefuseReverse) Keys(k *Keys) { k.head(&c.Head); k.Reverses[c.Reverse] = struct{}{} }

// decide refuses a reverse that waits; its caps are free again.
func (c *RefuseReverse) decide(s *State, at *ledger.Stamp) ledger.Result {
	return s.end(&c.Head, at, c.Reverse, Refused)
}

// Keys of a cancellation: the reverse.
func (c *CancelReverse) Keys(k *Keys) { k.head(&c.Head); k.Reverses[c.Reverse] = struct{}{} }

// decide cancels a reverse that waits; its caps are free again.
func (c *CancelReverse) decide(s *State, at *ledger.Stamp) ledger.Result {
	if r := s.Reverses[c.Reverse]; c.Stale && (r == nil || r.Status != Apply || at.At < r.At()+s.Brand.Policy.ApplyFor()) {
		return ledger.Result{}
	}
	return s.end(&c.Head, at, c.Reverse, Cancel)
}

// end ends a reverse that waits.
func (s *State) end(h *ledger.Head, at *ledger.Stamp, id int64, status Status) ledger.Result {
	r, refused, ok := s.waiting(id)
	if !ok {
		return refused
	}
	r.step(at, h, status, h.Reason)
	return s.moved(h, at, r)
}

// waiting finds a reverse in APPLY.
func (s *State) waiting(id int64) (*Reverse, ledger.Result, bool) {
	no := strconv.FormatInt(id, 10)
	r := s.Reverses[id]
	switch {
	case r == nil:
		return nil, ledger.Refuse(ledger.ReverseNotFound, ledger.T("reverse", no)), false
	case r.Status != Apply:
		return nil, ledger.Refuse(ledger.IllegalState, ledger.T("order", no), ledger.T("role", "逆向单(状态"+r.Status.String()+")"),
			ledger.T("method", "alibaba.wdk.reverse.reversedetail查看其状态")), false
	}
	return r, ledger.Result{}, true
}

// moved books that a reverse changed its state.
func (s *State) moved(h *ledger.Head, at *ledger.Stamp, r *Reverse) ledger.Result {
	s.Wdk.Reverses.Add(r)
	s.Leave(r)
	return s.Record(ledger.OpReverse, h, at, r.Store, "", strconv.FormatInt(r.ID, 10), ledger.Result{Numbers: []int64{r.ID}})
}

// agree pays a reverse that was decided: member assets go back in the ledger now, against the order's own spends; every other channel
// becomes a payout whose id stays the same however often it is tried. Gift cards sold are cancelled. It cannot fail.
func (s *State) agree(h *ledger.Head, at *ledger.Stamp, r *Reverse, memo string) {
	o, id, status := s.WdkOrders[r.Main], strconv.FormatInt(r.ID, 10), Success
	r.step(at, h, Agree, memo)
	tb := s.table(o, at)
	for i := range r.Channels {
		ch := &r.Channels[i]
		t := &o.Tenders[ch.Tender]
		if !t.Asset() && ch.Amount == 0 { // nothing of it was counted
			ch.Status = Paid
			continue
		}
		if !t.Asset() {
			ch.Status, ch.Payout, status = Pending, id+"-"+strconv.Itoa(i+1), Paying
			continue
		}
		n, ok := tb.draw(ch.Tender, ch.Amount)
		if !ok {
			panic("reverse: " + id + " agreed to more than the ledger has")
		}
		if n > 0 { // a few fen may be worth no whole point
			ch.Flow = s.GiveBack(h, at, t.Order, t.Family(), s.place(o, t.Order), n, r.Store, id)
		}
		if t.Code == PointTender {
			ch.Points = n
		}
		ch.Status = Paid
	}
	for _, card := range r.GiftCards {
		s.CancelCard(h, at, card, r.Store)
	}
	r.step(at, h, status, "")
}

// step puts a reverse into a state and tells it in its history.
func (r *Reverse) step(at *ledger.Stamp, h *ledger.Head, status Status, memo string) {
	r.Status = status
	r.History = append(r.History, Event{At: at.At, Status: status, By: h.Operator, Memo: memo})
}
