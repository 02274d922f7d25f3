// Package recoup is the whole service as a value: Open gives a Node over a database, its Handler answers the platform's calls.
// The command line, the end-to-end tests and programs that embed Recoup all start here.
package recoup

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"recoup/internal/api"
	"recoup/internal/auth"
	"recoup/internal/clock"
	"recoup/internal/demo"
	"recoup/internal/engine"
	"recoup/internal/gateway"
	"recoup/internal/ledger"
	"recoup/internal/limit"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/telemetry"
	"recoup/internal/top"
)

// Options make a Node. Zero values are the defaults.
type Options struct {
	DB       string          // sqlite:FILE or postgres://USER@HOST/DATABASE; needed unless Store is given
	Store    store.Store     // a store opened elsewhere; the Node does not close it
	BatchMax int             // commands in one transaction; default 256
	Lanes    int             // transactions of one brand worked on at once; default what the database is good for
	QueueMax int             // commands of a brand waiting; default 8192
	InFlight int             // calls at once; default 4096
	Window   time.Duration   // how far a timestamp may be off; default 10 min
	TLSCert  string          // PEM file with the certificate chain; Serve then speaks TLS, and reads the files again when they change
	TLSKey   string          // PEM file with its key; both are given or none
	Proxies  []netip.Prefix  // whose X-Forwarded-Proto and X-Forwarded-For are believed
	Drain    time.Duration   // at the end calls are taken for so long after /readyz fails; default 0
	Hurry    <-chan struct{} // closed: wait for nobody any more at the end; default never
	Demo     bool            // make the demo world if it is not there, and accept its credentials
	Trial    bool            // open a demo database without accepting its credentials
	Now      func() time.Time
	Steady   func() time.Duration // goes on whatever is done to Now, which is watched by it; default the machine's, none with a Now of its own
	Log      *slog.Logger
}

// ErrDemoData refuses to serve a demo database: its secret is printed in the documentation.
var ErrDemoData = errors.New("this database was made by `recoup demo`, whose app secret is public; " +
	"use another database, or pass --allow-demo-data if this is a trial")

// A Node is a running service over one database.
type Node struct {
	Store     store.Store
	Engine    *engine.Engine
	Auth      *auth.Cache
	Catalogue *api.Catalogue
	Metrics   *telemetry.Metrics

	handler  http.Handler
	cert     *gateway.Certificate // nil: Serve speaks plain HTTP
	now      func() time.Time
	clock    *clock.Watch // nil: the clock is not watched
	seals    sealer
	stopping atomic.Bool // /readyz says so
	drain    gateway.Stop
	longLog  bool         // told already
	ahead    atomic.Int64 // the last stamp of all brands, as looked up now and then
	log      *slog.Logger
	stop     context.CancelFunc
	owned    bool // the store is ours to close
	swept    chan struct{}
	kept     chan struct{}
	sealed   chan struct{}
	told     chan struct{}
}

// Open starts a node. Close ends it.
func Open(ctx context.Context, o Options) (*Node, error) {
	n := &Node{Store: o.Store, now: o.Now, log: o.Log, Metrics: telemetry.New(), swept: make(chan struct{}), kept: make(chan struct{}), sealed: make(chan struct{}), told: make(chan struct{})}
	if n.now == nil {
		n.now = time.Now
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	n.drain = gateway.Stop{Wait: o.Drain, Grace: 30 * time.Second, Hurry: o.Hurry, Begun: func() {
		n.stopping.Store(true)
		n.log.Info("stopping", slog.Duration("taking calls for", o.Drain))
	}}
	if o.TLSCert != "" || o.TLSKey != "" {
		var err error
		if n.cert, err = gateway.OpenCertificate(o.TLSCert, o.TLSKey, n.now, n.log); err != nil {
			return nil, err
		}
	}
	if n.Store == nil {
		s, err := OpenStore(ctx, o.DB)
		if err != nil {
			return nil, err
		}
		n.Store, n.owned = s, true
	}
	n.tellSchema(ctx)
	if err := n.world(ctx, o.Demo, o.Trial); err != nil {
		n.closeStore()
		return nil, err
	}
	if err := n.watchClock(ctx, &o); err != nil {
		n.closeStore()
		return nil, err
	}
	n.Engine = engine.New(n.Store, engine.Options{
		BatchMax: o.BatchMax, Lanes: o.Lanes, QueueMax: o.QueueMax, Now: n.now, Log: n.log, Observe: n.observe, Trust: n.trust,
	})
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	n.stop = stop
	var err error
	var directory store.Directory = n.Store
	if !o.Demo {
		directory = withoutDemo{n.Store}
	}
	if n.Auth, err = auth.New(life, directory, n.now); err != nil {
		stop()
		n.closeStore()
		return nil, err
	}
	n.seals.links = map[string]store.Link{}
	if n.Store.Sealing() {
		n.seals.store, _ = n.Store.(sealing)
	}
	n.Catalogue = api.NewCatalogue(&api.Service{Submit: n.submit, Try: n.try, Read: n.Engine.Read, History: n.Store, Digest: n.digest, Now: n.now})
	calls := gateway.New(gateway.Options{
		Catalogue: methods{n.Catalogue}, Auth: n.Auth, Limit: limit.New(limit.Options{InFlight: o.InFlight}), Telemetry: n.Metrics,
		Now: n.now, Window: o.Window, Proxies: o.Proxies, Ready: n.ready, Log: n.log,
	})
	mux := http.NewServeMux()
	mux.Handle("/", calls)
	mux.HandleFunc("GET /{$}", n.overview)
	mux.HandleFunc("GET /console", n.overview)
	mux.HandleFunc("GET /docs", n.overview)
	n.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.stopping.Load() && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close") // clients come again by way of the balancer, before this listener closes
		}
		mux.ServeHTTP(w, r)
	})
	go n.sweep(life)
	go n.keepTime(life)
	go n.keepSeals(life)
	go n.tellDirectory(life)
	return n, nil
}

// world makes the demo world, or makes sure that a demo database is not served.
func (n *Node) world(ctx context.Context, wanted, trial bool) error {
	made, err := demo.Made(ctx, n.Store)
	switch {
	case err != nil:
		return err
	case made && !wanted && !trial:
		return ErrDemoData
	case made || !wanted:
		return nil
	}
	return demo.Make(ctx, n.Store, keyed, n.now())
}

// withoutDemo is a directory that hides the demo's app and session: everybody knows their secrets.
type withoutDemo struct{ store.Directory }

func (d withoutDemo) Snapshot(ctx context.Context) (*store.Snapshot, error) {
	s, err := d.Directory.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	s.Apps = slices.DeleteFunc(s.Apps, func(a *store.App) bool { return slices.Contains(a.Secrets, demo.Secret) })
	s.Sessions = slices.DeleteFunc(s.Sessions, func(t *store.Session) bool { return t.Digest == store.TokenDigest(demo.Session) })
	return s, nil
}

// Serve answers on a listener until ctx ends, then drains.
func (n *Node) Serve(ctx context.Context, l net.Listener) error {
	s := gateway.NewServer(l.Addr().String(), n.handler)
	if n.cert != nil {
		s.TLSConfig = n.cert.Config()
	}
	s.ErrorLog = slog.NewLogLogger(n.log.Handler(), slog.LevelWarn)
	n.log.Info("serving", slog.String("addr", l.Addr().String()), slog.Any("build", telemetry.ThisBuild()))
	err := gateway.Serve(ctx, s, l, n.drain)
	n.log.Info("stopped", slog.Any("error", err))
	return err
}

// Close lets what is queued finish and closes the store.
func (n *Node) Close() {
	n.stop()
	<-n.swept
	<-n.kept
	<-n.sealed
	<-n.told
	n.Engine.Close()
	if err := n.seals.round(context.Background(), n.Auth.Current()); err != nil {
		n.log.Warn("sealing", slog.Any("error", err))
	}
	n.closeStore()
}

func (n *Node) closeStore() {
	if n.owned {
		if err := n.Store.Close(); err != nil {
			n.log.Error("closing the store", slog.Any("error", err))
		}
	}
}

// methods shows the catalogue to the gateway.
type methods struct{ *api.Catalogue }

func (m methods) Find(name string) gateway.Method {
	if found := m.Catalogue.Find(name); found != nil {
		return found
	}
	return nil
}

func (n *Node) submit(ctx context.Context, brand string, cmd reverse.Command) (ledger.Result, *top.Fault) {
	r, err := n.Engine.Submit(ctx, brand, cmd)
	return r, busy(err)
}

func (n *Node) try(ctx context.Context, brand string, cmd reverse.Command) (ledger.Result, *top.Fault) {
	r, err := n.Engine.Try(ctx, brand, cmd)
	return r, busy(err)
}

// busy tells faults of the engine in the platform's words: all of them mean "send the same request again".
func busy(err error) *top.Fault {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, engine.ErrInProgress):
		return top.Busy("isp.request-in-progress", "相同请求正在处理,请用相同请求重试 the same request is still running; send it again", 1)
	case errors.Is(err, engine.ErrBusy), errors.Is(err, engine.ErrClosed):
		return top.Busy("isp.system-busy", "系统繁忙,请用相同请求重试 busy; send the same request again", 1)
	}
	return top.Busy("isp.service-error", "服务暂不可用,请用相同请求重试 please send the same request again", 1)
}

// digest is the brand's keyed digest of a personal identifier.
func (n *Node) digest(brand, text string) ledger.Digest {
	b := n.Auth.Current().Brand(brand)
	if b == nil {
		return ledger.Digest{}
	}
	return keyed(b, text)
}

func keyed(b *ledger.Brand, text string) ledger.Digest {
	m := hmac.New(sha256.New, []byte(b.Pepper))
	m.Write([]byte(text))
	return ledger.Digest(m.Sum(nil)[:16])
}

// errStopping: this process takes no more calls soon.
var errStopping = errors.New("stopping")

// ready fails while this process stops or calls would find no answer, and says in public why as far as that names nobody.
func (n *Node) ready(ctx context.Context) error {
	err := n.able(ctx)
	var fault *clock.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fault):
		return &gateway.UnreadyError{Reason: fault.Error(), Err: err}
	case errors.Is(err, errStopping):
		return &gateway.UnreadyError{Reason: "stopping", Err: err}
	case errors.Is(err, store.ErrRefused):
		return &gateway.UnreadyError{Reason: "the database takes no writes (disk full, read-only or broken); the log has its words", Err: err}
	case errors.Is(err, store.ErrDown):
		return &gateway.UnreadyError{Reason: "the database is away", Err: err}
	}
	return err
}

// able fails while the clock cannot be believed, the directory is stale, or the store does not answer or takes no batches.
func (n *Node) able(ctx context.Context) error {
	if n.stopping.Load() {
		return errStopping
	}
	for _, check := range []func() error{
		func() error { return n.timeless(ctx) },
		func() error { return n.Store.Writable(ctx) },
		n.Auth.Fresh,
		n.Engine.Healthy,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	there, ok := n.Store.(interface {
		Drift(context.Context, time.Time) (time.Duration, error)
	})
	if !ok {
		_, err := n.Store.Revision(ctx)
		return err
	}
	drift, err := there.Drift(ctx, n.now())
	if err == nil && drift.Abs() > clock.Limit {
		err = &clock.Fault{What: "this machine's clock and the database's are apart", Clock: n.now(), Against: n.now().Add(-drift)}
	}
	return err
}

// sweepEvery is how often untouched members are looked through for what is due. It is housekeeping: a command that meets something due
// expires it first.
const sweepEvery = time.Minute

// sweep expires what is due and forgets what is over, until ctx ends.
func (n *Node) sweep(ctx context.Context) {
	defer close(n.swept)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := n.sweepOnce(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("sweeping", slog.Any("error", err))
		}
	}
}

// sweepMax is how many members, and how many reverses, of a brand are swept in one round.
const sweepMax = 500

func (n *Node) sweepOnce(ctx context.Context) error {
	if err := n.timeless(ctx); err != nil {
		return nil // which was told
	}
	now := n.now().UnixMilli()
	var errs []error
	for _, brand := range n.Auth.Current().Brands() {
		if err := n.sweepBrand(ctx, brand, now); err != nil { // which is no other brand's
			errs = append(errs, fmt.Errorf("brand %s: %w", brand, err))
		}
	}
	return errors.Join(append(errs, n.Store.Purge(ctx, now, sweepMax))...)
}

// sweepBrand ends what is over of a brand. Each end is an operation that is decided like any other, so processes that sweep at the same time,
// or one that was killed in between, do no harm: what has ended is not due.
func (n *Node) sweepBrand(ctx context.Context, brand string, now int64) error {
	due, err := n.Store.Due(ctx, brand, now, sweepMax)
	if err != nil {
		return err
	}
	if ok, err := n.sweepable(ctx, brand, len(due)); err != nil || !ok {
		return err
	}
	for _, m := range due {
		c := &ledger.Sweep{Head: ledger.Head{Method: "sweep", Who: ledger.Who{Customer: m}}}
		if _, err := n.Engine.Submit(ctx, brand, c); err != nil {
			return err
		}
	}
	b := n.Auth.Current().Brand(brand)
	if b == nil {
		return nil
	}
	stale, err := n.Store.ReversesIn(ctx, brand, reverse.Apply, store.ReverseRef{}, now-b.Policy.ApplyFor(), sweepMax)
	if err != nil {
		return err
	}
	for _, r := range stale {
		days := b.Policy.ApplyFor() / (24 * time.Hour).Milliseconds()
		c := &reverse.CancelReverse{Reverse: r.ID, Stale: true, Head: ledger.Head{Method: "sweep", Reason: fmt.Sprintf("超过%d天未处理", days)}}
		if _, err := n.Engine.Submit(ctx, brand, c); err != nil {
			return err
		}
	}
	return nil
}
