package audit

import (
	"fmt"

	"recoup/internal/ledger"
)

// check finds what is wrong with one operation alone.
func check(o *ledger.Op) *Divergence {
	here, no := mark{o.Seq, o.ID}, fmt.Sprintf("operation %d", o.Seq)
	var sums [ledger.Use + 1]ledger.Amount
	for i := range o.Postings {
		p := &o.Postings[i]
		line := fmt.Sprintf("line %d of %s", i+1, no)
		if p.Kind > ledger.Use {
			return diverge(EntryCheck, "kind in "+line, "a known kind", uint8(p.Kind)).at(here)
		}
		names := 0
		for _, named := range [...]bool{!p.Lot.IsZero(), p.Voucher != "", p.Book != ""} {
			if named {
				names++
			}
		}
		switch {
		case names != 1:
			return diverge(EntryCheck, line, "one of lot, voucher and counter account", fmt.Sprintf("%d of them", names)).at(here)
		case (p.Voucher != "") != (p.Kind == ledger.Use) && p.Book == "":
			return diverge(EntryCheck, "kind in "+line, "one that its "+thing(p)+" can hold", p.Kind).at(here)
		case p.Book != "" && (!p.Of.IsZero() || p.Expires != 0):
			return diverge(EntryCheck, "counter account in "+line, "an amount alone", "a reversal or a deadline").at(here)
		}
		sum, ok := sums[p.Kind].Add(p.Amount)
		if !ok {
			return diverge(EntryCheck, "sum of "+no, "a sum that fits", "an overflow").at(here)
		}
		sums[p.Kind] = sum
	}
	// Fen of every kind are one currency; points and uses balance by themselves.
	fen, ok := sums[ledger.Real].Add(sums[ledger.Gift])
	if ok {
		fen, ok = fen.Add(sums[ledger.Pre])
	}
	switch {
	case !ok:
		return diverge(EntryCheck, "sum of "+no, "a sum that fits", "an overflow").at(here)
	case fen != 0:
		return diverge(EntryCheck, "sum of fen of "+no, 0, fen).at(here)
	case sums[ledger.Point] != 0:
		return diverge(EntryCheck, "sum of points of "+no, 0, sums[ledger.Point]).at(here)
	case sums[ledger.Use] != 0:
		return diverge(EntryCheck, "sum of uses of "+no, 0, sums[ledger.Use]).at(here)
	case len(o.Pins) > 0 && o.Order == "":
		return diverge(HoldCheck, "order that the pins of "+no+" are for", "an order", none).at(here)
	case o.Order == "" && o.Ordinal != 0:
		return diverge(HistoryCheck, "place of "+no+" in no history", 0, o.Ordinal).at(here)
	}
	return nil
}

// thing says what a line moves.
func thing(p *ledger.Posting) string {
	if p.Voucher != "" {
		return "voucher"
	}
	return "lot"
}
