package query

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

const now = int64(1_000_000)

// A purse is a member with a card and points as a store loads them: accounts carry the sums of their lots.
func purse(lots ...*ledger.Lot) *reverse.State {
	s := reverse.NewState(&ledger.Brand{ID: "b", Templates: map[string]*ledger.Template{"t": {ID: "t", Name: "ten off"}}})
	s.PutMember(&ledger.Member{ID: "m", Mobile: "186", Outer: []ledger.Ident{{Type: ledger.ByOuter, Outer: "wechat", Text: "w"}}})
	s.Idents[ledger.Ident{Type: ledger.ByMobile, Text: "186"}] = "m"
	s.Idents[ledger.Ident{Type: ledger.ByOuter, Outer: "wechat", Text: "w"}] = "m"
	s.PutAccount(&ledger.Account{ID: "m-g", Card: "gift", Member: "m", Type: ledger.GiftCard})
	s.PutAccount(&ledger.Account{ID: "m-1", Card: "card", Member: "m", Type: ledger.MemberCard})
	s.PutAccount(&ledger.Account{ID: "m-p", Member: "m", Type: ledger.PointPurse})
	for _, l := range lots {
		l.Member = "m"
		s.Lots[l.LotID] = l
		a := s.Accounts[l.Account]
		a.Lots = max(a.Lots, l.N)
		a.Balance[l.Kind] += l.Balance
		a.Held[l.Kind] += l.Held
		a.Granted[l.Kind] += l.Granted
	}
	return s
}

func lot(account string, n int64, kind ledger.Kind, expires int64, balance, held ledger.Amount) *ledger.Lot {
	return &ledger.Lot{LotID: ledger.LotID{Account: account, N: n}, Kind: kind, Expires: expires, Granted: balance, Balance: balance, Held: held}
}

// hold pins what a lot counts as held.
func hold(s *reverse.State, order string, deadline int64, l *ledger.Lot) {
	k := ledger.HoldKey{Order: order, Family: l.Kind.Family()}
	s.Holds[k] = &ledger.Hold{HoldKey: k, Member: "m", Account: l.Account, Deadline: deadline, Pins: []ledger.Pin{{Lot: l.LotID, Amount: l.Held}}}
}

// Balances are what a command would find: expired lots are gone, swept or not, but for what an open hold pins.
func TestBalances(t *testing.T) {
	type sums struct{ Balance, Real, Gift, Pre, Available ledger.Amount }
	for _, c := range []struct {
		name   string
		lots   []*ledger.Lot
		until  int64 // deadline of a hold on the first lot; 0: none
		want   sums
		points Points
	}{
		{name: "nothing"},
		{
			name: "all kinds", lots: []*ledger.Lot{lot("m-1", 1, ledger.Real, ledger.Never, 100, 0), lot("m-1", 2, ledger.Gift, now+1, 20, 0), lot("m-1", 3, ledger.Pre, now+1, 3, 0)},
			want: sums{123, 100, 20, 3, 123},
		},
		{
			name: "at its deadline a lot is gone", lots: []*ledger.Lot{lot("m-1", 1, ledger.Gift, now, 20, 0), lot("m-1", 2, ledger.Gift, now+1, 5, 0)},
			want: sums{5, 0, 5, 0, 5},
		},
		{
			name: "held counts, but cannot be spent", lots: []*ledger.Lot{lot("m-1", 1, ledger.Real, ledger.Never, 100, 30)}, until: now + 1,
			want: sums{100, 100, 0, 0, 70},
		},
		{
			name: "a hold keeps what it pins of an expired lot", lots: []*ledger.Lot{lot("m-1", 1, ledger.Gift, now, 100, 30)}, until: now + 1,
			want: sums{30, 0, 30, 0, 0},
		},
		{
			name: "a hold that timed out pins nothing", lots: []*ledger.Lot{lot("m-1", 1, ledger.Real, ledger.Never, 100, 30)}, until: now,
			want: sums{100, 100, 0, 0, 100},
		},
		{
			name: "a hold that timed out keeps nothing", lots: []*ledger.Lot{lot("m-1", 1, ledger.Gift, now, 100, 30)}, until: now,
			want: sums{},
		},
		{
			name: "points", lots: []*ledger.Lot{lot("m-p", 1, ledger.Point, ledger.Never, 100, 30), lot("m-p", 2, ledger.Point, now, 7, 0)}, until: now + 1,
			points: Points{Available: 70, Frozen: 30, Remain: 100, Total: 107, Expired: 7},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := purse(c.lots...)
			if c.until != 0 {
				hold(s, "o", c.until, c.lots[0])
			}
			got, r := FindCustomer(s, []ledger.Ident{{Text: "m"}}, now)
			if r.Code != ledger.OK {
				t.Fatal(r.Code)
			}
			card := got.Cards[0]
			if have := (sums{card.Balance, card.Real, card.Gift, card.Pre, card.Available}); have != c.want {
				t.Errorf("%+v, want %+v", have, c.want)
			}
			if card.Real+card.Gift+card.Pre != card.Balance {
				t.Error("the kinds do not sum to the balance")
			}
			if got.Points != c.points {
				t.Errorf("%+v, want %+v", got.Points, c.points)
			}
			if p := got.Points; p.Used+p.Expired+p.Remain != p.Total || p.Available+p.Frozen != p.Remain {
				t.Errorf("points do not sum: %+v", p)
			}
		})
	}
}

func TestFindCustomer(t *testing.T) {
	for _, c := range []struct {
		name string
		who  ledger.Who
		want ledger.Code
	}{
		{"by id", ledger.Who{Customer: "m"}, ledger.OK},
		{"by mobile", ledger.Who{Mobile: "186"}, ledger.OK},
		{"by outer id", ledger.Who{OuterType: "wechat", Outer: "w"}, ledger.OK},
		{"by card", ledger.Who{Card: "gift"}, ledger.OK},
		{"by all", ledger.Who{Customer: "m", Mobile: "186", OuterType: "wechat", Outer: "w", Card: "card"}, ledger.OK},
		{"one names nobody", ledger.Who{Customer: "m", Mobile: "199"}, ledger.OK},
		{"another member's mobile", ledger.Who{Customer: "m", Mobile: "187"}, ledger.MemberMismatch},
		{"outer id of another type", ledger.Who{OuterType: "alipay", Outer: "w"}, ledger.MemberNotFound},
		{"nobody", ledger.Who{Customer: "x"}, ledger.MemberNotFound},
		{"no identifier", ledger.Who{}, ledger.MemberNotFound},
	} {
		s := purse()
		s.PutMember(&ledger.Member{ID: "n"})
		s.Idents[ledger.Ident{Type: ledger.ByMobile, Text: "187"}] = "n"
		got, r := FindCustomer(s, c.who.Idents(), now)
		if r.Code != c.want || (got != nil) != (c.want == ledger.OK) {
			t.Errorf("%s: %s", c.name, r.Code)
		}
	}
	keys := CustomerKeys([]ledger.Ident{{Text: "m"}, {Type: ledger.ByOuter, Outer: "wechat", Text: "w"}})
	want := map[ledger.Ident]struct{}{{Type: ledger.ByCustomer, Text: "m"}: {}, {Type: ledger.ByOuter, Outer: "wechat", Text: "w"}: {}}
	if diff := cmp.Diff(want, keys.Wallets); diff != "" {
		t.Error(diff)
	}
}

// The member card comes first, vouchers by number, with the status of the moment.
func TestCardsAndVouchers(t *testing.T) {
	s := purse()
	for _, v := range []*ledger.Voucher{
		{ID: "10", Template: "t", Uses: 1, Left: 1, End: now},
		{ID: "9", Template: "gone", Uses: 1, Left: 1, End: now + 1},
		{ID: "11", Template: "t", Uses: 1},
		{ID: "12", Template: "t", Uses: 1, Deleted: true},
	} {
		v.Member = "m"
		s.Vouchers[v.ID] = v
	}
	s.Vouchers["1"] = &ledger.Voucher{ID: "1", Member: "n", Left: 1}
	c, _ := FindCustomer(s, []ledger.Ident{{Text: "m"}}, now)
	if c.Cards[0].Account.Card != "card" || c.Cards[1].Account.Card != "gift" || len(c.Cards) != 2 {
		t.Errorf("cards %+v", c.Cards)
	}
	var got []string
	for _, v := range c.Vouchers {
		got = append(got, v.ID+" "+v.Status.String())
	}
	if diff := cmp.Diff([]string{"9 NORMAL", "10 EXPIRED", "11 ISUSED", "12 DELETED"}, got); diff != "" {
		t.Error(diff)
	}
	if c.Vouchers[0].Template != nil || c.Vouchers[1].Template.Name != "ten off" {
		t.Error("templates")
	}
}
