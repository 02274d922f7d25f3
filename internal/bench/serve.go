package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// filled is a database that is made.
type filled struct {
	dsn     string
	members Members // none: they come with its first server
	session string
}

// database makes a database with its directory, if it is not made yet.
func (r *runner) database(ctx context.Context, d *database) (f *filled, err error) {
	if f := r.databases[d]; f != nil {
		return f, nil
	}
	f = &filled{}
	switch {
	case d == memoryDB:
		f.dsn, f.members = "memory:", numbers(spreadMost) // whoever is named is there
	case !d.postgres:
		f.dsn = "sqlite:" + filepath.Join(r.dir, d.name+".db")
	case r.DSN != "":
		f.dsn = r.DSN
	default:
		if f.dsn, err = r.pg.Create(ctx, d.name); err != nil {
			return nil, err
		}
	}
	if d != memoryDB {
		if f.session, err = r.directory(ctx, d, f.dsn); err != nil {
			return nil, err
		}
	}
	r.databases[d] = f
	return f, nil
}

// numbers are made-up customer_ids.
func numbers(n int64) (m Members) {
	for i := range n {
		m = append(m, strconv.FormatInt(1<<32+i, 10))
	}
	return m
}

func (r *runner) tpcbDatabase(ctx context.Context) (string, error) {
	if f := r.databases[tpcbDB]; f != nil {
		return f.dsn, nil
	}
	dsn, err := r.pg.Create(ctx, tpcbDB.name)
	if err == nil {
		err = Pgbench(r.pg.Bin("pgbench")).Fill(ctx, dsn, pgbenchScale)
	}
	r.databases[tpcbDB] = &filled{dsn: dsn}
	return dsn, err
}

// command is a command of the binary that a database belongs to.
func (r *runner) command(ctx context.Context, d *database, dsn string, args ...string) *exec.Cmd {
	if d.other {
		return r.Other(ctx, dsn, args...)
	}
	return r.Command(ctx, dsn, args...)
}

// ErrNotEmpty: the database that is to be measured has something in it.
var ErrNotEmpty = errors.New("the database is not empty")

// directory puts the brand, its rules, the app and a session of it into a database, by the commands that its operator would use.
func (r *runner) directory(ctx context.Context, d *database, dsn string) (session string, err error) {
	for _, args := range [][]string{
		{"migrate"},
		{"brand", "list", "--json"},
		{"brand", "create", "--id", Brand, "--name", Brand},
		{"shop", "add", "--brand", Brand, "--id", Shop, "--name", Shop},
		{"brand", "template", "add", "--brand", Brand, "--id", "T", "--name", "T", "--type", "GIFT"},
		{"app", "create", "--name", "bench", "--key", AppKey, "--secret-stdin", "--method", "*", "--brand", Brand},
		{"session", "create", "--app", AppKey, "--merchant", "1", "--brand", Brand},
		{"policy", "set", "--brand", Brand, "points.earn.points=1", "points.earn.fen=100"},
	} {
		cmd := r.command(ctx, d, dsn, args...)
		cmd.Stdin = strings.NewReader(Secret)
		out, err := cmd.Output()
		var failed *exec.ExitError
		switch {
		case d.other && args[0] == "policy": // which older builds do not have
		case errors.As(err, &failed):
			return "", fmt.Errorf("%s %s: %s", filepath.Base(cmd.Path), strings.Join(args[:min(2, len(args))], " "), bytes.TrimSpace(failed.Stderr))
		case err != nil:
			return "", err
		case args[len(args)-1] == "--json" && !bytes.HasPrefix(out, []byte("[")):
			return "", fmt.Errorf("%s is no build of recoup: `brand list --json` says %q", cmd.Path, out[:min(len(out), 80)])
		case args[len(args)-1] == "--json" && !bytes.HasPrefix(out, []byte("[]")):
			return "", ErrNotEmpty
		case args[0] == "session":
			if _, token, ok := bytes.Cut(out, []byte("session")); ok {
				session, _, _ = strings.Cut(string(bytes.TrimSpace(token)), "\n")
			}
		}
	}
	return session, nil
}

// fill makes the members of a database, and the history of a large one, by calls to its first server.
func (r *runner) fill(ctx context.Context, d *database, f *filled, at Target) error {
	size, history := min(r.Members, spreadMost), int64(0)
	if d.large {
		size, history = r.Members, max(0, r.Operations-2*r.Members)
	}
	members := make(Members, size)
	err := at.all(ctx, r.Conns, Saves(r.newRun(), nil), size, func(n int64, body []byte) {
		members[n] = resultOf(body)
		if n%progressEvery == 0 {
			r.Progress("%s: %d members made", r.doing, n)
		}
	})
	if err == nil {
		f.members = members
		err = at.all(ctx, r.Conns, Openings(r.newRun(), members), size, nil)
	}
	for _, part := range []struct { // a tenth of the history is the first member's
		of    Members
		calls int64
	}{{members[:1], history / 10}, {members, history - history/10}} {
		if err == nil && part.calls > 0 {
			err = at.all(ctx, r.Conns, Mixed(r.newRun(), part.of), part.calls, func(n int64, _ []byte) {
				if n%progressEvery == 0 {
					r.Progress("%s: %d operations made", r.doing, n)
				}
			})
		}
	}
	if err != nil || !d.postgres {
		return err
	}
	r.Progress("%s: tidying up", r.doing)
	return Settle(ctx, f.dsn)
}

// progressEvery is how many calls lie between two reports.
const progressEvery = 10_000

// resultOf is the text "result" of an answer, "" if there is none.
func resultOf(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"result":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(id)
}

// server is a process that runs. Its processor time is its own.
type server struct {
	cmd  *exec.Cmd
	addr string
}

// servers are the processes of a place, which are started if they do not run.
func (r *runner) servers(ctx context.Context, at *place) (list []*server, err error) {
	for _, p := range at.processes {
		s := r.running[p]
		if s == nil {
			if s, err = r.start(ctx, at, p); err != nil {
				return nil, err
			}
		}
		list = append(list, s)
	}
	return list, nil
}

// start starts a server and waits for its first answer. Then it answers some more: what is done only once is no part of what is measured.
func (r *runner) start(ctx context.Context, at *place, p *process) (*server, error) {
	f, err := r.database(ctx, p.on)
	if err != nil {
		return nil, fmt.Errorf("making the %s database: %w", p.on.name, err)
	}
	cmd := r.command(ctx, p.on, f.dsn, append([]string{"bench-server"}, p.flags...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopMost
	if _, err := cmd.StdinPipe(); err != nil { // it stays open as long as this process lives
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	r.running[p] = s
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	s.addr, _, _ = strings.Cut(strings.TrimSpace(line), " ")
	target := Target{s.addr}
	if err := target.all(ctx, 1, Clock("", nil), 1, nil); err != nil {
		return nil, err
	}
	if f.members == nil {
		if err := r.fill(ctx, p.on, f, target); err != nil {
			return nil, fmt.Errorf("filling the %s database: %w", p.on.name, err)
		}
	} else { // to the first answer over a database that exists
		r.report.add(flow{charges, at}.line(), Line{}, Sample{Start: time.Since(began).Seconds()})
	}
	// As long as a measurement: the first touch of a page after a checkpoint writes all of it to the log, and the first minute of a
	// database is not what its users see.
	c, err := target.Dial(ctx, r.Conns, Charges(r.newRun(), f.members), Endless)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	l, err := c.Closed(ctx, r.Time)
	return s, l.failed(err)
}

// all sends so many calls, which must all succeed.
func (t Target) all(ctx context.Context, conns int, call Call, most int64, heard func(int64, []byte)) error {
	c, err := t.Dial(ctx, conns, call, most)
	if err != nil {
		return err
	}
	defer c.Close()
	c.heard = heard
	l, err := c.Closed(ctx, fillMost)
	return l.failed(err)
}

// fillMost is how long a database may take to fill.
const fillMost = 6 * time.Hour

// failed is what a load failed with, or its first answer that was no success.
func (l *Load) failed(err error) error {
	if err == nil && l.Refused > 0 {
		err = fmt.Errorf("the server answered %s", l.Sample)
	}
	return err
}

// stopMost is how long a server may take to end.
const stopMost = 30 * time.Second

// stopAll ends the servers.
func (r *runner) stopAll() {
	for p, s := range r.running {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
		delete(r.running, p)
	}
}
