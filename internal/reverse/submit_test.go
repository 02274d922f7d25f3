package reverse_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// Every refusal of a submit, in the order of precedence the page promises: 100 fen over stored value (60) and cash (40), one sub-order.
func TestSubmitRefusals(t *testing.T) {
	t.Parallel()
	both := []reverse.Given{given(reverse.StoredValue, 60), given("10003", 40)}
	type refusal struct {
		name string
		do   func(w *world, q *reverse.Quote, c *reverse.Submit)
		code ledger.Code
		figs []ledger.Fig
	}
	spoil := []refusal{
		{"token unknown", func(_ *world, _ *reverse.Quote, c *reverse.Submit) { c.RequestID = "token-9" }, ledger.QuoteNotFound, nil},
		{"another app's", func(_ *world, _ *reverse.Quote, c *reverse.Submit) { c.App = "app2" }, ledger.QuoteNotFound, nil},
		{"submitted under another key", func(w *world, q *reverse.Quote, c *reverse.Submit) {
			w.must(submission(q, 100, both...))
			c.Request = digest("another")
		}, ledger.RequestIDConflict, nil},
		{"expired", func(w *world, _ *reverse.Quote, _ *reverse.Submit) { w.now += reverse.QuoteFor }, ledger.QuoteExpired, nil},
		{"another store", func(_ *world, _ *reverse.Quote, c *reverse.Submit) { c.Store = "S4" }, ledger.QuoteMismatch, []ledger.Fig{ledger.T("field", "store_id")}},
		{"other sub-orders", func(_ *world, _ *reverse.Quote, c *reverse.Submit) {
			c.Subs = append([]int64{7}, c.Subs...)
		}, ledger.QuoteMismatch, []ledger.Fig{ledger.T("field", "biz_order_ids")}},
		{"no gift card", func(_ *world, _ *reverse.Quote, c *reverse.Submit) { c.GiftCards = nil }, ledger.QuoteMismatch, []ledger.Fig{ledger.T("field", "gift_card_nos")}},
		{"reason unknown", func(_ *world, _ *reverse.Quote, c *reverse.Submit) {
			c.ReasonID = 7
		}, ledger.ReasonUnknown, []ledger.Fig{ledger.T("reason", "7"), ledger.T("allowed", "1001不喜欢、1002商品质量问题、1003缺货、1004送错商品、1005其他")}},
		{"too much", func(_ *world, _ *reverse.Quote, c *reverse.Submit) { c.Amount = 101 }, ledger.OverRefund, []ledger.Fig{ledger.Money("max", 100)}},
		{"nothing", func(_ *world, _ *reverse.Quote, c *reverse.Submit) { c.Amount = 0 }, ledger.RefundAmount, []ledger.Fig{ledger.Money("max", 100)}},
		{"channel not of the order", func(_ *world, _ *reverse.Quote, c *reverse.Submit) {
			c.Channels = append(c.Channels, given("10001", 0))
		}, ledger.ChannelUnknown, []ledger.Fig{ledger.T("channel", "10001")}},
		{"channel nameless", func(_ *world, _ *reverse.Quote, c *reverse.Submit) {
			c.Channels = append(c.Channels, given("", 0))
		}, ledger.ChannelUnknown, []ledger.Fig{ledger.T("channel", "")}},
		{"channel below zero", func(_ *world, _ *reverse.Quote, c *reverse.Submit) {
			c.Channels = []reverse.Given{given("10003", -1), given(reverse.StoredValue, 101)}
		}, ledger.AmountTooLarge, nil},
		{"channel beyond counting", func(_ *world, _ *reverse.Quote, c *reverse.Submit) {
			c.Channels = []reverse.Given{given("10003", math.MaxInt64), given("10003", math.MaxInt64)}
		}, ledger.AmountTooLarge, nil},
		{"channels sum to less", func(_ *world, _ *reverse.Quote, c *reverse.Submit) {
			c.Channels = both[:1]
		}, ledger.ChannelSumMismatch, []ledger.Fig{ledger.Money("sum", 60), ledger.Money("need", 100)}},
		{"channels sum to more", func(_ *world, _ *reverse.Quote, c *reverse.Submit) { c.Amount = 99 }, ledger.ChannelSumMismatch, []ledger.Fig{ledger.Money("sum", 100)}},
		{"above a cell", func(_ *world, _ *reverse.Quote, c *reverse.Submit) {
			c.Channels = []reverse.Given{given(reverse.StoredValue, 59), given("10003", 40), given("10003", 1)}
		}, ledger.ChannelOverCap, []ledger.Fig{ledger.T("channel", "10003"), ledger.Money("max", 40)}},
		{"gift card used", func(w *world, _ *reverse.Quote, _ *reverse.Submit) {
			w.must(&ledger.Spend{Head: ledger.Head{Who: ledger.Who{Card: "C1"}}, Order: "P9", Wants: []ledger.Want{{Family: ledger.Value, Amount: 1}}})
		}, ledger.GiftCardUsed, []ledger.Fig{ledger.T("card", "C1")}},
		{"the ledger has less", func(w *world, _ *reverse.Quote, _ *reverse.Submit) { w.giveBack("P1", ledger.Value, 1) }, ledger.QuoteStale, nil},
		{"another reverse came first", func(w *world, q *reverse.Quote, _ *reverse.Submit) {
			w.must(submission(w.quote("S1", q.Subs...), 1, given("10003", 1)))
		}, ledger.QuoteStale, nil},
	}
	for _, tt := range spoil {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, q := quotedWithCard(t)
			c := submission(q, 100, both...)
			tt.do(w, q, c)
			left := w.left("P1", ledger.Value)
			wantCode(t, w.do(c), tt.code, tt.figs...)
			if w.left("P1", ledger.Value) != left {
				t.Error("a refused submit moved money")
			}
			w.audit()
			switch tt.code {
			case ledger.RequestIDConflict, ledger.QuoteExpired, ledger.GiftCardUsed, ledger.QuoteStale:
			default: // a refusal binds nothing: what was wrong is put right, and the same token commits
				w.must(submission(q, 100, both...))
			}
		})
	}
	t.Run("precedence", func(t *testing.T) {
		t.Parallel()
		names := []string{
			"token unknown", "another store", "other sub-orders", "no gift card", "reason unknown", "too much",
			"channel not of the order", "above a cell", "gift card used", "the ledger has less",
		}
		for from := range names {
			w, q := quotedWithCard(t)
			c := submission(q, 100, both...)
			var want ledger.Code
			for _, name := range slices.Backward(names[from:]) {
				row := spoil[slices.IndexFunc(spoil, func(r refusal) bool { return r.name == name })]
				row.do(w, q, c)
				want = row.code
			}
			wantCode(t, w.do(c), want)
		}
	})
}

// The published sample of document 003: refund_amount 30 with one channel of 20, at a waterfall store.
func TestSubmitSample(t *testing.T) {
	t.Parallel()
	const sub = 5_000_399_193_546_580_981
	w := setup(t)
	w.verify("P1", 3000, 0)
	c := order("S2", "1506864060698825068", 0, amounts{6000}, alipay(3000), value(3000, "P1"))
	c.Subs[0].No = sub
	main := w.must(c).Numbers[0]
	w.must(&ledger.ImportCard{Card: "22076108", Value: 10_000, SoldIn: sub})
	before, _ := w.balances()
	q := w.quoteCards("S2", []string{"22076108"}, sub)

	s := submission(q, 30, reverse.Given{Code: "10001", Name: "支付宝", Amount: 20})
	s.Operator, s.OperatorName, s.Proofs = "123", "门店小二", []string{"url"}
	first := w.must(s)
	r := w.reverses(first)[0]
	id := strconv.FormatInt(r.ID, 10)
	want := &reverse.Reverse{
		ID: r.ID, Main: main, Sub: sub, Store: "S2", Token: q.Token, App: app, Status: reverse.Paying, Amount: 30,
		Channels: []reverse.Channel{
			{Tender: 0, Code: "10001", Name: "支付宝", Amount: 20, Status: reverse.Pending, Payout: id + "-1"},
			{Tender: 1, Code: reverse.StoredValue, Name: "储值", Amount: 10, Status: reverse.Paid, Flow: r.Channels[1].Flow},
		},
		GiftCards: []string{"22076108"}, ReasonID: 1001, Reason: "不喜欢", Operator: "123", OperatorName: "门店小二", OperatorType: 6, Proofs: []string{"url"},
		History: []reverse.Event{
			{At: w.now, Status: reverse.Apply, By: "123", Memo: "不喜欢"},
			{At: w.now, Status: reverse.Agree, By: "123", Memo: "自动同意"},
			{At: w.now, Status: reverse.Paying, By: "123"},
		},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if r.Channels[1].Flow.IsZero() {
		t.Error("no operation gave the stored value back")
	}
	if !cmp.Equal(first.IDs, []string{"1506864060698825068", "1506864060698825068-1"}) {
		t.Errorf("out numbers %v", first.IDs)
	}
	if after, _ := w.balances(); after-before != 10 {
		t.Errorf("%d fen came back, want 10", after-before)
	}
	cards := w.see(func(k *reverse.Keys) { k.Idents[ledger.Ident{Type: ledger.ByCard, Text: "22076108"}] = struct{}{} })
	if a := cards.Accounts[cards.Cards["22076108"]]; !a.Closed || ledger.Sum(a.Balance, ledger.Value) != 0 {
		t.Errorf("gift card %+v", a)
	}

	// Any number of times, whenever: the same answer.
	w.now += 365 * 24 * 60 * minute
	if again := w.must(s); !again.Replayed || !cmp.Equal(again.Numbers, first.Numbers) {
		t.Errorf("again: %+v", again)
	}
	s.Content = digest("other")
	wantCode(t, w.do(s), ledger.RequestIDConflict)
	w.audit()
}

// How channels become amounts of tenders: stored value 60 and cash 30 + 10 of two tenders.
func TestSubmitChannels(t *testing.T) {
	t.Parallel()
	fill := func(code string) reverse.Given { return reverse.Given{Code: code, Fill: true} }
	second := func(n reverse.Amount) reverse.Given { return reverse.Given{Unique: "1003-2", Amount: n} } // the order is the first number issued
	for _, tt := range []struct {
		name     string
		store    string
		amount   reverse.Amount
		channels []reverse.Given
		code     ledger.Code
		want     string // tender:amount
	}{
		{"strict: all", "S1", 100, []reverse.Given{given("10003", 40), given(reverse.StoredValue, 60)}, ledger.OK, "0:60 1:30 2:10"},
		{"strict: part of one", "S1", 25, []reverse.Given{second(25)}, ledger.OK, "1:25"},
		{"strict: part of two of one code", "S1", 35, []reverse.Given{given("10003", 35)}, ledger.ChannelAmbiguous, ""},
		{"strict: part of two, one of them told", "S1", 35, []reverse.Given{second(30), given("10003", 5)}, ledger.OK, "1:30 2:5"},
		{"strict: entries of one code add up", "S1", 40, []reverse.Given{given("10003", 30), given("10003", 10)}, ledger.OK, "1:30 2:10"},
		{"strict: an amount left out is 0", "S1", 60, []reverse.Given{given(reverse.StoredValue, 60), fill("10003")}, ledger.OK, "0:60"},
		{"strict: by name", "S1", 40, []reverse.Given{{Name: "现金", Amount: 40}}, ledger.OK, "1:30 2:10"},
		{"strict: nothing given", "S1", 40, nil, ledger.ChannelSumMismatch, ""},
		{"waterfall: nothing given", "S2", 70, nil, ledger.OK, "0:60 1:10"},
		{"waterfall: the rest in quote order", "S2", 70, []reverse.Given{second(20)}, ledger.OK, "0:50 1:20"},
		{"waterfall: given is exact, 0 too", "S2", 30, []reverse.Given{given(reverse.StoredValue, 0)}, ledger.OK, "1:30"},
		{"waterfall: named without an amount", "S2", 30, []reverse.Given{fill(reverse.StoredValue)}, ledger.OK, "0:30"},
		{"waterfall: given is more", "S2", 30, []reverse.Given{given("10003", 31)}, ledger.ChannelSumMismatch, ""},
		{"waterfall: above a cell", "S2", 90, []reverse.Given{given("10003", 41)}, ledger.ChannelOverCap, ""},
		{"waterfall: the others have less", "S2", 95, []reverse.Given{second(20)}, ledger.ChannelSumMismatch, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.verify("P1", 60, 0)
			subs := w.take(tt.store, "W1", 0, amounts{100}, value(60, "P1"), cash(30), cash(10))
			r := w.do(submission(w.quote(tt.store, subs...), tt.amount, tt.channels...))
			wantCode(t, r, tt.code)
			if tt.code != ledger.OK {
				return
			}
			got := ""
			for _, ch := range w.reverses(r)[0].Channels {
				got += fmt.Sprintf(" %d:%d", ch.Tender, ch.Amount)
			}
			if got != " "+tt.want {
				t.Errorf("channels%s, want %s", got, tt.want)
			}
			w.audit()
		})
	}
}

// Several sub-orders: one reverse each, in request order, of the quote's own cells.
func TestSubmitSeveral(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"S1", "S2"} {
		w := setup(t)
		w.verify("P1", 60, 0)
		subs := w.take(store, "W1", 10, amounts{50, 50, 0}, value(60, "P1"), cash(50))
		w.must(&ledger.ImportCard{Card: "C1", Value: 100, SoldIn: subs[0]})
		w.must(&ledger.ImportCard{Card: "C2", Value: 100, SoldIn: subs[1]})
		q := w.quoteCards(store, []string{"C2", "C1"}, subs...)
		c := submission(q, 109, given(reverse.StoredValue, 60), given("10003", 49))
		wantCode(t, w.do(c), ledger.RefundAmount, ledger.Money("max", 110))
		c = submission(q, 110, given(reverse.StoredValue, 59), given("10003", 51))
		wantCode(t, w.do(c), ledger.ChannelOverCap, ledger.Money("max", 50))

		c = submission(q, 110, given("10003", 50), given(reverse.StoredValue, 60))
		c.Subs = []int64{subs[2], subs[1], subs[0], subs[1]}
		r := w.must(c)
		list := w.reverses(r)
		if !cmp.Equal(r.IDs, []string{"W1", "W1-3", "W1-2", "W1-1"}) || len(list) != 3 {
			t.Fatalf("result %+v", r)
		}
		for i, want := range []struct {
			sub          int64
			amount, post reverse.Amount
			status       reverse.Status
			cards        []string
		}{{subs[2], 10, 10, reverse.Paying, nil}, {subs[1], 50, 0, reverse.Paying, []string{"C2"}}, {subs[0], 50, 0, reverse.Paying, []string{"C1"}}} {
			if r := list[i]; r.Sub != want.sub || r.Amount != want.amount || r.Post != want.post || r.Status != want.status || !cmp.Equal(r.GiftCards, want.cards) {
				t.Errorf("reverse %d: %+v, want %+v", i, r, want)
			}
		}
		if n := w.left("P1", ledger.Value); n != 0 {
			t.Errorf("%d of the spend are left", n)
		}
		w.audit()
	}
}

// A quote can be committed as it is, or as it was asked for: what has nothing left is left out, what costs nothing takes part once.
func TestSubmitAsQuoted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fees   amounts
		first  []int // refunded before, whole
		cards  []int // sub-orders that sell a gift card after that
		asked  []int
		quoted []int
		max    reverse.Amount
	}{
		{"of one", amounts{50, 50}, nil, nil, []int{0}, []int{0}, 50},
		{"free of charge, with another", amounts{1000, 0}, nil, nil, []int{0, 1}, []int{0, 1}, 1000},
		{"free of charge, alone", amounts{1000, 0}, nil, nil, []int{1}, []int{1}, 0},
		{"free of charge, after the others", amounts{1000, 0}, []int{0}, nil, []int{1, 0}, []int{1}, 0},
		{"free of charge, back already", amounts{1000, 0}, []int{1}, nil, []int{1, 0}, []int{0}, 1000},
		{"one refunded before", amounts{1000, 500}, []int{0}, nil, []int{0, 1}, []int{1}, 500},
		{"two of three refunded before", amounts{10, 20, 30}, []int{2, 0}, nil, []int{0, 1, 2}, []int{1}, 20},
		{"refunded before, and a gift card", amounts{50, 50}, []int{0}, []int{0}, []int{0, 1}, []int{0, 1}, 50},
		{"an order for nothing", amounts{0, 0}, nil, nil, []int{0, 1}, []int{0, 1}, 0},
		{"nothing at all", amounts{50, 50}, []int{0}, nil, []int{0}, nil, 0},
	} {
		for _, as := range []string{"quoted", "asked"} {
			t.Run(tt.name+", as "+as, func(t *testing.T) {
				t.Parallel()
				w := setup(t)
				sum := total(tt.fees)
				tenders := []reverse.Tender{cash(sum)}
				if sum == 0 {
					tenders = nil
				}
				subs := w.take("S1", "W1", 0, tt.fees, tenders...)
				of := func(places []int) (list []int64) {
					for _, i := range places {
						list = append(list, subs[i])
					}
					return list
				}
				for _, i := range tt.first {
					w.must(submission(w.quote("S1", subs[i]), tt.fees[i], given("10003", tt.fees[i])))
				}
				for _, i := range tt.cards {
					w.must(&ledger.ImportCard{Card: fmt.Sprint("C", i), Value: 100, SoldIn: subs[i]})
				}
				q := w.quote("S1", of(tt.asked)...)
				if !cmp.Equal(q.Subs, of(tt.quoted)) || q.Max != tt.max || len(q.GiftCards) != len(tt.cards) {
					t.Fatalf("quote %+v", q)
				}
				var channels []reverse.Given
				if tt.max > 0 {
					channels = []reverse.Given{given("10003", tt.max)}
				}
				c := submission(q, tt.max, channels...)
				if as == "asked" {
					c.Subs, c.GiftCards = of(tt.asked), nil
				}
				r := w.do(c)
				if len(tt.quoted) == 0 {
					wantCode(t, r, ledger.OverRefund, ledger.Money("max", 0))
					return
				}
				wantCode(t, r, ledger.OK)
				for _, r := range w.reverses(r) {
					if fee := tt.fees[slices.Index(subs, r.Sub)]; !slices.Contains(tt.first, slices.Index(subs, r.Sub)) && r.Amount != fee || r.Amount == 0 && r.Status != reverse.Success {
						t.Errorf("reverse %+v", r)
					}
				}
				again := w.quote("S1", of(tt.asked)...)
				if len(again.Subs) != 0 {
					t.Errorf("again %+v", again)
				}
				w.audit()
			})
		}
	}
}

// Of two quotes of what costs nothing one is committed.
func TestSubmitFreeTwice(t *testing.T) {
	t.Parallel()
	w := setup(t)
	subs := w.take("S1", "W1", 0, amounts{10, 0}, cash(10))
	a, b := w.quote("S1", subs[1]), w.quote("S1", subs[1])
	w.must(submission(a, 0))
	wantCode(t, w.do(submission(b, 0)), ledger.QuoteStale)
}

// Gift cards sold in what is refunded are cancelled, named or not; one that is used, or sold after the quote, stops the refund.
func TestSubmitCardsNotNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		asked []string
		do    func(w *world, subs []int64)
		give  []string
		code  ledger.Code
	}{
		{"none named", nil, nil, nil, ledger.OK},
		{"none named, submitted as quoted", nil, nil, []string{"C1", "C2"}, ledger.OK},
		{"one named", []string{"C2"}, nil, []string{"C2"}, ledger.OK},
		{"one named, another submitted", []string{"C2"}, nil, []string{"C1"}, ledger.QuoteMismatch},
		{"used since", nil, func(w *world, _ []int64) {
			w.must(&ledger.Spend{Head: ledger.Head{Who: ledger.Who{Card: "C1"}}, Order: "P9", Wants: []ledger.Want{{Family: ledger.Value, Amount: 1}}})
		}, nil, ledger.GiftCardUsed},
		{"sold since", nil, func(w *world, subs []int64) {
			w.must(&ledger.ImportCard{Card: "C4", Value: 100, SoldIn: subs[0]})
		}, nil, ledger.QuoteStale},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			subs := w.take("S1", "W1", 0, amounts{200, 100}, cash(300))
			for i, sub := range []int64{subs[0], subs[0], subs[1]} {
				w.must(&ledger.ImportCard{Card: fmt.Sprint("C", i+1), Value: 100, SoldIn: sub, Member: map[bool]string{true: member}[i == 1]})
			}
			q := w.quoteCards("S1", tt.asked, subs[0])
			if !cmp.Equal(q.GiftCards, []string{"C1", "C2"}) {
				t.Fatalf("quoted %q", q.GiftCards)
			}
			if tt.do != nil {
				tt.do(w, subs)
			}
			c := submission(q, 200, given("10003", 200))
			c.GiftCards = tt.give
			wantCode(t, w.do(c), tt.code)
			s := w.see(func(k *reverse.Keys) {
				for _, card := range []string{"C1", "C2", "C3"} {
					k.Idents[ledger.Ident{Type: ledger.ByCard, Text: card}] = struct{}{}
				}
			})
			for card, sold := range map[string]bool{"C1": true, "C2": true, "C3": false} {
				if a := s.Accounts[s.Cards[card]]; a.Closed != (sold && tt.code == ledger.OK) {
					t.Errorf("card %s: %+v", card, a)
				}
			}
			w.audit()
		})
	}
}

// Two members' stored value, and two bank cards: each gets back its own.
func TestSubmitTendersOfOneCode(t *testing.T) {
	t.Parallel()
	const amount = 10
	second := reverse.Given{Unique: "2", Amount: amount}
	for _, tt := range []struct {
		name    string
		tenders func(w *world) []reverse.Tender
		given   reverse.Given // Unique: the place of a tender
		code    ledger.Code
		want    int // tender
	}{
		{"members by unique_id", twoMembers, second, ledger.OK, 1},
		{"members by unique_id and code", twoMembers, reverse.Given{Unique: "2", Code: reverse.StoredValue, Amount: amount}, ledger.OK, 1},
		{"unique_id of another code", twoMembers, reverse.Given{Unique: "2", Code: "10003", Amount: amount}, ledger.ChannelUnknown, 0},
		{"unique_id of nothing", twoMembers, reverse.Given{Unique: "9", Amount: amount}, ledger.ChannelUnknown, 0},
		{"members by name", twoMembers, reverse.Given{Code: reverse.StoredValue, Name: "李四", Amount: amount}, ledger.OK, 1},
		{"members by name alone", twoMembers, reverse.Given{Name: "李四", Amount: amount}, ledger.OK, 1},
		{"members by another name", twoMembers, reverse.Given{Code: reverse.StoredValue, Name: "储值", Amount: amount}, ledger.ChannelAmbiguous, 0},
		{"members by code", twoMembers, reverse.Given{Code: reverse.StoredValue, Amount: amount}, ledger.ChannelAmbiguous, 0},
		{"cards by unique_id", twoCards, second, ledger.OK, 1},
		{"cards by name", twoCards, reverse.Given{Code: "10004", Name: "银行卡", Amount: amount}, ledger.ChannelAmbiguous, 0},
		{"cards, all of both", twoCards, reverse.Given{Code: "10004", Amount: 100}, ledger.OK, -1},
		{"cards, more than both", twoCards, reverse.Given{Code: "10004", Amount: 101}, ledger.OverRefund, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			subs := w.take("S1", "W1", 0, amounts{100}, tt.tenders(w)...)
			q := w.quote("S1", subs...)
			g := tt.given
			if g.Unique != "" {
				g.Unique = fmt.Sprint(q.Main, "-", g.Unique)
			}
			r := w.do(submission(q, g.Amount, g))
			if tt.code == ledger.ChannelAmbiguous {
				for i := range 2 {
					if unique := fmt.Sprint(q.Main, "-", i+1); !strings.Contains(r.Desc(), unique) {
						t.Errorf("%s does not name %s", r.Desc(), unique)
					}
				}
			}
			wantCode(t, r, tt.code)
			if tt.code != ledger.OK {
				return
			}
			channels := w.reverses(r)[0].Channels
			if tt.want >= 0 && (len(channels) != 1 || channels[0].Tender != tt.want) || tt.want < 0 && len(channels) != 2 {
				t.Errorf("channels %+v", channels)
			}
			w.audit()
		})
	}
}

func twoMembers(w *world) []reverse.Tender {
	w.verify("P1", 50, 0)
	w.must(&ledger.Spend{Head: of("M2"), Order: "P2", Wants: []ledger.Want{{Family: ledger.Value, Amount: 50}}})
	a, b := value(50, "P1"), value(50, "P2")
	a.Name, b.Name = "张三", "李四"
	return []reverse.Tender{a, b}
}

func twoCards(*world) []reverse.Tender {
	return []reverse.Tender{{Code: "10004", Amount: 50}, {Code: "10004", Amount: 50}}
}

func total(list amounts) (sum reverse.Amount) {
	for _, n := range list {
		sum += n
	}
	return sum
}

// Member assets alone are paid within the transaction: SUCCESS at once.
func TestSubmitAssetsAlone(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.verify("P1", 60, 500)
	fen, pts := w.balances()
	subs := w.take("S1", "W1", 0, amounts{65}, value(60, "P1"), points(5, 500, "P1"))
	r := w.reverses(w.must(submission(w.quote("S1", subs...), 65, given(reverse.StoredValue, 60), given(reverse.PointTender, 5))))[0]
	if r.Status != reverse.Success || r.Channels[1].Points != 500 || r.Channels[0].Status != reverse.Paid || r.Channels[1].Status != reverse.Paid {
		t.Errorf("reverse %+v", r)
	}
	fen2, pts2 := w.balances()
	if fen2-fen != 60 || pts2-pts != 500 {
		t.Errorf("%d fen and %d points came back", fen2-fen, pts2-pts)
	}
	// The other doors see it: there is one cap.
	wantCode(t, w.giveBack("P1", ledger.Value, 0), ledger.AlreadyReversed)
	wantCode(t, w.giveBack("P1", ledger.Points, 1), ledger.AlreadyReversed)
	w.audit()
}

// Postage is refunded with the last sub-order, goods first; what was left of it waits for the next quote.
func TestSubmitPostage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	subs := w.take("S1", "W1", 10, amounts{50}, cash(60))
	for i, want := range []struct{ amount, post reverse.Amount }{{45, 0}, {10, 5}, {5, 5}} {
		q := w.quote("S1", subs...)
		if q.PostFee != []reverse.Amount{10, 10, 5}[i] {
			t.Errorf("quote %d: %+v", i, q)
		}
		if r := w.reverses(w.must(submission(q, want.amount, given("10003", want.amount))))[0]; r.Post != want.post || r.Channels[0].Post != want.post {
			t.Errorf("reverse %d: %+v, want %+v", i, r, want)
		}
	}
	w.audit()
}

// What goods have lost since the quote is never made up from postage that the quote did not offer that sub-order.
func TestSubmitPostageIsNoGoods(t *testing.T) {
	t.Parallel()
	w := setup(t)
	subs := w.take("S1", "W1", 10, amounts{50, 50}, cash(110))
	one, both := w.quote("S1", subs[0]), w.quote("S1", subs...)
	w.must(submission(w.quote("S1", subs[0]), 5, given("10003", 5)))
	wantCode(t, w.do(submission(one, 50, given("10003", 50))), ledger.QuoteStale)
	wantCode(t, w.do(submission(both, 110, given("10003", 110))), ledger.QuoteStale)
	w.must(submission(w.quote("S1", subs...), 105, given("10003", 105)))
	w.audit()
}

// A brand's own reasons take the place of the platform's.
func TestReasons(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.brand.Reasons = []ledger.Reason{{ID: 7, Text: "过敏"}}
	subs := w.take("S1", "W1", 0, amounts{50}, cash(50))
	c := submission(w.quote("S1", subs...), 50, given("10003", 50))
	wantCode(t, w.do(c), ledger.ReasonUnknown, ledger.T("allowed", "7过敏"))
	c.ReasonID = 7
	w.must(c)
}

// quotedWithCard is an order of 100, paid by stored value 60 and cash 40, quoted with the gift card it sold.
func quotedWithCard(t *testing.T) (*world, *reverse.Quote) {
	t.Helper()
	w := setup(t)
	w.verify("P1", 60, 0)
	subs := w.take("S1", "W1", 0, amounts{100}, value(60, "P1"), cash(40))
	w.must(&ledger.ImportCard{Card: "C1", Value: 100, SoldIn: subs[0]})
	return w, w.quoteCards("S1", []string{"C1"}, subs...)
}
