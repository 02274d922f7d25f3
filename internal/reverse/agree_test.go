package reverse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// Who may refund at once, and where.
func TestAutoAgree(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		store    string
		operator int64
		want     reverse.Status
	}{
		{"store clerk", "S1", 6, reverse.Success},
		{"registered type", "S1", 9, reverse.Success},
		{"unknown type", "S1", 1, reverse.Apply},
		{"store clerk where the store approves", "S3", 6, reverse.Apply},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.brand.OperatorTypes = []int64{9}
			w.verify("P1", 60, 0)
			subs := w.take(tt.store, "W1", 0, amounts{60}, value(60, "P1"))
			c := submission(w.quote(tt.store, subs...), 60, given(reverse.StoredValue, 60))
			c.OperatorType = tt.operator
			r := w.reverses(w.must(c))[0]
			left := map[reverse.Status]reverse.Amount{reverse.Apply: 60, reverse.Success: 0}[tt.want]
			if r.Status != tt.want || w.left("P1", ledger.Value) != left {
				t.Errorf("%v, %d left", r.Status, w.left("P1", ledger.Value))
			}
			w.audit()
		})
	}
}

// waiting is a reverse of everything that waits for approval: stored value 60, points 500 for 5, alipay 35, and a gift card.
func waiting(w *world) *reverse.Reverse {
	w.verify("P1", 60, 500)
	subs := w.take("S3", "W1", 0, amounts{100}, value(60, "P1"), points(5, 500, "P1"), alipay(35))
	w.must(&ledger.ImportCard{Card: "C1", Value: 100, SoldIn: subs[0]})
	q := w.quoteCards("S3", []string{"C1"}, subs...)
	return w.reverses(w.must(submission(q, 100, given(reverse.StoredValue, 60), given(reverse.PointTender, 5), given("10001", 35))))[0]
}

func TestAgree(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := waiting(w)
	for _, ch := range r.Channels {
		if ch.Status != reverse.Waiting || ch.Payout != "" || ch.Points != 0 || !ch.Flow.IsZero() {
			t.Errorf("before AGREE: %+v", ch)
		}
	}
	if q := w.quote("S3", r.Sub); q.Max != 0 {
		t.Errorf("what waits is taken: %+v", q)
	}
	c := &reverse.AgreeReverse{Reverse: r.ID}
	c.Operator, c.Reason = "manager", "看过照片"
	w.now += minute
	if got := w.must(c); !cmp.Equal(got.Numbers, []int64{r.ID}) {
		t.Errorf("result %+v", got)
	}
	r = w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]
	if r.Status != reverse.Paying || r.Channels[0].Status != reverse.Paid || r.Channels[1].Points != 500 || r.Channels[2].Payout == "" {
		t.Errorf("after AGREE: %+v", r)
	}
	want := []reverse.Event{
		{At: w.now - minute, Status: reverse.Apply, Memo: "不喜欢"},
		{At: w.now, Status: reverse.Agree, By: "manager", Memo: "看过照片"},
		{At: w.now, Status: reverse.Paying, By: "manager"},
	}
	if diff := cmp.Diff(want, r.History); diff != "" {
		t.Errorf("history: -want +got\n%s", diff)
	}
	if w.left("P1", ledger.Value)+w.left("P1", ledger.Points) != 0 {
		t.Error("AGREE gives everything back")
	}
	wantCode(t, w.do(c), ledger.IllegalState)
	wantCode(t, w.do(&reverse.RefuseReverse{Reverse: r.ID}), ledger.IllegalState)
	wantCode(t, w.do(&reverse.AgreeReverse{Reverse: 7}), ledger.ReverseNotFound, ledger.T("reverse", "7"))
	w.audit()
}

// AGREE decides again: whatever happened since the submit, all is paid or nothing.
func TestAgreeStale(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(w *world)
		code ledger.Code
	}{
		{"value given back", func(w *world) { w.giveBack("P1", ledger.Value, 1) }, ledger.QuoteStale},
		{"points given back", func(w *world) { w.giveBack("P1", ledger.Points, 1) }, ledger.QuoteStale},
		{"card used", func(w *world) {
			w.must(&ledger.Spend{Head: ledger.Head{Who: ledger.Who{Card: "C1"}}, Order: "P2", Wants: []ledger.Want{{Family: ledger.Value, Amount: 1}}})
		}, ledger.GiftCardUsed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			r := waiting(w)
			tt.do(w)
			before, _ := w.balances()
			wantCode(t, w.do(&reverse.AgreeReverse{Reverse: r.ID}), tt.code)
			after, _ := w.balances()
			if got := w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]; before != after || !cmp.Equal(got, r) {
				t.Errorf("something moved: %+v", got)
			}
			w.audit()
		})
	}
}

// REFUSE and CANCEL free what the reverse took.
func TestEndsWithoutMoney(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		end  func(id int64) reverse.Command
		want reverse.Status
	}{
		{func(id int64) reverse.Command {
			return &reverse.RefuseReverse{Head: ledger.Head{Reason: "已食用"}, Reverse: id}
		}, reverse.Refused},
		{func(id int64) reverse.Command {
			return &reverse.CancelReverse{Head: ledger.Head{Reason: "已食用"}, Reverse: id}
		}, reverse.Cancel},
	} {
		w := setup(t)
		r := waiting(w)
		w.must(tt.end(r.ID))
		r = w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]
		if last := r.History[len(r.History)-1]; r.Status != tt.want || last.Status != tt.want || last.Memo != "已食用" {
			t.Errorf("%+v", r)
		}
		if q := w.quote("S3", r.Sub); q.Max != 100 {
			t.Errorf("quote %+v", q)
		}
		wantCode(t, w.do(&reverse.AgreeReverse{Reverse: r.ID}), ledger.IllegalState)
		w.audit()
	}
}
