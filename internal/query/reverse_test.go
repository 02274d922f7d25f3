package query

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

func wdk() *reverse.State {
	s := reverse.NewState(&ledger.Brand{})
	s.PutOrder(&reverse.Order{
		Main: 1, Out: "out", Subs: []reverse.Sub{{No: 2, Out: "a"}, {No: 3, Out: "b"}},
		Tenders: []reverse.Tender{{Code: "10001"}, {Code: "10002"}}, Gone: []int64{2},
	})
	return s
}

func TestFindReverse(t *testing.T) {
	s := wdk()
	s.Reverses[7] = &reverse.Reverse{ID: 7, Main: 1, Sub: 3, Status: reverse.Paying, History: []reverse.Event{{Status: reverse.Apply}, {Status: reverse.Paying}}}
	r := FindReverse(s, 7)
	if r.Order.Out != "out" || r.Reverse.Sub != 3 || r.Sub.Out != "b" {
		t.Errorf("%+v", r)
	}
	if r.Ended() != nil {
		t.Error("ended while it pays")
	}
	for _, status := range []reverse.Status{reverse.Refused, reverse.Success, reverse.Failed, reverse.Cancel} {
		r.Status = status
		if e := r.Ended(); e != &r.History[1] {
			t.Errorf("%s: %v", status, e)
		}
	}
	if FindReverse(s, 8) != nil {
		t.Error("found what is not there")
	}
	if _, ok := ReverseKeys(7).Reverses[7]; !ok {
		t.Error("keys")
	}
}

func TestFindQuote(t *testing.T) {
	s := wdk()
	s.Quotes["q"] = &reverse.Quote{Token: "q", Main: 1, Subs: []int64{2, 3}, Cells: [][]ledger.Amount{{10, 0}, {5, 1}}}
	paid := func(id, sub int64, status reverse.Status, channels ...reverse.Channel) {
		s.Reverses[id] = &reverse.Reverse{ID: id, Main: 1, Sub: sub, Status: status, Channels: channels}
	}
	paid(1, 2, reverse.Success, reverse.Channel{Tender: 0, Amount: 3, Status: reverse.Paid}, reverse.Channel{Tender: 1, Amount: 4, Status: reverse.PayFailed})
	paid(2, 3, reverse.Apply, reverse.Channel{Tender: 1, Amount: 2})
	paid(3, 3, reverse.Cancel, reverse.Channel{Tender: 1, Amount: 100})
	q := FindQuote(s, "q")
	if diff := cmp.Diff([]ledger.Amount{15, 1}, q.Offered); diff != "" {
		t.Error("offered", diff)
	}
	if diff := cmp.Diff([]ledger.Amount{3, 2}, q.Taken); diff != "" {
		t.Error("taken", diff)
	}
	if q.Gone {
		t.Error("gone, although one sub-order is not")
	}
	s.Quotes["q"].Subs = []int64{2}
	if q = FindQuote(s, "q"); !q.Gone || q.Taken[1] != 0 {
		t.Errorf("one sub-order: %+v", q)
	}
	if FindQuote(s, "x") != nil {
		t.Error("found what is not there")
	}
	if _, ok := QuoteKeys("q").Quotes["q"]; !ok {
		t.Error("keys")
	}
}
