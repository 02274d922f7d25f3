package audit_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"recoup/internal/audit"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/sqlite"
	"recoup/internal/store/storetest"
)

// stores are those that an audit is tried on.
var stores = map[string]func(t testing.TB) store.Store{
	"memory": func(testing.TB) store.Store { return memstore.Open() },
	"sqlite": func(t testing.TB) store.Store {
		s, err := sqlite.Open(context.Background(), sqlite.Options{Path: filepath.Join(t.TempDir(), "books.db")})
		return storetest.Opened(t, s, err)
	},
}

// verify answers the first divergence.
func verify(t testing.TB, s store.Audit) (audit.Summary, *audit.Divergence) {
	t.Helper()
	sum, found, err := audit.Verify(context.Background(), s, brand, nil)
	if err != nil {
		t.Fatal(err)
	}
	if found == nil {
		return sum, nil
	}
	return sum, found[0]
}

func clean(t testing.TB, s store.Audit) audit.Summary {
	t.Helper()
	sum, d := verify(t, s)
	if d != nil {
		t.Fatal(d)
	}
	return sum
}

func TestClean(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := sample(t, open(t))
			sum := clean(t, w.store)
			head, err := w.store.Head(context.Background(), brand)
			w.check(err)
			if sum.Ops != head.Last || sum.Head != fmt.Sprintf("%x", head.Hash) || sum.Links == 0 {
				t.Errorf("%+v, head %+v", sum, head)
			}
			if sum.Accounts != 4 || sum.Lots != 5 || sum.Holds != 1 || sum.Vouchers != 1 || sum.Orders != 1 || sum.Reverses != 4 || sum.Uses != 9 {
				t.Errorf("%+v", sum)
			}
			if sum.Held != (audit.Amounts{ledger.Real: 700}) {
				t.Errorf("held %v", sum.Held)
			}
			if d, err := audit.Integrity(context.Background(), w.store); d != nil || err != nil {
				t.Errorf("integrity: %v, %v", d, err)
			}
		})
	}
}

func TestEmptyBrand(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), ledger.Policy{}, 1)
			if sum := clean(t, w.store); sum.Ops != 0 {
				t.Errorf("%+v", sum)
			}
			if _, _, err := audit.Verify(context.Background(), w.store, "nobody", nil); !errors.Is(err, store.ErrNoBrand) {
				t.Errorf("unknown brand: %v", err)
			}
		})
	}
}

// TestRandomHistories: whatever happens, the books agree.
func TestRandomHistories(t *testing.T) {
	const day = int64(24 * 60 * 60 * 1000)
	policies := []ledger.Policy{
		{},
		{Earn: ledger.EarnRule{Points: 1, Fen: 3}, GrantBack: ledger.ShortfallDebt, PointDays: 2},
		{Deduction: ledger.Proportional, Gift: ledger.GiftDeduct, ValueDays: 2, PointDays: 1, GraceDays: 1, VoucherGrace: 3},
		{Deduction: ledger.GiftFirst, Gift: ledger.GiftAbsorb, PointDays: 3, Earn: ledger.EarnRule{Points: 2, Fen: 1}, EarnBack: ledger.ShortfallAbsorb, Window: [ledger.Families]int64{ledger.Points: day}},
	}
	for name, open := range stores {
		seeds := uint64(12)
		if name != "memory" {
			seeds = 4 // the reference is the place to find bugs; each policy once is enough elsewhere
		}
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, open(t), policies[seed%uint64(len(policies))], seed)
				w.live(600)
				sum := clean(t, w.store)
				if sum.Ops < 200 || sum.Reverses == 0 {
					t.Errorf("too little happened: %+v", sum)
				}
				liable(t, w, sum)
			})
		}
	}
}

func TestCorruptions(t *testing.T) {
	w := sample(t, memstore.Open())
	original := copyBooks(t, w.store)
	if _, d := verify(t, original); d != nil {
		t.Fatal(d)
	}
	firstPosting := func(o *ledger.Op, find func(*ledger.Posting) bool) *ledger.Posting {
		return &o.Postings[slices.IndexFunc(o.Postings, func(p ledger.Posting) bool { return find(&p) })]
	}
	inLot := func(p *ledger.Posting) bool { return !p.Lot.IsZero() }
	counter := func(p *ledger.Posting) bool { return p.Book != "" }
	used := func(p *ledger.Posting) bool { return p.Voucher != "" }

	for _, tt := range []struct {
		name   string
		break_ func(*books)
		check  audit.Check
		what   string // the divergence tells it
	}{
		// What the chain tells.
		{"amount in an operation", func(b *books) { b.op(ledger.OpSpend, "O1").Postings[0].Amount-- }, audit.ChainCheck, "hash of operations"},
		{"reason of an operation", func(b *books) { b.op(ledger.OpSpend, "O1").Reason = "x" }, audit.ChainCheck, "hash of operations"},
		{"operation missing", func(b *books) { b.ops = slices.Delete(b.ops, 6, 7) }, audit.ChainCheck, "sequence number after 6: expected 7, found 8"},
		{"last operation missing", func(b *books) { b.ops = b.ops[:len(b.ops)-1] }, audit.ChainCheck, fmt.Sprintf("operation %d: expected an operation, found none", len(original.ops))},
		{"every operation missing", func(b *books) { b.ops = nil }, audit.ChainCheck, "operation 1: expected an operation, found none"},
		{"operations out of order", func(b *books) { b.ops[4], b.ops[5] = b.ops[5], b.ops[4] }, audit.ChainCheck, "sequence number after 4: expected 5, found 6"},
		{"operations swapped", func(b *books) {
			b.ops[4], b.ops[5] = b.ops[5], b.ops[4]
			b.ops[4].Seq, b.ops[5].Seq = 5, 6
		}, audit.ChainCheck, "hash of operations 5"},
		{"operation twice", func(b *books) { b.ops = slices.Insert(b.ops, 5, b.ops[4]) }, audit.ChainCheck, "sequence number after 5: expected 6, found 5"},
		{"link hash", func(b *books) { b.links[3].Hash[7] ^= 1 }, audit.ChainCheck, "hash of operations 4"},
		{"link missing", func(b *books) { b.links = slices.Delete(b.links, 3, 4) }, audit.ChainCheck, "hash of operations 4 to 5"},
		{"last link missing", func(b *books) { b.links = b.links[:len(b.links)-1] }, audit.ChainCheck, "expected a link, found none"},
		{"link too many", func(b *books) { b.links = append(b.links, store.Link{Last: b.head.Last + 5}) }, audit.ChainCheck, "end of the newest link"},
		{"link ends nowhere", func(b *books) { b.links[len(b.links)-1].Last += 2 }, audit.ChainCheck, "end of the link over operation"},
		{"links backwards", func(b *books) { b.links[3].Last = 1 }, audit.ChainCheck, "end of the link over operation 4: expected at least 4, found 1"},
		{"head hash", func(b *books) { b.head.Hash[0] ^= 1 }, audit.ChainCheck, "hash of the head"},
		{"head behind", func(b *books) { b.head = b.links[len(b.links)-2] }, audit.ChainCheck, "end of the operations"},
		{"head ahead", func(b *books) { b.head.Last++ }, audit.ChainCheck, "expected an operation, found none"},
		{"stamp of an operation", func(b *books) { b.ops[9].At-- }, audit.ChainCheck, "hash of operations 10"},
		{"stamp of a link", func(b *books) { b.links[9].At = b.links[8].At - 1; b.ops[9].At = b.links[9].At }, audit.ChainCheck, "stamp of the link over operation"},
		{"stamp after its link", func(b *books) { b.ops[9].At += 1_000_000 }, audit.ChainCheck, "stamp of operation 10"},
		{"stamp of the head", func(b *books) { b.head.At = 0 }, audit.ChainCheck, "stamp of the head"},

		// What each operation tells by itself, though the chain was made anew.
		{"unbalanced operation", func(b *books) { firstPosting(b.op(ledger.OpCharge, "C1"), counter).Amount++; b.relink() }, audit.EntryCheck, "sum of fen of operation 3: expected 0, found 1"},
		{"unbalanced points", func(b *books) { firstPosting(b.op(ledger.OpGrant, "G1"), inLot).Amount++; b.relink() }, audit.EntryCheck, "sum of points of operation 6"},
		{"unbalanced uses", func(b *books) { firstPosting(b.op(ledger.OpIssue, ""), used).Amount++; b.relink() }, audit.EntryCheck, "sum of uses of operation 7"},
		{"overflow", func(b *books) {
			o := b.op(ledger.OpCharge, "C3")
			o.Postings[0].Amount = 1<<63 - 1
			o.Postings = append(o.Postings, o.Postings[0])
			b.relink()
		}, audit.EntryCheck, "overflow"},
		{"unknown kind", func(b *books) { firstPosting(b.op(ledger.OpGrant, "G1"), counter).Kind = 9; b.relink() }, audit.EntryCheck, "kind in line 2 of operation 6"},
		{"points in a voucher", func(b *books) { firstPosting(b.op(ledger.OpIssue, ""), used).Kind = ledger.Point; b.relink() }, audit.EntryCheck, "kind in line 1"},
		{"line of lot and counter", func(b *books) { b.op(ledger.OpCharge, "C1").Postings[0].Book = "loss"; b.relink() }, audit.EntryCheck, "place of line 1 of operation 3"},
		{"deadline of a counter", func(b *books) { firstPosting(b.op(ledger.OpCharge, "C1"), counter).Expires = 7; b.relink() }, audit.EntryCheck, "counter account in line"},
		{"pins for nobody", func(b *books) {
			o := b.op(ledger.OpFreeze, "F1")
			o.Order, o.Ordinal = "", 0
			b.relink()
		}, audit.HoldCheck, "order of the pins of operation"},

		// Lots and accounts.
		{"amounts changed together", func(b *books) {
			o := b.op(ledger.OpCharge, "C3")
			o.Postings[0].Amount++
			firstPosting(o, counter).Amount--
			b.relink()
		}, audit.LotCheck, "grant of lot m2-1#1: expected 3001, found 3000"},
		{"lot balance", func(b *books) { b.lot("m2-1", 1).Balance-- }, audit.LotCheck, "balance of lot m2-1#1"},
		{"lot held", func(b *books) { b.lot("m1-1", 1).Held++ }, audit.LotCheck, "held amount of lot m1-1#1"},
		{"lot granted", func(b *books) { b.lot("m1-p", 1).Granted++ }, audit.LotCheck, "grant of lot m1-p#1"},
		{"lot kind", func(b *books) { b.lot("m1-1", 2).Kind = ledger.Real }, audit.LotCheck, "kind of lot m1-1#2: expected gift, found real"},
		{"lot expiry", func(b *books) { b.lot("m1-1", 2).Expires = 7 }, audit.LotCheck, "expiry of lot m1-1#2: expected 0, found 7"},
		{"lot origin", func(b *books) { b.lot("m1-1", 2).Origin[0] ^= 1 }, audit.LotCheck, "origin of lot m1-1#2"},
		{"lot member", func(b *books) { b.lot("m1-1", 2).Member = "m2" }, audit.LotCheck, "member of lot m1-1#2: expected m1, found m2"},
		{"lot missing", func(b *books) { b.lots = b.lots[1:] }, audit.LotCheck, "row of lot m1-1#1"},
		{"lot twice", func(b *books) { b.lots = append(b.lots, b.lots[0]) }, audit.LotCheck, "number of rows of lot m1-1#1"},
		{"lot from nowhere", func(b *books) {
			l := *b.lots[0]
			l.N = 9
			b.lots = append(b.lots, &l)
		}, audit.LotCheck, "origin of lot m1-1#9"},
		{"lot spent below zero", func(b *books) {
			o := b.op(ledger.OpSpend, "P1")
			p, q := firstPosting(o, inLot), firstPosting(o, counter)
			p.Amount, q.Amount = p.Amount-3000, q.Amount+3000
			b.relink()
		}, audit.LotCheck, "running balance of lot m2-1#1"},
		{"lot not granted", func(b *books) { firstPosting(b.op(ledger.OpCharge, "C3"), inLot).Expires = 0; b.relink() }, audit.LotCheck, "first line of lot m2-1#1: expected a grant"},
		{"lot number", func(b *books) {
			b.lot("m2-1", 1).N++
			for _, o := range b.ops {
				for i := range o.Postings {
					if p := &o.Postings[i]; p.Lot.Account == "m2-1" {
						p.Lot.N++
					}
				}
				for i := range o.Pins {
					if p := &o.Pins[i]; p.Lot.Account == "m2-1" {
						p.Lot.N++
					}
				}
			}
			b.relink()
		}, audit.LotCheck, "number of lot m2-1#2: expected 1, found 2"},
		{"kind of a line", func(b *books) {
			o := b.op(ledger.OpSpend, "P1")
			firstPosting(o, inLot).Kind = ledger.Gift
			b.relink()
		}, audit.LotCheck, "kind of a line of lot m2-1#1"},
		{"account balance", func(b *books) { b.account("m1-1").Balance[ledger.Gift]++ }, audit.AccountCheck, "gift balance of account m1-1"},
		{"account held", func(b *books) { b.account("m1-1").Held[ledger.Real]-- }, audit.AccountCheck, "real held amount of account m1-1: expected 700, found 699"},
		{"account granted", func(b *books) { b.account("m1-p").Granted[ledger.Point]-- }, audit.AccountCheck, "point total granted of account m1-p"},
		{"account used", func(b *books) { b.account("m1-1").Used[ledger.Real]++ }, audit.AccountCheck, "real total used of account m1-1"},
		{"account expired", func(b *books) { b.account("m2-p").Expired[ledger.Point]++ }, audit.AccountCheck, "point total expired of account m2-p: expected 0, found 1"},
		{"account lots", func(b *books) { b.account("m1-1").Lots++ }, audit.AccountCheck, "number of lots of account m1-1"},
		{"account member", func(b *books) { b.account("m1-1").Member = "m2" }, audit.AccountCheck, "member of account m1-1"},
		{"account missing", func(b *books) { b.accounts = b.accounts[1:] }, audit.AccountCheck, "row of account m1-1"},
		{"account twice", func(b *books) { b.accounts = append(b.accounts, b.accounts[0]) }, audit.AccountCheck, "number of rows of account m1-1"},
		{"balance after an operation", func(b *books) { b.op(ledger.OpSpend, "O1").After[0].Sums[ledger.Real]++; b.relink() }, audit.BalanceCheck, "real balance of account m1-1 after an operation"},
		{"stamp backwards", func(b *books) { b.op(ledger.OpSpend, "O1").At = b.ops[0].At - 1; b.relink() }, audit.BalanceCheck, "stamp of an operation on account m1-1"},
		{"balance after not told", func(b *books) { b.op(ledger.OpSpend, "O1").After = nil; b.relink() }, audit.BalanceCheck, "balance of account m1-1 after an operation"},

		// Histories and holds.
		{"place twice", func(b *books) { b.op(ledger.OpRefund, "O1").Ordinal = 1; b.relink() }, audit.HistoryCheck, "in the history of order O1: expected 2, found 1"},
		{"place left out", func(b *books) { b.op(ledger.OpRefund, "O2").Ordinal = 3; b.relink() }, audit.HistoryCheck, "in the history of order O2: expected 2, found 3"},
		{"place in no history", func(b *books) { b.op(ledger.OpMember, "").Ordinal = 3; b.relink() }, audit.HistoryCheck, "place in no history of operation 1"},
		{"hold missing", func(b *books) { b.holds = nil }, audit.HoldCheck, "sum of the open holds over lot m1-1#1: expected 700, found 0"},
		{"hold extra", func(b *books) {
			h := *b.holds[0]
			h.Order = "F9"
			b.holds = append(b.holds, &h)
		}, audit.HoldCheck, "sum of the open holds over lot m1-1#1"},
		{"hold of another order", func(b *books) { b.holds[0].Order = "F9" }, audit.HoldCheck, "hold of order F1 over lot m1-1#1: expected 700 held, found none"},
		{"hold without pins", func(b *books) {
			b.holds = append(b.holds, &ledger.Hold{HoldKey: ledger.HoldKey{Order: "F9"}, Op: ledger.ID{1}})
		}, audit.HoldCheck, "freeze of the hold of order F9"},
		{"hold family", func(b *books) { b.holds[0].Family = ledger.Points }, audit.HoldCheck, "family of the hold of order F1"},
		{"hold deadline", func(b *books) { b.holds[0].Deadline++ }, audit.HoldCheck, "deadline of the hold of order F1"},
		{"hold freeze", func(b *books) { b.holds[0].Op[3] ^= 1 }, audit.HoldCheck, "freeze of the hold of order F1"},
		{"hold member", func(b *books) { b.holds[0].Member = "m2" }, audit.HoldCheck, "member of the hold of order F1"},
		{"hold account", func(b *books) { b.holds[0].Account = "m2-1" }, audit.HoldCheck, "account of the hold of order F1"},
		{"unpinned by another order", func(b *books) {
			o := b.op(ledger.OpSpend, "F2")
			o.Order = "F8"
			o.Ordinal = 1
			b.relink()
		}, audit.HoldCheck, "hold of order F2 over lot m2-1#1"},

		// Reversals.
		{"reversed more than the original", func(b *books) {
			o := b.op(ledger.OpSpend, "O1")
			for i := range o.Postings {
				if o.Postings[i].Kind == ledger.Real {
					o.Postings[i].Amount /= 10
				}
			}
			b.rebalance()
		}, audit.ReversalCheck, "sum of reversals of operation 8 over lot m1-1#1: expected at most 680, found 800"},
		{"reversal of nothing", func(b *books) { firstPosting(b.op(ledger.OpRefund, "O1"), inLot).Of[2] ^= 1; b.relink() }, audit.ReversalCheck, "original of operation 9"},
		{"reversal of another order", func(b *books) {
			firstPosting(b.op(ledger.OpRefund, "O1"), inLot).Of = b.op(ledger.OpCharge, "C1").ID
			b.relink()
		}, audit.ReversalCheck, "order of operation 9, which reverses operation"},
		{"reversal of itself", func(b *books) {
			o := b.op(ledger.OpRefund, "O2")
			firstPosting(o, inLot).Of = o.ID
			b.relink()
		}, audit.ReversalCheck, "expected an earlier operation"},
		{"reversal of another lot", func(b *books) {
			o := b.op(ledger.OpSpend, "O1")
			o.Postings = slices.DeleteFunc(o.Postings, func(p ledger.Posting) bool { return p.Kind == ledger.Real })
			b.rebalance()
		}, audit.ReversalCheck, "what operation 8 moved of lot m1-1#1: expected something to reverse"},
		{"reversal the wrong way", func(b *books) {
			o := b.op(ledger.OpUncharge, "C2")
			for i := range o.Postings {
				o.Postings[i].Amount = -o.Postings[i].Amount
			}
			b.rebalance()
		}, audit.ReversalCheck, "expected the other direction than 5000, found 1000"},

		// Vouchers.
		{"voucher left", func(b *books) { b.vouchers[0].Left-- }, audit.VoucherCheck, "uses left of voucher v1: expected 9, found 8"},
		{"voucher uses", func(b *books) { b.vouchers[0].Uses++ }, audit.VoucherCheck, "uses of voucher v1"},
		{"voucher origin", func(b *books) { b.vouchers[0].Origin[0] ^= 1 }, audit.VoucherCheck, "origin of voucher v1"},
		{"voucher missing", func(b *books) { b.vouchers = nil }, audit.VoucherCheck, "row of voucher v1"},
		{"voucher twice", func(b *books) { b.vouchers = append(b.vouchers, b.vouchers[0]) }, audit.VoucherCheck, "number of rows of voucher v1"},
		{"voucher from nowhere", func(b *books) { b.vouchers = append(b.vouchers, &ledger.Voucher{ID: "v2"}) }, audit.VoucherCheck, "origin of voucher v2"},
		{"voucher overused", func(b *books) {
			o := b.op(ledger.OpSpend, "O1")
			firstPosting(o, used).Amount = -11
			firstPosting(o, func(p *ledger.Posting) bool { return p.Kind == ledger.Use && p.Book != "" }).Amount = 11
			b.relink()
		}, audit.VoucherCheck, "running uses of voucher v1: expected 0 to 10, found -1"},

		// Keys.
		{"request key twice", func(b *books) { b.ops[5].Request = b.ops[2].Request; b.relink() }, audit.KeyCheck, "operations with the request key"},
		{"refund key twice", func(b *books) { b.op(ledger.OpUncharge, "C2").Refund = b.op(ledger.OpRefund, "O1").Refund; b.relink() }, audit.KeyCheck, "operations with the refund key"},
		{"operation id twice", func(b *books) { b.ops[1].ID = b.ops[0].ID; b.relink() }, audit.KeyCheck, "operations with the id"},

		// WDK orders and reverses.
		{"shares of a row", func(b *books) { b.orders[0].Shares[0][0]-- }, audit.OrderCheck, "sum of the shares of sub-order"},
		{"shares of a column", func(b *books) { s := b.orders[0].Shares; s[0][0]--; s[0][1]++ }, audit.OrderCheck, "sum of the shares in tender 1"},
		{"share negative", func(b *books) { s := b.orders[0].Shares; s[0][1] += s[0][0] + 1; s[0][0] = -1 }, audit.OrderCheck, "share of sub-order"},
		{"shares of postage", func(b *books) { s := b.orders[0].Shares; s[2][0]++ }, audit.OrderCheck, "sum of the shares of postage"},
		{"row of shares missing", func(b *books) { b.orders[0].Shares = b.orders[0].Shares[1:] }, audit.OrderCheck, "number of rows of shares"},
		{"share missing", func(b *books) { b.orders[0].Shares[1] = nil }, audit.OrderCheck, "number of shares of sub-order"},
		{"fee", func(b *books) { b.orders[0].Subs[0].Fee++ }, audit.OrderCheck, "sum of the fees"},
		{"order missing", func(b *books) { b.orders = nil }, audit.ReverseCheck, "order of reverse"},
		{"order and reverses missing", func(b *books) { b.orders, b.reverses = nil, nil }, audit.OrderCheck, "expected an order, found none"},
		{"order from nowhere", func(b *books) { o := *b.orders[0]; o.Main++; b.orders = append(b.orders, &o) }, audit.OrderCheck, "expected an operation that took it, found none"},
		{"reverse missing", func(b *books) { b.reverses = b.reverses[:3] }, audit.ReverseCheck, "expected a reverse, found none"},
		{"reverse from nowhere", func(b *books) {
			b.reverses = append(b.reverses, &reverse.Reverse{ID: 77, Main: b.orders[0].Main, Sub: b.orders[0].Subs[0].No, Status: reverse.Apply})
		}, audit.ReverseCheck, "origin of reverse 77"},
		{"reverse of another sub-order", func(b *books) { b.reverses[0].Sub++; b.reverses[0].Sub += 1000 }, audit.ReverseCheck, "sub-order of reverse"},
		{"channel sum", func(b *books) { b.reverses[0].Amount++ }, audit.ReverseCheck, "sum of the channels of reverse"},
		{"postage", func(b *books) { b.reverses[3].Post-- }, audit.ReverseCheck, "postage in the channels of reverse"},
		{"channel over its cell", func(b *books) { b.reverses[0].Channels[0].Amount += 1000 }, audit.ReverseCheck, "what reverses up to channel 1 take of sub-order"},
		{"channel of another tender", func(b *books) { b.reverses[0].Channels[0].Tender = 1 }, audit.ReverseCheck, "code of channel 1"},
		{"channel of no tender", func(b *books) { b.reverses[0].Channels[0].Tender = 5 }, audit.ReverseCheck, "tender of channel 1"},
		{"channel waits", func(b *books) { b.reverses[0].Channels[0].Status = reverse.Waiting }, audit.ReverseCheck, "status of channel 1"},
		{"success too early", func(b *books) { b.reverses[0].Status = reverse.Success }, audit.ReverseCheck, "status of channel 1"},
		{"channel without its operation", func(b *books) { b.paid(reverse.StoredValue).Flow = ledger.ID{} }, audit.ReverseCheck, "ledger operation of channel"},
		{"channel names nothing", func(b *books) { b.paid(reverse.StoredValue).Flow[5] ^= 1 }, audit.ReverseCheck, "operation that channel"},
		{"channel names no refund", func(b *books) { b.paid(reverse.StoredValue).Flow = b.op(ledger.OpSpend, "P1").ID }, audit.ReverseCheck, "expected a refund"},
		{"channel names another refund", func(b *books) { b.paid(reverse.StoredValue).Flow = b.op(ledger.OpRefund, "O1").ID }, audit.ReverseCheck, "order of the operation that channel"},
		{"channel names another amount", func(b *books) {
			b.reverses = slices.Clone(b.reverses)
			c := b.paid(reverse.PointTender)
			c.Points++
		}, audit.OrderCheck, "points given back for"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := copyBooks(t, w.store)
			tt.break_(b)
			_, d := verify(t, b)
			if d == nil {
				t.Fatal("not found")
			}
			t.Log(d)
			if d.Check != tt.check || !strings.Contains(d.String(), tt.what) || d.Brand != brand {
				t.Errorf("want %s: … %s …", tt.check, tt.what)
			}
		})
	}
}

func TestIntegrity(t *testing.T) {
	found, err := audit.Integrity(context.Background(), &books{damage: []string{"page 7 is lost", "page 8 too"}})
	if err != nil || len(found) != 2 || found[0].Check != audit.IntegrityCheck || found[0].Found != "page 7 is lost" {
		t.Errorf("%v, %v", found, err)
	}
}

// writing is a store whose head moves whenever somebody looks.
type writing struct {
	*books
	moves int
}

func (w *writing) Head(context.Context, string) (store.Link, error) {
	if w.moves > 0 {
		w.moves--
		return w.links[w.moves%2], nil
	}
	return w.head, nil
}

// TestWriters: an audit waits for a quiet moment, and says so if there is none.
func TestWriters(t *testing.T) {
	b := copyBooks(t, sample(t, memstore.Open()).store)
	if _, d, err := audit.Verify(context.Background(), &writing{b, 4}, brand, nil); d != nil || err != nil {
		t.Errorf("%v, %v", d, err)
	}
	if _, _, err := audit.Verify(context.Background(), &writing{b, 100}, brand, nil); !errors.Is(err, audit.ErrBusy) {
		t.Errorf("%v, want ErrBusy", err)
	}
}

// TestProgress: stages come in order and count up to their totals.
func TestProgress(t *testing.T) {
	w := newWorld(t, memstore.Open(), ledger.Policy{}, 1)
	w.member("m1")
	for i := range 5000 {
		w.must(w.charge("s1", "m1", fmt.Sprint("c", i), 10, 0))
	}
	var stages []audit.Stage
	_, d, err := audit.Verify(context.Background(), w.store, brand, func(p audit.Progress) {
		if p.Total != 0 && p.Done > p.Total {
			t.Errorf("%+v", p)
		}
		if len(stages) == 0 || stages[len(stages)-1] != p.Stage {
			stages = append(stages, p.Stage)
		}
	})
	if d != nil || err != nil {
		t.Fatal(d, err)
	}
	if !slices.Equal(stages, []audit.Stage{audit.Rows, audit.Operations, audit.Groups}) {
		t.Errorf("stages %v", stages)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, _, err := audit.Verify(ctx, w.store, brand, func(audit.Progress) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// liable holds liabilities to the books: now to what every account has, and at a moment of the past to a plain sum of the lots.
func liable(t *testing.T, w *world, sum audit.Summary) {
	t.Helper()
	var ops []*ledger.Op
	for o, err := range w.store.Ops(t.Context(), brand, 0) {
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, o)
	}
	for _, at := range []int64{w.now.UnixMilli(), ops[len(ops)/2].At} {
		want, lots := audit.Amounts{}, map[ledger.LotID]ledger.Amount{}
		for _, o := range ops {
			for _, p := range o.Postings {
				if !p.Lot.IsZero() && o.At <= at {
					want[p.Kind] += p.Amount
					lots[p.Lot] += p.Amount
				}
			}
		}
		open := int64(0)
		for _, n := range lots {
			if n != 0 {
				open++
			}
		}
		list, err := audit.Liabilities(t.Context(), w.store.Ops(t.Context(), brand, 0), at)
		if err != nil {
			t.Fatal(err)
		}
		got, n := audit.Amounts{}, int64(0)
		for _, l := range audit.TotalBy(list, true, false) {
			got[l.Kind] += l.Amount
			n += l.Lots
		}
		if got != want || n != open {
			t.Errorf("at %d members have %v in %d lots, want %v in %d", at, got, n, want, open)
		}
		if at == w.now.UnixMilli() && got != sum.Balance {
			t.Errorf("liabilities are %v, the accounts hold %v", got, sum.Balance)
		}
	}
}
