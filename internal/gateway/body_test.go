package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"recoup/internal/gateway"
	"recoup/internal/limit"
)

// sized is a good call whose form is n bytes long.
func sized(n int) string {
	p := request("alibaba.test.echo", "text", "")
	for {
		missing := n - len(p.sign(secret).encode())
		if missing == 0 {
			return p.sign(secret).encode()
		}
		p = p.set("text", p.get("text")+strings.Repeat("x", missing))
	}
}

func post(body io.Reader) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/router/rest", body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

const tooLarge = `{"error_response":{"code":43,"msg":"Parameter Error","sub_msg":"请求体过大 the body is too large, at most 1048576 bytes","request_id":"ID"}}`

func TestBodySize(t *testing.T) {
	b := setup(t)
	for _, n := range []int{300, 4 << 10, 4<<10 + 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 100_000, gateway.MaxBody - 1, gateway.MaxBody} {
		text := sized(n)
		for name, r := range map[string]*http.Request{
			"length known":     post(strings.NewReader(text)),
			"length unknown":   post(io.MultiReader(strings.NewReader(text))),
			"in small pieces":  post(iotest.HalfReader(strings.NewReader(text))),
			"end comes beside": post(iotest.DataErrReader(strings.NewReader(text))),
		} {
			if w := b.do(t, r); code(w) != "" {
				t.Errorf("%d bytes, %s: %.200s", n, name, w.Body)
			}
		}
	}
	for _, n := range []int{gateway.MaxBody + 1, 3 << 20, 20 << 20} {
		text := sized(n)
		want(t, b.do(t, post(strings.NewReader(text))), tooLarge)
		want(t, b.do(t, post(io.MultiReader(strings.NewReader(text)))), tooLarge)
	}
	// A length that is a lie does no harm.
	r := post(strings.NewReader(sized(300)))
	r.ContentLength = gateway.MaxBody
	if w := b.do(t, r); code(w) != "" {
		t.Error(w.Body)
	}
}

// Large bodies share slots; small ones pass by.
func TestLargeBodies(t *testing.T) {
	b := setup(t, withLimit(limit.Options{Large: 1, LargeWait: time.Millisecond}))
	large := request("alibaba.test.block", "text", strings.Repeat("x", 100_000)).sign(secret)
	first := make(chan string)
	go func() { first <- b.send(t, large).Body.String() }()
	<-b.inside
	w := b.send(t, large)
	if code(w) != "15" || !strings.Contains(w.Body.String(), `"isp.system-busy"`) || w.Header().Get("Retry-After") != "1" {
		t.Errorf("second large body: %s", w.Body)
	}
	if w := b.send(t, request("taobao.time.get").sign(secret)); code(w) != "" {
		t.Errorf("small body: %s", w.Body)
	}
	close(b.block)
	<-first
	if w := b.send(t, large); code(w) != "" {
		t.Errorf("after the first: %s", w.Body)
	}
}

func TestBrokenBody(t *testing.T) {
	text := sized(1000)
	w := setup(t).do(t, post(io.MultiReader(strings.NewReader(text[:500]), iotest.ErrReader(io.ErrUnexpectedEOF))))
	want(t, w, `{"error_response":{"code":43,"msg":"Parameter Error","sub_msg":"请求体不完整 the body is incomplete","request_id":"ID"}}`)
}

// serve listens on a real socket. The server may be changed before it begins.
func (b *bundle) serve(t *testing.T, change ...func(*http.Server)) string {
	t.Helper()
	s := gateway.NewServer("", b)
	for _, f := range change {
		f(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- gateway.Serve(t.Context(), s, l, gateway.Stop{Grace: 5 * time.Second}) }()
	t.Cleanup(func() { // the test's context has ended by now
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // nothing may hang
	return conn.(*net.TCPConn)
}

// receive reads one answer and its body.
func receive(t *testing.T, from *bufio.Reader) (*http.Response, string) {
	t.Helper()
	r, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK || r.Header.Get("X-Request-Id") == "" {
		t.Errorf("answer %v", r)
	}
	return r, strings.Replace(string(text), r.Header.Get("X-Request-Id"), "ID", 1)
}

// A client that writes its whole request before it reads gets its answer also if the request is far too large.
func TestHugeBody(t *testing.T) {
	addr := setup(t).serve(t)
	for _, n := range []int{gateway.MaxBody + 1, 3 << 20} {
		conn := dial(t, addr)
		fmt.Fprintf(conn, "POST /router/rest?format=json HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", n)
		if _, err := io.WriteString(conn, strings.Repeat("a", n)); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if _, text := receive(t, bufio.NewReader(conn)); text != tooLarge {
			t.Errorf("%d bytes: %s", n, text)
		}
	}
	// What is beyond all measure is not waited for.
	conn := dial(t, addr)
	fmt.Fprintf(conn, "POST /router/rest?format=json HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 1<<40, strings.Repeat("a", 65<<10))
	r, text := receive(t, bufio.NewReader(conn))
	if text != tooLarge || !r.Close {
		t.Errorf("a terabyte: %v, %s", r, text)
	}
}

// A request in chunks is answered, and nothing after it on the connection: it may have said a length as well, and what a proxy takes for the next
// request may be a part of it.
func TestLengthAndChunks(t *testing.T) {
	addr := setup(t).serve(t)
	conn := dial(t, addr)
	in := bufio.NewReader(conn)
	body := request("taobao.time.get").sign(secret).encode()
	head := "POST /router/rest HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	chunks := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	smuggled := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
	fmt.Fprintf(conn, "%sContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%s%s", head, chunks, smuggled)
	r, text := receive(t, in)
	if !strings.Contains(text, "time_get_response") || !r.Close {
		t.Errorf("%v %s", r, text)
	}
	if rest, err := io.ReadAll(in); len(rest) > 0 {
		t.Errorf("answered again: %q, %v", rest, err)
	}
}

// A body that does not arrive in time costs its connection, and is told so in the format that could be read.
func TestSlowBody(t *testing.T) {
	addr := setup(t).serve(t, func(s *http.Server) { s.ReadTimeout = 50 * time.Millisecond })
	conn := dial(t, addr)
	text := sized(1000)
	fmt.Fprintf(conn, "POST /router/rest HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n%s", text[:500])
	r, got := receive(t, bufio.NewReader(conn))
	if got != `{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isp.http-read-timeout",`+
		`"sub_msg":"请求体未按时到达 the body did not arrive in time","request_id":"ID"}}` || !r.Close {
		t.Errorf("slow body: %v %s", r, got)
	}

	conn = dial(t, addr)
	fmt.Fprintf(conn, "POST /router/rest?format=json HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n%s", text[:500])
	_ = conn.CloseWrite()
	if _, got := receive(t, bufio.NewReader(conn)); !strings.Contains(got, `"code":43,`) {
		t.Errorf("body cut short: %s", got)
	}
}
