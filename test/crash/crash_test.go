package crash

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
}

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
					r := charge(round, c, i)
					a, err := call(ctx, p.url, r, time.Now())
					if err != nil {
						return // the process is gone
					}
					if !a.success {
						t.Errorf("round %d: %s", round, a.body)
						return
					}
					mu.Lock()
					acked = append(acked, ack{r, a})
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
	auditAll(t, dsn, len(acked), kills)
}

// auditAll verifies the books and compares the charged total with what was acknowledged.
func auditAll(t *testing.T, dsn string, acked, kills int) {
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
	}
	charged := int(total-members*start0) / 1000
	// What was under way at a kill may or may not have been booked; nothing else may differ.
	if charged < acked || charged > acked+kills*callers {
		t.Errorf("%d charges are booked, %d were acknowledged", charged, acked)
	}
	t.Logf("%d acknowledged, %d booked over %d kills", acked, charged, kills)
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
