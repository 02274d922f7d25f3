package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// dsn is where a database is, which is made first if need be.
func (r *runner) dsn(ctx context.Context, d *database) (dsn string, err error) {
	if dsn, made := r.databases[d]; made {
		return dsn, nil
	}
	switch {
	case d == memoryDB:
		return "memory:", nil // filled by its server
	case d == sqliteDB:
		dsn = "sqlite:" + filepath.Join(r.dir, "bench.db")
	case r.DSN != "":
		dsn = r.DSN
	default:
		if dsn, err = r.pg.Create(ctx, d.name); err != nil {
			return "", err
		}
	}
	if d == tpcbDB {
		err = Pgbench(r.pg.Bin("pgbench")).Fill(ctx, dsn, pgbenchScale)
	} else {
		err = r.fill(ctx, d, dsn)
	}
	if err != nil {
		return "", fmt.Errorf("filling the %s database: %w", d.name, err)
	}
	r.databases[d] = dsn
	return dsn, nil
}

// fill puts members and their history into a database.
func (r *runner) fill(ctx context.Context, d *database, dsn string) error {
	s, err := r.Open(ctx, dsn)
	if err != nil {
		return err
	}
	progress := func(what string, n int64) { r.Progress("%s: filled in %d %s", r.doing, n, what) }
	err = errors.Join(Fill(ctx, s, NewWorld(d.size(&r.Options)), progress), s.Close())
	if err != nil || !d.postgres {
		return err
	}
	r.Progress("%s: tidying up", r.doing)
	return Settle(ctx, dsn)
}

// server is a process that runs. Its processor time is its own.
type server struct {
	cmd      *exec.Cmd
	addr     string
	profiles string // address of its profiles
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
	dsn, err := r.dsn(ctx, p.on)
	if err != nil {
		return nil, err
	}
	cmd, err := r.Server(ctx, dsn, p.flags...)
	if err != nil {
		return nil, err
	}
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
	if _, err := fmt.Fscanln(bufio.NewReader(out), &s.addr, &s.profiles); err != nil {
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	target := Target{s.addr}
	if err := target.warm(ctx, 1, r.Time, Clock("", 0), 1); err != nil {
		return nil, err
	}
	r.report.add(flow{charges, at}.line(), Line{}, Sample{Start: time.Since(began).Seconds()})
	all, _ := p.on.size(&r.Options)
	// As long as a measurement: the first touch of a page after a checkpoint writes all of it to the log, and the first minute of a
	// database is not what its users see.
	return s, target.warm(ctx, r.Conns, r.Time, Charges(r.newRun(), Members(all)), Endless)
}

// warm sends calls that are not measured.
func (t Target) warm(ctx context.Context, conns int, d time.Duration, call Call, most int64) error {
	c, err := t.Dial(ctx, conns, call, most)
	if err != nil {
		return err
	}
	defer c.Close()
	l, err := c.Closed(ctx, d)
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
