package storetest

import (
	"context"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

var update = flag.Bool("update", false, "write schema.txt anew")

// A Schema is what a store knows of its own schema.
type Schema struct {
	Store store.Store
	Lines func(context.Context) ([]string, error)     // the schema as it is
	Text  *string                                     // schema.txt, which audits compare with
	Exec  func(ctx context.Context, sql string) error // changes it behind the program's back
}

// A SchemaChange is a change and what Integrity must say of it; "": it is nobody's business, and nothing that Integrity says has one of the Silent
// words.
type SchemaChange struct {
	SQL, Says string
	Silent    []string
}

// Run holds schema.txt to what the migrations make, then makes the changes one after the other.
func (s Schema) Run(t *testing.T, changes []SchemaChange) {
	t.Helper()
	if err := s.Store.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	lines, err := s.Lines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	text := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile("schema.txt", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		*s.Text = text
	}
	if text != *s.Text {
		t.Error("schema.txt is not what the migrations make: go test . -run TestSchema -update in this folder")
	}
	if wrong, err := s.Store.Integrity(t.Context()); err != nil || wrong != nil {
		t.Errorf("a new database: %v, %v", wrong, err)
	}
	for _, c := range changes {
		if err := s.Exec(t.Context(), c.SQL); err != nil {
			t.Fatal(err)
		}
		wrong, err := s.Store.Integrity(t.Context())
		said := func(word string) bool {
			return slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, word) })
		}
		if err != nil || c.Says != "" && !said(c.Says) || slices.ContainsFunc(c.Silent, said) {
			t.Errorf("%s: %v, %v", c.SQL, wrong, err)
		}
	}
}
