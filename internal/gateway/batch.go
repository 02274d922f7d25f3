package gateway

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"

	"recoup/internal/telemetry"
	"recoup/internal/top"
)

// A batch is many calls in one request. Its query holds what they share and the signature, which covers the body as it came. Its body holds
// the parameters of each call, with a separator between them. The answers come in the same order with the same separator between them.
// Clients tell a fault of the whole batch by counting: there is one answer and no separator.
//
// The calls run one after the other. A till that charges a member and then spends the charge in one batch means it in that order. What it
// saves is the way to the server and back; our own work is short.

const (
	// MaxParts is how many calls a batch may hold.
	MaxParts = 20
	// maxBatchTime is how long a batch begins further calls: all must be answered within the write timeout.
	maxBatchTime = writeTimeout / 2

	defaultSeparator = "\r\n-S-\r\n"
	maxSeparator     = 64 // bytes
	sharedMark       = "#PUBLIC#"
)

// runBatch answers an admitted batch. A fault is one of the whole batch; then none of its calls was begun.
func (g *gateway) runBatch(ctx context.Context, c *call) *top.Fault {
	separator, fault := separatorOf(c.r.Header)
	if fault != nil {
		return fault
	}
	parts, shared, fault := splitBatch(c.Params, separator)
	if fault != nil {
		return fault
	}
	for i, text := range parts {
		if i > 0 {
			c.out = append(c.out, separator...)
		}
		c.out = g.appendPart(ctx, c, c.out, separator, text, shared)
	}
	return nil
}

// appendPart runs one call of a batch, with a request_id, a session check and a unit of flow control of its own.
func (g *gateway) appendPart(ctx context.Context, batch *call, out []byte, separator string, text []byte, shared *top.Params) []byte {
	c := g.newCall(batch.r)
	c.App, c.Session, c.SignedAt, c.Dir, c.dir = batch.App, batch.Session, batch.SignedAt, batch.Dir, batch.dir
	c.format, c.simplify = batch.format, batch.simplify
	buf := buffers.get()
	c.out = buf.b

	c.signed = batch.signed
	ctx = telemetry.WithRequest(ctx, c.RequestID)
	g.attempt(ctx, c, func(ctx context.Context, c *call) *top.Fault {
		if ctx.Err() != nil || c.start.Sub(batch.start) > maxBatchTime {
			return busy()
		}
		var fault *top.Fault
		if c.Params, fault = readPart(text, shared); fault != nil {
			return fault
		}
		if fault := g.run(ctx, c); fault != nil {
			return fault
		}
		if bytes.Contains(c.out, []byte(separator)) {
			return top.Busy("isp.separator-in-answer", "应答含有分隔符，请换一个分隔符重发同一请求 the answer holds the separator; send the same request with another one", 0)
		}
		return nil
	})
	g.record(ctx, c)

	out = append(out, c.out...)
	buffers.put(buf, c.out)
	return out
}

// separatorOf is the separator that the header announces, else the usual one. It must not be what requests and answers are made of anyway.
func separatorOf(h http.Header) (string, *top.Fault) {
	s := h.Get("Top-Api-Separator")
	switch {
	case s == "":
		return defaultSeparator, nil
	case len(s) > maxSeparator,
		strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }),
		strings.ContainsAny(s, `&=+%"\<>{}`),
		!strings.ContainsAny(s, "#$@^|~"):
		return "", top.ParameterError("top-api-separator须为1至64个可见ASCII字符，含#$@^|~之一，不含&=+%\"\\<>{} " +
			"must be 1 to 64 visible ASCII characters, one of #$@^|~ among them and none of &=+%\"\\<>{}")
	}
	return s, nil
}

// splitBatch takes a batch apart: the text of each call, and the parameters that all of them have. Those are what the first segment names,
// and session and target_app_key of the query.
func splitBatch(p *top.Params, separator string) (parts [][]byte, shared *top.Params, fault *top.Fault) {
	parts = bytes.SplitN(p.Body(), []byte(separator), MaxParts+2)
	shared = top.NewParams()
	if text, marked := bytes.CutPrefix(parts[0], []byte(sharedMark)); marked {
		if shared, fault = readPart(text, shared); fault != nil {
			return nil, nil, fault
		}
		parts = parts[1:]
	}
	switch {
	case len(parts) == 0, len(parts) == 1 && len(parts[0]) == 0:
		return nil, nil, top.ParameterError("请求体中没有子请求 the body holds no call")
	case len(parts) > MaxParts:
		return nil, nil, top.ParameterError("子请求过多 too many calls in a batch, at most " + strconv.Itoa(MaxParts))
	}
	for _, name := range []string{"session", "target_app_key"} {
		if value := p.Get(name); value != "" && shared.Get(name) == "" {
			shared.Set(name, value)
		}
	}
	return parts, shared, nil
}

// readPart reads the parameters of one call; the letter N has none of its own. What it does not name it has from the shared ones.
func readPart(text []byte, shared *top.Params) (*top.Params, *top.Fault) {
	if string(text) == "N" {
		text = nil
	}
	p, fault := top.ReadParams("", "", text)
	if fault == nil {
		fault = cmp.Or(single(p), encoded(p))
	}
	for name, value := range shared.All() {
		if _, own := p.Lookup(name); !own {
			p.Set(name, value)
		}
	}
	return p, fault
}
