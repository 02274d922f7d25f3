package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/seal"
)

// Books are the streams of Audit and Memory over one query each, by its name in the store's .sql files.
type Books struct {
	// Stream runs a query of a brand on one snapshot and reads its rows as they come. An error of read ends it and is returned.
	Stream func(ctx context.Context, brand, query string, read func(Row) error, args ...any) error
	Keys   seal.Keys // to read peppers
}

// errStop ends a stream whose reader has had enough.
var errStop = errors.New("stop")

// stream reads the rows of a query, one thing each. A row that cannot be read is told, and the next follows.
func stream[T any](ctx context.Context, b Books, brand, query string, read func(Row) (T, error), args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := b.Stream(ctx, brand, query, func(r Row) error {
			v, err := read(r)
			if _, bad := errors.AsType[*RowError](err); err != nil && !bad {
				return err
			}
			if !yield(v, err) {
				return errStop
			}
			return nil
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

// Ops streams operations by sequence number, with their columns.
func (b Books) Ops(ctx context.Context, brand string, after int64) iter.Seq2[*ledger.Op, error] {
	return stream(ctx, b, brand, "Ops", rowOf("op", intKey(0), opRow), after)
}

func intKey(i int) func(Row) string {
	return func(r Row) string { return strconv.FormatInt(r.Int(i), 10) }
}

func textKey(i int) func(Row) string {
	return func(r Row) string { return r.Text(i) }
}

// opRow reads a row of seq, body, at, kind, ordinal, request, refund, member, shop, order_no, whether brand and place agree, moves.
func opRow(r Row) (*ledger.Op, error) {
	o, err := opOf(r)
	if err != nil {
		return nil, err
	}
	return o, agree(r,
		copied{2, "at", o.At}, copied{3, "kind", int64(o.Kind)}, copied{4, "ordinal", int64(o.Ordinal)}, copied{5, "request", bytesOf(o.Request)},
		copied{6, "refund", bytesOf(o.Refund)}, copied{7, "member", o.Member}, copied{8, "shop", o.Shop}, copied{9, "order_no", o.Order},
		copied{10, "brand", true}, copied{11, "moves", int64(o.Moves())})
}

// bytesOf is how a digest is stored: none leaves nothing.
func bytesOf(d ledger.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

// Links streams the chain.
func (b Books) Links(ctx context.Context, brand string) iter.Seq2[Link, error] {
	return stream(ctx, b, brand, "Links", linkOf)
}

// Head is the newest link, with the last stamp.
func (b Books) Head(ctx context.Context, brand string) (Link, error) {
	return one(ctx, b, brand, "HeadLink", linkOf)
}

// People streams members by id, each with the accounts of its wallet.
func (b Books) People(ctx context.Context, brand string) iter.Seq2[*Person, error] {
	return stream(ctx, b, brand, "People", rowOf("member", textKey(0), func(r Row) (*Person, error) {
		m, err := ParseMember(r.Text(0), r.Bytes(1))
		if err != nil {
			return nil, err
		}
		w, err := ParseWallet(m.ID, r.Bytes(2))
		if err != nil {
			return nil, err
		}
		return &Person{Member: m, Accounts: w.Accounts, Due: r.Int(3)}, nil
	}))
}

// Names streams what members are named by.
func (b Books) Names(ctx context.Context, brand string) iter.Seq2[Name, error] {
	return stream(ctx, b, brand, "Names", func(r Row) (Name, error) {
		return Name{ledger.Ident{Type: ledger.IdentType(r.Int(0)), Outer: r.Text(1), Text: r.Text(2)}, r.Text(3)}, nil
	})
}

// SubRows streams numbers of sub-orders.
func (b Books) SubRows(ctx context.Context, brand string) iter.Seq2[SubRow, error] {
	return stream(ctx, b, brand, "SubRows", func(r Row) (SubRow, error) { return SubRow{r.Int(0), r.Int(1), r.Text(2)}, nil })
}

// Accounts streams accounts by id.
func (b Books) Accounts(ctx context.Context, brand string) iter.Seq2[*ledger.Account, error] {
	return stream(ctx, b, brand, "Wallets", rowOf("member", textKey(2), func(r Row) (*ledger.Account, error) {
		_, a, err := WalletOf(r.Text(2), r.Bytes(1), r.Text(0))
		return a, err
	}))
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
		for lots, err := range stream(ctx, b, brand, "Lots", rowOf("lot", func(r Row) string { return fmt.Sprintf("%s#%d of member %s", r.Text(0), r.Int(1), r.Text(3)) }, some)) {
			if err != nil && !yield(nil, err) {
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
	return bodies(ctx, b, brand, "Holds", "hold", textKey(1), ParseHold, func(h *ledger.Hold) []copied {
		return []copied{{1, "order_no", h.Order}, {2, "family", int64(h.Family)}, {3, "member", h.Member}, {4, "deadline", h.Deadline}}
	})
}

// Vouchers streams vouchers by id.
func (b Books) Vouchers(ctx context.Context, brand string) iter.Seq2[*ledger.Voucher, error] {
	return bodies(ctx, b, brand, "Vouchers", "voucher", textKey(1), ParseVoucher, func(v *ledger.Voucher) []copied {
		return []copied{{1, "id", v.ID}, {2, "member", v.Member}}
	})
}

// Members streams members by id.
func (b Books) Members(ctx context.Context, brand string) iter.Seq2[*ledger.Member, error] {
	return stream(ctx, b, brand, "Members", func(r Row) (*ledger.Member, error) { return ParseMember(r.Text(1), r.Bytes(0)) })
}

// WdkOrders streams WDK orders by main number.
func (b Books) WdkOrders(ctx context.Context, brand string) iter.Seq2[*reverse.Order, error] {
	return bodies(ctx, b, brand, "WdkOrders", "wdk_order", intKey(1), DecodeOrder, func(o *reverse.Order) []copied {
		return []copied{{1, "main", o.Main}, {2, "out", o.Out}}
	})
}

// Reverses streams reverses by id.
func (b Books) Reverses(ctx context.Context, brand string) iter.Seq2[*reverse.Reverse, error] {
	return bodies(ctx, b, brand, "Reverses", "reverse", intKey(1), DecodeReverse, func(v *reverse.Reverse) []copied {
		return []copied{{1, "id", v.ID}, {2, "main", v.Main}, {3, "store", v.Store}, {4, "at", v.At()}, {5, "status", int64(v.Status)}}
	})
}

// bodies streams a table of documents.
func bodies[T any](ctx context.Context, b Books, brand, query, table string, key func(Row) string, parse func([]byte) (*T, error), copies func(*T) []copied) iter.Seq2[*T, error] {
	return stream(ctx, b, brand, query, bodyOf(table, key, parse, copies))
}

// bodyOf reads a row that is a document, then columns that hold again what it says.
func bodyOf[T any](table string, key func(Row) string, parse func([]byte) (*T, error), copies func(*T) []copied) func(Row) (*T, error) {
	return rowOf(table, key, func(r Row) (*T, error) {
		v, err := parse(r.Bytes(0))
		if err != nil {
			return nil, err
		}
		return v, agree(r, copies(v)...)
	})
}

// Refusals streams remembered refusals by request.
func (b Books) Refusals(ctx context.Context, brand string) iter.Seq2[*ledger.Refusal, error] {
	return stream(ctx, b, brand, "Refusals", rowOf("refusal", func(r Row) string { return hex.EncodeToString(r.Bytes(0)) }, RefusalOf))
}

// Tombs streams tombstones by order, app, family and direction.
func (b Books) Tombs(ctx context.Context, brand string) iter.Seq2[*ledger.Tombstone, error] {
	return stream(ctx, b, brand, "Tombs", TombOf)
}

// Quotes streams quotes by token.
func (b Books) Quotes(ctx context.Context, brand string) iter.Seq2[*reverse.Quote, error] {
	return stream(ctx, b, brand, "Quotes", quoteOf)
}

var quoteOf = bodyOf("quote", textKey(1), Decode[reverse.Quote], func(q *reverse.Quote) []copied {
	return []copied{{1, "token", q.Token}, {2, "store", q.Store}, {3, "until", FarEnd(q.Until)}, {4, "bound", q.Bound}}
})

// Rules streams every published version of a brand's rules.
func (b Books) Rules(ctx context.Context, brand string) iter.Seq2[*ledger.Brand, error] {
	return bodies(ctx, b, brand, "AllRules", "rules", intKey(1), func(text []byte) (*ledger.Brand, error) { return Reveal[ledger.Brand](b.Keys, text) }, func(r *ledger.Brand) []copied {
		return []copied{{1, "version", r.Version}, {2, "brand", r.Serial}}
	})
}

// Issued is how many numbers the brand has issued.
func (b Books) Issued(ctx context.Context, brand string) (int64, error) {
	return one(ctx, b, brand, "Issued", func(r Row) (int64, error) { return r.Int(0), nil })
}
