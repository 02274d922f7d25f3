package recoup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"recoup/internal/seal"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/postgres"
	"recoup/internal/store/sqlite"
)

// A Database says where the books are and how to reach them.
type Database struct {
	DSN         string               // sqlite:FILE or postgres://USER@HOST/DATABASE
	Reader      string               // PostgreSQL: of a replica for audits and reports; "": the same database
	PgBouncer   bool                 // PostgreSQL: the DSN leads to a pooler by transaction
	Unsafe      bool                 // PostgreSQL: accept a server whose settings may lose what was acknowledged
	ServerClock bool                 // PostgreSQL: stamps by the database's clock, which all processes share
	ReadOnly    bool                 // audits only; the schema is taken as it is
	Upgrade     bool                 // bring an older schema up to date; an empty database gets one anyway
	Keys        seal.Keys            // that encrypt secrets and peppers, and seal the books; none: neither
	Migrated    func(from, to int64) // hears of a schema that was made or brought up to date; nil: nobody does
}

// OpenStore opens the database that a DSN names, creating a SQLite file and the schema as needed.
func OpenStore(ctx context.Context, dsn string) (store.Store, error) {
	return Database{DSN: dsn}.Open(ctx)
}

// Open opens the database.
func (d Database) Open(ctx context.Context) (store.Store, error) {
	scheme, rest, _ := strings.Cut(d.DSN, ":")
	switch scheme {
	case "sqlite":
		return sqlite.Open(ctx, sqlite.Options{Path: rest, ReadOnly: d.ReadOnly, Upgrade: d.Upgrade, Migrated: d.Migrated, Keys: d.Keys})
	case "postgres", "postgresql":
		if err := checkMarks(d.DSN); err != nil {
			return nil, fmt.Errorf("--db %s: %w", d, err)
		}
		if err := checkMarks(d.Reader); err != nil {
			return nil, fmt.Errorf("--db-reader %s: %w", Database{DSN: d.Reader}, err)
		}
		s, err := postgres.Open(ctx, d.postgres())
		if err != nil {
			return nil, fmt.Errorf("--db %s: %w", d, err)
		}
		return s, nil
	case "memory": // for tests and for the bench's server that keeps nothing
		return memstore.Open(), nil
	}
	return nil, fmt.Errorf("--db %q: want sqlite:FILE or postgres://USER@HOST/DATABASE", d)
}

func (d Database) postgres() postgres.Options {
	return postgres.Options{
		DSN: d.DSN, Reader: d.Reader, PgBouncer: d.PgBouncer, Unsafe: d.Unsafe, ServerClock: d.ServerClock, ReadOnly: d.ReadOnly,
		Upgrade: d.Upgrade, Migrated: d.Migrated, Keys: d.Keys,
	}
}

// Distribute brings the schema of a database up to date and spreads its tables over the machines of its Citus cluster. report hears what
// was done to each table.
func (d Database) Distribute(ctx context.Context, report func(table, did string)) error {
	scheme, _, _ := strings.Cut(d.DSN, ":")
	if scheme != "postgres" && scheme != "postgresql" {
		return fmt.Errorf("--citus: %s is on one machine only; want --db postgres://USER@COORDINATOR/DATABASE of a Citus cluster, and "+
			"`recoup copy` to move there", d)
	}
	err := checkMarks(d.DSN)
	if err == nil {
		err = postgres.Distribute(ctx, d.postgres(), report)
	}
	if err != nil {
		return fmt.Errorf("--db %s: %w", d, err)
	}
	return nil
}

// errMarks refuses an address in which a password cannot be separated from what is around it. Where it would be cut is anybody's guess, and the
// wrong part would be looked up and printed as the name of a host.
var errMarks = errors.New("in a user or a password write %40 for @, %23 for #, %2F for /, %3A for : and %3F for ?")

// checkMarks wants an @ nowhere but before the host, and no fragment.
func checkMarks(dsn string) error {
	_, rest, _ := strings.Cut(dsn, "://")
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	if strings.Contains(rest, "#") || strings.Count(dsn, "@") > 1 || strings.Count(dsn, "@") > strings.Count(authority, "@") {
		return errMarks
	}
	return nil
}

// passwordWord is a password outside of its place in an address, with all that follows.
var passwordWord = regexp.MustCompile(`(?is)password\s*=.*`)

// String is the DSN without its passwords: what is printed ends up in logs.
func (d Database) String() string {
	if strings.HasPrefix(d.DSN, "sqlite:") {
		return d.DSN
	}
	text := passwordWord.ReplaceAllLiteralString(d.DSN, "password=xxxxx")
	if u, err := url.Parse(text); err == nil && u.User != nil {
		text = u.Redacted()
	} else if at := strings.LastIndex(text, "@"); at >= 0 { // and it is no URL
		text = "xxxxx" + text[at:]
	}
	return text
}
