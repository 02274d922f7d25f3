package reverse

import "recoup/internal/ledger"

// TakeOrder takes a paid order: trade.order.success.create. Result: Numbers = main number, then sub-order numbers in request order.
type TakeOrder struct {
	ledger.Head
	Store   string
	Out     string // out_order_id
	Subs    []Sub  // No 0: the brand issues a number (import may give one)
	PayFee  Amount
	PostFee Amount
	Tenders []Tender
	Gone    bool // delivered already
}

// MakeQuote quotes a refund: applyrefund. Result: Numbers = the sub-orders in request order; IDs = the token. What is offered stands in
// the stored quote.
type MakeQuote struct {
	ledger.Head
	Store        string
	Subs         []int64  // biz_order_ids
	OutSubs      []string // sub_out_order_ids: instead of Subs, or the same ones
	GiftCards    []string
	OperatorType int64
	Token        string // made by the caller: random, the quote's id
	Never        bool   // import only: does not expire
}

// Given is a channel named in a submit: by the unique_id of the quote, else by its code, else by the name of a tender. Where a code stands
// twice, the name tells which.
type Given struct {
	Unique string
	Code   string
	Name   string
	Amount Amount // fen; 0 is an amount too
	Fill   bool   // named without an amount: a waterfall store fills it, a strict one reads 0
}

// Submit commits a quote: creatrefund. Head.RequestID is the quote's token, and Head.Mismatch is RequestIDConflict. Result: Numbers =
// reverse ids in request order; IDs = out_order_id, then out_biz_order_ids in request order.
type Submit struct {
	ledger.Head
	Store        string
	Subs         []int64
	GiftCards    []string
	Amount       Amount
	Channels     []Given
	ReasonID     int64
	ReasonText   string
	OperatorType int64
	Proofs       []string
}

// AgreeReverse approves a reverse that waits: everything is decided again under lock, then paid. Result: Numbers = the reverse.
type AgreeReverse struct {
	ledger.Head
	Reverse int64
	Counted Quantity // of a reverse with a pick-up: what was counted; 0: nothing was
}

// CreateFetch has the goods of a reverse that waits picked up: createfeatch. Result: Numbers = the reverse, whose number the pick-up has.
type CreateFetch struct {
	ledger.Head
	Store   string
	Reverse int64
	Out     string // main_out_order_id
	Lines   []FetchLine
	Fetch   Fetch // without quantities
}

// A FetchLine is what is to be picked up of a sub-order.
type FetchLine struct {
	Sub              string // out_sub_order_id
	Expected, Refund Quantity
}

// ConfirmRefund says that channels of a sub-order's reverses are paid: reverse.refund. Result: Numbers = the reverses.
type ConfirmRefund struct {
	ledger.Head
	Store    string
	Sub      int64
	Channels []Confirmed
}

// Confirmed is a channel that is paid.
type Confirmed struct {
	Code   string
	Amount Amount
}

// SettlePayout says what became of a payout: Paid, PayFailed or Unknown; or that it is tried again: Pending. Result: Numbers = the reverse.
type SettlePayout struct {
	ledger.Head
	Payout string // as in the reverse's channel
	Status PayStatus
}

// RefuseReverse ends a reverse that waits, by the store. Head.Reason says why. Result: Numbers = the reverse.
type RefuseReverse struct {
	ledger.Head
	Reverse int64
}

// CancelReverse ends a reverse that waits, by whoever asked for it. Result: Numbers = the reverse.
type CancelReverse struct {
	ledger.Head
	Reverse int64
	Stale   bool // only if it has waited longer than the brand allows
}
