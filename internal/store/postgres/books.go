package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// stream reads the rows of one query of a brand as they come, on one snapshot: the frozen one, else that of the query.
func (s *Store) stream(ctx context.Context, pool *pgxpool.Pool, brand, query string, read func(store.Row) error, args ...any) error {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return storeError(err)
	}
	defer conn.Release() // which drops a connection that is in a transaction
	defer rollback(conn.Conn())
	if s.frozen != "" {
		if err := attach(ctx, conn.Conn(), s.frozen); err != nil {
			return storeError(err)
		}
	}
	ctx, cancel := context.WithCancel(ctx) // what is left unread need not be sent
	defer cancel()
	rows, err := conn.Query(ctx, sql(query), append([]any{serial}, args...)...)
	if err != nil {
		return storeError(err)
	}
	return storeError(each(rows, func(r store.Row) error {
		err := read(r)
		if err != nil {
			cancel()
		}
		return err
	}))
}

// beginReading begins a transaction that sees the books of one moment.
const beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// attach begins a transaction that sees what the exported snapshot does.
func attach(ctx context.Context, c *pgx.Conn, snapshot string) error {
	b := &pgx.Batch{}
	b.Queue(beginReading)
	b.Queue("SET TRANSACTION SNAPSHOT '" + strings.ReplaceAll(snapshot, "'", "''") + "'") // which takes no parameters
	return c.SendBatch(ctx, b).Close()
}

// Freeze shows the books as of this moment, however long they are read and whatever is written meanwhile. Citus cannot: a snapshot is one
// machine's. There the books go on, and an audit looks for a quiet moment.
func (s *Store) Freeze(ctx context.Context) (books store.Audit, release func(), err error) {
	if s.distributed {
		return s, func() {}, nil
	}
	conn, err := s.reader.Acquire(ctx)
	if err != nil {
		return nil, nil, storeError(err)
	}
	release = func() {
		rollback(conn.Conn())
		conn.Release()
	}
	f := newStore(s.opts)
	f.pool, f.reader, f.settings, f.names, f.values = s.pool, s.reader, s.settings, s.names, s.values
	if _, err = conn.Exec(ctx, beginReading); err == nil {
		err = conn.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&f.frozen)
	}
	if err != nil {
		release()
		return nil, nil, storeError(err)
	}
	return f, release, nil
}

// newStore is a store without connections.
func newStore(o Options) *Store {
	s := &Store{opts: o, serials: map[string]int64{}, rules: map[int64]*ledger.Brand{}}
	over := func(pool func() *pgxpool.Pool) store.Books {
		return store.Books{Keys: o.Keys, Stream: func(ctx context.Context, brand, query string, read func(store.Row) error, args ...any) error {
			return s.stream(ctx, pool(), brand, query, read, args...)
		}}
	}
	s.Books = over(func() *pgxpool.Pool { return s.reader })
	s.Histories = store.Histories{From: over(func() *pgxpool.Pool { return s.pool })}
	s.Tables = store.Tables{
		Keys: o.Keys,
		Read: func(ctx context.Context, do func(store.Tx) error) error {
			return s.transaction(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, do)
		},
		Write: func(ctx context.Context, do func(store.Tx) error) error {
			return s.transaction(ctx, pgx.TxOptions{}, do)
		},
	}
	return s
}

func (s *Store) transaction(ctx context.Context, o pgx.TxOptions, do func(store.Tx) error) error {
	return storeError(pgx.BeginTxFunc(ctx, s.pool, o, func(t pgx.Tx) error {
		if s.opts.PgBouncer && o.AccessMode != pgx.ReadOnly {
			if _, err := t.Exec(ctx, sql("SetLocal"), s.names, s.values); err != nil {
				return err
			}
		}
		return do(tx{ctx, t})
	}))
}

// tx is a transaction outside of batches.
type tx struct {
	ctx context.Context
	tx  pgx.Tx
}

func (t tx) Query(query string, read func(store.Row) error, args ...any) error {
	rows, err := t.tx.Query(t.ctx, sql(query), args...)
	if err != nil {
		return err
	}
	return each(rows, read)
}

func (t tx) Exec(statement string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(t.ctx, sql(statement), args...)
	return tag.RowsAffected(), err
}
