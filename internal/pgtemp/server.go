package pgtemp

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	startTimeout = 30 * time.Second       // for a start with its recovery, and for a stop
	pollEvery    = 20 * time.Millisecond  // between two looks whether it answers
	ports        = 5                      // that may turn out to be taken before Start gives up
	pause        = 100 * time.Millisecond // before a restart tries its port again
	tailMax      = 2000                   // bytes of the server's log in an error
	owner        = "recoup"               // the superuser
	loopback     = "127.0.0.1"            // the only address it listens on
)

// defaults are what a production server of a small machine would have. What makes a commit durable – fsync, synchronous_commit,
// full_page_writes – is PostgreSQL's own default and stays it, because measurements and crash tests are about just that.
var defaults = map[string]string{
	"shared_buffers":   "128MB",
	"max_connections":  "200",
	"max_wal_size":     "2GB",
	"log_min_messages": "warning",
}

// errTaken: another process listens on the port.
var errTaken = errors.New("the port is taken")

// Options say where and how a server runs; the zero value is good.
type Options struct {
	Dir      string            // parent of the data folder, os.TempDir() if empty; as root it must be open to the user the server runs as
	Settings map[string]string // of postgresql.conf, on top of the defaults; address and port are not to be set
}

// Server is a running PostgreSQL server. Its methods may be called from many goroutines; while one restarts or stops it, CPU waits.
type Server struct {
	bin     string  // folder of its binaries
	folder  string  // holds data and log, and goes with the server
	account account // as whom it runs
	port    int
	version string // all above stay as Start set them

	mu      sync.Mutex
	cleaner *cleaner      // under mu; nil after Stop
	run     *run          // under mu; nil while the server does not run
	spent   time.Duration // under mu; processor time of the runs before
}

// Start makes a new cluster and serves it on a free port of 127.0.0.1. The context bounds the start, not the server's life.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s := &Server{}
	if s.bin, err = binaries(); err != nil {
		return nil, err
	}
	if s.version, err = version(ctx, s.bin); err != nil {
		return nil, err
	}
	if s.account, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.folder, err = newFolder(o.Dir, s.account); err != nil {
		return nil, err
	}
	if s.cleaner, err = newCleaner(s.folder); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if err = s.initdb(ctx, o.Settings); err != nil {
		return nil, err
	}
	for range ports {
		if s.port, err = freePort(ctx); err != nil {
			return nil, err
		}
		if err = s.serve(ctx); !errors.Is(err, errTaken) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// DSN names a database of the server, whether it exists or not.
func (s *Server) DSN(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(owner),
		Host:     net.JoinHostPort(loopback, strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Create makes an empty database, in UTF-8 and ordered by bytes, and answers its DSN.
func (s *Server) Create(ctx context.Context, database string) (dsn string, err error) {
	return s.DSN(database), create(ctx, s.DSN("postgres"), database)
}

// Drop removes a database and cuts its connections.
func (s *Server) Drop(ctx context.Context, database string) error {
	return drop(ctx, s.DSN("postgres"), database)
}

// Restart crashes the server – every process ends at once, nothing is written any more – and starts it again on the same port and
// data. It returns when recovery is over and connections are accepted.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cleaner == nil {
		return errors.New("restart of a PostgreSQL server that was stopped")
	}
	if err := s.end(ctx, false); err != nil {
		return err
	}
	for {
		err := s.serve(ctx)
		if !errors.Is(err, errTaken) {
			return err
		}
		// Somebody's outgoing connection may have been given the port in between; it will not last.
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// Stop shuts the server down as pg_ctl stop -m fast does, and removes its folder. Doing it twice is harmless.
func (s *Server) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*startTimeout)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cleaner == nil {
		return nil
	}
	err := errors.Join(s.end(ctx, true), s.cleaner.clean(ctx))
	s.cleaner = nil
	return err
}

// Bin is the path of a program beside the server's, as pgbench or psql, or "" if it is not installed.
func (s *Server) Bin(name string) string {
	path, err := exec.LookPath(filepath.Join(s.bin, name))
	if err != nil {
		return ""
	}
	return path
}

// Version is the server's, as "15.18".
func (s *Server) Version() string { return s.version }

// Settings answers the server's settings as SHOW tells them.
func (s *Server) Settings(ctx context.Context, names ...string) (map[string]string, error) {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx) //nolint:errcheck // it only read
	found := map[string]string{}
	for _, name := range names {
		var value string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return nil, fmt.Errorf("setting %s: %w", name, err)
		}
		found[name] = value
	}
	return found, nil
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }
func (s *Server) log() string  { return filepath.Join(s.folder, "log") }

// initdb makes the cluster and writes its settings.
func (s *Server) initdb(ctx context.Context, settings map[string]string) error {
	// Unsynced is good enough for the empty cluster: it need not outlive a crash of the machine.
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), //nolint:gosec // the binary found
		"-D", s.data(), "-U", owner, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	s.prepare(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb as %s: %w\n%s", s.account, err, tail(out))
	}
	all := maps.Clone(defaults)
	maps.Copy(all, settings)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.NewReplacer(`\`, `\\`, `'`, `''`, "\n", `\n`).Replace(all[name]))
	}
	conf, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = conf.WriteString(text.String())
	if err := errors.Join(err, conf.Close()); err != nil {
		return err
	}
	// Only what was there before may be written: in place, and so that the owner stays the same.
	hba, err := os.OpenFile(filepath.Join(s.data(), "pg_hba.conf"), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = hba.WriteString("host all all " + loopback + "/32 trust\n")
	return errors.Join(err, hba.Close())
}

// serve runs the server at its port until it answers, or answers why it does not; then it does not run.
func (s *Server) serve(ctx context.Context) error {
	var logged int64 // by runs before
	if info, err := os.Stat(s.log()); err == nil {
		logged = info.Size()
	}
	var err error
	if s.run, err = s.newRun(); err != nil {
		return err
	}
	if err = s.answers(ctx); err == nil {
		return nil
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTimeout)
	defer cancel()
	err = errors.Join(err, s.end(stopping, false))
	said := s.said(logged)
	if bytes.Contains(said, []byte("Address already in use")) {
		err = fmt.Errorf("%w: %w", errTaken, err)
	}
	return fmt.Errorf("PostgreSQL server on port %d: %w\n%s", s.port, err, tail(said))
}

// answers waits until the server accepts connections.
func (s *Server) answers(ctx context.Context) error {
	for {
		err := s.greet(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.run.ended:
			return fmt.Errorf("it ended: %w", cmp.Or(s.run.err, io.EOF))
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-time.After(pollEvery):
		}
	}
}

// greet asks the server for its folder: a stranger who took the port before us could be a server, too.
func (s *Server) greet(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // it only read
	var data string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&data); err != nil {
		return err
	}
	if data != s.data() {
		return fmt.Errorf("%w by the server of %s", errTaken, data)
	}
	return nil
}

// end ends the run there is: fast as an operator would, or else as a crash does.
func (s *Server) end(ctx context.Context, fast bool) error {
	if s.run == nil {
		return nil
	}
	if err := s.run.stop(ctx, fast); err != nil {
		return fmt.Errorf("PostgreSQL server on port %d, in %s, does not end: %w", s.port, s.folder, err)
	}
	s.spent += s.run.spent()
	s.run = nil
	// Left by a server that was killed. Nobody of it lives, but the number in it may by now be another process's, which the next one
	// would take for a server.
	if err := os.Remove(s.pidFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// said is what the server logged after the first bytes.
func (s *Server) said(after int64) []byte {
	all, err := os.ReadFile(s.log())
	if err != nil {
		return []byte(err.Error())
	}
	return all[min(after, int64(len(all))):]
}

// tail cuts a log to its end.
func tail(log []byte) []byte {
	return bytes.TrimSpace(log[max(0, len(log)-tailMax):])
}

// newFolder makes the folder of a server below dir and gives it to the server's account.
func newFolder(dir string, who account) (string, error) {
	dir, err := filepath.Abs(cmp.Or(dir, os.TempDir()))
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp(dir, "recoup-postgres-")
	if err != nil {
		return "", err
	}
	if err := who.own(folder); err != nil {
		return "", errors.Join(err, os.Remove(folder))
	}
	return folder, nil
}

// freePort answers a port nobody listens on; it may be taken again before the server comes.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// create makes a database on the server of a DSN. The locale is the same everywhere, so that no order depends on the machine.
func create(ctx context.Context, dsn, database string) error {
	return execute(ctx, dsn, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize()+
		" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
}

// drop removes a database from the server of a DSN.
func drop(ctx context.Context, dsn, database string) error {
	return execute(ctx, dsn, "DROP DATABASE "+pgx.Identifier{database}.Sanitize()+" WITH (FORCE)")
}

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
