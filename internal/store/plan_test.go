package store

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// spell writes a plan down: a line a statement, its rows in brackets. Long texts are cut.
func spell(writes []Write) string {
	var b strings.Builder
	for _, w := range writes {
		b.WriteString(w.Statement)
		if w.All {
			b.WriteByte('!')
		}
		for i := range w.Rows {
			b.WriteString(" [")
			for j, c := range w.Columns {
				if j > 0 {
					b.WriteByte(' ')
				}
				v := reflect.ValueOf(c).Index(i).Interface()
				if bytes, ok := v.([]byte); ok {
					v = fmt.Sprintf("%x", strings.TrimRight(string(bytes), "\x00"))
				}
				text := strings.ReplaceAll(fmt.Sprint(v), "\n", "")
				if len(text) > 40 {
					text = text[:37] + "..."
				}
				b.WriteString(text)
			}
			b.WriteByte(']')
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// known puts a member with a card into what was loaded: its row at place p1, with so many lots in its wallet, the next of which ends at due.
func known(t *testing.T, l *Loaded, lots int64, due int64) *ledger.Account {
	t.Helper()
	m, a := &ledger.Member{ID: "m"}, &ledger.Account{ID: "m-1", Member: "m", Card: "77", Lots: lots}
	w := &Wallet{}
	for n := range lots {
		if err := w.Add(&ledger.Lot{LotID: ledger.LotID{Account: "m-1", N: n + 1}, Member: "m", Granted: 5, Balance: 5}); err != nil {
			t.Fatal(err)
		}
	}
	text, _, err := w.Append(nil, []*ledger.Account{a})
	if err != nil {
		t.Fatal(err)
	}
	if w, err = ParseWallet("m", text); err != nil {
		t.Fatal(err)
	}
	l.State.PutMember(m)
	l.State.PutAccount(a)
	l.members["m"] = &memberRow{due: due, wallet: w, place: "p1"}
	return a
}

// grant changes an account as a charge does: with its next lot.
func grant(l *Loaded, a *ledger.Account, expires int64) {
	a.Lots++
	a.Balance[ledger.Real] += 5
	l.State.Changes.Accounts.Add(a)
	l.State.Changes.Lots.Add(&ledger.Lot{LotID: ledger.LotID{Account: a.ID, N: a.Lots}, Member: a.Member, Granted: 5, Balance: 5, Expires: expires})
}

func TestPlan(t *testing.T) {
	const at, later, never = 1000, 2000, 1<<63 - 1
	key := ledger.HoldKey{Order: "o", Family: ledger.Value}
	tomb := ledger.TombKey{Order: "o", App: "app", Charge: true}
	for _, tt := range []struct {
		name   string
		change func(*Loaded)
		want   string
	}{
		{"Nothing", func(l *Loaded) { known(t, l, 1, never) }, ""},
		{"NewMember", func(l *Loaded) {
			m, a := &ledger.Member{ID: "m", Mobile: "138"}, &ledger.Account{ID: "m-1", Member: "m", Card: "77"}
			l.State.PutMember(m)
			l.State.PutAccount(a)
			id := ledger.Ident{Type: ledger.ByMobile, Text: "138"}
			l.State.Idents[id] = "m"
			l.State.Changes.Members.Add(m)
			l.State.Changes.Accounts.Add(a)
			l.State.Changes.Idents.Add(id)
		}, `CreateMembers [m {"mobile":"138"} [[["*-1","77"]]]]
Bind [0  m-1 m] [3  77 m] [1  138 m]
`},
		{"MobileMoves", func(l *Loaded) {
			known(t, l, 0, never)
			was, is := ledger.Ident{Type: ledger.ByMobile, Text: "138"}, ledger.Ident{Type: ledger.ByOuter, Outer: "wechat", Text: "w"}
			l.State.Idents[is] = "m"
			l.State.Changes.Members.Add(l.State.Members["m"])
			l.State.Changes.Unbound = []ledger.Ident{was}
			l.State.Changes.Idents.Add(is)
		}, `ChangeMembers! [m {} [[["*-1","77"]]] p1]
Unbind [1  138]
Bind [2 wechat w m]
`},
		{
			"Charge", func(l *Loaded) { grant(l, known(t, l, 0, never), ledger.Never) },
			`ChangeMembers! [m {} [[["*-1","77",0,0,0,1,[5]],[1,0,"0000... p1]
`,
		},
		{
			"ChargeThatEndsFirst", func(l *Loaded) { grant(l, known(t, l, 0, later), later-1) },
			`ChangeMembers! [m {} [[["*-1","77",0,0,0,1,[5]],[1,0,"0000... p1]
SetDue [m 1999]
`,
		},
		{
			"ChargeThatEndsLater", func(l *Loaded) { grant(l, known(t, l, 0, later), later+1) },
			`ChangeMembers! [m {} [[["*-1","77",0,0,0,1,[5]],[1,0,"0000... p1]
`,
		},
		{
			"FullWallet", func(l *Loaded) { grant(l, known(t, l, recentMax, never), ledger.Never) },
			`ChangeMembers! [m {} [[["*-1","77",0,0,0,17,[5]],[10,0,"00... p1]
CreateLots [m-1 1 0 m  9223372036854775807 5 5 0] [m-1 2 0 m  9223372036854775807 5 5 0] [m-1 3 0 m  9223372036854775807 5 5 0] [m-1 4 0 m  9223372036854775807 5 5 0] [m-1 5 0 m  9223372036854775807 5 5 0] [m-1 6 0 m  9223372036854775807 5 5 0] [m-1 7 0 m  9223372036854775807 5 5 0] [m-1 8 0 m  9223372036854775807 5 5 0] [m-1 9 0 m  9223372036854775807 5 5 0]
`,
		},
		{"OlderLotSpent", func(l *Loaded) {
			known(t, l, 1, later)
			v := &ledger.Lot{LotID: ledger.LotID{Account: "m-1", N: 1}, Member: "m", Granted: 5, Expires: later}
			l.lots[v.LotID] = lotRow{place: "p9", end: later}
			l.State.Changes.Lots.Add(v)
		}, `ChangeLots! [m-1 1 2000 5 0 0 p9]
SetDue [m 9223372036854775807]
`},
		{"SomethingEnded", func(l *Loaded) { known(t, l, 1, at) }, "SetDue [m 9223372036854775807]\n"},
		{"HoldOpens", func(l *Loaded) {
			known(t, l, 1, never)
			l.State.Changes.Holds.Add(&ledger.Hold{HoldKey: key, Member: "m", Account: "m-1", Deadline: later})
		}, `SaveHolds [o 0 m 2000 {"o":"o","m":"m","a":"m-1","until":2000}]
SetDue [m 9223372036854775807]
`},
		{"HoldEnds", func(l *Loaded) {
			known(t, l, 1, later)
			l.holds[key] = holdRow{"m", later}
			l.State.Changes.Ended = []ledger.HoldKey{key}
		}, `EndHolds [o 0]
SetDue [m 9223372036854775807]
`},
		{"HoldEndsThatWasNotNext", func(l *Loaded) {
			known(t, l, 1, later-1)
			l.holds[key] = holdRow{"m", later}
			l.State.Changes.Ended = []ledger.HoldKey{key}
		}, "EndHolds [o 0]\n"},
		{
			"Voucher", func(l *Loaded) { l.State.Changes.Vouchers.Add(&ledger.Voucher{ID: "v", Member: "m", Left: 1}) },
			`SaveVouchers [v m {"id":"v","m":"m","left":1}]
`,
		},
		{"RefusedTwice", func(l *Loaded) {
			l.State.Changes.Refusals = []*ledger.Refusal{{Request: ledger.Digest{1}, Until: 1}, {Request: ledger.Digest{2}, Until: 2}, {Request: ledger.Digest{1}, Until: 3}}
		}, `SaveRefusals [01  3 {} 00b21da3330d088ae1930015145594e5] [02  2 {} 17954340a3ffcc798f8b7d2687a8c4df]
`},
		{"PlantedAndLifted", func(l *Loaded) {
			l.State.Changes.Tombs = []*ledger.Tombstone{{TombKey: tomb}}
			l.State.Changes.TombsLifted = []ledger.TombKey{tomb}
		}, "LiftTombs [o app 0 true]\n"},
		{"LiftedAndPlanted", func(l *Loaded) {
			v := &ledger.Tombstone{TombKey: tomb, Signed: 1, Amount: 2, Member: "m", Until: 3}
			l.State.Tombs[tomb] = v
			l.State.Changes.TombsLifted = []ledger.TombKey{tomb}
			l.State.Changes.Tombs = []*ledger.Tombstone{v}
		}, "SaveTombs [o app 0 true 1 2 m 3 4da9ba469df2c6bbd62964c6d41dde37]\n"},
		{"WdkOrder", func(l *Loaded) {
			l.State.Wdk.Orders.Add(&reverse.Order{Main: 1, Out: "x", Subs: []reverse.Sub{{No: 2, Out: "y"}, {No: 3}}})
		}, `SaveWdkOrders [1 x {"Main":1,"Out":"x","Store":"","At":0...]
SaveSubs! [2 1 y] [3 1 ]
`},
		{"QuoteAndReverse", func(l *Loaded) {
			l.State.Wdk.Quotes.Add(&reverse.Quote{Token: "t", Store: "s", Until: ledger.Never, Bound: true})
			l.State.Wdk.Reverses.Add(&reverse.Reverse{ID: 5, Main: 1})
		}, `SaveQuotes [t s 9223372036854775807 true {"Token":"t","App":"","Store":"s","Ma... 9e1690584fa772f53bc0e43ad5c57f03]
SaveReverses [5 1  0 0 {"ID":5,"Main":1,"Sub":0,"Store":"","...]
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLoaded()
			l.At = at
			tt.change(&l)
			writes, err := l.Plan()
			if err != nil {
				t.Fatal(err)
			}
			if got := spell(writes); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// TestPlanRefuses: a lot of a member who is not loaded would be lost with its row.
func TestPlanRefuses(t *testing.T) {
	l := newLoaded()
	l.State.Changes.Lots.Add(&ledger.Lot{LotID: ledger.LotID{Account: "m-1", N: 1}, Member: "m", Granted: 5, Balance: 5})
	if writes, err := l.Plan(); err == nil {
		t.Errorf("planned\n%s", spell(writes))
	}
}
