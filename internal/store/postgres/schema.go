package postgres

import (
	"context"
	_ "embed" // of schema.txt
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"recoup/internal/store"
)

// schemaText is what the migrations make, as TestSchema writes it.
//
//go:embed schema.txt
var schemaText string

// Integrity compares the schema with the migrations' and looks for rows of no brand. Pages are the server's: it keeps checksums where its operator
// has switched them on.
func (s *Store) Integrity(ctx context.Context) (wrong []string, err error) {
	if wrong, err = s.SchemaDiffers(ctx); err != nil {
		return nil, err
	}
	var serials []int64
	err = s.Tables.Read(ctx, func(tx store.Tx) error {
		return tx.Query("Serials", func(r store.Row) error { serials = append(serials, r.Int(0)); return nil })
	})
	if err != nil {
		return wrong, err
	}
	strangers, err := store.Strangers(serials, func(table string, after int64) (next int64, more bool, err error) {
		err = s.pool.QueryRow(ctx, fmt.Sprintf("SELECT brand_id FROM %s WHERE brand_id > $1 ORDER BY brand_id LIMIT 1", table), after).Scan(&next)
		if errors.Is(err, pgx.ErrNoRows) {
			return 0, false, nil
		}
		return next, err == nil, storeError(err)
	})
	return append(wrong, strangers...), err
}

// SchemaDiffers tells what of the schema is not as the migrations make it.
func (s *Store) SchemaDiffers(ctx context.Context) ([]string, error) {
	lines, err := s.schema(ctx)
	if err != nil {
		return nil, err
	}
	return store.SchemaDiffers(schemaText, lines), nil
}

// schema lists everything of the program's schema but what an extension put there.
func (s *Store) schema(ctx context.Context) (lines []string, err error) {
	err = s.Tables.Read(ctx, func(tx store.Tx) error {
		return tx.Query("Schema", func(r store.Row) error {
			lines = append(lines, store.SchemaLine(r.Text(0), r.Text(1), r.Text(2), r.Text(3)))
			return nil
		})
	})
	return lines, err
}
