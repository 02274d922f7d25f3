package postgres_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/audit"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/store/postgres"
)

// TestWallet charges one member again and again, and sees where the lots lie: in the member's row, until half of them leave it at once.
func TestWallet(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), pgtemp.Database(t)
	s, db := open(t, postgres.Options{DSN: dsn}), connect(t, dsn)
	brand(t, s)
	x := serve(t, s)
	charged := 0
	for _, tt := range []struct{ charges, table int }{{1, 0}, {15, 0}, {1, 9}, {8, 9}, {1, 18}, {14, 27}} {
		for range tt.charges {
			charged++
			x.must(&ledger.Charge{Head: head(charged), Order: fmt.Sprint("c", charged), Real: 100})
		}
		var table int
		if err := db.QueryRow(ctx, `SELECT count(*) FROM lot`).Scan(&table); err != nil {
			t.Fatal(err)
		}
		if table != tt.table {
			t.Errorf("after %d charges %d lots are in the table, want %d", charged, table, tt.table)
		}
	}
	x.must(&ledger.Spend{Head: head(1000), Order: "s", Wants: []ledger.Want{{Family: ledger.Value, Amount: 3950}}})
	if _, d, err := audit.Verify(ctx, s, "b", nil); d != nil || err != nil {
		t.Errorf("%v, %v", d, err)
	}

	// What should not be in the table is shown, so that an audit finds it.
	_, err := db.Exec(ctx, `INSERT INTO lot (brand_id, account, n, kind, member, origin, expires, granted, balance, held, open)
		SELECT lot.brand_id, k.account, k.n, kind, member, origin, expires, granted, balance, held, open
		FROM lot, unnest(ARRAY['a', 'm-1', 'z'], ARRAY[1, 40, 1]) AS k(account, n) WHERE lot.n = 1`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a#1"}
	for n := range 27 {
		want = append(want, fmt.Sprint("m-1#", n+1))
	}
	want = append(want, "m-1#40") // of the table, which comes before the wallet
	for n := 27; n < 40; n++ {
		want = append(want, fmt.Sprint("m-1#", n+1))
	}
	want = append(want, "z#1")
	var got []string
	for l, err := range s.Lots(ctx, "b") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, l.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lots: -want +got\n%s", diff)
	}
	if _, d, err := audit.Verify(ctx, s, "b", nil); d == nil || err != nil {
		t.Errorf("an audit of lots that should not be: %v, %v", d, err)
	}
}
