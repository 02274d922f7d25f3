package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"recoup/internal/bench"
)

type benchCmd struct {
	Time       time.Duration     `default:"5s" help:"How long each measurement of each round runs."`
	Rounds     int               `default:"3" help:"Rounds, of which medians are shown."`
	Conns      int               `default:"256" help:"Connections of the client."`
	Only       []string          `placeholder:"NAME,…" help:"Only these groups of rows; default all."`
	Members    int64             `default:"100000" help:"Members of the large stores. Elsewhere calls are spread over as many, but over 100000 at most."`
	Operations int64             `help:"Operations in the history of the large stores; 0 leaves them out."`
	Against    string            `placeholder:"BINARY" help:"Another build of recoup: the same rows for both, in turns, with their ratios."`
	DB         string            `name:"db" placeholder:"DSN" help:"A PostgreSQL database with nothing in it, in place of a temporary server from the installed binaries."`
	PgSet      map[string]string `placeholder:"NAME=VALUE" mapsep:"none" help:"A setting of the temporary server; can be repeated. Settings are PostgreSQL's own but for shared_buffers=2GB, max_wal_size=8GB and wal_compression=lz4."`
	Dir        string            `placeholder:"DIR" help:"Folder for temporary databases, on the disk to measure; default that for temporary files."`
	JSON       bool              `name:"json" help:"Print the figures as JSON."`
}

// Help tells the method and the groups.
func (benchCmd) Help() string {
	var s strings.Builder
	s.WriteString("Starts servers of this binary over temporary databases, calls them over HTTP as signed clients do, and prints one table. " +
		"The no-op row is the same server over a store that answers at once. " +
		"Rows that are compared take turns of a second, in every round. No bar that is missed fails the command.\n\nGroups of rows:\n\n")
	for name, about := range bench.Groups() {
		fmt.Fprintf(&s, "  %-10s %s\n", name, about)
	}
	s.WriteString("\nExamples:\n\n  recoup bench --only charges,batch1 --time 2s\n  recoup bench --only large --members 1000000 --operations 10000000\n" +
		"  recoup bench --against ../recoup-before --only charges,mixed\n" +
		"  recoup bench --pg-set wal_compression=off --pg-set shared_buffers=8GB --json\n\nMethod and results: docs/performance.md")
	return s.String()
}

// Run measures, and prints what came of it.
func (c *benchCmd) Run(e *env) error {
	if c.DB != "" {
		if err := checkDSN("--db", c.DB, "postgres"); err != nil {
			return err
		}
		if len(c.PgSet) > 0 {
			return errors.New("--pg-set: is for the temporary server, not for that of --db")
		}
		if c.Against != "" {
			return errors.New("--against: needs a database for each build, and --db names one; leave out --db, and a temporary server has both")
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	o := bench.Options{
		Time: c.Time, Rounds: c.Rounds, Conns: c.Conns, Only: c.Only, Members: c.Members, Operations: c.Operations,
		DSN: c.DB, Settings: c.PgSet, Dir: c.Dir, Progress: e.progress, Command: e.commands(self),
	}
	if c.Against != "" {
		path, err := exec.LookPath(c.Against)
		if err != nil {
			return fmt.Errorf("--against %s: want the path of another build of recoup: %w", c.Against, err)
		}
		o.Other = e.commands(path)
	}
	report, err := bench.Run(e.ctx, o)
	e.progress("")
	switch {
	case e.ctx.Err() != nil:
		return errors.New("interrupted; nothing was left behind")
	case errors.Is(err, bench.ErrNotEmpty):
		return fmt.Errorf("--db %s: is not empty; create a database by `createdb NAME`", redacted(c.DB))
	case err != nil:
		return err
	case c.JSON:
		return printJSON(e, report)
	}
	report.Write(e.stdout)
	return nil
}

// commands runs commands of a binary over a database.
func (e *env) commands(path string) func(ctx context.Context, dsn string, args ...string) *exec.Cmd {
	return func(ctx context.Context, dsn string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, path)
		cmd.Args = append([]string{"recoup"}, args...)
		// Nothing that is set for another server. And a password in the arguments would be seen by everybody.
		cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "RECOUP_") }),
			"RECOUP_DB="+dsn, "RECOUP_OPERATOR=bench", "RECOUP_UNSAFE=true") // the settings are printed beside the figures
		if args[0] == "bench-server" {
			cmd.Stderr = e.stderr
		}
		return cmd
	}
}

// progress tells a person at a terminal what is going on.
func (e *env) progress(format string, args ...any) {
	if f, ok := e.stderr.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 {
			fmt.Fprintf(f, "\r\x1b[K"+format, args...)
		}
	}
}
