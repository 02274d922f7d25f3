package ledger

// Left is what became of an original under a business number: what it came to, and what of that no undo has taken yet. Whether policy and
// the lots allow an undo now is another question. Amounts are fen, points or uses.
type Left struct {
	Kind   OpKind // OpCharge, OpGrant, OpEarn or OpSpend
	Family Family
	Was    Amount // of a charge: what was paid for it, without its gift
	Left   Amount
}

// Left tells what is left of each original in a number's history, credits first. All that was spent of a family is one.
func (s *State) Left(order string) (list []Left) {
	history := s.Orders[order]
	for _, o := range history {
		var given [Kinds]Amount
		for i := range o.Postings {
			if p := &o.Postings[i]; !p.Lot.IsZero() {
				given[p.Kind] += p.Amount
			}
		}
		base := Point
		switch o.Kind {
		case OpCharge:
			base = principal(&given)
		case OpGrant, OpEarn:
		default:
			continue
		}
		l := Left{Kind: o.Kind, Family: base.Family(), Was: given[base], Left: given[base]}
		for _, undo := range history {
			if undo.Kind.undoes(o.Kind) {
				l.Left -= undo.countered(base, o)
			}
		}
		list = append(list, l)
	}
	for f := range Families {
		l := Left{Kind: OpSpend, Family: f}
		for _, o := range history {
			if o.Kind != OpSpend {
				continue
			}
			for i := range o.Postings {
				if p := &o.Postings[i]; p.Book == "" && p.Kind.Family() == f {
					l.Was -= p.Amount
				}
			}
		}
		if l.Was > 0 {
			_, l.Left = s.unreversed(order, f)
			list = append(list, l)
		}
	}
	return list
}

// undoes reports whether operations of a kind take back what those of another credited.
func (k OpKind) undoes(credit OpKind) bool {
	switch k {
	case OpUncharge:
		return credit == OpCharge
	case OpUngrant:
		return credit == OpGrant
	case OpUnearn:
		return credit == OpEarn
	}
	return false
}

// countered is what an undo put back to the books from which an original came: all that it took, whoever's lots it found that in.
func (o *Op) countered(k Kind, original *Op) (sum Amount) {
	for i := range original.Postings {
		from := &original.Postings[i]
		if from.Book == "" || from.Kind != k {
			continue
		}
		for j := range o.Postings {
			if p := &o.Postings[j]; p.Book == from.Book && p.Kind == k {
				sum += p.Amount
			}
		}
	}
	return sum
}
