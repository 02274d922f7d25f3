package query

import (
	"context"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// Reverse is a WDK reverse with the order it is of.
type Reverse struct {
	*reverse.Reverse
	Order *reverse.Order
	Sub   *reverse.Sub // its line of the order
}

// ReverseKeys are what FindReverse reads.
func ReverseKeys(id int64) *reverse.Keys {
	k := reverse.NewKeys()
	k.Reverses[id] = struct{}{}
	return k
}

// FindReverse finds a reverse by its number, nil if there is none.
func FindReverse(s *reverse.State, id int64) *Reverse {
	r := s.Reverses[id]
	if r == nil {
		return nil
	}
	o := s.WdkOrders[r.Main]
	return &Reverse{Reverse: r, Order: o, Sub: &o.Subs[o.Row(r.Sub)]}
}

// Ended is the event that ended the reverse, nil while it goes on.
func (r *Reverse) Ended() *reverse.Event {
	switch r.Status {
	case reverse.Refused, reverse.Success, reverse.Failed, reverse.Cancel:
		return &r.History[len(r.History)-1]
	case reverse.Apply, reverse.Agree, reverse.Paying:
	}
	return nil
}

// Quote is what applyrefund offered, with its order. Offered and Taken are fen by tender of the order.
type Quote struct {
	*reverse.Quote
	Order   *reverse.Order
	Offered []ledger.Amount // what can be refunded: the sum of the tender's cells
	Taken   []ledger.Amount // what reverses of the quoted sub-orders take already
	Gone    bool            // every sub-order was delivered: a refund after the sale
}

// QuoteKeys are what FindQuote reads.
func QuoteKeys(token string) *reverse.Keys {
	k := reverse.NewKeys()
	k.Quotes[token] = struct{}{}
	return k
}

// FindQuote finds a quote by its token, nil if there is none.
func FindQuote(s *reverse.State, token string) *Quote {
	quote := s.Quotes[token]
	if quote == nil {
		return nil
	}
	o := s.WdkOrders[quote.Main]
	q := &Quote{Quote: quote, Order: o, Offered: make([]ledger.Amount, len(o.Tenders)), Taken: make([]ledger.Amount, len(o.Tenders)), Gone: true}
	for _, row := range q.Cells {
		for i, cell := range row {
			q.Offered[i] += cell
		}
	}
	asked := slices.Concat(q.Subs, q.Dropped)
	for _, r := range s.Reverses {
		if r.Main != q.Main || !slices.Contains(asked, r.Sub) {
			continue
		}
		for i := range r.Channels {
			q.Taken[r.Channels[i].Tender] += r.Takes(i)
		}
	}
	for _, no := range asked {
		q.Gone = q.Gone && slices.Contains(o.Gone, no)
	}
	return q
}

// ReverseFilter chooses reverses of stores by when they were asked for. From and To are milliseconds since 1970, both inclusive.
type ReverseFilter struct {
	Stores     []string
	From, To   int64
	Page, Size int // Page counts from 0
}

// Reverses lists one page of reverses, the oldest first. total counts those of all pages; −1: another page follows, and nobody counted.
func Reverses(ctx context.Context, h store.History, brand string, f ReverseFilter) (page []store.ReverseRef, total int, err error) {
	skip := f.Page * f.Size
	if skip+f.Size > HistoryDepth {
		return nil, 0, ErrTooDeep
	}
	var all []store.ReverseRef
	for _, where := range f.Stores {
		after, need := store.ReverseRef{At: f.From - 1, ID: math.MaxInt64}, skip+f.Size+1
		for need > 0 {
			refs, err := h.ReversesAt(ctx, brand, where, after, f.To, min(need, store.HistoryMax))
			if err != nil {
				return nil, 0, err
			}
			all = append(all, refs...)
			if len(refs) < min(need, store.HistoryMax) {
				break
			}
			need, after = need-len(refs), refs[len(refs)-1]
		}
	}
	slices.SortFunc(all, store.ReverseRef.Compare)
	total = len(all)
	if total > skip+f.Size {
		total = -1
	}
	skip = min(skip, len(all))
	return all[skip:min(len(all), skip+f.Size)], total, nil
}
