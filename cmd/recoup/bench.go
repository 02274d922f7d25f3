package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"recoup"
	"recoup/internal/bench"
)

type benchCmd struct {
	Time    time.Duration `default:"5s" help:"How long each measurement of each round runs."`
	Rounds  int           `default:"3" help:"Rounds; the no-op limit and the store alternate, and medians are shown."`
	Conns   int           `default:"256" help:"Connections of the client."`
	Members int64         `default:"10000" help:"Members the calls are spread over."`
	Dir     string        `help:"Folder for the database; default a temporary one."`
	JSON    bool          `name:"json" help:"Print the figures as JSON."`
}

// benchRow is one line of the table: medians over the rounds.
type benchRow struct {
	Load      string  `json:"load"`
	Store     string  `json:"store"`
	PerSecond float64 `json:"calls_per_second"`
	OfNoop    float64 `json:"share_of_noop"` // median of the rounds' own ratios; 0 where there is nothing to compare with
	CPU       float64 `json:"server_cpu_us_per_call"`
	P50       float64 `json:"p50_ms_at_half_load"`
	P99       float64 `json:"p99_ms_at_half_load"`
	RSS       int64   `json:"server_rss_bytes"`
	Refused   int64   `json:"refused"`
}

// Run measures the no-op limit and SQLite in turn, in one run.
func (c *benchCmd) Run(e *env) error {
	dir := c.Dir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "recoup-bench-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
	}
	noop, err := c.start(e, "noop", "--null", "--db", "memory:")
	if err != nil {
		return err
	}
	defer noop.stop()
	lite, err := c.start(e, "sqlite", "--db", "sqlite:"+filepath.Join(dir, "bench.db"))
	if err != nil {
		return err
	}
	defer lite.stop()

	rows := map[string][]benchRow{}
	add := func(r benchRow, err error) error {
		if err == nil {
			rows[r.Load+" "+r.Store] = append(rows[r.Load+" "+r.Store], r)
		}
		return err
	}
	m := bench.Members(c.Members)
	for round := range c.Rounds {
		run := fmt.Sprintf("%d-%d", time.Now().UnixMilli()%1e6, round)
		e.progress("round %d of %d: charges", round+1, c.Rounds)
		limit, err := c.closed(e, noop, "charges", bench.Charges(run, m))
		if err := add(limit, err); err != nil {
			return err
		}
		got, err := c.closed(e, lite, "charges", bench.Charges(run, m))
		got.OfNoop = got.PerSecond / limit.PerSecond
		if err := add(got, err); err != nil {
			return err
		}
		e.progress("round %d of %d: debits and refunds", round+1, c.Rounds)
		spent, err := c.closed(e, lite, "debits", bench.Spends(run, m))
		spent.OfNoop = spent.PerSecond / limit.PerSecond
		if err := add(spent, err); err != nil {
			return err
		}
		back, err := c.count(e, lite, "refunds", int64(spent.PerSecond*c.Time.Seconds()*0.9), bench.Refunds(run))
		back.OfNoop = back.PerSecond / limit.PerSecond
		if err := add(back, err); err != nil {
			return err
		}
		e.progress("round %d of %d: mixed", round+1, c.Rounds)
		mixed, err := c.closed(e, lite, "mixed", bench.Mixed(run+"m", m))
		mixed.OfNoop = mixed.PerSecond / limit.PerSecond
		if err := add(mixed, err); err != nil {
			return err
		}
		e.progress("round %d of %d: latency at half load", round+1, c.Rounds)
		for _, half := range []struct {
			s   *benchServer
			row benchRow
		}{{noop, limit}, {lite, got}} {
			l, err := half.s.target.Open(e.ctx, c.Conns, c.Time, half.row.PerSecond/2, bench.Charges(run+"h", m))
			if err != nil {
				return err
			}
			list := rows["charges "+half.row.Store]
			list[len(list)-1].P50, list[len(list)-1].P99 = millis(l.P50), millis(l.P99)
		}
	}
	return c.report(e, rows)
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (c *benchCmd) closed(e *env, s *benchServer, name string, call bench.Call) (benchRow, error) {
	return s.measure(name, func() (bench.Load, error) { return s.target.Closed(e.ctx, c.Conns, c.Time, call) })
}

func (c *benchCmd) count(e *env, s *benchServer, name string, n int64, call bench.Call) (benchRow, error) {
	return s.measure(name, func() (bench.Load, error) { return s.target.Count(e.ctx, c.Conns, n, call) })
}

// report shows medians, a row a load and store.
func (c *benchCmd) report(e *env, rows map[string][]benchRow) error {
	var out []benchRow
	for _, name := range []string{"charges noop", "charges sqlite", "debits sqlite", "refunds sqlite", "mixed sqlite"} {
		list := rows[name]
		if len(list) == 0 {
			continue
		}
		r := list[0]
		for _, f := range []func(*benchRow) *float64{
			func(r *benchRow) *float64 { return &r.PerSecond }, func(r *benchRow) *float64 { return &r.OfNoop },
			func(r *benchRow) *float64 { return &r.CPU }, func(r *benchRow) *float64 { return &r.P50 }, func(r *benchRow) *float64 { return &r.P99 },
		} {
			*f(&r) = median(list, f)
		}
		for _, x := range list {
			r.RSS = max(r.RSS, x.RSS)
		}
		out = append(out, r)
	}
	if c.JSON {
		j := json.NewEncoder(e.stdout)
		j.SetIndent("", "  ")
		return j.Encode(out)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "load\tstore\tcalls/s\tof no-op\tserver CPU µs/call\tp50 ms\tp99 ms\tserver RSS MB\trefused\t")
	for _, r := range out {
		fmt.Fprintf(w, "%s\t%s\t%.0f\t%s\t%.0f\t%s\t%s\t%d\t%d\t\n", r.Load, r.Store, r.PerSecond, figureOrDash("%.0f %%", 100*r.OfNoop), r.CPU,
			figureOrDash("%.2f", r.P50), figureOrDash("%.2f", r.P99), r.RSS>>20, r.Refused)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "\n%d connections, %d members, %d rounds of %s; medians; latency at half the measured rate of charges.\n"+
		"Client and server share the machine, so compare rows of one run only.\n", c.Conns, c.Members, c.Rounds, c.Time)
	return nil
}

func figureOrDash(format string, x float64) string {
	if x == 0 {
		return "-"
	}
	return fmt.Sprintf(format, x)
}

func median(list []benchRow, f func(*benchRow) *float64) float64 {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b benchRow) int { return cmp.Compare(*f(&a), *f(&b)) })
	return *f(&sorted[len(sorted)/2])
}

// progress tells a person at a terminal what is going on.
func (e *env) progress(format string, args ...any) {
	if f, ok := e.stderr.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 {
			fmt.Fprintf(f, "\r\x1b[K"+format, args...)
		}
	}
}

// benchServer is a server process of a measurement: its CPU time is its own.
type benchServer struct {
	name   string
	cmd    *exec.Cmd
	target bench.Target
}

// start runs this very binary as a server and waits until it listens.
func (c *benchCmd) start(e *env, name string, args ...string) (*benchServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	e.progress("starting %s", name)
	cmd := exec.CommandContext(e.ctx, self, append([]string{"bench-server", "--members", fmt.Sprint(c.Members)}, args...)...)
	cmd.Stderr = e.stderr
	if _, err := cmd.StdinPipe(); err != nil { // it stays open as long as this process lives
		return nil, err
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		return nil, fmt.Errorf("the %s server did not start: %w", name, err)
	}
	return &benchServer{name, cmd, bench.Target{Addr: strings.TrimSpace(line), AppKey: bench.App.Key, Secret: bench.App.Secrets[0]}}, nil
}

func (s *benchServer) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// measure runs a load and divides the server's CPU time by its calls.
func (s *benchServer) measure(name string, run func() (bench.Load, error)) (benchRow, error) {
	before := bench.CPU(s.cmd.Process.Pid)
	l, err := run()
	if err != nil {
		return benchRow{}, err
	}
	if l.Calls == 0 {
		return benchRow{}, fmt.Errorf("%s on %s: no call was answered", name, s.name)
	}
	if l.Refused > l.Calls/100 {
		return benchRow{}, fmt.Errorf("%s on %s: %d of %d calls were no success, the first: %s", name, s.name, l.Refused, l.Calls, l.Sample)
	}
	used := bench.CPU(s.cmd.Process.Pid) - before
	return benchRow{
		Load: name, Store: s.name, PerSecond: l.PerSecond(), CPU: float64(used.Microseconds()) / float64(l.Calls),
		RSS: bench.RSS(s.cmd.Process.Pid), Refused: l.Refused,
	}, nil
}

// benchServerCmd is the server side of a measurement.
type benchServerCmd struct {
	dbFlag
	nodeFlags
	Members int64 `default:"10000"`
	Null    bool  `help:"Answer from a store that keeps nothing."`
}

// Run prepares the store and serves it, printing the address alone. It ends with its input, so that it never outlives the client.
func (c *benchServerCmd) Run(e *env) error {
	ctx, stop := context.WithCancel(e.ctx)
	defer stop()
	e.ctx = ctx
	go func() {
		_, _ = io.Copy(io.Discard, e.stdin)
		stop()
	}()
	s, err := c.database().Open(e.ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	members := c.Members
	if c.Null {
		members = 0
	}
	if err := bench.Prepare(e.ctx, s, members); err != nil {
		return err
	}
	if c.Null {
		if s, err = bench.NewNull(e.ctx, s); err != nil {
			return err
		}
	}
	n, err := recoup.Open(e.ctx, recoup.Options{Store: s, BatchMax: c.BatchMax, Lanes: c.Lanes, InFlight: c.InFlight})
	if err != nil {
		return err
	}
	defer n.Close()
	c.Addr = "127.0.0.1:0"
	return listen(e, n, &c.nodeFlags, func(addr string) { fmt.Fprintln(e.stdout, addr) })
}
