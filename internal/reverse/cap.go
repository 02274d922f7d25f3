package reverse

import "recoup/internal/ledger"

// A table is what can be refunded of an order now, in fen: share − refunded − open reverses per cell, and what is left of the spends
// that member-asset tenders name. Quotes, submits and approvals draw on it step by step.
type table struct {
	order *Order
	left  [][]Amount       // rows and columns of Order.Shares
	given []Amount         // by tender: fen given back in the ledger so far; POINT rounds by it
	spent map[spend]Amount // fen or points that may come back of each spend
	gone  map[int64]bool   // sub-orders that have a reverse
}

// spend names what member-asset tenders draw on. Tenders that name the same number share it.
type spend struct {
	order  string
	family ledger.Family
}

func (t *Tender) spend() spend { return spend{t.Order, t.Family()} }

// table computes what is left of an order from its reverses and the ledger.
func (s *State) table(o *Order, at *ledger.Stamp) *table {
	tb := &table{order: o, given: make([]Amount, len(o.Tenders)), spent: map[spend]Amount{}, gone: map[int64]bool{}}
	for _, row := range o.Shares {
		tb.left = append(tb.left, append([]Amount(nil), row...))
	}
	for _, r := range s.Reverses {
		if r.Main != o.Main {
			continue
		}
		tb.gone[r.Sub] = tb.gone[r.Sub] || r.Open()
		for i := range r.Channels {
			ch := &r.Channels[i]
			if r.Takes(i) > 0 {
				tb.left[o.Row(r.Sub)][ch.Tender] -= ch.Amount - ch.Post
				tb.left[o.post()][ch.Tender] -= ch.Post
			}
			if o.Tenders[ch.Tender].Asset() && ch.Status == Paid {
				tb.given[ch.Tender] += ch.Amount
			}
		}
	}
	for i := range o.Tenders {
		if t := &o.Tenders[i]; t.Asset() {
			tb.spent[t.spend()] = s.Returnable(t.Order, t.Family(), s.place(o, t.Order), o.Store, at)
		}
	}
	return tb
}

// Refundable is what of each cell of an order can be refunded now: rows and columns are those of its shares. Cells of one tender draw on one
// spend, so together they may have less than their sum: payments are what all cells of each tender can give, one after the other.
func (s *State) Refundable(o *Order, at *ledger.Stamp) (cells [][]Amount, payments []Amount) {
	tb := s.table(o, at)
	cells, payments = make([][]Amount, len(tb.left)), make([]Amount, len(o.Tenders))
	for row := range cells {
		for tender := range o.Tenders {
			cells[row] = append(cells[row], tb.cap(row, tender))
		}
	}
	for row := range cells {
		for tender := range o.Tenders {
			payments[tender] += tb.take(row, tender)
		}
	}
	return cells, payments
}

// post is the row of postage.
func (o *Order) post() int { return len(o.Subs) }

// cap is the most that a cell can give now (semantics.md §9, cell cap).
func (tb *table) cap(row, tender int) Amount {
	left, t := tb.left[row][tender], &tb.order.Tenders[tender]
	switch {
	case left <= 0:
		return 0
	case t.Code == PointTender:
		return min(left, ledger.MulDiv(t.Amount, tb.spent[t.spend()], t.Points))
	case t.Asset():
		return min(left, tb.spent[t.spend()])
	}
	return left
}

// open reports whether anything of a row can still be refunded.
func (tb *table) open(row int) bool {
	for t := range tb.order.Tenders {
		if tb.cap(row, t) > 0 {
			return true
		}
	}
	return false
}

// free reports whether a sub-order that cost nothing can still go back.
func (tb *table) free(no int64) bool { return tb.order.Subs[tb.order.Row(no)].Fee == 0 && !tb.gone[no] }

// takeRow takes all of a row.
func (tb *table) takeRow(row int) []Amount {
	cells := make([]Amount, len(tb.order.Tenders))
	for t := range cells {
		cells[t] = tb.take(row, t)
	}
	return cells
}

// take draws all that a cell can give and says how much that is.
func (tb *table) take(row, tender int) Amount {
	fen := tb.cap(row, tender)
	tb.left[row][tender] -= fen
	tb.draw(tender, fen) // cannot fall short: ⌊P(c+a)/A⌋ − ⌊Pc/A⌋ ≤ R for every a ≤ ⌊A·R/P⌋
	return fen
}

// fit draws an amount of one tender for a sub-order: from its own row first and, where postage is part of the refund, the rest from the
// row of postage, of which it tells the sum. ok is false if there is less.
func (tb *table) fit(row, tender int, fen Amount, postage bool) (post Amount, ok bool) {
	goods := max(0, min(fen, tb.left[row][tender]))
	post = fen - goods
	if post > 0 && (!postage || post > tb.left[tb.order.post()][tender]) {
		return 0, false
	}
	tb.left[row][tender] -= goods
	tb.left[tb.order.post()][tender] -= post
	_, ok = tb.draw(tender, fen)
	return post, ok
}

// draw takes fen of a tender from the spend it names and tells how much of the asset that is: fen, or points. Points round cumulatively
// over all that the tender gave back before, so that any sequence of partials adds up to the whole. ok is false if the spend has less.
func (tb *table) draw(tender int, fen Amount) (assets Amount, ok bool) {
	t := &tb.order.Tenders[tender]
	if !t.Asset() {
		return 0, true
	}
	assets = fen
	if t.Code == PointTender && fen > 0 {
		c := tb.given[tender]
		assets = ledger.MulDiv(t.Points, c+fen, t.Amount) - ledger.MulDiv(t.Points, c, t.Amount)
	}
	if assets > tb.spent[t.spend()] {
		return 0, false
	}
	tb.given[tender] += fen
	tb.spent[t.spend()] -= assets
	return assets, true
}
