package postgres_test

import (
	"net"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/postgres"
	"recoup/internal/store/storetest"
)

// distributed opens a new database of a Citus cluster, distributed.
func distributed(t testing.TB) *postgres.Store {
	t.Helper()
	dsn := pgtemp.Citus(t)
	distribute(t, dsn)
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: dsn, Conns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
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

// TestCutOffOnCitus cuts a cluster's connections: a coordinator that loses a worker at its commit knows no more than who loses the
// coordinator.
func TestCutOffOnCitus(t *testing.T) {
	pgtemp.NeedCitus(t)
	t.Run("coordinator", func(t *testing.T) {
		dsn := pgtemp.Citus(t)
		distribute(t, dsn)
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		w := newWire(t, u.Host)
		u.Host = w.listener.Addr().String()
		cutOff(t, u.String(), w)
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
		db, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close(t.Context())
		_, err = db.Exec(t.Context(), `SELECT citus_set_node_property(nodename, nodeport, 'shouldhaveshards', false)
			FROM pg_dist_node WHERE shouldhaveshards AND nodeport <> $1`, w.listener.Addr().(*net.TCPAddr).Port)
		if err != nil {
			t.Fatal(err)
		}
		distribute(t, dsn)
		cutOff(t, dsn, w)
	})
}
