package postgres_test

import (
	"testing"

	"recoup/internal/audit"
	"recoup/internal/pgtemp"
	"recoup/internal/store/postgres"
)

// TestFreeze audits books that are written to all the time: what it sees stands still.
func TestFreeze(t *testing.T) {
	t.Parallel()
	s := open(t, postgres.Options{DSN: pgtemp.Database(t)})
	brand(t, s)
	x := serve(t, s)
	x.charge()
	frozen, release, err := s.Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	stop := x.charging()
	before, err := frozen.Head(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		x.charge()
		sum, divergence, err := audit.Verify(t.Context(), frozen, "b", nil)
		if err != nil || divergence != nil || sum.Ops != before.Last {
			t.Errorf("%d operations, %d when frozen: %v, %v", sum.Ops, before.Last, divergence, err)
		}
	}
	stop()
	if now, err := s.Head(t.Context(), "b"); err != nil || now.Last < before.Last+5 {
		t.Errorf("the books went on to %d only, %v", now.Last, err)
	}
}
