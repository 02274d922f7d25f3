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
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: pgtemp.Citus(t), Conns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Distribute(t.Context(), func(table, did string) { }); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestConformanceOnCitus runs the suite on a cluster.
func TestConformanceOnCitus(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store { return distributed(t) })
}
