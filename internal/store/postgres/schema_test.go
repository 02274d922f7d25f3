package postgres

import (
	"context"
	"testing"

	"recoup/internal/pgtemp"
	"recoup/internal/store/storetest"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{DSN: pgtemp.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exec := func(ctx context.Context, sql string) error {
		_, err := s.pool.Exec(ctx, sql)
		return err
	}
	storetest.Schema{Store: s, Lines: s.schema, Text: &schemaText, Exec: exec}.Run(t, []storetest.SchemaChange{
		{SQL: "DROP INDEX op_request", Says: "lacks the index op.op_request"},
		{SQL: "CREATE INDEX op_more ON op (at)", Says: "of its own, index op.op_more"},
		{SQL: "CREATE TABLE somebody_elses (id int)", Silent: []string{"steal", "somebody"}},
		{SQL: "CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", Silent: []string{"steal", "somebody"}},
		{SQL: "CREATE TRIGGER thief AFTER INSERT ON op EXECUTE FUNCTION steal()", Says: "of its own, trigger op.thief"},
		{SQL: "CREATE RULE gone AS ON DELETE TO op DO INSTEAD NOTHING", Says: "of its own, rule op.gone"},
		{SQL: "ALTER TABLE head ADD COLUMN more text", Says: "of its own, column head.more"},
		{SQL: "ALTER TABLE op ENABLE ROW LEVEL SECURITY", Says: "column op.seq is not as"},
		{SQL: "ALTER TABLE lot DROP CONSTRAINT lot_check", Says: "lacks the constraint lot.lot_check"},
		{SQL: "DROP VIEW v_lot CASCADE", Says: "lacks the column v_lot.brand"},
		{SQL: "INSERT INTO refusal (brand_id, request, content, until, result, seal) VALUES (7, '', '', 1, '{}', '')", Says: "table refusal has rows of brand number 7"},
	})
}
