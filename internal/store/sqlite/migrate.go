package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // goose works on database/sql
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer: the file was written by a newer version of the program.
var ErrNewer = errors.New("sqlite: the database has a newer schema than this program knows; use the newer program, or restore a backup")

// migrate brings the schema up to date. It refuses to touch a newer one.
func migrate(ctx context.Context, path string) error {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dsn := url.URL{
		Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(),
		RawQuery: url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}.Encode(),
	}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectSQLite3, db, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("sqlite: schema version of %s: %w", path, err)
	}
	if have > want {
		return fmt.Errorf("%w (%s is at %d, known is %d)", ErrNewer, path, have, want)
	}
	if have == want {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlite: migrate %s: %w", path, err)
	}
	return nil
}
