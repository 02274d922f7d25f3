package sqlite

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

var update = flag.Bool("update", false, "write schema.txt anew")

// TestSchema holds schema.txt, which audits compare with, to what the migrations make, and changes the schema behind the program's back.
func TestSchema(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "recoup.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	c, err := s.connect(readWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	lines, err := c.schema(t.Context())
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
		t.Errorf("schema.txt is not what the migrations make: go test ./internal/store/sqlite -run TestSchema -update")
	}
	if wrong, err := s.Integrity(t.Context()); err != nil || wrong != nil {
		t.Errorf("a new database: %v, %v", wrong, err)
	}
	for _, row := range []struct{ change, says string }{
		{"DROP INDEX op_request", "lacks the index op.op_request"},
		{"CREATE INDEX op_more ON op (at)", "of its own, index op.op_more"},
		{"CREATE TRIGGER thief AFTER INSERT ON op BEGIN SELECT 1; END", "of its own, trigger op.thief"},
		{"ALTER TABLE head ADD COLUMN more TEXT", "table head.head is not as"},
		{"DROP VIEW v_lot", "lacks the view v_lot.v_lot"},
		{"INSERT INTO refusal VALUES (7, x'00', x'00', 1, '{}', x'')", "table refusal has rows of brand number 7"},
		{"INSERT INTO counter VALUES (-3, 5)", "table counter has rows of brand number -3"},
	} {
		if err := c.script(row.change); err != nil {
			t.Fatal(err)
		}
		wrong, err := s.Integrity(t.Context())
		if err != nil || !slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, row.says) }) {
			t.Errorf("%s: %v, %v", row.change, wrong, err)
		}
	}
}
