package reverse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

func TestParseQuantity(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]reverse.Quantity{
		"1": 1000, "0.95": 950, "0.001": 1, "12.5": 12500, "1.000": 1000, "1000000000": 1_000_000_000_000,
		"0": 0, "0.0001": 0, "": 0, ".5": 0, "1.": 0, "-1": 0, "+1": 0, "1e3": 0, "1,5": 0, "１": 0, "1000000000.001": 0, "99999999999999999999": 0,
	} {
		got, ok := reverse.ParseQuantity(text)
		if ok != (want > 0) || ok && got != want {
			t.Errorf("%q is %d, %v", text, got, ok)
		}
		if again, _ := reverse.ParseQuantity(got.String()); ok && again != got {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}

func fetchOf(r *reverse.Reverse, expected, refund reverse.Quantity) *reverse.CreateFetch {
	return &reverse.CreateFetch{
		Store: "S3", Reverse: r.ID, Out: "W1", Lines: []reverse.FetchLine{{Sub: "W1-1", Expected: expected, Refund: refund}},
		Fetch: reverse.Fetch{Type: 1, Content: "c", Buyer: &reverse.Buyer{Name: "张三", Phone: "18888888888", Address: "杭州"}},
	}
}

// What is counted is what is paid for, over the channels in proportion, to the fen; postage stays.
func TestCounted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		refund, counted reverse.Quantity
		want            amounts
	}{
		{"all", 1000, 1000, amounts{61, 30, 19}},
		{"weighed", 1000, 950, amounts{58, 28, 19}},
		{"one of three", 3000, 1000, amounts{23, 12, 8}},
		{"next to nothing", 1_000_000, 1, amounts{5, 3, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.verify("P1", 61, 0)
			subs := w.take("S3", "W1", 10, amounts{100}, value(61, "P1"), alipay(30), cash(19))
			q := w.quote("S3", subs...)
			r := w.reverses(w.must(submission(q, 110, given(reverse.StoredValue, 61), given("10001", 30), given("10003", 19))))[0]
			w.must(fetchOf(r, tt.refund, tt.refund))
			wantCode(t, w.do(&reverse.AgreeReverse{Reverse: r.ID}), ledger.IllegalState)
			wantCode(t, w.do(&reverse.AgreeReverse{Reverse: r.ID, Counted: tt.refund + 1}), ledger.OverCount, ledger.T("max", tt.refund.String()))
			w.must(&reverse.AgreeReverse{Reverse: r.ID, Counted: tt.counted})
			r = w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]
			var got amounts
			sum := reverse.Amount(0)
			for _, ch := range r.Channels {
				got = append(got, ch.Amount)
				sum += ch.Amount
			}
			if goods := ledger.MulDiv(100, reverse.Amount(tt.counted), reverse.Amount(tt.refund)); sum != goods+10 || r.Amount != sum || r.Post != 10 {
				t.Errorf("%d are paid in all of %d and postage", sum, goods)
			}
			if !cmp.Equal(got, tt.want) {
				t.Errorf("%v are paid, want %v", got, tt.want)
			}
			if w.left("P1", ledger.Value) != 61-got[0] {
				t.Errorf("%d of the value is left, %d were paid", w.left("P1", ledger.Value), got[0])
			}
			// What was not counted can be refunded still.
			if q := w.quote("S3", r.Sub); q.Max != 110-sum {
				t.Errorf("%d can be refunded, want %d", q.Max, 110-sum)
			}
			w.audit()
		})
	}
}

func TestCreateFetch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := waiting(w)
	for name, c := range map[string]*reverse.CreateFetch{
		"another order":     {Store: "S3", Reverse: r.ID, Out: "W2", Lines: fetchOf(r, 1, 1).Lines},
		"another sub-order": {Store: "S3", Reverse: r.ID, Out: "W1", Lines: []reverse.FetchLine{{Sub: "W1-2", Expected: 1, Refund: 1}}},
		"none":              {Store: "S3", Reverse: r.ID, Out: "W1"},
	} {
		if got := w.do(c); got.Code != ledger.QuoteMismatch {
			t.Errorf("%s: %s", name, got.Desc())
		}
	}
	wantCode(t, w.do(&reverse.CreateFetch{Store: "S1", Reverse: r.ID, Out: "W1"}), ledger.ReverseNotFound)
	for i := range 2 {
		got := w.must(fetchOf(r, 2000, 1000))
		if !cmp.Equal(got.Numbers, []int64{r.ID}) || got.Replayed != (i == 1) {
			t.Errorf("call %d: %+v", i, got)
		}
	}
	other := fetchOf(r, 2000, 1000)
	other.Fetch.Content = "d"
	wantCode(t, w.do(other), ledger.RequestIDConflict)
	w.must(&reverse.CancelReverse{Reverse: r.ID})
	got := w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]
	if got.Fetch == nil || got.Fetch.Counted != 0 || got.Amount != 100 {
		t.Errorf("%+v", got)
	}
	w.audit()

	// What is paid already is not picked up, and what is not picked up is not counted.
	subs := w.take("S1", "W2", 0, amounts{10}, cash(10))
	done := w.reverses(w.must(submission(w.quote("S1", subs...), 10, given("10003", 10))))[0]
	late := fetchOf(done, 1, 1)
	late.Store, late.Out, late.Lines[0].Sub = "S1", "W2", "W2-1"
	wantCode(t, w.do(late), ledger.IllegalState)
}

// A reverse that nobody approves is cancelled after a week, and its caps are free.
func TestStaleReverse(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := waiting(w)
	sweep := &reverse.CancelReverse{Reverse: r.ID, Stale: true, Head: ledger.Head{Reason: "超过7天未处理"}}
	w.now += 7*24*60*minute - 1
	w.must(sweep)
	if got := w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]; got.Status != reverse.Apply {
		t.Errorf("a moment before: %v", got.Status)
	}
	w.now++
	w.must(sweep)
	w.must(sweep)
	if got := w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]; got.Status != reverse.Cancel || len(got.History) != 2 {
		t.Errorf("%v, %+v", got.Status, got.History)
	}
	w.audit()
}
