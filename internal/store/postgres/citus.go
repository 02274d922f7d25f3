package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// On a Citus cluster a brand's books lie on one machine. Every table is in one of these lists.
var (
	// everywhere are the directory's tables and the schema's version: small, seldom written. Every machine has a copy.
	everywhere = []string{"directory", "brand", "rules", "app", "session", "goose_db_version"}

	// byBrand are distributed by brand_id, the others side by side with the first: what one batch locks, reads and writes is on one
	// machine.
	byBrand = []string{
		"head", "counter", "link", "op", "member", "ident", "lot", "hold", "voucher", "refusal", "tombstone",
		"wdk_order", "wdk_sub", "quote", "reverse",
	}
)

// Errors of Distribute that its user can do something about.
var (
	// ErrNoCitus: the database cannot be distributed.
	ErrNoCitus = errors.New("the database has no extension citus; run CREATE EXTENSION citus in it, here and on every worker, then SELECT citus_add_node('HOST', PORT) here for each worker")
	// ErrNoWorkers: there is nowhere to distribute to.
	ErrNoWorkers = errors.New("the cluster has no machine that may hold books; run SELECT citus_add_node('HOST', PORT) for each worker")
)

// isCitus reports whether the database is a Citus cluster's, distributed already or not.
const isCitus = `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')`

// detect finds out what the server is, once, and chooses the settings of sessions by it. A plan for any brand cannot name the machine
// of one: on Citus a statement is planned when it runs.
func (s *Store) detect(ctx context.Context) error {
	c, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("postgres: %w", told(err))
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if err := c.QueryRow(ctx, isCitus).Scan(&s.citus); err != nil {
		return fmt.Errorf("postgres: %w", told(err))
	}
	s.settings = maps.Clone(sessions)
	if s.citus {
		s.settings["plan_cache_mode"] = "force_custom_plan"
	}
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		if name != "application_name" {
			s.names, s.values = append(s.names, name), append(s.values, s.settings[name])
		}
	}
	return nil
}

// connect opens a connection with the server's own settings.
func (s *Store) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg, err := config(s.opts.DSN, nil, s.opts.PgBouncer)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, cfg.ConnConfig)
}

// checkWorkers refuses a cluster of which a machine cannot keep what it acknowledges: books lie on the workers, and a session's settings
// do not get there. One that does not answer loses nothing now.
func (s *Store) checkWorkers(ctx context.Context) error {
	if !s.citus {
		return nil
	}
	const ask = `
SELECT format('%s:%s', w.nodename, w.nodeport), w.result
FROM run_command_on_workers($$SELECT string_agg(name, ', ') FROM pg_settings
  WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'$$) w
WHERE w.success AND w.result <> '' LIMIT 1`
	var worker, off string
	err := s.pool.QueryRow(ctx, ask).Scan(&worker, &off)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("postgres: %w", told(err))
	}
	return fmt.Errorf("%w: on the worker %s %s is off; set it on, or pass --unsafe if losing money is acceptable", ErrUnsafe, worker, off)
}

// Where every table lies, the first of byBrand first.
const whereTables = `
SELECT k.name, coalesce(t.citus_table_type, ''), coalesce(t.distribution_column, ''), coalesce(t.colocation_id, 0)
FROM unnest($1::text[]) WITH ORDINALITY AS k(name, i) LEFT JOIN citus_tables t ON t.table_name = k.name::regclass ORDER BY k.i`

// Distribute spreads the tables over the machines of a Citus cluster: those of a brand by brand_id, the directory's to all of them. What
// is there moves with its table. It is one transaction, and does nothing to a table that is distributed already. report hears of every
// table when all are done. Nobody should serve the database meanwhile.
func (s *Store) Distribute(ctx context.Context, report func(table, did string)) error {
	if !s.citus {
		return ErrNoCitus
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	var workers bool
	if err := c.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_dist_node WHERE isactive AND shouldhaveshards)`).Scan(&workers); err != nil {
		return err
	} else if !workers {
		return ErrNoWorkers
	}
	d := distribution{did: map[string]string{}}
	if err := pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error { return d.run(ctx, tx) }); err != nil {
		return fmt.Errorf("distributing: %w", err)
	}
	if err := d.tidy(ctx, c); err != nil {
		return fmt.Errorf("everything is distributed, but tidying up failed: %w", err)
	}
	for _, table := range append(slices.Clone(byBrand), everywhere...) {
		report(table, d.did[table])
	}
	return nil
}

// distribution is one run of Distribute.
type distribution struct {
	did   map[string]string // by table
	moved []string          // tables that were not distributed before
}

// run distributes what is not distributed yet, in a transaction.
func (d *distribution) run(ctx context.Context, tx pgx.Tx) error {
	// One at a time. Shards are made one after the other: thousands at once would take as many locks and connections.
	const begin = `SELECT pg_advisory_xact_lock(hashtext('recoup migrate --citus')), set_config('citus.multi_shard_modify_mode', 'sequential', true)`
	if _, err := tx.Exec(ctx, begin); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, whereTables, append(slices.Clone(byBrand), everywhere...))
	if err != nil {
		return err
	}
	type place struct {
		Table, Kind, Column string
		Group               int
	}
	places, err := pgx.CollectRows(rows, pgx.RowToStructByPos[place])
	if err != nil {
		return err
	}
	first := places[0].Group
	for _, p := range places {
		reference := slices.Contains(everywhere, p.Table)
		beside := "none"
		if p.Table != byBrand[0] {
			beside = byBrand[0]
		}
		switch {
		case p.Kind == "" && reference:
			d.did[p.Table] = "copied to every machine"
			_, err = tx.Exec(ctx, `SELECT create_reference_table($1)`, p.Table)
		case p.Kind == "":
			d.did[p.Table] = "distributed by brand_id"
			_, err = tx.Exec(ctx, `SELECT create_distributed_table($1, 'brand_id', colocate_with => $2)`, p.Table, beside)
		case reference && p.Kind == "reference":
			d.did[p.Table] = "is on every machine already"
			continue
		case !reference && p.Kind == "distributed" && p.Column == "brand_id" && p.Group == first:
			d.did[p.Table] = "is distributed by brand_id already"
			continue
		default:
			err = fmt.Errorf("is a %s table by %q already, in another way than ours; SELECT undistribute_table('%s') brings it back", p.Kind, p.Column, p.Table)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", p.Table, err)
		}
		d.moved = append(d.moved, p.Table)
	}
	return nil
}

// tidy removes what distributed tables have left behind on the coordinator, and has every machine count its rows. What an interrupted run has not
// removed the next one does.
func (d *distribution) tidy(ctx context.Context, c *pgx.Conn) error {
	rows, err := c.Query(ctx, `SELECT name FROM unnest($1::text[]) AS k(name) WHERE pg_relation_size(name::regclass) > 0`,
		append(slices.Clone(byBrand), everywhere...))
	if err != nil {
		return err
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, table := range left {
		if _, err := c.Exec(ctx, `SELECT truncate_local_data_after_distributing_table($1)`, table); err != nil {
			return err
		}
	}
	if len(d.moved) == 0 {
		return nil
	}
	_, err = c.Exec(ctx, `ANALYZE `+strings.Join(d.moved, ", "))
	return err
}
