package crash

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"recoup"
	"recoup/internal/audit"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/reverse"
)

const (
	callers = 32
	members = 50
)

// ack is a call whose success was heard.
type ack struct {
	request
	*answer
	moved moved
}

// moved is what a call moves: charges of 10 yuan, and points.
type moved struct{ charges, points int }

// One process, killed again and again in the middle of its work: what it acknowledged is there once, on every database. RECOUP_KILLS says
// how often (default 10).
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	kills := 10
	if text := os.Getenv("RECOUP_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil || kills < 1 {
			t.Fatalf("RECOUP_KILLS=%s: want a number from 1", text)
		}
	}
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "crash.db") },
		"postgres": func(t *testing.T) string { return pgtemp.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			dsn := database(t)
			prepare(t, dsn, members)
			killUnderLoad(t, dsn, kills)
		})
	}
}

func killUnderLoad(t *testing.T, dsn string, kills int) {
	var mu sync.Mutex
	var acked []ack
	for round := range kills {
		p := start(t, dsn)
		ctx, stop := context.WithCancel(t.Context())
		heard := make(chan struct{}, 1<<16)
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					r, m := work(round, c, i)
					a, err := call(ctx, p.url, r, time.Now())
					if err != nil {
						return // the process is gone
					}
					if !a.success {
						t.Errorf("round %d: %s", round, a.body)
						return
					}
					mu.Lock()
					acked = append(acked, ack{r, a, m})
					mu.Unlock()
					heard <- struct{}{}
				}
			})
		}
		for range 200 + 40*(round%10) { // killed at another moment each time, but never before work was done
			<-heard
		}
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.cmd.Wait()
		stop()
		wg.Wait()
	}

	// Every acknowledged call answers as a replay of its first answer: it is there, and it was there once.
	p := start(t, dsn)
	next := make(chan ack)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for first := range next {
				again, err := call(t.Context(), p.url, first.request, time.Now())
				switch {
				case err != nil:
					t.Error(err)
				case !again.replayed || again.same() != first.same():
					t.Errorf("%s\nfirst  %s\nagain  %s (replayed: %v)", first.request.body, first.answer.body, again.body, again.replayed)
				}
			}
		})
	}
	for _, first := range acked {
		next <- first
	}
	close(next)
	wg.Wait()
	_ = p.cmd.Process.Signal(os.Interrupt)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the server did not stop cleanly: %v", err)
	}
	var sum moved
	for _, a := range acked {
		sum.charges += a.moved.charges
		sum.points += a.moved.points
	}
	points := auditAll(t, dsn, sum.charges, kills)
	if most := kills * callers * pointsMost; points < sum.points-most || points > sum.points+most {
		t.Errorf("there are %d points, %d were acknowledged", points, sum.points)
	}
	t.Logf("%d calls acknowledged", len(acked))
}

// auditAll verifies the books and compares the charged total with what was acknowledged. It tells how many points there are.
func auditAll(t *testing.T, dsn string, acked, kills int) (points int) {
	t.Helper()
	s, err := recoup.OpenStore(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, divergence, err := audit.Verify(t.Context(), s, brand, nil)
	if err != nil {
		t.Fatal(err)
	}
	if divergence != nil {
		t.Fatalf("the books do not agree: %v", divergence)
	}
	k := reverse.NewKeys()
	for i := range int64(members) {
		k.Idents[ledger.Ident{Type: ledger.ByCustomer, Text: memberID(i)}] = struct{}{}
	}
	state, err := s.Read(t.Context(), brand, k, time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	var total ledger.Amount
	for _, a := range state.Accounts {
		total += ledger.Sum(a.Balance, ledger.Value)
		points += int(a.Balance[ledger.Point])
	}
	charged := int(total-members*start0) / 1000
	// What was under way at a kill may or may not have been booked; nothing else may differ.
	if charged < acked || charged > acked+kills*callers {
		t.Errorf("%d charges are booked, %d were acknowledged", charged, acked)
	}
	t.Logf("%d acknowledged, %d booked over %d kills", acked, charged, kills)
	return points
}

// pointsMost is the most points that a call of work moves.
const pointsMost = 50

// work is what a till does in turns of six calls, each about the one before it: a charge, points granted, a bill, half of it refunded,
// points spent and given back.
func work(round, caller, i int) (request, moved) {
	number := func(i int) string { return fmt.Sprintf("K%d-%d-%d", round, caller, i) }
	m := map[string]any{"customer_id": memberID(int64((caller + i/6) % members)), "request_id": number(i)}
	point := func(method, param string, points int) request {
		m["biz_channel"], m["change_point"], m["out_biz_id"], m["operator_name"], m["reason"] = "CS/KRY", points, number(i), "1", "1"
		return request{"alibaba.alsc.crm.point." + method, param, text(m)}
	}
	bill := func(action, number string) request {
		delete(m, "customer_id")
		m["action"] = action
		m["order_info"] = map[string]any{"outer_order_id": number, "vip_user_id": memberID(int64((caller + i/6) % members)), "actual_fee": 1000}
		return request{"alibaba.alsc.crm.open.order.backflow", "param_order_backflow_open_req", text(m)}
	}
	switch i % 6 {
	case 1:
		return point("extracharge", "param_extra_charge_point_open_req", pointsMost), moved{points: pointsMost}
	case 2:
		m["payment_info_list"] = []any{map[string]any{"pay_method": "10001", "payment_status": "SUCCESS", "user_pay_amount": 1000}}
		return bill("PAID", number(i)), moved{points: 10}
	case 3:
		m["refund_info_list"] = []any{map[string]any{"refund_status": "SUCCESS", "out_refund_no": number(i), "refund_amount": 500}}
		return bill("REFUND", number(i-1)), moved{points: -5}
	case 4:
		return point("consumepoint", "param_consume_point_open_req", 7), moved{points: -7}
	case 5:
		m["biz_type"], m["reverse_order_id"] = "DEDUCT_FROM_CONSUME_REVERSE", number(i)
		r := point("reversepoint", "param_reverse_consume_point_open_req", 7)
		r.body = strings.Replace(r.body, `"out_biz_id":"`+number(i)+`"`, `"out_biz_id":"`+number(i-1)+`"`, 1)
		return r, moved{points: 7}
	}
	return charge(round, caller, i), moved{charges: 1}
}

func charge(round, caller, i int) request {
	return operate(map[string]any{
		"customer_id": memberID(int64((caller + i) % members)), "operate_type": 1, "change_value": 1000,
		"outer_order_id": fmt.Sprintf("K%d-%d-%d", round, caller, i), "request_id": fmt.Sprintf("k%d-%d-%d", round, caller, i),
	})
}

// process is a serving process.
type process struct {
	cmd *exec.Cmd
	url string
}

func start(t *testing.T, dsn string) *process {
	t.Helper()
	cmd := serving(dsn)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	url, err := listening(out)
	if err != nil {
		t.Fatal("the server did not start:", err)
	}
	return &process{cmd, url}
}
