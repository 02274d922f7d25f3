package reverse

import (
	"cmp"
	"math/bits"
	"slices"
)

// Shares divides an order's fees over its tenders (semantics.md §9, shares): one row a fee with postage as the last row, one column a
// tender, all in fen. Fees and postage must sum to what the tenders sum to.
//
// Row by row: the fee is divided over what is left of each tender, in proportion to what is left: floor, then one fen each by largest
// remainder, ties in tender order. Rows sum to the fees, columns to the tenders, and no cell is negative.
func Shares(fees []Amount, post Amount, tenders []Amount) [][]Amount {
	left := slices.Clone(tenders)
	rows := make([][]Amount, 0, len(fees)+1)
	for _, fee := range fees {
		rows = append(rows, share(fee, left))
	}
	return append(rows, share(post, left))
}

// share takes one fee from what is left of the tenders.
func share(fee Amount, left []Amount) []Amount {
	row := make([]Amount, len(left))
	total := Amount(0)
	for _, n := range left {
		total += n
	}
	if fee == 0 || total == 0 {
		return row
	}
	type fraction struct {
		tender    int
		remainder uint64
	}
	fractions := make([]fraction, len(left))
	rest := fee
	for t, n := range left {
		hi, lo := bits.Mul64(uint64(fee), uint64(n))
		floor, remainder := bits.Div64(hi, lo, uint64(total)) // fits: fee ≤ total, so the quotient is at most n
		row[t], fractions[t] = Amount(floor), fraction{t, remainder}
		rest -= row[t]
	}
	// The fen that the floors left over are fewer than the tenders with a remainder, and such a tender has a fen left to give.
	slices.SortStableFunc(fractions, func(a, b fraction) int { return cmp.Compare(b.remainder, a.remainder) })
	for _, f := range fractions[:rest] {
		row[f.tender]++
	}
	for t := range left {
		left[t] -= row[t]
	}
	return row
}
