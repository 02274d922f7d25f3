package bench

import (
	"context"
	"encoding/binary"
	"iter"
	"strconv"
	"sync"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// App is the caller of measurements.
var App = store.App{Key: "20002000", Name: "bench", Secrets: []string{"bench-secret"}, Methods: []string{"*"}, Brands: []string{Brand}}

// A World is a brand with a made-up history, as a store would tell it. Its members take turns, and each of them goes through the same
// round again and again: a charge, a spend, another spend, and that one given back. So everything follows from two numbers, and every
// stream is told from nothing, however long it is; only the links of the chain are kept, one for some hundred operations.
type World struct {
	size, length int64 // in members and operations
	chained      sync.Once
	chain        []store.Link
}

var _ store.Source = (*World)(nil)

// NewWorld is a world of so many members and operations; each member has at least one.
func NewWorld(members, operations int64) *World {
	return &World{size: members, length: max(members, operations)}
}

const (
	firstCharge ledger.Amount = 10000 // of each member, in fen
	laterCharge ledger.Amount = 1000  // of each round after the first
	spent       ledger.Amount = 100   // by each spend; it divides both charges, so that a spend takes from one lot

	roundSteps = 4 // of a member: charge, spend, spend, refund of the second spend

	batchOps   = 256               // operations of one link
	batchEvery = 1000              // milliseconds between two links
	worldStart = 1_735_689_600_000 // 2025-01-01, in milliseconds
	serial     = 1                 // of the brand, which is the first
)

// issued is the n-th number that the brand issued.
func issued(n int64) string { return strconv.FormatInt(serial<<32+n, 10) }

// MemberID is the customer_id of the i-th member. Like a cashier's, members come with two issued numbers each, the second for the card.
// All have the same length: their order as texts is their order as numbers.
func MemberID(i int64) string { return issued(2*i + 1) }

func cardOf(i int64) string  { return MemberID(i) + "-1" }
func purseOf(i int64) string { return MemberID(i) + "-p" }

func brandOf() *ledger.Brand {
	return &ledger.Brand{
		ID: Brand, Name: "bench", Serial: serial, Version: 1, Pepper: "bench", Shops: map[string]*ledger.Shop{Shop: {ID: Shop}},
	}
}

// Snapshot is the directory.
func (w *World) Snapshot(context.Context) (*store.Snapshot, error) {
	app := App
	return &store.Snapshot{Revision: 2, Brands: []*ledger.Brand{brandOf()}, Apps: []*store.App{&app}}, nil
}

// turn says whose operation it is, and which of that member's.
func (w *World) turn(op int64) (i, step int64) { return op % w.size, op / w.size }

// op is the number of a step of a member.
func (w *World) op(i, step int64) int64 { return step*w.size + i }

// steps is how many operations a member has.
func (w *World) steps(i int64) int64 { return (w.length - i + w.size - 1) / w.size }

// rounds is how many rounds so many steps of a member begin: each begins with a charge, which makes a lot.
func rounds(steps int64) int64 { return (steps + roundSteps - 1) / roundSteps }

func stampOf(op int64) int64 { return worldStart + op/batchOps*batchEvery }

func idOf(op int64) (id ledger.ID) {
	binary.BigEndian.PutUint64(id[:8], uint64(stampOf(op))<<16)
	binary.BigEndian.PutUint32(id[12:], uint32(op%batchOps))
	return id
}

// orderOf is the number of an order, which no call in a measurement uses.
func orderOf(op int64) string { return "prepare-" + strconv.FormatInt(op, 10) }

// digest makes a key that looks like those of requests: any two that follow each other are far apart (splitmix64).
func digest(kind byte, op int64) (d ledger.Digest) {
	x := uint64(op)<<9 | uint64(kind)<<1
	for i := range 2 {
		z := (x | uint64(i)) * 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		binary.BigEndian.PutUint64(d[8*i:], z^z>>31)
	}
	return d
}

// sums are what a member was charged and has spent after so many steps.
func sums(steps int64) (charged, used ledger.Amount) {
	charged = firstCharge + laterCharge*ledger.Amount(rounds(steps)-1)
	return charged, spent * ledger.Amount(steps/roundSteps+max(0, steps%roundSteps-1))
}

// share is the n-th lot of a card of which so many fen were spent, from the oldest lots first.
func share(n int64, used ledger.Amount) (granted, left ledger.Amount) {
	granted, before := firstCharge, ledger.Amount(0)
	if n > 1 {
		granted, before = laterCharge, firstCharge+laterCharge*ledger.Amount(n-2)
	}
	return granted, granted - min(max(used-before, 0), granted)
}

// lotAt is the lot that the fen after the first so many are spent from.
func lotAt(used ledger.Amount) int64 {
	if used < firstCharge {
		return 1
	}
	return 2 + int64((used-firstCharge)/laterCharge)
}

// operation tells one operation as the ledger would have booked it.
func (w *World) operation(op int64) *ledger.Op {
	i, step := w.turn(op)
	charged, used := sums(step + 1)
	card := cardOf(i)
	o := &ledger.Op{
		ID: idOf(op), Seq: op + 1, At: stampOf(op), Policy: 1, App: App.Key, Method: recharge, Member: MemberID(i), Shop: Shop,
		Order: orderOf(op), Ordinal: 1, Request: digest('r', op), Content: digest('c', op), Operator: "8",
		After:  []ledger.Balances{{Account: card, Sums: [ledger.Kinds]ledger.Amount{ledger.Real: charged - used}}},
		Result: ledger.Result{Flow: idOf(op), ValueOK: true},
	}
	book := func(lot int64, amount ledger.Amount, counter string) *ledger.Posting {
		o.Postings = []ledger.Posting{
			{Lot: ledger.LotID{Account: card, N: lot}, Kind: ledger.Real, Amount: amount}, {Book: counter, Kind: ledger.Real, Amount: -amount},
		}
		return &o.Postings[0]
	}
	switch round := step / roundSteps; step % roundSteps {
	case 0:
		o.Kind = ledger.OpCharge
		granted, _ := share(round+1, 0)
		book(round+1, granted, "tender:"+Shop).Expires = -1
	case 3:
		o.Kind, o.Method, o.Result.PointOK = ledger.OpRefund, refund, true
		original := w.op(i, step-1)
		o.Order, o.Ordinal, o.Number = orderOf(original), 2, orderOf(op)
		o.Refund, o.Original = digest('n', op), digest('o', op)
		book(lotAt(used), spent, "sales:"+Shop).Of = idOf(original)
	default:
		o.Kind, o.Result.PointOK = ledger.OpSpend, true
		book(lotAt(used-spent), -spent, "sales:"+Shop)
	}
	return o
}

// links are the chain, made when first asked for.
func (w *World) links() []store.Link {
	w.chained.Do(func() {
		var hash [32]byte
		var text []byte
		bodies := make([][]byte, 0, batchOps)
		for first := int64(0); first < w.length; first += batchOps {
			last := min(first+batchOps, w.length)
			text, bodies = text[:0], bodies[:0]
			for op := first; op < last; op++ {
				start := len(text)
				text = store.AppendOp(text, w.operation(op))
				bodies = append(bodies, text[start:len(text):len(text)])
			}
			hash = store.ChainHash(hash, bodies...)
			w.chain = append(w.chain, store.Link{Last: last, Hash: hash, At: stampOf(first)})
		}
	})
	return w.chain
}

// tell streams so many things.
func tell[T any](ctx context.Context, after, end int64, thing func(int64) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for n := after; n < end; n++ {
			if !yield(thing(n), ctx.Err()) {
				return
			}
		}
	}
}

// Ops streams the operations.
func (w *World) Ops(ctx context.Context, _ string, after int64) iter.Seq2[*ledger.Op, error] {
	return tell(ctx, after, w.length, w.operation)
}

// Links streams the chain.
func (w *World) Links(ctx context.Context, _ string) iter.Seq2[store.Link, error] {
	links := w.links()
	return tell(ctx, 0, int64(len(links)), func(n int64) store.Link { return links[n] })
}

// Head is the newest link.
func (w *World) Head(context.Context, string) (head store.Link, err error) {
	if links := w.links(); len(links) > 0 {
		head = links[len(links)-1]
	}
	return head, nil
}

// Members streams the members.
func (w *World) Members(ctx context.Context, _ string) iter.Seq2[*ledger.Member, error] {
	return tell(ctx, 0, w.size, w.memberAt)
}

func (w *World) memberAt(i int64) *ledger.Member {
	return &ledger.Member{ID: MemberID(i), Shop: Shop, Created: stampOf(i), Changed: stampOf(i)}
}

// Accounts streams two accounts for each member: the card comes before the purse.
func (w *World) Accounts(ctx context.Context, _ string) iter.Seq2[*ledger.Account, error] {
	return tell(ctx, 0, 2*w.size, func(n int64) *ledger.Account { return w.accounts(n / 2)[n%2] })
}

func (w *World) accounts(i int64) [2]*ledger.Account {
	steps := w.steps(i)
	charged, used := sums(steps)
	card := &ledger.Account{
		ID: cardOf(i), Card: issued(2*i + 2), Member: MemberID(i), Type: ledger.MemberCard, Lots: rounds(steps),
		Created: stampOf(i), Changed: stampOf(w.op(i, steps-1)),
	}
	card.Granted[ledger.Real], card.Used[ledger.Real], card.Balance[ledger.Real] = charged, used, charged-used
	return [2]*ledger.Account{
		card, {ID: purseOf(i), Member: MemberID(i), Type: ledger.PointPurse, Created: stampOf(i), Changed: stampOf(i)},
	}
}

// Lots streams a lot for each charge.
func (w *World) Lots(ctx context.Context, _ string) iter.Seq2[*ledger.Lot, error] {
	return func(yield func(*ledger.Lot, error) bool) {
		for i := range w.size {
			for l, err := range tell(ctx, 1, rounds(w.steps(i))+1, func(n int64) *ledger.Lot { return w.lot(i, n) }) {
				if !yield(l, err) {
					return
				}
			}
		}
	}
}

func (w *World) lot(i, n int64) *ledger.Lot {
	_, used := sums(w.steps(i))
	granted, left := share(n, used)
	return &ledger.Lot{
		LotID: ledger.LotID{Account: cardOf(i), N: n}, Kind: ledger.Real, Member: MemberID(i), Origin: idOf(w.op(i, roundSteps*(n-1))),
		Granted: granted, Balance: left,
	}
}

// Rules streams the one version there is.
func (w *World) Rules(ctx context.Context, _ string) iter.Seq2[*ledger.Brand, error] {
	return tell(ctx, 0, 1, func(int64) *ledger.Brand { return brandOf() })
}

// Issued is two numbers for each member.
func (w *World) Issued(context.Context, string) (int64, error) { return 2 * w.size, nil }

// Integrity has nothing to check.
func (w *World) Integrity(context.Context) error { return nil }

// The rest is empty.

func none[T any](func(T, error) bool) {}

// Holds streams nothing.
func (w *World) Holds(context.Context, string) iter.Seq2[*ledger.Hold, error] {
	return none[*ledger.Hold]
}

// Vouchers streams nothing.
func (w *World) Vouchers(context.Context, string) iter.Seq2[*ledger.Voucher, error] {
	return none[*ledger.Voucher]
}

// WdkOrders streams nothing.
func (w *World) WdkOrders(context.Context, string) iter.Seq2[*reverse.Order, error] {
	return none[*reverse.Order]
}

// Reverses streams nothing.
func (w *World) Reverses(context.Context, string) iter.Seq2[*reverse.Reverse, error] {
	return none[*reverse.Reverse]
}

// Refusals streams nothing.
func (w *World) Refusals(context.Context, string) iter.Seq2[*ledger.Refusal, error] {
	return none[*ledger.Refusal]
}

// Tombs streams nothing.
func (w *World) Tombs(context.Context, string) iter.Seq2[*ledger.Tombstone, error] {
	return none[*ledger.Tombstone]
}

// Quotes streams nothing.
func (w *World) Quotes(context.Context, string) iter.Seq2[*reverse.Quote, error] {
	return none[*reverse.Quote]
}
