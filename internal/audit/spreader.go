package audit

import (
	"errors"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// A spreader spreads what operations and rows say over the groups that it concerns. What operations say is in operation.go.
type spreader struct {
	orders *sorter // order and reverse sections
	books  *sorter // all others: checked after the orders, which add to it
	rec    record  // owned by the methods: the record that is being made

	printer store.Printer
	ruled   bool  // the brand's rules could be read
	serial  int64 // the brand's
	issued  int64 // the greatest number that was
}

func newSpreader() *spreader { return &spreader{orders: newSorter(), books: newSorter()} }

func (s *spreader) close() error { return errors.Join(s.orders.close(), s.books.close()) }

func (s *spreader) account(v *ledger.Account) error {
	s.rec = append(start(s.rec, lotSection).text(v.ID).number(rowSeq).number(rowSeq), accountRow).text(v.Member).int(v.Lots)
	s.rec = s.rec.amounts(&v.Balance).amounts(&v.Held).amounts(&v.Granted).amounts(&v.Used).amounts(&v.Expired).int(int64(v.Owed))
	if err := s.books.add(s.rec); err != nil {
		return err
	}
	s.rec = append(start(s.rec, balanceSection).text(v.ID).number(rowSeq), changed).int(v.Created).int(v.Changed)
	return s.books.add(s.rec)
}

func (s *spreader) lot(v *ledger.Lot) error {
	s.rec = append(start(s.rec, lotSection).text(v.Account).number(v.N).number(rowSeq), lotRow, byte(v.Kind)).id(v.Origin)
	s.rec = s.rec.int(v.Expires).int(int64(v.Granted)).int(int64(v.Balance)).int(int64(v.Held)).text(v.Member)
	if err := s.books.add(s.rec); err != nil || v.Free() <= 0 || v.Expires == ledger.Never {
		return err
	}
	return s.ends(v.Member, v.Expires)
}

// hold adds each pin of an open hold to its lot, and to the history of its order.
func (s *spreader) hold(v *ledger.Hold) error {
	if err := s.ends(v.Member, v.Deadline); err != nil {
		return err
	}
	for i, p := range v.Pins {
		s.rec = append(start(s.rec, lotSection).text(p.Lot.Account).number(p.Lot.N).number(rowSeq), holdLine)
		s.rec = append(s.rec.int(int64(p.Amount)), byte(v.Family)).text(v.Order)
		if err := s.books.add(s.rec); err != nil {
			return err
		}
		account := v.Account
		if i > 0 { // a hold of a person who was two members may go on over another account
			account = p.Lot.Account
		}
		if err := s.held(v, p, account); err != nil {
			return err
		}
	}
	if len(v.Pins) == 0 { // no operation leaves such a hold
		return s.held(v, ledger.Pin{}, v.Account)
	}
	return nil
}

func (s *spreader) held(v *ledger.Hold, p ledger.Pin, account string) error {
	s.rec = append(start(s.rec, historySection).text(v.Order), pinsOf).text(p.Lot.Account).number(p.Lot.N).number(rowSeq)
	return s.books.add(s.rec.int(int64(p.Amount)).id(v.Op).int(v.Deadline).text(v.Member).text(account))
}

func (s *spreader) voucher(v *ledger.Voucher) error {
	if err := s.document(v); err != nil {
		return err
	}
	s.rec = start(s.rec, voucherSection).text(v.ID).number(rowSeq)
	return s.books.add(s.rec.int(int64(v.Uses)).int(int64(v.Left)).id(v.Origin).int(v.End))
}

func (s *spreader) wdkOrder(v *reverse.Order) error {
	text, err := store.EncodeOrder(v)
	if err != nil {
		return err
	}
	s.used(v.Main)
	for i := range v.Subs {
		if err := s.sub(store.SubRow{No: v.Subs[i].No, Main: v.Main, Out: v.Subs[i].Out}, 0); err != nil {
			return err
		}
	}
	if err := s.document(v); err != nil {
		return err
	}
	s.rec = append(append(start(s.rec, orderSection).number(v.Main), orderRow), text...)
	return s.orders.add(s.rec)
}

// reverse adds a reverse to its order, and by itself.
func (s *spreader) reverse(v *reverse.Reverse) error {
	text, err := store.EncodeReverse(v)
	if err != nil {
		return err
	}
	s.used(v.ID)
	if err := s.document(v); err != nil {
		return err
	}
	s.rec = append(append(start(s.rec, orderSection).number(v.Main), reverseOfOrder).number(v.ID), text...)
	if err := s.orders.add(s.rec); err != nil {
		return err
	}
	return s.orders.add(append(start(s.rec, reverseSection).number(v.ID), reverseRow))
}
