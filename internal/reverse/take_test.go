package reverse_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// Every refusal of an order, in the order of precedence the page promises. Each row spoils a good order in one more way than the row
// below it would.
func TestTakeOrderRefusals(t *testing.T) {
	t.Parallel()
	type refusal struct {
		name string
		do   func(w *world, c *reverse.TakeOrder)
		code ledger.Code
		fig  ledger.Fig
	}
	spoil := []refusal{
		{"number taken", func(w *world, c *reverse.TakeOrder) { w.take("S1", "W1", 0, amounts{5}, cash(5)) }, ledger.OrderNoConflict, ledger.T("order", "W1")},
		{"store unknown", func(_ *world, c *reverse.TakeOrder) { c.Store = "S9" }, ledger.ShopNotFound, ledger.T("shop", "S9")},
		{"asset without its number", func(_ *world, c *reverse.TakeOrder) {
			c.Tenders[1].Order = ""
		}, ledger.MissingField, ledger.T("field", "pay_infos[1].outer_order_id")},
		{"points without their number", func(_ *world, c *reverse.TakeOrder) {
			c.Tenders[1] = points(60, 0, "P1")
		}, ledger.MissingField, ledger.T("field", "pay_infos[1].point")},
		{"card without its number", func(_ *world, c *reverse.TakeOrder) {
			c.Tenders[1].Code = reverse.GiftCard
		}, ledger.MissingField, ledger.T("field", "pay_infos[1].card_id")},
		{"no code", func(_ *world, c *reverse.TakeOrder) { c.Tenders[0].Code = "" }, ledger.MissingField, ledger.T("field", "pay_infos[0].code")},
		{"no lines", func(_ *world, c *reverse.TakeOrder) { c.Subs = nil }, ledger.MissingField, ledger.T("field", "sub_info_list")},
		{"above the limit", func(_ *world, c *reverse.TakeOrder) {
			c.Subs[0].Fee = math.MaxInt64
		}, ledger.AmountTooLarge, ledger.Money("max", ledger.AmountMax)},
		{"sub-order twice", func(_ *world, c *reverse.TakeOrder) { c.Subs[1].Out = c.Subs[0].Out }, ledger.OrderNoConflict, ledger.T("order", "W1-1")},
		{"lines do not sum", func(_ *world, c *reverse.TakeOrder) { c.PostFee++ }, ledger.TenderMismatch, ledger.T("what", "子单与运费")},
		{"tenders do not sum", func(_ *world, c *reverse.TakeOrder) { c.Tenders[0].Amount-- }, ledger.TenderMismatch, ledger.Money("sum", 99)},
		{"tender unknown", func(_ *world, c *reverse.TakeOrder) { c.Tenders[0].Code = "10009" }, ledger.ChannelUnknown, ledger.T("channel", "10009")},
		{"card unknown", func(_ *world, c *reverse.TakeOrder) {
			c.Tenders[1].Code, c.Tenders[1].Card = reverse.GiftCard, "nobody's"
		}, ledger.CardNotFound, ledger.T("card", "nobody's")},
		{"spend unknown", func(_ *world, c *reverse.TakeOrder) { c.Tenders[1].Order = "P9" }, ledger.OriginalNotFound, ledger.T("order", "P9")},
		{"spend of another asset", func(_ *world, c *reverse.TakeOrder) {
			c.Tenders[1] = points(60, 60, "P1")
		}, ledger.OriginalNotFound, ledger.T("order", "P1")},
		{"only held", func(w *world, c *reverse.TakeOrder) {
			w.must(&ledger.Freeze{Head: of(member), Order: "H1", Family: ledger.Value, Amount: 60})
			c.Tenders[1].Order = "H1"
		}, ledger.HoldNotVerified, ledger.T("order", "H1")},
		{"hold timed out", func(w *world, c *reverse.TakeOrder) {
			w.must(&ledger.Freeze{Head: of(member), Order: "H1", Family: ledger.Value, Amount: 60})
			w.now += 31 * minute
			c.Tenders[1].Order = "H1"
		}, ledger.OriginalNotFound, ledger.T("order", "H1")},
		{"another member", func(_ *world, c *reverse.TakeOrder) { c.Tenders[1].Customer = "M2" }, ledger.MemberMismatch, ledger.Fig{}},
		{"above the spend", func(_ *world, c *reverse.TakeOrder) {
			c.Tenders[0].Amount, c.Tenders[1].Amount = 39, 61
		}, ledger.ChannelOverCap, ledger.Money("max", 60)},
		{"two tenders above the spend", func(_ *world, c *reverse.TakeOrder) {
			c.Tenders[0] = value(40, "P1")
		}, ledger.ChannelOverCap, ledger.Money("max", 20)},
		{"spend given back in part", func(w *world, _ *reverse.TakeOrder) {
			w.giveBack("P1", ledger.Value, 1)
		}, ledger.ChannelOverCap, ledger.Money("max", 59)},
		{"spend bound elsewhere", func(w *world, _ *reverse.TakeOrder) {
			w.take("S1", "W2", 0, amounts{5}, value(5, "P1"))
		}, ledger.ChannelOverCap, ledger.Money("max", 55)},
	}
	for i, tt := range spoil {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.verify("P1", 60, 0)
			c := order("S1", "W1", 0, amounts{70, 30}, cash(40), value(60, "P1"))
			tt.do(w, c)
			figs := []ledger.Fig{tt.fig}
			if tt.fig.Name == "" {
				figs = nil
			}
			wantCode(t, w.do(c), tt.code, figs...)
			if i == 0 {
				return // the number is taken: nothing else matters
			}
			if s := w.see(func(k *reverse.Keys) { k.Outs["W1"] = struct{}{} }); len(s.WdkOrders) != 0 {
				t.Error("a refused order was taken")
			}
			if tt.code == ledger.OriginalNotFound && len(w.see(func(k *reverse.Keys) { k.Orders["P9"] = struct{}{} }).Tombs) != 0 {
				t.Error("WDK methods plant no tombstone")
			}
		})
	}
	t.Run("precedence", func(t *testing.T) {
		t.Parallel()
		// Spoilt from the last check to the first, the code goes up the list: no check can be reordered unseen.
		names := []string{"store unknown", "asset without its number", "above the limit", "sub-order twice", "lines do not sum", "tenders do not sum", "tender unknown", "spend unknown"}
		for from := range names {
			w := setup(t)
			w.verify("P1", 60, 0)
			c := order("S1", "W1", 0, amounts{70, 30}, cash(40), value(60, "P1"))
			var want ledger.Code
			for _, name := range slices.Backward(names[from:]) {
				row := spoil[slices.IndexFunc(spoil, func(r refusal) bool { return r.name == name })]
				row.do(w, c)
				want = row.code
			}
			wantCode(t, w.do(c), want)
		}
	})
}

func TestTakeOrder(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.brand.Channels = []ledger.Channel{{Code: "20001", Name: "购物券"}}
	w.verify("P1", 60, 500)
	w.must(&ledger.ImportCard{Card: "C1", Value: 100})
	w.must(&ledger.Spend{Head: ledger.Head{Who: ledger.Who{Card: "C1"}}, Order: "P2", Wants: []ledger.Want{{Family: ledger.Value, Amount: 30}}})
	card := reverse.Tender{Code: reverse.GiftCard, Amount: 20, Order: "P2", Card: "C1", Customer: member} // a bearer's card goes with anybody
	c := order("S1", "W1", 10, amounts{70, 30, 0}, value(50, "P1"), points(5, 500, "P1"), card, reverse.Tender{Code: "20001", Amount: 35})
	c.Subs[2].No = 5_000_399_193_546_580_981 // an import keeps its numbers
	c.Gone = true
	first := w.must(c)
	if want := []int64{first.Numbers[0], first.Numbers[0] + 1, first.Numbers[0] + 2, 5_000_399_193_546_580_981}; !cmp.Equal(first.Numbers, want) {
		t.Errorf("numbers %v, want %v", first.Numbers, want)
	}

	s := w.see(func(k *reverse.Keys) { k.Outs["W1"] = struct{}{} })
	o := s.WdkOrders[first.Numbers[0]]
	if diff := cmp.Diff(reverse.Shares(amounts{70, 30, 0}, 10, amounts{50, 5, 20, 35}), o.Shares); diff != "" {
		t.Errorf("shares: -want +got\n%s", diff)
	}
	if o.Tenders[0].Customer != member || o.Tenders[0].Name != "储值" || o.Tenders[2].Customer != member || o.Tenders[3].Name != "购物券" {
		t.Errorf("tenders %+v", o.Tenders)
	}
	if !cmp.Equal(o.Gone, first.Numbers[1:]) {
		t.Errorf("gone %v", o.Gone)
	}

	again := w.must(c)
	if !again.Replayed || !cmp.Equal(again.Numbers, first.Numbers) {
		t.Errorf("the same order again: %+v", again)
	}
	c.Content = digest("other")
	wantCode(t, w.do(c), ledger.OrderNoConflict)

	// The order is a fact of the chain, and each spend it names tells how much of it is bound.
	s = w.see(func(k *reverse.Keys) { k.Orders["P1"], k.Orders["P2"] = struct{}{}, struct{}{} })
	bindings := s.Orders["P1"][1:]
	if len(bindings) != 1 || bindings[0].Kind != ledger.OpOrder ||
		!cmp.Equal(bindings[0].Result.Figs, []ledger.Fig{ledger.Money("value", 50), ledger.Score("point", 500)}) {
		t.Errorf("history of P1: %+v", bindings)
	}
	// What is bound stays bound: the rest of each spend can pay another order, and no more.
	wantCode(t, w.do(order("S1", "W2", 0, amounts{11}, value(11, "P1"))), ledger.ChannelOverCap, ledger.Money("max", 10))
	wantCode(t, w.do(order("S1", "W2", 0, amounts{1}, points(1, 1, "P1"))), ledger.ChannelOverCap, ledger.Score("max", 0))
	w.must(order("S1", "W2", 0, amounts{10}, value(6, "P1"), value(4, "P1")))
	card.Amount = 11
	wantCode(t, w.do(order("S1", "W3", 0, amounts{11}, card)), ledger.ChannelOverCap, ledger.Money("max", 10))
	card.Order = "P1" // spent from the member card
	wantCode(t, w.do(order("S1", "W3", 0, amounts{11}, card)), ledger.OriginalNotFound)
	// An imported number is the brand's once.
	c = order("S1", "W4", 0, amounts{1}, cash(1))
	c.Subs[0].No = 5_000_399_193_546_580_981
	wantCode(t, w.do(c), ledger.OrderNoConflict)
	w.audit()
}

// A refused or repeated command is the caller's own: deciding it again must find it as it was.
func TestTakeOrderLeavesTheCommandAlone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.verify("P1", 5, 0)
	c := order("S1", "W1", 0, amounts{5}, value(5, "P1"))
	subs, tenders := append([]reverse.Sub(nil), c.Subs...), append([]reverse.Tender(nil), c.Tenders...)
	w.must(c)
	if !cmp.Equal(subs, c.Subs) || !cmp.Equal(tenders, c.Tenders) {
		t.Error("the command was changed")
	}
}

// A bill that was opened again pays another order: each order draws on what paid for it alone.
func TestReopenedBill(t *testing.T) {
	t.Parallel()
	for _, door := range []string{"a reverse", "another door"} {
		t.Run(door, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.verify("P1", 100, 0)
			first := w.take("S1", "W1", 0, amounts{100}, value(100, "P1"))
			if door == "a reverse" {
				w.must(submission(w.quote("S1", first...), 100, given(reverse.StoredValue, 100)))
			} else {
				w.giveBack("P1", ledger.Value, 0)
			}
			w.now += minute
			again := &ledger.Spend{Head: of(member), Order: "P1", Report: true, Wants: []ledger.Want{{Family: ledger.Value, Amount: 80}}}
			again.Signed = w.now
			w.must(again)
			second := w.take("S1", "W2", 0, amounts{80}, value(80, "P1"))
			if q := w.quote("S1", first...); q.Max != 0 {
				t.Errorf("the first order offers %d of what paid for the second", q.Max)
			}
			w.must(submission(w.quote("S1", second...), 80, given(reverse.StoredValue, 80)))
			if fen, _ := w.balances(); fen != 1_000_000 {
				t.Errorf("balance %d", fen)
			}
			w.audit()
		})
	}
}

// What is spent under a number after an order was taken is none of the order's, though points of one number pool.
func TestSpentAfterTheOrder(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.verify("P1", 0, 50)
	subs := w.take("S1", "W1", 0, amounts{50}, points(50, 50, "P1"))
	w.must(&ledger.Spend{Head: of(member), Order: "P1", Direct: true, Pools: true, Wants: []ledger.Want{{Family: ledger.Points, Amount: 30}}})
	w.giveBack("P1", ledger.Points, 40) // the 30, and 10 of the 50
	q := w.quote("S1", subs...)
	if q.Max != 40 {
		t.Errorf("quoted %d, want 40", q.Max)
	}
	w.must(submission(q, 40, given(reverse.PointTender, 40)))
	if _, pts := w.balances(); pts != 1_000_000 {
		t.Errorf("%d points", pts)
	}
	w.audit()
}
