package ledger

import "slices"

// OpKind says what kind of fact an operation is. Numbers are stored and never reused; new kinds go at the end.
type OpKind uint8

// The operation kinds.
const (
	OpCharge     OpKind = 1  // value credited (real, with its gift and pre)
	OpUncharge   OpKind = 2  // a charge taken back
	OpFreeze     OpKind = 3  // a hold opened
	OpRelease    OpKind = 4  // a hold ended without capture: released by a caller
	OpHoldExpire OpKind = 5  // a hold ended without capture: timed out
	OpSpend      OpKind = 6  // value, points and vouchers consumed, from a hold or directly
	OpRefund     OpKind = 7  // a spend given back, in whole or in part
	OpGrant      OpKind = 8  // points credited
	OpExpire     OpKind = 9  // what was due of lots expired
	OpMember     OpKind = 10 // a member created or changed
	OpIssue      OpKind = 11 // vouchers issued
	OpOrder      OpKind = 12 // a WDK order taken
	OpReverse    OpKind = 13 // a WDK reverse submitted or moved on
	OpCardCancel OpKind = 14 // a gift card cancelled
	OpImport     OpKind = 15 // a gift card or opening balance imported
	OpDebt       OpKind = 16 // a refunded charge's gift that was spent already: taken elsewhere, or made good when it came back; or owed points that were repaid
	OpEarn       OpKind = 17 // points earned by a paid bill
	OpUnearn     OpKind = 18 // a bill refunded: what it earned taken back in proportion
	OpUngrant    OpKind = 19 // granted points taken back
)

var opNames = map[OpKind]string{
	OpCharge: "charge", OpUncharge: "uncharge", OpFreeze: "freeze", OpRelease: "release", OpHoldExpire: "hold-expire", OpSpend: "spend",
	OpRefund: "refund", OpGrant: "grant", OpExpire: "expire", OpMember: "member", OpIssue: "issue", OpOrder: "order", OpReverse: "reverse",
	OpCardCancel: "card-cancel", OpImport: "import", OpDebt: "debt",
	OpEarn: "earn", OpUnearn: "unearn", OpUngrant: "ungrant",
}

// String is the word for a kind, as in the views for reports.
func (k OpKind) String() string { return opNames[k] }

// Uses reports whether what an operation of the kind moves of a lot counts as used: spent, given back, or points taken back.
func (k OpKind) Uses(of Kind) bool {
	switch k {
	case OpSpend, OpRefund:
		return true
	case OpUnearn, OpUngrant, OpDebt:
		return of == Point
	}
	return false
}

// A Posting is one line of an operation's double entry. With a Lot it changes that lot's balance and is part of the books of the
// member; without, it is the counter entry on an account of the brand, named in Book. Per operation the amounts of each unit
// (fen, points, voucher uses) sum to zero.
type Posting struct {
	Lot     LotID  // the lot, or zero
	Voucher string // for Kind Use: the voucher instance, or ""
	Book    string // for counter entries: "tender:SHOP", "sales:SHOP", "gift:SHOP", "breakage", "loss", "intershop:SHOP", …
	Kind    Kind
	Amount  Amount // credit of the member positive, debit negative
	Of      ID     // the operation this line reverses, or zero
	Expires int64  // when set, the lot's deadline is (re)set to this: on grant, or as grace on return; -1 sets Never
}

// Balances are the sums of one account after an operation, holds included.
type Balances struct {
	Account string
	Sums    [Kinds]Amount
}

// An Op is one immutable business fact with everything it did. Operations are only ever added.
type Op struct {
	ID       ID
	Seq      int64 // position in the brand's history, gapless from 1; 0 until saved
	Kind     OpKind
	At       int64 // stamp, milliseconds since 1970
	Policy   int64 // version of the brand's rules it was decided under
	App      string
	Method   string
	Member   string
	Shop     string
	Order    string // the business number in whose history it counts; "" for none
	Ordinal  int    // place in that history, from 1: (brand, Order, Ordinal) is unique, so two writers of one history cannot both win
	Number   string // the caller's own number of a reversal (new_outer_order_id, reverse_order_id)
	Request  Digest // idempotency key: app, brand, method, request_id
	Content  Digest // normalised content of the request
	Signed   int64  // undoes of spends and holds: when the caller signed it, milliseconds since 1970
	Refund   Digest // refund key: brand, method, Number; zero if none
	Original Digest // normalised business content of a refund (original number, amount, vouchers), beside Refund

	Operator     string
	OperatorName string
	Reason       string
	Idents       []Digest // keyed digests of mobile and outer id sent with the call

	Postings []Posting
	Pins     []Pin      // changes of holds: positive pins, negative unpins
	HoldEnd  int64      // freeze: the deadline
	Fee      Amount     // earn: what the bill came to; unearn: what was refunded of it; fen
	After    []Balances // balances of touched accounts after this operation
	Change   string     // of a member: what changed, in words with commas: "created", "mobile", "frozen", …
	Prints   []Print    // of the documents that the command left changed
	Result   Result
}

// Moves says which balances an operation moved: the families that histories are listed by. A hold moves none.
type Moves uint8

// The bits of Moves.
const (
	MovesValue  Moves = 1 << Value
	MovesPoints Moves = 1 << Points
)

// Moves tells which balances the operation moved.
func (o *Op) Moves() (m Moves) {
	for i := range o.Postings {
		if p := &o.Postings[i]; !p.Lot.IsZero() {
			m |= 1 << p.Kind.Family()
		}
	}
	return m
}

// Moved is what the operation moved of an account, by kind; of all its accounts for "".
func (o *Op) Moved(account string) (sums [Kinds]Amount) {
	for i := range o.Postings {
		if p := &o.Postings[i]; !p.Lot.IsZero() && (account == "" || p.Lot.Account == account) {
			sums[p.Kind] += p.Amount
		}
	}
	return sums
}

// touches reports whether an operation moved or pinned something of an account.
func (o *Op) touches(account string) bool {
	return slices.ContainsFunc(o.Postings, func(p Posting) bool { return !p.Lot.IsZero() && p.Lot.Account == account }) ||
		slices.ContainsFunc(o.Pins, func(p Pin) bool { return p.Lot.Account == account })
}
