package reverse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

func TestMakeQuoteRefusals(t *testing.T) {
	t.Parallel()
	w := setup(t)
	a := w.take("S1", "W1", 0, amounts{50, 50}, cash(100))
	b := w.take("S1", "W2", 0, amounts{50}, cash(50))
	c, d := w.take("S1", "W3", 0, amounts{50}, cash(50)), w.take("S1", "W4", 0, amounts{50}, cash(50))
	w.must(&ledger.ImportCard{Card: "C1", Value: 100, SoldIn: a[0]})
	w.must(&ledger.ImportCard{Card: "C2", Value: 100, SoldIn: c[0]})
	w.must(&ledger.ImportCard{Card: "C3", Value: 100, SoldIn: d[0]})
	w.must(&ledger.Spend{Head: ledger.Head{Who: ledger.Who{Card: "C2"}}, Order: "P1", Wants: []ledger.Want{{Family: ledger.Value, Amount: 1}}})
	w.must(&ledger.Freeze{Head: ledger.Head{Who: ledger.Who{Card: "C3"}}, Order: "H1", Amount: 1})
	for _, tt := range []struct {
		name  string
		quote reverse.MakeQuote
		code  ledger.Code
		fig   ledger.Fig
	}{
		{"store unknown", reverse.MakeQuote{Store: "S9", Subs: a}, ledger.ShopNotFound, ledger.T("shop", "S9")},
		{"nothing named", reverse.MakeQuote{Store: "S1"}, ledger.MissingField, ledger.T("field", "biz_order_ids")},
		{"sub-order unknown", reverse.MakeQuote{Store: "S1", Subs: []int64{a[0], 7}}, ledger.OrderNotFound, ledger.T("order", "7")},
		{"outer number unknown", reverse.MakeQuote{Store: "S1", OutSubs: []string{"W1-9"}}, ledger.OrderNotFound, ledger.T("order", "W1-9")},
		{"two orders", reverse.MakeQuote{Store: "S1", Subs: []int64{a[0], b[0]}}, ledger.QuoteMismatch, ledger.T("field", "biz_order_ids须属于同一订单")},
		{"two orders by outer number", reverse.MakeQuote{Store: "S1", OutSubs: []string{"W1-1", "W2-1"}}, ledger.QuoteMismatch, ledger.T("field", "sub_out_order_ids须属于同一订单")},
		{"named in two ways, not the same", reverse.MakeQuote{Store: "S1", Subs: a[:1], OutSubs: []string{"W1-1", "W1-2"}}, ledger.QuoteMismatch, ledger.T("field", "sub_out_order_ids与biz_order_ids不是同一批子单")},
		{"named in two ways, of two orders", reverse.MakeQuote{Store: "S1", Subs: a, OutSubs: []string{"W1-1", "W2-1"}}, ledger.QuoteMismatch, ledger.T("field", "sub_out_order_ids与biz_order_ids不是同一批子单")},
		{"named in two ways, one unknown", reverse.MakeQuote{Store: "S1", Subs: a[:1], OutSubs: []string{"W1-9"}}, ledger.OrderNotFound, ledger.T("order", "W1-9")},
		{"another store's", reverse.MakeQuote{Store: "S2", Subs: a}, ledger.QuoteMismatch, ledger.T("field", "store_id不是子单的门店")},
		{"card unknown", reverse.MakeQuote{Store: "S1", Subs: a, GiftCards: []string{"C9"}}, ledger.GiftCardNotFound, ledger.T("card", "C9")},
		{"card sold elsewhere", reverse.MakeQuote{Store: "S1", Subs: a[1:], GiftCards: []string{"C1"}}, ledger.GiftCardNotFound, ledger.T("card", "C1")},
		{"card spent from", reverse.MakeQuote{Store: "S1", Subs: c, GiftCards: []string{"C2"}}, ledger.GiftCardUsed, ledger.T("card", "C2")},
		{"card spent from, not named", reverse.MakeQuote{Store: "S1", Subs: c}, ledger.GiftCardUsed, ledger.T("card", "C2")},
		{"card held", reverse.MakeQuote{Store: "S1", Subs: d, GiftCards: []string{"C3"}}, ledger.GiftCardUsed, ledger.T("card", "C3")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.quote.Token = tt.name
			wantCode(t, w.do(&tt.quote), tt.code, tt.fig)
		})
	}
	w.now += 31 * minute // the hold timed out: the card is as it was sold
	w.must(&reverse.MakeQuote{Store: "S1", Subs: d, GiftCards: []string{"C3"}, Token: "T1"})
}

func TestQuoteLimit(t *testing.T) {
	t.Parallel()
	w := setup(t)
	subs := w.take("S1", "W1", 0, amounts{50}, cash(50))
	s := w.see(func(k *reverse.Keys) { k.Subs[subs[0]] = struct{}{} })
	s.LiveQuotes["S1"] = reverse.QuotesMax - 1
	at := &ledger.Stamp{At: w.now}
	for i, want := range []ledger.Code{ledger.OK, ledger.QuoteLimit} {
		r, err := reverse.Decide(s, &reverse.MakeQuote{Store: "S1", Subs: subs, Token: string(rune('a' + i))}, at)
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, r, want)
	}
}

func TestMakeQuote(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.verify("P1", 60, 0)
	subs := w.take("S1", "W1", 10, amounts{50, 50}, value(60, "P1"), cash(50))
	// Shares: 27+23, 28+22, postage 5+5.

	q := w.quote("S1", subs[0])
	if !cmp.Equal(q.Cells, []amounts{{27, 23}}) || q.Max != 50 || q.PostFee != 0 || !q.Modifiable() || q.Bound {
		t.Errorf("one of two: %+v", q)
	}
	if q.App != app || q.Store != "S1" || q.Until != w.now+reverse.QuoteFor {
		t.Errorf("bound to %q, %q until %d", q.App, q.Store, q.Until)
	}
	all := w.quote("S1", subs[1], subs[0], subs[1])
	if !cmp.Equal(all.Subs, []int64{subs[1], subs[0]}) || !cmp.Equal(all.Cells, []amounts{{28, 22}, {32, 28}}) || all.Max != 110 || all.PostFee != 10 || all.Modifiable() {
		t.Errorf("both: %+v", all)
	}
	r := w.must(&reverse.MakeQuote{Store: "S1", OutSubs: []string{"W1-2"}, Token: "T1"})
	if !cmp.Equal(r.Numbers, subs[1:]) || !cmp.Equal(r.IDs, []string{"T1"}) {
		t.Errorf("by outer number: %+v", r)
	}
	r = w.must(&reverse.MakeQuote{Store: "S1", Subs: []int64{subs[1], subs[0], subs[1]}, OutSubs: []string{"W1-1", "W1-2", "W1-1"}, Token: "T2"})
	if !cmp.Equal(r.Numbers, []int64{subs[1], subs[0]}) {
		t.Errorf("in both ways: %+v", r)
	}

	// It reserves nothing; what a reverse takes is gone, and the last open sub-order brings the postage.
	w.must(submission(q, 50, given(reverse.StoredValue, 27), given("10003", 23)))
	if q = w.quote("S1", subs[0]); q.Max != 0 || q.PostFee != 0 || len(q.Subs) != 0 || !cmp.Equal(q.Dropped, subs[:1]) {
		t.Errorf("nothing left: %+v", q)
	}
	if q = w.quote("S1", subs[1]); !cmp.Equal(q.Cells, []amounts{{33, 27}}) || q.Max != 60 || q.PostFee != 10 {
		t.Errorf("the last: %+v", q)
	}

	// Another door gave back part of the spend: the cells of that tender follow it, goods before postage.
	w.giveBack("P1", ledger.Value, 4)
	if q = w.quote("S1", subs[1]); !cmp.Equal(q.Cells, []amounts{{29, 27}}) || q.PostFee != 6 {
		t.Errorf("less left of the spend: %+v", q)
	}
	w.giveBack("P1", ledger.Value, 0)
	if q = w.quote("S1", subs[1]); !cmp.Equal(q.Cells, []amounts{{0, 27}}) || q.PostFee != 5 {
		t.Errorf("nothing left of the spend: %+v", q)
	}
	// A sub-order that has nothing left to give is not open.
	w.must(submission(q, 27, given("10003", 27)))
	if q = w.quote("S1", subs...); q.Max != 0 {
		t.Errorf("nothing left of the order: %+v", q)
	}
	w.audit()
}

// Tenders that name one spend share what is left of it: the earlier cells first.
func TestQuoteSharedSpend(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.verify("P1", 100, 0)
	subs := w.take("S1", "W1", 0, amounts{40, 60}, value(50, "P1"), value(50, "P1"))
	w.giveBack("P1", ledger.Value, 55)
	if q := w.quote("S1", subs...); !cmp.Equal(q.Cells, []amounts{{20, 20}, {5, 0}}) || q.Max != 45 {
		t.Errorf("quote %+v", q)
	}
}

// What the brand's policy no longer lets come back is no cell of a quote.
func TestQuotePolicy(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.verify("P1", 50, 0)
	subs := w.take("S1", "W1", 0, amounts{100}, value(50, "P1"), cash(50))
	q := w.quote("S1", subs...)
	w.brand.Policy.Window[ledger.Value] = 10 * minute
	w.now += 10 * minute
	wantCode(t, w.do(submission(q, 100, given(reverse.StoredValue, 50), given("10003", 50))), ledger.QuoteStale)
	if q := w.quote("S1", subs...); !cmp.Equal(q.Cells, []amounts{{0, 50}}) {
		t.Errorf("quote %+v", q)
	}
}

// An import that runs again must not open a quote anew that was submitted.
func TestQuoteAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	subs := w.take("S1", "W1", 0, amounts{50}, cash(50))
	c := &reverse.MakeQuote{Store: "S1", Subs: subs, Token: "T1", Never: true}
	w.must(c)
	q := w.see(func(k *reverse.Keys) { k.Quotes["T1"] = struct{}{} }).Quotes["T1"]
	w.now += 365 * 24 * 60 * minute
	w.must(submission(q, 50, given("10003", 50)))
	if r := w.must(c); !r.Replayed {
		t.Errorf("again: %+v", r)
	}
	if q = w.see(func(k *reverse.Keys) { k.Quotes["T1"] = struct{}{} }).Quotes["T1"]; !q.Bound {
		t.Error("the quote is open again")
	}
}
