package sqlite

import (
	"context"
	_ "embed" // of schema.txt
	"fmt"

	"recoup/internal/store"
)

// schemaText is what the migrations make, as TestSchema writes it.
//
//go:embed schema.txt
var schemaText string

// Integrity has the engine read the whole file, compares the schema with the migrations' and looks for rows of no brand.
func (s *Store) Integrity(ctx context.Context) (wrong []string, err error) {
	err = s.read(func(c *conn) error {
		err := c.query(ctx, "Integrity", func(r store.Row) error {
			if text := r.Text(0); text != "ok" {
				wrong = append(wrong, text)
			}
			return nil
		})
		if err != nil {
			return err
		}
		differs, err := c.differs(ctx)
		if err != nil {
			return err
		}
		wrong = append(wrong, differs...)
		strangers, err := c.strangers(ctx)
		wrong = append(wrong, strangers...)
		return err
	})
	return wrong, err
}

// SchemaDiffers tells what of the schema is not as the migrations make it.
func (s *Store) SchemaDiffers(ctx context.Context) (differs []string, err error) {
	err = s.read(func(c *conn) error { differs, err = c.differs(ctx); return err })
	return differs, err
}

func (c *conn) differs(ctx context.Context) ([]string, error) {
	lines, err := c.schema(ctx)
	if err != nil {
		return nil, err
	}
	return store.SchemaDiffers(schemaText, lines), nil
}

// schema lists everything that the file's schema has.
func (c *conn) schema(ctx context.Context) (lines []string, err error) {
	err = c.query(ctx, "Schema", func(r store.Row) error {
		lines = append(lines, store.SchemaLine(r.Text(0), r.Text(1), r.Text(2), r.Text(3)))
		return nil
	})
	return lines, err
}

func (c *conn) strangers(ctx context.Context) ([]string, error) {
	var serials []int64
	if err := c.query(ctx, "Serials", func(r store.Row) error { serials = append(serials, r.Int(0)); return nil }); err != nil {
		return nil, err
	}
	return store.Strangers(serials, func(table string, after int64) (next int64, more bool, err error) {
		q, err := c.prepare("strangers", fmt.Sprintf("SELECT brand FROM %s WHERE brand > ?1 ORDER BY brand LIMIT 1", table))
		if err != nil {
			return 0, false, err
		}
		defer q.finalize()
		q.BindInt64(1, after)
		err = q.each(ctx, func(r store.Row) error { next, more = r.Int(0), true; return nil })
		return next, more, err
	})
}
