package query

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// Order is all that lies under one number at one moment: a business number, or one of a WDK order, its sub-orders and reverses.
type Order struct {
	Numbers []string // the numbers whose histories tell of it: its own, the WDK order's, and those that its payments name
	Holds   []*ledger.Hold
	Left    []Left
	Wdk     *WdkOrder // nil if the number is of none
}

// Left is what can still be undone under a number.
type Left struct {
	Number string
	ledger.Left
}

// WdkOrder is a WDK order with its reverses, the oldest first, and what of each line and payment can be refunded now: rows and columns are
// those of its shares, the last row postage. Cells of one payment may share what they draw on.
type WdkOrder struct {
	*reverse.Order
	Reverses   []*reverse.Reverse
	Refundable [][]ledger.Amount
	Payments   []ledger.Amount // what of each payment can be refunded now
}

// OrderKeys are what FindOrder reads.
func OrderKeys(number string) *reverse.Keys {
	k := reverse.NewKeys()
	k.Orders[number], k.Outs[number], k.OutSubs[number] = struct{}{}, struct{}{}, struct{}{}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && n > 0 {
		k.Subs[n], k.Reverses[n] = struct{}{}, struct{}{}
	}
	return k
}

// FindOrder tells what lies under a number. There may be nothing.
func FindOrder(s *reverse.State, number string, now int64) *Order {
	v := &Order{Numbers: []string{number}}
	if o := wdkOrder(s, number); o != nil {
		v.Wdk = &WdkOrder{Order: o}
		v.Wdk.Refundable, v.Wdk.Payments = s.Refundable(o, &ledger.Stamp{At: now})
		for _, id := range slices.Sorted(maps.Keys(s.Reverses)) {
			if r := s.Reverses[id]; r.Main == o.Main {
				v.Wdk.Reverses = append(v.Wdk.Reverses, r)
			}
		}
		v.Numbers = append(v.Numbers, reverse.History(o.Main))
		for i := range o.Tenders {
			if t := &o.Tenders[i]; t.Asset() && !slices.Contains(v.Numbers, t.Order) {
				v.Numbers = append(v.Numbers, t.Order)
			}
		}
	}
	for _, no := range v.Numbers {
		for _, l := range s.Left(no) {
			v.Left = append(v.Left, Left{no, l})
		}
		for f := range ledger.Families {
			if h := s.Holds[ledger.HoldKey{Order: no, Family: f}]; h != nil {
				v.Holds = append(v.Holds, h)
			}
		}
	}
	return v
}

// wdkOrder finds the WDK order that a number is of, in whichever way.
func wdkOrder(s *reverse.State, number string) *reverse.Order {
	main := s.OutOf[number]
	if sub := s.OutSubOf[number]; main == 0 && sub != 0 {
		main = s.SubOf[sub]
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if main == 0 && err == nil {
		main = cmp.Or(s.SubOf[n], n)
		if r := s.Reverses[n]; r != nil {
			main = r.Main
		}
	}
	return s.WdkOrders[main]
}

// OrderOps are the operations of all numbers that tell of an order, the newest first.
func OrderOps(ctx context.Context, h store.History, brand string, o *Order, limit int) (ops []*ledger.Op, err error) {
	for _, no := range o.Numbers {
		some, err := h.OrderOps(ctx, brand, no, 0, limit)
		if err != nil {
			return nil, err
		}
		ops = append(ops, some...)
	}
	slices.SortFunc(ops, func(a, b *ledger.Op) int { return cmp.Compare(b.Seq, a.Seq) })
	return ops[:min(len(ops), limit)], nil
}

// OrderRefusals are the remembered refusals of a number, the oldest first: a refusal books nothing, and is forgotten after twenty minutes.
func OrderRefusals(ctx context.Context, m store.Memory, brand, number string, now int64) (list []*ledger.Refusal, err error) {
	for r, err := range m.Refusals(ctx, brand) {
		if err != nil {
			return nil, err
		}
		if r.Order == number && r.Until > now {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *ledger.Refusal) int { return cmp.Compare(a.At(), b.At()) })
	return list, nil
}
