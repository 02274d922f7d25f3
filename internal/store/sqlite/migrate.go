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
	engine "zombiezen.com/go/sqlite"

	"recoup/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer: the file was written by a newer version of the program.
var ErrNewer = errors.New("sqlite: the database has a newer schema than this program knows; use the newer program, or restore a backup")

// ErrForeign: the file is something else. It is left as it is.
var ErrForeign = errors.New("is not a recoup database; `recoup migrate --db sqlite:FILE` makes one in a new file")

// foreign reports whether a file is not a database of this program, of whatever version. One without any table is not, unless it may
// be: another process may just be making it. What else is wrong with it, opening it tells.
func foreign(path string, mayBeNew bool) bool {
	c, err := openConn(path, readOnly)
	if err != nil {
		return false
	}
	defer c.close()
	other := func(err error) bool { return engine.ErrCode(err) == engine.ResultNotADB }
	q, err := c.prepare("tables", "SELECT count(*), count(*) FILTER (WHERE name = 'goose_db_version') FROM sqlite_schema WHERE type = 'table'")
	if err != nil {
		return other(err)
	}
	defer q.finalize()
	if _, err := q.step(); err != nil {
		return other(err)
	}
	tables, versions := q.Int(0), q.Int(1)
	return versions == 0 && (tables > 0 || !mayBeNew)
}

// ErrOlder: the schema must be brought up to date first.
var ErrOlder = errors.New("sqlite: the database has an older schema; run `recoup migrate --db sqlite:FILE`, which servers of the older program do not survive")

// checkVersion compares versions and changes nothing.
func checkVersion(ctx context.Context, c *conn, path string) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	have, want := int64(0), int64(len(files)) // files are numbered from 1 without gaps
	q, err := c.prepare("version", "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied")
	if err != nil {
		return err
	}
	defer q.finalize()
	if err := q.each(ctx, func(r store.Row) error { have = r.Int(0); return nil }); err != nil {
		return err
	}
	switch {
	case have < want:
		return fmt.Errorf("%w (%s is at %d, wanted is %d)", ErrOlder, path, have, want)
	case have > want:
		return fmt.Errorf("%w (%s is at %d, known is %d)", ErrNewer, path, have, want)
	}
	return nil
}

// migrate makes the schema, or brings it up to date if that is wanted. It refuses to touch a newer one.
func migrate(ctx context.Context, path string, o *Options) error {
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
	if have > 0 && !o.Upgrade && !store.Unused(ctx, db) {
		return fmt.Errorf("%w (%s is at %d, wanted is %d)", ErrOlder, path, have, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("sqlite: migrate %s: %w", path, err)
	}
	if o.Migrated != nil {
		o.Migrated(have, want)
	}
	return nil
}
