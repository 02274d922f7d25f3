package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sessions are the settings of connections that run batches.
//
// A process that crashed or was cut off holds nobody up: its transaction ends when it is idle, a lock is not waited for for ever.
// Plans are made once, and every statement is written for one index. All indexes begin with brand_id, so that to the planner, who
// looks at a table that is nearly empty or at statistics from when it was, any of them may seem as good. What it is asked for leaves
// no choice: rows in the order of the right index where nothing else may sort, loops from keys to rows, and to change or delete a row
// its place, beside which entering any index is dear (TestPlans).
var sessions = map[string]string{
	"synchronous_commit":                  "on",
	"idle_in_transaction_session_timeout": "5000",
	"lock_timeout":                        "4000",
	"statement_timeout":                   "15000",
	"plan_cache_mode":                     "force_generic_plan",
	"enable_seqscan":                      "off",
	"enable_bitmapscan":                   "off",
	"enable_hashjoin":                     "off",
	"enable_mergejoin":                    "off",
	"enable_sort":                         "off",
	"random_page_cost":                    "0.001",
	"cpu_operator_cost":                   "0.25",
	"enable_incremental_sort":             "off",
	"enable_material":                     "off",
	"enable_memoize":                      "off",
	"jit":                                 "off",
	"application_name":                    "recoup",
}

// streams are the settings of connections that read everything. Between two portions of a cursor, and while books are frozen, a transaction
// is idle for as long as its reader takes.
var streams = map[string]string{
	"default_transaction_read_only":       "on",
	"idle_in_transaction_session_timeout": "0",
	"jit":                                 "off",
	"application_name":                    "recoup reader",
}

const (
	connsDefault   = 16
	readerConns    = 16 // an audit reads several streams side by side
	connectTimeout = 5 * time.Second
)

func (s *Store) poolConfig(dsn string, o *Options) (*pgxpool.Config, error) {
	cfg, err := config(dsn, s.settings, o.PgBouncer)
	if err != nil {
		return nil, err
	}
	if o.ReadOnly {
		cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	}
	cfg.MaxConns = connsDefault
	if o.Conns > 0 {
		cfg.MaxConns = int32(min(o.Conns, 1000))
	}
	return cfg, nil
}

func readerConfig(dsn string, o *Options) (*pgxpool.Config, error) {
	cfg, err := config(dsn, streams, o.PgBouncer)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = readerConns
	return cfg, nil
}

// config reads a DSN. What it says itself stands, but for synchronous_commit.
func config(dsn string, settings map[string]string, pooler bool) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("--db: %w", hidden(err))
	}
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	cfg.AfterConnect = learnArrays
	if pooler {
		cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		cfg.ConnConfig.StatementCacheCapacity = 0
		cfg.ConnConfig.DescriptionCacheCapacity = 0
		return cfg, nil
	}
	for name, value := range settings {
		if _, told := cfg.ConnConfig.RuntimeParams[name]; !told || name == "synchronous_commit" {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	return cfg, nil
}

// hidden keeps a DSN's password out of an error: what pgx says of a DSN it cannot read may quote it.
func hidden(err error) error {
	text := err.Error()
	if strings.Contains(text, "@") && strings.Contains(text, "postgres") {
		return errors.New("the DSN cannot be read; want postgres://user@host:port/database")
	}
	return err
}

// begin queues the start of a writing transaction.
func (s *Store) begin(b *pgx.Batch) {
	b.Queue("BEGIN")
	if s.opts.PgBouncer {
		b.Queue(sql("SetLocal"), s.names, s.values)
	}
}

// ErrUnsafe: the server does not promise that what it committed survives.
var ErrUnsafe = errors.New("postgres: the server may lose what it has committed")

// versionMin is the oldest server that is tested.
const versionMin = 140000

// check refuses a server that cannot keep what it acknowledges, or cannot keep text as it is.
func (s *Store) check(ctx context.Context) error {
	var version int64
	var fsync, pages, commit, encoding string
	if err := s.pool.QueryRow(ctx, sql("Settings")).Scan(&version, &fsync, &pages, &commit, &encoding); err != nil {
		return fmt.Errorf("postgres: %w", storeError(err))
	}
	if version < versionMin {
		return fmt.Errorf("postgres: the server has version %d, wanted is %d or newer", version/10000, versionMin/10000)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("postgres: the database has the encoding %s; create it with ENCODING 'UTF8'", encoding)
	}
	if s.opts.Unsafe {
		return s.checkWorkers(ctx)
	}
	for _, setting := range []struct{ name, value string }{{"fsync", fsync}, {"full_page_writes", pages}, {"synchronous_commit", commit}} {
		if setting.value == "off" {
			return fmt.Errorf("%w: %s is off; set it on, or pass --unsafe if losing money is acceptable", ErrUnsafe, setting.name)
		}
	}
	return s.checkWorkers(ctx)
}
