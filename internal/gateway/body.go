package gateway

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"recoup/internal/top"
)

const (
	// MaxBody is the largest body that is taken, in bytes.
	MaxBody = 1 << 20
	// smallBody is what every call may have. Larger bodies share a few slots, or 256 connections could fill 256 MiB and more.
	smallBody = 64 << 10
	// maxDrain is how much of a body that is too large is read and dropped. A client that writes all before it reads would otherwise
	// see its connection reset instead of the answer.
	maxDrain = 8 << 20
)

// A body is what a request carried. Its bytes are valid until it is released.
type body struct {
	bytes []byte
	small *buffer // where it begins
	large bool    // it holds a slot
	from  string  // whose that is
}

// readBody reads the body of any verb: one client sends GET with a form. Beside a fault bytes holds the beginning.
func (g *gateway) readBody(ctx context.Context, r *http.Request, b *body) *top.Fault {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	from, fault := unzipped(r)
	if fault != nil {
		return fault
	}
	b.small = buffers.get()
	// The length may be a lie, so that it only says how much to expect.
	expect := min(max(r.ContentLength, 0), smallBody) + 1
	var err error
	b.small.b, err = fill(slices.Grow(b.small.b, int(expect)), from, smallBody)
	b.bytes = b.small.b
	if err == nil && len(b.bytes) > smallBody {
		if r.ContentLength > MaxBody {
			return tooLarge(r)
		}
		b.from = g.proxies.client(r)
		if !g.limit.EnterLarge(ctx, b.from) {
			return busy()
		}
		b.large = true
		expect = min(max(r.ContentLength+1, 2*smallBody), MaxBody+1)
		b.bytes, err = fill(slices.Grow(b.bytes, int(expect)-len(b.bytes)), from, MaxBody)
		if err == nil && len(b.bytes) > MaxBody {
			return tooLarge(r)
		}
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return top.Busy("isp.http-read-timeout", "请求体未按时到达 the body did not arrive in time", 1)
	}
	if from != r.Body {
		return top.ParameterError("请求体不完整或gzip有误 the body is incomplete or its gzip is broken")
	}
	return top.ParameterError("请求体不完整 the body is incomplete")
}

// unzipped is the body without its compression: gzip is taken off, any other is refused by name. What comes out is bounded like any body.
func unzipped(r *http.Request) (io.Reader, *top.Fault) {
	switch coding := strings.ToLower(strings.Join(r.Header["Content-Encoding"], ",")); coding {
	case "", "identity":
		return r.Body, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return failing{err}, nil
		}
		return z, nil
	default:
		return nil, encodingNotRead(coding)
	}
}

// failing is a body that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func (g *gateway) releaseBody(b *body) {
	if b.small == nil {
		return
	}
	buffers.put(b.small, b.small.b)
	if b.large {
		g.limit.LeaveLarge(b.from)
	}
	*b = body{}
}

// fill appends to b what r has, to its end or to one byte beyond the limit.
func fill(b []byte, r io.Reader, limit int) ([]byte, error) {
	for len(b) <= limit {
		if len(b) == cap(b) {
			b = slices.Grow(b, min(max(len(b), firstBuffer), limit+1-len(b)))
		}
		n, err := r.Read(b[len(b):min(cap(b), limit+1)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// tooLarge refuses the body, after reading on for a while to be heard.
func tooLarge(r *http.Request) *top.Fault {
	if r.ContentLength <= maxDrain {
		_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
	}
	return top.ParameterError("请求体过大 the body is too large, at most " + strconv.Itoa(MaxBody) + " bytes")
}

// A buffer is what a body is read into or an answer is written in.
type buffer struct{ b []byte }

// buffers keeps the small ones for the next call.
var buffers = pool{sync.Pool{New: func() any { return &buffer{make([]byte, 0, firstBuffer)} }}}

const firstBuffer = 4 << 10

type pool struct{ p sync.Pool }

func (p *pool) get() *buffer { return p.p.Get().(*buffer) }

// put takes back a buffer that may have grown, unless it grew too large to keep.
func (p *pool) put(buf *buffer, grown []byte) {
	if cap(grown) > smallBody+firstBuffer {
		return
	}
	buf.b = grown[:0]
	p.p.Put(buf)
}
