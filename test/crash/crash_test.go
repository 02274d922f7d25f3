// Package crash kills a serving process under load, again and again, and audits what is left: every acknowledged operation is there,
// once, and the books agree.
package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"recoup"
	"recoup/internal/audit"
	"recoup/internal/bench"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

const (
	kills   = 10
	callers = 32
	members = 50
)

// ack is a call whose success was heard.
type ack struct {
	request string
	body    string
}

func TestKilledUnderLoad(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "recoup")
	if out, err := exec.Command("go", "build", "-o", binary, "recoup/cmd/recoup").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	dsn := "sqlite:" + filepath.Join(dir, "crash.db")
	prepare(t, dsn)

	var mu sync.Mutex
	var acked []ack
	for round := range kills {
		p := start(t, binary, dsn)
		ctx, stop := context.WithCancel(t.Context())
		heard := make(chan struct{}, 1<<16)
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					request := charge(round, c, i)
					body, _, err := call(ctx, p.url, request)
					if err != nil {
						return // the process is gone
					}
					if !strings.Contains(body, `"biz_success":true`) {
						t.Errorf("round %d: %s", round, body)
						return
					}
					mu.Lock()
					acked = append(acked, ack{request, body})
					mu.Unlock()
					heard <- struct{}{}
				}
			})
		}
		for range 200 + 40*round { // killed at another moment each time, but never before work was done
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
	p := start(t, binary, dsn)
	for _, a := range acked {
		body, replayed, err := call(t.Context(), p.url, a.request)
		if err != nil {
			t.Fatal(err)
		}
		if !replayed || strip(body) != strip(a.body) {
			t.Errorf("%s\nfirst  %s\nagain  %s (replayed: %v)", a.request, a.body, body, replayed)
		}
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the server did not stop cleanly: %v", err)
	}
	auditAll(t, dsn, len(acked))
}

// auditAll verifies the books and compares the charged total with what was acknowledged.
func auditAll(t *testing.T, dsn string, acked int) {
	t.Helper()
	s, err := recoup.OpenStore(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, divergence, err := audit.Verify(t.Context(), s, bench.Brand, nil)
	if err != nil {
		t.Fatal(err)
	}
	if divergence != nil {
		t.Fatalf("the books do not agree: %v", divergence)
	}
	k := reverse.NewKeys()
	for i := range int64(members) {
		k.Idents[ledger.Ident{Type: ledger.ByCustomer, Text: bench.MemberID(i)}] = struct{}{}
	}
	state, err := s.Read(t.Context(), bench.Brand, k, time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	var total ledger.Amount
	for _, a := range state.Accounts {
		total += ledger.Sum(a.Balance, ledger.Value)
	}
	charged := int(total-members*10000) / 1000
	// What was under way at a kill may or may not have been booked; nothing else may differ.
	if charged < acked || charged > acked+kills*callers {
		t.Errorf("%d charges are booked, %d were acknowledged", charged, acked)
	}
	t.Logf("%d acknowledged, %d booked over %d kills", acked, charged, kills)
}

func prepare(t *testing.T, dsn string) {
	t.Helper()
	s, err := recoup.OpenStore(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := bench.Prepare(t.Context(), s, members); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func charge(round, caller, i int) string {
	b, _ := json.Marshal(map[string]any{
		"brand_id": bench.Brand, "shop_id": bench.Shop, "customer_id": bench.MemberID(int64((caller + i) % members)), "operate_type": 1,
		"change_value": 1000, "operator_id": "1", "outer_order_id": fmt.Sprintf("K%d-%d-%d", round, caller, i),
		"request_id": fmt.Sprintf("k%d-%d-%d", round, caller, i),
	})
	return string(b)
}

// process is a serving process.
type process struct {
	cmd *exec.Cmd
	url string
}

func start(t *testing.T, binary, dsn string) *process {
	t.Helper()
	cmd := exec.Command(binary, "serve", "--db", dsn, "--addr", "127.0.0.1:0", "--log-level", "warn")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the server did not start:", err)
	}
	return &process{cmd, strings.Fields(line)[1]}
}

// client does not try again by itself.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}, Timeout: 20 * time.Second}

func call(ctx context.Context, target, request string) (body string, replayed bool, err error) {
	p := top.NewParams("method", "alibaba.alsc.crm.open.recharge.operate", "app_key", bench.App.Key, "v", "2.0", "format", "json",
		"sign_method", top.HMAC, "timestamp", top.FormatTime(time.Now()), "param_recharge_operate_open_req", request)
	p.Set("sign", top.Sign(p, bench.App.Secrets[0], top.HMAC))
	form, err := url.ParseQuery(p.Encode())
	if err != nil {
		return "", false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return "", false, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		return "", false, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return string(b), res.Header.Get("X-Idempotent-Replayed") == "true", err
}

// strip takes the envelope's own request_id off an answer.
func strip(body string) string {
	i := strings.LastIndex(body, `"request_id"`)
	if i < 0 {
		return body
	}
	return body[:i]
}
