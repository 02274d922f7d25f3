package engine_test

import (
	"testing"

	"recoup/internal/store"
	"recoup/internal/store/memstore"
)

// stores are what the engine is tested on.
var stores = map[string]func(t testing.TB) store.Store{
	"memory": func(testing.TB) store.Store { return memstore.Open() },
}
