package reverse_test

import (
	"fmt"
	"strings"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// paying is a reverse of 100 fen over alipay 60 and cash 40 whose payouts are under way.
func paying(w *world) *reverse.Reverse {
	subs := w.take("S1", "W1", 0, amounts{100}, alipay(60), cash(40))
	return w.reverses(w.must(submission(w.quote("S1", subs...), 100, given("10001", 60), given("10003", 40))))[0]
}

// What payouts become, and their reverse with them. Steps are "channel word", words the states; a refusal stands behind a slash.
func TestPayouts(t *testing.T) {
	t.Parallel()
	states := map[string]reverse.PayStatus{"PENDING": reverse.Pending, "PAID": reverse.Paid, "FAILED": reverse.PayFailed, "UNKNOWN": reverse.Unknown}
	for _, tt := range []struct {
		name, steps string
		want        reverse.Status
		left        reverse.Amount // that can be quoted again
	}{
		{"under way", "", reverse.Paying, 0},
		{"paid", "1 PAID, 2 PAID", reverse.Success, 0},
		{"paid twice over", "1 PAID, 1 PAID, 2 PAID, 2 PAID", reverse.Success, 0},
		{"one is paid", "1 PAID", reverse.Paying, 0},
		{"failed", "1 PAID, 2 FAILED", reverse.Failed, 40},
		{"both failed", "1 FAILED, 2 FAILED", reverse.Failed, 100},
		{"unknown keeps its cap", "1 UNKNOWN, 2 FAILED", reverse.Paying, 40},
		{"unknown, then paid", "1 UNKNOWN, 1 PAID, 2 PAID", reverse.Success, 0},
		{"failed, tried again, paid", "1 PAID, 2 FAILED, 2 PENDING, 2 PAID", reverse.Success, 0},
		{"failed, and paid after all", "2 FAILED, 2 PAID, 1 PAID", reverse.Success, 0},
		{"money that is out is out", "1 PAID, 1 FAILED/ILLEGAL_STATE, 1 PENDING/ILLEGAL_STATE, 1 UNKNOWN/ILLEGAL_STATE", reverse.Paying, 0},
		{"no such payout", "3 PAID/PAYOUT_NOT_FOUND", reverse.Paying, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			r := paying(w)
			for step := range strings.SplitSeq(tt.steps, ", ") {
				if step == "" {
					break
				}
				step, code, refused := strings.Cut(step, "/")
				channel, word, _ := strings.Cut(step, " ")
				got := w.do(&reverse.SettlePayout{Payout: fmt.Sprint(r.ID, "-", channel), Status: states[word]})
				if !refused {
					code = "0"
				}
				if got.Code.Word() != code {
					t.Fatalf("%s: %s", step, got.Desc())
				}
			}
			got := w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]
			if got.Status != tt.want {
				t.Errorf("it is %v, want %v", got.Status, tt.want)
			}
			if got.Channels[0].Payout != r.Channels[0].Payout {
				t.Errorf("the payout's id became %s", got.Channels[0].Payout)
			}
			if q := w.quote("S1", r.Sub); q.Max != tt.left {
				t.Errorf("%d can be refunded again, want %d", q.Max, tt.left)
			}
			w.audit()
		})
	}
}

// A payout that failed gave its cap back: whoever took it meanwhile keeps it.
func TestFailedPayoutMustTakeItsCapAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := paying(w)
	failed := &reverse.SettlePayout{Payout: fmt.Sprint(r.ID, "-2"), Status: reverse.PayFailed}
	w.must(failed)
	w.must(submission(w.quote("S1", r.Sub), 15, given("10003", 15)))
	for _, to := range []reverse.PayStatus{reverse.Pending, reverse.Paid, reverse.Unknown} {
		wantCode(t, w.do(&reverse.SettlePayout{Payout: failed.Payout, Status: to}), ledger.ChannelOverCap, ledger.Money("max", 25))
	}
	wantCode(t, w.do(&reverse.ConfirmRefund{Store: "S1", Sub: r.Sub, Channels: []reverse.Confirmed{{Code: "10003", Amount: 40}}}), ledger.ChannelOverCap)
	w.audit()
}

// reverse.refund names channel and amount: it finds the payout, any number of times.
func TestConfirmRefund(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := paying(w)
	confirm := func(channels ...reverse.Confirmed) ledger.Result {
		return w.do(&reverse.ConfirmRefund{Store: "S1", Sub: r.Sub, Channels: channels})
	}
	wantCode(t, confirm(reverse.Confirmed{Code: "10001", Amount: 59}), ledger.PayoutMismatch, ledger.Money("need", 60))
	wantCode(t, confirm(reverse.Confirmed{Code: "10002", Amount: 60}), ledger.ChannelUnknown)
	wantCode(t, confirm(reverse.Confirmed{Code: "10001", Amount: 60}, reverse.Confirmed{Code: "10003", Amount: 1}), ledger.PayoutMismatch)
	if got := w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]; got.Channels[0].Status != reverse.Pending {
		t.Error("a part of it was confirmed")
	}
	for range 2 {
		wantCode(t, confirm(reverse.Confirmed{Code: "10001", Amount: 60}, reverse.Confirmed{Code: "10003", Amount: 40}), ledger.OK)
	}
	if got := w.reverses(ledger.Result{Numbers: []int64{r.ID}})[0]; got.Status != reverse.Success {
		t.Errorf("it is %v", got.Status)
	}
	wantCode(t, w.do(&reverse.ConfirmRefund{Store: "S2", Sub: r.Sub}), ledger.OrderNotFound)
	wantCode(t, w.do(&reverse.ConfirmRefund{Store: "S1", Sub: 1}), ledger.OrderNotFound)
	w.audit()
}

// Two reverses of one sub-order over one channel and amount: each confirmation is one of them.
func TestConfirmRefundOfEqualParts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	subs := w.take("S1", "W1", 0, amounts{100}, alipay(100))
	for range 2 {
		w.must(submission(w.quote("S1", subs...), 50, given("10001", 50)))
	}
	one := reverse.Confirmed{Code: "10001", Amount: 50}
	first := w.must(&reverse.ConfirmRefund{Store: "S1", Sub: subs[0], Channels: []reverse.Confirmed{one}})
	second := w.must(&reverse.ConfirmRefund{Store: "S1", Sub: subs[0], Channels: []reverse.Confirmed{one}})
	if first.Numbers[0] == second.Numbers[0] {
		t.Error("the second confirmed the first's again")
	}
	w.audit()
}
