package ledger

import (
	"slices"
	"strconv"
	"strings"
)

// Two members who are one person are merged: one goes on, and whatever names the other names it too. Nothing moves. Accounts, lots, vouchers and
// histories stay with the member that they were opened for, so what was spent before goes back to the very lots it came from, a cap is the sum
// over the same histories as ever, and a merge can be undone. What the person has is the sum over both.

// MergedMax bounds how many members may be merged into one.
const MergedMax = 10

// Root is the member that goes on: itself, if it was not merged.
func (s *State) Root(id string) string {
	if m := s.Members[id]; m != nil && m.Into != "" {
		return m.Into
	}
	return id
}

// Named is the id of the member that an identifier names, after merges; "" for nobody.
func (s *State) Named(id Ident) string { return s.Root(s.Idents[id]) }

// Same reports whether two ids are of one person.
func (s *State) Same(a, b string) bool { return s.Root(a) == s.Root(b) }

// Group is a member with those that were merged into it.
func (s *State) Group(id string) []string {
	if m := s.Members[id]; m != nil {
		return m.IDs()
	}
	return []string{id}
}

// Histories are the ids under which what the member did is booked: its own, those merged into it, and those it was one with for a while.
func (m *Member) Histories() []string { return append(m.IDs(), m.Parted...) }

// once reports whether an operation of a member was booked while another was one person with it.
func (s *State) once(id string, o *Op) bool {
	m := s.Members[id]
	return m != nil && o.At <= m.Since && slices.Contains(m.Parted, o.Member)
}

// IDs are the ids of a member and of those that were merged into it.
func (m *Member) IDs() []string { return append([]string{m.ID}, m.From...) }

// AccountsOf are the ids of a person's accounts, those of the member that goes on first.
func (s *State) AccountsOf(id string) []string {
	m := s.Members[id]
	if m == nil || len(m.From) == 0 {
		return s.Purses[id]
	}
	accounts := slices.Clone(s.Purses[id])
	for _, from := range m.From {
		accounts = append(accounts, s.Purses[from]...)
	}
	return accounts
}

// joint are the accounts that a spend from one may draw on, that one first: a person's member cards are one purse, and so are the points. A card
// of another kind is for itself.
func (s *State) joint(a *Account) []*Account {
	list := []*Account{a}
	if a.Type != MemberCard && a.Type != PointPurse {
		return list
	}
	for _, id := range s.AccountsOf(s.Root(a.Member)) {
		if b := s.Accounts[id]; b != a && b.Type == a.Type && !b.Closed {
			list = append(list, b)
		}
	}
	return list
}

// available is what can be spent of accounts together.
func available(accounts []*Account, f Family) (sum Amount) {
	for _, a := range accounts {
		sum += a.Available(f)
	}
	return sum
}

// free is what of one kind can be spent of accounts together.
func free(accounts []*Account, k Kind) (sum Amount) {
	for _, a := range accounts {
		sum += a.Balance[k] - a.Held[k]
	}
	return sum
}

// MergeMembers merges a member into the one that Head names: the command `recoup member merge`.
type MergeMembers struct {
	Head
	From string // customer_id of the one that ends
}

// Keys of a merge: both, with all their lots, for points that one owes are repaid by the other's.
func (c *MergeMembers) Keys(k *Keys) {
	k.add(&c.Head)
	for _, id := range append(c.Who.Idents(), Ident{Type: ByCustomer, Text: c.From}) {
		k.AllLots[id] = struct{}{}
	}
}

// decide merges. The same again changes nothing.
func (c *MergeMembers) decide(s *State, at *Stamp) Result {
	m, refused, ok := s.member(&c.Head)
	if !ok {
		return refused
	}
	from := s.Members[c.From]
	switch {
	case from == nil || from.Bearer || m.Bearer:
		return Refuse(MemberNotFound)
	case from.Into == m.ID:
		return Result{IDs: []string{m.ID}, Replayed: true}
	case from == m, from.Into != "", len(from.From) > 0, len(m.From) >= MergedMax:
		return Refuse(MergeImpossible, T("customer", from.ID), T("why", mergeImpossible(m, from)))
	case from.Frozen || m.Frozen:
		return Refuse(MemberFrozen)
	}
	s.Settle(m.ID, at)
	s.Settle(from.ID, at)

	// Nothing fails from here on.
	from.Into, from.Merged, from.Changed = m.ID, at.At, at.At
	from.Parted, m.Parted = without(slices.Clone(from.Parted), m.ID), without(slices.Clone(m.Parted), from.ID)
	m.From, m.Changed = append(slices.Clip(m.From), from.ID), at.At
	r := s.bookMember(&c.Head, at, m, "merged "+from.ID, true)
	s.bookMember(&c.Head, at, from, mergedInto+m.ID, false)
	for _, id := range s.AccountsOf(m.ID) {
		if a := s.Accounts[id]; a.Type == PointPurse {
			for _, l := range s.shelf(id).inOrder(Point) {
				s.came(l)
			}
		}
	}
	return r
}

func mergeImpossible(m, from *Member) string {
	switch {
	case from == m:
		return "不能与自己合并 it is the same member"
	case from.Into != "":
		return "已合并到" + from.Into + ",请先撤销 merged into another; undo that first"
	case len(from.From) > 0:
		return "已有会员并入,请将其作为保留会员 others were merged into it; let it be the one that goes on"
	}
	return "并入的会员过多 too many were merged into the other"
}

// How the books tell a merge, on the member that ends, and its undo.
const (
	mergedInto   = "into "
	unmergedFrom = "unmerged from "
)

// Merges tells the member into which the operation's member was merged; merged false: it no longer is. "" for other operations.
func (o *Op) Merges() (into string, merged bool) {
	if o.Kind != OpMember {
		return "", false
	}
	if into, ok := strings.CutPrefix(o.Change, mergedInto); ok {
		return into, true
	}
	into, _ = strings.CutPrefix(o.Change, unmergedFrom)
	if into == o.Change {
		into = ""
	}
	return into, false
}

// bookMember books that a member changed. own: the operation is the answer to the request.
func (s *State) bookMember(h *Head, at *Stamp, m *Member, change string, own bool) Result {
	s.Changes.Members.Add(m)
	s.Leave(m)
	o := s.op(OpMember, h, at, m.ID, "", "")
	if !own {
		o.Request, o.Content = Digest{}, Digest{}
	}
	o.Change = change
	return s.book(o, Result{IDs: []string{m.ID}})
}

// UnmergeMembers undoes a merge: the command `recoup member unmerge`. Each has what lies in its own accounts then.
type UnmergeMembers struct {
	Head
	From string // customer_id of the one that was merged
}

// Keys of an undone merge: both.
func (c *UnmergeMembers) Keys(k *Keys) {
	k.add(&c.Head)
	k.Idents[Ident{Type: ByCustomer, Text: c.From}] = struct{}{}
}

// decide undoes a merge, as long after it as the brand allows and while nothing of the accounts is held.
func (c *UnmergeMembers) decide(s *State, at *Stamp) Result {
	from := s.Members[c.From]
	switch {
	case from == nil:
		return Refuse(MemberNotFound)
	case from.Into == "":
		return Refuse(MergeImpossible, T("customer", from.ID), T("why", "没有被合并 it was not merged"))
	}
	if w := s.Brand.Policy.UnmergeFor(); at.At >= from.Merged+w {
		return Refuse(WindowPassed, T("days", strconv.FormatInt(w/day, 10)), T("until", Clock(from.Merged+w)), T("now", Clock(at.At)))
	}
	m := s.Members[from.Into]
	s.Settle(m.ID, at)
	for _, id := range s.Purses[from.ID] {
		if a := s.Accounts[id]; Sum(a.Held, Value)+Sum(a.Held, Points) > 0 {
			return Refuse(MergeImpossible, T("customer", from.ID), T("why", "账户有冻结,请先核销或解冻 its accounts have open holds; capture or release them first"))
		}
	}

	// Nothing fails from here on.
	from.Into, from.Merged, from.Changed, from.Since, m.Since = "", 0, at.At, at.At, at.At
	from.Frozen = from.Frozen || m.Frozen // a person who was stopped stays stopped under both names
	from.Parted, m.Parted = append(slices.Clip(from.Parted), m.ID), append(slices.Clip(m.Parted), from.ID)
	m.From, m.Changed = without(slices.Clone(m.From), from.ID), at.At
	r := s.bookMember(&c.Head, at, from, unmergedFrom+m.ID, true)
	s.bookMember(&c.Head, at, m, "unmerged "+from.ID, false)
	return r
}
