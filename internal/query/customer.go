package query

import (
	"cmp"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// Customer is all there is of a member at one moment. Its parts belong to the snapshot and are not to be changed.
type Customer struct {
	Member   *ledger.Member
	Cards    []Card // the member card first, then in order of opening
	Points   Points
	Vouchers []Voucher // by number
}

// A Card is an account of stored value. Amounts are fen.
type Card struct {
	*ledger.Account
	Customer                       string        // who it is of, after merges
	Balance, Real, Gift, Pre       ledger.Amount // unexpired, holds included; Real + Gift + Pre = Balance
	Available                      ledger.Amount // Balance less what open holds pin
	TotalReal, TotalGift, TotalPre ledger.Amount // ever credited
}

// Points is a member's point account. Total = Used + Expired + Remain.
type Points struct {
	Available ledger.Amount
	Frozen    ledger.Amount // pinned by open holds
	Remain    ledger.Amount // Available + Frozen
	Total     ledger.Amount // ever credited
	Used      ledger.Amount // spent less returned, and what was taken back
	Expired   ledger.Amount
	Owed      ledger.Amount // what should have been taken back and was not there
}

// A Voucher is an instance with its template and what it counts as at the moment.
type Voucher struct {
	*ledger.Voucher
	Customer string // whose it is, after merges
	Status   ledger.VoucherStatus
	Template *ledger.Template // nil: withdrawn since
}

// CustomerKeys are what FindCustomer reads.
func CustomerKeys(who []ledger.Ident) *reverse.Keys {
	k := reverse.NewKeys()
	for _, id := range who {
		k.Wallets[id] = struct{}{}
	}
	return k
}

// FindCustomer finds the member that identifiers name. One that names nobody is ignored if another names somebody; two that name
// different members are MEMBER_MISMATCH (semantics.md §3, who is the member). A result other than OK is a refusal.
func FindCustomer(s *reverse.State, who []ledger.Ident, now int64) (*Customer, ledger.Result) {
	m, r := FindMember(s, who)
	if m == nil {
		return nil, r
	}
	expire(s, m.ID, now)
	c := &Customer{Member: m}
	for _, id := range s.AccountsOf(m.ID) {
		if a := s.Accounts[id]; a.Type == ledger.PointPurse {
			c.Points.add(points(a))
		} else {
			one := card(a)
			one.Customer = m.ID
			c.Cards = append(c.Cards, one)
		}
	}
	slices.SortStableFunc(c.Cards, func(a, b Card) int { return cmp.Compare(a.Type, b.Type) })
	for _, v := range s.Vouchers {
		if s.Same(v.Member, m.ID) {
			c.Vouchers = append(c.Vouchers, Voucher{Voucher: v, Customer: m.ID, Status: v.Status(now), Template: s.Brand.Templates[v.Template]})
		}
	}
	slices.SortFunc(c.Vouchers, func(a, b Voucher) int { return byNumber(a.ID, b.ID) })
	return c, ledger.Result{}
}

// FindMember finds the member alone; keys need no more than its identifiers.
func FindMember(s *reverse.State, who []ledger.Ident) (*ledger.Member, ledger.Result) {
	found := ""
	for _, id := range who {
		m := s.Named(id)
		if m == "" || m == found {
			continue
		}
		if found != "" {
			return nil, ledger.Refuse(ledger.MemberMismatch)
		}
		found = m
	}
	if found == "" {
		return nil, ledger.Refuse(ledger.MemberNotFound)
	}
	return s.Members[found], ledger.Result{}
}

// expire makes the snapshot what a command would find: what is due of the member is expired by the ledger's own rule. The operations
// that this makes are dropped with the snapshot.
func expire(s *reverse.State, member string, now int64) {
	sweep := &ledger.Sweep{Head: ledger.Head{Who: ledger.Who{Customer: member}}}
	// A sweep asks for no more lots: a wallet is loaded whole.
	_, _ = ledger.Decide(s.State, sweep, &ledger.Stamp{At: now})
}

func card(a *ledger.Account) Card {
	return Card{
		Account: a,
		Balance: ledger.Sum(a.Balance, ledger.Value), Available: a.Available(ledger.Value),
		Real: a.Balance[ledger.Real], Gift: a.Balance[ledger.Gift], Pre: a.Balance[ledger.Pre],
		TotalReal: a.Granted[ledger.Real], TotalGift: a.Granted[ledger.Gift], TotalPre: a.Granted[ledger.Pre],
	}
}

func points(a *ledger.Account) Points {
	const k = ledger.Point
	return Points{
		Available: a.Available(ledger.Points), Frozen: a.Held[k], Remain: a.Balance[k],
		Total: a.Granted[k], Used: a.Used[k], Expired: a.Expired[k], Owed: a.Owed,
	}
}

// add adds up the purses of one person.
func (p *Points) add(o Points) {
	p.Available += o.Available
	p.Frozen += o.Frozen
	p.Remain += o.Remain
	p.Total += o.Total
	p.Used += o.Used
	p.Expired += o.Expired
	p.Owed += o.Owed
}

// byNumber orders decimal ids as numbers and others as text, shorter first.
func byNumber(a, b string) int {
	if n := cmp.Compare(len(a), len(b)); n != 0 {
		return n
	}
	return cmp.Compare(a, b)
}
