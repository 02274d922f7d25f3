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
	told    bool // the last operation said what the account held after it
}

// add takes a move of an account (0), or what the account is said to hold then (1).
func (a *balanceAudit) add(r *reader) *Divergence {
	account, seq, said, op := r.keyText(), r.number(), r.byte() == 1, ledger.ID(r.id())
	amounts := r.amounts()
	if string(account) != a.account {
		r.note(a.end())
		*a = balanceAudit{account: string(account), told: true}
	}
	if seq != a.last.seq {
		r.note(a.end())
	}
	if !said {
		at := r.int()
		if at < a.at {
			return diverge(BalanceCheck, "stamp of an operation on account "+textOf(account), fmt.Sprintf("at least %d", a.at), at).at(mark{seq, op})
		}
		a.last, a.at, a.told = mark{seq, op}, at, false
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
