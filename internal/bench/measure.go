package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// closed measures how many calls a place takes.
func (r *runner) closed(ctx context.Context, s *step) error {
	run := r.newRun()
	call := s.do.call(run, r.members(s.at))
	l, sample, err := r.load(ctx, s, func(t Target) (Load, error) { return t.Closed(ctx, r.Conns, r.Time, call) })
	r.last[s.at] = sent{run, l.Calls}
	return r.add(s, sample, err)
}

// counted sends as many calls as the measurement before it at this place, less those whose number was drawn when its time was over.
func (r *runner) counted(ctx context.Context, s *step) error {
	before := r.last[s.at]
	call := s.do.call(before.run, r.members(s.at))
	n := max(1, before.calls-int64(r.Conns))
	_, sample, err := r.load(ctx, s, func(t Target) (Load, error) { return t.Count(ctx, r.Conns, n, call) })
	return r.add(s, sample, err)
}

// half measures latencies at half of the rate measured before.
func (r *runner) half(ctx context.Context, s *step) error {
	call := s.do.call(r.newRun(), r.members(s.at))
	rate := r.rates[s.line()] / 2
	l, _, err := r.load(ctx, s, func(t Target) (Load, error) { return t.Open(ctx, r.Conns, r.Time, rate, call) })
	return r.add(s, Sample{P50: millis(l.P50), P99: millis(l.P99)}, err)
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// split measures where the processor time of a call goes.
func (r *runner) split(ctx context.Context, s *step) error {
	call := s.do.call(r.newRun(), r.members(s.at))
	servers, err := r.servers(ctx, s.at)
	if err != nil {
		return err
	}
	var parts Split
	_, sample, err := r.load(ctx, s, func(t Target) (l Load, err error) {
		var failed error
		var profile sync.WaitGroup
		profile.Go(func() { parts, failed = CPUSplit(ctx, servers[0].profiles, r.Time) })
		l, err = t.Closed(ctx, r.Conns, max(r.Time, time.Second), call)
		profile.Wait()
		return l, errors.Join(err, failed)
	})
	found := Sample{}
	for part, share := range parts {
		found[part] = share * sample[RecoupCPU]
	}
	return r.add(s, found, err)
}

// tpcb measures what the database server makes of TPC-B.
func (r *runner) tpcb(ctx context.Context, s *step) error {
	dsn, err := r.dsn(ctx, s.at.database())
	if err != nil {
		return err
	}
	before := r.pg.CPU()
	rate, err := Pgbench(r.pg.Bin("pgbench")).Run(ctx, dsn, pgbenchClients, r.Time)
	used := float64((r.pg.CPU() - before).Microseconds())
	return r.add(s, Sample{PerSecond: rate, PostgresCPU: used / (rate * float64(seconds(r.Time)))}, err)
}

// TPC-B as it is usually quoted.
const (
	pgbenchClients = 32
	pgbenchScale   = 20
)

// add takes a sample into the report, and its ratio.
func (r *runner) add(s *step, sample Sample, err error) error {
	if err != nil {
		return err
	}
	if rate := sample[PerSecond]; rate > 0 {
		r.rates[s.line()] = rate
		if other := r.rates[s.to]; other > 0 {
			sample[Ratio] = rate / other
		}
	}
	r.report.add(s.line(), s.to, sample)
	return nil
}

// load runs a load at a place and measures the servers meanwhile.
func (r *runner) load(ctx context.Context, s *step, run func(Target) (Load, error)) (l Load, sample Sample, err error) {
	servers, err := r.servers(ctx, s.at)
	if err != nil {
		return l, nil, err
	}
	var target Target
	for _, s := range servers {
		target = append(target, s.addr)
	}
	recoup, database := r.cpu(servers)
	if l, err = run(target); err != nil {
		return l, nil, err
	}
	switch {
	case l.Calls == 0:
		return l, nil, errors.New("no call was answered")
	case l.Refused > l.Calls/100:
		return l, nil, fmt.Errorf("%d of %d calls were no success, the first: %s", l.Refused, l.Calls, l.Sample)
	}
	recoupNow, databaseNow := r.cpu(servers)
	perCall := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(l.Calls) }
	sample = Sample{PerSecond: l.PerSecond(), RecoupCPU: perCall(recoupNow - recoup), Refused: float64(l.Refused)}
	if s.at.database().postgres && r.pg != nil {
		sample[PostgresCPU] = perCall(databaseNow - database)
	}
	for _, s := range servers {
		sample[RSS] = max(sample[RSS], float64(PeakRSS(s.cmd.Process.Pid))/(1<<20))
	}
	return l, sample, nil
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
