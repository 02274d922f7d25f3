package audit

import (
	"bytes"
	"fmt"

	"recoup/internal/ledger"
)

// What a line of the reversal section is.
const (
	originalOf byte = iota // the operation itself, with what it took
	reversalOf             // another operation gives some of it back
	flowOf                 // a channel of a WDK reverse names the operation
)

// target appends what a line moves, as it is compared.
func (r record) target(p *ledger.Posting) record {
	return r.text(p.Lot.Account).number(p.Lot.N).text(p.Voucher)
}

// reversalAudit checks the one cap there is, operation by operation: what is given back of a lot or voucher never exceeds what the
// operation took of it, and stands later in the same history.
type reversalAudit struct {
	op    ledger.ID
	begun bool
	found bool
	seq   int64
	kind  ledger.OpKind
	order string
	gave  [ledger.Points + 1]ledger.Amount
	took  []byte // every target and amount, as in the record
	flows int

	target []byte        // being reversed
	given  ledger.Amount // by the operation
	back   ledger.Amount // by reversals
}

func (a *reversalAudit) add(r *reader) *Divergence {
	if op := ledger.ID(r.id()); !a.begun || op != a.op {
		*a = reversalAudit{begun: true, op: op, took: a.took[:0], target: a.target[:0]}
	}
	switch r.byte() {
	case originalOf:
		return a.original(r)
	case reversalOf:
		return a.reversal(r)
	}
	return a.flow(r)
}

func (a *reversalAudit) original(r *reader) *Divergence {
	seq := r.number()
	if a.found {
		return diverge(KeyCheck, "operations with the id "+a.op.String(), 1, fmt.Sprintf("another, operation %d", seq)).at(mark{a.seq, a.op})
	}
	a.found, a.seq, a.kind, a.order = true, seq, ledger.OpKind(r.byte()), r.text()
	for f := range a.gave {
		a.gave[f] = r.amount()
	}
	a.took = append(a.took, r.b...)
	return nil
}

// reversal takes a line that gives something back.
func (a *reversalAudit) reversal(r *reader) *Divergence {
	key := r.b
	id := ledger.LotID{Account: r.text(), N: r.number()}
	voucher := r.text()
	key = key[:len(key)-len(r.b)]
	by := mark{r.number(), r.id()}
	order, amount := r.text(), r.amount()
	what, name := "lot "+id.String(), fmt.Sprintf("operation %s", a.op)
	if voucher != "" {
		what = "voucher " + voucher
	}
	differs := func(what string, expected, found any) *Divergence {
		d := diverge(ReversalCheck, what, expected, found).at(by)
		if voucher == "" {
			d.on(id)
		}
		return d
	}
	switch {
	case !a.found:
		return differs(fmt.Sprintf("original of operation %d", by.seq), name, none)
	case a.seq >= by.seq:
		return differs(fmt.Sprintf("original of operation %d", by.seq), "an earlier operation", fmt.Sprintf("operation %d", a.seq))
	case order != a.order:
		return differs(fmt.Sprintf("order of operation %d, which reverses operation %d", by.seq, a.seq), a.order, order)
	}
	if !bytes.Equal(key, a.target) {
		a.target, a.back, a.given = append(a.target[:0], key...), 0, a.takenOf(key)
	}
	a.back += amount
	switch {
	case a.given == 0:
		return differs(fmt.Sprintf("what operation %d moved of %s", a.seq, what), "something to reverse", none)
	case (amount > 0) == (a.given > 0):
		return differs(fmt.Sprintf("reversal of operation %d over %s", a.seq, what), "the other direction than "+fmt.Sprint(a.given), amount)
	case a.given > 0 && a.back < -a.given, a.given < 0 && a.back > -a.given:
		return differs(fmt.Sprintf("sum of reversals of operation %d over %s", a.seq, what), fmt.Sprintf("at most %d", max(a.given, -a.given)), max(a.back, -a.back))
	}
	return nil
}

// takenOf adds up what the operation moved of a target.
func (a *reversalAudit) takenOf(target []byte) (sum ledger.Amount) {
	r := reader{b: a.took}
	for len(r.b) > 0 && !r.bad {
		key := r.b
		r.keyText()
		r.number()
		r.keyText()
		same := bytes.Equal(key[:len(key)-len(r.b)], target)
		if amount := r.amount(); same {
			sum += amount
		}
	}
	return sum
}

// flow checks the operation that a channel of a WDK reverse names.
func (a *reversalAudit) flow(r *reader) *Divergence {
	reverse, channel, family, amount, order := r.number(), r.int(), ledger.Family(r.byte()), r.amount(), r.text()
	what := fmt.Sprintf("operation that channel %d of reverse %d names", channel, reverse)
	a.flows++
	switch {
	case !a.found:
		return diverge(ReverseCheck, what, "operation "+a.op.String(), none)
	case a.kind != ledger.OpRefund:
		return diverge(ReverseCheck, what, "a refund", fmt.Sprintf("an operation of kind %d", a.kind)).at(mark{a.seq, a.op})
	case a.order != order:
		return diverge(ReverseCheck, "order of the "+what, order, a.order).at(mark{a.seq, a.op})
	case a.gave[family] != amount:
		return diverge(ReverseCheck, family.String()+" given back by the "+what, amount, a.gave[family]).at(mark{a.seq, a.op})
	case a.flows > 1:
		return diverge(ReverseCheck, "channels that name operation "+a.op.String(), 1, fmt.Sprintf("another, %d of reverse %d", channel, reverse)).at(mark{a.seq, a.op})
	}
	return nil
}

func (a *reversalAudit) end() *Divergence { return nil }
