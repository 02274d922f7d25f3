package storetest

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// olderLots grants many lots to one account, a few at a time: a store may keep the newest elsewhere than the others, and whatever is asked
// for is found wherever it lies.
func olderLots(b *bench) {
	const last, few = 160, 8
	// The order of spending has nothing to do with age.
	expires := func(n int64) int64 { return noon + 10_000 + n*67%last }
	kind := func(n int64) ledger.Kind { return ledger.Kind(n % 2) }
	want := map[ledger.LotID]*ledger.Lot{}
	grant := func(d *draft, account string, n int64) ledger.LotID {
		id := d.lot(account, n, kind(n), expires(n), 100, 0)
		l := *d.Lots[id]
		want[id] = &l
		return id
	}
	b.write("b1", noon, func(d *draft) { d.person("m"); d.person("n"); d.op("", "m") })
	for first := int64(1); first <= last; first += few {
		b.write("b1", noon, func(d *draft) {
			var lots []ledger.LotID
			for n := first; n < first+few; n++ {
				lots = append(lots, grant(d, "m-1", n))
			}
			d.op(fmt.Sprint("A", first), "m", lots[0])
		}, member("m"))
	}
	id := func(n int64) ledger.LotID { return ledger.LotID{Account: "m-1", N: n} }

	b.shows(b.load("b1", noon, order("A1"), order("A9"), order("A153")), `
		op A1/1 seq 2
		op A9/1 seq 3
		op A153/1 seq 21
		lot m-1#1 gift 100/0
		lot m-1#9 gift 100/0
		lot m-1#153 gift 100/0
		member m [m-1 m-p]`)

	page := func(limit int) (ids []ledger.LotID) {
		for k := range ledger.Kind(2) {
			var lots []*ledger.Lot
			for _, l := range want {
				if l.Account == "m-1" && l.Kind == k && l.Free() > 0 {
					lots = append(lots, l)
				}
			}
			slices.SortFunc(lots, store.SpendingOrder)
			for _, l := range lots[:min(limit, len(lots))] {
				ids = append(ids, l.LotID)
			}
		}
		return inOrder(ids)
	}
	loaded := func(keys ...key) (ids []ledger.LotID) {
		for id := range b.load("b1", noon, keys...).Lots {
			ids = append(ids, id)
		}
		return inOrder(ids)
	}
	b.equal("a page", loaded(spend("m")), page(ledger.LotPage))
	b.equal("all", loaded(all("m")), page(math.MaxInt))

	// What is spent leaves the page, what is returned comes back, wherever it lies.
	change := func(d *draft, n int64, balance, held ledger.Amount) {
		l := d.Lots[id(n)]
		l.Balance, l.Held = balance, held
		d.Changes.Lots.Add(l)
		c := *l
		want[l.LotID] = &c
	}
	b.write("b1", noon, func(d *draft) {
		change(d, 1, 0, 0)
		change(d, 2, 60, 0)
		change(d, 153, 0, 0)
		change(d, 159, 100, 100)
		change(d, 160, 60, 20)
		d.op("S", "m", id(1), id(153))
	}, all("m"))
	b.equal("a page of fewer", loaded(spend("m")), page(ledger.LotPage))
	b.equal("all of fewer", loaded(all("m")), page(math.MaxInt))
	b.write("b1", noon, func(d *draft) {
		change(d, 1, 30, 0)
		change(d, 153, 40, 0)
		d.op("S", "m", id(1), id(153))
	}, order("S"))
	b.equal("all of more", loaded(all("m")), page(math.MaxInt))

	// One order may touch lots of others, and name what never was.
	b.write("b1", noon, func(d *draft) {
		d.op("X", "n", id(3), id(160), grant(d, "n-1", 1), id(999), ledger.LotID{Account: "nobody-1", N: 1})
	}, member("n"))
	b.shows(b.load("b1", noon, order("X")), `
		op X/1 seq 24
		lot m-1#3 gift 100/0
		lot m-1#160 real 60/20
		lot n-1#1 gift 100/0
		member m [m-1 m-p]
		member n [n-1 n-p]`)

	got := map[ledger.LotID]*ledger.Lot{}
	var told []ledger.LotID
	for _, l := range b.books("b1").Lots {
		got[l.LotID], told = l, append(told, l.LotID)
	}
	b.equal("lots", got, want)
	b.equal("their order", told, inOrder(slices.Clone(told)))
}

// inOrder sorts lots by account and number.
func inOrder(ids []ledger.LotID) []ledger.LotID {
	slices.SortFunc(ids, func(x, y ledger.LotID) int { return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.N, y.N)) })
	return ids
}

// dueExactly watches the moment from which a member is listed as due, while lots and holds come, end, are spent and returned.
func dueExactly(b *bench) {
	const never = int64(math.MaxInt64 - 1)
	m := func(n int64) ledger.LotID { return ledger.LotID{Account: "m-1", N: n} }
	many := func(do func(d *draft, n int64), from, to int64) func(*draft) {
		return func(d *draft) {
			for n := from; n <= to; n++ {
				do(d, n)
			}
		}
	}
	grant := func(n, expires int64) func(*draft) {
		return func(d *draft) { d.lot("m-1", n, ledger.Real, expires, 100, 0) }
	}
	set := func(d *draft, n int64, balance, held ledger.Amount) {
		l := d.Lots[m(n)]
		l.Balance, l.Held = balance, held
		d.Changes.Lots.Add(l)
	}
	spent := func(d *draft, n int64) { set(d, n, 0, 0) }
	b.write("b1", noon, func(d *draft) { d.person("m"); d.person("n"); d.op("", "m") })
	for _, tt := range []struct {
		name string
		at   int64
		do   func(*draft)
		want int64
	}{
		{"nothing ends", noon, func(*draft) {}, never},
		{"a lot", noon, grant(1, noon+5000), noon + 5000},
		{"a lot that ends sooner", noon, grant(2, noon+3000), noon + 3000},
		{"a lot that does not end", noon, grant(3, ledger.Never), noon + 3000},
		{"a lot that is spent", noon, func(d *draft) { d.lot("m-1", 4, ledger.Real, noon+1000, 0, 0) }, noon + 3000},
		{"a hold that ends sooner", noon, func(d *draft) {
			set(d, 1, 100, 100)
			d.hold("H", ledger.Value, "m-1", noon+2000, m(1))
		}, noon + 2000},
		{"the hold is released", noon, func(d *draft) { set(d, 1, 100, 0); d.end("H", ledger.Value) }, noon + 3000},
		{"spent in part", noon, func(d *draft) { set(d, 2, 60, 0) }, noon + 3000},
		{"spent", noon, func(d *draft) { spent(d, 2) }, noon + 5000},
		{"pinned whole", noon, func(d *draft) {
			set(d, 1, 100, 100)
			d.hold("H", ledger.Value, "m-1", noon+9000, m(1))
		}, noon + 9000},
		{"a hold in its place", noon, func(d *draft) {
			d.end("H", ledger.Value)
			d.hold("H", ledger.Value, "m-1", noon+9500, m(1))
		}, noon + 9500},
		{"unpinned", noon, func(d *draft) { set(d, 1, 100, 0); d.end("H", ledger.Value) }, noon + 5000},
		{"many later", noon, many(func(d *draft, n int64) { grant(n, noon+6000)(d) }, 5, 44), noon + 5000},
		{"the first is spent", noon, func(d *draft) { spent(d, 1) }, noon + 6000},
		{"the newest are spent", noon, many(spent, 30, 44), noon + 6000},
		{"the oldest are spent", noon, many(spent, 5, 20), noon + 6000},
		{"all are spent", noon, many(spent, 21, 29), never},
		{"an old one is returned", noon, func(d *draft) { set(d, 6, 100, 0) }, noon + 6000},
		{"a new one is returned", noon, func(d *draft) { set(d, 43, 100, 0) }, noon + 6000},
		{"both end", noon + 6000, func(d *draft) { spent(d, 6); spent(d, 43) }, never},
		{"a hold of no lots", noon + 6000, func(d *draft) { d.hold("H", ledger.Points, "m-p", noon+8000) }, noon + 8000},
		{"another", noon + 6000, func(d *draft) { d.hold("H", ledger.Value, "m-1", noon+7000) }, noon + 7000},
		{"it ends", noon + 7000, func(d *draft) { d.end("H", ledger.Value) }, noon + 8000},
		{"the other ends early", noon + 7000, func(d *draft) { d.end("H", ledger.Points) }, never},
		{"opened and ended in one", noon + 7000, func(d *draft) {
			d.hold("H", ledger.Value, "m-1", noon+7500)
			d.end("H", ledger.Value)
		}, never},
		{"a new member", noon + 7000, func(d *draft) {
			d.person("o")
			d.lot("o-1", 1, ledger.Real, noon+7000, 0, 0)
		}, never},
		{"a lot granted too late", noon + 7000, grant(45, noon+7000), noon + 7000},
	} {
		b.write("b1", tt.at, func(d *draft) { tt.do(d); d.op("H", "m", m(1), m(6), m(43)) }, purse("m"), order("H"))
		for at, want := range map[int64]int{tt.want - 1: 0, tt.want: 1} {
			if at == never {
				want = 0
			}
			list, err := b.s.Due(b.Context(), "b1", at, 10)
			b.check(err)
			b.equal(fmt.Sprintf("%s: members due at noon%+d", tt.name, at-noon), len(list), want)
		}
		if tt.name == "the first is spent" {
			b.equal("due with all lots", len(b.load("b1", tt.want, member("m")).Lots), 40)
		}
	}
}

// longStreams reads more accounts, and more lots of one account, than a store hands out at once.
func longStreams(b *bench) {
	const many = 1200
	var want []ledger.LotID
	b.write("b1", noon, func(d *draft) {
		for i := range many {
			id := fmt.Sprintf("m%04d", i)
			d.person(id)
			want = append(want, d.lot(id+"-1", 1, ledger.Real, ledger.Never, 1, 0))
		}
		d.person("n")
		for n := range int64(many) {
			want = append(want, d.lot("n-1", n+1, ledger.Real, ledger.Never, 1, 0))
		}
		d.op("", "n")
	})
	var got []ledger.LotID
	for _, l := range collect(b, b.s.Lots(b.Context(), "b1")) {
		got = append(got, l.LotID)
	}
	b.equal("lots", got, want)
	b.equal("accounts", len(collect(b, b.s.Accounts(b.Context(), "b1"))), 2*many+2)
	for l, err := range b.s.Lots(b.Context(), "b1") {
		b.check(err)
		if l.Account == "n-1" {
			break // the rest is not read
		}
	}
}
