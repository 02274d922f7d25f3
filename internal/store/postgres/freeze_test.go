package postgres_test

import (
	"testing"

	"recoup/internal/audit"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/store"
)

// TestFreeze audits books that are written to all the time: what it sees stands still.
func TestFreeze(t *testing.T) {
	t.Parallel()
	s := open(t)
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b", Shops: map[string]*ledger.Shop{"1": {ID: "1"}}}); err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, engine.Options{})
	defer e.Close()
	who := ledger.Who{Customer: "m"}
	if _, err := e.Submit(t.Context(), "b", &ledger.SaveMember{Head: ledger.Head{Who: who}, ID: "m"}); err != nil {
		t.Fatal(err)
	}
	charge := func() {
		if _, err := e.Submit(t.Context(), "b", &ledger.Charge{Head: ledger.Head{Who: who, Method: "m"}, Real: 100}); err != nil {
			t.Error(err)
		}
	}
	charge()
	frozen, release, err := s.(store.Freezer).Freeze(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				charge()
			}
		}
	}()
	before, err := frozen.Head(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		charge()
		sum, divergence, err := audit.Verify(t.Context(), frozen, "b", nil)
		if err != nil || divergence != nil {
			t.Errorf("%v %v", divergence, err)
		}
		if sum.Ops != before.Last {
			t.Errorf("%d operations, %d when frozen", sum.Ops, before.Last)
		}
	}
	close(stop)
	<-stopped
	if now, err := s.Head(t.Context(), "b"); err != nil || now.Last < before.Last+5 {
		t.Errorf("the books went on to %d only, %v", now.Last, err)
	}
}
