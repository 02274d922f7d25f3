package ledger

import (
	"math"
	"math/bits"
)

// Amount counts fen (money), points or voucher uses, as its Kind says. Never a float.
type Amount int64

const (
	// AmountMax bounds one operation: 10^12 fen or points (semantics.md §3, limits).
	AmountMax Amount = 1_000_000_000_000
	// BalanceMax bounds a balance: 2^53-1, the largest integer every client library keeps exact.
	BalanceMax Amount = 1<<53 - 1
)

// Add returns a+b and whether the sum fits.
func (a Amount) Add(b Amount) (Amount, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

// MulDiv returns ⌊a·b/c⌋ for a, b ≥ 0 and c > 0 without overflow in between; the largest Amount when the result does not fit.
// It is how split amounts round: always cumulatively, so that partials add up to the whole.
func MulDiv(a, b, c Amount) Amount {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	return Amount(min(q, math.MaxInt64))
}
