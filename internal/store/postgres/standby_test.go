package postgres_test

import (
	"context"
	"testing"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/postgres"
)

// TestStandbyAway has a commit wait for a synchronous standby that is not there, for longer than any statement may take: nobody is told
// that it is done before the standby has it, or the operator gives the standby up.
func TestStandbyAway(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server, err := pgtemp.Start(ctx, pgtemp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	dsn, err := server.Create(ctx, "standby")
	if err != nil {
		t.Fatal(err)
	}
	const limit = 200 * time.Millisecond
	s, admin := open(t, postgres.Options{DSN: dsn + "&statement_timeout=200"}), connect(t, server.DSN("postgres"))
	brand(t, s)
	standby := func(change string) {
		t.Helper()
		for _, statement := range []string{"ALTER SYSTEM " + change, "SELECT pg_reload_conf()"} {
			if _, err := admin.Exec(ctx, statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	standby("SET synchronous_standby_names = 'away'")
	begin := func() (store.Batch, error) {
		b, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		b.State().Changes.Ops = append(b.State().Changes.Ops, &ledger.Op{ID: ledger.ID{1}, At: b.At()})
		return b, b.Save(ctx)
	}
	for waits := false; !waits; { // until the server as a whole has heard of its standby: one of its processes may be ahead of another
		probe := connect(t, dsn)
		short, cancel := context.WithTimeout(ctx, limit)
		_, err := probe.Exec(short, "CREATE TABLE IF NOT EXISTS probe (); DROP TABLE probe")
		waits = err != nil && short.Err() != nil
		cancel()
	}
	b, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- b.Commit(ctx) }()
	select {
	case err := <-done:
		t.Fatalf("told before the standby had it: %v", err)
	case <-time.After(4 * limit):
	}
	standby("RESET synchronous_standby_names")
	if err := <-done; err != nil {
		t.Errorf("Commit: %v", err)
	}
	if head, err := s.Head(ctx, "b"); err != nil || head.Last != 1 {
		t.Errorf("the last operation is %d, want 1: %v", head.Last, err)
	}
}
