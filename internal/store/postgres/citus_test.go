package postgres_test

import (
	"testing"

	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/postgres"
	"recoup/internal/store/storetest"
)

// distributed opens a new database of a Citus cluster, distributed.
func distributed(t testing.TB) *postgres.Store {
	t.Helper()
	dsn := pgtemp.Citus(t)
	if err := postgres.Distribute(t.Context(), postgres.Options{DSN: dsn}, func(string, string) {}); err != nil {
		t.Fatal(err)
	}
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: dsn, Conns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestConformanceOnCitus runs the suite on a cluster.
func TestConformanceOnCitus(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store { return distributed(t) })
}
