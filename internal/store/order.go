package store

import (
	"cmp"

	"recoup/internal/ledger"
)

// PurseOrder is the order of a member's accounts in a state: the member card first, then other cards, gift cards and the point
// purse, within a type by id.
func PurseOrder(a, b *ledger.Account) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
}
