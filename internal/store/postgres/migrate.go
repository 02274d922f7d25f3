package postgres

import (
	"context"
	database "database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"recoup/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

var (
	// ErrNewer: the database was written by a newer version of the program.
	ErrNewer = errors.New("postgres: the database has a newer schema than this program knows; use the newer program")
	// ErrOlder: the schema must be brought up to date first, over a connection that is not pooled by transaction.
	ErrOlder = errors.New("postgres: the database has no schema or an older one; run `recoup migrate --db DSN` with a DSN that leads to the server itself, not to the pooler")
)

// migrate makes the schema, or brings it up to date if that is wanted, one process at a time. It refuses to touch a newer one. Who only reads
// or comes by way of a pooler changes nothing.
func migrate(ctx context.Context, cfg *pgx.ConnConfig, o *Options) error {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*cfg)
	defer func() { _ = db.Close() }()
	if o.PgBouncer || o.ReadOnly {
		return checkVersion(ctx, db, folder)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, folder, goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(locker))
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("postgres: schema version: %w", err)
	}
	if have > want {
		return fmt.Errorf("%w (it is at %d, known is %d)", ErrNewer, have, want)
	}
	if have == want {
		return nil
	}
	if have > 0 && !o.Upgrade && !store.Unused(ctx, db) {
		return fmt.Errorf("%w (it is at %d, wanted is %d)", ErrOlder, have, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	if o.Migrated != nil {
		o.Migrated(have, want)
	}
	return nil
}

// checkVersion compares versions without goose's table of versions being made or locked.
func checkVersion(ctx context.Context, db *database.DB, folder fs.FS) error {
	files, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return err
	}
	var have int64
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&have); err != nil {
		return fmt.Errorf("%w: %w", ErrOlder, err)
	}
	want := int64(len(files)) // files are numbered from 1 without gaps
	switch {
	case have < want:
		return fmt.Errorf("%w (it is at %d, wanted is %d)", ErrOlder, have, want)
	case have > want:
		return fmt.Errorf("%w (it is at %d, known is %d)", ErrNewer, have, want)
	}
	return nil
}
