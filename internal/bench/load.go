package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"recoup/internal/top"
)

// A Target is where calls go: the addresses of the processes of one server, which share the connections.
type Target []string

// A Call makes the n-th call of a load: its method, the parameter that carries the request, and the request. It may be called from many
// goroutines; n is unique.
type Call func(n int64) (method, param, request string)

// A Load is what one measurement sent and heard.
type Load struct {
	Calls   int64
	Refused int64 // answers that were no success
	Took    time.Duration
	P50     time.Duration
	P99     time.Duration
	Sample  string // the first answer that was no success
}

// PerSecond is the rate of successful calls.
func (l *Load) PerSecond() float64 { return float64(l.Calls-l.Refused) / l.Took.Seconds() }

// Closed sends calls over so many connections for so long, each connection one call after the other: the most the server takes.
func (t Target) Closed(ctx context.Context, conns int, d time.Duration, c Call) (Load, error) {
	return t.load(ctx, conns, d, 0, 1<<62, c)
}

// Count sends exactly so many calls, as fast as the server takes them.
func (t Target) Count(ctx context.Context, conns int, calls int64, c Call) (Load, error) {
	return t.load(ctx, conns, 10*time.Minute, 0, calls, c)
}

// Open sends calls at a fixed rate; latencies count from the moment a call was due, so a stalled server cannot hide its queue.
func (t Target) Open(ctx context.Context, conns int, d time.Duration, perSecond float64, c Call) (Load, error) {
	return t.load(ctx, conns, d, perSecond, 1<<62, c)
}

func (t Target) load(ctx context.Context, conns int, d time.Duration, perSecond float64, most int64, c Call) (Load, error) {
	var (
		next, calls, refused atomic.Int64
		mu                   sync.Mutex
		took                 []time.Duration
		sample               string
		failed               error // the first; when a server ends, every connection has one
		wg                   sync.WaitGroup
	)
	fail := func(err error) {
		mu.Lock()
		failed = cmp.Or(failed, err)
		mu.Unlock()
	}
	start := time.Now()
	end := start.Add(d)
	for i := range conns {
		wg.Go(func() {
			k, err := dial(ctx, t[i%len(t)])
			if err != nil {
				fail(err)
				return
			}
			defer k.close()
			mine := make([]time.Duration, 0, 4096)
			for ctx.Err() == nil {
				n := next.Add(1) - 1
				if n >= most {
					break
				}
				due := time.Now()
				if perSecond > 0 {
					due = start.Add(time.Duration(float64(n) / perSecond * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				if time.Now().After(end) {
					break
				}
				body, err := k.call(c(n))
				if err != nil {
					fail(err)
					return
				}
				mine = append(mine, time.Since(due))
				calls.Add(1)
				if !bytes.Contains(body, success) && !bytes.Contains(body, clockSuccess) {
					refused.Add(1)
					mu.Lock()
					if sample == "" {
						sample = string(body)
					}
					mu.Unlock()
				}
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	l := Load{Calls: calls.Load(), Refused: refused.Load(), Took: time.Since(start), Sample: sample}
	slices.Sort(took)
	if len(took) > 0 {
		l.P50, l.P99 = took[len(took)/2], took[len(took)*99/100]
	}
	return l, cmp.Or(ctx.Err(), failed)
}

// One of these is in every answer that is a success.
var success, clockSuccess = []byte(`"biz_success":true`), []byte(`"time_get_response"`)

// conn is one keep-alive connection. It is no HTTP library on purpose: the client shares the machine with the server and must be light.
type conn struct {
	net    net.Conn
	read   *bufio.Reader
	out    []byte
	body   []byte
	stamp  string // the timestamp parameter of this second
	second int64
}

func dial(ctx context.Context, addr string) (*conn, error) {
	var d net.Dialer
	n, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{net: n, read: bufio.NewReaderSize(n, 8<<10)}, nil
}

func (k *conn) close() { _ = k.net.Close() }

// call sends one signed call and returns the body of its answer, valid until the next call.
func (k *conn) call(method, param, request string) ([]byte, error) {
	now := time.Now()
	if s := now.Unix(); s != k.second {
		k.second, k.stamp = s, top.FormatTime(now)
	}
	p := top.NewParams("method", method, "app_key", App.Key, "v", "2.0", "format", "json", "sign_method", top.HMACSHA256,
		"timestamp", k.stamp)
	if param != "" {
		p.Set(param, request)
	}
	p.Set("sign", top.Sign(p, App.Secrets[0], top.HMACSHA256))
	form := p.Encode()
	k.out = append(k.out[:0], "POST /router/rest HTTP/1.1\r\nHost: recoup\r\nContent-Type: application/x-www-form-urlencoded;charset=utf-8\r\nContent-Length: "...)
	k.out = strconv.AppendInt(k.out, int64(len(form)), 10)
	k.out = append(k.out, "\r\n\r\n"...)
	k.out = append(k.out, form...)
	if _, err := k.net.Write(k.out); err != nil {
		return nil, err
	}
	return k.answer()
}

// answer reads a response with Content-Length, which is what the gateway sends.
func (k *conn) answer() ([]byte, error) {
	length := -1
	for first := true; ; first = false {
		line, err := k.read.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return nil, fmt.Errorf("bench: the server answered %q", line)
		}
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 {
		return nil, errors.New("bench: answer without Content-Length")
	}
	k.body = slices.Grow(k.body[:0], length)[:length]
	_, err := io.ReadFull(k.read, k.body)
	return k.body, err
}
