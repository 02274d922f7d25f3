package ledger

import (
	"slices"
	"strconv"
	"strings"
)

// Keys of a member's save: those of the member the identifiers name.
func (c *SaveMember) Keys(k *Keys) {
	k.add(&c.Head)
	if c.ID != "" {
		k.Idents[Ident{Type: ByCustomer, Text: c.ID}] = struct{}{}
	}
}

// decide creates a member with a card and a point purse, or changes the one the identifiers name (semantics.md §6, open.customer.save).
func (c *SaveMember) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	m, refused, ok := s.member(&c.Head)
	if !ok && refused.Code != MemberNotFound {
		return refused
	}
	if c.ID != "" {
		known := s.Members[s.Root(c.ID)]
		if m != nil && m != known {
			return Refuse(MemberMismatch)
		}
		m = known
	}

	if c.ID == "" && c.Who.Customer != "" && s.Members[c.Who.Customer] == nil {
		return Refuse(MemberNotFound) // customer ids are issued, never taken from a caller
	}

	if m == nil && c.ID == "" && c.Who.Mobile == "" && c.Who.Outer == "" {
		return Refuse(MissingField, T("field", "mobile"))
	}

	if m != nil && c.New {
		return Refuse(MemberExists, T("customer", m.ID))
	}

	// Nothing fails from here on.
	var changes []string
	if m == nil {
		m, changes = s.newMember(c.ID, shop, at), []string{"created"}
	}
	for _, f := range [...]struct {
		name string
		to   *string
		from *string
	}{
		{"name", &m.Name, c.Name},
		{"birthday", &m.Birthday, c.Birthday},
		{"remark", &m.Remark, c.Remark},
		{"channel", &m.Channel, c.Channel},
		{"gender", &m.Gender, digits(c.Gender)},
		{"address", &m.Address, c.Address},
		{"email", &m.Email, c.Email},
		{"invoice", &m.Invoice, c.Invoice},
		{"level", &m.Level, c.Level},
		{"phone", &m.Phone, c.Phone},
		{"type", &m.Type, digits(c.Type)},
	} {
		if f.from != nil && *f.to != *f.from {
			*f.to = *f.from
			changes = append(changes, f.name)
		}
	}
	if c.Tags != nil && !slices.Equal(m.Tags, c.Tags) {
		m.Tags = slices.Clone(c.Tags)
		changes = append(changes, "tags")
	}
	if c.Frozen != nil && m.Frozen != *c.Frozen {
		m.Frozen = *c.Frozen
		changes = append(changes, frozenWord(m.Frozen))
	}
	changes = append(changes, s.bind(m, &c.Who)...)
	m.Changed = at.At
	s.Changes.Members.Add(m)
	s.Leave(m)
	o := s.op(OpMember, &c.Head, at, m.ID, shop, "")
	o.Change = strings.Join(changes, ",")
	return s.book(o, Result{IDs: []string{m.ID}})
}

// digits is a number as text, nil if none was given.
func digits(n *int64) *string {
	if n == nil {
		return nil
	}
	text := strconv.FormatInt(*n, 10)
	return &text
}

func frozenWord(frozen bool) string {
	if frozen {
		return "frozen"
	}
	return "unfrozen"
}

// newMember creates a member with the default card and the point purse. The accounts are named after the member, the card first.
func (s *State) newMember(id, shop string, at *Stamp) *Member {
	if id == "" {
		id = strconv.FormatInt(at.Next(), 10)
	}
	m := &Member{ID: id, Shop: shop, Created: at.At}
	s.PutMember(m)
	s.open(&Account{ID: id + "-1", Card: strconv.FormatInt(at.Next(), 10), Member: id, Type: MemberCard}, at)
	s.open(&Account{ID: id + "-p", Member: id, Type: PointPurse}, at)
	return m
}

// open adds a new account, of which nothing is left to load.
func (s *State) open(a *Account, at *Stamp) {
	a.Created, a.Changed = at.At, at.At
	s.PutAccount(a)
	s.Complete[a.ID] = true
	s.Changes.Accounts.Add(a)
	s.Leave(a)
}

// bind gives a member the mobile and outer id of a call, and tells what is new. A member has one mobile and one outer id of each type: a new one
// replaces it.
func (s *State) bind(m *Member, w *Who) (changes []string) {
	if w.Mobile != "" && w.Mobile != m.Mobile && s.Named(Ident{Type: ByMobile, Text: w.Mobile}) != m.ID { // else a number of one merged into it
		if m.Mobile != "" {
			s.unbind(Ident{Type: ByMobile, Text: m.Mobile})
		}
		m.Mobile = w.Mobile
		s.bound(m, Ident{Type: ByMobile, Text: w.Mobile})
		changes = append(changes, "mobile")
	}
	if w.Outer == "" {
		return changes
	}
	id := Ident{Type: ByOuter, Outer: w.OuterType, Text: w.Outer}
	if s.Named(id) == m.ID && !slices.Contains(m.Outer, id) { // of one merged into it
		return changes
	}
	for i, old := range m.Outer {
		if old == id {
			return changes
		}
		if old.Outer == id.Outer {
			s.unbind(old)
			m.Outer[i] = id
			s.bound(m, id)
			return append(changes, "outer")
		}
	}
	m.Outer = append(m.Outer, id)
	s.bound(m, id)
	return append(changes, "outer")
}

func (s *State) bound(m *Member, id Ident) {
	s.Idents[id] = m.ID
	s.Changes.Idents.Add(id)
}

func (s *State) unbind(id Ident) {
	delete(s.Idents, id)
	s.Changes.Idents.Remove(id)
	if !slices.Contains(s.Changes.Unbound, id) {
		s.Changes.Unbound = append(s.Changes.Unbound, id)
	}
}

// Keys of an issue: the member.
func (c *IssueVouchers) Keys(k *Keys) {
	k.add(&c.Head)
	for _, v := range c.Codes {
		k.Vouchers[v] = struct{}{}
	}
}

// decide issues voucher instances of a template (semantics.md §8).
func (c *IssueVouchers) decide(s *State, at *Stamp) Result {
	shop, refused, ok := s.shop(&c.Head)
	if !ok {
		return refused
	}
	m, refused, ok := s.member(&c.Head)
	if !ok {
		return refused
	}
	t := s.Brand.Templates[c.Template]
	switch {
	case t == nil:
		return Refuse(TemplateNotFound, T("template", c.Template))
	case t.Stopped, t.Days == 0 && t.End != Never && at.At >= t.End:
		return Refuse(TemplateStopped, T("template", c.Template))
	}
	for i, code := range c.Codes {
		if s.Vouchers[code] != nil || slices.Contains(c.Codes[:i], code) {
			return Refuse(VoucherNotUsable, T("voucher", code), T("why", "券码已存在"))
		}
	}

	// Nothing fails from here on.
	o := s.op(OpIssue, &c.Head, at, m.ID, shop, "")
	r := Result{}
	for i := range c.Num {
		v := &Voucher{Member: m.ID, Template: t.ID, Uses: max(1, t.Uses), Start: t.Start, End: t.End, Origin: o.ID}
		if t.Days > 0 {
			v.Start, v.End = at.At, deadline(at.At, t.Days)
		}
		if c.End > 0 {
			v.End = c.End
		}
		if c.Uses > 0 {
			v.Uses = min(c.Uses, v.Uses)
		}
		if int(i) < len(c.Codes) {
			v.ID = c.Codes[i]
		} else {
			v.ID = strconv.FormatInt(at.Next(), 10)
		}
		s.Vouchers[v.ID] = v
		s.use(o, v, v.Uses, ID{})
		o.counter("issue:"+shop, Use, -v.Uses)
		r.IDs = append(r.IDs, v.ID)
	}
	return s.book(o, r)
}

// Keys of a card import: the card, and the member it is bound to.
func (c *ImportCard) Keys(k *Keys) {
	k.add(&c.Head)
	k.Idents[Ident{Type: ByCard, Text: c.Card}] = struct{}{}
	k.Idents[Ident{Type: ByCustomer, Text: bearer(c.Card)}] = struct{}{}
	if c.SoldIn != 0 {
		k.Orders[SoldIn(c.SoldIn)], k.Unnamed[SoldIn(c.SoldIn)] = struct{}{}, struct{}{}
	}
	if c.Member != "" {
		k.Idents[Ident{Type: ByCustomer, Text: c.Member}] = struct{}{}
	}
}

// SoldIn is the key of the history that leads from a WDK sub-order to the gift cards it sold, "" for none. No caller can send it.
func SoldIn(sub int64) string {
	if sub == 0 {
		return ""
	}
	return "\x01sold/" + strconv.FormatInt(sub, 10)
}

// bearer is the member id under which an unbound gift card is kept.
func bearer(card string) string { return "card-" + card }

// decide creates a gift card with its value.
func (c *ImportCard) decide(s *State, at *Stamp) Result {
	if _, taken := s.Cards[c.Card]; taken {
		return Refuse(CardExists, T("card", c.Card))
	}
	var m *Member
	if c.Member != "" {
		if m = s.Members[s.Named(Ident{Type: ByCustomer, Text: c.Member})]; m == nil {
			return Refuse(MemberNotFound)
		}
		s.Settle(m.ID, at)
	}
	if c.Value > AmountMax {
		return Refuse(AmountTooLarge, Money("max", AmountMax))
	}

	// Nothing fails from here on.
	if m == nil {
		m = &Member{ID: bearer(c.Card), Bearer: true, Created: at.At, Changed: at.At}
		s.PutMember(m)
		s.Changes.Members.Add(m)
		s.Leave(m)
	}
	a := &Account{ID: bearer(c.Card), Card: c.Card, Member: m.ID, Type: GiftCard, SoldIn: c.SoldIn}
	s.open(a, at)
	o := s.op(OpImport, &c.Head, at, m.ID, "", SoldIn(c.SoldIn))
	s.newLot(o, a, Real, c.Value, Never)
	o.counter("giftcard:import", Real, -c.Value)
	return s.book(o, Result{ValueOK: true})
}

// Keys of an opening balance: the member.
func (c *OpenBalance) Keys(k *Keys) { k.add(&c.Head) }

// decide credits an opening balance to the member card, and its points to the purse.
func (c *OpenBalance) decide(s *State, at *Stamp) Result {
	m, refused, ok := s.member(&c.Head)
	if !ok {
		return refused
	}
	card, purse := s.accountOf(&c.Head, m, Value), s.accountOf(&c.Head, m, Points)
	if card == nil || purse == nil {
		return Refuse(CardNotFound, T("card", c.Who.Card))
	}
	s.Settle(m.ID, at)
	credit := [Kinds]Amount{Real: c.Real, Gift: c.Gift, Pre: c.Pre}
	switch {
	case max(c.Real, c.Gift, c.Pre, Sum(credit, Value)) > min(AmountMax, card.room(Value)):
		return Refuse(AmountTooLarge, Money("max", min(AmountMax, card.room(Value))))
	case c.Points > min(AmountMax, purse.room(Points)):
		return Refuse(AmountTooLarge, Score("max", min(AmountMax, purse.room(Points))))
	}

	// Nothing fails from here on.
	o := s.op(OpImport, &c.Head, at, m.ID, "", "")
	credit[Point] = c.Points
	for k, n := range credit {
		a := card
		if Kind(k) == Point {
			a = purse
		}
		if n > 0 {
			s.newLot(o, a, Kind(k), n, c.Expires)
			o.counter("opening", Kind(k), -n)
		}
	}
	return s.book(o, Result{ValueOK: true, PointOK: true})
}

// Keys of a sweep: the member.
func (c *Sweep) Keys(k *Keys) { k.add(&c.Head) }

// decide expires what is due of a member.
func (c *Sweep) decide(s *State, at *Stamp) Result {
	m, refused, ok := s.member(&c.Head)
	if !ok {
		return refused
	}
	s.Settle(m.ID, at)
	return Result{}
}
