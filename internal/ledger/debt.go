package ledger

import "slices"

// A charge can be refunded though its gift was spent: the gift is taken elsewhere, from the member's other lots or as the brand's loss
// (Policy.Gift). That is a debt of the gift's lot. When the spent gift comes back, it first makes good what was taken, in kind: else the
// member would keep a gift of a charge that nobody paid, or real value would have become gift.
//
// A debt is a history of its own, under a key that no caller can send: operations that took, and operations that made good. What is owed
// is the sum of their lines.

// debtOf is the key of the history that tells what a lot owes.
func debtOf(l LotID) string { return DebtPrefix + l.String() }

// DebtPrefix begins the keys of the histories of debts.
const DebtPrefix = "\x01debt/"

// Debt is the key of the history that tells what a line's lot owes, "" for a line of what never owes. Stores load it with the line.
func (p *Posting) Debt() string {
	if p.Lot.IsZero() || p.Kind != Gift && p.Kind != Pre {
		return ""
	}
	return debtOf(p.Lot)
}

// loss is the counter account of gifts that a brand lost.
const loss = "loss"

// owe books what of a gift is taken elsewhere: from the pins, in their order, and what they do not cover as the brand's loss. It returns
// the pins that are left.
func (s *State) owe(h *Head, at *Stamp, gift *Lot, missing Amount, granted, shop string, pins []Pin) []Pin {
	o := s.debtOp(h, at, gift, shop)
	o.counter(granted, gift.Kind, missing)
	for missing > 0 && len(pins) > 0 {
		n := min(missing, pins[0].Amount)
		s.move(o, s.lot(pins[0].Lot), -n, ID{})
		missing -= n
		if pins[0].Amount -= n; pins[0].Amount == 0 {
			pins = pins[1:]
		}
	}
	if missing > 0 {
		o.counter(loss, gift.Kind, -missing)
	}
	s.book(o, Result{})
	return pins
}

// makeGood pays back what the lots of a refund owe out of what came back to them, what was taken last first.
func (s *State) makeGood(h *Head, at *Stamp, refund *Op) {
	for i := range refund.Postings {
		if p := &refund.Postings[i]; !p.Lot.IsZero() && p.Amount > 0 && len(s.Orders[debtOf(p.Lot)]) > 0 {
			s.payBack(h, at, s.lot(p.Lot), p.Amount, refund.Shop)
		}
	}
}

// payBack makes good up to an amount of what a lot owes.
func (s *State) payBack(h *Head, at *Stamp, gift *Lot, most Amount, shop string) {
	type creditor struct {
		lot  LotID // or zero: the brand's loss
		owed Amount
	}
	var creditors []creditor
	for _, o := range s.Orders[debtOf(gift.LotID)] {
		for _, p := range o.Postings {
			if p.Lot == gift.LotID || p.Lot.IsZero() && p.Book != loss {
				continue
			}
			for i := 0; ; i++ {
				if i == len(creditors) {
					creditors = append(creditors, creditor{lot: p.Lot})
				}
				if creditors[i].lot == p.Lot {
					creditors[i].owed -= p.Amount
					break
				}
			}
		}
	}
	o := s.debtOp(h, at, gift, shop)
	for _, c := range slices.Backward(creditors) {
		n := min(most, c.owed, gift.Free())
		if n <= 0 {
			continue
		}
		most -= n
		s.move(o, gift, -n, ID{})
		if c.lot.IsZero() {
			o.counter(loss, gift.Kind, n)
			continue
		}
		l := s.lot(c.lot)
		s.move(o, l, n, ID{})
		s.unsettle(l, o.At)
	}
	if len(o.Postings) == 0 {
		return
	}
	s.book(o, Result{})
	s.makeGood(h, at, o) // who was paid may owe in turn
}

// debtOp begins an operation in the history of what a lot owes. The request's key is its refund's.
func (s *State) debtOp(h *Head, at *Stamp, gift *Lot, shop string) *Op {
	o := s.op(OpDebt, h, at, gift.Member, shop, debtOf(gift.LotID))
	o.Request, o.Content = Digest{}, Digest{}
	return o
}
