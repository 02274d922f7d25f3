package reverse_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
)

const (
	minute = int64(60_000)
	app    = "app"
	member = "M1"
)

// world is a brand's books over the reference store: every command is a batch of its own, loaded by its own keys.
type world struct {
	rapid.TB
	brand *ledger.Brand
	store *memstore.Store
	now   int64
	next  int64 // issued numbers
	salt  uint64
	keyed int
}

// setup opens a brand with the stores S1 (strict), S2 (waterfall), S3 (approval) and S4, and a member with money and points.
func setup(t rapid.TB) *world {
	w := &world{TB: t, store: memstore.Open(), now: 1_700_000_000_000, next: 1000}
	w.brand = &ledger.Brand{ID: "B", Shops: map[string]*ledger.Shop{
		"S1": {ID: "S1"}, "S2": {ID: "S2", Waterfall: true}, "S3": {ID: "S3", NoAutoAgree: true}, "S4": {ID: "S4"},
	}}
	if err := w.store.PutBrand(context.Background(), w.brand, store.Author{}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{member, "M2"} {
		w.must(&ledger.SaveMember{ID: id})
		w.must(&ledger.Charge{Head: of(id), Order: "charge-" + id, Real: 1_000_000})
		w.must(&ledger.Grant{Head: of(id), Order: "grant-" + id, Amount: 1_000_000})
	}
	return w
}

// of is the head of a call about a member.
func of(id string) ledger.Head { return ledger.Head{Who: ledger.Who{Customer: id}} }

// do decides one command in a batch of its own.
func (w *world) do(c reverse.Command) ledger.Result {
	w.Helper()
	h := c.Common()
	if h.App == "" {
		h.App = app
	}
	keys := reverse.NewKeys()
	reverse.KeysOf(c, keys)
	for {
		b, err := w.store.Begin(context.Background(), w.brand.ID, keys, nil, w.now)
		if err != nil {
			w.Fatal(err)
		}
		w.salt++
		b.State().Brand = w.brand // tests change its rules as they go
		r, err := reverse.Decide(b.State(), c, &ledger.Stamp{At: b.At(), Salt: w.salt, Next: func() int64 { w.next++; return w.next }})
		if lots, ok := errors.AsType[*ledger.ErrNeedLots](err); ok {
			b.Rollback()
			keys.AllLots[ledger.Ident{Type: ledger.ByCustomer, Text: lots.Member}] = struct{}{}
			continue
		}
		if err != nil {
			w.Fatal(err)
		}
		if err := b.Save(context.Background()); err != nil {
			w.Fatal(err)
		}
		if err := b.Commit(context.Background()); err != nil {
			w.Fatal(err)
		}
		return r
	}
}

// must wants the command to succeed.
func (w *world) must(c reverse.Command) ledger.Result {
	w.Helper()
	r := w.do(c)
	if r.Code != ledger.OK {
		w.Fatalf("%T: %v: %s", c, r.Code, r.Desc())
	}
	return r
}

// verify consumes value and points under a number.
func (w *world) verify(order string, value, points reverse.Amount) {
	w.Helper()
	c := &ledger.Spend{Head: of(member), Order: order, Report: true}
	for f, n := range []reverse.Amount{value, points} {
		if n > 0 {
			c.Wants = append(c.Wants, ledger.Want{Family: ledger.Family(f), Amount: n})
		}
	}
	w.must(c)
}

// take takes an order and answers its sub-orders' numbers.
func (w *world) take(store, out string, post reverse.Amount, fees []reverse.Amount, tenders ...reverse.Tender) []int64 {
	w.Helper()
	return w.must(order(store, out, post, fees, tenders...)).Numbers[1:]
}

// order is a paid order whose fees sum to pay_fee.
func order(store, out string, post reverse.Amount, fees []reverse.Amount, tenders ...reverse.Tender) *reverse.TakeOrder {
	c := &reverse.TakeOrder{Store: store, Out: out, PostFee: post, PayFee: post, Tenders: tenders}
	c.Content = digest(fmt.Sprint(store, out, post, fees, tenders))
	for i, fee := range fees {
		c.Subs = append(c.Subs, reverse.Sub{Out: fmt.Sprintf("%s-%d", out, i+1), Fee: fee})
		c.PayFee += fee
	}
	return c
}

func cash(n reverse.Amount) reverse.Tender   { return reverse.Tender{Code: "10003", Amount: n} }
func alipay(n reverse.Amount) reverse.Tender { return reverse.Tender{Code: "10001", Amount: n} }

func value(n reverse.Amount, order string) reverse.Tender {
	return reverse.Tender{Code: reverse.StoredValue, Amount: n, Order: order}
}

func points(n, points reverse.Amount, order string) reverse.Tender {
	return reverse.Tender{Code: reverse.PointTender, Amount: n, Points: points, Order: order}
}

// quote asks what can be refunded of sub-orders, under a new token.
func (w *world) quote(store string, subs ...int64) *reverse.Quote {
	w.Helper()
	return w.quoteCards(store, nil, subs...)
}

func (w *world) quoteCards(store string, cards []string, subs ...int64) *reverse.Quote {
	w.Helper()
	w.keyed++
	c := &reverse.MakeQuote{Store: store, Subs: subs, GiftCards: cards, Token: fmt.Sprint("token-", w.keyed)}
	w.must(c)
	return w.see(func(k *reverse.Keys) { k.Quotes[c.Token] = struct{}{} }).Quotes[c.Token]
}

// submission is a store clerk's submit of a quote.
func submission(q *reverse.Quote, amount reverse.Amount, channels ...reverse.Given) *reverse.Submit {
	c := &reverse.Submit{
		Store: q.Store, Subs: q.Subs, GiftCards: q.GiftCards, Amount: amount, Channels: channels,
		ReasonID: 1001, ReasonText: "不喜欢", OperatorType: reverse.StoreClerk,
	}
	c.App, c.RequestID, c.Mismatch = app, q.Token, ledger.RequestIDConflict
	c.Request = digest(c.App + "/creatrefund/" + c.RequestID)
	c.Content = digest(fmt.Sprint(c.Store, c.Subs, c.GiftCards, amount, channels))
	return c
}

func given(code string, n reverse.Amount) reverse.Given { return reverse.Given{Code: code, Amount: n} }

func digest(s string) ledger.Digest {
	d := sha256.Sum256([]byte(s))
	return ledger.Digest(d[:16])
}

// reverses are those of a result, in its order.
func (w *world) reverses(r ledger.Result) (list []*reverse.Reverse) {
	w.Helper()
	s := w.see(func(k *reverse.Keys) {
		for _, id := range r.Numbers {
			k.Reverses[id] = struct{}{}
		}
	})
	for _, id := range r.Numbers {
		list = append(list, s.Reverses[id])
	}
	return list
}

// see reads what keys lead to.
func (w *world) see(want func(*reverse.Keys)) *reverse.State {
	w.Helper()
	k := reverse.NewKeys()
	want(k)
	s, err := w.store.Read(context.Background(), w.brand.ID, k, w.now)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// balances are the value and points of the member.
func (w *world) balances() (fen, pts reverse.Amount) {
	w.Helper()
	s := w.see(func(k *reverse.Keys) { k.Idents[ledger.Ident{Type: ledger.ByCustomer, Text: member}] = struct{}{} })
	for _, id := range s.Purses[member] {
		fen += ledger.Sum(s.Accounts[id].Balance, ledger.Value)
		pts += ledger.Sum(s.Accounts[id].Balance, ledger.Points)
	}
	return fen, pts
}

// left is what of a number's spends is unreversed.
func (w *world) left(order string, f ledger.Family) reverse.Amount {
	w.Helper()
	return w.see(func(k *reverse.Keys) { k.Orders[order] = struct{}{} }).Spent(order, f, "").Left
}

// giveBack reverses an amount of a spend by a method outside of WDK; 0 is all.
func (w *world) giveBack(order string, f ledger.Family, n reverse.Amount) ledger.Result {
	w.Helper()
	w.keyed++
	number := fmt.Sprint("back-", w.keyed)
	return w.do(&ledger.ReverseSpend{
		Order: order, Number: number, Family: f, Amount: n,
		Keyed: ledger.Keyed{Refund: digest(number), Original: digest(order)},
	})
}

// audit checks what must hold after any history (semantics.md §10): 1, 2, 4 and 8.
func (w *world) audit() {
	w.Helper()
	ctx := context.Background()
	type allocation struct {
		op  ledger.ID
		lot ledger.LotID
	}
	spent, back := map[allocation]reverse.Amount{}, map[allocation]reverse.Amount{}
	lots := map[ledger.LotID]reverse.Amount{}
	for o, err := range w.store.Ops(ctx, w.brand.ID, 0) {
		if err != nil {
			w.Fatal(err)
		}
		var fen, pts reverse.Amount
		for _, p := range o.Postings {
			if p.Kind == ledger.Point {
				pts += p.Amount
			} else {
				fen += p.Amount
			}
			if p.Lot.IsZero() {
				continue
			}
			lots[p.Lot] += p.Amount
			if lots[p.Lot] < 0 {
				w.Fatalf("lot %v below zero", p.Lot)
			}
			switch {
			case o.Kind == ledger.OpSpend:
				spent[allocation{o.ID, p.Lot}] -= p.Amount
			case !p.Of.IsZero():
				back[allocation{p.Of, p.Lot}] += p.Amount
			}
		}
		if fen != 0 || pts != 0 {
			w.Fatalf("operation %v does not balance: %d fen, %d points", o.ID, fen, pts)
		}
	}
	for a, n := range back {
		if n > spent[a] {
			w.Fatalf("%d given back of %d spent of lot %v", n, spent[a], a.lot)
		}
	}
	for l, err := range w.store.Lots(ctx, w.brand.ID) {
		if err != nil {
			w.Fatal(err)
		}
		if l.Balance != lots[l.LotID] {
			w.Fatalf("lot %v holds %d, its operations sum to %d", l.LotID, l.Balance, lots[l.LotID])
		}
	}
	orders, taken := map[int64]*reverse.Order{}, map[int64][][]reverse.Amount{}
	for o, err := range w.store.WdkOrders(ctx, w.brand.ID) {
		if err != nil {
			w.Fatal(err)
		}
		orders[o.Main] = o
		for range o.Shares {
			taken[o.Main] = append(taken[o.Main], make([]reverse.Amount, len(o.Tenders)))
		}
	}
	type column struct {
		main   int64
		tender int
	}
	given := map[column][2]reverse.Amount{} // POINT: fen and points
	for r, err := range w.store.Reverses(ctx, w.brand.ID) {
		if err != nil {
			w.Fatal(err)
		}
		sum, post := reverse.Amount(0), reverse.Amount(0)
		rows, row := taken[r.Main], orders[r.Main].Row(r.Sub)
		for i, ch := range r.Channels {
			sum += ch.Amount
			post += ch.Post
			if ch.Status == reverse.Paid && ch.Code == reverse.PointTender {
				k := column{r.Main, ch.Tender}
				c := given[k]
				given[k] = [2]reverse.Amount{c[0] + ch.Amount, c[1] + ch.Points}
			}
			if r.Takes(i) > 0 {
				rows[row][ch.Tender] += ch.Amount - ch.Post
				rows[len(rows)-1][ch.Tender] += ch.Post
			}
		}
		if sum != r.Amount || post != r.Post {
			w.Fatalf("reverse %d of %d fen, %d postage: channels sum to %d and %d", r.ID, r.Amount, r.Post, sum, post)
		}
	}
	for k, n := range given {
		if t := &orders[k.main].Tenders[k.tender]; n[1] != t.Points*n[0]/t.Amount {
			w.Fatalf("%d points for %d fen of %d for %d", n[1], n[0], t.Points, t.Amount)
		}
	}
	for main, o := range orders {
		for i, row := range taken[main] {
			for t, n := range row {
				if n < 0 || n > o.Shares[i][t] {
					w.Fatalf("order %d: %d of cell (%d, %d) refunded, it has %d", main, n, i, t, o.Shares[i][t])
				}
			}
		}
	}
}

// wantCode compares the outcome of a command and, where asked, one figure of it.
func wantCode(t *testing.T, r ledger.Result, code ledger.Code, figs ...ledger.Fig) {
	t.Helper()
	if r.Code != code {
		t.Fatalf("got %v (%s), want %v", r.Code, r.Desc(), code)
	}
	for _, f := range figs {
		if !slices.Contains(r.Figs, f) {
			t.Errorf("figures %+v, want %+v among them", r.Figs, f)
		}
	}
}
