package audit

import "recoup/internal/ledger"

// spread adds the lines of an operation to their groups.
func (s *spreader) spread(o *ledger.Op) error {
	for i := range o.Postings {
		if p := &o.Postings[i]; !p.Lot.IsZero() && int(p.Kind) >= ledger.Kinds {
			return nil // told by check: no lot is of such a kind
		}
	}
	for _, part := range [...]func(*ledger.Op) error{s.lines, s.balances, s.history, s.reversals, s.keys, s.wdk, s.prints} {
		if err := part(o); err != nil {
			return err
		}
	}
	return nil
}

// lines adds what moves and pins lots, and what uses vouchers.
func (s *spreader) lines(o *ledger.Op) error {
	for i := range o.Postings {
		p := &o.Postings[i]
		switch {
		case !p.Lot.IsZero():
			s.rec = start(s.rec, lotSection).text(p.Lot.Account).number(p.Lot.N).number(o.Seq)
			s.rec = append(append(s.rec, postingLine).id(o.ID), byte(o.Kind), byte(p.Kind)).int(int64(p.Amount)).int(p.Expires)
		case p.Voucher != "":
			s.rec = start(s.rec, voucherSection).text(p.Voucher).number(o.Seq).number(int64(i))
			s.rec = s.rec.id(o.ID).int(int64(p.Amount)).int(p.Expires)
		case p.Owes() != "":
			s.rec = start(s.rec, lotSection).text(p.Owes()).number(0).number(o.Seq)
			s.rec = append(s.rec, owedLine).int(int64(p.Amount))
		default:
			continue
		}
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	for _, p := range o.Pins {
		s.rec = start(s.rec, lotSection).text(p.Lot.Account).number(p.Lot.N).number(o.Seq)
		s.rec = append(s.rec, pinLine).id(o.ID).int(int64(p.Amount))
		if err := s.books.add(s.rec); err != nil {
			return err
		}
		s.rec = start(s.rec, historySection).text(o.Order)
		s.rec = append(s.rec, pinsOf).text(p.Lot.Account).number(p.Lot.N).number(o.Seq)
		s.rec = s.rec.id(o.ID).int(int64(p.Amount)).int(o.HoldEnd).text(o.Member)
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	return nil
}

// balances adds how and when an operation moved each account, and what it says the account held after it.
func (s *spreader) balances(o *ledger.Op) error {
	for i := range o.Postings {
		p := &o.Postings[i]
		if p.Lot.IsZero() || movedBefore(o, i) {
			continue
		}
		var moved [ledger.Kinds]ledger.Amount
		for j := i; j < len(o.Postings); j++ {
			if q := &o.Postings[j]; q.Lot.Account == p.Lot.Account {
				moved[q.Kind] += q.Amount
			}
		}
		s.rec = start(s.rec, balanceSection).text(p.Lot.Account).number(o.Seq)
		s.rec = append(s.rec, movedBy).id(o.ID).amounts(&moved).int(o.At)
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	for i := range o.Pins {
		s.rec = append(start(s.rec, balanceSection).text(o.Pins[i].Lot.Account).number(o.Seq), pinned).int(o.At)
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	for i := range o.Postings {
		if account := o.Postings[i].Owes(); account != "" {
			s.rec = append(start(s.rec, balanceSection).text(account).number(o.Seq), pinned).int(o.At)
			if err := s.books.add(s.rec); err != nil {
				return err
			}
		}
	}
	for i := range o.After {
		s.rec = start(s.rec, balanceSection).text(o.After[i].Account).number(o.Seq)
		s.rec = append(s.rec, saidBy).id(o.ID).amounts(&o.After[i].Sums)
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	return nil
}

// movedBefore reports whether an earlier line moved the same account.
func movedBefore(o *ledger.Op, i int) bool {
	for j := range i {
		if o.Postings[j].Lot.Account == o.Postings[i].Lot.Account {
			return true
		}
	}
	return false
}

// history adds the place of an operation in the history of its order.
func (s *spreader) history(o *ledger.Op) error {
	if o.Order == "" {
		return nil
	}
	s.rec = start(s.rec, historySection).text(o.Order)
	s.rec = append(s.rec, placeOf).number(o.Seq).id(o.ID).int(int64(o.Ordinal))
	return s.books.add(s.rec)
}

// reversals adds what an operation took, for those that give it back, and what it gives back of others.
func (s *spreader) reversals(o *ledger.Op) error {
	var credit [ledger.Points + 1]ledger.Amount
	for i := range o.Postings {
		if p := &o.Postings[i]; !p.Lot.IsZero() {
			credit[p.Kind.Family()] += p.Amount
		}
	}
	s.rec = start(s.rec, reversalSection).id(o.ID)
	s.rec = append(s.rec, originalOf).number(o.Seq)
	s.rec = append(s.rec, byte(o.Kind)).text(o.Order).int(int64(credit[ledger.Value])).int(int64(credit[ledger.Points]))
	for i := range o.Postings {
		if p := &o.Postings[i]; p.Of.IsZero() && p.Book == "" {
			s.rec = s.rec.target(p).int(int64(p.Amount))
		}
	}
	if err := s.books.add(s.rec); err != nil {
		return err
	}
	for i := range o.Postings {
		p := &o.Postings[i]
		if p.Of.IsZero() {
			continue
		}
		s.rec = start(s.rec, reversalSection).id(p.Of)
		s.rec = append(s.rec, reversalOf).target(p).number(o.Seq).id(o.ID).text(o.Order).int(int64(p.Amount))
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	return nil
}

// keys adds what must be unique.
func (s *spreader) keys(o *ledger.Op) error {
	for _, k := range [...]struct {
		section section
		digest  ledger.Digest
	}{{requestSection, o.Request}, {refundSection, o.Refund}} {
		if k.digest.IsZero() {
			continue
		}
		s.rec = start(s.rec, k.section).id(k.digest).number(o.Seq).id(o.ID)
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	return nil
}

// wdk adds that an operation tells of a WDK order or of reverses.
func (s *spreader) wdk(o *ledger.Op) error {
	switch o.Kind {
	case ledger.OpOrder:
		if len(o.Result.Numbers) == 0 {
			return nil
		}
		s.rec = start(s.rec, orderSection).number(o.Result.Numbers[0])
		return s.orders.add(append(s.rec, toldOrder).number(o.Seq).id(o.ID))
	case ledger.OpReverse:
		for _, id := range o.Result.Numbers {
			s.rec = start(s.rec, reverseSection).number(id)
			if err := s.orders.add(append(s.rec, toldReverse).number(o.Seq).id(o.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}
