package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"recoup/internal/gateway"
)

// What is in flight when the server stops is answered; new connections are refused.
func TestGracefulShutdown(t *testing.T) {
	b := setup(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- gateway.Serve(ctx, gateway.NewServer("", b), l, gateway.Stop{Grace: 10 * time.Second}) }()

	conn := dial(t, l.Addr().String())
	fmt.Fprintf(conn, "GET /router/rest?%s HTTP/1.1\r\nHost: x\r\n\r\n", request("alibaba.test.block").sign(secret).encode())
	<-b.inside
	stop()
	for { // until the listener is closed
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		c.Close()
	}
	close(b.block)
	if _, text := receive(t, bufio.NewReader(conn)); text != `{"alibaba_test_block_response":{"request_id":"ID"}}` {
		t.Error(text)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A call that does not end within the grace is cut off, and the server says so.
func TestShutdownCutsOff(t *testing.T) {
	b := setup(t)
	defer close(b.block)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- gateway.Serve(ctx, gateway.NewServer("", b), l, gateway.Stop{Grace: time.Millisecond}) }()
	conn := dial(t, l.Addr().String())
	fmt.Fprintf(conn, "GET /router/rest?%s HTTP/1.1\r\nHost: x\r\n\r\n", request("alibaba.test.block").sign(secret).encode())
	<-b.inside
	stop()
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Serve: %v", err)
	}
}

// At the end /readyz fails first, calls are taken until the wait is over, and a second signal hurries.
func TestDrain(t *testing.T) {
	for _, hurried := range []bool{false, true} {
		t.Run(fmt.Sprint("hurried ", hurried), func(t *testing.T) {
			b := setup(t)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			begun, hurry, done := make(chan struct{}), make(chan struct{}), make(chan error)
			wait := 300 * time.Millisecond
			if hurried {
				wait = time.Hour
			}
			go func() {
				done <- gateway.Serve(ctx, gateway.NewServer("", b), l, gateway.Stop{Begun: func() { close(begun) }, Wait: wait, Grace: time.Minute, Hurry: hurry})
			}()
			call := func() string {
				conn := dial(t, l.Addr().String())
				fmt.Fprintf(conn, "GET /router/rest?%s HTTP/1.1\r\nHost: x\r\n\r\n", request("taobao.time.get").sign(secret).encode())
				_, text := receive(t, bufio.NewReader(conn))
				return text
			}
			stop()
			<-begun
			if text := call(); !strings.Contains(text, "time_get_response") {
				t.Error(text)
			}
			var want error
			if hurried { // there is a call in flight that never ends
				conn := dial(t, l.Addr().String())
				fmt.Fprintf(conn, "GET /router/rest?%s HTTP/1.1\r\nHost: x\r\n\r\n", request("alibaba.test.block").sign(secret).encode())
				<-b.inside
				close(hurry)
				want = context.Canceled
			}
			if err := <-done; !errors.Is(err, want) {
				t.Errorf("Serve: %v, want %v", err, want)
			}
		})
	}
}

func TestServerBounds(t *testing.T) {
	s := gateway.NewServer("127.0.0.1:80", http.NotFoundHandler())
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout <= s.ReadTimeout || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("a bound is missing: %+v", s)
	}
	for _, c := range []struct {
		query  int // bytes
		status int
		says   string
	}{
		{64 << 10, http.StatusOK, "<code>41</code>"}, // is read: a name that long is none
		{64<<10 + 1, http.StatusOK, "<code>43</code>"},
		{200 << 10, http.StatusOK, "at most 65536 bytes"},
		{300 << 10, http.StatusRequestHeaderFieldsTooLarge, ""},
	} {
		conn := dial(t, setup(t).serve(t))
		fmt.Fprintf(conn, "GET /router/rest?%s HTTP/1.1\r\nHost: x\r\n\r\n", strings.Repeat("a", c.query))
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != c.status || !strings.Contains(string(text), c.says) {
			t.Errorf("a query of %d bytes: %v %v %s", c.query, r.Status, err, text)
		}
	}
}

func TestHealth(t *testing.T) {
	var down error
	b := setup(t, func(o *gateway.Options) { o.Ready = func(context.Context) error { return down } })
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		b.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if status, text := get(path); status != http.StatusOK || text != "ok\n" {
			t.Errorf("%s: %d %q", path, status, text)
		}
	}
	down = errors.New("no database at 10.0.0.7")
	if status, text := get("/readyz"); status != http.StatusServiceUnavailable || text != "not ready\n" {
		t.Errorf("/readyz: %d %q", status, text)
	}
	down = fmt.Errorf("store: %w", &gateway.UnreadyError{Reason: "its disk is full", Err: down})
	if status, text := get("/readyz"); status != http.StatusServiceUnavailable || text != "not ready: its disk is full\n" {
		t.Errorf("/readyz: %d %q", status, text)
	}
	down = errors.New("no database at 10.0.0.7")
	if status, _ := get("/livez"); status != http.StatusOK {
		t.Errorf("/livez: %d", status)
	}
	if !strings.Contains(b.log.String(), "10.0.0.7") {
		t.Errorf("the log does not give the reason: %s", b.log)
	}
	for _, path := range []string{"/", "/router/rest/more", "/router", "/metrics"} {
		if status, _ := get(path); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}
