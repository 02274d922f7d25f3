package ledger

import (
	"cmp"
	"slices"
)

// Decide decides one command: replay first, then the command's own rule. It is pure: no clock, no I/O, no randomness but the stamp.
// It changes the state in place and notes every change for the store. The error is *ErrNeedLots: load the batch again with every open
// lot of that member; nothing decided so far may then be kept.
func Decide(s *State, c Command, at *Stamp) (Result, error) {
	return Guard(s, c.Common(), at, func() Result {
		r := c.decide(s, at)
		if order, ok := debit(c); ok && codes[r.Code].Remembered {
			s.remember(c.Common(), order, r, at)
		}
		return r
	})
}

// debit reports whether a refusal of the command is worth remembering, and under which number: a delayed duplicate of a refused debit must
// not debit after the cashier took cash. Refused credits and reversals are not remembered.
func debit(c Command) (order string, ok bool) {
	switch c := c.(type) {
	case *Freeze:
		return c.Order, true
	case *Spend:
		return c.Order, true
	}
	return "", false
}

// Guard answers a replay, or runs the rule.
func Guard(s *State, h *Head, at *Stamp, rule func() Result) (Result, error) {
	s.prepare()
	if r, ok := s.replay(h, at); ok {
		return r, nil
	}
	r := rule()
	if s.need != nil {
		return Result{}, s.need
	}
	// What came back to a lot past its deadline expires at once, by an operation of its own (semantics.md §5).
	for _, m := range s.unsettled {
		s.Settle(m, at)
	}
	s.unsettled = s.unsettled[:0]
	s.repay(at)
	s.print()
	return r, nil
}

// replay finds the first answer to the same request (semantics.md P4).
func (s *State) replay(h *Head, at *Stamp) (Result, bool) {
	if h.Request.IsZero() {
		return Result{}, false
	}
	var content Digest
	var r Result
	if o := s.Requests[h.Request]; o != nil {
		content, r = o.Content, o.Result
	} else if f := s.Refusals[h.Request]; f != nil && f.Until > at.At {
		content, r = f.Content, f.Result
	} else {
		return Result{}, false
	}
	if content != h.Content {
		if h.Mismatch != 0 {
			return Refuse(h.Mismatch), true
		}
		return Refuse(IdempotentMismatch), true
	}
	r.Replayed = true
	return r, true
}

// remember keeps a refused debit.
func (s *State) remember(h *Head, order string, r Result, at *Stamp) {
	if h.Request.IsZero() {
		return
	}
	f := &Refusal{
		Request: h.Request, Content: h.Content, Result: r, Until: at.At + remember,
		Order: order, Method: h.Method, App: h.App, Shop: cmp.Or(h.Shop, h.ShopAlias),
	}
	s.Refusals[h.Request] = f
	s.Changes.Refusals = append(s.Changes.Refusals, f)
}

// refunded answers a refund whose business number was used before: the same refund again, or a conflict. It is no longer the same once
// something was spent or frozen under the original's number after it: that would hear of a success, and stay taken.
func (s *State) refunded(k *Keyed, number string) (Result, bool) {
	o := s.Refunds[k.Refund]
	if k.Refund.IsZero() || o == nil {
		return Result{}, false
	}
	if o.Original != k.Original {
		return Refuse(RefundNoConflict, T("number", number), T("order", o.Order)), true
	}
	for _, later := range s.Orders[o.Order] {
		if later.Ordinal > o.Ordinal && (later.Kind == OpSpend || later.Kind == OpFreeze) {
			return Refuse(RefundNoConflict, T("number", number), T("order", o.Order), T("when", Clock(o.At)), usedSince), true
		}
	}
	r := o.Result
	r.Replayed = true
	return r, true
}

// shop finds the shop of a call by shop_id or out_shop_id. A call that names none has none.
func (s *State) shop(h *Head) (string, Result, bool) {
	sh := s.Brand.Shops[h.Shop]
	name := h.Shop
	if h.Shop == "" {
		if h.ShopAlias == "" {
			return "", Result{}, true
		}
		sh, name = s.Brand.ShopByAlias(h.ShopAlias), h.ShopAlias
	}
	if sh == nil {
		return "", Refuse(ShopNotFound, T("shop", name)), false
	}
	return sh.ID, Result{}, true
}

// member finds who a call is about. Identifiers that name nobody are ignored as long as one names somebody; two that name different
// members contradict (semantics.md §3, who is the member). A bearer gift card goes with any member.
func (s *State) member(h *Head) (*Member, Result, bool) {
	found := ""
	for _, id := range h.Who.Idents() {
		m := s.Named(id)
		if m == "" || m == found {
			continue
		}
		if id.Type == ByCard && found != "" && s.Members[m].Bearer {
			continue
		}
		if found != "" {
			return nil, Refuse(MemberMismatch), false
		}
		found = m
	}
	if found == "" {
		return nil, Refuse(MemberNotFound), false
	}
	return s.Members[found], Result{}, true
}

// sameMember checks the identifiers of a reversal against its original: customer_id must be the original's member; a mobile or outer id
// also passes if it was sent with the original, for people change numbers.
func (s *State) sameMember(h *Head, original *Op) bool {
	if m := s.Members[original.Member]; m != nil && m.Bearer {
		return true
	}
	d := 0
	for _, id := range h.Who.Idents() {
		var digest Digest
		if (id.Type == ByMobile || id.Type == ByOuter) && d < len(h.Who.Digests) {
			digest = h.Who.Digests[d]
			d++
		}
		switch m := s.Named(id); {
		case m == "", m == s.Root(original.Member), s.once(m, original):
		case id.Type == ByCard && original.touches(s.Cards[id.Text]): // a bearer's card among what a person spent
		case !digest.IsZero() && s.sentWith(original, digest):
		default:
			return false
		}
	}
	return true
}

// sentWith reports whether an identifier came with the originals of a number: any of its member that is not a reversal.
func (s *State) sentWith(original *Op, d Digest) bool {
	for _, o := range s.Orders[original.Order] {
		switch o.Kind {
		case OpCharge, OpGrant, OpFreeze, OpSpend, OpEarn:
			if s.Same(o.Member, original.Member) && slices.Contains(o.Idents, d) {
				return true
			}
		}
	}
	return false
}

// accountOf finds the account of a family that a member's call works on: the card named, or the member card; or the point purse.
func (s *State) accountOf(h *Head, m *Member, f Family) *Account {
	if f == Points {
		for _, id := range s.AccountsOf(m.ID) {
			if a := s.Accounts[id]; a.Type == PointPurse {
				return a
			}
		}
		return nil
	}
	if h.Who.Card != "" {
		a := s.Accounts[s.Cards[h.Who.Card]]
		if a == nil || a.Closed || (!s.Same(a.Member, m.ID) && !s.Members[a.Member].Bearer) {
			return nil
		}
		return a
	}
	for _, id := range s.AccountsOf(m.ID) {
		if a := s.Accounts[id]; a.Type == MemberCard {
			return a
		}
	}
	return nil
}
