package sqlite_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"syscall"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

const benchMembers = 20_000

// fill creates members with a card and a purse each, a mobile number and a first lot.
func fill(b *testing.B, s store.Store) {
	ctx := context.Background()
	check(b, s.PutBrand(ctx, &ledger.Brand{ID: "b"}, store.Author{}))
	for from := 0; from < benchMembers; from += 1000 {
		t, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
		check(b, err)
		st := t.State()
		for i := from; i < from+1000; i++ {
			m := &ledger.Member{ID: memberID(i), Name: "张三", Mobile: mobile(i), Created: 1, Changed: 1}
			st.PutMember(m)
			st.Changes.Members.Add(m)
			id := ledger.Ident{Type: ledger.ByMobile, Text: mobile(i)}
			st.Idents[id] = m.ID
			st.Changes.Idents.Add(id)
			for j, a := range []*ledger.Account{
				{ID: m.ID + "-1", Card: strconv.Itoa(7_000_000_000 + i), Member: m.ID, Lots: 1, Created: 1, Changed: 1},
				{ID: m.ID + "-p", Member: m.ID, Type: ledger.PointPurse, Created: 1, Changed: 1},
			} {
				st.PutAccount(a)
				st.Changes.Accounts.Add(a)
				if j == 0 {
					st.Changes.Lots.Add(&ledger.Lot{LotID: ledger.LotID{Account: a.ID, N: 1}, Member: m.ID, Granted: 100, Balance: 100})
				}
			}
		}
		st.Changes.Ops = append(st.Changes.Ops, &ledger.Op{ID: ledger.ID{0: 1, 15: byte(from / 1000)}, Kind: ledger.OpImport})
		check(b, t.Save(ctx))
		check(b, t.Commit(ctx))
	}
}

func memberID(i int) string { return strconv.Itoa(4_294_967_297 + i) }
func mobile(i int) string   { return strconv.Itoa(13_800_000_000 + i*7919%10_000_000) }

// cpu is the processor time this process has used, in nanoseconds.
func cpu() int64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return r.Utime.Nano() + r.Stime.Nano()
}

// BenchmarkBatch books batches of charges, as the engine does, but for deciding: look-ups by request, order number and mobile,
// members with their accounts; an operation, a lot and an account each.
func BenchmarkBatch(b *testing.B) {
	for _, size := range []int{1, 32, 128} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			s := open(b, b.TempDir())
			fill(b, s)
			start, calls := cpu(), 0
			for b.Loop() {
				charges(b, s, calls, size)
				calls += size
			}
			b.ReportMetric(float64(cpu()-start)/1e3/float64(calls), "cpu-µs/call")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(calls), "µs/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkHistory books 1,500,000 charges in batches and tells the processor time of one among the first 100,000, and of the last. Run it
// with -benchtime 1x.
func BenchmarkHistory(b *testing.B) {
	const parts, batches, size = 15, 1000, 100
	for b.Loop() {
		s := open(b, b.TempDir())
		fill(b, s)
		for part := range parts {
			start := cpu()
			for i := range batches {
				charges(b, s, (part*batches+i)*size, size)
			}
			took := float64(cpu()-start) / 1e3 / batches / size
			switch part {
			case 0:
				b.ReportMetric(took, "first-µs/charge")
			case parts - 1:
				b.ReportMetric(took, "last-µs/charge")
			}
		}
	}
}

func charges(b *testing.B, s store.Store, from, size int) {
	ctx := context.Background()
	keys := reverse.NewKeys()
	type call struct {
		request ledger.Digest
		order   string
		who     ledger.Ident
	}
	calls := make([]call, size)
	for i := range calls {
		n := from + i
		sum := sha256.Sum256(fmt.Appendf(nil, "request %d", n))
		member := int(binary.BigEndian.Uint32(sum[16:])) % benchMembers
		calls[i] = call{
			ledger.Digest(sum[:16]), fmt.Sprintf("S%03d-%08d", n%300, n),
			ledger.Ident{Type: ledger.ByMobile, Text: mobile(member)},
		}
		keys.Requests[calls[i].request] = struct{}{}
		keys.Orders[calls[i].order] = struct{}{}
		keys.Idents[calls[i].who] = struct{}{}
	}
	t, err := s.Begin(ctx, "b", keys, nil, 1_800_000_000_000)
	check(b, err)
	st := t.State()
	for i := range calls {
		c := &calls[i]
		if st.Requests[c.request] != nil || len(st.Orders[c.order]) != 0 {
			b.Fatal("booked before")
		}
		a := st.Accounts[st.Purses[st.Idents[c.who]][0]]
		a.Lots++
		a.Balance[ledger.Real] += 5000
		a.Granted[ledger.Real] += 5000
		o := &ledger.Op{
			Kind: ledger.OpCharge, At: t.At(), Policy: 1, App: "12345678", Method: "alibaba.alsc.crm.open.recharge.operate",
			Member: a.Member, Shop: "shop-1", Order: c.order, Ordinal: 1, Request: c.request, Content: c.request, Operator: "clerk 7",
			Idents: []ledger.Digest{c.request},
		}
		binary.BigEndian.PutUint64(o.ID[:], uint64(from+1)) // ids sort by time
		binary.BigEndian.PutUint32(o.ID[12:], uint32(i))
		l := &ledger.Lot{LotID: ledger.LotID{Account: a.ID, N: a.Lots}, Member: a.Member, Origin: o.ID, Granted: 5000, Balance: 5000}
		o.Postings = []ledger.Posting{{Lot: l.LotID, Amount: 5000, Expires: -1}, {Book: "tender:shop-1", Amount: -5000}}
		o.After = []ledger.Balances{{Account: a.ID, Sums: a.Balance}}
		o.Result = ledger.Result{Flow: o.ID, ValueOK: true}
		st.Changes.Ops = append(st.Changes.Ops, o)
		st.Changes.Lots.Add(l)
		st.Changes.Accounts.Add(a)
	}
	check(b, t.Save(ctx))
	check(b, t.Commit(ctx))
}
