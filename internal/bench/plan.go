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

// A flow is a traffic to a place, a line of the table.
type flow struct {
	do *traffic
	at *place
}

func (f flow) line() Line { return Line{Load: f.do.name, On: f.at.name} }

// A step measures a flow.
type step struct {
	flow
	measure func(*runner, context.Context, *step) error
	to      *flow // compared with; the two take turns
}

// flows is how many the step measures.
func (s *step) flows() int {
	if s.to == nil {
		return 1
	}
	return 2
}

// A group is a part of the table.
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
	limit  = &flow{charges, noop}
	spread = &flow{charges, postgres}
)

var groups = []*group{
	{"charges", "charges on the no-op limit, PostgreSQL and SQLite, with latencies at half the rate", []step{
		{flow{charges, postgres}, (*runner).closed, limit},
		{flow{charges, sqlite}, (*runner).closed, limit},
		{flow{charges, noop}, (*runner).half, nil},
		{flow{charges, postgres}, (*runner).half, nil},
		{flow{charges, sqlite}, (*runner).half, nil},
	}},
	{"debits", "debits, and the refunds of all of them", []step{
		{flow{debits, postgres}, (*runner).closed, limit},
		{flow{refunds, postgres}, (*runner).counted, limit},
		{flow{debits, sqlite}, (*runner).closed, limit},
		{flow{refunds, sqlite}, (*runner).counted, limit},
	}},
	{"mixed", "charges, debits and refunds in turn", []step{
		{flow{mixed, postgres}, (*runner).closed, limit},
		{flow{mixed, sqlite}, (*runner).closed, limit},
	}},
	{"reads", "members looked up", []step{
		{flow{reads, postgres}, (*runner).closed, limit},
		{flow{reads, sqlite}, (*runner).closed, limit},
	}},
	{"batch1", "charges with --batch-max 1: a transaction for each", []step{
		{flow{charges, batch1}, (*runner).closed, spread},
	}},
	{"hot", "charges of one member", []step{
		{flow{charges, oneMember}, (*runner).closed, spread},
	}},
	{largeGroup, "charges with a long history in the store", []step{
		{flow{charges, large}, (*runner).closed, &flow{charges, empty}},
	}},
	{"processes", "charges and mixed calls on two processes with one database", []step{
		{flow{charges, twoProcesses}, (*runner).closed, spread},
		{flow{mixed, twoProcesses}, (*runner).closed, &flow{mixed, postgres}},
	}},
	{"clock", "taobao.time.get, the least there is to ask for", []step{
		{flow{clock, noop}, (*runner).closed, nil},
	}},
	{pgbenchGroup, "pgbench -M prepared, TPC-B at scale 20, on the same server", []step{
		{flow{tpcb, pgbench}, (*runner).tpcb, spread},
	}},
	{"cpu", "where the processor time of a charge goes", []step{
		{flow{charges, noop}, (*runner).split, nil},
		{flow{charges, postgres}, (*runner).split, nil},
		{flow{charges, sqlite}, (*runner).split, nil},
	}},
}

// bars are what is aimed at.
var bars = []Bar{
	{Name: "charges on PostgreSQL, of the no-op limit", Line: spread.line(), Figure: Ratio, Least: 0.55, Format: "%.0f %%", Scale: 100},
	{Name: "charges on SQLite, of the no-op limit", Line: flow{charges, sqlite}.line(), Figure: Ratio, Least: 0.60, Format: "%.0f %%", Scale: 100},
	{Name: "charges on PostgreSQL, of those with --batch-max 1", Line: flow{charges, batch1}.line(), Figure: Ratio, Inverse: true, Least: 4, Format: "%.1f ×"},
	{Name: "charges of one member, of those spread", Line: flow{charges, oneMember}.line(), Figure: Ratio, Least: 0.9, Format: "%.2f"},
	{Name: "charges on a large store, of those on an empty one", Line: flow{charges, large}.line(), Figure: Ratio, Least: 0.8, Format: "%.2f"},
	{Name: "memory of a process, MB", Figure: RSS, Most: 200, Format: "%.0f"},
	{Name: "start to first answer, s", Figure: Start, Most: 1, Format: "%.2f"},
	{Name: "goal: charges on PostgreSQL, of pgbench TPC-B", Line: flow{tpcb, pgbench}.line(), Figure: Ratio, Inverse: true, Least: 2, Format: "%.1f ×"},
}
