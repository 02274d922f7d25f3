package audit

import (
	"fmt"

	"recoup/internal/ledger"
)

// check finds what is wrong with one operation alone.
func check(o *ledger.Op) *Divergence {
	here := mark{o.Seq, o.ID}
	differs := func(c Check, what string, expected, found any) *Divergence {
		return diverge(c, fmt.Sprintf("%s of operation %d", what, o.Seq), expected, found).at(here)
	}
	var sums [ledger.Use + 1]ledger.Amount
	for i := range o.Postings {
		p := &o.Postings[i]
		inLine := func(what string, expected, found any) *Divergence {
			return differs(EntryCheck, fmt.Sprintf("%s line %d", what, i+1), expected, found)
		}
		if p.Kind > ledger.Use {
			return inLine("kind in", "a known kind", uint8(p.Kind))
		}
		names := 0
		for _, named := range [...]bool{!p.Lot.IsZero(), p.Voucher != "", p.Book != ""} {
			if named {
				names++
			}
		}
		switch {
		case names != 1:
			return inLine("place of", "one of lot, voucher and counter account", fmt.Sprintf("%d of them", names))
		case (p.Voucher != "") != (p.Kind == ledger.Use) && p.Book == "":
			return inLine("kind in", "one that its "+thing(p)+" can hold", p.Kind)
		case p.Book != "" && (!p.Of.IsZero() || p.Expires != 0):
			return inLine("counter account in", "an amount alone", "a reversal or a deadline")
		}
		sum, ok := sums[p.Kind].Add(p.Amount)
		if !ok {
			return differs(EntryCheck, "sum", "a sum that fits", "an overflow")
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
		return differs(EntryCheck, "sum", "a sum that fits", "an overflow")
	case fen != 0:
		return differs(EntryCheck, "sum of fen", 0, fen)
	case sums[ledger.Point] != 0:
		return differs(EntryCheck, "sum of points", 0, sums[ledger.Point])
	case sums[ledger.Use] != 0:
		return differs(EntryCheck, "sum of uses", 0, sums[ledger.Use])
	case len(o.Pins) > 0 && o.Order == "":
		return differs(HoldCheck, "order of the pins", "an order", none)
	case o.Order == "" && o.Ordinal != 0:
		return differs(HistoryCheck, "place in no history", 0, o.Ordinal)
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
