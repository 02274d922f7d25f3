package store

import (
	"cmp"
	"iter"

	"recoup/internal/ledger"
)

// SpendingOrder is the order in which open lots of one kind and account are spent: earliest deadline first, what never expires last,
// then oldest.
func SpendingOrder(a, b *ledger.Lot) int {
	switch {
	case a.Expires == b.Expires:
		return cmp.Compare(a.N, b.N)
	case a.Expires == ledger.Never:
		return 1
	case b.Expires == ledger.Never:
		return -1
	}
	return cmp.Compare(a.Expires, b.Expires)
}

// PurseOrder is the order of a member's accounts in a state: the member card first, then other cards, gift cards and the point
// purse, within a type by id.
func PurseOrder(a, b *ledger.Account) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
}

// MergeLots is two streams of lots in one, each by account and number, as both are.
func MergeLots(a, b iter.Seq2[*ledger.Lot, error]) iter.Seq2[*ledger.Lot, error] {
	return func(yield func(*ledger.Lot, error) bool) {
		next, stop := iter.Pull2(b)
		defer stop()
		y, err, more := next()
		for x, e := range a {
			for ; e == nil && more && (err != nil || lotOrder(y, x) < 0); y, err, more = next() {
				if !yield(y, err) || err != nil {
					return
				}
			}
			if !yield(x, e) || e != nil {
				return
			}
		}
		for ; more; y, err, more = next() {
			if !yield(y, err) || err != nil {
				return
			}
		}
	}
}

func lotOrder(a, b *ledger.Lot) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.N, b.N))
}
