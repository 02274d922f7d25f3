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

	r           *http.Request
	dir         *auth.Directory // the same as Dir
	start       time.Time
	batch       bool   // many calls in one request: batch.go
	name        string // the method, once it is found
	format      top.Format
	formatKnown bool
	simplify    bool
	body        body
	slow        bool // the answer waits: too many signatures were wrong
	signed      bool // somebody known signed it

	reply api.Reply
	fault *top.Fault // instead of the reply
	hint  string     // beside the answer, for an integrator: header X-Recoup-Hint
	out   []byte     // the answer
}

func (g *gateway) newCall(r *http.Request) *call {
	c := &call{r: r, start: g.now(), name: "unknown"}
	c.RequestID = top.NewRequestID()
	return c
}

// serveCall answers one call, and serveBatch a batch of them, whatever comes.
func (g *gateway) serveCall(w http.ResponseWriter, r *http.Request) { g.serve(w, g.newCall(r)) }

func (g *gateway) serveBatch(w http.ResponseWriter, r *http.Request) {
	c := g.newCall(r)
	c.batch = true
	g.serve(w, c)
}

func (g *gateway) serve(w http.ResponseWriter, c *call) {
	if len(c.r.TransferEncoding) > 0 && c.r.ProtoMajor == 1 {
		// It may have said a length as well, which net/http has dropped by now: a proxy in between that believed it would take what follows for
		// somebody else's request.
		w.Header().Set("Connection", "close")
	}
	ctx := telemetry.WithRequest(c.r.Context(), c.RequestID)
	buf := buffers.get()
	c.out = buf.b

	g.metrics.InFlight.Inc()
	g.attempt(ctx, c, g.answer)
	if c.slow {
		slowDown(ctx)
	}
	write(w, c)
	g.metrics.InFlight.Dec()
	g.record(ctx, c)

	buffers.put(buf, c.out)
}

// slowdown is how long the answer to one of many wrong signatures waits. It has no place meanwhile.
const slowdown = time.Second

func slowDown(ctx context.Context) {
	wait := time.NewTimer(slowdown)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// attempt makes the answer; a fault that answer returns is written here. A panic below is answered too: it must not cost the other calls
// of the connection.
func (g *gateway) attempt(ctx context.Context, c *call, answer func(context.Context, *call) *top.Fault) {
	defer func() {
		if p := recover(); p != nil {
			g.log.ErrorContext(ctx, "panic", slog.String("method", c.name), slog.Any("panic", c.redact(p)), slog.String("stack", string(debug.Stack())))
			c.reply = api.Reply{}
			c.fault = top.Busy("isp.service-error", "服务异常，请用同一请求重试 internal error, send the same request again", 1)
			c.out = top.AppendFault(c.out[:0], c.format, c.fault, c.RequestID)
		}
	}()
	if c.fault = answer(ctx, c); c.fault != nil {
		c.out = top.AppendFault(c.out[:0], c.format, c.fault, c.RequestID)
	}
}

// answer is the way of a request: read, admit, run. The first check that fails answers.
func (g *gateway) answer(ctx context.Context, c *call) *top.Fault {
	defer g.releaseBody(&c.body)
	if fault := g.read(ctx, c); fault != nil {
		return fault
	}

	// A place is taken only now: slow senders hold connections, not places.
	if !g.limit.Enter() {
		return busy()
	}
	defer g.limit.Leave()

	if fault := g.admit(c); fault != nil {
		return fault
	}
	if c.batch {
		return g.runBatch(ctx, c)
	}
	return g.run(ctx, c)
}

// read takes body and parameters in. Even of a broken request what can be read is read, so that the fault comes in the format asked for.
func (g *gateway) read(ctx context.Context, c *call) *top.Fault {
	unread := g.readBody(ctx, c.r, &c.body)
	query, kind := c.r.URL.RawQuery, c.r.Header.Get("Content-Type")
	switch {
	case c.batch:
		kind = "text/plain" // by whatever name: it is signed as it came
	case isJSON(c.body.bytes):
		kind = "application/json" // curl calls it a form
	}
	params, unparsed := top.ReadParams(query[:min(len(query), maxQuery)], kind, c.body.bytes)
	c.Params = params
	c.format, c.formatKnown = top.ParseFormat(params.Get("format"))
	c.simplify = strings.EqualFold(params.Get("simplify"), "true")

	switch {
	case c.r.Method != http.MethodGet && c.r.Method != http.MethodPost:
		return top.HTTPActionNotAllowed()
	case len(query) > maxQuery:
		return queryTooLong()
	case unread != nil:
		return unread
	case unparsed != nil:
		return unparsed
	case !c.batch && params.Body() != nil:
		return bodyNotRead(kind)
	}
	return nil
}

// run does what an admitted call asks for: find the method, check what app and session may do, count, serve.
func (g *gateway) run(ctx context.Context, c *call) *top.Fault {
	if c.Params.Get("target_app_key") != "" {
		return noTargetApp()
	}
	name := c.Params.Get("method")
	if name == "" {
		return top.MissingMethod() // of a batch; a single call heard it before
	}
	method := g.methods.Find(name)
	if method == nil {
		return top.InvalidMethod(name[:min(len(name), maxEcho)])
	}
	c.name = strings.Clone(name) // labels of metrics live long; the parameters' text must not
	if !c.dir.Grants(c.App, name) {
		return notGranted(c.App, name)
	}
	if fault := c.findSession(method.RequiresSession()); fault != nil {
		return fault
	}

	place, wait := g.limit.EnterApp(c.App.Key, c.App.PerSecond, c.App.InFlight, c.start)
	if wait > 0 {
		return top.AppCallLimited(wait)
	}
	defer place.Leave()

	var fault *top.Fault
	if c.reply, fault = method.Serve(ctx, &c.Call); fault != nil {
		return fault
	}
	c.out = top.AppendResponse(c.out, c.format, c.simplify, c.name, c.reply.Value, c.RequestID)
	return nil
}

// timeGet is the one method that a client with a wrong clock or an old session may call, to find out.
const timeGet = "taobao.time.get"

// maxEcho is how much of an unknown method's name is sent back, in bytes.
const maxEcho = 128

// admit finds out who calls and whether they signed it. The order is what the documentation promises; nothing that tells of methods,
// grants or sessions comes before the signature.
func (g *gateway) admit(c *call) *top.Fault {
	p := c.Params
	c.dir = g.auth.Current()
	c.Dir = c.dir

	// The old OAuth mode sends a token over TLS and nothing else: no key, no timestamp, no signature.
	token := p.Get("access_token")
	unsigned := token != "" && p.Get("sign") == ""
	if unsigned {
		if !g.proxies.encrypted(c.r) {
			return hinted(top.InvalidAccessToken(), "access_token只在TLS上有效 access_token works over TLS only")
		}
		if !c.byToken(token) {
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

	if p.Get("method") == "" && !c.batch {
		return top.MissingMethod()
	}

	c.SignedAt = c.start
	if !unsigned {
		if fault := g.checkTime(c); fault != nil {
			return fault
		}
	}

	switch v := p.Get("v"); {
	case v == "":
		return top.MissingVersion()
	case !isVersion(v):
		return top.InvalidVersion()
	case v != "2.0":
		return top.UnsupportedVersion()
	}

	if !c.formatKnown {
		return top.InvalidFormat()
	}

	// Before the signature, which is wrong whenever the encoding is.
	if fault := encoded(p); fault != nil {
		return fault
	}

	if !unsigned {
		switch strings.ToLower(p.Get("sign_method")) {
		case top.MD5, top.HMAC, top.HMACSHA256, "": // none at all is for Verify to judge
		default:
			return hinted(top.InvalidSignature(), hintSignMethod)
		}
		if p.Get("sign") == "" {
			return top.MissingSignature()
		}
		if !g.signedBy(c.App, p) {
			c.slow = g.limit.Wrong(g.proxies.client(c.r), c.App.Key, c.start)
			if p.Get("sign_method") == "" {
				return hinted(top.InvalidSignature(), hintNoSignMethod)
			}
			return top.InvalidSignature()
		}
	}
	c.signed = true
	return single(p)
}

// checkTime takes the timestamp if it is within the window. What passes, but would not elsewhere, is told beside the answer.
func (g *gateway) checkTime(c *call) *top.Fault {
	stamp := c.Params.Get("timestamp")
	if stamp == "" {
		return top.MissingTimestamp()
	}
	at, ok := top.ParseTime(stamp)
	if !ok {
		return hinted(top.InvalidTimestamp(), stampHint(stamp, c.start))
	}
	c.SignedAt = at
	off := at.Sub(c.start)
	switch {
	case off.Abs() > g.window && c.Params.Get("method") != timeGet:
		return hinted(top.InvalidTimestamp(), clockHint(stamp, off, c.start))
	case off.Abs() > DefaultWindow:
		c.hint = hintPassed + clockHint(stamp, off, c.start)
	}
	return nil
}

// single checks, once they are known to be signed, that no parameter has two values.
func single(p *top.Params) *top.Fault {
	if name := p.Conflict(); name != "" {
		return top.InvalidArgument(name)
	}
	return nil
}

// encoded checks that all parameters are UTF-8.
func encoded(p *top.Params) *top.Fault {
	if name := p.BadEncoding(); name != "" {
		return hinted(top.InvalidEncoding(), notUTF8(name))
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
func (g *gateway) signedBy(app *store.App, p *top.Params) bool {
	for i, secret := range app.Secrets {
		if top.Verify(p, secret, app.Legacy) {
			if i > 0 {
				g.metrics.OldSecret.WithLabelValues(app.Key).Inc()
			}
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

// findSession looks up the session of a call. One that was sent is checked also where none is needed: it limits what the call may do, and
// revoking it must not widen that.
func (c *call) findSession(required bool) *top.Fault {
	if c.Session != nil || c.name == timeGet {
		return nil // the first came as access_token
	}
	token := c.Params.Get("session")
	if token == "" {
		if required {
			return top.MissingSession()
		}
		return nil
	}
	session, expired := c.dir.Session(token, c.start)
	switch {
	case strings.TrimSpace(token) == "":
		return top.InvalidSession("session-is-blank", "SessionKey为空")
	case expired:
		return top.InvalidSession("session-expired", "SessionKey已过期，请重新授权")
	case session == nil:
		return top.InvalidSession("invalid-sessionkey", "SessionKey非法")
	case session.App != c.App.Key:
		return top.InvalidSession("sessionkey-not-generated-by-server", "RealSession don't create by top ! appKey is : "+c.App.Key)
	}
	c.Session = session
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
// it is known to be ours. The calls of a batch are recorded one by one, so the batch itself is only if it fails as a whole.
func (g *gateway) record(ctx context.Context, c *call) {
	if c.batch && c.fault == nil {
		return
	}
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
	if !c.signed {
		g.unsigned(ctx, c, outcome)
		return
	}
	app, code, result := "", 0, c.reply.Code
	if c.App != nil {
		app = c.App.Key
	}
	if c.fault != nil {
		code, result = c.fault.Code, c.fault.SubCode
	}
	attrs := append(c.Subject.Attrs(),
		slog.String("method", c.name), slog.String("app", app), slog.String("from", g.proxies.client(c.r)), slog.Int("code", code), slog.String("result", result),
		slog.Bool("replayed", c.reply.Replayed), slog.Int64("us", took.Microseconds()))
	g.log.LogAttrs(ctx, slog.LevelInfo, "call", attrs...)
}

// unsignedEvery is how often a call is logged that nobody known signed: whoever can reach the port can make as many as they like. All are counted.
const unsignedEvery = time.Second

// unsigned logs one such call a second, with how many there were since the last.
func (g *gateway) unsigned(ctx context.Context, c *call, outcome string) {
	n := g.strangers.Add(1)
	last, now := g.strangerAt.Load(), c.start.UnixNano()
	if now-last < int64(unsignedEvery) && now >= last || !g.strangerAt.CompareAndSwap(last, now) {
		return
	}
	g.strangers.Add(-n)
	app := ""
	if c.App != nil {
		app = c.App.Key
	}
	g.log.LogAttrs(ctx, slog.LevelInfo, "unsigned", slog.String("app", app), slog.String("from", g.proxies.client(c.r)), slog.String("result", outcome),
		slog.Int64("calls", n))
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
