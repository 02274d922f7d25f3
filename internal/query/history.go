package query

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// HistoryFilter chooses operations, and a page of the lines that they make.
type HistoryFilter struct {
	Members  []string     // one person: the member, those merged into it, and those it was one with for a while
	Order    string       // "": of any number; else of this one alone
	Moves    ledger.Moves // balances that the operations moved
	From, To int64        // milliseconds since 1970, both inclusive; 0: open
	Page     int          // from 1
	Size     int
}

// HistoryPage is one page of lines, the newest first.
type HistoryPage[T any] struct {
	Items []T
	Total int // over all pages; −1 while another follows: nobody counts a long history for a page of it
}

// HistoryDepth bounds how many operations are looked through for one page. What lies deeper is asked for by time.
const HistoryDepth = 10_000

// ErrTooDeep says that a page lies deeper than HistoryDepth.
var ErrTooDeep = errors.New("query: the page lies too deep in the history; narrow the time")

// outOfOrder is how far apart stamps may be of operations that stand in the other order: two batches over different members may be decided
// at the same time, and the later one committed first. Milliseconds, with a wide margin.
const outOfOrder = 60_000

// Flows lists what a member's operations did, the newest first: lines tells the lines of one operation, in order. A page is found through
// the index by member and by time, so a narrow time costs the same however long the history is.
func Flows[T any](ctx context.Context, h store.History, brand string, f HistoryFilter, lines func(*ledger.Op) []T) (page HistoryPage[T], err error) {
	before, after := int64(0), int64(0)
	if f.To > 0 {
		if before, err = h.SeqAt(ctx, brand, f.To+outOfOrder); err != nil {
			return page, err
		}
		before++
	}
	if f.From > 0 {
		if after, err = h.SeqAt(ctx, brand, f.From-1); err != nil {
			return page, err
		}
	}
	skip, seen := (f.Page-1)*f.Size, 0
	for looked := 0; ; {
		chunk := min(store.HistoryMax, max(f.Size+1, skip+f.Size+1-seen))
		ops, err := next(ctx, h, brand, &f, before, chunk)
		if err != nil {
			return page, err
		}
		for _, o := range ops {
			if o.Seq <= after {
				page.Total = seen
				return page, nil
			}
			before = o.Seq
			if o.At < f.From || f.To > 0 && o.At > f.To || f.Order != "" && (!slices.Contains(f.Members, o.Member) || o.Moves()&f.Moves == 0) {
				continue
			}
			for _, line := range lines(o) {
				switch {
				case seen >= skip+f.Size:
					page.Total = -1
					return page, nil
				case seen >= skip:
					page.Items = append(page.Items, line)
				}
				seen++
			}
		}
		if len(ops) < chunk {
			page.Total = seen
			return page, nil
		}
		if looked += len(ops); looked >= HistoryDepth {
			return page, ErrTooDeep
		}
	}
}

func next(ctx context.Context, h store.History, brand string, f *HistoryFilter, before int64, limit int) ([]*ledger.Op, error) {
	if before == 1 { // 0 would be the newest
		return nil, nil
	}
	if f.Order != "" {
		return h.OrderOps(ctx, brand, f.Order, before, limit)
	}
	return MemberOps(ctx, h, brand, f.Members, f.Moves, before, limit)
}

// MemberOps are the operations of several members as those of one, as store.History lists those of each.
func MemberOps(ctx context.Context, h store.History, brand string, members []string, of ledger.Moves, before int64, limit int) (all []*ledger.Op, err error) {
	for _, member := range members {
		ops, err := h.MemberOps(ctx, brand, member, of, before, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, ops...)
	}
	if len(members) > 1 {
		slices.SortFunc(all, func(a, b *ledger.Op) int { return cmp.Compare(b.Seq, a.Seq) })
	}
	return all[:min(len(all), limit)], nil
}

// FindFlow finds an operation by its id, nil if there is none. An id says when it was made; the operations of that moment are looked
// through.
func FindFlow(ctx context.Context, h store.History, brand string, id ledger.ID) (*ledger.Op, error) {
	at := id.At()
	after, err := h.SeqAt(ctx, brand, at-1)
	if err != nil {
		return nil, err
	}
	for looked := 0; looked < HistoryDepth; {
		ops, err := h.OpsAfter(ctx, brand, after, 256)
		if err != nil {
			return nil, err
		}
		for _, o := range ops {
			switch {
			case o.ID == id:
				return o, nil
			case o.At > at+outOfOrder:
				return nil, nil
			}
			after = o.Seq
		}
		if len(ops) < 256 {
			return nil, nil
		}
		looked += len(ops)
	}
	return nil, nil
}

// Movements are a person's operations that moved value or points from one moment to another, both inclusive and 0 open, the newest first.
func Movements(ctx context.Context, h store.History, brand string, members []string, from, to int64) iter.Seq2[*ledger.Op, error] {
	return func(yield func(*ledger.Op, error) bool) {
		before := int64(0)
		if to > 0 {
			seq, err := h.SeqAt(ctx, brand, to+outOfOrder)
			if err != nil {
				yield(nil, err)
				return
			}
			before = seq + 1
		}
		for before != 1 {
			ops, err := MemberOps(ctx, h, brand, members, ledger.MovesValue|ledger.MovesPoints, before, store.HistoryMax)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, o := range ops {
				before = o.Seq
				switch {
				case o.At < from-outOfOrder:
					return
				case o.At < from, to > 0 && o.At > to:
					continue
				}
				if !yield(o, nil) {
					return
				}
			}
			if len(ops) < store.HistoryMax {
				return
			}
		}
	}
}

// Between are the brand's operations from one moment to another, both inclusive and 0 open, the oldest first. They end with what was booked
// last when they were first asked for.
func Between(ctx context.Context, s store.Store, brand string, from, to int64) iter.Seq2[*ledger.Op, error] {
	return func(yield func(*ledger.Op, error) bool) {
		head, err := s.Head(ctx, brand)
		after, last := int64(0), head.Last
		if err == nil && from > 0 {
			after, err = s.SeqAt(ctx, brand, from-1)
		}
		if err == nil && to > 0 {
			last, err = s.SeqAt(ctx, brand, to+outOfOrder)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for after < last {
			ops, err := s.OpsAfter(ctx, brand, after, store.HistoryMax)
			if err != nil || len(ops) == 0 {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			for _, o := range ops {
				if after = o.Seq; after > last {
					return
				}
				if o.At < from || to > 0 && o.At > to {
					continue
				}
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}
