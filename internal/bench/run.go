package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"recoup/internal/pgtemp"
)

// Options say what to measure and how long.
type Options struct {
	Time       time.Duration // of each measurement
	Rounds     int
	Conns      int
	Only       []string          // names of groups; none: all
	Members    int64             // of the large stores; elsewhere that many, but spreadMost at most
	Operations int64             // of the large stores; 0: they are not measured
	DSN        string            // an empty PostgreSQL database; "": one on a temporary server
	Settings   map[string]string // of the temporary server
	Dir        string            // where temporary databases are; "": os.TempDir()

	Progress func(format string, args ...any)

	// Command makes a command of this binary over a database. Its command bench-server prints the address of its gateway, ends with its input, and ends in good order when it is told to terminate.
	Command func(ctx context.Context, dsn string, args ...string) *exec.Cmd
	Other   func(ctx context.Context, dsn string, args ...string) *exec.Cmd // the same of a binary to compare with; may be nil
}

// Groups tells the groups of rows, and what each is about.
func Groups() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, g := range groups {
			if !yield(g.name, g.about) {
				return
			}
		}
	}
}

// Run measures. Whatever it started has ended when it returns.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &runner{Options: o, plan: groups, databases: map[*database]*filled{}, running: map[*process]*server{}, last: map[*place]sent{}}
	if o.Other != nil {
		r.plan = against()
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	if err := r.all(ctx); err != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	if o.Other == nil {
		r.report.close(bars)
	} else {
		r.report.close(nil)
	}
	return &r.report, nil
}

func (o *Options) check() error {
	if o.Rounds < 1 || o.Conns < 1 || o.Members < 1 || o.Time <= 0 {
		return errors.New("rounds, connections, members and time of a measurement: want at least 1 of each")
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(groups, func(g *group) bool { return g.name == name }) {
			return fmt.Errorf("there is no group of rows named %s", name)
		}
	}
	return nil
}

// A runner is one run.
type runner struct {
	Options
	report Report
	plan   []*group
	dir    string         // of databases in files
	pg     *pgtemp.Server // nil where DSN is used, or no server is installed
	flows  int            // measured
	runs   int            // named
	total  int            // flows to measure
	doing  string         // for Progress

	databases map[*database]*filled
	running   map[*process]*server
	rates     map[Line]float64 // of this round
	last      map[*place]sent
	sequences map[string]*sequence // of this round, by line
}

// sent is what the last measurement sent to a place.
type sent struct {
	run   string
	calls int64
}

// begin makes what all measurements need, and notes the circumstances.
func (r *runner) begin(ctx context.Context) (err error) {
	r.report.Machine = fmt.Sprintf("%s/%s, %d processors, %s.", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	r.report.Method = fmt.Sprintf("%d connections, calls spread over %d members; %d rounds of %s each. × is to what the row took turns with: median and quartiles of the turns. "+
		"Client and servers share the machine: compare rows of one run only.", r.Conns, min(r.Members, spreadMost), r.Rounds, r.Time)
	if r.Operations > 0 {
		r.report.Method += fmt.Sprintf(" The large stores have %d members and %d operations.", r.Members, max(r.Members, r.Operations))
	}
	if r.dir, err = os.MkdirTemp(r.Dir, "recoup-bench-"); err != nil {
		return err
	}
	took, err := SyncTime(r.dir)
	if err != nil {
		return err
	}
	r.report.SyncTime = float64(took.Nanoseconds()) / 1000
	if r.Other != nil { // which is tried before minutes go into filling the first database
		if _, err := r.directory(ctx, &database{other: true}, "sqlite:"+filepath.Join(r.dir, "tried.db")); err != nil {
			return err
		}
	}
	return r.postgres(ctx)
}

// postgres starts the temporary server, if there is to be one, and notes the settings.
func (r *runner) postgres(ctx context.Context) (err error) {
	dsn := r.DSN
	if dsn == "" {
		// As an operator would set them; all that makes a commit durable is the server's own default.
		settings := map[string]string{"shared_buffers": "2GB", "max_wal_size": "8GB", "wal_compression": "lz4"}
		maps.Copy(settings, r.Settings)
		r.Progress("starting PostgreSQL")
		r.pg, err = pgtemp.Start(ctx, pgtemp.Options{Dir: r.Dir, Settings: settings})
		if err != nil && !errors.Is(err, pgtemp.ErrMissing) && settings["wal_compression"] == "lz4" { // not every server is built with it
			settings["wal_compression"] = "on"
			r.pg, err = pgtemp.Start(ctx, pgtemp.Options{Dir: r.Dir, Settings: settings})
		}
		if errors.Is(err, pgtemp.ErrMissing) {
			r.report.note("Not measured: PostgreSQL: %s.", err)
			return nil
		}
		if err != nil {
			return err
		}
		dsn = r.pg.DSN("postgres")
	}
	r.report.Postgres, err = Settings(ctx, dsn, slices.Sorted(maps.Keys(r.Settings))...)
	return err
}

// close ends everything that was started.
func (r *runner) close() error {
	r.stopAll()
	err := os.RemoveAll(r.dir)
	if r.pg != nil {
		r.Progress("stopping PostgreSQL")
		err = errors.Join(err, r.pg.Stop())
	}
	return err
}

// all measures group by group, round by round.
func (r *runner) all(ctx context.Context) error {
	var wanted []*group
	for _, g := range r.plan {
		if len(r.Only) > 0 && !slices.Contains(r.Only, g.name) {
			continue
		}
		if why := r.cannot(g); why != "" {
			r.report.note("Not measured: %s: %s.", g.name, why)
			continue
		}
		wanted = append(wanted, g)
		for i := range g.steps {
			r.total += r.Rounds * g.steps[i].flows()
		}
	}
	for round := range r.Rounds {
		r.rates, r.sequences = map[Line]float64{}, map[string]*sequence{}
		for _, g := range wanted {
			if err := r.group(ctx, round, g); err != nil {
				return fmt.Errorf("%s: %w", g.name, err)
			}
		}
	}
	return nil
}

// cannot tells why a group is left out, "" if it is not.
func (r *runner) cannot(g *group) string {
	own := slices.ContainsFunc(g.steps, func(s step) bool { return s.at.database().own })
	switch {
	case (g.name == largeGroup || g.name == reportsGroup) && r.Operations == 0:
		return "--operations is not given"
	case own && r.pg == nil:
		return "it needs a temporary PostgreSQL server"
	case g.name == pgbenchGroup && r.pg.Bin("pgbench") == "":
		return "the program is not installed"
	}
	return ""
}

// group measures the rows of a group once, on servers that are started for it.
func (r *runner) group(ctx context.Context, round int, g *group) error {
	defer r.stopAll()
	for i := range g.steps {
		s := &g.steps[i]
		left := time.Duration(r.total-r.flows) * r.Time
		r.doing = fmt.Sprintf("round %d of %d, at least %s left: %s", round+1, r.Rounds, left.Round(time.Second), s.line())
		r.flows += s.flows()
		if s.at.database().postgres && r.pg == nil && r.DSN == "" {
			continue // which is noted
		}
		r.Progress("%s", r.doing)
		if err := s.measure(r, ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.line(), err)
		}
	}
	return nil
}

// newRun names a measurement, so that none uses the numbers of another.
func (r *runner) newRun() string {
	r.runs++
	return strconv.FormatInt(time.Now().UnixMilli(), 36) + "-" + strconv.Itoa(r.runs)
}

// members are those whom calls to a place are about.
func (r *runner) members(p *place) Members {
	all := r.databases[p.database()].members
	if p.hot {
		return all[:1]
	}
	return all
}
