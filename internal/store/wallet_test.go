package store_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

func lotOf(account string, n int64) *ledger.Lot {
	return &ledger.Lot{
		LotID: ledger.LotID{Account: account, N: n}, Member: "m1", Origin: ledger.ID{15: byte(n)}, Granted: 500, Balance: ledger.Amount(n), Expires: ledger.Never,
	}
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func add(t fataler, w *store.Wallet, l *ledger.Lot) {
	t.Helper()
	if err := w.Add(l); err != nil {
		t.Fatal(err)
	}
}

func TestWalletText(t *testing.T) {
	w := &store.Wallet{}
	accounts := []*ledger.Account{{ID: "m1-1", Member: "m1", Lots: 5}, {ID: "m1-p", Member: "m1", Type: ledger.PointPurse}}
	add(t, w, lotOf("m1-1", 2))
	add(t, w, lotOf("m1-1", 1))
	for n, change := range map[int64]func(*ledger.Lot){
		3: func(l *ledger.Lot) { l.Balance = l.Granted },
		4: func(l *ledger.Lot) { l.Balance, l.Held = l.Granted, 7 },
		5: func(l *ledger.Lot) { l.Balance, l.Expires = l.Granted, 9 },
	} {
		l := lotOf("m1-1", n)
		change(l)
		add(t, w, l)
	}
	text, old, err := w.Append(nil, accounts)
	if err != nil || len(old) != 0 {
		t.Fatal(old, err)
	}
	want := `[
[["*-1","",0,0,0,5],
[1,0,"00000000000000000000000004",500,1],
[2,0,"00000000000000000000000008",500,2],
[3,0,"0000000000000000000000000c",500],
[4,0,"0000000000000000000000000g",500,500,7],
[5,0,"0000000000000000000000000m",500,500,0,9]],
[["*-p","",` + fmt.Sprint(int(ledger.PointPurse)) + `]]
]`
	if string(text) != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	if w, err = store.ParseWallet("m1", text); err != nil {
		t.Fatal(err)
	}
	if _, err = w.Lots("m1-1"); err != nil {
		t.Fatal(err)
	}
	if again, _, err := w.Append(nil, accounts); err != nil || string(again) != want {
		t.Errorf("again\n%swant\n%s%v", again, want, err)
	}
}

// Whatever is granted and changed, lots are in the wallet or were handed out once, and a text read is the text written.
func TestWalletKeepsLots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"m1-1", "m1-2"}
		accounts := []*ledger.Account{{ID: "m1-1", Member: "m1"}, {ID: "m1-2", Member: "m1"}}
		text := []byte("[\n]") // a member without accounts
		want := map[ledger.LotID]ledger.Lot{}
		table := map[ledger.LotID]ledger.Lot{}
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			w, err := store.ParseWallet("m1", text)
			if err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(0, 30).Draw(t, "steps") {
				i := rapid.IntRange(0, 1).Draw(t, "account")
				if rapid.Bool().Draw(t, "grant") {
					accounts[i].Lots++
					l := lotOf(names[i], accounts[i].Lots)
					add(t, w, l)
					want[l.LotID] = *l
					continue
				}
				id := ledger.LotID{Account: names[i], N: rapid.Int64Range(1, accounts[i].Lots+1).Draw(t, "lot")}
				l, err := w.Lot(id)
				if err != nil {
					t.Fatal(err)
				}
				if _, out := table[id]; l == nil && !out && id.N <= accounts[i].Lots {
					t.Fatalf("%s is nowhere", id)
				}
				if l != nil {
					l.Balance++
					want[id] = *l
				}
			}
			var old []*ledger.Lot
			if text, old, err = w.Append(nil, accounts); err != nil {
				t.Fatal(err)
			}
			for _, l := range old {
				if _, twice := table[l.LotID]; twice {
					t.Fatalf("%s left twice", l.LotID)
				}
				table[l.LotID] = *l
			}
		}
		w, err := store.ParseWallet("m1", text)
		if err != nil {
			t.Fatal(err)
		}
		got := table
		for i, name := range names {
			if spilled := w.Spilled(w.Accounts[i]); spilled != slices.ContainsFunc(slices.Collect(maps.Keys(table)), func(id ledger.LotID) bool { return id.Account == name }) {
				t.Errorf("Spilled(%s) = %v", name, spilled)
			}
			lots, err := w.Lots(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(lots) > 16 {
				t.Errorf("%d lots in one account", len(lots))
			}
			for _, l := range lots {
				got[l.LotID] = *l
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
		again, _, err := w.Append(nil, w.Accounts)
		if err != nil || string(again) != string(text) {
			t.Fatalf("%v\n%s\nis not\n%s", err, again, text)
		}
	})
}

func TestWalletSoonest(t *testing.T) {
	lot := func(n, expires int64, balance, held ledger.Amount) *ledger.Lot {
		l := lotOf("m1-1", n)
		l.Expires, l.Balance, l.Held = expires, balance, held
		return l
	}
	tests := map[string]struct {
		lots []*ledger.Lot
		want int64
	}{
		"None":         {nil, math.MaxInt64},
		"NeverExpires": {[]*ledger.Lot{lot(1, ledger.Never, 5, 0)}, math.MaxInt64},
		"TheSooner":    {[]*ledger.Lot{lot(1, 200, 5, 0), lot(2, 100, 5, 0)}, 100},
		"SpentNot":     {[]*ledger.Lot{lot(1, 200, 5, 0), lot(2, 100, 0, 0)}, 200},
		"PinnedNot":    {[]*ledger.Lot{lot(1, 200, 5, 0), lot(2, 100, 5, 5)}, 200},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := &store.Wallet{}
			for _, l := range tt.lots {
				add(t, w, l)
			}
			if got, err := w.Soonest(); err != nil || got != tt.want {
				t.Errorf("got %d %v, want %d", got, err, tt.want)
			}
		})
	}
}

func TestWalletRefusesDamage(t *testing.T) {
	good := "[\n" + `[["*-1","",0,0,0,1],` + "\n" + `[1,0,"00000000000000000000000004",500,1,0,7]]` + "\n]"
	for name, text := range map[string]string{
		"Empty":      "",
		"LotFirst":   strings.Replace(good, `["*-1","",0,0,0,1],`+"\n", "", 1),
		"Cut":        good[:len(good)-4],
		"NoEnd":      good[:len(good)-2],
		"NotClosed":  strings.Replace(good, "7]]", "7]", 1),
		"Kind":       strings.Replace(good, `1,0,"0`, `1,9,"0`, 1),
		"Origin":     strings.Replace(good, `04",5`, `05",5`, 1),
		"More":       strings.Replace(good, "500,1,0,7", "500,1,0,7,7", 1),
		"Few":        strings.Replace(good, ",500,1,0,7", "", 1),
		"BadAccount": strings.Replace(good, "0,1]", "0,x]", 1),
	} {
		t.Run(name, func(t *testing.T) {
			w, err := store.ParseWallet("m1", []byte(text))
			if err == nil {
				_, err = w.Lots("m1-1")
			}
			if err == nil {
				t.Error("was read")
			}
		})
	}
	w := &store.Wallet{}
	add(t, w, lotOf("m2-1", 1))
	if _, _, err := w.Append(nil, []*ledger.Account{{ID: "m1-1", Member: "m1"}}); err == nil {
		t.Error("a stranger's lot was written")
	}
}
