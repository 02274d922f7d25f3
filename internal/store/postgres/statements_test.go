package postgres

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/store"
)

// TestPlans holds every statement of a batch to one index, whatever the planner believes of the tables: never looked at, known to be
// empty, or full. A table that is scanned, or read by the brand alone, is fast on the first day only.
func TestPlans(t *testing.T) {
	t.Parallel()
	believing(t, Options{DSN: pgtemp.Database(t)}, func(c *pgx.Conn, believed, name, reason, text string) {
		if !scanned.MatchString(reason) {
			checkPlan(t, name, reason, believed, explain(t, c, name, text, func(*pgx.Conn, uint32) string { return "NULL" }))
		}
	})
}

// believing runs something for every statement under every belief.
func believing(t *testing.T, o Options, do func(c *pgx.Conn, believed, name, reason, text string)) {
	t.Helper()
	ctx := t.Context()
	s, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.PutBrand(ctx, &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	for _, believed := range beliefs {
		err := s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
			if _, err := c.Exec(ctx, believed.sql); err != nil {
				return err
			}
			for name, text := range texts {
				reason, _, _ := strings.Cut(text, "\n")
				if !strings.HasPrefix(reason, "-- ") {
					t.Errorf("%s does not say why its index is right", name)
				}
				do(c.Conn(), believed.name, name, reason, text)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.pool.Reset() // what is planned anew sees what is believed now
	}
}

// beliefs are what a planner may think of the tables, and how it comes to it.
var beliefs = []struct{ name, sql string }{
	{"never analyzed", "SELECT 1"},
	{"empty", "VACUUM ANALYZE"},
	{"full, and keys all NULL", `INSERT INTO op (brand_id, seq, at, kind, moves, ordinal, member, shop, body) SELECT 1, i, i, 1, 0, 0, 'm', '', 'x' FROM generate_series(1, 2000) i`},
	{"full, and known to be", "VACUUM ANALYZE"},
}

// scanned matches what a statement says above itself when it reads all of a table, or none.
var scanned = regexp.MustCompile(`^-- (all|one row$|one row;|the last row|no table)|in order of`)

// prefixes are the first columns after brand_id by which a plan must enter each index.
var prefixes = map[string]string{
	"head_pkey": "brand_id", "counter_pkey": "brand_id", "brand_pkey": "serial", "brand_id_key": "id", "rules_pkey": "version",
	"link_pkey": "last", "seal_pkey": "brand_id", "app_pkey": "key", "session_pkey": "digest", "journal_pkey": "n", "journal_what": "what",
	"op_pkey": "seq", "op_member": "member", "link_at": "at", "follower_pkey": "name", "follower_row_pkey": "name", "op_request": "request", "op_refund": "refund", "op_order": "order_no",
	"member_pkey": "id", "member_due": "due", "ident_pkey": "type", "lot_pkey": "account", "lot_open": "account",
	"lot_due_member": "member", "hold_pkey": "order_no", "hold_member": "member", "voucher_pkey": "id", "voucher_member": "member",
	"refusal_pkey": "request", "refusal_until": "until", "tombstone_pkey": "order_no",
	"tombstone_app": "app", "tombstone_until": "until", "wdk_order_pkey": "main", "wdk_order_out": "out", "wdk_sub_pkey": "no",
	"wdk_sub_out": "out", "quote_pkey": "token", "quote_live": "store", "quote_until": "until", "reverse_pkey": "id", "reverse_main": "main", "reverse_store": "store", "reverse_status": "status",
}

// checkPlan holds one plan to what its statement says above itself.
func checkPlan(t *testing.T, name, reason, believed, plan string) {
	t.Helper()
	lines := strings.Split(plan, "\n")
	for i, line := range lines {
		if strings.Contains(line, "Seq Scan") || strings.Contains(line, "Sort") {
			t.Errorf("%s (%s): %s", name, believed, strings.TrimSpace(line))
		}
		_, index, ok := strings.Cut(line, "Scan using ")
		if !ok {
			continue
		}
		index, _, _ = strings.Cut(index, " ")
		cond := ""
		if i+1 < len(lines) {
			cond = lines[i+1]
		}
		if want, ok := prefixes[index]; !ok || !strings.Contains(cond, want) {
			t.Errorf("%s (%s) enters %s by%s", name, believed, index, cond)
		}
	}
	if m := regexp.MustCompile(`index (?:of \w+ )?([a-z]+_[a-z_]+)`).FindStringSubmatch(reason); m != nil && !strings.Contains(plan, m[1]) {
		t.Errorf("%s (%s) uses not %s but\n%s", name, believed, m[1], plan)
	}
}

// explain asks for the plan that runs, with parameters of the types there are.
func explain(t *testing.T, c *pgx.Conn, name, text string, parameter func(c *pgx.Conn, oid uint32) string) string {
	t.Helper()
	ctx := context.Background()
	prepared, err := c.Prepare(ctx, "plan"+name, text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	call := `EXPLAIN (COSTS OFF) EXECUTE "plan` + name + `"`
	var args []string
	for _, oid := range prepared.ParamOIDs {
		args = append(args, parameter(c, oid))
	}
	if len(args) > 0 {
		call += "(" + strings.Join(args, ", ") + ")"
	}
	rows, err := c.Query(ctx, call, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := c.Deallocate(ctx, "plan"+name); err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "\n")
}

// TestSchemaDistributes holds the schema to what lets it be distributed by brand as it is: every table but the directory's has
// brand_id, and every unique key begins with it. Every table is in one of the two lists.
func TestSchemaDistributes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, err := Open(ctx, Options{DSN: pgtemp.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rows, err := s.reader.Query(ctx, `
		SELECT c.relname, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'brand_id' AND a.attnotnull),
		  coalesce((SELECT string_agg(i.indexrelid::regclass::text, ' ') FROM pg_index i
		    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND a.attname <> 'brand_id'), '')
		FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	err = each(rows, func(r store.Row) error {
		name, branded, others := r.Text(0), r.Int(1) != 0, r.Text(2)
		found = append(found, name)
		if slices.Contains(everywhere, name) {
			return nil
		}
		if !branded {
			t.Errorf("table %s has no brand_id: is it one of the directory's?", name)
		}
		if others != "" {
			t.Errorf("table %s: %s do not begin with brand_id", name, others)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	listed := tables()
	slices.Sort(found)
	slices.Sort(listed)
	if diff := cmp.Diff(found, listed); diff != "" {
		t.Errorf("tables in the lists of citus.go: -there +listed\n%s", diff)
	}
	for name, text := range texts {
		if directory := regexp.MustCompile(`\b(FROM|INTO|UPDATE|JOIN) (directory|brand|app|session|journal)\b`).MatchString(text); directory {
			continue
		}
		if reason, _, _ := strings.Cut(text, "\n"); !strings.Contains(text, "brand_id") && !strings.HasPrefix(reason, "-- no table") {
			t.Errorf("statement %s does not name the brand", name)
		}
	}
}
