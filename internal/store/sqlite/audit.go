package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// errStop ends a stream whose reader has had enough.
var errStop = errors.New("stop")

// stream reads the rows of one query of a brand, one at a time, on one snapshot. pick chooses the query and sets its further
// parameters.
func stream[T any](ctx context.Context, s *Store, brand string, pick func(*reads) *stmt, row func(*stmt) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := s.read(func(r *reads) error {
			h, err := r.head(brand)
			if err != nil {
				return err
			}
			q := pick(r)
			q.int(1, h.serial)
			return q.each(ctx, func() error {
				v, err := row(q)
				if err == nil && !yield(v, nil) {
					err = errStop
				}
				return err
			})
		})
		if err != nil && !errors.Is(err, errStop) {
			var none T
			yield(none, err)
		}
	}
}

// parsed reads a row that is one document.
func parsed[T any](parse func([]byte) (*T, error)) func(*stmt) (*T, error) {
	return func(q *stmt) (*T, error) { return parse(q.columnBytes(0)) }
}

// Ops streams operations.
func (s *Store) Ops(ctx context.Context, brand string, after int64) iter.Seq2[*ledger.Op, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt {
		r.Ops.int(2, after)
		return r.Ops
	}, op)
}

// Links streams the chain.
func (s *Store) Links(ctx context.Context, brand string) iter.Seq2[store.Link, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Links }, func(q *stmt) (store.Link, error) {
		l := store.Link{Last: q.columnInt(0), At: q.columnInt(2)}
		copy(l.Hash[:], q.columnBytes(1))
		return l, nil
	})
}

// Head is the newest link, with the last stamp.
func (s *Store) Head(_ context.Context, brand string) (l store.Link, err error) {
	err = s.read(func(q *reads) error {
		h, err := q.head(brand)
		l = h.link
		return err
	})
	return l, err
}

// Accounts streams accounts by id.
func (s *Store) Accounts(ctx context.Context, brand string) iter.Seq2[*ledger.Account, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Wallets }, func(q *stmt) (*ledger.Account, error) {
		_, a, err := store.WalletOf(q.columnText(2), q.columnBytes(1), q.columnText(0))
		return a, err
	})
}

// Lots streams lots by account and number.
func (s *Store) Lots(ctx context.Context, brand string) iter.Seq2[*ledger.Lot, error] {
	return func(yield func(*ledger.Lot, error) bool) {
		err := s.read(func(r *reads) error { // one snapshot of rows and table
			h, err := r.head(brand)
			if err != nil {
				return err
			}
			recent := rows(ctx, r.Wallets, h.serial, func(q *stmt, yield func(*ledger.Lot) error) error {
				w, a, err := store.WalletOf(q.columnText(2), q.columnBytes(1), q.columnText(0))
				if err != nil {
					return err
				}
				lots, err := w.Lots(a.ID)
				for i := 0; i < len(lots) && err == nil; i++ {
					err = yield(lots[i])
				}
				return err
			})
			older := rows(ctx, r.Lots, h.serial, func(q *stmt, yield func(*ledger.Lot) error) error { return yield(lotOf(q)) })
			for l, err := range store.MergeLots(recent, older) {
				if err != nil {
					return err
				}
				if !yield(l, nil) {
					return errStop
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// rows streams what the rows of a brand's query hold, within the transaction that is open.
func rows(ctx context.Context, q *stmt, brand int64, read func(*stmt, func(*ledger.Lot) error) error) iter.Seq2[*ledger.Lot, error] {
	return func(yield func(*ledger.Lot, error) bool) {
		q.int(1, brand)
		err := q.each(ctx, func() error {
			return read(q, func(l *ledger.Lot) error {
				if !yield(l, nil) {
					return errStop
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// Holds streams open holds by order and family.
func (s *Store) Holds(ctx context.Context, brand string) iter.Seq2[*ledger.Hold, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Holds }, parsed(store.ParseHold))
}

// Vouchers streams vouchers by id.
func (s *Store) Vouchers(ctx context.Context, brand string) iter.Seq2[*ledger.Voucher, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Vouchers }, parsed(store.ParseVoucher))
}

// Members streams members by id.
func (s *Store) Members(ctx context.Context, brand string) iter.Seq2[*ledger.Member, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Members }, func(q *stmt) (*ledger.Member, error) {
		return store.ParseMember(q.columnText(1), q.columnBytes(0))
	})
}

// WdkOrders streams WDK orders by main number.
func (s *Store) WdkOrders(ctx context.Context, brand string) iter.Seq2[*reverse.Order, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.WdkOrders }, parsed(store.DecodeOrder))
}

// Reverses streams reverses by id.
func (s *Store) Reverses(ctx context.Context, brand string) iter.Seq2[*reverse.Reverse, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Reverses }, parsed(store.DecodeReverse))
}

// Refusals streams refusals by request.
func (s *Store) Refusals(ctx context.Context, brand string) iter.Seq2[*ledger.Refusal, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Refusals }, func(q *stmt) (v *ledger.Refusal, err error) {
		v = &ledger.Refusal{Until: q.columnInt(2)}
		copy(v.Request[:], q.columnBytes(0))
		copy(v.Content[:], q.columnBytes(1))
		v.Result, err = store.ParseResult(q.columnBytes(3))
		return v, err
	})
}

// Tombs streams tombstones by order, app, family and direction.
func (s *Store) Tombs(ctx context.Context, brand string) iter.Seq2[*ledger.Tombstone, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Tombs }, func(q *stmt) (*ledger.Tombstone, error) {
		return &ledger.Tombstone{
			TombKey: ledger.TombKey{
				Order: q.columnText(0), App: q.columnText(1), Family: ledger.Family(q.columnInt(2)), Charge: q.columnInt(3) != 0,
			},
			Signed: q.columnInt(4), Amount: ledger.Amount(q.columnInt(5)), Member: q.columnText(6), Until: q.columnInt(7),
		}, nil
	})
}

// Quotes streams quotes by token.
func (s *Store) Quotes(ctx context.Context, brand string) iter.Seq2[*reverse.Quote, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Quotes }, parsed(store.Decode[reverse.Quote]))
}

// Rules streams every version of a brand's rules.
func (s *Store) Rules(ctx context.Context, brand string) iter.Seq2[*ledger.Brand, error] {
	return stream(ctx, s, brand, func(r *reads) *stmt { return r.Published }, parsed(store.Decode[ledger.Brand]))
}

// Issued is the brand's counter.
func (s *Store) Issued(_ context.Context, brand string) (n int64, err error) {
	err = s.read(func(q *reads) error {
		h, err := q.head(brand)
		n = h.counter
		return err
	})
	return n, err
}

// Integrity has the engine read the whole file: pages, and indexes against tables. The index that the program keeps it compares itself.
func (s *Store) Integrity(ctx context.Context) error {
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	return s.read(func(r *reads) error {
		for _, b := range snap.Brands {
			if err := r.checkKeys(ctx, b.ID); err != nil {
				return err
			}
		}
		q := r.Integrity
		return q.each(ctx, func() error {
			if text := q.columnText(0); text != "ok" {
				return fmt.Errorf("sqlite: %s: %s", s.path, text)
			}
			return nil
		})
	})
}
