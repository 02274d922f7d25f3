package store

import (
	"errors"
	"fmt"
)

const (
	// SerialMax is the greatest serial of a brand: 21 bits, so that serial·2^32 + counter stays ≤ 2^53-1.
	SerialMax  int64 = 1<<21 - 1
	counterMax int64 = 1<<32 - 1

	// QuoteKept is how long after its time a quote that was not used is still answered, as expired: one day in milliseconds.
	QuoteKept int64 = 24 * 60 * 60 * 1000
)

// ErrSerials: there are as many brands as numbers can tell apart.
var ErrSerials = errors.New("store: no brand serial left")

// NumberRange is the first of n numbers (n ≥ 1) of the brand with the serial after it has issued count of them. It fails when the
// brand would pass 2^32-1 numbers.
func NumberRange(serial, count, n int64) (first int64, err error) {
	if n < 1 || n > counterMax-count {
		return 0, fmt.Errorf("store: cannot reserve %d numbers after %d", n, count)
	}
	return serial<<32 + count + 1, nil
}
