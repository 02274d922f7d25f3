package reverse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

type amounts = []reverse.Amount

func TestShares(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fees    amounts
		post    reverse.Amount
		tenders amounts
		want    []amounts
	}{
		{"one tender", amounts{7, 3}, 2, amounts{12}, []amounts{{7}, {3}, {2}}},
		{"even", amounts{50, 50}, 0, amounts{60, 40}, []amounts{{30, 20}, {30, 20}, {0, 0}}},
		{"largest remainder", amounts{10, 20}, 0, amounts{19, 11}, []amounts{{6, 4}, {13, 7}, {0, 0}}},
		{"ties in tender order", amounts{1, 1}, 1, amounts{1, 1, 1}, []amounts{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
		{"what is left, not what was", amounts{1, 2}, 0, amounts{2, 1}, []amounts{{1, 0}, {1, 1}, {0, 0}}},
		{"postage is the last row", amounts{90}, 10, amounts{50, 50}, []amounts{{45, 45}, {5, 5}}},
		{"a gift line", amounts{0, 5}, 0, amounts{3, 2}, []amounts{{0, 0}, {3, 2}, {0, 0}}},
		{"a tender of nothing", amounts{5}, 0, amounts{0, 5}, []amounts{{0, 5}, {0, 0}}},
		{"nothing paid", amounts{0}, 0, nil, []amounts{{}, {}}},
		{
			"no overflow",
			amounts{ledger.AmountMax - 1},
			1,
			amounts{ledger.AmountMax / 2, ledger.AmountMax / 2},
			[]amounts{{ledger.AmountMax / 2, ledger.AmountMax/2 - 1}, {0, 1}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, reverse.Shares(tt.fees, tt.post, tt.tenders)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// Rows sum to the fees, columns to the tenders, no cell is negative, and the table is a function of its arguments.
func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.SampledFrom(amounts{3, 100, 100_000, ledger.AmountMax / 20}).Draw(t, "most")
		fees := rapid.SliceOfN(rapid.Int64Range(0, int64(most)), 1, 12).Draw(t, "fees")
		rows, total := make(amounts, len(fees)), reverse.Amount(0)
		for i, n := range fees {
			rows[i] = reverse.Amount(n)
			total += rows[i]
		}
		post := reverse.Amount(rapid.Int64Range(0, int64(most)).Draw(t, "post"))
		tenders := split(t, total+post, rapid.IntRange(1, 6).Draw(t, "tenders"))
		before := append(amounts(nil), tenders...)

		table := reverse.Shares(rows, post, tenders)
		if diff := cmp.Diff(before, tenders); diff != "" {
			t.Fatalf("the tenders were changed: %s", diff)
		}
		if diff := cmp.Diff(table, reverse.Shares(rows, post, tenders)); diff != "" {
			t.Fatalf("not deterministic: %s", diff)
		}
		columns := make(amounts, len(tenders))
		for i, row := range table {
			sum := reverse.Amount(0)
			for c, n := range row {
				if n < 0 {
					t.Fatalf("cell (%d, %d) is %d", i, c, n)
				}
				sum += n
				columns[c] += n
			}
			if want := append(rows, post)[i]; sum != want {
				t.Fatalf("row %d sums to %d, want %d", i, sum, want)
			}
		}
		if diff := cmp.Diff(tenders, columns); diff != "" {
			t.Fatalf("columns: -want +got\n%s", diff)
		}
	})
}

// split cuts a total into n parts, some of them perhaps nothing.
func split(t *rapid.T, total reverse.Amount, n int) amounts {
	parts := make(amounts, n)
	for i := range n - 1 {
		parts[i] = reverse.Amount(rapid.Int64Range(0, int64(total)).Draw(t, "part"))
		total -= parts[i]
	}
	parts[n-1] = total
	return parts
}
