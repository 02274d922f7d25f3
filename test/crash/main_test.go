// Package crash kills serving processes under load, and the database under them, and audits what is left: every acknowledged operation
// is there, once, and the books agree.
package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"recoup"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/seal"
	"recoup/internal/store"
	"recoup/internal/top"
)

// binary is the program on trial, as it ships.
var binary string

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "recoup-crash-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "recoup")
	if out, err := exec.Command("go", "build", "-o", binary, "recoup/cmd/recoup").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// The brand, its shop, and the app that calls.
const (
	brand, shop    = "9001", "1"
	appKey, secret = "20002000", "crash-secret"
)

// start0 is what everybody has to begin with, in fen.
const start0 = 10_000

// memberID is the customer_id of the i-th member of a brand whose members were made one after the other: each takes two numbers, the
// second for the card.
func memberID(i int64) string { return strconv.FormatInt(1<<32+2*i+1, 10) }

// prepare puts brand, app and members with 100 yuan each into a database.
func prepare(t *testing.T, dsn string, members int64) {
	t.Helper()
	ctx := t.Context()
	s, err := recoup.OpenStore(ctx, dsn)
	if err == nil {
		b := &ledger.Brand{ID: brand, Name: brand, Pepper: "crash", Shops: map[string]*ledger.Shop{shop: {ID: shop}}}
		b.Policy.Earn = ledger.EarnRule{Points: 1, Fen: 100}
		err = s.PutBrand(ctx, b, store.Author{})
	}
	if err == nil {
		err = s.PutApp(ctx, &store.App{Key: appKey, Name: "crash", Secrets: []string{secret}, Methods: []string{"*"}, Brands: []string{brand}}, store.Author{})
	}
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, engine.Options{})
	for i := range members {
		name := fmt.Sprintf("prepare-%d", i)
		head := ledger.Head{App: appKey, Method: "prepare", Signed: time.Now().UnixMilli(), Shop: shop, RequestID: name}
		save, charge := head, head
		save.Who = ledger.Who{Mobile: fmt.Sprintf("138%08d", i)}
		charge.Who = ledger.Who{Customer: memberID(i)}
		for _, c := range []reverse.Command{&ledger.SaveMember{Head: save}, &ledger.Charge{Head: charge, Order: name, Real: start0}} {
			if r, err := e.Submit(ctx, brand, c); err != nil || r.Code != ledger.OK {
				t.Fatalf("%T of member %s: %s, %v", c, memberID(i), r.English(), err)
			}
		}
	}
	e.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// serving is the command line of a serving process on a free port.
func serving(dsn string, more ...string) *exec.Cmd {
	cmd := recoupCommand(append([]string{"serve", "--db", dsn, "--addr", "127.0.0.1:0", "--log-level", "warn"}, more...)...)
	cmd.Env = append(cmd.Env, "RECOUP_KEY="+key) // so that the ends of chains are sealed meanwhile
	return cmd
}

// key is that of all serving processes.
var key = seal.New()

// recoupCommand is a command line without what the machine sets for its own use, which could lead it to another database.
func recoupCommand(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "RECOUP_") || strings.HasPrefix(v, "PG")
	})
	cmd.Env = append(cmd.Env, "RECOUP_OPERATOR=test") // a container names nobody
	return cmd
}

// listening reads where a serving process listens, from its first line.
func listening(out io.Reader) (address string, err error) {
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", err
	}
	words := strings.Fields(line)
	if len(words) != 2 || words[0] != "gateway" {
		return "", fmt.Errorf("the first line is %q", line)
	}
	return words[1], nil
}

// A request is a call as its caller keeps it: sent again, it is the same request.
type request struct {
	method, param, body string
}

func operate(members map[string]any) request {
	return request{"alibaba.alsc.crm.open.recharge.operate", "param_recharge_operate_open_req", text(members)}
}

func refund(members map[string]any) request {
	return request{"alibaba.alsc.crm.open.assert.refund", "param_property_refund_open_req", text(members)}
}

// text writes a request with what is in all of them.
func text(members map[string]any) string {
	members["brand_id"], members["shop_id"], members["operator_id"] = brand, shop, "1"
	b, err := json.Marshal(members)
	if err != nil {
		panic(err) // of words and numbers
	}
	return string(b)
}

// An answer is what a process said.
type answer struct {
	body     string
	replayed bool
	success  bool
	code     string // result_code of a success or a refusal
	sub      string // sub_code of an error_response
}

// same is what of an answer every other to the same request must repeat: all but the envelope's own request_id.
func (a *answer) same() string {
	i := strings.LastIndex(a.body, `"request_id"`)
	if i < 0 {
		return a.body
	}
	return a.body[:i]
}

// client does not try again by itself.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 20 * time.Second}

// call sends a request once, signed at a time.
func call(ctx context.Context, target string, r request, signed time.Time) (*answer, error) {
	p := top.NewParams("method", r.method, "app_key", appKey, "v", "2.0", "format", "json",
		"sign_method", top.HMACSHA256, "timestamp", top.FormatTime(signed), r.param, r.body)
	p.Set("sign", top.Sign(p, secret, top.HMACSHA256))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(p.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	a := &answer{body: string(b), replayed: res.Header.Get("X-Idempotent-Replayed") == "true"}
	var envelope map[string]struct {
		Sub    string `json:"sub_code"`
		Result struct {
			Success bool   `json:"biz_success"`
			Code    string `json:"result_code"`
		} `json:"result"`
	}
	if err := json.Unmarshal(b, &envelope); err != nil || len(envelope) != 1 || res.StatusCode != http.StatusOK {
		return nil, &oddError{res.Status, a.body}
	}
	for _, v := range envelope {
		a.success, a.code, a.sub = v.Result.Success, v.Result.Code, v.Sub
	}
	if _, fault := envelope["error_response"]; fault && a.sub == "" {
		a.sub = "none"
	}
	return a, nil
}

// An oddError is an answer that is none of the platform's: to a client it is worse than no answer.
type oddError struct{ status, body string }

func (e *oddError) Error() string { return "answered " + e.status + ": " + e.body }
