package ledger

// A Pin is an amount of one lot that a hold keeps for its order; in operations a negative amount unpins.
type Pin struct {
	Lot    LotID
	Amount Amount
}

// HoldKey names a hold: at most one is open for an order and family.
type HoldKey struct {
	Order  string
	Family Family
}

// A Hold pins amounts of given lots for one order until it is captured, released or times out.
// Only open holds exist; how one ended is in the operations of its order.
type Hold struct {
	HoldKey
	Member   string
	Account  string // of the first pin
	Op       ID     // the freeze
	Deadline int64  // milliseconds since 1970; ended when stamp ≥ deadline
	Pins     []Pin  // in spending order
}

// Total is what the hold pins altogether.
func (h *Hold) Total() Amount {
	var sum Amount
	for _, p := range h.Pins {
		sum += p.Amount
	}
	return sum
}
