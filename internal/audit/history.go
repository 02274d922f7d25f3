package audit

import (
	"bytes"
	"fmt"

	"recoup/internal/ledger"
)

// What a line of the history section is.
const (
	placeOf byte = iota // an operation has a place in the history
	pinsOf              // an operation changes what a hold keeps of a lot; with rowSeq: what the open hold keeps
)

// historyAudit follows the history of every business number: places without gaps, and holds that come to what is open.
type historyAudit struct {
	order  string
	places int64

	// What the number's holds keep of one lot.
	lot    []byte // its key
	name   ledger.LotID
	held   ledger.Amount
	row    bool
	freeze mark // the last freeze
	member string
	until  int64
	last   mark
}

func (a *historyAudit) add(r *reader) *Divergence {
	order := r.keyText()
	if string(order) != a.order {
		r.note(a.end())
		*a = historyAudit{order: string(order)}
	}
	if r.byte() == placeOf {
		return a.place(r)
	}
	key := r.b
	account, n := r.keyText(), r.number()
	key = key[:len(key)-len(r.b)]
	if !bytes.Equal(key, a.lot) {
		r.note(a.end())
		*a = historyAudit{order: a.order, lot: bytes.Clone(key), name: ledger.LotID{Account: textOf(account), N: n}}
	}
	seq := r.number()
	if seq == rowSeq {
		return a.hold(r)
	}
	return a.pin(r, seq)
}

// place checks that an operation comes next.
func (a *historyAudit) place(r *reader) *Divergence {
	here := mark{r.number(), r.id()}
	a.places++
	if n := r.int(); n != a.places {
		return diverge(HistoryCheck, fmt.Sprintf("place of operation %d in the history of order %s", here.seq, a.order), a.places, n).at(here)
	}
	return nil
}

// differs tells a divergence of what the holds keep of the lot.
func (a *historyAudit) differs(what string, expected, found any) *Divergence {
	return diverge(HoldCheck, fmt.Sprintf("%s of the hold of order %s over lot %s", what, a.order, a.name), expected, found).on(a.name).at(a.last)
}

// pin takes a change by an operation; a positive one is a freeze.
func (a *historyAudit) pin(r *reader, seq int64) *Divergence {
	a.last = mark{seq, r.id()}
	amount, until, member := r.amount(), r.int(), r.keyText()
	if amount > 0 {
		a.freeze, a.until, a.member = a.last, until, textOf(member)
	}
	if a.held += amount; a.held < 0 {
		return a.differs("running amount", "at least 0", a.held)
	}
	return nil
}

// hold compares an open hold that the store keeps.
func (a *historyAudit) hold(r *reader) *Divergence {
	if a.row {
		return a.differs("number of rows", 1, "more")
	}
	a.row = true
	amount, op, until := r.amount(), ledger.ID(r.id()), r.int()
	member, account := r.text(), r.text()
	switch {
	case amount != a.held:
		return a.differs("amount", a.held, amount)
	case op != a.freeze.op:
		return a.differs("freeze", a.freeze.op, op)
	case until != a.until:
		return a.differs("deadline", a.until, until)
	case member != a.member:
		return a.differs("member", a.member, member)
	case account != a.name.Account:
		return a.differs("account", a.name.Account, account)
	}
	return nil
}

// end wants a hold row for what is open.
func (a *historyAudit) end() *Divergence {
	if a.held != 0 && !a.row {
		return a.differs("row", fmt.Sprintf("%d held", a.held), none)
	}
	return nil
}
