package reverse

import (
	"strconv"

	"recoup/internal/ledger"
)

// Amount and the rest of the house's words come from the ledger.
type Amount = ledger.Amount

// Tender codes of member assets; every other code is external.
const (
	StoredValue = "STORED_VALUE"
	PointTender = "POINT"
	GiftCard    = "GIFT_CARD"
)

// A Tender is one payment of a WDK order (semantics.md §9, pay_infos).
type Tender struct {
	Code     string
	Name     string
	Amount   Amount // fen it paid
	Points   Amount // POINT: points spent for Amount
	Customer string // member assets: customer_id
	Card     string // GIFT_CARD: card_id
	Order    string // member assets: outer_order_id of the verify
}

// Asset reports whether the tender is a member asset, to be given back in the ledger.
func (t *Tender) Asset() bool {
	return t.Code == StoredValue || t.Code == PointTender || t.Code == GiftCard
}

// Family is the asset family of a member-asset tender.
func (t *Tender) Family() ledger.Family {
	if t.Code == PointTender {
		return ledger.Points
	}
	return ledger.Value
}

// A Sub is a sub-order: one line of goods.
type Sub struct {
	No    int64  // wdk 子单号; the one we issued, or as imported
	Out   string // out_sub_order_id
	Title string
	Sku   string
	Fee   Amount // pay_fee
}

// An Order is a paid WDK order. It never changes; what became of it is in its reverses.
type Order struct {
	Main    int64  // biz_order_id we issued
	Out     string // out_order_id, unique in the brand
	Store   string
	Content ledger.Digest // normalised content: the same out_order_id with other content is a conflict
	At      int64
	PayFee  Amount
	PostFee Amount
	Subs    []Sub
	Tenders []Tender
	// Shares is fixed when the order is taken: one row a sub-order, postage as the last row; one column a tender.
	// Rows sum to the fee, columns to the tender, no cell is negative.
	Shares [][]Amount
	Gone   []int64 // sub-orders delivered: in_sale_refund 2; empty: 1
}

// Row finds a sub-order's row, -1 if it is not of this order.
func (o *Order) Row(no int64) int {
	for i := range o.Subs {
		if o.Subs[i].No == no {
			return i
		}
	}
	return -1
}

// Unique names a tender of the order: unique_id in quotes and submits.
func (o *Order) Unique(tender int) string {
	return strconv.FormatInt(o.Main, 10) + "-" + strconv.Itoa(tender+1)
}

// A Quote is what applyrefund offered: bound to app, store, sub-orders and gift cards, and valid for 30 minutes. It reserves nothing.
// It can always be committed as it is, unless something moved.
type Quote struct {
	Token     string
	App       string
	Store     string
	Main      int64
	Subs      []int64    // those that take part, in request order
	Dropped   []int64    `json:",omitempty"` // asked for too, and nothing is left of them
	GiftCards []string   // that were sold in Subs and will be cancelled: a set, sorted
	Unasked   []string   `json:",omitempty"` // those of GiftCards that nobody named
	Cells     [][]Amount // one row a sub-order of Subs, one column a tender, postage folded into the last row when it is part
	Max       Amount
	PostFee   Amount // that part of Max which is postage
	Until     int64  // ledger.Never: does not expire
	Bound     bool   // a creatrefund succeeded with it
}

// State of a reverse. Numbers are stored and go out as reverse_status.
type Status uint8

// The states: APPLY → REFUSE | AGREE → PAYING → SUCCESS | FAILED, CANCEL before AGREE.
const (
	Apply   Status = 1
	Refused Status = 2
	Agree   Status = 3
	Paying  Status = 4
	Success Status = 5
	Failed  Status = 6
	Cancel  Status = 7
)

var statusNames = map[Status]string{Apply: "APPLY", Refused: "REFUSE", Agree: "AGREE", Paying: "PAYING", Success: "SUCCESS", Failed: "FAILED", Cancel: "CANCEL"}

func (s Status) String() string { return statusNames[s] }

// PayStatus is the state of one channel of a reverse. A member asset is Paid at AGREE; an external one becomes a payout.
type PayStatus uint8

// The channel states.
const (
	Waiting   PayStatus = 0 // before AGREE
	Pending   PayStatus = 1
	Paid      PayStatus = 2
	PayFailed PayStatus = 3
	Unknown   PayStatus = 4
)

// A Channel is one tender's part of a reverse.
type Channel struct {
	Tender int // column in the order
	Code   string
	Name   string
	Amount Amount // fen
	Post   Amount // that part of Amount which is postage
	Points Amount // POINT: points given back
	Status PayStatus
	Payout string    // unique_id of an external payout
	Flow   ledger.ID // member assets: the operation that gave it back
}

// An Event is one step in the life of a reverse.
type Event struct {
	At     int64
	Status Status
	By     string
	Memo   string
}

// A Reverse is a refund order over one sub-order.
type Reverse struct {
	ID           int64
	Main         int64
	Sub          int64
	Store        string
	Token        string // the quote it came from
	App          string
	Status       Status
	Amount       Amount
	Post         Amount // that part of Amount which is postage
	Channels     []Channel
	GiftCards    []string
	ReasonID     int64
	Reason       string
	Operator     string
	OperatorName string
	OperatorType int64
	Proofs       []string
	Fetch        *Fetch `json:",omitempty"`
	History      []Event
}

// At is when the reverse was asked for.
func (r *Reverse) At() int64 {
	if len(r.History) == 0 {
		return 0
	}
	return r.History[0].At
}

// A Quantity is pieces, kilograms or what else goods are sold by, in thousandths: weighed goods to the gram.
type Quantity int64

// QuantityMax bounds a quantity: a billion.
const QuantityMax Quantity = 1_000_000_000_000

// A Fetch is the pick-up of the goods of a reverse that waits. What is counted then is what is paid for.
type Fetch struct {
	Expected Quantity // to be picked up
	Refund   Quantity // to be paid for: what the reverse was asked for
	Counted  Quantity // of Refund; 0 until it is counted, and the reverse pays for as much
	Type     int64    // fetch_type: 1 at the buyer's door
	From, To string   // when, as the caller said
	Memo     string
	Content  string // digest of the request: the same again is the same pick-up
	Buyer    *Buyer `json:",omitempty"`
}

// A Buyer is where goods are picked up. It is personal data: no print covers it, so it can be erased.
type Buyer struct{ Name, Phone, Address string }

// Open reports whether the reverse takes up cap: everything but what ended without money.
func (r *Reverse) Open() bool { return r.Status != Refused && r.Status != Cancel }

// Takes is what channel i of the reverse takes from its cell's cap: only a definitive failure frees it.
func (r *Reverse) Takes(i int) Amount {
	if !r.Open() || r.Channels[i].Status == PayFailed {
		return 0
	}
	return r.Channels[i].Amount
}
