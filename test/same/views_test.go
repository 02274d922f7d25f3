package same

import (
	"database/sql"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"recoup/internal/audit"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/postgres"
	"recoup/internal/store/sqlite"
	"recoup/internal/store/storetest"
)

// TestViews holds the views to what verify derives from the operations. The same queries run on both databases: names and columns of the
// views are alike, and so is what they say.
func TestViews(t *testing.T) {
	t.Parallel()
	path, dsn := filepath.Join(t.TempDir(), "views.db"), pgtemp.Database(t)
	for _, tt := range []struct {
		driver, name string
		open         func() (store.Store, error)
	}{
		{"sqlite", path, func() (store.Store, error) { return sqlite.Open(t.Context(), sqlite.Options{Path: path}) }},
		{"pgx", dsn, func() (store.Store, error) { return postgres.Open(t.Context(), postgres.Options{DSN: dsn}) }},
	} {
		t.Run(tt.driver, func(t *testing.T) {
			s, err := tt.open()
			w := newWorld(t, tt.driver, storetest.Opened(t, s, err), 500)
			w.live(7)
			db, err := sql.Open(tt.driver, tt.name)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			views(t, db, s, w.brand.ID)
		})
	}
}

// views compares every view of a brand with the books.
func views(t *testing.T, db *sql.DB, s store.Store, brand string) {
	ctx := t.Context()
	sum, d, err := audit.Verify(ctx, s, brand, nil)
	if d != nil || err != nil {
		t.Fatal(d, err)
	}
	// query is the rows of a query with the brand as its parameter, a line each.
	query := func(text string) (lines []string) {
		t.Helper()
		rows, err := db.QueryContext(ctx, strings.ReplaceAll(text, "$BRAND", "'"+brand+"'"))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer rows.Close()
		columns, _ := rows.Columns()
		for rows.Next() {
			values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			line := make([]string, len(columns))
			for i, v := range values {
				line[i] = v.String
			}
			lines = append(lines, strings.Join(line, " "))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return lines
	}
	equal := func(what string, got, want []string) {
		t.Helper()
		slices.Sort(got)
		slices.Sort(want)
		if len(want) == 0 {
			t.Errorf("%s: the history made none", what)
		}
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("%s: %d lines, want %d; the first that differs\n%q\nwant\n%q", what, len(got), len(want), got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))])
				return
			}
		}
	}

	// What verify derives: sums of lots, balances and holds of each kind, uses of vouchers, numbers of things.
	for kind := range ledger.Kinds {
		asset := ledger.Kind(kind).String()
		want := []string{fmt.Sprint(sum.Balance[kind], sum.Held[kind])}
		for _, view := range []string{"v_lot", "v_balance"} {
			equal(view+" of "+asset, query(`SELECT coalesce(sum(balance), 0), coalesce(sum(held), 0) FROM `+view+` WHERE brand = $BRAND AND asset = '`+asset+`'`), want)
		}
		equal("postings of "+asset, query(`SELECT coalesce(sum(amount), 0) FROM v_posting WHERE brand = $BRAND AND lot IS NOT NULL AND asset = '`+asset+`'`),
			[]string{fmt.Sprint(sum.Balance[kind])})
	}
	equal("uses left", query(`SELECT sum(uses_left) FROM v_voucher WHERE brand = $BRAND`), []string{fmt.Sprint(int64(sum.Uses))})
	equal("double entry", query(`SELECT count(*) FROM (SELECT seq FROM v_posting WHERE brand = $BRAND GROUP BY seq, asset HAVING sum(amount) <> 0) x`), []string{"0"})
	for view, n := range map[string]int64{
		"v_operation": sum.Ops, "v_lot": sum.Lots, "v_hold": sum.Holds, "v_voucher": sum.Vouchers, "v_order": sum.Orders, "v_reverse": sum.Reverses,
	} {
		equal("rows of "+view, query(`SELECT count(*) FROM `+view+` WHERE brand = $BRAND`), []string{fmt.Sprint(n)})
	}

	// Each row, as the program reads it.
	ms := func(at int64) string {
		if at == ledger.Never {
			return ""
		}
		return fmt.Sprint(at)
	}
	equal("v_operation", query(`SELECT seq, id, at_ms, kind, app, method, member, shop, order_no, ordinal, number, operator, reason, policy FROM v_operation WHERE brand = $BRAND`),
		lines(t, s.Ops(ctx, brand, 0), func(o *ledger.Op) string {
			return fmt.Sprint(o.Seq, " ", o.ID, " ", o.At, " ", kinds[o.Kind], " ", o.App, " ", o.Method, " ", o.Member, " ", o.Shop, " ", o.Order, " ", o.Ordinal, " ",
				o.Number, " ", o.Operator, " ", o.Reason, " ", o.Policy)
		}))
	equal("v_lot", query(`SELECT account, n, asset, member, granted, balance, held, expires_ms FROM v_lot WHERE brand = $BRAND`),
		lines(t, s.Lots(ctx, brand), func(l *ledger.Lot) string {
			return fmt.Sprint(l.Account, " ", l.N, " ", l.Kind, " ", l.Member, " ", int64(l.Granted), " ", int64(l.Balance), " ", int64(l.Held), " ", ms(l.Expires))
		}))
	var accounts []string
	for a, err := range s.Accounts(ctx, brand) {
		if err != nil {
			t.Fatal(err)
		}
		for kind := range ledger.Kinds {
			if a.Granted[kind] != 0 {
				accounts = append(accounts, fmt.Sprint(a.ID, " ", a.Member, " ", a.Card, " ", ledger.Kind(kind), " ", int64(a.Balance[kind]), " ", int64(a.Held[kind]), " ",
					int64(a.Granted[kind]), " ", int64(a.Used[kind]), " ", int64(a.Expired[kind])))
			}
		}
	}
	equal("v_balance", query(`SELECT account, member, card, asset, balance, held, granted, used, expired FROM v_balance WHERE brand = $BRAND`), accounts)
	equal("v_hold", query(`SELECT order_no, asset, member, account, amount, ends_ms, operation FROM v_hold WHERE brand = $BRAND`),
		lines(t, s.Holds(ctx, brand), func(h *ledger.Hold) string {
			return fmt.Sprint(h.Order, " ", h.Family, " ", h.Member, " ", h.Account, " ", int64(h.Total()), " ", h.Deadline, " ", h.Op)
		}))
	equal("v_voucher", query(`SELECT id, member, template, uses, uses_left, ends_ms, operation FROM v_voucher WHERE brand = $BRAND`),
		lines(t, s.Vouchers(ctx, brand), func(v *ledger.Voucher) string {
			return fmt.Sprint(v.ID, " ", v.Member, " ", v.Template, " ", int64(v.Uses), " ", int64(v.Left), " ", ms(v.End), " ", v.Origin)
		}))
	equal("time zone", query(`SELECT count(*) FROM v_operation WHERE brand = $BRAND AND substr(CAST(at AS text), 12, 2) <> substr('00' || CAST((at_ms / 3600000 + 8) % 24 AS text), length(CAST((at_ms / 3600000 + 8) % 24 AS text)) + 1, 2)`),
		[]string{"0"})
}

// kinds are the names of operations in the views.
var kinds = map[ledger.OpKind]string{
	ledger.OpCharge: "charge", ledger.OpUncharge: "uncharge", ledger.OpFreeze: "freeze", ledger.OpRelease: "release", ledger.OpHoldExpire: "hold-expire",
	ledger.OpSpend: "spend", ledger.OpRefund: "refund", ledger.OpGrant: "grant", ledger.OpExpire: "expire", ledger.OpMember: "member",
	ledger.OpIssue: "issue", ledger.OpOrder: "order", ledger.OpReverse: "reverse", ledger.OpCardCancel: "card-cancel", ledger.OpImport: "import",
	ledger.OpDebt: "debt", ledger.OpEarn: "earn", ledger.OpUnearn: "unearn", ledger.OpUngrant: "ungrant",
}

// lines writes a stream a line each.
func lines[T any](t *testing.T, things iter.Seq2[T, error], line func(T) string) (out []string) {
	t.Helper()
	for v, err := range things {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, line(v))
	}
	return out
}
