package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
)

// reference does the same random batches in the store on trial and in memstore: what they load must agree, whatever was asked.
func reference(b *bench, seed uint64, steps int) {
	mem := setup(b.T, memstore.Open())
	for step := range steps {
		now := noon + int64(step)*100
		keys := pick(rand.New(rand.NewPCG(seed, uint64(step))))
		commit := step%7 != 3
		var states [2]*reverse.State
		for i, b := range []*bench{b, mem} {
			t := b.begin("b1", now, keys)
			d := b.draft(t)
			states[i] = b.load2(t)
			edit(d, rand.New(rand.NewPCG(seed+1, uint64(step))), step)
			b.check(t.Save(b.Context()))
			if commit {
				b.check(t.Commit(b.Context()))
			}
			t.Rollback()
		}
		b.equal(fmt.Sprintf("step %d: loaded", step), states[0], states[1])
		if step%10 == 9 {
			b.equal("books", b.books("b1"), mem.books("b1"))
			for _, b := range []*bench{b, mem} {
				b.check(b.s.Purge(b.Context(), now-300, 100))
			}
			got, err := b.s.Due(b.Context(), "b1", now+500, 100)
			b.check(err)
			want, err := mem.s.Due(mem.Context(), "b1", now+500, 100)
			b.check(err)
			b.equal("due", sorted(got), want)
		}
		if b.Failed() {
			return
		}
	}
	b.chained("b1")
}

// load2 reads once more what an open batch has read, so that the one may be edited and the other compared.
func (b *bench) load2(t store.Batch) *reverse.State {
	s := *t.State()
	l := *s.State
	s.State = &l
	l.Members, l.Accounts, l.Lots = deep(l.Members), deep(l.Accounts), deep(l.Lots)
	l.Holds, l.Vouchers, l.Tombs = deep(l.Holds), deep(l.Vouchers), deep(l.Tombs)
	l.Idents, l.Complete, l.Cards = maps.Clone(l.Idents), maps.Clone(l.Complete), maps.Clone(l.Cards)
	l.Orders, l.Requests, l.Refunds = maps.Clone(l.Orders), maps.Clone(l.Requests), maps.Clone(l.Refunds)
	l.Purses, l.TombCount = maps.Clone(l.Purses), maps.Clone(l.TombCount)
	s.Quotes, s.Reverses, s.WdkOrders = deep(s.Quotes), deep(s.Reverses), deep(s.WdkOrders)
	s.SubOf, s.OutOf, s.OutSubOf = maps.Clone(s.SubOf), maps.Clone(s.OutOf), maps.Clone(s.OutSubOf)
	return &s
}

// deep copies a map with its values, as far as edit changes them.
func deep[K comparable, V any](m map[K]*V) map[K]*V {
	out := make(map[K]*V, len(m))
	for k, v := range m {
		c := *v
		out[k] = &c
	}
	return out
}

const (
	people = 6
	tills  = 8 // business numbers
)

// pick chooses what to read out of a small world.
func pick(r *rand.Rand) key {
	k := reverse.NewKeys()
	some := func(n int, add func(int)) {
		for i := range n {
			if r.IntN(3) == 0 {
				add(i)
			}
		}
	}
	some(people, func(i int) { k.Idents[customer(fmt.Sprint("m", i))] = struct{}{} })
	some(people, func(i int) { k.Idents[mobile(fmt.Sprint(i))] = struct{}{} })
	some(people, func(i int) { k.Idents[card(fmt.Sprint("c-m", i))] = struct{}{} })
	some(people/2, func(i int) { k.Spends[customer(fmt.Sprint("m", i))] = struct{}{} })
	some(people/2, func(i int) { k.AllLots[customer(fmt.Sprint("m", i))] = struct{}{} })
	some(people/3, func(i int) { k.Wallets[customer(fmt.Sprint("m", i))] = struct{}{} })
	some(tills, func(i int) { k.Orders[fmt.Sprint("v-", i)] = struct{}{} })
	some(20, func(i int) { k.Requests[digest(byte(i))] = struct{}{} })
	some(20, func(i int) { k.Refunds[digest(byte(i))] = struct{}{} })
	some(10, func(i int) { k.Vouchers[fmt.Sprint("v", i)] = struct{}{} })
	some(3, func(i int) { k.TombApps[fmt.Sprint("app", i)] = struct{}{} })
	some(4, func(i int) { k.Subs[int64(1000+i*1000+i%3)] = struct{}{} })
	some(4, func(i int) { k.Outs[fmt.Sprint(i)] = struct{}{} })
	some(4, func(i int) { k.OutSubs[fmt.Sprint(i, "-1")] = struct{}{} })
	some(4, func(i int) { k.Quotes[fmt.Sprint("q", i)] = struct{}{} })
	some(4, func(i int) { k.Reverses[int64(1000+i*1000+500)] = struct{}{} })
	some(2, func(i int) { k.Stores[fmt.Sprint("s", i)] = struct{}{} })
	return func(to *reverse.Keys) { *to = *k }
}

// any1 chooses one of a map's entries, the zero values of an empty one.
func any1[K comparable, V any](r *rand.Rand, m map[K]V, order func(a, b K) int) (k K, v V) {
	if len(m) == 0 {
		return k, v
	}
	keys := slices.SortedFunc(maps.Keys(m), order)
	k = keys[r.IntN(len(keys))]
	return k, m[k]
}

// edit changes this and that of what was loaded, as a batch of commands might.
func edit(d *draft, r *rand.Rand, step int) {
	until := func() int64 { return []int64{ledger.Never, d.at + 50, d.at + 150, d.at + 1000}[r.IntN(4)] }
	id := fmt.Sprint("m", r.IntN(people))
	if d.Members[id] == nil && d.Idents[card("c-"+id)] == "" && step < 3*people {
		if got, err := d.s.Read(d.Context(), "b1", keysOf([]key{member(id)}), d.at); err == nil && got.Members[id] == nil {
			d.person(id)
		}
	}
	_, m := any1(r, d.Members, cmp.Compare[string])
	_, a := any1(r, d.Accounts, cmp.Compare[string])
	if a == nil {
		d.tomb(fmt.Sprint("app", r.IntN(3)), "v-0", ledger.Value, d.at+500)
		return
	}
	a.Balance[ledger.Real] += 7
	d.Changes.Accounts.Add(a)
	var lot ledger.LotID
	for range 1 + r.IntN(8) {
		n := ledger.Amount(r.IntN(3) * 40)
		lot = d.lot(a.ID, a.Lots+1, ledger.Kind(r.IntN(2)), until(), n, min(n, ledger.Amount(r.IntN(2)*40)))
		d.Lots[lot].Member = a.Member
	}
	lotOrder := func(x, y ledger.LotID) int { return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.N, y.N)) }
	if _, l := any1(r, d.Lots, lotOrder); l != nil {
		l.Balance += 40
		l.Held = min(l.Balance, ledger.Amount(r.IntN(3)*40))
		d.Changes.Lots.Add(l)
	}
	d.voucher(fmt.Sprint("v", r.IntN(10)), m.ID)
	if _, v := any1(r, d.State.Vouchers, cmp.Compare[string]); v != nil {
		v.Left = ledger.Amount(r.IntN(2))
		d.Changes.Vouchers.Add(v)
	}
	if no, h := any1(r, d.Orders, cmp.Compare[string]); h != nil {
		o := d.op(no, m.ID, lot)
		o.Postings = append(o.Postings, ledger.Posting{Voucher: fmt.Sprint("v", r.IntN(10)), Kind: ledger.Use, Amount: 1})
		o.Pins = []ledger.Pin{{Lot: lot, Amount: 1}}
		f := ledger.Family(r.IntN(2))
		if d.Holds[ledger.HoldKey{Order: no, Family: f}] == nil {
			d.hold(no, f, m.ID+"-1", d.at+int64(r.IntN(300)), lot)
		}
	} else {
		d.op(fmt.Sprint("new-", step), m.ID, lot)
		if no := fmt.Sprint("v-", step%tills); step < tills {
			d.op(no, m.ID)
		}
	}
	holdOrder := func(x, y ledger.HoldKey) int {
		return cmp.Or(cmp.Compare(x.Order, y.Order), cmp.Compare(x.Family, y.Family))
	}
	if k, h := any1(r, d.Holds, holdOrder); h != nil && r.IntN(3) == 0 {
		delete(d.Holds, k)
		d.Changes.Holds.Remove(h)
		d.Changes.Ended = append(d.Changes.Ended, k)
	}
	d.tomb(fmt.Sprint("app", r.IntN(3)), fmt.Sprint("v-", r.IntN(tills)), ledger.Family(r.IntN(2)), d.at+int64(r.IntN(1000)))
	refused := digest(byte(r.IntN(20)))
	d.Changes.Refusals = append(d.Changes.Refusals, &ledger.Refusal{Request: refused, Until: d.at + int64(r.IntN(500))})
	if o := d.Changes.Ops[0]; step < 20 {
		o.Request, o.Refund = digest(byte(step)), digest(byte(step))
	}
	if no := mobile(fmt.Sprint(r.IntN(people))); d.Idents[no] != "" {
		d.unbind(no)
		d.bind(no, m.ID)
	}
	if step < people {
		d.bind(mobile(fmt.Sprint(step)), m.ID)
	}
	if main := 1000 + int64(step/10)*1000; step%10 == 5 {
		d.wdk(main, fmt.Sprint(step/10), m.ID).Tenders[1].Order = "v-1"
	} else {
		d.quote(fmt.Sprint("q", r.IntN(4)), main, fmt.Sprint("s", r.IntN(2)), d.at+int64(r.IntN(200)), r.IntN(3) == 0)
		d.reverse(main+500, main)
	}
}

// Persist checks what stores on disk promise besides: that everything is there when the folder is opened again.
func Persist(t *testing.T, open func(t testing.TB, dir string) store.Store) {
	dir := t.TempDir()
	b := setup(t, open(t, dir))
	reference(b, 2, 40)
	ctx := t.Context()
	b.check(b.s.PutApp(ctx, &store.App{Key: "1", Secrets: []string{"s"}}, store.Author{}))
	last := b.begin("b1", noon+100_000)
	b.draft(last).op("", "m1")
	b.check(last.Save(ctx))
	b.check(last.Commit(ctx))
	number, err := b.s.Numbers(ctx, "b1", 10)
	b.check(err)
	keys := make([]key, 20)
	before := make([]*reverse.State, len(keys))
	for i := range keys {
		keys[i] = pick(rand.New(rand.NewPCG(3, uint64(i))))
		before[i] = b.load("b1", noon, keys[i])
	}
	books := b.books("b1")
	snap, err := b.s.Snapshot(ctx)
	b.check(err)
	b.check(b.s.Close())

	b.s = open(t, dir)
	b.equal("books", b.books("b1"), books)
	again, err := b.s.Snapshot(ctx)
	b.check(err)
	b.equal("directory", again, snap)
	for i := range keys {
		b.equal("state", b.load("b1", noon, keys[i]), before[i])
	}
	committed, err := b.s.Outcome(ctx, "b1", last.Token())
	b.check(err)
	b.equal("outcome of the last batch", committed, true)
	next, err := b.s.Numbers(ctx, "b1", 1)
	b.check(err)
	if next < number+10 {
		b.Errorf("number %d was issued before", next)
	}
	b.write("b1", noon, func(d *draft) { d.op("", "m1") })
	b.chained("b1")
	if wrong, err := b.s.Integrity(ctx); wrong != nil || err != nil {
		b.Error(wrong, err)
	}
}
