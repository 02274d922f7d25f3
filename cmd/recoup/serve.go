package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"os"
	"runtime/debug"
	"time"

	"recoup"
	"recoup/internal/seal"
	"recoup/internal/telemetry"
)

// keyFlag is where the keys of an installation are.
type keyFlag struct {
	KeyFile string `env:"RECOUP_KEY_FILE" placeholder:"FILE" help:"Keys that encrypt secrets and seal the books, kept apart from the database ('recoup key create'). Or RECOUP_KEY with the keys themselves."`
}

// dbFlag is the database of a command.
type dbFlag struct {
	keyFlag
	DB        string `name:"db" env:"RECOUP_DB" default:"sqlite:recoup.db" help:"Database: sqlite:FILE or postgres://USER@HOST/DATABASE."`
	DBReader  string `name:"db-reader" env:"RECOUP_DB_READER" placeholder:"DSN" help:"PostgreSQL: a replica for audits and reports."`
	PgBouncer bool   `name:"pgbouncer" env:"RECOUP_PGBOUNCER" help:"PostgreSQL: --db leads to PgBouncer in transaction mode. Run 'recoup migrate' with a DSN of the server itself."`
	Unsafe    bool   `env:"RECOUP_UNSAFE" help:"PostgreSQL: accept a server that may lose what it has committed (fsync or full_page_writes off)."`
}

// database is what the flags say.
func (f *dbFlag) database() recoup.Database {
	return recoup.Database{DSN: f.DB, Reader: f.DBReader, PgBouncer: f.PgBouncer, Unsafe: f.Unsafe, ServerClock: true}
}

// locked is the database with the keys to it.
func (f *dbFlag) locked() (recoup.Database, error) {
	d := f.database()
	keys, err := f.keys()
	d.Keys = keys
	return d, err
}

// keys are those of the flag or of the environment; none are none.
func (f *keyFlag) keys() (keys seal.Keys, err error) {
	text := os.Getenv("RECOUP_KEY") // a flag would show it to everybody on the machine
	switch {
	case f.KeyFile != "" && text != "":
		return nil, errors.New("--key-file and RECOUP_KEY: give one of them")
	case f.KeyFile != "":
		if keys, err = seal.Load(f.KeyFile); err != nil {
			err = fmt.Errorf("--key-file: %w", err)
		}
	case text != "":
		if keys, err = seal.Parse(text); err != nil {
			err = fmt.Errorf("RECOUP_KEY: %w", err)
		}
	}
	return keys, err
}

// nodeFlags are the bounds of a serving process.
type nodeFlags struct {
	Addr         string         `env:"RECOUP_ADDR" default:"127.0.0.1:8080" help:"Address to listen on; port 0 picks one."`
	Private      string         `env:"RECOUP_PRIVATE" help:"Private address for /metrics and /debug/pprof; empty: none."`
	TLSCert      string         `name:"tls-cert" env:"RECOUP_TLS_CERT" placeholder:"FILE" help:"Certificate chain in PEM: serve TLS. Read again when it changes."`
	TLSKey       string         `name:"tls-key" env:"RECOUP_TLS_KEY" placeholder:"FILE" help:"The key of the certificate in PEM."`
	TrustedProxy []netip.Prefix `env:"RECOUP_TRUSTED_PROXY" placeholder:"CIDR" help:"Network whose X-Forwarded-Proto and X-Forwarded-For are believed; may come several times."`
	BatchMax     int            `env:"RECOUP_BATCH_MAX" default:"256" help:"Most commands in one transaction."`
	Lanes        int            `env:"RECOUP_LANES" help:"Transactions of one brand worked on at once; default 2."`
	InFlight     int            `env:"RECOUP_IN_FLIGHT" default:"4096" help:"Most calls at once; more are asked to try again."`
	LogLevel     slog.Level     `env:"RECOUP_LOG" default:"info" help:"debug, info, warn or error."`
}

// Validate refuses half of a certificate, and bounds that make no sense.
func (f *nodeFlags) Validate() error {
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return errors.New("want both --tls-cert and --tls-key, or none")
	}
	return firstErr(inRange("--batch-max", f.BatchMax, 1, 10_000), inRange("--lanes", f.Lanes, 0, 64), inRange("--in-flight", f.InFlight, 1, 100_000))
}

// inRange checks a bound.
func inRange[N int | time.Duration](flag string, n, least, most N) error {
	if n < least || n > most {
		return fmt.Errorf("%s %v: want %v to %v", flag, n, least, most)
	}
	return nil
}

// options are those of a node that the flags set.
func (f *nodeFlags) options() recoup.Options {
	return recoup.Options{BatchMax: f.BatchMax, Lanes: f.Lanes, InFlight: f.InFlight, TLSCert: f.TLSCert, TLSKey: f.TLSKey, Proxies: f.TrustedProxy}
}

// url is where a node listens.
func (f *nodeFlags) url(addr string) string {
	if f.TLSCert != "" {
		return "https://" + addr
	}
	return "http://" + addr
}

type serveCmd struct {
	dbFlag
	nodeFlags
	Window        time.Duration `env:"RECOUP_WINDOW" default:"10m" help:"How far the timestamp of a call may be off."`
	DrainWait     time.Duration `env:"RECOUP_DRAIN_WAIT" default:"2s" help:"At the end: how long calls are still taken after /readyz has failed, so that balancers look elsewhere."`
	Create        bool          `help:"Make the SQLite file if it is not there."`
	Migrate       bool          `help:"Bring an older schema up to date first, as 'recoup migrate' does. Servers of the older program do not survive that."`
	AllowDemoData bool          `help:"Serve a database made by 'recoup demo', without its public credentials."`
}

// Validate refuses bounds that make no sense.
func (c *serveCmd) Validate() error {
	return firstErr(c.nodeFlags.Validate(), inRange("--window", c.Window, time.Second, 24*time.Hour), inRange("--drain-wait", c.DrainWait, 0, 5*time.Minute))
}

// Run serves until it is told to stop, then drains.
func (c *serveCmd) Run(e *env) error {
	if !c.Create {
		if err := c.there(); err != nil {
			return fmt.Errorf("%w, or by --create", err)
		}
	}
	o := c.options()
	o.Window, o.Trial, o.Log = c.Window, c.AllowDemoData, telemetry.NewLogger(e.stderr, c.LogLevel)
	d, err := c.locked()
	if err != nil {
		return err
	}
	d.Upgrade = c.Migrate
	d.Migrated = func(from, to int64) {
		o.Log.Info("schema", slog.String("db", d.String()), slog.Int64("from", from), slog.Int64("to", to)) // from 0: there was none
	}
	s, err := d.Open(e.ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if len(d.Keys) == 0 {
		o.Log.Warn("secrets lie in the database as they are, and its books are not sealed: `recoup key create FILE`, then --key-file FILE")
	}
	o.Store = s
	o.Drain, o.Hurry = c.DrainWait, e.hurry
	o.Log.Info("configuration", slog.String("db", c.database().String()), slog.Any("flags", c.nodeFlags), slog.Duration("window", c.Window), slog.Duration("drain_wait", c.DrainWait))
	n, err := recoup.Open(e.ctx, o)
	if err != nil {
		return err
	}
	defer n.Close()
	return listen(e, n, &c.nodeFlags, func(addr string) { fmt.Fprintf(e.stdout, "gateway   %s/router/rest\n", c.url(addr)) })
}

// gcPercent lets the heap grow to five times what lives before it is collected: what lives is a few megabytes, and collecting it often
// costs about a tenth of all processor time. gcLimit keeps that within the memory a node may use.
const (
	gcPercent = 400
	gcLimit   = 96 << 20
)

// tune sets the collector, unless the operator did.
func tune() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(gcLimit)
	}
}

// listen serves a node, and its metrics on the private address, until the context ends.
func listen(e *env, n *recoup.Node, f *nodeFlags, listening func(addr string)) error {
	tune()
	l, err := net.Listen("tcp", f.Addr)
	if err != nil {
		return err
	}
	if f.Private != "" {
		p, err := net.Listen("tcp", f.Private)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", n.Metrics.Handler())
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
		defer s.Close()
		go func() { _ = s.Serve(p) }()
	}
	listening(l.Addr().String())
	return n.Serve(e.ctx, l)
}

// migrateCmd brings a database up to date, and distributes it if asked to.
type migrateCmd struct {
	dbFlag
	Citus bool `help:"Spread the tables over the machines of the Citus cluster that --db leads to. Nothing may serve the database meanwhile."`
}

// Run opens the database, which brings its schema to this version.
func (c *migrateCmd) Run(e *env) error {
	if c.Citus {
		err := c.database().Distribute(e.ctx, func(table, did string) { fmt.Fprintf(e.stdout, "%-16s  %s\n", table, did) })
		if err != nil {
			return err
		}
	}
	d, err := c.locked()
	if err != nil {
		return err
	}
	d.Upgrade = true
	s, err := d.Open(e.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s is at this version's schema\n", c.database())
	return s.Close()
}
