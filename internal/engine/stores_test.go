package engine_test

import (
	"path/filepath"
	"testing"

	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/postgres"
	"recoup/internal/store/sqlite"
	"recoup/internal/store/storetest"
)

// stores are what the engine is tested on.
var stores = map[string]func(t testing.TB) store.Store{
	"memory": func(testing.TB) store.Store { return memstore.Open() },
	"sqlite": func(t testing.TB) store.Store {
		s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "engine.db")})
		return storetest.Opened(t, s, err)
	},
	"postgres": func(t testing.TB) store.Store {
		s, err := postgres.Open(t.Context(), postgres.Options{DSN: pgtemp.Database(t)})
		return storetest.Opened(t, s, err)
	},
}
