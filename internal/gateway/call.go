package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"recoup/internal/api"
	"recoup/internal/auth"
	"recoup/internal/store"
	"recoup/internal/telemetry"
	"recoup/internal/top"
)

// A call is one request on its way through the gateway.
type call struct {
	api.Call // what the method gets

	dir      *auth.Directory // the same as Dir
	start    time.Time
	name     string // the method, once it is found
	format   top.Format
	simplify bool
	body     body

	reply api.Reply
	fault *top.Fault // instead of the reply
	out   []byte     // the answer
}

// serveCall answers one call, whatever comes.
func (g *gateway) serveCall(w http.ResponseWriter, r *http.Request) {
	c := &call{start: g.now(), name: "unknown"}
	c.RequestID = top.NewRequestID()
	ctx := telemetry.WithRequest(r.Context(), c.RequestID)
	buf := buffers.get()
	c.out = buf.b

	g.metrics.InFlight.Inc()
	g.attempt(ctx, r, c)
	write(w, r, c)
	g.metrics.InFlight.Dec()
	g.record(ctx, c)

	buffers.put(buf, c.out)
}

// attempt makes the answer. A panic below is answered too: it must not cost the other calls of the connection.
func (g *gateway) attempt(ctx context.Context, r *http.Request, c *call) {
	defer func() {
		if p := recover(); p != nil {
			g.log.ErrorContext(ctx, "panic", slog.String("method", c.name), slog.Any("panic", c.redact(p)), slog.String("stack", string(debug.Stack())))
			c.reply = api.Reply{}
			c.fault = top.Busy("isp.service-error", "服务异常，请用同一请求重试 internal error, send the same request again", 1)
			c.out = top.AppendFault(c.out[:0], c.format, c.fault, c.RequestID)
		}
	}()
	c.reply, c.fault = g.answer(ctx, r, c)
	if c.fault != nil {
		c.out = top.AppendFault(c.out, c.format, c.fault, c.RequestID)
		return
	}
	c.out = top.AppendResponse(c.out, c.format, c.simplify, c.name, c.reply.Value, c.RequestID)
}

// answer is the way of a call: read, admit, count, serve. The first check that fails answers.
func (g *gateway) answer(ctx context.Context, r *http.Request, c *call) (api.Reply, *top.Fault) {
	unread := g.readBody(ctx, r, &c.body)
	defer g.releaseBody(&c.body)

	// Even of a broken request what can be read is read, so that the fault comes in the format asked for.
	params, unparsed := top.ReadParams(r.URL.RawQuery, r.Header.Get("Content-Type"), c.body.bytes)
	c.Params = params
	format, known := top.ParseFormat(params.Get("format"))
	c.format = format
	c.simplify = strings.EqualFold(params.Get("simplify"), "true")

	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return api.Reply{}, top.HTTPActionNotAllowed()
	case unread != nil:
		return api.Reply{}, unread
	case unparsed != nil:
		return api.Reply{}, unparsed
	}

	// A place is taken only now: slow senders hold connections, not places.
	if !g.limit.Enter() {
		return api.Reply{}, busy()
	}
	defer g.limit.Leave()

	if fault := g.admit(c, known, r.TLS != nil); fault != nil {
		return api.Reply{}, fault
	}

	name := params.Get("method")
	method := g.methods.Find(name)
	if method == nil {
		return api.Reply{}, top.InvalidMethod(name[:min(len(name), maxEcho)])
	}
	c.name = strings.Clone(name) // labels of metrics live long; the parameters' text must not
	if !c.dir.Grants(c.App, name) {
		return api.Reply{}, notGranted(c.App, name)
	}
	if fault := c.findSession(method.RequiresSession()); fault != nil {
		return api.Reply{}, fault
	}

	place, wait := g.limit.EnterApp(c.App.Key, c.App.PerSecond, c.App.InFlight, c.start)
	if wait > 0 {
		return api.Reply{}, top.AppCallLimited(wait)
	}
	defer place.Leave()

	return method.Serve(ctx, &c.Call)
}

// maxEcho is how much of an unknown method's name is sent back, in bytes.
const maxEcho = 128

// admit finds out who calls and whether they signed it. The order is what the documentation promises; nothing that tells of methods,
// grants or sessions comes before the signature.
func (g *gateway) admit(c *call, formatKnown, encrypted bool) *top.Fault {
	p := c.Params
	c.dir = g.auth.Current()
	c.Dir = c.dir

	// The old OAuth mode sends a token over TLS and nothing else: no key, no timestamp, no signature.
	token := p.Get("access_token")
	unsigned := token != "" && p.Get("sign") == ""
	if unsigned {
		if !encrypted || !c.byToken(token) {
			return top.InvalidAccessToken()
		}
	} else {
		key := p.Get("app_key")
		if key == "" {
			return top.MissingAppKey()
		}
		c.App = c.dir.App(key)
		if c.App == nil || c.App.Disabled {
			return top.InvalidAppKey()
		}
	}

	if p.Get("method") == "" {
		return top.MissingMethod()
	}

	c.SignedAt = c.start
	if !unsigned {
		stamp := p.Get("timestamp")
		if stamp == "" {
			return top.MissingTimestamp()
		}
		at, ok := top.ParseTime(stamp)
		if !ok || c.start.Sub(at).Abs() > g.window {
			return top.InvalidTimestamp()
		}
		c.SignedAt = at
	}

	switch v := p.Get("v"); {
	case v == "":
		return top.MissingVersion()
	case !isVersion(v):
		return top.InvalidVersion()
	case v != "2.0":
		return top.UnsupportedVersion()
	}

	if !formatKnown {
		return top.InvalidFormat()
	}

	if !unsigned {
		switch p.Get("sign_method") {
		case top.MD5, top.HMAC, top.HMACSHA256, "": // none at all is for Verify to judge
		default:
			return top.InvalidSignature()
		}
		if p.Get("sign") == "" {
			return top.MissingSignature()
		}
		if !signedBy(c.App, p) {
			return top.InvalidSignature()
		}
	}

	if name := p.Conflict(); name != "" {
		return top.InvalidArgument(name)
	}
	if p.BadEncoding() != "" {
		return top.InvalidEncoding()
	}
	return nil
}

// byToken finds the app through the session the token names. Only apps switched to it may call this way.
func (c *call) byToken(token string) bool {
	session, _ := c.dir.Session(token, c.start)
	if session == nil {
		return false
	}
	app := c.dir.App(session.App)
	if app == nil || app.Disabled || !app.Legacy {
		return false
	}
	if key := c.Params.Get("app_key"); key != "" && key != app.Key {
		return false
	}
	c.App, c.Session = app, session
	return true
}

// signedBy tries the app's secrets, the newest first: while a secret is being rotated, both are right.
func signedBy(app *store.App, p *top.Params) bool {
	for _, secret := range app.Secrets {
		if top.Verify(p, secret, app.Legacy) {
			return true
		}
	}
	return false
}

// isVersion tells "1.0" and the like from what is no version at all.
func isVersion(s string) bool {
	major, minor, ok := strings.Cut(s, ".")
	return ok && isNumber(major) && isNumber(minor)
}

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// findSession looks up the session of a call. Where the method needs none, one that is not valid counts as not sent.
func (c *call) findSession(required bool) *top.Fault {
	if c.Session != nil {
		return nil // it came as access_token
	}
	token := c.Params.Get("session")
	if token == "" {
		if required {
			return top.MissingSession()
		}
		return nil
	}
	session, expired := c.dir.Session(token, c.start)
	var fault *top.Fault
	switch {
	case strings.TrimSpace(token) == "":
		fault = top.InvalidSession("session-is-blank", "SessionKey为空")
	case expired:
		fault = top.InvalidSession("session-expired", "SessionKey已过期，请重新授权")
	case session == nil:
		fault = top.InvalidSession("invalid-sessionkey", "SessionKey非法")
	case session.App != c.App.Key:
		fault = top.InvalidSession("sessionkey-not-generated-by-server", "RealSession don't create by top ! appKey is : "+c.App.Key)
	default:
		c.Session = session
		return nil
	}
	if required {
		return fault
	}
	return nil
}

func notGranted(app *store.App, method string) *top.Fault {
	if len(app.Methods) == 0 {
		return top.InsufficientPermission("isv.permission-api-package-empty", "应用未获任何接口授权 the app is granted no method")
	}
	return top.InsufficientPermission("isv.permission-api-package-limit", "应用未获接口授权 the app is not granted "+method)
}

func busy() *top.Fault {
	return top.Busy("isp.system-busy", "系统繁忙，请稍后用同一请求重试 busy, send the same request again", 1)
}

// record counts the call and, if anyone listens, logs it. Queries and bodies are never logged; what a caller made up appears only once
// it is known to be ours.
func (g *gateway) record(ctx context.Context, c *call) {
	took := g.now().Sub(c.start)
	outcome := c.reply.Code
	if c.fault != nil {
		outcome = "fault_" + strconv.Itoa(c.fault.Code)
	}
	g.metrics.Calls.WithLabelValues(c.name, outcome).Inc()
	g.metrics.Latency.WithLabelValues(c.name).Observe(took.Seconds())

	if !g.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	app, code, result := "", 0, c.reply.Code
	if c.App != nil {
		app = c.App.Key
	}
	if c.fault != nil {
		code, result = c.fault.Code, c.fault.SubCode
	}
	g.log.LogAttrs(ctx, slog.LevelInfo, "call",
		slog.String("method", c.name), slog.String("app", app), slog.Int("code", code), slog.String("result", result),
		slog.Bool("replayed", c.reply.Replayed), slog.Int64("us", took.Microseconds()))
}

// redact is the text of a panic without what opens doors: session, token, signature and secrets. Mobiles are masked.
func (c *call) redact(panicked any) string {
	text := fmt.Sprint(panicked)
	hide := func(secret string) {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	if c.Params != nil {
		hide(c.Params.Get("session"))
		hide(c.Params.Get("access_token"))
		hide(c.Params.Get("sign"))
	}
	if c.App != nil {
		for _, secret := range c.App.Secrets {
			hide(secret)
		}
	}
	return telemetry.MaskMobiles(text)
}
