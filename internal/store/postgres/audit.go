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
		ctx, cancel := context.WithCancel(ctx) // what is left unread when the reader stops need not be sent
		defer cancel()
		err := s.reads(ctx, brand, func(c *pgx.Conn, serial int64) error {
			rows, err := c.Query(ctx, query, append([]any{serial}, args...)...)
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
		})
		end(yield, err)
	}
}

// reads has a brand's books read over a connection of their own: as they were frozen, else as they are.
func (s *Store) reads(ctx context.Context, brand string, do func(c *pgx.Conn, serial int64) error) error {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return err
	}
	conn, err := s.reader.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // which drops a connection that is in a transaction
	defer rollback(conn.Conn())
	if s.frozen != "" {
		if err := attach(ctx, conn.Conn(), s.frozen); err != nil {
			return err
		}
	}
	return do(conn.Conn(), serial)
}

// end tells the reader of a stream what it ended with, if it was not the reader who ended it.
func end[T any](yield func(T, error) bool, err error) {
	if err != nil && !errors.Is(err, errStop) {
		var none T
		yield(none, told(err))
	}
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

// Freeze shows the books as of this moment, however long they are read and whoever writes meanwhile. On Citus it cannot: a snapshot is one
// machine's, and is not handed on to another. Its books go on, and an audit looks for a quiet moment.
func (s *Store) Freeze(ctx context.Context) (books store.Audit, release func(), err error) {
	if s.distributed {
		return s, func() {}, nil
	}
	conn, err := s.reader.Acquire(ctx)
	if err != nil {
		return nil, nil, told(err)
	}
	release = func() {
		rollback(conn.Conn())
		conn.Release()
	}
	f := &Store{opts: s.opts, pool: s.pool, reader: s.reader, serials: map[string]int64{}, rules: map[int64]*ledger.Brand{}}
	if _, err = conn.Exec(ctx, beginReading); err == nil {
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
	return stream(ctx, s, brand, sql.AllWallets, func(r row) (*ledger.Account, error) {
		_, a, err := store.WalletOf(r.text(2), r.bytes(1), r.text(0))
		return a, err
	})
}

// Lots streams lots by account and number: the newest out of wallets and the older ones out of their table, as of one moment. Two
// cursors take turns on one connection: were it two, streams that are read side by side could wait for each other's second.
func (s *Store) Lots(ctx context.Context, brand string) iter.Seq2[*ledger.Lot, error] {
	return func(yield func(*ledger.Lot, error) bool) {
		err := s.reads(ctx, brand, func(c *pgx.Conn, serial int64) error {
			if s.frozen == "" {
				if _, err := c.Exec(ctx, beginReading); err != nil {
					return err
				}
			}
			newest := cursor(ctx, c, "newest", sql.AllWallets, serial, func(r row) ([]*ledger.Lot, error) {
				w, a, err := store.WalletOf(r.text(2), r.bytes(1), r.text(0))
				if err != nil {
					return nil, err
				}
				return w.Lots(a.ID)
			})
			older := cursor(ctx, c, "older", sql.AllLots, serial, func(r row) ([]*ledger.Lot, error) { return []*ledger.Lot{lotOf(r)}, nil })
			for l, err := range store.MergeLots(newest, older) {
				if err != nil {
					return err
				}
				if !yield(l, nil) {
					return errStop
				}
			}
			return nil
		})
		end(yield, err)
	}
}

// cursor reads what the rows of one query hold, some hundred rows at a time, so that the connection is free in between. There must be a
// transaction.
func cursor[T any](ctx context.Context, c *pgx.Conn, name, query string, serial int64, read func(row) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		_, err := c.Exec(ctx, "DECLARE "+name+" NO SCROLL CURSOR FOR "+query, serial)
		for n := 1; n > 0 && err == nil; {
			var rows pgx.Rows
			if rows, err = c.Query(ctx, "FETCH 500 FROM "+name); err != nil {
				break
			}
			var list []T
			n = 0
			err = each(rows, func(r row) error {
				n++
				some, err := read(r)
				list = append(list, some...)
				return err
			})
			for _, v := range list {
				if !yield(v, nil) {
					return
				}
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
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
	return stream(ctx, s, brand, sql.AllMembers, func(r row) (*ledger.Member, error) {
		return store.ParseMember(r.text(1), r.bytes(0))
	})
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
