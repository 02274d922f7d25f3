package postgres_test

import (
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/reverse"
	"recoup/internal/store/postgres"
)

// TestOutcomeWithoutLink: a batch that booked nothing left no link, and its transaction's number proves nothing: after a crash the server
// gives the number of one that was lost to the next. The answer is no, and the batch runs again.
func TestOutcomeWithoutLink(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), open(t, postgres.Options{DSN: pgtemp.Database(t)})
	brand(t, s)
	b, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	b.State().Changes.Refusals = append(b.State().Changes.Refusals, &ledger.Refusal{Request: ledger.Digest{1}, Until: 1 << 60})
	if err := b.Save(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if committed, err := s.Outcome(ctx, "b", b.Token()); err != nil || committed {
		t.Errorf("%v %v, want no", committed, err)
	}
}
