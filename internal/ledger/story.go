package ledger

import "slices"

// ended tells how the last hold of an order ended.
type ended uint8

const (
	neverHeld ended = iota
	stillOpen
	captured
	released
	timedOut
)

// A story is what the history of a business number says of one family: which role the number plays and what became of it.
type story struct {
	charge *Op // value: the charge; points: the grant
	spent  bool
	hold   *Hold // the open hold, nil if none
	last   ended // how the last hold ended
	when   int64 // and when
	freeze *Op   // the last freeze
}

// story reads the history of a number for a family.
func (s *State) story(order string, f Family) story {
	var st story
	st.hold = s.Holds[HoldKey{order, f}]
	for _, o := range s.Orders[order] {
		for i := range o.Postings {
			p := &o.Postings[i]
			if p.Kind.Family() != f || (p.Lot.IsZero() && p.Voucher == "") || !p.Of.IsZero() {
				continue
			}
			switch o.Kind {
			case OpCharge, OpGrant, OpImport:
				st.charge = o
			case OpSpend:
				st.spent = true
			}
			break
		}
		if len(o.Pins) == 0 || !s.pins(o, f) {
			continue
		}
		switch o.Kind {
		case OpFreeze:
			st.last, st.freeze = stillOpen, o
		case OpSpend:
			st.last, st.when = captured, o.At
		case OpHoldExpire:
			st.last, st.when = timedOut, st.freeze.HoldEnd
		default:
			st.last, st.when = released, o.At
		}
	}
	return st
}

// pins reports whether an operation changed holds of a family.
func (s *State) pins(o *Op, f Family) bool {
	for _, p := range o.Pins {
		if s.lot(p.Lot).Kind.Family() == f {
			return true
		}
	}
	return false
}

// anothers reports whether another person than the member has assets in a number: spent and not given back, or held. A number belongs to
// one person, or its reversals could not tell whose they are; a bearer's gift card goes with anybody.
func (s *State) anothers(order string, m *Member) bool {
	if len(s.Orders[order]) == 0 || m.Bearer {
		return false
	}
	other := func(id string) bool {
		o := s.Members[s.Root(id)]
		return o == nil || o != m && !o.Bearer
	}
	for f := range Families {
		if h := s.Holds[HoldKey{order, f}]; h != nil && other(h.Member) {
			return true
		}
		parts, _ := s.unreversed(order, f)
		for _, p := range parts {
			if other(p.op.Member) {
				return true
			}
		}
	}
	return false
}

// role names what a number is used for, to cashiers.
func (st *story) role(f Family) string {
	switch {
	case st.charge != nil && f == Points:
		return "积分发放"
	case st.charge != nil:
		return "充值"
	case st.spent:
		return "核销"
	case st.last != neverHeld:
		return "冻结"
	}
	return "其他业务"
}

// A part is what is left to give back of one lot (or voucher) in one operation.
type part struct {
	op      *Op
	lot     LotID
	voucher string
	left    Amount
}

// unreversed lists what of the spends of a number in a family has not been given back, last spent first. It is the one cap over every
// door (semantics.md P1): the original's allocations less the reversals that name it.
func (s *State) unreversed(order string, f Family) (parts []part, left Amount) {
	type key struct {
		op      ID
		lot     LotID
		voucher string
	}
	history := s.Orders[order]
	back := map[key]Amount{}
	for _, o := range history {
		for i := range o.Postings {
			if p := &o.Postings[i]; !p.Of.IsZero() && p.Kind.Family() == f {
				back[key{p.Of, p.Lot, p.Voucher}] += p.Amount
			}
		}
	}
	for _, o := range slices.Backward(history) {

		if o.Kind != OpSpend {
			continue
		}
		for j := len(o.Postings) - 1; j >= 0; j-- {
			p := &o.Postings[j]
			if p.Kind.Family() != f || p.Amount >= 0 || (p.Lot.IsZero() && p.Voucher == "") {
				continue
			}
			k := key{o.ID, p.Lot, p.Voucher}
			given := min(back[k], -p.Amount)
			back[k] -= given
			if n := -p.Amount - given; n > 0 {
				parts = append(parts, part{o, p.Lot, p.Voucher, n})
				left += n
			}
		}
	}
	return parts, left
}

// reopened reports whether a number of which everything that was spent of a family is given back may pay again: by a call that is signed
// later than each of the undos (反结账). One signed before them is a delayed duplicate.
func (s *State) reopened(h *Head, order string, f Family) (all, later bool) {
	if _, left := s.unreversed(order, f); left > 0 {
		return false, false
	}
	for _, o := range s.Orders[order] {
		if o.Kind == OpRefund && h.Signed <= o.Signed && slices.ContainsFunc(o.Postings, func(p Posting) bool { return p.Kind.Family() == f && !p.Of.IsZero() }) {
			return true, false
		}
	}
	return true, true
}

// firstRefund is the number of the first reversal in an order's history, for ALREADY_REVERSED. What nobody reversed was a hold that timed
// out.
func (s *State) firstRefund(order string) string {
	for _, o := range s.Orders[order] {
		switch o.Kind {
		case OpRefund, OpUncharge, OpRelease:
			if o.Number != "" {
				return o.Number
			}
		}
	}
	return "无(冻结已超时解除)"
}

// tombed reports whether an original comes after its own undo and must not be booked: same app, signed no later than the undo, and the
// undo named no amount or this one. An original signed later is a new attempt: it passes, and lift removes the tombstone.
func (s *State) tombed(h *Head, order string, f Family, charge bool, amount Amount, at *Stamp) bool {
	t := s.Tombs[TombKey{h.App, order, f, charge}]
	return t != nil && t.Until > at.At && h.Signed <= t.Signed && (t.Amount == 0 || t.Amount == amount)
}

// lift removes a tombstone that an original signed later has passed. One that passed for its other amount leaves it standing.
func (s *State) lift(h *Head, order string, f Family, charge bool, at *Stamp) {
	k := TombKey{h.App, order, f, charge}
	t := s.Tombs[k]
	if t == nil || h.Signed <= t.Signed {
		return
	}
	delete(s.Tombs, k)
	if t.Until > at.At && !s.buried(h.App, order, at) {
		s.TombCount[h.App]--
	}
	s.Changes.Tombs = without(s.Changes.Tombs, t)
	s.Changes.TombsLifted = append(s.Changes.TombsLifted, k)
}

// buried reports whether an app has a live tombstone for a number, of whatever family.
func (s *State) buried(app, order string, at *Stamp) bool {
	for f := range Families {
		for _, charge := range []bool{false, true} {
			if t := s.Tombs[TombKey{app, order, f, charge}]; t != nil && t.Until > at.At {
				return true
			}
		}
	}
	return false
}

// bury answers an undo whose original is unknown, and plants tombstones so that the original is refused if it was only late: a till
// that timed out sends its undo first and must end up right either way. It plants all of them or none: where an app has as many numbers
// as it may, the answer says that the undo must come again.
func (s *State) bury(h *Head, order string, amount Amount, at *Stamp, keys ...TombKey) Result {
	if !s.buried(h.App, order, at) {
		if s.TombCount[h.App] >= TombstonesMax {
			return Refuse(OriginalNotFound, T("order", order), unregistered)
		}
		s.TombCount[h.App]++
	}
	member := ""
	for _, id := range h.Who.Idents() {
		if m := s.Named(id); m != "" {
			member = m
			break
		}
	}
	for _, k := range keys { // none of them was lifted in this batch: then the number would be known
		k.App, k.Order = h.App, order
		t := &Tombstone{TombKey: k, Signed: h.Signed, Amount: amount, Member: member, Until: at.At + remember}
		old := s.Tombs[k]
		if old != nil && old.Until > at.At {
			// Two undos of one original: the tombstone refuses whatever either of them would.
			t.Signed = max(t.Signed, old.Signed)
			if old.Amount == 0 {
				t.Amount = 0
			}
		}
		if old != nil {
			s.Changes.Tombs = without(s.Changes.Tombs, old)
		}
		s.Tombs[k] = t
		s.Changes.Tombs = append(s.Changes.Tombs, t)
	}
	return Refuse(OriginalNotFound, T("order", order))
}
