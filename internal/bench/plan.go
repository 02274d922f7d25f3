package bench

import "context"

// This file says what is measured: a row of a table for every row of the table that is printed.

// A traffic is what calls do.
type traffic struct {
	name string
	call func(run string, m Members) Call
}

var (
	charges = &traffic{"charges", Charges}
	debits  = &traffic{"debits", Spends}
	refunds = &traffic{"refunds", Refunds}
	mixed   = &traffic{"mixed", Mixed}
	reads   = &traffic{"reads", Reads}
	clock   = &traffic{"taobao.time.get", Clock}
	tpcb    = &traffic{name: "TPC-B"}
)

// spreadMost is how many members calls are spread over, at most.
const spreadMost = 100_000

// A database is made when it is first needed.
type database struct {
	name     string
	postgres bool
	own      bool // made on the temporary server beside the main one
	fresh    bool // made anew for every round
	size     func(c *Options) (members, operations int64)
}

func spreadSize(c *Options) (members, operations int64) {
	members = min(c.Members, spreadMost)
	return members, members
}

func largeSize(c *Options) (members, operations int64) { return c.Members, c.Operations }

var (
	memoryDB = &database{name: "memory", size: spreadSize}
	sqliteDB = &database{name: "sqlite", size: spreadSize}
	mainDB   = &database{name: "main", postgres: true, size: spreadSize}
	freshDB  = &database{name: "fresh", postgres: true, own: true, fresh: true, size: spreadSize}
	largeDB  = &database{name: "large", postgres: true, own: true, size: largeSize}
	tpcbDB   = &database{name: "tpcb", postgres: true, own: true, size: spreadSize}
)

// A process is a server of this binary.
type process struct {
	on    *database
	flags []string
}

var (
	noopServer   = &process{memoryDB, []string{"--null"}}
	sqliteServer = &process{sqliteDB, nil}
	mainServer   = &process{mainDB, nil}
	secondServer = &process{mainDB, nil}
	batch1Server = &process{mainDB, []string{"--batch-max", "1"}}
	freshServer  = &process{freshDB, nil}
	largeServer  = &process{largeDB, nil}
)

// A place is where a load is sent: to processes that share the connections.
type place struct {
	name      string
	processes []*process
	members   Members // 0: all of the database's
}

func (p *place) database() *database { return p.processes[0].on }

var (
	noop         = &place{name: "no-op", processes: []*process{noopServer}}
	sqlite       = &place{name: "SQLite", processes: []*process{sqliteServer}}
	postgres     = &place{name: "PostgreSQL", processes: []*process{mainServer}}
	batch1       = &place{name: "PostgreSQL, --batch-max 1", processes: []*process{batch1Server}}
	oneMember    = &place{name: "PostgreSQL, one member", processes: []*process{mainServer}, members: 1}
	empty        = &place{name: "PostgreSQL, empty store", processes: []*process{freshServer}}
	large        = &place{name: "PostgreSQL, large store", processes: []*process{largeServer}}
	twoProcesses = &place{name: "PostgreSQL, 2 processes", processes: []*process{mainServer, secondServer}}
	pgbench      = &place{name: "pgbench, 32 clients", processes: []*process{{on: tpcbDB}}} // which is not ours, and never started
)

// A step measures one line of the table.
type step struct {
	do      *traffic
	at      *place
	measure func(*runner, context.Context, *step) error
	to      Line // compared with, measured before in the same group
}

func (s *step) line() Line { return line(s.do, s.at) }

func line(t *traffic, p *place) Line { return Line{Load: t.name, On: p.name} }

// A group is a part of the table: rows that are compared, measured one after the other.
type group struct {
	name  string
	about string
	steps []step
}

// Groups that need something.
const (
	largeGroup   = "large"
	pgbenchGroup = "pgbench"
)

var (
	limit  = step{do: charges, at: noop, measure: (*runner).closed}
	spread = step{do: charges, at: postgres, measure: (*runner).closed}

	noopCharges     = line(charges, noop)
	postgresCharges = line(charges, postgres)
)

var groups = []*group{
	{"charges", "charges on the no-op limit, PostgreSQL and SQLite, with latencies at half the rate", []step{
		limit,
		{charges, postgres, (*runner).closed, noopCharges},
		limit, // again: both are held against what the machine could do just before
		{charges, sqlite, (*runner).closed, noopCharges},
		{do: charges, at: noop, measure: (*runner).half},
		{do: charges, at: postgres, measure: (*runner).half},
		{do: charges, at: sqlite, measure: (*runner).half},
	}},
	{"debits", "debits, and the refunds of all of them", []step{
		limit,
		{debits, postgres, (*runner).closed, noopCharges},
		{refunds, postgres, (*runner).counted, noopCharges},
		{debits, sqlite, (*runner).closed, noopCharges},
		{refunds, sqlite, (*runner).counted, noopCharges},
	}},
	{"mixed", "charges, debits and refunds in turn", []step{
		limit,
		{mixed, postgres, (*runner).closed, noopCharges},
		{mixed, sqlite, (*runner).closed, noopCharges},
	}},
	{"reads", "members looked up", []step{
		limit,
		{reads, postgres, (*runner).closed, noopCharges},
		{reads, sqlite, (*runner).closed, noopCharges},
	}},
	{"batch1", "charges with --batch-max 1: a transaction for each", []step{
		spread,
		{charges, batch1, (*runner).closed, postgresCharges},
	}},
	{"hot", "charges of one member", []step{
		spread,
		{charges, oneMember, (*runner).closed, postgresCharges},
	}},
	{largeGroup, "charges with a long history in the store", []step{
		{do: charges, at: empty, measure: (*runner).closed},
		{charges, large, (*runner).closed, line(charges, empty)},
	}},
	{"processes", "charges and mixed calls on two processes with one database", []step{
		spread,
		{charges, twoProcesses, (*runner).closed, postgresCharges},
		{do: mixed, at: postgres, measure: (*runner).closed},
		{mixed, twoProcesses, (*runner).closed, line(mixed, postgres)},
	}},
	{"clock", "taobao.time.get, the least there is to ask for", []step{
		{do: clock, at: noop, measure: (*runner).closed},
	}},
	{pgbenchGroup, "pgbench -M prepared, TPC-B at scale 20, on the same server", []step{
		spread,
		{tpcb, pgbench, (*runner).tpcb, postgresCharges},
	}},
	{"cpu", "where the processor time of a charge goes", []step{
		{do: charges, at: noop, measure: (*runner).split},
		{do: charges, at: postgres, measure: (*runner).split},
		{do: charges, at: sqlite, measure: (*runner).split},
	}},
}

// bars are what is aimed at.
var bars = []Bar{
	{Name: "charges on PostgreSQL, of the no-op limit", Line: postgresCharges, Figure: Ratio, Least: 0.55, Format: "%.0f %%", Scale: 100},
	{Name: "charges on SQLite, of the no-op limit", Line: line(charges, sqlite), Figure: Ratio, Least: 0.60, Format: "%.0f %%", Scale: 100},
	{Name: "charges on PostgreSQL, of those with --batch-max 1", Line: line(charges, batch1), Figure: Ratio, Inverse: true, Least: 4, Format: "%.1f ×"},
	{Name: "charges of one member, of those spread", Line: line(charges, oneMember), Figure: Ratio, Least: 0.9, Format: "%.2f"},
	{Name: "charges on a large store, of those on an empty one", Line: line(charges, large), Figure: Ratio, Least: 0.8, Format: "%.2f"},
	{Name: "memory of a process, MB", Figure: RSS, Most: 200, Format: "%.0f"},
	{Name: "start to first answer, s", Figure: Start, Most: 1, Format: "%.2f"},
	{Name: "goal: charges on PostgreSQL, of pgbench TPC-B", Line: line(tpcb, pgbench), Figure: Ratio, Inverse: true, Least: 2, Format: "%.1f ×"},
}
