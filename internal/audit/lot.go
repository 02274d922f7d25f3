package audit

import (
	"fmt"

	"recoup/internal/ledger"
)

// What a line of the lot section is.
const (
	postingLine byte = iota // an operation moves the balance
	pinLine                 // an operation changes what holds keep
	holdLine                // an open hold keeps something
	lotRow
	accountRow
	owedLine // an operation changes what the account owes
)

// lotAudit re-derives every lot from its lines and every account from its lots.
type lotAudit struct {
	sum     *Summary
	begun   bool
	account account
	lot     lot
}

// An account is what the lots of one account come to.
type account struct {
	id      string
	member  string // of its lots
	lots    int64
	row     bool
	last    mark
	balance [ledger.Kinds]ledger.Amount
	held    [ledger.Kinds]ledger.Amount
	granted [ledger.Kinds]ledger.Amount
	used    [ledger.Kinds]ledger.Amount
	expired [ledger.Kinds]ledger.Amount
	owed    ledger.Amount
}

// A lot is what the operations say of one lot.
type lot struct {
	ledger.Lot
	holds ledger.Amount // what open holds keep, by themselves
	lines bool
	row   bool
	last  mark
}

func (a *lotAudit) add(r *reader) *Divergence {
	id, n, seq, line := r.keyText(), r.number(), r.number(), r.byte()
	if !a.begun || string(id) != a.account.id {
		r.note(a.end())
		a.begun, a.account = true, account{id: string(id)}
		a.lot = lot{Lot: ledger.Lot{LotID: ledger.LotID{Account: a.account.id}}}
	}
	if line == accountRow {
		r.note(a.endLot())
		return a.accountRow(r)
	}
	if line == owedLine { // of no lot: the number is 0
		a.account.owed -= r.amount()
		return nil
	}
	if n != a.lot.N {
		r.note(a.endLot())
		a.lot = lot{Lot: ledger.Lot{LotID: ledger.LotID{Account: a.account.id, N: n}}}
	}
	switch line {
	case postingLine, pinLine:
		if seq != a.lot.last.seq {
			r.note(a.bounds())
		}
		a.lot.last = mark{seq, r.id()}
		if line == pinLine {
			return a.pin(r)
		}
		return a.posting(r)
	case holdLine:
		return a.hold(r)
	}
	return a.lotRow(r)
}

// differs tells a divergence of the lot.
func (a *lotAudit) differs(what string, expected, found any) *Divergence {
	l := &a.lot
	return diverge(LotCheck, what+" of lot "+l.String(), expected, found).on(l.LotID).at(l.last)
}

// bounds checks what must hold after every operation.
func (a *lotAudit) bounds() *Divergence {
	switch l := &a.lot; {
	case l.Balance < 0 || l.Balance > ledger.BalanceMax:
		return a.differs("running balance", fmt.Sprintf("0 to %d", ledger.BalanceMax), l.Balance)
	case l.Held < 0 || l.Held > l.Balance:
		return a.differs("running hold", fmt.Sprintf("0 to the balance of %d", l.Balance), l.Held)
	}
	return nil
}

// posting takes a line that moves the lot. The first must be its grant.
func (a *lotAudit) posting(r *reader) *Divergence {
	l, c := &a.lot, &a.account
	op, kind, amount, expires := ledger.OpKind(r.byte()), ledger.Kind(r.byte()), r.amount(), r.int()
	if !l.lines {
		l.lines, l.Kind, l.Origin, l.Granted = true, kind, l.last.op, amount
		c.lots++
		switch {
		case expires == 0 || amount <= 0:
			return a.differs("first line", "a grant", fmt.Sprintf("%d %s", amount, kind))
		case l.N != c.lots:
			return a.differs("number", c.lots, l.N)
		}
		c.granted[kind] += amount
	}
	if kind != l.Kind {
		return a.differs("kind of a line", l.Kind, kind)
	}
	if expires != 0 {
		l.Expires = max(expires, ledger.Never) // -1 is how a line says Never
	}
	l.Balance += amount
	switch {
	case op.Uses(kind):
		c.used[kind] -= amount
	case op == ledger.OpExpire:
		c.expired[kind] -= amount
	}
	return nil
}

func (a *lotAudit) pin(r *reader) *Divergence {
	if !a.lot.lines {
		return a.differs("first line", "a grant", "a hold")
	}
	a.lot.Held += r.amount()
	return nil
}

func (a *lotAudit) hold(r *reader) *Divergence {
	l := &a.lot
	amount, family, order := r.amount(), ledger.Family(r.byte()), r.text()
	l.holds += amount
	if l.lines && l.Kind.Family() != family {
		return diverge(HoldCheck, fmt.Sprintf("family of the hold of order %s over lot %s", order, l.LotID), l.Kind.Family(), family).on(l.LotID)
	}
	return nil
}

// lotRow compares what the store keeps.
func (a *lotAudit) lotRow(r *reader) *Divergence {
	if d := a.bounds(); d != nil {
		return d
	}
	l, c := &a.lot, &a.account
	if l.row {
		return a.differs("number of rows", 1, "more")
	}
	l.row = true
	kind, origin := ledger.Kind(r.byte()), ledger.ID(r.id())
	expires, granted, balance, held, member := r.int(), r.amount(), r.amount(), r.amount(), r.text()
	if c.member == "" {
		c.member = member
	}
	switch {
	case !l.lines:
		return a.differs("origin", "an operation that granted it", none)
	case kind != l.Kind:
		return a.differs("kind", l.Kind, kind)
	case origin != l.Origin:
		return a.differs("origin", l.Origin, origin)
	case expires != l.Expires:
		return a.differs("expiry", l.Expires, expires)
	case granted != l.Granted:
		return a.differs("grant", l.Granted, granted)
	case balance != l.Balance:
		return a.differs("balance", l.Balance, balance)
	case held != l.Held:
		return a.differs("held amount", l.Held, held)
	case l.holds != l.Held:
		return diverge(HoldCheck, "sum of the open holds over lot "+l.String(), l.Held, l.holds).on(l.LotID).at(l.last)
	case member != c.member:
		return a.differs("member", c.member, member)
	}
	return nil
}

// endLot adds the lot to its account.
func (a *lotAudit) endLot() *Divergence {
	l, c := &a.lot, &a.account
	if l.N == 0 && !l.lines && !l.row {
		return nil
	}
	var d *Divergence
	if !l.row {
		if d = a.bounds(); d == nil {
			d = a.differs("row", fmt.Sprintf("a balance of %d", l.Balance), none)
		}
	}
	c.balance[l.Kind] += l.Balance
	c.held[l.Kind] += l.Held
	if c.last.seq < l.last.seq {
		c.last = l.last
	}
	a.sum.Lots++
	a.lot = lot{Lot: ledger.Lot{LotID: ledger.LotID{Account: c.id}}}
	return d
}

// accountRow compares what the store keeps.
func (a *lotAudit) accountRow(r *reader) *Divergence {
	c := &a.account
	differs := func(what string, expected, found any) *Divergence {
		return diverge(AccountCheck, what+" of account "+c.id, expected, found).at(c.last)
	}
	if c.row {
		return differs("number of rows", 1, "more")
	}
	c.row = true
	member, lots := r.text(), r.int()
	if c.member != "" && c.member != member {
		return differs("member", c.member+", as its lots", member)
	}
	for _, f := range [...]struct {
		name    string
		derived *[ledger.Kinds]ledger.Amount
	}{{"balance", &c.balance}, {"held amount", &c.held}, {"total granted", &c.granted}, {"total used", &c.used}, {"total expired", &c.expired}} {
		kept := r.amounts()
		for k := range kept {
			if kept[k] != f.derived[k] {
				return differs(ledger.Kind(k).String()+" "+f.name, f.derived[k], kept[k])
			}
		}
	}
	if lots != c.lots {
		return differs("number of lots", c.lots, lots)
	}
	free := c.balance[ledger.Point] - c.held[ledger.Point]
	switch owes := r.amount(); {
	case owes != c.owed:
		return differs("points owed", c.owed, owes)
	case owes < 0, owes > 0 && free > 0:
		return differs("points owed beside points that are free", 0, owes)
	}
	a.sum.Accounts++
	for k := range c.balance {
		a.sum.Balance[k] += c.balance[k]
		a.sum.Held[k] += c.held[k]
	}
	return nil
}

// end closes the last account.
func (a *lotAudit) end() *Divergence {
	if !a.begun {
		return nil
	}
	d := a.endLot()
	if d == nil && !a.account.row {
		d = diverge(AccountCheck, "row of account "+a.account.id, "an account", none).at(a.account.last)
	}
	return d
}
