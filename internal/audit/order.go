package audit

import (
	"errors"
	"fmt"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// What a line of the order section is.
const (
	toldOrder byte = iota // an operation tells of the order
	orderRow
	reverseOfOrder
)

// What a line of the reverse section is.
const (
	toldReverse byte = iota // an operation tells of the reverse
	reverseRow
)

// orderAudit checks every WDK order with all its reverses: shares, channels and caps (semantics.md §9).
type orderAudit struct {
	sum  *Summary
	pass func([]byte) error // takes records for the reversal section
	err  error              // of pass, or of a text that cannot be read

	main  int64
	told  mark // the first operation that tells of it
	order *reverse.Order
	taken [][]ledger.Amount // of Order.Shares, by open reverses
	paid  []ledger.Amount   // by tender: fen given back in the ledger
	given []ledger.Amount   // by tender: the assets that were
}

func (a *orderAudit) add(r *reader) *Divergence {
	if main := r.number(); main != a.main || a.told.seq == 0 && a.order == nil {
		r.note(a.end())
		*a = orderAudit{sum: a.sum, pass: a.pass, err: a.err, main: main}
	}
	switch r.byte() {
	case toldOrder:
		if here := (mark{r.number(), r.id()}); a.told.seq == 0 {
			a.told = here
		}
		return nil
	case orderRow:
		return a.takeOrder(r)
	}
	return a.takeReverse(r)
}

func (a *orderAudit) differs(what string, expected, found any) *Divergence {
	return diverge(OrderCheck, fmt.Sprintf("%s of WDK order %d", what, a.main), expected, found).at(a.told)
}

// takeOrder checks that the shares of an order divide what was paid.
func (a *orderAudit) takeOrder(r *reader) *Divergence {
	if a.order != nil {
		return a.differs("number of rows", 1, "more")
	}
	o, err := store.DecodeOrder(r.b)
	if err != nil {
		a.err = errors.Join(a.err, err)
		return nil
	}
	a.order = o
	a.sum.Orders++
	if a.told.seq == 0 {
		return a.differs("origin", "an operation that took it", none)
	}
	rows, columns := make([]ledger.Amount, 0, len(o.Subs)+1), make([]ledger.Amount, len(o.Tenders))
	for i := range o.Subs {
		rows = append(rows, o.Subs[i].Fee)
	}
	rows = append(rows, o.PostFee)
	if n := total(rows); n != o.PayFee {
		return a.differs("sum of the fees", o.PayFee, n)
	}
	if len(o.Shares) != len(rows) {
		return a.differs("number of rows of shares", len(rows), len(o.Shares))
	}
	for i, row := range o.Shares {
		if len(row) != len(columns) {
			return a.differs(fmt.Sprintf("number of shares of %s", rowName(o, i)), len(columns), len(row))
		}
		for t, n := range row {
			if n < 0 {
				return a.differs(fmt.Sprintf("share of %s in tender %d", rowName(o, i), t+1), "at least 0", n)
			}
			columns[t] += n
		}
		if n := total(row); n != rows[i] {
			return a.differs("sum of the shares of "+rowName(o, i), rows[i], n)
		}
	}
	for t := range columns {
		if columns[t] != o.Tenders[t].Amount {
			return a.differs(fmt.Sprintf("sum of the shares in tender %d", t+1), o.Tenders[t].Amount, columns[t])
		}
	}
	a.taken = make([][]ledger.Amount, len(rows))
	for i := range a.taken {
		a.taken[i] = make([]ledger.Amount, len(columns))
	}
	a.paid, a.given = make([]ledger.Amount, len(columns)), make([]ledger.Amount, len(columns))
	return nil
}

// rowName names a row of shares.
func rowName(o *reverse.Order, row int) string {
	if row == len(o.Subs) {
		return "postage"
	}
	return fmt.Sprintf("sub-order %d", o.Subs[row].No)
}

func total(list []ledger.Amount) (sum ledger.Amount) {
	for _, n := range list {
		sum += n
	}
	return sum
}

// takeReverse checks a reverse, and that all so far take no more than there is.
func (a *orderAudit) takeReverse(rd *reader) *Divergence {
	rd.number() // its id, which the text has too
	r, err := store.DecodeReverse(rd.b)
	if err != nil {
		a.err = errors.Join(a.err, err)
		return nil
	}
	a.sum.Reverses++
	differs := func(what string, expected, found any) *Divergence {
		return diverge(ReverseCheck, fmt.Sprintf("%s of reverse %d", what, r.ID), expected, found).at(a.told)
	}
	if a.order == nil {
		return differs("order", fmt.Sprintf("WDK order %d", a.main), none)
	}
	if a.taken == nil {
		return nil // the order's shares are wrong, which was told
	}
	row, post := a.order.Row(r.Sub), len(a.order.Subs)
	if row < 0 {
		return differs("sub-order", fmt.Sprintf("one of WDK order %d", a.main), r.Sub)
	}
	var sum, postage ledger.Amount
	var tenders []int
	for i := range r.Channels {
		c := &r.Channels[i]
		name := fmt.Sprintf("channel %d", i+1)
		switch {
		case c.Tender < 0 || c.Tender >= len(a.order.Tenders) || slices.Contains(tenders, c.Tender):
			return differs("tender of "+name, "one that no other channel has", c.Tender+1)
		case c.Code != a.order.Tenders[c.Tender].Code:
			return differs("code of "+name, a.order.Tenders[c.Tender].Code, c.Code)
		case c.Amount < 0 || c.Post < 0 || c.Post > c.Amount:
			return differs("amount of "+name, "at least 0 with postage in it", fmt.Sprintf("%d with %d", c.Amount, c.Post))
		}
		tenders = append(tenders, c.Tender)
		sum += c.Amount
		postage += c.Post
		if d := a.status(r, i, differs); d != nil {
			return d
		}
		if r.Takes(i) == 0 {
			continue
		}
		a.taken[row][c.Tender] += c.Amount - c.Post
		a.taken[post][c.Tender] += c.Post
		for _, cell := range [...]int{row, post} {
			if n, share := a.taken[cell][c.Tender], a.order.Shares[cell][c.Tender]; n > share {
				return differs(fmt.Sprintf("what reverses up to %s take of %s in tender %d, including that", name, rowName(a.order, cell), c.Tender+1),
					fmt.Sprintf("at most %d", share), n)
			}
		}
	}
	switch {
	case sum != r.Amount:
		return differs("sum of the channels", r.Amount, sum)
	case postage != r.Post:
		return differs("postage in the channels", r.Post, postage)
	}
	return nil
}

// status checks that a channel is as far as its reverse, and passes on what it gave back in the ledger.
func (a *orderAudit) status(r *reverse.Reverse, i int, differs func(string, any, any) *Divergence) *Divergence {
	c, t := &r.Channels[i], &a.order.Tenders[r.Channels[i].Tender]
	name := fmt.Sprintf("channel %d", i+1)
	waits := r.Status == reverse.Apply || r.Status == reverse.Refused || r.Status == reverse.Cancel
	switch {
	case waits != (c.Status == reverse.Waiting):
		return differs("status of "+name, "waiting exactly until "+reverse.Agree.String(), fmt.Sprintf("%d in %s", c.Status, r.Status))
	case r.Status == reverse.Success && c.Status != reverse.Paid:
		return differs("status of "+name, "paid", fmt.Sprintf("%d in %s", c.Status, r.Status))
	case !t.Asset() || c.Status != reverse.Paid:
		if !c.Flow.IsZero() {
			return differs("ledger operation of "+name, none, c.Flow)
		}
		return nil
	}
	assets := c.Amount
	if t.Code == reverse.PointTender {
		assets = c.Points
	}
	if (assets != 0) == c.Flow.IsZero() {
		return differs("ledger operation of "+name, fmt.Sprintf("one that gives back %d", assets), c.Flow)
	}
	a.paid[c.Tender] += c.Amount
	a.given[c.Tender] += assets
	if assets == 0 {
		return nil
	}
	rec := append(start(nil, reversalSection).id(c.Flow), flowOf).number(r.ID).int(int64(i + 1))
	rec = append(rec, byte(t.Family())).int(int64(assets)).text(t.Order)
	a.err = errors.Join(a.err, a.pass(rec))
	return nil
}

// end checks what all reverses of an order gave back together.
func (a *orderAudit) end() *Divergence {
	if a.told.seq != 0 && a.order == nil {
		return a.differs("row", "an order", none)
	}
	if a.order == nil {
		return nil
	}
	for i := range a.paid {
		t := &a.order.Tenders[i]
		if t.Code != reverse.PointTender || t.Amount <= 0 {
			continue
		}
		// Points round over all that was given back, so that partials add up to the whole.
		if n := ledger.MulDiv(t.Points, a.paid[i], t.Amount); n != a.given[i] {
			return a.differs(fmt.Sprintf("points given back for %d fen of tender %d", a.paid[i], i+1), n, a.given[i])
		}
	}
	return nil
}

// reverseAudit checks that every reverse has its operation, and every such operation its reverse.
type reverseAudit struct {
	id   int64
	told mark
	row  bool
}

func (a *reverseAudit) add(r *reader) *Divergence {
	if id := r.number(); id != a.id {
		r.note(a.end())
		*a = reverseAudit{id: id}
	}
	if r.byte() == toldReverse {
		if here := (mark{r.number(), r.id()}); a.told.seq == 0 {
			a.told = here
		}
		return nil
	}
	switch {
	case a.row:
		return a.differs("number of rows", 1, "more")
	case a.told.seq == 0:
		return a.differs("origin", "an operation that submitted it", none)
	}
	a.row = true
	return nil
}

func (a *reverseAudit) differs(what string, expected, found any) *Divergence {
	return diverge(ReverseCheck, fmt.Sprintf("%s of reverse %d", what, a.id), expected, found).at(a.told)
}

// end wants a row.
func (a *reverseAudit) end() *Divergence {
	if a.told.seq != 0 && !a.row {
		return a.differs("row", "a reverse", none)
	}
	return nil
}
