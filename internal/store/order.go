package store

import (
	"cmp"

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
