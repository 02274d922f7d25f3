package store

import (
	"context"
	"database/sql"
)

// Unused reports whether nothing was ever written to a database since its schema was made, which a crash may have left half made.
func Unused(ctx context.Context, db *sql.DB) bool {
	var revision int64
	err := db.QueryRowContext(ctx, "SELECT revision FROM directory").Scan(&revision)
	return err == nil && revision == 0
}
