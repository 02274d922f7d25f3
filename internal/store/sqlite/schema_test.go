package sqlite

import (
	"context"
	"path/filepath"
	"testing"

	"recoup/internal/store/storetest"
)

func TestSchema(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "recoup.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.connect(readWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	exec := func(_ context.Context, sql string) error { return c.script(sql) }
	storetest.Schema{Store: s, Lines: c.schema, Text: &schemaText, Exec: exec}.Run(t, []storetest.SchemaChange{
		{SQL: "DROP INDEX op_request", Says: "lacks the index op.op_request"},
		{SQL: "CREATE INDEX op_more ON op (at)", Says: "of its own, index op.op_more"},
		{SQL: "CREATE TRIGGER thief AFTER INSERT ON op BEGIN SELECT 1; END", Says: "of its own, trigger op.thief"},
		{SQL: "ALTER TABLE head ADD COLUMN more TEXT", Says: "table head.head is not as"},
		{SQL: "DROP VIEW v_lot", Says: "lacks the view v_lot.v_lot"},
		{SQL: "INSERT INTO refusal VALUES (7, x'00', x'00', 1, '{}', x'')", Says: "table refusal has rows of brand number 7"},
		{SQL: "INSERT INTO counter VALUES (-3, 5)", Says: "table counter has rows of brand number -3"},
	})
}
