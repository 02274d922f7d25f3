package bench

import (
	"context"
	"slices"
)

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
	tpcb    = &traffic{name: "TPC-B"}
	aDay    = &traffic{name: "day"}
	listing = &traffic{"listings", Listings}
)

// Reports of the books: commands that read all of a history.
var (
	statement = &traffic{name: "recoup member statement"}
	liability = &traffic{name: "recoup liability"}
	export    = &traffic{name: "recoup export operations"}
)

// spreadMost is how many members calls are spread over, at most.
const spreadMost = 100_000

// A database is made when it is first needed.
type database struct {
	name     string
	postgres bool
	own      bool // made on the temporary server beside the main one
	large    bool // has Options.Members and Options.Operations
	other    bool // made and served by the other binary
}

var (
	memoryDB      = &database{name: "memory"}
	sqliteDB      = &database{name: "sqlite"}
	sqliteEmptyDB = &database{name: "sqlite_empty"}
	sqliteLargeDB = &database{name: "sqlite_large", large: true}
	mainDB        = &database{name: "main", postgres: true}
	emptyDB       = &database{name: "empty", postgres: true, own: true}
	largeDB       = &database{name: "large", postgres: true, own: true, large: true}
	tpcbDB        = &database{name: "tpcb", postgres: true, own: true}
)

// A process is a server of a binary.
type process struct {
	on    *database
	flags []string
}

// A place is where a load is sent: to processes that share the connections.
type place struct {
	name      string
	processes []*process
	hot       bool // all calls are about one member
	alone     bool // one call at a time
}

func (p *place) database() *database { return p.processes[0].on }

var (
	mainServer   = &process{mainDB, nil}
	sqliteServer = &process{sqliteDB, nil}

	noop         = &place{name: "no-op", processes: []*process{{memoryDB, []string{"--null"}}}}
	sqlite       = &place{name: "SQLite", processes: []*process{sqliteServer}}
	postgres     = &place{name: "PostgreSQL", processes: []*process{mainServer}}
	batch1       = &place{name: "PostgreSQL, --batch-max 1", processes: []*process{{mainDB, []string{"--batch-max", "1"}}}}
	hotPostgres  = &place{name: "PostgreSQL, one member", processes: []*process{mainServer}, hot: true}
	hotSqlite    = &place{name: "SQLite, one member", processes: []*process{sqliteServer}, hot: true}
	onePostgres  = &place{name: "PostgreSQL, one caller", processes: []*process{mainServer}, alone: true}
	oneSqlite    = &place{name: "SQLite, one caller", processes: []*process{sqliteServer}, alone: true}
	deep         = &place{name: "PostgreSQL, large store, the member with a tenth of it", processes: large.processes, hot: true}
	sqliteDeep   = &place{name: "SQLite, large store, the member with a tenth of it", processes: sqliteLarge.processes, hot: true}
	empty        = &place{name: "PostgreSQL, empty store", processes: []*process{{emptyDB, nil}}}
	large        = &place{name: "PostgreSQL, large store", processes: []*process{{largeDB, nil}}}
	sqliteEmpty  = &place{name: "SQLite, empty store", processes: []*process{{sqliteEmptyDB, nil}}}
	sqliteLarge  = &place{name: "SQLite, large store", processes: []*process{{sqliteLargeDB, nil}}}
	twoProcesses = &place{name: "PostgreSQL, 2 processes", processes: []*process{mainServer, {mainDB, nil}}}
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
	reportsGroup = "reports"
	pgbenchGroup = "pgbench"
)

var (
	limit  = &flow{charges, noop}
	spread = &flow{charges, postgres}
)

var groups = []*group{
	{"charges", "charges beside the same calls on a store that answers at once", []step{
		{flow{charges, postgres}, (*runner).closed, limit},
		{flow{charges, sqlite}, (*runner).closed, limit},
	}},
	{"latency", "charges at half of their rate, and a start after a kill", []step{
		{flow{charges, postgres}, (*runner).half, nil},
		{flow{charges, sqlite}, (*runner).half, nil},
		{flow{charges, postgres}, (*runner).killed, nil},
		{flow{charges, sqlite}, (*runner).killed, nil},
	}},
	{"debits", "debits, and the refunds of all of them", []step{
		{flow{debits, postgres}, (*runner).closed, nil},
		{flow{refunds, postgres}, (*runner).counted, nil},
		{flow{debits, sqlite}, (*runner).closed, nil},
		{flow{refunds, sqlite}, (*runner).counted, nil},
	}},
	{"mixed", "charges, debits and refunds in turn", []step{
		{flow{mixed, postgres}, (*runner).closed, nil},
		{flow{mixed, sqlite}, (*runner).closed, nil},
	}},
	{"day", "a day of tills: charges, debits, bills, listings, orders, and refunds of them all", []step{
		{flow{aDay, postgres}, (*runner).day, nil},
		{flow{aDay, sqlite}, (*runner).day, nil},
	}},
	{"methods", "every method by itself, on SQLite", methodSteps()},
	{"reads", "members looked up", []step{
		{flow{reads, postgres}, (*runner).closed, nil},
		{flow{reads, sqlite}, (*runner).closed, nil},
	}},
	{"one", "charges by one caller, one at a time", []step{
		{flow{charges, onePostgres}, (*runner).closed, nil},
		{flow{charges, oneSqlite}, (*runner).closed, nil},
	}},
	{"batch1", "charges with --batch-max 1: a transaction for each", []step{
		{flow{charges, batch1}, (*runner).closed, spread},
	}},
	{"hot", "charges of one member", []step{
		{flow{charges, hotPostgres}, (*runner).closed, spread},
		{flow{charges, hotSqlite}, (*runner).closed, &flow{charges, sqlite}},
	}},
	{largeGroup, "charges with a long history in the store", []step{
		{flow{charges, large}, (*runner).closed, &flow{charges, empty}},
		{flow{charges, sqliteLarge}, (*runner).closed, &flow{charges, sqliteEmpty}},
	}},
	{reportsGroup, "listings, statements, liabilities and exports of a store with a long history", []step{
		{flow{listing, deep}, (*runner).closed, &flow{listing, large}},
		{flow{listing, sqliteDeep}, (*runner).closed, &flow{listing, sqliteLarge}},
		{flow{statement, deep}, (*runner).reported, nil},
		{flow{liability, deep}, (*runner).reported, nil},
		{flow{export, deep}, (*runner).reported, nil},
		{flow{statement, sqliteDeep}, (*runner).reported, nil},
		{flow{liability, sqliteDeep}, (*runner).reported, nil},
		{flow{export, sqliteDeep}, (*runner).reported, nil},
	}},
	{"processes", "charges and mixed calls on two processes with one database", []step{
		{flow{charges, twoProcesses}, (*runner).closed, spread},
		{flow{mixed, twoProcesses}, (*runner).closed, &flow{mixed, postgres}},
	}},
	{pgbenchGroup, "pgbench -M prepared, TPC-B at scale 20, on the same server", []step{
		{flow{tpcb, pgbench}, (*runner).tpcb, spread},
	}},
}

// methodSteps measure every method, in the order of the templates.
func methodSteps() (steps []step) {
	for i := range templates {
		steps = append(steps, step{flow{&traffic{name: templates[i].title()}, sqlite}, (*runner).method, nil})
	}
	return steps
}

// bars are what must hold.
var bars = []Bar{
	{Name: "charges on PostgreSQL, of pgbench TPC-B", Line: flow{tpcb, pgbench}.line(), Figure: Ratio, Inverse: true, Least: 2, Format: "%.1f ×"},
	{Name: "processor time of a charge on PostgreSQL, of one on no store", Line: spread.line(), Figure: CPURatio, Most: 3.2, Format: "%.1f ×"},
	{Name: "processor time of a charge on SQLite, of one on no store", Line: flow{charges, sqlite}.line(), Figure: CPURatio, Most: 2.8, Format: "%.1f ×"},
	{Name: "charges on PostgreSQL, of those with --batch-max 1", Line: flow{charges, batch1}.line(), Figure: Ratio, Inverse: true, Least: 4, Format: "%.1f ×"},
	{Name: "charges of one member on PostgreSQL, of those spread", Line: flow{charges, hotPostgres}.line(), Figure: Ratio, Least: 0.9, Format: "%.2f"},
	{Name: "charges of one member on SQLite, of those spread", Line: flow{charges, hotSqlite}.line(), Figure: Ratio, Least: 0.9, Format: "%.2f"},
	{Name: "charges on a large PostgreSQL store, of those on an empty one", Line: flow{charges, large}.line(), Figure: Ratio, Least: 0.8, Format: "%.2f"},
	{Name: "charges on a large SQLite store, of those on an empty one", Line: flow{charges, sqliteLarge}.line(), Figure: Ratio, Least: 0.7, Format: "%.2f"},
	{Name: "one caller on PostgreSQL, p50 in ms", Line: flow{charges, onePostgres}.line(), Figure: P50, Alone: true, Format: "%.2f"},
	{Name: "one caller on SQLite, p50 in ms", Line: flow{charges, oneSqlite}.line(), Figure: P50, Alone: true, Format: "%.2f"},
	{Name: "memory of a process, MB", Figure: RSS, Most: 200, Format: "%.0f"},
	{Name: "start to first answer, s, also after a kill", Figure: Start, Most: 1, Format: "%.2f"},
}

// compared are the groups that are measured in turns with another binary.
var compared = []string{"charges", "debits", "mixed", "reads", "one", largeGroup}

// against are these groups, with the other binary on databases of its own.
func against() (list []*group) {
	servers, places := map[*database]*process{}, map[*place]*place{}
	other := func(p *place) *place {
		base := p.database()
		if servers[base] == nil {
			servers[base] = &process{on: &database{
				name: base.name + "_other", postgres: base.postgres, own: base.postgres, large: base.large, other: true,
			}}
		}
		if places[p] == nil {
			places[p] = &place{name: p.name + ", other", processes: []*process{servers[base]}, hot: p.hot, alone: p.alone}
		}
		return places[p]
	}
	for _, g := range groups {
		if !slices.Contains(compared, g.name) {
			continue
		}
		pairs := &group{name: g.name, about: g.about}
		for _, s := range g.steps {
			pairs.steps = append(pairs.steps, step{s.flow, s.measure, &flow{s.do, other(s.at)}})
		}
		list = append(list, pairs)
	}
	return list
}
