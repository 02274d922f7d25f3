package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
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

// add adds what was sent and heard later. Latencies do not add up: they are the last ones.
func (l *Load) add(more Load) {
	l.Calls += more.Calls
	l.Refused += more.Refused
	l.Took += more.Took
	l.P50, l.P99 = more.P50, more.P99
	l.Sample = cmp.Or(l.Sample, more.Sample)
}

// Clients are connections that send calls of one kind, numbered from 0, in one measurement or in several.
type Clients struct {
	conns []*conn
	call  Call
	most  int64
	next  atomic.Int64               // number of the next call
	heard func(n int64, body []byte) // every answer; may be nil
}

// Dial connects. most is how many calls there are.
func (t Target) Dial(ctx context.Context, conns int, c Call, most int64) (*Clients, error) {
	clients := &Clients{call: c, most: most}
	for i := range conns {
		k, err := dial(ctx, t[i%len(t)])
		if err != nil {
			clients.Close()
			return nil, err
		}
		clients.conns = append(clients.conns, k)
	}
	return clients, nil
}

// as sends a session with the calls that want one.
func (c *Clients) as(session string) {
	for _, k := range c.conns {
		k.token = session
	}
}

// Endless is more calls than can be sent.
const Endless = math.MaxInt64

// Close ends the connections.
func (c *Clients) Close() {
	for _, k := range c.conns {
		k.close()
	}
}

// Ended tells whether all calls were sent.
func (c *Clients) Ended() bool { return c.next.Load() >= c.most }

// Closed sends calls for so long, or until there are no more, each connection one call after the other: the most the server takes.
func (c *Clients) Closed(ctx context.Context, d time.Duration) (Load, error) {
	return c.send(ctx, d, 0)
}

// Open sends calls at a fixed rate; latencies count from the moment a call was due, so a stalled server cannot hide its queue.
func (c *Clients) Open(ctx context.Context, d time.Duration, perSecond float64) (Load, error) {
	return c.send(ctx, d, perSecond)
}

func (c *Clients) send(ctx context.Context, d time.Duration, perSecond float64) (Load, error) {
	var (
		calls, refused atomic.Int64
		mu             sync.Mutex
		took           []time.Duration
		sample         string
		failed         error // the first; when a server ends, every connection has one
		wg             sync.WaitGroup
	)
	first, start := c.next.Load(), time.Now()
	end := start.Add(d)
	for _, k := range c.conns {
		wg.Go(func() {
			mine := make([]time.Duration, 0, 4096)
			for ctx.Err() == nil && time.Now().Before(end) { // asked before a number is drawn, so that none is left out
				n := c.next.Add(1) - 1
				if n >= c.most {
					break
				}
				due := time.Now()
				if perSecond > 0 {
					due = start.Add(time.Duration(float64(n-first) / perSecond * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				body, err := k.call(c.call(n))
				if err != nil {
					mu.Lock()
					failed = cmp.Or(failed, err)
					mu.Unlock()
					return
				}
				mine = append(mine, time.Since(due))
				if c.heard != nil {
					c.heard(n, body)
				}
				calls.Add(1)
				if !succeeded(body) {
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
var successes = [][]byte{[]byte(`"biz_success":true`), []byte(`"success":true`), []byte(`"state":true`), []byte(`"time_get_response"`)}

func succeeded(body []byte) bool {
	return slices.ContainsFunc(successes, func(s []byte) bool { return bytes.Contains(body, s) })
}

// conn is one keep-alive connection. It is no HTTP library on purpose: the client shares the machine with the server and must be light.
type conn struct {
	net    net.Conn
	read   *bufio.Reader
	out    []byte
	body   []byte
	token  string // of a session
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
	p := top.NewParams("method", method, "app_key", AppKey, "v", "2.0", "format", "json", "sign_method", top.HMACSHA256,
		"timestamp", k.stamp)
	if param != "" {
		p.Set(param, request)
	}
	if k.token != "" && strings.HasPrefix(method, wdk) {
		p.Set("session", k.token)
	}
	p.Set("sign", top.Sign(p, Secret, top.HMACSHA256))
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
