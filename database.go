package recoup

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/postgres"
	"recoup/internal/store/sqlite"
)

// A Database says where the books are and how to reach them.
type Database struct {
	DSN         string // sqlite:FILE, postgres://USER@HOST/DATABASE, or memory:
	Reader      string // PostgreSQL: of a replica for audits and reports; "": the same database
	PgBouncer   bool   // PostgreSQL: the DSN leads to a pooler by transaction
	Unsafe      bool   // PostgreSQL: accept a server whose settings may lose what was acknowledged
	ServerClock bool   // PostgreSQL: stamps by the database's clock, which all processes share
	ReadOnly    bool   // audits only; the schema is taken as it is
}

// OpenStore opens the database that a DSN names, creating a SQLite file and bringing the schema up to date as needed.
func OpenStore(ctx context.Context, dsn string) (store.Store, error) {
	return Database{DSN: dsn}.Open(ctx)
}

// Open opens the database.
func (d Database) Open(ctx context.Context) (store.Store, error) {
	scheme, rest, _ := strings.Cut(d.DSN, ":")
	switch scheme {
	case "sqlite":
		return sqlite.Open(ctx, sqlite.Options{Path: rest, ReadOnly: d.ReadOnly})
	case "postgres", "postgresql":
		s, err := postgres.Open(ctx, postgres.Options{
			DSN: d.DSN, Reader: d.Reader, PgBouncer: d.PgBouncer, Unsafe: d.Unsafe, ServerClock: d.ServerClock, ReadOnly: d.ReadOnly,
		})
		if err != nil {
			return nil, fmt.Errorf("--db %s: %w", d, err)
		}
		return s, nil
	case "memory":
		return memstore.Open(), nil
	}
	return nil, fmt.Errorf("--db %q: want sqlite:FILE or postgres://USER@HOST/DATABASE", d)
}

// String is the DSN without its password: what is printed ends up in logs.
func (d Database) String() string {
	if before, _, ok := strings.Cut(d.DSN, "password="); ok {
		return before + "password=xxxxx"
	}
	if u, err := url.Parse(d.DSN); err == nil && u.User != nil {
		return u.Redacted()
	}
	if _, host, ok := strings.Cut(d.DSN, "@"); ok { // and it is no URL
		return "xxxxx@" + host
	}
	return d.DSN
}
