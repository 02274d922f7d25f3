package postgres

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/store"
)

var update = flag.Bool("update", false, "write schema.txt anew")

// TestSchema holds schema.txt, which audits compare with, to what the migrations make, and changes the schema behind the program's back.
func TestSchema(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{DSN: pgtemp.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	lines, err := s.schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	text := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile("schema.txt", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		schemaText = text
	}
	if text != schemaText {
		t.Errorf("schema.txt is not what the migrations make: go test ./internal/store/postgres -run TestSchema -update")
	}
	if wrong, err := s.Integrity(t.Context()); err != nil || wrong != nil {
		t.Errorf("a new database: %v, %v", wrong, err)
	}
	for _, row := range []struct{ change, says string }{
		{"DROP INDEX op_request", "lacks the index op.op_request"},
		{"CREATE INDEX op_more ON op (at)", "of its own, index op.op_more"},
		{"CREATE TABLE somebody_elses (id int)", ""},
		{"CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", ""},
		{"CREATE TRIGGER thief AFTER INSERT ON op EXECUTE FUNCTION steal()", "of its own, trigger op.thief"},
		{"CREATE RULE gone AS ON DELETE TO op DO INSTEAD NOTHING", "of its own, rule op.gone"},
		{"ALTER TABLE head ADD COLUMN more text", "of its own, column head.more"},
		{"ALTER TABLE op ENABLE ROW LEVEL SECURITY", "column op.seq is not as"},
		{"ALTER TABLE lot DROP CONSTRAINT lot_check", "lacks the constraint lot.lot_check"},
		{"DROP VIEW v_lot CASCADE", "lacks the column v_lot.brand"},
		{"INSERT INTO refusal (brand_id, request, content, until, result, seal) VALUES (7, '', '', 1, '{}', '')", "table refusal has rows of brand number 7"},
	} {
		if _, err := s.pool.Exec(t.Context(), row.change); err != nil {
			t.Fatal(err)
		}
		wrong, err := s.Integrity(t.Context())
		if row.says == "" && slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, "steal") || strings.Contains(w, "somebody") }) {
			t.Errorf("%s: %v", row.change, wrong)
		}
		if err != nil || row.says != "" && !slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, row.says) }) {
			t.Errorf("%s: %v, %v", row.change, wrong, err)
		}
	}
}
