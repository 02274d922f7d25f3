package reverse

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"recoup/internal/ledger"
)

// This file settles payouts: the channels of a reverse that are paid outside of the ledger. A payout's id is the same however often it is
// tried. What was booked at AGREE is never undone by a payout's failure.

var payNames = map[PayStatus]string{Waiting: "WAITING", Pending: "PENDING", Paid: "PAID", PayFailed: "FAILED", Unknown: "UNKNOWN"}

func (s PayStatus) String() string { return payNames[s] }

// Keys of a confirmation: the sub-order with its reverses.
func (c *ConfirmRefund) Keys(k *Keys) { k.head(&c.Head); k.Subs[c.Sub] = struct{}{} }

// decide confirms channels of a sub-order's reverses, all of them or none. The request has no key of its own: a channel that is paid
// already is one that is confirmed again.
func (c *ConfirmRefund) decide(s *State, at *ledger.Stamp) ledger.Result {
	o := s.WdkOrders[s.SubOf[c.Sub]]
	if o == nil || o.Store != c.Store || o.Row(c.Sub) < 0 {
		return ledger.Refuse(ledger.OrderNotFound, ledger.T("order", strconv.FormatInt(c.Sub, 10)))
	}
	type place struct {
		r *Reverse
		i int
	}
	var settled []place
	used := map[*Channel]bool{}
	find := func(want Confirmed) (best place, most Amount, ok bool) {
		for _, r := range s.reversesOf(c.Sub) {
			for i := range r.Channels {
				ch := &r.Channels[i]
				if ch.Payout == "" || ch.Code != want.Code || used[ch] {
					continue
				}
				most = max(most, ch.Amount)
				// What waits for its payment comes before what is paid already: that may be another reverse's of the same amount.
				if ch.Amount == want.Amount && (!ok || best.r.Channels[best.i].Status == Paid && ch.Status != Paid) {
					best, ok = place{r, i}, true
				}
			}
		}
		return best, most, ok
	}
	for _, want := range c.Channels {
		p, most, ok := find(want)
		switch {
		case ok:
			used[&p.r.Channels[p.i]] = true
			settled = append(settled, p)
		case most > 0:
			return ledger.Refuse(ledger.PayoutMismatch, ledger.T("channel", want.Code), ledger.Money("need", most))
		default:
			return ledger.Refuse(ledger.ChannelUnknown, ledger.T("channel", want.Code))
		}
	}
	for _, p := range settled {
		if refused, ok := s.maySettle(p.r, p.i, Paid, at); !ok {
			return refused
		}
	}

	// Nothing fails from here on.
	var r ledger.Result
	for _, p := range settled {
		if p.r.Channels[p.i].Status != Paid {
			moved := s.settle(&c.Head, at, p.r, p.i, Paid)
			moved.Numbers = append(r.Numbers, p.r.ID)
			r = moved
			continue
		}
		r.Numbers = append(r.Numbers, p.r.ID)
	}
	return r
}

// reversesOf lists the reverses of a sub-order, the oldest first.
func (s *State) reversesOf(sub int64) (list []*Reverse) {
	for _, r := range s.Reverses {
		if r.Sub == sub {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *Reverse) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Keys of a payout: its reverse.
func (c *SettlePayout) Keys(k *Keys) {
	k.head(&c.Head)
	id, _ := c.place()
	k.Reverses[id] = struct{}{}
}

// place is which channel of which reverse a payout is; ids that are none lead nowhere.
func (c *SettlePayout) place() (reverse int64, channel int) {
	id, no, _ := strings.Cut(c.Payout, "-")
	reverse, _ = strconv.ParseInt(id, 10, 64)
	channel, _ = strconv.Atoi(no)
	return reverse, channel - 1
}

// decide settles one payout.
func (c *SettlePayout) decide(s *State, at *ledger.Stamp) ledger.Result {
	id, i := c.place()
	r := s.Reverses[id]
	if r == nil || i < 0 || i >= len(r.Channels) || r.Channels[i].Payout != c.Payout {
		return ledger.Refuse(ledger.PayoutNotFound, ledger.T("payout", c.Payout))
	}
	if refused, ok := s.maySettle(r, i, c.Status, at); !ok {
		return refused
	}
	if r.Channels[i].Status == c.Status {
		return ledger.Result{Numbers: []int64{r.ID}}
	}
	return s.settle(&c.Head, at, r, i, c.Status)
}

// maySettle reports whether a payout may become what it is said to be. Money that is paid is out; a payout that failed gave its cap back,
// and must take it again whatever it becomes now.
func (s *State) maySettle(r *Reverse, i int, to PayStatus, at *ledger.Stamp) (ledger.Result, bool) {
	ch := &r.Channels[i]
	switch {
	case ch.Status == to:
	case ch.Status == Paid, to == Waiting:
		return ledger.Refuse(ledger.IllegalState, ledger.T("order", ch.Payout), ledger.T("role", "打款(状态"+ch.Status.String()+")"),
			ledger.T("method", "alibaba.wdk.reverse.reversedetail查看其状态")), false
	case ch.Status == PayFailed:
		o := s.WdkOrders[r.Main]
		tb := s.table(o, at)
		if goods, post := tb.left[o.Row(r.Sub)][ch.Tender], tb.left[o.post()][ch.Tender]; goods < ch.Amount-ch.Post || post < ch.Post {
			return ledger.Refuse(ledger.ChannelOverCap, ledger.T("channel", ch.Code), ledger.Money("max", max(0, goods)+min(max(0, post), ch.Post))), false
		}
	}
	return ledger.Result{}, true
}

// settle moves a payout on, and its reverse with it: SUCCESS once every channel is paid, FAILED once none is under way and one has failed.
func (s *State) settle(h *ledger.Head, at *ledger.Stamp, r *Reverse, i int, to PayStatus) ledger.Result {
	ch := &r.Channels[i]
	ch.Status = to
	status := Success
	for j := range r.Channels {
		switch r.Channels[j].Status {
		case Pending, Unknown:
			status = Paying
		case PayFailed:
			if status == Success {
				status = Failed
			}
		case Waiting, Paid:
		}
	}
	memo := strings.TrimSpace(ch.Payout + " " + to.String() + " " + h.Reason)
	r.step(at, h, status, memo)
	return s.moved(h, at, r)
}
