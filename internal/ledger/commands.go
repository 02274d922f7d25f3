package ledger

// The commands of the ledger. Each has its rules in the file of its family.

// Charge credits stored value: recharge.operate 1 (Real alone, ByRule when the brand's gift rule may apply) and recharge.charge.update.
type Charge struct {
	Head
	Order           string // outer_order_id
	Real, Gift, Pre Amount
	ByRule          bool // add the gift of the brand's recharge rule, if switched on
}

// RefundCharge takes a charge back: recharge.operate 4 and recharge.uncharge.update.
type RefundCharge struct {
	Head
	Order  string // the charge
	Number string // new_outer_order_id
	Amount Amount // 0: what is left of the charge
	Keyed
}

// Keyed are the digests of a reversal's business number: same number and same content is the same refund.
type Keyed struct {
	Refund   Digest // brand, method, number
	Original Digest // original number, amount, voucher set
}

// Freeze pins value or points for an order: recharge.operate 2 and point.operate 2.
type Freeze struct {
	Head
	Order  string
	Family Family
	Amount Amount
}

// A Want is an amount of one family that a spend asks for.
type Want struct {
	Family Family
	Amount Amount // 0: all that is held
	Field  string // the wire field, named when the amount is missing and nothing is held
}

// Spend consumes value, points and vouchers for an order, all or nothing: assert.verify, recharge.operate 3, point.operate 3 and 4,
// point.consumepoint.
type Spend struct {
	Head
	Order    string
	Wants    []Want
	Vouchers []string
	Uses     []Amount // of each voucher; none: one use each
	Direct   bool     // never captures: an open hold of the order is HOLD_EXISTS (consumepoint, decrease, dedut)
	Pools    bool     // points may be spent several times under one number, as long as none of them is a capture
	Report   bool     // assert.verify: the result tells per asset which part was the reason
}

// RefundAssets gives back the remaining value, points and vouchers of an order: assert.refund.
type RefundAssets struct {
	Head
	Order    string
	Number   string
	Vouchers []string // nil: all of the order
	Keyed
}

// ReissueVouchers gives an order's uses of vouchers back as new instances: voucher.status.change ISUSED_NORMAL. All of them or none.
// Result: IDs = the new instances, in the order asked.
type ReissueVouchers struct {
	Head
	Order    string
	Vouchers []string
}

// ReverseSpend gives back an amount of one family of an order's spends: point.reversepoint and recharge.undedut.update.
type ReverseSpend struct {
	Head
	Order  string
	Number string
	Family Family
	Amount Amount // 0: the whole remainder
	Keyed
}

// Grant credits points: point.operate 1 and point.extracharge.
type Grant struct {
	Head
	Order  string
	Amount Amount
}

// UndoGrant takes granted points back: point.extra.consume.
type UndoGrant struct {
	Head
	Order  string // the grant
	Amount Amount // points; several calls may take parts
}

// A Good is a line of a bill, by whatever may keep it from earning: its sku, its spu, its classes.
type Good struct {
	Names []string
	Fee   Amount // fen
}

// A Payment is how a part of a bill was paid.
type Payment struct {
	Method string
	Number string // under which member assets were spent, if it is not the bill's own
	Amount Amount // fen
}

// Earn credits what a paid bill earns by the brand's rule: order.backflow PAID and SUCCESS. A bill earns once.
type Earn struct {
	Head
	Order    string
	Fee      Amount // what the bill came to, in fen
	Goods    []Good
	Payments []Payment // none: all of Fee was paid outside of the ledger but for what the ledger knows of
}

// A BillRefund is one refund of a bill.
type BillRefund struct {
	Number string // out_refund_no
	Amount Amount // fen
	Keyed
}

// Unearn takes back what a bill earned, in proportion to what is refunded of it: order.backflow REFUND, and CLOSE for all that is left.
type Unearn struct {
	Head
	Order   string
	Refunds []BillRefund // none: all that is left
}

// SaveMember creates a member or changes one: open.customer.save, customer.create, customer.update. A nil field is left as it is.
type SaveMember struct {
	Head
	ID       string // import only: the customer_id to create; "" issues one
	New      bool   // create one, and refuse one that is there: customer.create
	Name     *string
	Birthday *string
	Remark   *string
	Channel  *string
	Address  *string
	Email    *string
	Invoice  *string
	Level    *string
	Phone    *string
	Gender   *int64
	Type     *int64
	Tags     []string // nil: left as they are
	Frozen   *bool
}

// IssueVouchers creates instances of a template for a member: voucher.send.
type IssueVouchers struct {
	Head
	Template string
	Num      int64
	Codes    []string // import only: the voucher ids to create
	Uses     Amount   // import only: uses left of each, 0: the template's
	End      int64    // import only: valid until, milliseconds since 1970; 0: as the template says
}

// OpenBalance credits what a member had elsewhere, as lots of their own: the import command.
type OpenBalance struct {
	Head
	Real, Gift, Pre, Points Amount
	Expires                 int64 // deadline of the lots in milliseconds since 1970, or Never
}

// ImportCard creates a gift card with its value: the import command.
type ImportCard struct {
	Head
	Card   string
	Value  Amount
	SoldIn int64  // the WDK sub-order that sold it, 0 for none
	Member string // customer_id it is bound to; "" makes a bearer card
}

// Sweep expires what is due of a member: housekeeping.
type Sweep struct{ Head }
