package bench_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"recoup/internal/audit"
	"recoup/internal/bench"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/postgres"
	"recoup/internal/store/sqlite"
)

// verified audits the books and answers how many operations they are.
func verified(t *testing.T, s store.Audit) int64 {
	t.Helper()
	sum, d, err := audit.Verify(t.Context(), s, bench.Brand, nil)
	if d != nil || err != nil {
		t.Fatal(d, err)
	}
	return sum.Ops
}

// The history of a world agrees, wherever it ends.
func TestWorldAgrees(t *testing.T) {
	t.Parallel()
	for _, size := range []struct{ members, operations, want int64 }{
		{2000, 20_000, 20_000}, // ends at the end of a round
		{7, 700, 700},          // spends more than the first charge
		{7, 3, 7},
		{10, 41, 41}, // some members are a step ahead
		{10, 56, 56},
		{10, 64, 64},
		{10, 79, 79},
		{1, 1000, 1000},
		{0, 0, 0},
	} {
		if got := verified(t, bench.NewWorld(size.members, size.operations)); got != size.want {
			t.Errorf("%d members, %d operations: %d were audited, want %d", size.members, size.operations, got, size.want)
		}
	}
}

func openPostgres(t *testing.T) store.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Options{DSN: pgtemp.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A large history goes into PostgreSQL, and trade goes on from there.
func TestImportedWorld(t *testing.T) {
	t.Parallel()
	s := openPostgres(t)
	if err := s.(store.Importer).Import(t.Context(), bench.NewWorld(2000, 20_000), nil); err != nil {
		t.Fatal(err)
	}
	trade(t, s, 20_000)
}

// Every store can be prepared, and trade begins there.
func TestPrepare(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return memstore.Open() },
		"sqlite": func(t *testing.T) store.Store {
			s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "bench.db")})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		},
		"postgres": openPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			if err := bench.Prepare(t.Context(), s, 2500); err != nil {
				t.Fatal(err)
			}
			trade(t, s, 2500)
		})
	}
}

// trade verifies so many operations, adds a new member, a charge, a spend and the refund of one that was there, if any, and verifies
// again.
func trade(t *testing.T, s store.Store, operations int64) {
	t.Helper()
	if got := verified(t, s); got != operations {
		t.Errorf("%d operations, want %d", got, operations)
	}
	e := engine.New(s, engine.Options{})
	defer e.Close()
	for n, c := range []ledger.Command{
		&ledger.SaveMember{Head: head("new", ledger.Who{Mobile: "13800000000"})},
		&ledger.Charge{Head: head("charge", ledger.Who{Customer: bench.MemberID(3)}), Order: "c", Real: 5000},
		&ledger.Spend{
			Head: head("spend", ledger.Who{Customer: bench.MemberID(3)}), Order: "s", Direct: true,
			Wants: []ledger.Want{{Family: ledger.Value, Amount: 10_500}}, // of two lots
		},
		&ledger.RefundAssets{Head: head("refund", ledger.Who{}), Order: "s", Number: "r"},
	} {
		r, err := e.Submit(context.Background(), bench.Brand, c)
		if err != nil || r.Code != ledger.OK {
			t.Fatalf("command %d: %s, %v", n, r.Code, err)
		}
	}
	if got := verified(t, s); got != operations+4 {
		t.Errorf("%d operations, want %d", got, operations+4)
	}
}

func head(name string, who ledger.Who) ledger.Head {
	h := ledger.Head{App: bench.App.Key, Method: "m", Signed: time.Now().UnixMilli(), Shop: bench.Shop, RequestID: name, Who: who}
	copy(h.Request[:], name)
	return h
}
