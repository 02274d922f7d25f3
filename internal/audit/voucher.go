package audit

import (
	"fmt"

	"recoup/internal/ledger"
)

// voucherAudit re-derives the uses of every voucher.
type voucherAudit struct {
	sum     *Summary
	begun   bool
	id      string
	lines   bool
	row     bool
	origin  ledger.ID
	uses    ledger.Amount // issued with
	left    ledger.Amount
	expires int64 // as grace set it; 0: no operation did
	last    mark
}

func (a *voucherAudit) add(r *reader) *Divergence {
	id, seq := r.keyText(), r.number()
	if !a.begun || string(id) != a.id {
		r.note(a.end())
		*a = voucherAudit{sum: a.sum, begun: true, id: string(id)}
	}
	if seq == rowSeq {
		return a.voucher(r)
	}
	r.number() // the place of the line in its operation
	if seq != a.last.seq {
		r.note(a.bounds())
	}
	a.last = mark{seq, r.id()}
	amount, expires := r.amount(), r.int()
	if !a.lines {
		a.lines, a.origin, a.uses = true, a.last.op, amount
	}
	a.left += amount
	if expires != 0 {
		a.expires = expires
	}
	return nil
}

func (a *voucherAudit) differs(what string, expected, found any) *Divergence {
	return diverge(VoucherCheck, what+" of voucher "+a.id, expected, found).at(a.last)
}

// bounds checks what must hold after every operation.
func (a *voucherAudit) bounds() *Divergence {
	if a.left < 0 || a.left > a.uses {
		return a.differs("running uses", fmt.Sprintf("0 to %d", a.uses), a.left)
	}
	return nil
}

// voucher compares what the store keeps.
func (a *voucherAudit) voucher(r *reader) *Divergence {
	if d := a.bounds(); d != nil {
		return d
	}
	if a.row {
		return a.differs("number of rows", 1, "more")
	}
	a.row = true
	uses, left, origin, end := r.amount(), r.amount(), ledger.ID(r.id()), r.int()
	switch {
	case !a.lines:
		return a.differs("origin", "an operation that issued it", none)
	case uses != a.uses:
		return a.differs("uses", a.uses, uses)
	case left != a.left:
		return a.differs("uses left", a.left, left)
	case origin != a.origin:
		return a.differs("origin", a.origin, origin)
	case a.expires != 0 && end != a.expires:
		return a.differs("end", a.expires, end)
	}
	a.sum.Vouchers++
	a.sum.Uses += left
	return nil
}

// end wants a row.
func (a *voucherAudit) end() *Divergence {
	if !a.begun || a.row {
		return nil
	}
	if d := a.bounds(); d != nil {
		return d
	}
	return a.differs("row", fmt.Sprintf("%d uses left", a.left), none)
}
