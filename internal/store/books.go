package store

import (
	"context"
	"errors"
	"iter"
	"math"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// Books are the streams of Audit and Memory over one query each, by its name in the store's .sql files.
type Books struct {
	// Stream runs a query of a brand on one snapshot and reads its rows as they come. An error of read ends it and is returned.
	Stream func(ctx context.Context, brand, query string, read func(Row) error, args ...any) error
}

// errStop ends a stream whose reader has had enough.
var errStop = errors.New("stop")

// stream reads the rows of a query, one thing each.
func stream[T any](ctx context.Context, b Books, brand, query string, read func(Row) (T, error), args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := b.Stream(ctx, brand, query, func(r Row) error {
			v, err := read(r)
			if err == nil && !yield(v, nil) {
				err = errStop
			}
			return err
		}, args...)
		if err != nil && !errors.Is(err, errStop) {
			var none T
			yield(none, err)
		}
	}
}

// one reads the row of a query that has one.
func one[T any](ctx context.Context, b Books, brand, query string, read func(Row) (T, error), args ...any) (v T, err error) {
	for v, err = range stream(ctx, b, brand, query, read, args...) {
		return v, err
	}
	return v, ErrNoBrand
}

// Ops streams operations by sequence number.
func (b Books) Ops(ctx context.Context, brand string, after int64) iter.Seq2[*ledger.Op, error] {
	return stream(ctx, b, brand, "OpsAfter", opOf, after, int64(math.MaxInt64))
}

// Links streams the chain.
func (b Books) Links(ctx context.Context, brand string) iter.Seq2[Link, error] {
	return stream(ctx, b, brand, "Links", linkOf)
}

// Head is the newest link, with the last stamp.
func (b Books) Head(ctx context.Context, brand string) (Link, error) {
	return one(ctx, b, brand, "HeadLink", linkOf)
}

// Accounts streams accounts by id.
func (b Books) Accounts(ctx context.Context, brand string) iter.Seq2[*ledger.Account, error] {
	return stream(ctx, b, brand, "Wallets", func(r Row) (*ledger.Account, error) {
		_, a, err := WalletOf(r.Text(2), r.Bytes(1), r.Text(0))
		return a, err
	})
}

// Lots streams lots by account and number: of each account the older ones out of their table, then the newest out of its wallet.
func (b Books) Lots(ctx context.Context, brand string) iter.Seq2[*ledger.Lot, error] {
	return func(yield func(*ledger.Lot, error) bool) {
		some := func(r Row) ([]*ledger.Lot, error) {
			if wallet := r.Bytes(9); wallet != nil {
				w, a, err := WalletOf(r.Text(3), wallet, r.Text(0))
				if err != nil {
					return nil, err
				}
				return w.Lots(a.ID)
			}
			return []*ledger.Lot{lotOf(r)}, nil
		}
		for lots, err := range stream(ctx, b, brand, "Lots", some) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, v := range lots {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// Holds streams open holds by order and family.
func (b Books) Holds(ctx context.Context, brand string) iter.Seq2[*ledger.Hold, error] {
	return stream(ctx, b, brand, "Holds", documentOf(ParseHold))
}

// Vouchers streams vouchers by id.
func (b Books) Vouchers(ctx context.Context, brand string) iter.Seq2[*ledger.Voucher, error] {
	return stream(ctx, b, brand, "Vouchers", documentOf(ParseVoucher))
}

// Members streams members by id.
func (b Books) Members(ctx context.Context, brand string) iter.Seq2[*ledger.Member, error] {
	return stream(ctx, b, brand, "Members", func(r Row) (*ledger.Member, error) { return ParseMember(r.Text(1), r.Bytes(0)) })
}

// WdkOrders streams WDK orders by main number.
func (b Books) WdkOrders(ctx context.Context, brand string) iter.Seq2[*reverse.Order, error] {
	return stream(ctx, b, brand, "WdkOrders", documentOf(DecodeOrder))
}

// Reverses streams reverses by id.
func (b Books) Reverses(ctx context.Context, brand string) iter.Seq2[*reverse.Reverse, error] {
	return stream(ctx, b, brand, "Reverses", documentOf(DecodeReverse))
}

// Refusals streams remembered refusals by request.
func (b Books) Refusals(ctx context.Context, brand string) iter.Seq2[*ledger.Refusal, error] {
	return stream(ctx, b, brand, "Refusals", RefusalOf)
}

// Tombs streams tombstones by order, app, family and direction.
func (b Books) Tombs(ctx context.Context, brand string) iter.Seq2[*ledger.Tombstone, error] {
	return stream(ctx, b, brand, "Tombs", TombOf)
}

// Quotes streams quotes by token.
func (b Books) Quotes(ctx context.Context, brand string) iter.Seq2[*reverse.Quote, error] {
	return stream(ctx, b, brand, "Quotes", documentOf(Decode[reverse.Quote]))
}

// Rules streams every published version of a brand's rules.
func (b Books) Rules(ctx context.Context, brand string) iter.Seq2[*ledger.Brand, error] {
	return stream(ctx, b, brand, "AllRules", documentOf(Decode[ledger.Brand]))
}

// Issued is how many numbers the brand has issued.
func (b Books) Issued(ctx context.Context, brand string) (int64, error) {
	return one(ctx, b, brand, "Issued", func(r Row) (int64, error) { return r.Int(0), nil })
}
