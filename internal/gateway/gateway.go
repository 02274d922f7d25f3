// Package gateway is the HTTP side of the platform: one address, many methods.
//
// A call comes in at /router/rest in any of the dialects of the platform's clients, or at /router/batch with others. The gateway reads it within bounds, finds out who
// signed it, checks what the app and the session may do, counts it, and hands it to the method of that name; call.go has this way from
// top to bottom. Whatever happens the answer is HTTP 200 with a body in the format that was asked for, and it carries a request_id
// that the logs carry too.
//
// What a method means is not known here: a Catalogue finds it by name. Only taobao.time.get is excepted from two checks.
package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"recoup/internal/api"
	"recoup/internal/auth"
	"recoup/internal/limit"
	"recoup/internal/telemetry"
	"recoup/internal/top"
)

// A Catalogue finds a method by its name; nil if there is none. It is asked only once the signature is right.
type Catalogue interface {
	Find(name string) Method
}

// A Method answers the calls of one name, from many goroutines.
type Method interface {
	// RequiresSession says that a merchant must have authorised the call.
	RequiresSession() bool
	// Serve answers a call, by a reply or by a fault. The parameters' files and body are valid only until it returns.
	Serve(ctx context.Context, c *api.Call) (api.Reply, *top.Fault)
}

// Options make a gateway. Catalogue and Auth must be given; the others have defaults.
type Options struct {
	Catalogue Catalogue
	Auth      *auth.Cache
	Limit     *limit.Limiter                  // default: limit.New with its defaults
	Telemetry *telemetry.Metrics              // default: figures nobody sees
	Now       func() time.Time                // default: time.Now
	Window    time.Duration                   // how far a timestamp may be off, either way; default 10 min
	Proxies   []netip.Prefix                  // whose X-Forwarded-Proto and X-Forwarded-For are believed; default: nobody's
	Ready     func(ctx context.Context) error // nil error: this node can serve; default: always
	Log       *slog.Logger                    // as telemetry.NewLogger makes them; default: none
}

// DefaultWindow is how far the timestamp of a call may be from our clock.
const DefaultWindow = 10 * time.Minute

// gateway holds what all calls share; nothing of it changes.
type gateway struct {
	methods Catalogue
	auth    *auth.Cache
	limit   *limit.Limiter
	metrics *telemetry.Metrics
	now     func() time.Time
	window  time.Duration
	proxies proxies
	ready   func(ctx context.Context) error
	log     *slog.Logger

	strangers  atomic.Int64 // calls that nobody known signed and no line tells of yet
	strangerAt atomic.Int64 // when a line told of them last, nanoseconds since 1970
}

// New serves
//
//	/router/rest      every method, one call a request
//	/router/batch     the same, up to 20 calls a request
//	/top/router/rest  the same as /router/rest, where a Java client that found its host by HTTPDNS asks
//	/livez            200 while the process runs
//	/readyz           200 while it can serve, else 503; the reason is in the log
//
// Calls may have a slash at the end of the path.
func New(o Options) http.Handler {
	g := &gateway{
		methods: o.Catalogue, auth: o.Auth, limit: o.Limit, metrics: o.Telemetry,
		now: o.Now, window: o.Window, proxies: o.Proxies, ready: o.Ready, log: o.Log,
	}
	if g.limit == nil {
		g.limit = limit.New(limit.Options{})
	}
	if g.metrics == nil {
		g.metrics = telemetry.New()
	}
	if g.now == nil {
		g.now = time.Now
	}
	if g.window == 0 {
		g.window = DefaultWindow
	}
	if g.ready == nil {
		g.ready = func(context.Context) error { return nil }
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}

	mux := http.NewServeMux()
	for path, serve := range map[string]http.HandlerFunc{
		"/router/rest": g.serveCall, "/top/router/rest": g.serveCall, "/router/batch": g.serveBatch,
	} {
		mux.HandleFunc(path, serve)
		mux.HandleFunc(path+"/{$}", serve)
	}
	mux.HandleFunc("GET /livez", g.serveLive)
	mux.HandleFunc("GET /readyz", g.serveReady)
	return mux
}

func (g *gateway) serveLive(w http.ResponseWriter, _ *http.Request) {
	writeText(w, http.StatusOK, "ok")
}

// UnreadyError is an error of Options.Ready with a reason that may be told in public.
type UnreadyError struct {
	Reason string // names no host, path or key
	Err    error
}

func (u *UnreadyError) Error() string { return u.Err.Error() }
func (u *UnreadyError) Unwrap() error { return u.Err }

// serveReady keeps errors to itself: the address is public, and they name hosts.
func (g *gateway) serveReady(w http.ResponseWriter, r *http.Request) {
	if err := g.ready(r.Context()); err != nil {
		g.log.WarnContext(r.Context(), "not ready", slog.Any("error", err))
		text := "not ready"
		if u := (*UnreadyError)(nil); errors.As(err, &u) {
			text += ": " + u.Reason
		}
		writeText(w, http.StatusServiceUnavailable, text)
		return
	}
	writeText(w, http.StatusOK, "ok")
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
