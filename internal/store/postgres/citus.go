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

// On a Citus cluster the books of a brand lie on one machine. Every table is in one of these lists.
var (
	// everywhere are the directory's tables and the version of the schema: small and seldom written. Every machine has a copy.
	everywhere = []string{"directory", "brand", "rules", "app", "session", "journal", "goose_db_version"}

	// byBrand are distributed by brand_id, the others beside the first: what one batch locks, reads and writes is on one machine.
	byBrand = []string{
		"head", "counter", "link", "seal", "op", "member", "ident", "lot", "hold", "voucher", "refusal", "tombstone",
		"wdk_order", "wdk_sub", "quote", "reverse", "follower", "follower_row",
	}
)

// planner are the settings of sessions by which plans are made. A worker makes its own plan of what it is sent, so the user has these
// settings on the workers too.
var planner = []string{
	"enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_sort", "enable_incremental_sort",
	"enable_material", "enable_memoize", "random_page_cost", "cpu_operator_cost", "jit",
}

// What Distribute refuses.
var (
	// ErrNoCitus: the database is not a cluster's.
	ErrNoCitus = errors.New("the database has no extension citus; run CREATE EXTENSION citus in it and in the database of each worker, " +
		"then SELECT citus_add_node('HOST', PORT) in it for each worker")
	// ErrNoWorkers: there is nowhere to distribute to.
	ErrNoWorkers = errors.New("the cluster has no machine for books; run SELECT citus_add_node('HOST', PORT) for each worker")
)

// detect finds out what the server is, once, and chooses the settings of sessions by it. A generic plan is made before it is known which
// brand it is for, so Citus cannot make one: it plans every statement when it runs.
func (s *Store) detect(ctx context.Context) error {
	c, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("postgres: %w", storeError(err))
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	err = c.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')`).Scan(&s.citus)
	if err == nil && s.citus {
		err = c.QueryRow(ctx, isDistributed).Scan(&s.distributed)
	}
	if err != nil {
		return fmt.Errorf("postgres: %w", storeError(err))
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

const (
	// isDistributed finds out whether Distribute has run.
	isDistributed = `SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('head'))`

	// stayPut keeps a brand where it is until the transaction ends: whoever moves it waits at last for this lock. Citus takes it for
	// writes, but not for row locks: those of a batch that began on one machine would mean nothing to one that begins on the next. 5 is
	// a ShareLock.
	stayPut = `SELECT lock_shard_metadata(5, ARRAY[get_shard_id_for_distribution_column('head', $1::integer)])`

	// askWorkers runs a query on every worker and finds the first answer that is not empty. A worker that is away has none.
	askWorkers = `SELECT format('%s:%s', nodename, nodeport), result FROM run_command_on_workers($1) WHERE success AND result <> '' LIMIT 1`

	// unsafeSettings are those by which a server may lose what it has committed.
	unsafeSettings = `SELECT string_agg(name, ', ') FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'`
)

// checkWorkers refuses workers that cannot keep what they acknowledge, and such as do not plan by our settings: a session's do not get
// there.
func (s *Store) checkWorkers(ctx context.Context) error {
	if !s.citus {
		return nil
	}
	if !s.opts.Unsafe {
		if worker, off, err := s.ofWorkers(ctx, unsafeSettings); err != nil {
			return err
		} else if off != "" {
			return fmt.Errorf("%w: %s is off on the worker %s; set it on, or pass --unsafe if losing money is acceptable", ErrUnsafe, off, worker)
		}
	}
	if !s.distributed {
		return nil
	}
	var want []string
	for _, name := range planner {
		want = append(want, fmt.Sprintf("('%s', '%s')", name, sessions[name]))
	}
	worker, others, err := s.ofWorkers(ctx, `SELECT string_agg(name, ', ') FROM (VALUES `+strings.Join(want, ", ")+
		`) AS k(name, value) WHERE current_setting(name) <> value`)
	if err == nil && others != "" {
		err = fmt.Errorf("postgres: this user's sessions on the worker %s have not our settings of %s; run `recoup migrate --citus` as this user",
			worker, others)
	}
	return err
}

func (s *Store) ofWorkers(ctx context.Context, query string) (worker, answer string, err error) {
	err = s.pool.QueryRow(ctx, askWorkers, query).Scan(&worker, &answer)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", "", nil
	}
	return worker, answer, storeError(err)
}

// Distribute brings a database to this version's schema and spreads its tables over the machines of a Citus cluster: those of brands by
// brand_id, the directory's to every machine. What is in a table moves with it. It is all or nothing, and leaves alone what is
// distributed already. report is called at the end with what was done to each table. Nobody may serve the database meanwhile.
func Distribute(ctx context.Context, o Options, report func(table, did string)) error {
	s := &Store{opts: o}
	if err := s.detect(ctx); err != nil {
		return err
	}
	if !s.citus {
		return ErrNoCitus
	}
	cfg, err := s.poolConfig(o.DSN, &o)
	if err != nil {
		return err
	}
	if err := migrate(ctx, cfg.ConnConfig, &o); err != nil {
		return err
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	var did [][2]string
	err = pgx.BeginFunc(ctx, c, func(tx pgx.Tx) (err error) {
		did, err = distribute(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("nothing was distributed: %w", err)
	}
	if err := tidy(ctx, c); err != nil {
		return fmt.Errorf("everything is distributed, but what was left behind is not removed; run this again: %w", err)
	}
	for _, d := range did {
		report(d[0], d[1])
	}
	return nil
}

// tables are all of them, that which the others lie beside first.
func tables() []string { return append(slices.Clone(byBrand), everywhere...) }

// distribute distributes what is not distributed yet, and tells what became of each table.
func distribute(ctx context.Context, tx pgx.Tx) (did [][2]string, err error) {
	var machines int
	// One process at a time, and one shard after the other: all at once would take a connection and a lock for each.
	err = tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards)
FROM pg_advisory_xact_lock(hashtext('recoup migrate --citus')), set_config('citus.multi_shard_modify_mode', 'sequential', true)`).Scan(&machines)
	if err != nil {
		return nil, err
	}
	if machines == 0 {
		return nil, ErrNoWorkers
	}
	rows, err := tx.Query(ctx, `
SELECT k.name, coalesce(t.citus_table_type, ''), coalesce(t.distribution_column, ''), coalesce(t.colocation_id, 0)
FROM unnest($1::text[]) WITH ORDINALITY AS k(name, i) LEFT JOIN citus_tables t ON t.table_name = k.name::regclass ORDER BY k.i`, tables())
	if err != nil {
		return nil, err
	}
	type place struct {
		Table, Kind, Column string
		Group               int
	}
	places, err := pgx.CollectRows(rows, pgx.RowToStructByPos[place])
	if err != nil {
		return nil, err
	}
	for _, p := range places {
		beside := byBrand[0]
		if p.Table == beside {
			beside = "none"
		}
		said := ""
		switch copied := slices.Contains(everywhere, p.Table); {
		case p.Kind == "" && copied:
			said = "copied to every machine"
			_, err = tx.Exec(ctx, `SELECT create_reference_table($1)`, p.Table)
		case p.Kind == "":
			said = "distributed by brand_id"
			_, err = tx.Exec(ctx, `SELECT create_distributed_table($1, 'brand_id', colocate_with => $2)`, p.Table, beside)
		case copied && p.Kind == "reference":
			said = "was on every machine already"
		case !copied && p.Column == "brand_id" && p.Group == places[0].Group:
			said = "was distributed already"
		default:
			err = fmt.Errorf("it is a %s table by %q already, which is not how ours lie; bring it back by SELECT undistribute_table('%s')",
				p.Kind, p.Column, p.Table)
		}
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", p.Table, err)
		}
		did = append(did, [2]string{p.Table, said})
	}
	for _, name := range planner { // which Citus passes on to every worker, and to those that are added later
		set := `DO $$BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET ` + name + ` = ` + sessions[name] + `', current_database()); END$$`
		if _, err := tx.Exec(ctx, set); err != nil {
			return nil, fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return did, nil
}

// tidy removes the rows that distributed tables have left on the coordinator, where nobody sees them any more, and counts those that moved.
func tidy(ctx context.Context, c *pgx.Conn) error {
	rows, err := c.Query(ctx, `SELECT name FROM unnest($1::text[]) AS k(name) WHERE pg_relation_size(name::regclass) > 0`, tables())
	if err != nil {
		return err
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(left) == 0 {
		return err
	}
	for _, table := range left {
		if _, err := c.Exec(ctx, `SELECT truncate_local_data_after_distributing_table($1)`, table); err != nil {
			return err
		}
	}
	_, err = c.Exec(ctx, `ANALYZE `+strings.Join(left, ", "))
	return err
}
