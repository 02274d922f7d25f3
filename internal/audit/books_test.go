package audit_test

import (
	"context"
	"iter"
	"math"
	"slices"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// books are a copy of all that a store tells of a brand, to be damaged. They are a store.Audit.
type books struct {
	ops      []*ledger.Op
	links    []store.Link
	head     store.Link
	accounts []*ledger.Account
	lots     []*ledger.Lot
	holds    []*ledger.Hold
	vouchers []*ledger.Voucher
	orders   []*reverse.Order
	reverses []*reverse.Reverse
	members  []*ledger.Member
	names    []store.Name
	subs     []store.SubRow
	rules    []*ledger.Brand
	issued   int64
	damage   []string // what the database's own check says
	broken   error    // what the stream of lots meets
}

func copyBooks(t testing.TB, s store.Audit) *books {
	t.Helper()
	ctx := context.Background()
	head, err := s.Head(ctx, brand)
	if err != nil {
		t.Fatal(err)
	}
	issued, err := s.Issued(ctx, brand)
	if err != nil {
		t.Fatal(err)
	}
	return &books{
		head: head, ops: collect(t, s.Ops(ctx, brand, 0)), links: collect(t, s.Links(ctx, brand)), accounts: collect(t, s.Accounts(ctx, brand)),
		lots: collect(t, s.Lots(ctx, brand)), holds: collect(t, s.Holds(ctx, brand)), vouchers: collect(t, s.Vouchers(ctx, brand)),
		orders: collect(t, s.WdkOrders(ctx, brand)), reverses: collect(t, s.Reverses(ctx, brand)), members: collect(t, s.Members(ctx, brand)),
		names: collect(t, s.Names(ctx, brand)), subs: collect(t, s.SubRows(ctx, brand)), rules: collect(t, s.Rules(ctx, brand)), issued: issued,
	}
}

func collect[T any](t testing.TB, seq iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// relink makes the chain anew over damaged operations, as somebody would who knows how: what the chain cannot tell any more must be
// told by the rest.
func (b *books) relink() {
	b.links = b.links[:0]
	b.head = store.Link{At: b.head.At}
	for i, o := range b.ops {
		o.Seq = int64(i + 1)
		b.head.Last, b.head.At = o.Seq, max(b.head.At, o.At)
		b.head.Hash = store.ChainHash(b.head.Hash, store.AppendOp(nil, o))
		b.links = append(b.links, b.head)
	}
}

// rebalance makes lots, accounts and what operations say of them anew from damaged operations, for damage that balances do not show.
func (b *books) rebalance() {
	for _, l := range b.lots {
		l.Balance = 0
	}
	for _, a := range b.accounts {
		a.Balance, a.Used = [ledger.Kinds]ledger.Amount{}, [ledger.Kinds]ledger.Amount{}
	}
	for _, o := range b.ops {
		for _, p := range o.Postings {
			if p.Lot.IsZero() {
				continue
			}
			a := b.account(p.Lot.Account)
			b.lot(p.Lot.Account, p.Lot.N).Balance += p.Amount
			a.Balance[p.Kind] += p.Amount
			if o.Kind == ledger.OpSpend || o.Kind == ledger.OpRefund {
				a.Used[p.Kind] -= p.Amount
			}
		}
		for i := range o.After {
			o.After[i].Sums = b.account(o.After[i].Account).Balance
		}
	}
	b.relink()
}

// op is the first operation of a kind in the history of an order.
func (b *books) op(kind ledger.OpKind, order string) *ledger.Op {
	for _, o := range b.ops {
		if o.Kind == kind && o.Order == order {
			return o
		}
	}
	panic("no such operation")
}

func (b *books) lot(account string, n int64) *ledger.Lot {
	return b.lots[slices.IndexFunc(b.lots, func(l *ledger.Lot) bool { return l.Account == account && l.N == n })]
}

func (b *books) account(id string) *ledger.Account {
	return b.accounts[slices.IndexFunc(b.accounts, func(a *ledger.Account) bool { return a.ID == id })]
}

// paid is the first channel of a tender code that gave something back.
func (b *books) paid(code string) *reverse.Channel {
	for _, r := range b.reverses {
		for i := range r.Channels {
			if c := &r.Channels[i]; c.Code == code && c.Status == reverse.Paid && !c.Flow.IsZero() {
				return c
			}
		}
	}
	panic("no such channel")
}

func stream[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (b *books) Ops(_ context.Context, _ string, after int64) iter.Seq2[*ledger.Op, error] {
	return stream(b.ops[after:])
}

func (b *books) Links(context.Context, string) iter.Seq2[store.Link, error] { return stream(b.links) }
func (b *books) Head(context.Context, string) (store.Link, error)           { return b.head, nil }
func (b *books) Accounts(context.Context, string) iter.Seq2[*ledger.Account, error] {
	return stream(b.accounts)
}

func (b *books) Lots(context.Context, string) iter.Seq2[*ledger.Lot, error] {
	return func(yield func(*ledger.Lot, error) bool) {
		for v, err := range stream(b.lots) {
			if !yield(v, err) {
				return
			}
		}
		if b.broken != nil {
			yield(nil, b.broken)
		}
	}
}

func (b *books) Holds(context.Context, string) iter.Seq2[*ledger.Hold, error] {
	return stream(b.holds)
}

func (b *books) Vouchers(context.Context, string) iter.Seq2[*ledger.Voucher, error] {
	return stream(b.vouchers)
}

func (b *books) Members(context.Context, string) iter.Seq2[*ledger.Member, error] {
	return stream(b.members)
}

func (b *books) WdkOrders(context.Context, string) iter.Seq2[*reverse.Order, error] {
	return stream(b.orders)
}

func (b *books) Reverses(context.Context, string) iter.Seq2[*reverse.Reverse, error] {
	return stream(b.reverses)
}

func (b *books) People(context.Context, string) iter.Seq2[*store.Person, error] {
	due := map[string]int64{}
	for _, h := range b.holds {
		due[h.Member] = h.Deadline
	}
	var people []*store.Person
	for _, m := range b.members {
		p := &store.Person{Member: m, Due: math.MaxInt64}
		if at, ok := due[m.ID]; ok {
			p.Due = at
		}
		for _, a := range b.accounts {
			if a.Member == m.ID {
				p.Accounts = append(p.Accounts, a)
			}
		}
		people = append(people, p)
	}
	return stream(people)
}

func (b *books) Names(context.Context, string) iter.Seq2[store.Name, error] { return stream(b.names) }

func (b *books) SubRows(context.Context, string) iter.Seq2[store.SubRow, error] {
	return stream(b.subs)
}

func (b *books) Rules(context.Context, string) iter.Seq2[*ledger.Brand, error] {
	return stream(b.rules)
}

func (b *books) Quotes(context.Context, string) iter.Seq2[*reverse.Quote, error] {
	return stream[*reverse.Quote](nil)
}

func (b *books) Refusals(context.Context, string) iter.Seq2[*ledger.Refusal, error] {
	return stream[*ledger.Refusal](nil)
}

func (b *books) Tombs(context.Context, string) iter.Seq2[*ledger.Tombstone, error] {
	return stream[*ledger.Tombstone](nil)
}

func (b *books) Journal(context.Context, int64) iter.Seq2[*store.Entry, error] {
	return stream[*store.Entry](nil)
}

func (b *books) Sealed(context.Context, string) iter.Seq2[*store.Sealed, error] {
	return stream[*store.Sealed](nil)
}

func (b *books) HeadSeal(context.Context, string) (store.Link, []byte, error) {
	return store.Link{}, nil, nil
}

func (b *books) JournalSeal(context.Context) (n int64, hash [32]byte, good bool, err error) {
	return 0, hash, false, nil
}
func (b *books) Sealing() bool                                 { return false }
func (b *books) Things(context.Context) ([]store.Thing, error) { return nil, nil }

func (b *books) Issued(context.Context, string) (int64, error) { return b.issued, nil }
func (b *books) Brands(context.Context) ([]string, error)      { return []string{brand}, nil }
func (b *books) Integrity(context.Context) ([]string, error)   { return b.damage, nil }
