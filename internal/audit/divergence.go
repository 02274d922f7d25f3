package audit

import (
	"fmt"
	"strings"

	"recoup/internal/ledger"
)

// A Check is one of the agreements that an audit holds the books to.
type Check string

// The checks. Each divergence names the one that found it.
const (
	ChainCheck     Check = "chain"     // sequence numbers, stamps and hashes
	EntryCheck     Check = "entry"     // double entry, per operation and in total
	LotCheck       Check = "lot"       // a lot against the operations
	AccountCheck   Check = "account"   // an account against its lots
	BalanceCheck   Check = "balance"   // what an operation says an account held after it
	HistoryCheck   Check = "history"   // places in the history of a business number
	HoldCheck      Check = "hold"      // open holds against pins
	ReversalCheck  Check = "reversal"  // reversed ≤ original
	VoucherCheck   Check = "voucher"   // a voucher against its uses
	KeyCheck       Check = "key"       // keys that must be unique
	OrderCheck     Check = "order"     // WDK orders and their shares
	ReverseCheck   Check = "reverse"   // WDK reverses, their channels and caps
	RowCheck       Check = "row"       // a row that cannot be read, or does not agree with itself
	PrintCheck     Check = "print"     // a member, card, voucher, order or reverse against its print
	NameCheck      Check = "name"      // what members and sub-orders are found by
	DueCheck       Check = "due"       // when something of a member ends next
	SealCheck      Check = "seal"      // what is sealed with a key
	JournalCheck   Check = "journal"   // the journal, and what it tells of
	IntegrityCheck Check = "integrity" // the database's own check, its schema, rows of no brand
)

// A Divergence is one place where the books do not agree with themselves.
type Divergence struct {
	Brand    string `json:"brand,omitempty"`
	Check    Check  `json:"check"`
	What     string `json:"what"`          // the thing and what of it
	Seq      int64  `json:"seq,omitempty"` // the operation concerned: the one at fault, or the last that touched the thing
	Op       string `json:"op,omitempty"`
	Lot      string `json:"lot,omitempty"`
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// String tells it in one line.
func (d *Divergence) String() string {
	var b strings.Builder
	if d.Brand != "" {
		fmt.Fprintf(&b, "brand %s: ", d.Brand)
	}
	fmt.Fprintf(&b, "%s: %s: expected %s, found %s", d.Check, d.What, d.Expected, d.Found)
	if d.Seq > 0 {
		fmt.Fprintf(&b, " (operation %d", d.Seq)
		if d.Op != "" {
			fmt.Fprintf(&b, ", %s", d.Op)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// none is what is found where nothing is.
const none = "none"

// diverge makes a divergence out of any two values.
func diverge(c Check, what string, expected, found any) *Divergence {
	return &Divergence{Check: c, What: what, Expected: fmt.Sprint(expected), Found: fmt.Sprint(found)}
}

// A mark is the operation that a line comes from.
type mark struct {
	seq int64
	op  ledger.ID
}

// at adds the operation concerned.
func (d *Divergence) at(m mark) *Divergence {
	if m.seq > 0 {
		d.Seq, d.Op = m.seq, m.op.String()
	}
	return d
}

// on adds the lot concerned.
func (d *Divergence) on(l ledger.LotID) *Divergence {
	d.Lot = l.String()
	return d
}
