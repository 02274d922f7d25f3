package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// turn is how long one of two that are compared is measured before it is the other's turn: short, because machines drift by a third within
// seconds, and long beside the few milliseconds in which connections begin and end.
const turn = time.Second

// closed measures how many calls a place takes.
func (r *runner) closed(ctx context.Context, s *step) error {
	return r.turns(ctx, s, func(x flow) (Call, string, int64) {
		run := r.newRun()
		return x.do.call(run, r.members(x.at)), run, Endless
	})
}

// day measures how many calls of a day a place takes.
func (r *runner) day(ctx context.Context, s *step) error {
	if _, err := r.servers(ctx, s.at); err != nil {
		return err
	}
	d := &day{run: r.newRun(), members: r.members(s.at)}
	return r.listened(ctx, s, d.Call, d.Heard, Endless)
}

// method measures one method. What is about calls of another is sent once for each of them.
func (r *runner) method(ctx context.Context, s *step) error {
	if _, err := r.servers(ctx, s.at); err != nil {
		return err
	}
	t := named(s.do.name)
	q := &sequence{template: t, run: r.newRun(), members: r.members(s.at), about: r.sequences[t.about]}
	most := int64(Endless)
	if t.about != "" {
		if q.about == nil {
			return fmt.Errorf("there are no calls of %s for it to be about", t.about)
		}
		most = q.about.calls
		if t.most > 0 {
			most = min(most, t.most)
		}
	}
	r.sequences[t.title()] = q
	err := r.listened(ctx, s, q.Call, q.Heard, most)
	q.calls = r.last[s.at].calls
	return err
}

// listened measures calls whose answers are heard.
func (r *runner) listened(ctx context.Context, s *step, call Call, heard func(int64, []byte), most int64) error {
	x, err := r.dial(ctx, s.flow, call, most)
	if err != nil {
		return err
	}
	defer x.Close()
	x.heard = heard
	err = r.send(x, func() (Load, error) { return x.Closed(ctx, r.Time) })
	r.last[s.at] = sent{"", x.sum.Calls}
	r.report.add(s.line(), Line{}, x.sample())
	return err
}

// counted sends as many calls as the measurement before it at this place.
func (r *runner) counted(ctx context.Context, s *step) error {
	return r.turns(ctx, s, func(x flow) (Call, string, int64) {
		before := r.last[x.at]
		return x.do.call(before.run, nil), before.run, before.calls
	})
}

// turns sends calls, until there are no more or the time is over, in turns with what they are compared with.
func (r *runner) turns(ctx context.Context, s *step, calls func(flow) (Call, string, int64)) error {
	flows := []flow{s.flow}
	if s.to != nil {
		flows = append(flows, *s.to)
	}
	for _, f := range flows { // all that is compared is up before anything is measured
		if _, err := r.servers(ctx, f.at); err != nil {
			return err
		}
	}
	var sides []*side
	for _, f := range flows {
		call, run, most := calls(f)
		x, err := r.dial(ctx, f, call, most)
		if err != nil {
			return err
		}
		defer x.Close()
		x.run = run
		sides = append(sides, x)
	}
	mine, order := sides[0], slices.Clone(sides)
	for ended := false; !ended; {
		for _, x := range order {
			if err := r.send(x, func() (Load, error) { return x.Closed(ctx, min(turn, r.Time)) }); err != nil {
				return err
			}
			ended = ended || x.Ended()
		}
		ended = ended || mine.sum.Took >= r.Time && mine.most == Endless
		slices.Reverse(order) // A B, B A, A B: neither is always the first
		if s.to != nil {
			r.report.add(mine.line(), s.to.line(), mine.newest.over(sides[1].newest))
		}
	}
	for _, x := range sides {
		r.last[x.at] = sent{x.run, x.sum.Calls}
		r.rates[x.line()] = x.sum.PerSecond()
		r.report.add(x.line(), Line{}, x.sample())
	}
	return nil
}

// reported measures a command that reads the books while nothing is written: how long it takes, what it needs of memory and processor, and how
// many lines it prints.
func (r *runner) reported(ctx context.Context, s *step) error {
	if _, err := r.servers(ctx, s.at); err != nil {
		return err
	}
	db := s.at.database()
	args := append(strings.Fields(s.do.name)[1:], "--brand", Brand)
	switch s.do {
	case statement:
		args = append(args, "--customer", r.databases[db].members[0], "--csv")
	case export:
		args = append(args, "--format", "csv")
	}
	cmd := r.command(ctx, db, r.databases[db].dsn, args...)
	var lines counter
	cmd.Stdout = &lines
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended, most := make(chan error), int64(0)
	go func() { ended <- cmd.Wait() }()
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				return err
			}
			running = false
		case <-time.After(20 * time.Millisecond):
			most = max(most, PeakRSS(cmd.Process.Pid))
		}
	}
	took := time.Since(began)
	r.report.add(s.line(), Line{}, Sample{Took: took.Seconds(), RSS: float64(most) / (1 << 20), Lines: float64(lines)})
	return nil
}

// counter counts lines.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(bytes.Count(b, []byte("\n")))
	return len(b), nil
}

// half measures latencies at half of the rate measured before.
func (r *runner) half(ctx context.Context, s *step) error {
	if r.rates[s.line()] == 0 {
		if err := r.closed(ctx, &step{flow: s.flow}); err != nil {
			return err
		}
	}
	if _, err := r.servers(ctx, s.at); err != nil {
		return err
	}
	x, err := r.dial(ctx, s.flow, s.do.call(r.newRun(), r.members(s.at)), Endless)
	if err != nil {
		return err
	}
	defer x.Close()
	err = r.send(x, func() (Load, error) { return x.Open(ctx, r.Time, r.rates[s.line()]/2) })
	r.report.add(s.line(), Line{}, Sample{P50: millis(x.sum.P50), P99: millis(x.sum.P99)})
	return err
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// killed kills the server under load, and starts it again: it answers as soon as one that ended in good order.
func (r *runner) killed(ctx context.Context, s *step) error {
	p := s.at.processes[0]
	servers, err := r.servers(ctx, s.at)
	if err != nil {
		return err
	}
	_ = servers[0].cmd.Process.Kill()
	_ = servers[0].cmd.Wait()
	delete(r.running, p)
	_, err = r.start(ctx, s.at, p)
	return err
}

// tpcb measures what the database server makes of TPC-B. Its clients take no turns: what they are compared with comes before.
func (r *runner) tpcb(ctx context.Context, s *step) error {
	if err := r.closed(ctx, &step{flow: *s.to}); err != nil {
		return err
	}
	dsn, err := r.tpcbDatabase(ctx)
	if err != nil {
		return err
	}
	before := r.pg.CPU()
	rate, err := Pgbench(r.pg.Bin("pgbench")).Run(ctx, dsn, pgbenchClients, r.Time)
	used := float64((r.pg.CPU() - before).Microseconds())
	r.report.add(s.line(), s.to.line(), Sample{
		PerSecond: rate, PostgresCPU: used / (rate * float64(seconds(r.Time))), Ratio: rate / r.rates[s.to.line()],
	})
	return err
}

// TPC-B as it is usually quoted.
const (
	pgbenchClients = 32
	pgbenchScale   = 20
)

// A side is a flow under measurement, and what it came to so far.
type side struct {
	flow
	*Clients
	run     string
	servers []*server
	sum     taken
	newest  taken // in the last turn
}

// taken is what calls took: processor time of our processes and of PostgreSQL.
type taken struct {
	Load
	recoup, database time.Duration
}

// over is a turn beside another's.
func (t taken) over(other taken) Sample {
	s := Sample{Ratio: t.PerSecond() / other.PerSecond()}
	if cpu := other.perCall(other.recoup + other.database); cpu > 0 {
		s[CPURatio] = t.perCall(t.recoup+t.database) / cpu
	}
	return s
}

// perCall is in microseconds.
func (t taken) perCall(d time.Duration) float64 {
	return float64(d.Microseconds()) / float64(max(t.Calls, 1))
}

// dial connects to the place of a flow, whose servers run.
func (r *runner) dial(ctx context.Context, f flow, call Call, most int64) (*side, error) {
	servers, err := r.servers(ctx, f.at)
	if err != nil {
		return nil, err
	}
	var target Target
	for _, s := range servers {
		target = append(target, s.addr)
	}
	conns := r.Conns
	if f.at.alone {
		conns = 1
	}
	clients, err := target.Dial(ctx, conns, call, most)
	if err == nil {
		clients.as(r.databases[f.at.database()].session)
	}
	return &side{flow: f, Clients: clients, servers: servers}, err
}

// send sends some calls and adds up what they take.
func (r *runner) send(x *side, some func() (Load, error)) error {
	recoup, database := r.cpu(x.servers)
	l, err := some()
	recoupNow, databaseNow := r.cpu(x.servers)
	x.newest = taken{l, recoupNow - recoup, databaseNow - database}
	if !x.at.database().postgres {
		x.newest.database = 0 // which is somebody else's
	}
	x.sum.recoup += x.newest.recoup
	x.sum.database += x.newest.database
	x.sum.add(l)
	switch {
	case err != nil:
		return err
	case l.Calls == 0 && !x.Ended():
		return errors.New("no call was answered")
	case l.Refused > l.Calls/100:
		return fmt.Errorf("%d of %d calls were no success, the first: %s", l.Refused, l.Calls, l.Sample)
	}
	return nil
}

// sample is what a side came to.
func (x *side) sample() Sample {
	s := Sample{PerSecond: x.sum.PerSecond(), RecoupCPU: x.sum.perCall(x.sum.recoup), Refused: float64(x.sum.Refused)}
	if x.sum.database > 0 { // which is not told of a server that is not ours
		s[PostgresCPU] = x.sum.perCall(x.sum.database)
	}
	if x.at.alone {
		s[P50], s[P99] = millis(x.sum.P50), millis(x.sum.P99)
	}
	for _, server := range x.servers {
		s[RSS] = max(s[RSS], float64(PeakRSS(server.cmd.Process.Pid))/(1<<20))
	}
	return s
}

// cpu is the processor time that servers of ours and the database's have used.
func (r *runner) cpu(servers []*server) (recoup, database time.Duration) {
	for _, s := range servers {
		recoup += CPU(s.cmd.Process.Pid)
	}
	if r.pg != nil {
		database = r.pg.CPU()
	}
	return recoup, database
}
