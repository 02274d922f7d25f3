package gateway_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"recoup/internal/api"
	"recoup/internal/auth"
	"recoup/internal/gateway"
	"recoup/internal/ledger"
	"recoup/internal/limit"
	"recoup/internal/store"
	"recoup/internal/telemetry"
	"recoup/internal/top"
)

// The apps and sessions that every test knows.
const (
	appKey     = "12345678" // granted everything
	secret     = "helloworld"
	oldApp     = "23456789" // may call in the ways of old clients
	oldSecret  = "legacy-secret"
	session    = "6100merchantsession1"
	oldSession = "6100merchantsession2"
)

// noon is the time of the tests: 2026-01-01 12:00:00 on the platform.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, top.GMT8)

// A bundle is a gateway with all that a test may turn.
type bundle struct {
	http.Handler
	dir    *directory
	auth   *auth.Cache
	clock  *clock
	log    *syncBuffer
	block  chan struct{} // alibaba.test.block waits for it
	inside chan struct{} // and tells here that it waits
}

func setup(t testing.TB, change ...func(*gateway.Options)) *bundle {
	t.Helper()
	b := &bundle{
		dir: &directory{apps: []*store.App{
			{Key: appKey, Secrets: []string{secret}, Methods: []string{"*"}},
			{Key: oldApp, Secrets: []string{oldSecret}, Methods: []string{"*"}, Legacy: true},
			{Key: "30000001", Secrets: []string{secret}, Methods: []string{"*"}, Disabled: true},
			{Key: "30000002", Secrets: []string{secret}, Methods: []string{"taobao.time.get"}},
			{Key: "30000003", Secrets: []string{secret}},
			{Key: "30000004", Secrets: []string{"new-secret", "old-secret"}, Methods: []string{"*"}},
			{Key: "30000005", Methods: []string{"*"}},
			{Key: "30000006", Secrets: []string{secret}, Methods: []string{"*"}, PerSecond: 2},
			{Key: "30000007", Secrets: []string{secret}, Methods: []string{"*"}, InFlight: 1},
		}, sessions: []*store.Session{
			{Digest: store.TokenDigest(session), App: appKey, Nick: "商家"},
			{Digest: store.TokenDigest(oldSession), App: oldApp, Nick: "老商家"},
			{Digest: store.TokenDigest("6100expired"), App: appKey, Expires: noon.UnixMilli()},
			{Digest: store.TokenDigest("6100lasting"), App: appKey, Nick: "久", Expires: noon.UnixMilli() + 1},
		}},
		clock:  &clock{t: noon},
		log:    new(syncBuffer),
		block:  make(chan struct{}),
		inside: make(chan struct{}, 64),
	}
	var err error
	if b.auth, err = auth.New(t.Context(), b.dir, b.clock.now); err != nil {
		t.Fatal(err)
	}
	o := gateway.Options{
		Catalogue: b, Auth: b.auth, Now: b.clock.now,
		Log: telemetry.NewLogger(b.log, nil),
	}
	for _, f := range change {
		f(&o)
	}
	b.Handler = gateway.New(o)
	return b
}

// withLimit sets bounds.
func withLimit(l limit.Options) func(*gateway.Options) {
	return func(o *gateway.Options) { o.Limit = limit.New(l) }
}

// method is a function that answers calls.
type method struct {
	session bool
	serve   func(context.Context, *api.Call) (api.Reply, *top.Fault)
}

func (m method) RequiresSession() bool { return m.session }

func (m method) Serve(ctx context.Context, c *api.Call) (api.Reply, *top.Fault) {
	return m.serve(ctx, c)
}

// Find is a catalogue of small methods.
func (b *bundle) Find(name string) gateway.Method {
	answer := func(fields ...top.Field) (api.Reply, *top.Fault) {
		return api.Reply{Value: top.Obj(fields...), Code: "0"}, nil
	}
	switch name {
	case "taobao.time.get":
		return method{serve: func(context.Context, *api.Call) (api.Reply, *top.Fault) {
			return answer(top.F("time", top.Str(top.FormatTime(b.clock.now()))))
		}}
	case "alibaba.test.echo":
		return method{serve: func(_ context.Context, c *api.Call) (api.Reply, *top.Fault) {
			file, _ := c.Params.File("file")
			nick := top.Value{}
			if c.Session != nil {
				nick = top.Str(c.Session.Nick)
			}
			return answer(
				top.F("text", top.Str(c.Params.Get("text"))),
				top.F("length", top.Int(int64(len(c.Params.Get("text"))))),
				top.F("file", top.Str(string(file))),
				top.F("signed", top.Str(top.FormatTime(c.SignedAt))),
				top.F("nick", nick),
				top.F("big", top.Int(9007199254740993)),
				top.F("list", top.List("string", top.Str("a"), top.Str("b"))))
		}}
	case "alibaba.test.session":
		return method{session: true, serve: func(_ context.Context, c *api.Call) (api.Reply, *top.Fault) {
			return answer(top.F("nick", top.Str(c.Session.Nick)))
		}}
	case "alibaba.test.large":
		return method{serve: func(context.Context, *api.Call) (api.Reply, *top.Fault) {
			return answer(top.F("text", top.Str(strings.Repeat("一二三四五六七八九十", 100))))
		}}
	case "alibaba.test.again":
		return method{serve: func(context.Context, *api.Call) (api.Reply, *top.Fault) {
			return api.Reply{Value: top.Obj(top.F("result", top.Bool(true))), Code: "0", Replayed: true}, nil
		}}
	case "alibaba.test.fault":
		return method{serve: func(context.Context, *api.Call) (api.Reply, *top.Fault) {
			return api.Reply{}, top.Busy("isp.request-in-progress", "处理中", 2)
		}}
	case "alibaba.test.panic":
		return method{serve: func(_ context.Context, c *api.Call) (api.Reply, *top.Fault) {
			panic("session " + c.Params.Get("session") + " secret " + c.App.Secrets[0] + " mobile 18651822226")
		}}
	case "alibaba.test.scalar":
		return method{serve: func(context.Context, *api.Call) (api.Reply, *top.Fault) {
			return api.Reply{Value: top.Int(1), Replayed: true}, nil // an answer that is no object cannot be written
		}}
	case "alibaba.test.block":
		return method{serve: func(context.Context, *api.Call) (api.Reply, *top.Fault) {
			b.inside <- struct{}{}
			<-b.block
			return answer()
		}}
	}
	return nil
}

// params are a request's parameters in the order sent.
type params [][2]string

// request is a good call of a method, before it is signed.
func request(name string, more ...string) params {
	p := params{
		{"method", name},
		{"app_key", appKey},
		{"timestamp", "2026-01-01 12:00:00"},
		{"v", "2.0"},
		{"format", "json"},
		{"sign_method", "md5"},
	}
	for i := 0; i < len(more); i += 2 {
		p = p.set(more[i], more[i+1])
	}
	return p
}

// set returns the parameters with one changed or added.
func (p params) set(name, value string) params {
	q := slices.Clone(p)
	for i := range q {
		if q[i][0] == name {
			q[i][1] = value
			return q
		}
	}
	return append(q, [2]string{name, value})
}

// without returns the parameters without some.
func (p params) without(names ...string) params {
	return slices.DeleteFunc(slices.Clone(p), func(e [2]string) bool { return slices.Contains(names, e[0]) })
}

// only returns those of the given names.
func (p params) only(names ...string) params {
	return slices.DeleteFunc(slices.Clone(p), func(e [2]string) bool { return !slices.Contains(names, e[0]) })
}

func (p params) get(name string) string {
	for _, e := range p {
		if e[0] == name {
			return e[1]
		}
	}
	return ""
}

// text is what is signed, made here again so that the tests do not ask the code they test.
func (p params) text() string {
	q := slices.Clone(p)
	slices.SortFunc(q, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var b strings.Builder
	for _, e := range q {
		if e[0] != "sign" {
			b.WriteString(e[0] + e[1])
		}
	}
	return b.String()
}

// sign adds the signature by the sign method named in the parameters.
func (p params) sign(secret string) params {
	s := p.text()
	var sum []byte
	switch p.get("sign_method") {
	case "hmac":
		h := hmac.New(md5.New, []byte(secret))
		h.Write([]byte(s))
		sum = h.Sum(nil)
	case "hmac-sha256":
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(s))
		sum = h.Sum(nil)
	default:
		digest := md5.Sum([]byte(secret + s + secret))
		sum = digest[:]
	}
	return p.set("sign", fmt.Sprintf("%X", sum))
}

// encode is urlencoded, blanks as "+".
func (p params) encode() string {
	var parts []string
	for _, e := range p {
		parts = append(parts, url.QueryEscape(e[0])+"="+url.QueryEscape(e[1]))
	}
	return strings.Join(parts, "&")
}

// send posts a form.
func (b *bundle) send(t testing.TB, p params) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/router/rest", strings.NewReader(p.encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	return b.do(t, r)
}

// do serves a request and checks what holds for every answer.
func (b *bundle) do(t testing.TB, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("status %d, want 200 always", w.Code)
	}
	if got, want := w.Header().Get("Content-Length"), fmt.Sprint(w.Body.Len()); got != want {
		t.Errorf("Content-Length %q, want %q", got, want)
	}
	if id := w.Header().Get("X-Request-Id"); !idShape.MatchString(id) {
		t.Errorf("X-Request-Id %q is not of the platform's shape", id)
	}
	return w
}

var idShape = regexp.MustCompile(`^[0-9a-z]{11,13}$`)

// body is the answer with its request_id replaced by ID; it must be the one of the header.
func body(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	id := w.Header().Get("X-Request-Id")
	text := w.Body.String()
	if strings.Count(text, id) != 1 {
		t.Errorf("request_id %s of the header is not in the body %s", id, text)
	}
	return strings.Replace(text, id, "ID", 1)
}

// want compares an answer's body.
func want(t testing.TB, w *httptest.ResponseRecorder, text string) {
	t.Helper()
	if got := body(t, w); got != text {
		t.Errorf("answer\n%s\nwant\n%s", got, text)
	}
}

// code is the number of a fault in JSON, "" if the answer is none.
func code(w *httptest.ResponseRecorder) string {
	rest, ok := strings.CutPrefix(w.Body.String(), `{"error_response":{"code":`)
	if !ok {
		return ""
	}
	n, _, _ := strings.Cut(rest, ",")
	return n
}

// A clock stands until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// A syncBuffer takes log lines from many goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// directory is a store's directory in memory.
type directory struct {
	store.Directory // writing is not asked for

	apps     []*store.App
	sessions []*store.Session
}

func (d *directory) Revision(context.Context) (int64, error) { return 1, nil }

func (d *directory) Snapshot(context.Context) (*store.Snapshot, error) {
	return &store.Snapshot{Revision: 1, Apps: d.apps, Sessions: d.sessions, Brands: []*ledger.Brand{}}, nil
}
