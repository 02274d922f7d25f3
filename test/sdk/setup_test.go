package sdk

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"recoup"
	"recoup/internal/demo"
	"recoup/internal/pgtemp"
	"recoup/internal/store"
)

// A world is a live demo of its own.
type world struct {
	t     *testing.T
	db    string
	node  *recoup.Node
	addr  string
	tls   *tls.Config // how to call it over TLS; nil: in the open
	close func()
}

// An opener makes a demo world and serves it on a free port until the test ends.
type opener func(t *testing.T, change ...func(*recoup.Options)) *world

// onEach runs a test on every database, side by side: everything here holds on all of them.
func onEach(t *testing.T, test func(t *testing.T, open opener)) {
	t.Helper()
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"sqlite": demoFile, "postgres": demoCopies} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T, change ...func(*recoup.Options)) *world { return openOn(t, database(t), change...) })
		})
	}
}

// demoFile is a file in which the demo world is made already.
func demoFile(t testing.TB) (dsn string) {
	t.Helper()
	files, err := demoFiles()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + filepath.Join(dir, "recoup.db")
}

// demoCopies are databases in which the demo world is made already, and demoFiles are such a file with its log: made once, because
// commits take time.
var (
	demoCopies = pgtemp.Copies(makeDemo)
	demoFiles  = sync.OnceValues(func() (fstest.MapFS, error) {
		dir, err := os.MkdirTemp("", "recoup-sdk-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		if err := makeDemo("sqlite:" + filepath.Join(dir, "recoup.db")); err != nil {
			return nil, err
		}
		files, err := os.ReadDir(dir)
		kept := fstest.MapFS{}
		for _, f := range files {
			data, failed := os.ReadFile(filepath.Join(dir, f.Name()))
			kept[f.Name()] = &fstest.MapFile{Data: data, Mode: 0o600}
			err = errors.Join(err, failed)
		}
		return kept, err
	})
)

func makeDemo(dsn string) error {
	node, err := recoup.Open(context.Background(), recoup.Options{DB: dsn, Demo: true})
	if err != nil {
		return err
	}
	node.Close()
	return nil
}

// openOn serves the demo world of a database, making it if it is not there.
func openOn(t *testing.T, db string, change ...func(*recoup.Options)) *world {
	t.Helper()
	o := recoup.Options{DB: db, Demo: true}
	for _, f := range change {
		f(&o)
	}
	node, err := recoup.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	life, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- node.Serve(life, listener) }()
	w := &world{t: t, db: db, node: node, addr: listener.Addr().String(), close: sync.OnceFunc(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		node.Close()
	})}
	t.Cleanup(w.close)
	return w
}

// in is the same world for a subtest.
func (w *world) in(t *testing.T) *world {
	sub := *w
	sub.t = t
	return &sub
}

// allowLegacy lets the demo app call without sign_method, as the .NET client of 2015 does, or over TLS by an access_token alone.
func (w *world) allowLegacy() {
	w.t.Helper()
	w.changeApp(func(app *store.App) { app.Legacy = true })
}

// changeApp changes the demo app.
func (w *world) changeApp(change func(*store.App)) {
	w.t.Helper()
	snapshot, err := w.node.Store.Snapshot(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, app := range snapshot.Apps {
		if app.Key == demo.AppKey {
			change(app)
			if err := w.node.Store.PutApp(w.t.Context(), app, store.Author{}); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	w.refresh()
}

// refresh makes the node see a changed directory at once.
func (w *world) refresh() {
	w.t.Helper()
	if err := w.node.Auth.Refresh(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// A form is parameters in the order in which they are sent.
type form [][2]string

// with returns the form with a parameter replaced or added.
func (f form) with(name, value string) form {
	f = slices.Clone(f)
	for i := range f {
		if f[i][0] == name {
			f[i][1] = value
			return f
		}
	}
	return append(f, [2]string{name, value})
}

func (f form) without(name string) form {
	return slices.DeleteFunc(slices.Clone(f), func(p [2]string) bool { return p[0] == name })
}

// signed returns the form with its signature by the rule of the platform: all parameters by name, strung together. "" is the oldest
// rule, which has no name.
func (f form) signed(method, secret string) form { return f.signedWith("", method, secret) }

// signedWith is signed with a body behind the parameters, as batches are.
func (f form) signedWith(body, method, secret string) form {
	sorted := slices.Clone(f)
	slices.SortFunc(sorted, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var text strings.Builder
	for _, p := range sorted {
		text.WriteString(p[0] + p[1])
	}
	all := text.String() + body
	var digest hash.Hash
	switch method {
	case "md5":
		digest, all = md5.New(), secret+all+secret
	case "hmac":
		digest = hmac.New(md5.New, []byte(secret))
	case "hmac-sha256":
		digest = hmac.New(sha256.New, []byte(secret))
	case "":
		digest, all = md5.New(), secret+all
	}
	digest.Write([]byte(all))
	return f.with("sign", fmt.Sprintf("%X", digest.Sum(nil)))
}

// encoded writes the form urlencoded, a space as "+".
func (f form) encoded() string {
	parts := make([]string, len(f))
	for i, p := range f {
		parts[i] = url.QueryEscape(p[0]) + "=" + url.QueryEscape(p[1])
	}
	return strings.Join(parts, "&")
}

// clock is the time on the wire.
func clock(at time.Time) string {
	return at.In(time.FixedZone("", 8*60*60)).Format("2006-01-02 15:04:05")
}

// A call is what a client is asked to do.
type call struct {
	method  string
	param   string // the parameter that carries the request; "": none
	request string // its JSON
	session bool
}

func sampleCall(s demo.Sample) call { return call{s.Method, s.Param, s.Request, s.Session} }

// params are the parameters of a call by the demo app, not signed yet.
func (c call) params(format string) form {
	f := form{
		{"method", c.method}, {"app_key", demo.AppKey}, {"timestamp", clock(time.Now())}, {"v", "2.0"}, {"sign_method", "hmac-sha256"},
	}
	if c.session {
		f = append(f, [2]string{"session", demo.Session})
	}
	switch format {
	case "simplified":
		f = append(f, [2]string{"format", "json"}, [2]string{"simplify", "true"})
	default:
		f = append(f, [2]string{"format", format})
	}
	if c.param != "" {
		f = append(f, [2]string{c.param, c.request})
	}
	return f
}

// An answer is what came back.
type answer struct {
	header http.Header
	body   string // unpacked
}

func (a *answer) replayed() bool { return a.header.Get("X-Idempotent-Replayed") == "true" }

// call sends a call signed with HMAC-SHA256 as a POST form.
func (w *world) call(c call, format string) *answer {
	w.t.Helper()
	return w.post(c.params(format).signed("hmac-sha256", demo.Secret))
}

// post sends a form as it is.
func (w *world) post(f form) *answer {
	w.t.Helper()
	return w.send(request("POST", "/router/rest", []string{"Content-Type: application/x-www-form-urlencoded"}, f.encoded()))
}

// request composes the bytes of a request; header lines are written as the client writes them.
func request(verb, target string, header []string, body string) string {
	lines := append([]string{verb + " " + target + " HTTP/1.1", "Host: gw.api.taobao.com"}, header...)
	if verb == "POST" || body != "" {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// send puts a request on a connection of its own and reads the answer, which must be one of the platform: HTTP 200 with a charset,
// compressed only if the client asked.
func (w *world) send(raw string) *answer {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.addr)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.tls != nil {
		conn = tls.Client(conn, w.tls)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	in := bufio.NewReader(conn)
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	write := func(text string) {
		if _, err := io.WriteString(conn, text); err != nil {
			w.t.Fatal(err)
		}
	}
	write(head + "\r\n\r\n")
	if strings.Contains(head, "Expect: 100-continue") {
		const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
		line := make([]byte, len(goOn))
		if _, err := io.ReadFull(in, line); err != nil || string(line) != goOn {
			w.t.Fatalf("before the body: %q, %v", line, err)
		}
	}
	write(body)
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		w.t.Errorf("status %s", r.Status)
	}
	if kind := strings.ToLower(r.Header.Get("Content-Type")); kind != "text/javascript;charset=utf-8" && kind != "text/xml;charset=utf-8" {
		w.t.Errorf("Content-Type %q", kind)
	}
	if r.Header.Get("Content-Encoding") == "gzip" {
		if !strings.Contains(head, "Accept-Encoding: gzip") {
			w.t.Error("compressed unasked")
		}
		z, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			w.t.Fatal(err)
		}
		if text, err = io.ReadAll(z); err != nil {
			w.t.Fatal(err)
		}
	}
	return &answer{r.Header, string(text)}
}

var brands = []string{demo.RefundBrand, demo.PointBrand, demo.MainBrand}

// operations counts what was ever written in the books.
func (w *world) operations() int64 {
	w.t.Helper()
	var n int64
	for _, brand := range brands {
		head, err := w.node.Store.Head(w.t.Context(), brand)
		if err != nil {
			w.t.Fatal(err)
		}
		n += head.Last
	}
	return n
}

// books is the whole state of a world but for its directory: the hash of every chain, then everything the operations lead to.
func (w *world) books() string {
	w.t.Helper()
	ctx, s, sum := w.t.Context(), w.node.Store, sha256.New()
	for _, brand := range brands {
		head, err := s.Head(ctx, brand)
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(sum, "%s %d %x\n", brand, head.Last, head.Hash)
		stream(w.t, sum, s.Accounts(ctx, brand))
		stream(w.t, sum, s.Lots(ctx, brand))
		stream(w.t, sum, s.Holds(ctx, brand))
		stream(w.t, sum, s.Vouchers(ctx, brand))
		stream(w.t, sum, s.Members(ctx, brand))
		stream(w.t, sum, s.WdkOrders(ctx, brand))
		stream(w.t, sum, s.Reverses(ctx, brand))
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func stream[T any](t *testing.T, to io.Writer, rows iter.Seq2[T, error]) {
	t.Helper()
	out := json.NewEncoder(to)
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Encode(row); err != nil {
			t.Fatal(err)
		}
	}
}

// member asks for a member of the main brand: fen on the member card, points that can be spent.
func (w *world) member(id string) (fen, points int64) {
	w.t.Helper()
	a := w.call(call{
		method: "alibaba.alsc.crm.open.customer.get", param: "param_customer_get_open_req",
		request: `{"brand_id":"1332","customer_id":"` + id + `"}`,
	}, "simplified")
	var got struct {
		Result struct {
			Result struct {
				Cards []struct {
					Accounts []struct{ Balance int64 }
				} `json:"card_open_info_list"`
				Points struct {
					Available int64 `json:"available_point"`
				} `json:"point_account_open_info"`
			}
		}
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || len(got.Result.Result.Cards) == 0 {
		w.t.Fatalf("member %s: %v\n%s", id, err, a.body)
	}
	return got.Result.Result.Cards[0].Accounts[0].Balance, got.Result.Result.Points.Available
}
