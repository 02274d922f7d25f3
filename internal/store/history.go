package store

import (
	"cmp"
	"context"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// HistoryMax is how many operations one read of a history returns at most.
const HistoryMax = 1000

// History reads operations a page at a time. Nothing is held between two pages, so a reader may take as long as it likes; a page is read
// through an index, so it costs the same at the end of a long history as at its beginning. limit is 1 to HistoryMax; ErrNoBrand when there
// is no such brand.
type History interface {
	// MemberOps are a member's operations that moved any of some balances (0: all operations), the newest first, of those with a sequence
	// number below before; 0: from the newest on.
	MemberOps(ctx context.Context, brand, member string, of ledger.Moves, before int64, limit int) ([]*ledger.Op, error)
	// OrderOps are the operations of a business number, likewise.
	OrderOps(ctx context.Context, brand, order string, before int64, limit int) ([]*ledger.Op, error)
	// OpsAfter are the brand's operations after a sequence number, the oldest first. In a brand's sequence no number is missing and none is
	// added below one that was seen: a reader of all up to one has missed nothing.
	OpsAfter(ctx context.Context, brand string, after int64, limit int) ([]*ledger.Op, error)
	// ReversesAt are the WDK reverses of a store behind another one that were asked for at or before a moment, the oldest first.
	ReversesAt(ctx context.Context, brand, store string, after ReverseRef, to int64, limit int) ([]ReverseRef, error)
	// ReversesIn are the brand's reverses in a state, likewise.
	ReversesIn(ctx context.Context, brand string, status reverse.Status, after ReverseRef, to int64, limit int) ([]ReverseRef, error)
	// SeqAt is the sequence number of the last operation at or before a moment in milliseconds since 1970, 0 when there is none.
	SeqAt(ctx context.Context, brand string, at int64) (int64, error)
}

// A ReverseRef names a WDK reverse and when it was asked for, in milliseconds since 1970. By these two reverses are listed.
type ReverseRef struct{ At, ID int64 }

// Compare is the order in which reverses are listed.
func (r ReverseRef) Compare(o ReverseRef) int {
	return cmp.Or(cmp.Compare(r.At, o.At), cmp.Compare(r.ID, o.ID))
}

// Histories are History over one query each, by its name in the store's .sql files. Where Books may be read from a replica, these are not.
type Histories struct{ From Books }

// MemberOps reads the index by member, which parts operations by what they moved: so a page of points costs the same in a history of a
// million charges. The parts are read one after the other, all of them below one number, and merged.
func (h Histories) MemberOps(ctx context.Context, brand, member string, of ledger.Moves, before int64, limit int) ([]*ledger.Op, error) {
	if before == 0 {
		head, err := h.From.Head(ctx, brand)
		if err != nil {
			return nil, err
		}
		before = head.Last + 1
	}
	var all []*ledger.Op
	for moves := range ledger.MovesValue + ledger.MovesPoints + 1 {
		if of != 0 && moves&of == 0 {
			continue
		}
		ops, err := h.page(ctx, brand, limit, "MemberOps", member, int64(moves), before)
		if err != nil {
			return nil, err
		}
		all = append(all, ops...)
	}
	slices.SortFunc(all, func(a, b *ledger.Op) int { return cmp.Compare(b.Seq, a.Seq) })
	return all[:min(len(all), PageSize(limit))], nil
}

// OrderOps reads the index by order number: ordinals grow with sequence numbers.
func (h Histories) OrderOps(ctx context.Context, brand, order string, before int64, limit int) ([]*ledger.Op, error) {
	return h.page(ctx, brand, limit, "OrderOps", order, below(before))
}

// OpsAfter reads in order of the primary key.
func (h Histories) OpsAfter(ctx context.Context, brand string, after int64, limit int) ([]*ledger.Op, error) {
	return h.page(ctx, brand, limit, "OpsAfter", after)
}

// ReversesAt reads the index by store.
func (h Histories) ReversesAt(ctx context.Context, brand, store string, after ReverseRef, to int64, limit int) ([]ReverseRef, error) {
	return h.reverses(ctx, brand, "ReversesAt", store, after.At, after.ID, to, int64(PageSize(limit)))
}

// ReversesIn reads the index by state.
func (h Histories) ReversesIn(ctx context.Context, brand string, status reverse.Status, after ReverseRef, to int64, limit int) ([]ReverseRef, error) {
	return h.reverses(ctx, brand, "ReversesIn", int64(status), after.At, after.ID, to, int64(PageSize(limit)))
}

func (h Histories) reverses(ctx context.Context, brand, query string, args ...any) (refs []ReverseRef, err error) {
	ref := func(r Row) (ReverseRef, error) { return ReverseRef{r.Int(0), r.Int(1)}, nil }
	for v, err := range stream(ctx, h.From, brand, query, ref, args...) {
		if err != nil {
			return nil, err
		}
		refs = append(refs, v)
	}
	return refs, nil
}

// SeqAt asks the batches' rows: stamps grow with sequence numbers.
func (h Histories) SeqAt(ctx context.Context, brand string, at int64) (int64, error) {
	return one(ctx, h.From, brand, "SeqAt", func(r Row) (int64, error) { return r.Int(0), nil }, at)
}

func (h Histories) page(ctx context.Context, brand string, limit int, query string, args ...any) (ops []*ledger.Op, err error) {
	args = append(args, int64(PageSize(limit)))
	for o, err := range stream(ctx, h.From, brand, query, opOf, args...) {
		if err != nil {
			return nil, err
		}
		ops = append(ops, o)
	}
	return ops, nil
}

// PageSize keeps a limit within 1 and HistoryMax.
func PageSize(limit int) int { return min(max(limit, 1), HistoryMax) }

// below turns 0 into the end.
func below(before int64) int64 {
	if before == 0 {
		return math.MaxInt64
	}
	return before
}
