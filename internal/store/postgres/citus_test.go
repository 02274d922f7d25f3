package postgres_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"recoup/internal/audit"
	"recoup/internal/pgtemp"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/postgres"
	"recoup/internal/store/storetest"
)

// distributed opens a new database of a Citus cluster, distributed.
func distributed(t testing.TB) *postgres.Store {
	t.Helper()
	dsn := pgtemp.Citus(t)
	distribute(t, dsn)
	return open(t, postgres.Options{DSN: dsn, Conns: 8})
}

func distribute(t testing.TB, dsn string) {
	t.Helper()
	if err := postgres.Distribute(t.Context(), postgres.Options{DSN: dsn}, func(string, string) {}); err != nil {
		t.Fatal(err)
	}
}

// TestConformanceOnCitus runs the suite on a cluster.
func TestConformanceOnCitus(t *testing.T) {
	pgtemp.NeedCitus(t)
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store { return distributed(t) })
}

// TestDistribute moves books to a cluster's machines, finds them whole, and does nothing twice.
func TestDistribute(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), pgtemp.Citus(t)
	s := open(t, postgres.Options{DSN: dsn}) // which makes the schema, undistributed
	brand(t, s)
	serve(t, s).charge()
	books, err := s.Head(ctx, "b")
	if err != nil {
		t.Fatal(err)
	}
	for _, did := range []struct{ distributed, copied string }{
		{"distributed by brand_id", "copied to every machine"},
		{"was distributed already", "was on every machine already"},
	} {
		said := map[string]int{}
		if err := postgres.Distribute(ctx, postgres.Options{DSN: dsn}, func(_, what string) { said[what]++ }); err != nil {
			t.Fatal(err)
		}
		if len(said) != 2 || said[did.distributed] < 15 || said[did.copied] < 5 {
			t.Errorf("did %v, want %+v", said, did)
		}
	}
	db := connect(t, dsn)
	var left int64
	if err := db.QueryRow(ctx, `SELECT sum(pg_relation_size(logicalrelid)) FROM pg_dist_partition`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d bytes are left on the coordinator, %v", left, err)
	}

	d := open(t, postgres.Options{DSN: dsn})
	if head, err := d.Head(ctx, "b"); head != books {
		t.Errorf("the books are at %v, want %v; %v", head, books, err)
	}
	serve(t, d).charge()
	if sum, divergence, err := audit.Verify(ctx, d, "b", nil); divergence != nil || err != nil || sum.Ops <= books.Last {
		t.Errorf("%d operations, %v, %v", sum.Ops, divergence, err)
	}
	if err := d.Import(ctx, memstore.Open(), nil); !errors.Is(err, store.ErrNoImport) {
		t.Errorf("an import into distributed tables: %v", err)
	}

	for _, statement := range []string{"SELECT undistribute_table('quote')", "SELECT create_distributed_table('quote', 'token')"} {
		if _, err := db.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	err = postgres.Distribute(ctx, postgres.Options{DSN: dsn}, func(string, string) {})
	if err == nil || !strings.Contains(err.Error(), "undistribute_table('quote')") {
		t.Errorf("a table that is distributed in another way: %v", err)
	}
}

// TestWorkers refuses a cluster whose workers would lose what they commit, or plan by other settings than ours.
func TestWorkers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, setting string
		want          string
		unsafe        bool // is good enough then
	}{
		{"durable", "synchronous_commit = off", "synchronous_commit is off on the worker", true},
		{"plans", "enable_sort = on", "have not our settings of enable_sort; run `recoup migrate --citus`", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, dsn := t.Context(), pgtemp.Citus(t)
			distribute(t, dsn)
			db := connect(t, dsn)
			set := "ALTER ROLE CURRENT_USER IN DATABASE " + db.Config().Database + " SET " + tt.setting // on every machine
			if _, err := db.Exec(ctx, set); err != nil {
				t.Fatal(err)
			}
			for _, unsafe := range []bool{false, true} {
				s, err := postgres.Open(ctx, postgres.Options{DSN: dsn, Unsafe: unsafe})
				if err == nil {
					_ = s.Close()
				}
				if good := unsafe && tt.unsafe; good != (err == nil) || !good && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("unsafe %v: %v", unsafe, err)
				}
			}
		})
	}
}

// TestNoCitus names the remedy.
func TestNoCitus(t *testing.T) {
	t.Parallel()
	err := postgres.Distribute(t.Context(), postgres.Options{DSN: pgtemp.Database(t)}, func(string, string) {})
	if !errors.Is(err, postgres.ErrNoCitus) {
		t.Error(err)
	}
}

// TestVerifyOnCitus audits books that are written to: a cluster cannot freeze them, so that the audit finds a quiet moment or says that
// there was none.
func TestVerifyOnCitus(t *testing.T) {
	t.Parallel()
	s := distributed(t)
	brand(t, s)
	x := serve(t, s)
	verify := func() error {
		books, release, err := s.Freeze(t.Context())
		if err != nil {
			return err
		}
		defer release()
		_, d, err := audit.Verify(t.Context(), books, "b", nil)
		if d != nil {
			t.Error(d)
		}
		return err
	}
	stop := x.charging()
	for range 5 {
		if err := verify(); err != nil && !errors.Is(err, audit.ErrBusy) {
			t.Error(err)
		}
	}
	stop()
	if err := verify(); err != nil {
		t.Errorf("of quiet books: %v", err)
	}
}

// TestMove moves a brand to another machine and back while it is charged. No batch that has begun is moved from under its locks.
func TestMove(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := pgtemp.Citus(t)
	distribute(t, dsn)
	s, db := open(t, postgres.Options{DSN: dsn}), connect(t, dsn)
	brand(t, s)

	// What a move waits for at last.
	locked := func() (n int) {
		t.Helper()
		err := db.QueryRow(ctx, `SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database()
			WHERE locktype = 'advisory' AND mode = 'ShareLock'`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	b, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if n := locked(); n != 1 {
		t.Errorf("%d batches keep the brand where it is, want 1", n)
	}
	b.Rollback()
	if n := locked(); n != 0 {
		t.Errorf("%d batches keep the brand where it is when none is open", n)
	}

	stop := serve(t, s).charging()
	for range 2 {
		const move = `SELECT citus_move_shard_placement(shardid, a.nodename, a.nodeport, b.nodename, b.nodeport,
			CASE current_setting('wal_level') WHEN 'logical' THEN 'force_logical' ELSE 'block_writes' END::citus.shard_transfer_mode)
			FROM pg_dist_placement p JOIN pg_dist_node a USING (groupid), pg_dist_node b
			WHERE shardid = get_shard_id_for_distribution_column('head', 1) AND b.groupid <> a.groupid AND b.shouldhaveshards LIMIT 1`
		if tag, err := db.Exec(ctx, move); err != nil || tag.RowsAffected() != 1 {
			t.Fatal(tag, err)
		}
	}
	booked := stop() + 1 // the member
	sum, d, err := audit.Verify(ctx, s, "b", nil)
	if d != nil || err != nil || sum.Ops != booked {
		t.Errorf("%d operations are there, %d were booked; %v, %v", sum.Ops, booked, d, err)
	}
}

// TestCutOffOnCitus cuts a cluster's connections: a coordinator that loses a worker at its commit knows no more than who loses the
// coordinator.
func TestCutOffOnCitus(t *testing.T) {
	pgtemp.NeedCitus(t)
	t.Run("coordinator", func(t *testing.T) {
		dsn := pgtemp.Citus(t)
		distribute(t, dsn)
		cutOff(throughWire(t, dsn))
	})
	t.Run("worker", func(t *testing.T) {
		var w *wire // to the only one
		dsn := pgtemp.CitusBy(t, func(worker string) string {
			if w != nil {
				return worker
			}
			w = newWire(t, worker)
			return w.listener.Addr().String()
		})
		_, err := connect(t, dsn).Exec(t.Context(), `SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', false)
			FROM pg_dist_node WHERE shouldhaveshards AND nodeport <> $1`, w.listener.Addr().(*net.TCPAddr).Port)
		if err != nil {
			t.Fatal(err)
		}
		distribute(t, dsn)
		cutOff(t, dsn, w)
	})
}
