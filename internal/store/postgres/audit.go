package postgres

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// errStop ends a stream whose reader has had enough.
var errStop = errors.New("stop")

// stream reads the rows of one query of a brand, one at a time, on one snapshot: that of the statement.
func stream[T any](ctx context.Context, s *Store, brand, query string, read func(row) (T, error), args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := func() error {
			serial, err := s.serial(ctx, brand)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(ctx) // what is left unread when the reader stops need not be sent
			defer cancel()
			conn, err := s.reader.Acquire(ctx)
			if err != nil {
				return err
			}
			defer conn.Release() // which drops a connection that is in a transaction
			if s.frozen != "" {
				if err := attach(ctx, conn.Conn(), s.frozen); err != nil {
					return err
				}
				defer rollback(conn.Conn())
			}
			rows, err := conn.Query(ctx, query, append([]any{serial}, args...)...)
			if err != nil {
				return err
			}
			return each(rows, func(r row) error {
				v, err := read(r)
				if err == nil && !yield(v, nil) {
					cancel()
					err = errStop
				}
				return err
			})
		}()
		if err != nil && !errors.Is(err, errStop) {
			var none T
			yield(none, told(err))
		}
	}
}

// attach begins a transaction that sees what the exported snapshot does.
func attach(ctx context.Context, c *pgx.Conn, snapshot string) error {
	b := &pgx.Batch{}
	b.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	b.Queue("SET TRANSACTION SNAPSHOT '" + strings.ReplaceAll(snapshot, "'", "''") + "'") // which takes no parameters
	return c.SendBatch(ctx, b).Close()
}

// Freeze shows the books as of this moment, however long they are read and whoever writes meanwhile.
func (s *Store) Freeze(ctx context.Context) (books store.Audit, release func(), err error) {
	conn, err := s.reader.Acquire(ctx)
	if err != nil {
		return nil, nil, told(err)
	}
	release = func() {
		rollback(conn.Conn())
		conn.Release()
	}
	f := &Store{opts: s.opts, pool: s.pool, reader: s.reader, serials: map[string]int64{}, rules: map[int64]*ledger.Brand{}}
	if _, err = conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err == nil {
		err = conn.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&f.frozen)
	}
	if err != nil {
		release()
		return nil, nil, told(err)
	}
	return f, release, nil
}

// parsed reads a row that is one document.
func parsed[T any](parse func([]byte) (*T, error)) func(row) (*T, error) {
	return func(r row) (*T, error) { return parse(r.bytes(0)) }
}

// Ops streams operations.
func (s *Store) Ops(ctx context.Context, brand string, after int64) iter.Seq2[*ledger.Op, error] {
	return stream(ctx, s, brand, sql.Ops, op, after)
}

// Links streams the chain.
func (s *Store) Links(ctx context.Context, brand string) iter.Seq2[store.Link, error] {
	return stream(ctx, s, brand, sql.Links, linkOf)
}

func linkOf(r row) (store.Link, error) {
	l := store.Link{Last: r.int(0), At: r.int(1)}
	r.digest(2, l.Hash[:])
	return l, nil
}

// Head is the newest link, with the last stamp.
func (s *Store) Head(ctx context.Context, brand string) (store.Link, error) {
	for l, err := range stream(ctx, s, brand, sql.HeadLink, linkOf) {
		return l, err
	}
	return store.Link{}, store.ErrNoBrand
}

// Accounts streams accounts by id.
func (s *Store) Accounts(ctx context.Context, brand string) iter.Seq2[*ledger.Account, error] {
	return stream(ctx, s, brand, sql.AllAccounts, func(r row) (*ledger.Account, error) {
		list, err := accountsOf(r.bytes(1))
		if err != nil {
			return nil, err
		}
		id := r.text(0)
		for _, a := range list {
			if a.ID == id {
				return a, nil
			}
		}
		return nil, errors.New("postgres: account " + id + " is not in its member's row")
	})
}

// Lots streams lots by account and number.
func (s *Store) Lots(ctx context.Context, brand string) iter.Seq2[*ledger.Lot, error] {
	return stream(ctx, s, brand, sql.AllLots, func(r row) (*ledger.Lot, error) { return lotOf(r), nil })
}

// Holds streams open holds by order and family.
func (s *Store) Holds(ctx context.Context, brand string) iter.Seq2[*ledger.Hold, error] {
	return stream(ctx, s, brand, sql.AllHolds, parsed(store.ParseHold))
}

// Vouchers streams vouchers by id.
func (s *Store) Vouchers(ctx context.Context, brand string) iter.Seq2[*ledger.Voucher, error] {
	return stream(ctx, s, brand, sql.AllVouchers, parsed(store.ParseVoucher))
}

// Members streams members by id.
func (s *Store) Members(ctx context.Context, brand string) iter.Seq2[*ledger.Member, error] {
	return stream(ctx, s, brand, sql.AllMembers, parsed(store.ParseMember))
}

// WdkOrders streams WDK orders by main number.
func (s *Store) WdkOrders(ctx context.Context, brand string) iter.Seq2[*reverse.Order, error] {
	return stream(ctx, s, brand, sql.AllWdkOrders, parsed(store.DecodeOrder))
}

// Reverses streams reverses by id.
func (s *Store) Reverses(ctx context.Context, brand string) iter.Seq2[*reverse.Reverse, error] {
	return stream(ctx, s, brand, sql.AllReverses, parsed(store.DecodeReverse))
}

// Refusals streams remembered refusals by request.
func (s *Store) Refusals(ctx context.Context, brand string) iter.Seq2[*ledger.Refusal, error] {
	return stream(ctx, s, brand, sql.AllRefusals, refusalOf)
}

// Tombs streams tombstones by order, app, family and direction.
func (s *Store) Tombs(ctx context.Context, brand string) iter.Seq2[*ledger.Tombstone, error] {
	return stream(ctx, s, brand, sql.AllTombs, func(r row) (*ledger.Tombstone, error) { return tombOf(r), nil })
}

// Quotes streams quotes by token.
func (s *Store) Quotes(ctx context.Context, brand string) iter.Seq2[*reverse.Quote, error] {
	return stream(ctx, s, brand, sql.AllQuotes, parsed(store.Decode[reverse.Quote]))
}

// Rules streams every published version of a brand's rules.
func (s *Store) Rules(ctx context.Context, brand string) iter.Seq2[*ledger.Brand, error] {
	return stream(ctx, s, brand, sql.AllRules, parsed(store.Decode[ledger.Brand]))
}

// Issued is how many numbers the brand has issued.
func (s *Store) Issued(ctx context.Context, brand string) (int64, error) {
	for n, err := range stream(ctx, s, brand, sql.Issued, func(r row) (int64, error) { return r.int(0), nil }) {
		return n, err
	}
	return 0, store.ErrNoBrand
}

// Integrity has nothing to run: the server keeps checksums where its operator has switched them on.
func (s *Store) Integrity(context.Context) error { return nil }
