package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// turn is how long one of two that are compared is measured before it is the other's turn: short, because machines drift by a third within
// seconds, and long beside the few milliseconds in which connections begin and end.
const turn = time.Second

// closed measures how many calls a place takes.
func (r *runner) closed(ctx context.Context, s *step) error {
	run := r.newRun()
	calls, err := r.turns(ctx, s, s.do.call(run, r.members(s.at)), Endless)
	r.last[s.at] = sent{run, calls}
	return err
}

// counted sends as many calls as the measurement before it at this place.
func (r *runner) counted(ctx context.Context, s *step) error {
	before := r.last[s.at]
	_, err := r.turns(ctx, s, s.do.call(before.run, r.members(s.at)), before.calls)
	return err
}

// turns sends calls, until there are no more or the time is over, in turns with what they are compared with.
func (r *runner) turns(ctx context.Context, s *step, call Call, most int64) (calls int64, err error) {
	if s.to != nil {
		if _, err := r.servers(ctx, s.to.at); err != nil {
			return 0, err
		}
	}
	mine, err := r.dial(ctx, s.flow, call, most)
	if err != nil {
		return 0, err
	}
	defer mine.Close()
	sides := []*side{mine}
	if s.to != nil {
		other, err := r.dial(ctx, *s.to, s.to.do.call(r.newRun(), r.members(s.to.at)), Endless)
		if err != nil {
			return 0, err
		}
		defer other.Close()
		sides = []*side{other, mine}
	}
	order := slices.Clone(sides)
	for !mine.Ended() && (most < Endless || mine.sum.Took < r.Time) {
		for _, x := range order {
			if err := r.send(x, func() (Load, error) { return x.Closed(ctx, min(turn, r.Time)) }); err != nil {
				return 0, err
			}
		}
		slices.Reverse(order) // A B, B A, A B: neither is always the first
	}
	for _, x := range sides {
		sample, to := x.sample(), Line{}
		if x == mine && s.to != nil {
			to = s.to.line()
			sample[Ratio] = sample[PerSecond] / r.rates[to]
		}
		r.rates[x.line()] = sample[PerSecond]
		r.report.add(x.line(), to, sample)
	}
	return mine.sum.Calls, nil
}

// half measures latencies at half of the rate measured before.
func (r *runner) half(ctx context.Context, s *step) error {
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

// split measures where the processor time of a call goes.
func (r *runner) split(ctx context.Context, s *step) error {
	x, err := r.dial(ctx, s.flow, s.do.call(r.newRun(), r.members(s.at)), Endless)
	if err != nil {
		return err
	}
	defer x.Close()
	var parts Split
	err = r.send(x, func() (l Load, err error) {
		var failed error
		var profile sync.WaitGroup
		profile.Go(func() { parts, failed = CPUSplit(ctx, x.servers[0].profiles, r.Time) })
		l, err = x.Closed(ctx, max(r.Time, time.Second))
		profile.Wait()
		return l, errors.Join(err, failed)
	})
	found, whole := Sample{}, x.sample()[RecoupCPU]
	for part, share := range parts {
		found[part] = share * whole
	}
	r.report.add(s.line(), Line{}, found)
	return err
}

// tpcb measures what the database server makes of TPC-B. Its clients take no turns: what they are compared with comes before.
func (r *runner) tpcb(ctx context.Context, s *step) error {
	if err := r.closed(ctx, &step{flow: *s.to}); err != nil {
		return err
	}
	dsn, err := r.dsn(ctx, s.at.database())
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
	servers          []*server
	sum              Load
	recoup, database time.Duration // processor time of our processes and of PostgreSQL
}

// dial connects to the place of a flow.
func (r *runner) dial(ctx context.Context, f flow, call Call, most int64) (*side, error) {
	servers, err := r.servers(ctx, f.at)
	if err != nil {
		return nil, err
	}
	var target Target
	for _, s := range servers {
		target = append(target, s.addr)
	}
	clients, err := target.Dial(ctx, r.Conns, call, most)
	return &side{flow: f, Clients: clients, servers: servers}, err
}

// send sends some calls and adds up what they take.
func (r *runner) send(x *side, some func() (Load, error)) error {
	recoup, database := r.cpu(x.servers)
	l, err := some()
	recoupNow, databaseNow := r.cpu(x.servers)
	x.recoup += recoupNow - recoup
	x.database += databaseNow - database
	x.sum.add(l)
	switch {
	case err != nil:
		return err
	case l.Calls == 0:
		return errors.New("no call was answered")
	case l.Refused > l.Calls/100:
		return fmt.Errorf("%d of %d calls were no success, the first: %s", l.Refused, l.Calls, l.Sample)
	}
	return nil
}

// sample is what a side came to.
func (x *side) sample() Sample {
	perCall := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(x.sum.Calls) }
	s := Sample{PerSecond: x.sum.PerSecond(), RecoupCPU: perCall(x.recoup), Refused: float64(x.sum.Refused)}
	if x.at.database().postgres && x.database > 0 { // which is not told of a server that is not ours
		s[PostgresCPU] = perCall(x.database)
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
