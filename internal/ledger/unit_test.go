package ledger

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func FuzzMulDiv(f *testing.F) {
	f.Add(int64(7), int64(9), int64(2))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64), int64(1))
	f.Add(int64(1)<<62, int64(2), int64(1))
	f.Add(int64(BalanceMax), int64(AmountMax), int64(AmountMax))
	f.Fuzz(func(t *testing.T, a, b, c int64) {
		if a < 0 || b < 0 || c <= 0 {
			return
		}
		want := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
		want.Div(want, big.NewInt(c))
		if !want.IsInt64() {
			want.SetInt64(math.MaxInt64)
		}
		if got := MulDiv(Amount(a), Amount(b), Amount(c)); int64(got) != want.Int64() {
			t.Fatalf("MulDiv(%d, %d, %d) = %d, want %d", a, b, c, got, want)
		}
	})
}

func FuzzAdd(f *testing.F) {
	f.Add(int64(math.MaxInt64), int64(1))
	f.Add(int64(math.MinInt64), int64(-1))
	f.Add(int64(5), int64(0))
	f.Fuzz(func(t *testing.T, a, b int64) {
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got, ok := Amount(a).Add(Amount(b))
		if ok != want.IsInt64() || ok && int64(got) != want.Int64() {
			t.Fatalf("%d + %d = %d, %v", a, b, got, ok)
		}
	})
}

// FuzzRefundable compares the refundable maximum of a charge whose gift and pre are partly gone with a count fen by fen, and the sum of
// what any two refunds void with what one voids.
func FuzzRefundable(f *testing.F) {
	f.Add(uint16(1000), uint16(100), uint16(50), uint16(0), uint16(40), uint16(50), uint16(0))
	f.Add(uint16(3), uint16(1000), uint16(0), uint16(1), uint16(666), uint16(0), uint16(7))
	f.Fuzz(func(t *testing.T, real, gift, pre, refunded, giftFree, preFree, cover uint16) {
		if real == 0 || refunded > real {
			return
		}
		given := [Kinds]Amount{Real: Amount(real), Gift: Amount(gift), Pre: Amount(pre)}
		var lots [Kinds]*Lot
		lots[Gift] = &Lot{Balance: min(Amount(giftFree), given[Gift])}
		lots[Pre] = &Lot{Balance: min(Amount(preFree), given[Pre])}
		done, limit := Amount(refunded), Amount(real-refunded)
		covered := func(n Amount) bool {
			_, short := clawback(&lots, &given, Real, done, n)
			return short[Gift]+short[Pre] <= max(0, Amount(cover)-n)
		}
		want := Amount(0)
		for n := Amount(1); n <= limit && naiveShort(&lots, &given, done, n) <= max(0, Amount(cover)-n); n++ {
			want = n
		}
		if got := refundable(limit, covered); got != want {
			t.Fatalf("refundable %d, counted %d", got, want)
		}
		void, short := clawback(&lots, &given, Real, 0, done)
		more, moreShort := clawback(&lots, &given, Real, done, limit)
		for _, k := range [...]Kind{Gift, Pre} {
			if n := void[k] + short[k] + more[k] + moreShort[k]; n != given[k] {
				t.Fatalf("%d and %d of %d void %d of %d", done, limit, real, n, given[k])
			}
		}
	})
}

// naiveShort is what is missing of gift and pre, by plain division.
func naiveShort(lots *[Kinds]*Lot, given *[Kinds]Amount, done, n Amount) (short Amount) {
	for _, k := range [...]Kind{Gift, Pre} {
		if lots[k] != nil {
			short += max(0, given[k]*(done+n)/given[Real]-given[k]*done/given[Real]-lots[k].Balance)
		}
	}
	return short
}

func FuzzYuan(f *testing.F) {
	for _, n := range []int64{0, 1, 99, 100, -5, -100, math.MaxInt64, math.MinInt64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		text := Yuan(Amount(n))
		whole, cents, ok := strings.Cut(text, ".")
		back, parsed := new(big.Int).SetString(whole+cents, 10)
		if !ok || len(cents) != 2 || !parsed || back.Cmp(big.NewInt(n)) != 0 {
			t.Fatalf("%d fen is %s", n, text)
		}
	})
}

func FuzzParseID(f *testing.F) {
	f.Add(ID{}.String())
	f.Add((&Stamp{At: morning, Salt: 0x0000_ffff_0000_0001}).NewID().String())
	f.Add("0123456789abcdefghjkmnpqrz")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := ParseID(s)
		switch {
		case ok && id.String() != s:
			t.Fatalf("%q is read as %v", s, id)
		case !ok && !id.IsZero():
			t.Fatalf("%q is refused and read as %v", s, id)
		}
		var any ID
		copy(any[:], s)
		if back, ok := ParseID(any.String()); !ok || back != any {
			t.Fatalf("%v does not survive", any)
		}
	})
}

// TestNewID: ids sort by time, and two batches of one moment do not share any.
func TestNewID(t *testing.T) {
	a, b := &Stamp{At: morning, Salt: 1}, &Stamp{At: morning, Salt: 1 << 47}
	later := &Stamp{At: morning + 1}
	first, second, other, last := a.NewID(), a.NewID(), b.NewID(), later.NewID()
	if first.String() >= second.String() || second.String() >= last.String() || other.String() >= last.String() {
		t.Fatalf("%v, %v, %v, %v do not sort by time", first, second, other, last)
	}
	if first == other || second == other {
		t.Fatal("two batches share an id")
	}
}

// TestCodes: every code says what it means in both languages, under a word of its own.
func TestCodes(t *testing.T) {
	words := map[string]bool{}
	for c, text := range codes {
		if text.Word == "" || text.Desc == "" || text.View == "" || text.EN == "" {
			t.Errorf("code %d lacks a text: %+v", c, text)
		}
		if words[text.Word] {
			t.Errorf("%s stands twice", text.Word)
		}
		words[text.Word] = true
		if c.String() != text.Word {
			t.Errorf("code %d is shown as %s", c, c)
		}
	}
	for c, s := range special {
		if s.When.Name == "" || s.Desc == "" || s.View == "" || s.EN == "" {
			t.Errorf("the special case of %s lacks something: %+v", c, s)
		}
	}
}

func TestKinds(t *testing.T) {
	for k := range kinds {
		if k.String() == "" || slices.Index(kindNames[:], k.String()) != int(k) {
			t.Errorf("kind %d has no name of its own", k)
		}
		if k.Family() >= Families {
			t.Errorf("%v has no family", k)
		}
	}
}

// TestPutOp: a history may be added twice, and a stray operation of a history that is not loaded is only found by its keys.
func TestPutOp(t *testing.T) {
	s := NewState(&Brand{})
	first, second := &Op{ID: ID{1}, Order: "A", Ordinal: 1}, &Op{ID: ID{2}, Order: "A", Ordinal: 2, Request: Digest{7}}
	stray := &Op{ID: ID{3}, Order: "B", Ordinal: 5, Refund: Digest{8}}
	for _, o := range []*Op{first, second, first, second, stray} {
		s.PutOp(o)
	}
	if len(s.Orders["A"]) != 2 || len(s.Orders["B"]) != 0 || s.Requests[Digest{7}] != second || s.Refunds[Digest{8}] != stray {
		t.Fatalf("histories are %v", s.Orders)
	}
}
