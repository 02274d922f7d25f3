package postgres_test

import (
	"testing"

	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/postgres"
	"recoup/internal/store/storetest"
)

func open(t testing.TB) store.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: pgtemp.Database(t), Conns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}
