package audit

import (
	"fmt"

	"recoup/internal/ledger"
)

// balanceAudit re-derives what every account held after every operation that moved it, and wants their stamps in order. Those of a brand
// need not be: two batches over different members may be decided at the same time, and the later one committed first.
type balanceAudit struct {
	account string
	last    mark
	at      int64 // its stamp
	sums    [ledger.Kinds]ledger.Amount
	told    bool  // the last operation said what the account held after it
	touched int64 // stamp of the last operation that moved or pinned something
}

// What a line of the balance section is.
const (
	movedBy byte = iota // an operation moves the account
	saidBy              // what an operation says the account held after it
	pinned              // an operation pins or unpins something of it, or changes what it owes
	changed             // when the account's row says it changed
)

// add takes a line of an account.
func (a *balanceAudit) add(r *reader) *Divergence {
	account, seq, line := r.keyText(), r.number(), r.byte()
	if string(account) != a.account {
		r.note(a.end())
		*a = balanceAudit{account: string(account), told: true}
	}
	switch line {
	case pinned:
		a.touched = max(a.touched, r.int())
		return nil
	case changed:
		if made, at := r.int(), r.int(); at != max(made, a.touched) {
			return diverge(BalanceCheck, "last change of account "+a.account, max(made, a.touched), at).at(a.last)
		}
		return nil
	}
	said, op, amounts := line == saidBy, ledger.ID(r.id()), r.amounts()
	if seq != a.last.seq {
		r.note(a.end())
	}
	if !said {
		at := r.int()
		if at < a.at {
			return diverge(BalanceCheck, "stamp of an operation on account "+textOf(account), fmt.Sprintf("at least %d", a.at), at).at(mark{seq, op})
		}
		a.last, a.at, a.told, a.touched = mark{seq, op}, at, false, max(a.touched, at)
		for k := range amounts {
			a.sums[k] += amounts[k]
		}
		return nil
	}
	a.told = true
	for k := range amounts {
		if amounts[k] != a.sums[k] {
			d := a.differs(ledger.Kind(k).String()+" balance", a.sums[k], amounts[k]).at(mark{seq, op})
			a.sums = amounts // told once
			return d
		}
	}
	return nil
}

func (a *balanceAudit) differs(what string, expected, found any) *Divergence {
	return diverge(BalanceCheck, fmt.Sprintf("%s of account %s after an operation", what, a.account), expected, found)
}

// end wants the last operation to have said what it left.
func (a *balanceAudit) end() *Divergence {
	if a.told || a.last.seq == 0 {
		return nil
	}
	return a.differs("balance", a.sums, none).at(a.last)
}
