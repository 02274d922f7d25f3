package storetest

import (
	"errors"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

func wdkRoundTrip(b *bench) {
	o, q, r := &reverse.Order{}, &reverse.Quote{}, &reverse.Reverse{}
	for i, e := range []any{o, q, r} {
		Fill(e, i+1)
	}
	q.Main, r.Main = o.Main, o.Main
	write := func() {
		b.write("b1", noon, func(d *draft) {
			d.PutOrder(o)
			d.Wdk.Orders.Add(o)
			d.Quotes[q.Token] = q
			d.Wdk.Quotes.Add(q)
			d.Reverses[r.ID] = r
			d.Wdk.Reverses.Add(r)
		})
	}
	see := func(what string) {
		s := b.load("b1", noon, quote(q.Token))
		b.equal(what+" order", s.WdkOrders[o.Main], o)
		b.equal(what+" quote", s.Quotes[q.Token], q)
		b.equal(what+" reverse", s.Reverses[r.ID], r)
		got := b.books("b1")
		b.equal(what+" orders", got.Orders, []*reverse.Order{o})
		b.equal(what+" reverses", got.Reverses, []*reverse.Reverse{r})
		b.equal(what+" quotes", got.Quotes, []*reverse.Quote{q})
	}
	write()
	see("new")
	q.Bound, q.Until, r.Status, r.Channels[0].Flow, o.Gone = false, ledger.Never, reverse.Success, ledger.ID{}, nil
	write()
	see("changed")
}

func wdkKeys(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		d.person("n")
		d.account(&ledger.Account{ID: "card-g", Card: "g", Member: "n", Type: ledger.GiftCard})
		d.wdk(1000, "X", "m")
		y := d.wdk(2000, "Y", "m")
		y.Subs[0].Out = "X-1" // of two sub-orders with one outer number the newer order's counts
		y.Subs[1].No = -5     // as imported
		y.Tenders[1] = reverse.Tender{Code: "10002", Amount: 200}
		d.op("v-X", "m", d.lot("m-1", 1, ledger.Real, ledger.Never, 100, 0))
		d.op("v-Y", "m")
		d.quote("q", 1000, "s1", noon+1000, false)
		d.Quotes["q"].GiftCards = []string{"g", "unknown"}
		d.reverse(1500, 1000)
		d.reverse(1600, 1000)
		d.reverse(2500, 2000)
	})
	const orderX = `
		wdk 1000
		reverse 1500
		reverse 1600
		op v-X/1 seq 1
		lot m-1#1 real 100/0
		member m [m-1 m-p]`
	const orderY = `
		wdk 2000
		reverse 2500`
	for _, tt := range []struct {
		name string
		key  key
		want string
	}{
		{"main number", sub(1000), orderX},
		{"sub-order", sub(1002), orderX},
		{"any number", sub(-5), orderY},
		{"outer number", out("X"), orderX},
		{"outer sub-order", outSub("X-2"), orderX},
		{"outer sub-order of two", outSub("X-1"), orderX + orderY},
		{"reverse", reversal(1600), orderX},
		{"quote", quote("q"), orderX + `
			quote q
			member n [n-1 card-g n-p]`}, // the bearer of its gift card
		{"unknown numbers", func(k *reverse.Keys) {
			for _, add := range []key{sub(7), sub(0), out("Z"), out(""), outSub("Z"), outSub(""), reversal(7), quote("z")} {
				add(k)
			}
		}, ""},
	} {
		b.Run(tt.name, func(t *testing.T) {
			in := *b
			in.T = t
			in.shows(in.load("b1", noon, tt.key), tt.want)
		})
	}
	s := b.load("b1", noon, outSub("X-1"))
	b.equal("sub-order by outer number", s.OutSubOf["X-1"], int64(2001))
	b.equal("order by sub-order", s.SubOf, map[int64]int64{1001: 1000, 1002: 1000, 2001: 2000, -5: 2000})
	b.equal("order by outer number", s.OutOf, map[string]int64{"X": 1000, "Y": 2000})
}

func liveQuotes(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.quote("q1", 1, "s1", noon+1000, false)
		d.quote("q2", 1, "s1", noon+2000, false)
		d.quote("q3", 1, "s1", noon+2000, true) // used
		d.quote("q4", 1, "s1", ledger.Never, false)
		d.quote("q5", 1, "s2", noon+2000, false)
	})
	for _, tt := range []struct {
		at   int64
		want map[string]int
	}{
		{noon + 999, map[string]int{"s1": 3, "s2": 1}},
		{noon + 1000, map[string]int{"s1": 2, "s2": 1}},
		{noon + 2000, map[string]int{"s1": 1}},
	} {
		b.equal("live quotes", b.load("b1", tt.at, shop("s1"), shop("s2"), shop("s3")).LiveQuotes, tt.want)
	}
}

func purge(b *bench) {
	b.write("b1", noon, func(d *draft) {
		for i := range byte(4) {
			d.Changes.Refusals = append(d.Changes.Refusals, &ledger.Refusal{Request: digest(i), Until: noon + int64(i)})
			d.tomb("app", string('A'+i), ledger.Value, noon+int64(i))
			d.quote(string('p'+i), 1, "s", noon+int64(i), i == 3)
		}
		d.quote("never", 1, "s", ledger.Never, false)
	})
	ctx := b.Context()
	// What is over is not loaded; whether it is still there shows at an earlier clock, which no batch has passed yet.
	left := func() [3]int {
		s := b.load("b1", noon-1, request(0), request(1), request(2), request(3), order("A"), order("B"), order("C"), order("D"),
			quote("p"), quote("q"), quote("r"), quote("s"), quote("never"))
		return [3]int{len(s.Refusals), len(s.Tombs), len(s.Quotes)}
	}
	b.equal("before", left(), [3]int{3, 3, 5}) // of the fourth, Until is the moment of the batch
	stored := func() [3]int {
		got := b.books("b1")
		return [3]int{len(got.Refusals), len(got.Tombs), len(got.Quotes)}
	}
	b.equal("stored", stored(), [3]int{4, 4, 5})
	for _, tt := range []struct {
		name  string
		now   int64
		limit int
		want  [3]int
	}{
		{"nothing is over", noon - 1, 10, [3]int{3, 3, 5}},
		{"one is over", noon + 1, 10, [3]int{2, 2, 5}},
		{"quotes are kept for a day", noon + 3, 10, [3]int{0, 0, 5}},
		{"one at a time", noon + store.QuoteKept + 100, 1, [3]int{0, 0, 4}},
		{"bound ones stay", noon + store.QuoteKept + 100, 10, [3]int{0, 0, 2}},
	} {
		b.check(b.s.Purge(ctx, tt.now, tt.limit))
		b.equal(tt.name, left(), tt.want)
	}
	b.equal("stored at last", stored(), [3]int{0, 0, 2})
}

// listsOfReverses finds reverses by store and by state, a page after the other.
func listsOfReverses(b *bench) {
	ctx := b.Context()
	b.write("b1", noon, func(d *draft) {
		for i := range int64(12) {
			d.Wdk.Reverses.Add(&reverse.Reverse{
				ID: 100 - i, Main: 1, Store: []string{"s1", "s2"}[i%2], Status: []reverse.Status{reverse.Apply, reverse.Paying, reverse.Success}[i%3],
				History: []reverse.Event{{At: noon + i/2, Status: reverse.Apply}},
			})
		}
	})
	ids := func(read func(after store.ReverseRef, limit int) ([]store.ReverseRef, error)) (list []int64) {
		for after := (store.ReverseRef{}); ; {
			page, err := read(after, 2)
			b.check(err)
			for _, r := range page {
				list = append(list, r.ID)
				after = r
			}
			if len(page) < 2 {
				return list
			}
		}
	}
	at := func(shop string, to int64) func(store.ReverseRef, int) ([]store.ReverseRef, error) {
		return func(after store.ReverseRef, limit int) ([]store.ReverseRef, error) {
			return b.s.ReversesAt(ctx, "b1", shop, after, to, limit)
		}
	}
	in := func(status reverse.Status) func(store.ReverseRef, int) ([]store.ReverseRef, error) {
		return func(after store.ReverseRef, limit int) ([]store.ReverseRef, error) {
			return b.s.ReversesIn(ctx, "b1", status, after, noon+100, limit)
		}
	}
	b.equal("of a store", ids(at("s1", noon+100)), []int64{100, 98, 96, 94, 92, 90})
	b.equal("up to a moment", ids(at("s2", noon+2)), []int64{99, 97, 95})
	b.equal("of no store", ids(at("s3", noon+100)), []int64(nil))
	b.equal("waiting", ids(in(reverse.Apply)), []int64{100, 97, 94, 91})
	b.equal("in a state that none is in", ids(in(reverse.Failed)), []int64(nil))
	b.write("b1", noon+200, func(d *draft) {
		d.Wdk.Reverses.Add(&reverse.Reverse{ID: 97, Main: 1, Store: "s2", Status: reverse.Cancel, History: []reverse.Event{{At: noon + 1, Status: reverse.Apply}}})
	})
	b.equal("waiting no more", ids(in(reverse.Apply)), []int64{100, 94, 91})
	if _, err := b.s.ReversesAt(ctx, "b9", "s1", store.ReverseRef{}, noon, 1); !errors.Is(err, store.ErrNoBrand) {
		b.Errorf("of no brand: %v", err)
	}
}
