package sqlite_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/sqlite"
	"recoup/internal/store/storetest"
)

// fewKeys opens a store that writes keys to its index after every few operations.
func fewKeys(t testing.TB, dir string) store.Store {
	s := open(t, dir)
	s.(*sqlite.Store).SetKeysMax(6)
	return s
}

// TestStoreFewKeys: wherever the keys of operations are, the contract holds.
func TestStoreFewKeys(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store { return fewKeys(t, t.TempDir()) })
}

// digest is as good as random.
func digest(what byte, n int) (d ledger.Digest) {
	sum := sha256.Sum256(fmt.Append(nil, what, n))
	return ledger.Digest(sum[:16])
}

// opKeyed is the n-th operation: of three that follow each other the number is the same.
func opKeyed(n int) *ledger.Op {
	return &ledger.Op{ID: ledger.ID{1, 15: byte(n)}, Order: fmt.Sprint("order ", n/3), Ordinal: n%3 + 1, Request: digest(1, n), Refund: digest(2, n)}
}

// bookKeyed commits the operations from to upto, none of them looked up before.
func bookKeyed(t testing.TB, s store.Store, from, upto int) {
	t.Helper()
	ctx := context.Background()
	b, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
	check(t, err)
	defer b.Rollback()
	for n := from; n < upto; n++ {
		b.State().Changes.Ops = append(b.State().Changes.Ops, opKeyed(n))
	}
	check(t, b.Save(ctx))
	check(t, b.Commit(ctx))
}

// found wants the first operations to be found by each of their keys, and no others.
func found(t testing.TB, s store.Store, upto int) {
	t.Helper()
	keys := reverse.NewKeys()
	for n := range upto + 3 {
		o := opKeyed(n)
		keys.Requests[o.Request], keys.Refunds[o.Refund], keys.Orders[o.Order] = struct{}{}, struct{}{}, struct{}{}
	}
	state, err := s.Read(context.Background(), "b", keys, 1)
	check(t, err)
	for n := range upto + 3 {
		o := opKeyed(n)
		for what, got := range map[string]*ledger.Op{"request": state.Requests[o.Request], "refund": state.Refunds[o.Refund]} {
			if (got != nil) != (n < upto) || got != nil && got.Seq != int64(n+1) {
				t.Fatalf("of %d operations, %d by its %s: %+v", upto, n, what, got)
			}
		}
		if h := state.Orders[o.Order]; len(h) != max(0, min(3, upto-n/3*3)) {
			t.Fatalf("of %d operations, %s has %d", upto, o.Order, len(h))
		}
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	one, two := fewKeys(t, dir), fewKeys(t, dir) // as two processes would
	check(t, one.PutBrand(t.Context(), &ledger.Brand{ID: "b"}))
	n := 0
	for i := range 60 {
		s, other := one, two
		if i%7 > 3 {
			s, other = two, one
		}
		upto := n + i%5 + 1
		bookKeyed(t, s, n, upto)
		n = upto
		found(t, s, n)
		if i%3 == 0 {
			found(t, other, n)
		}
	}
	for _, s := range []store.Store{one, two, open(t, dir)} {
		found(t, s, n)
		check(t, s.Integrity(t.Context()))
	}
	for _, tt := range []struct{ name, damage, want string }{
		{"Left", `INSERT INTO op_key (place, keys) VALUES ((1 << 42) + (1 << 41), zeroblob(22))`, "no longer count"},
		{"OneTooMany", `DELETE FROM op_key WHERE place = (SELECT max(place) FROM op_key); UPDATE op_key SET keys = CAST(keys || x'ffffffffffffffffffffffffffffffff000000000002' AS BLOB) WHERE place = (SELECT max(place) FROM op_key)`, "keys for the"},
		{"Another", `UPDATE op_key SET keys = CAST(substr(keys, 1, 21) || x'ff' || substr(keys, 23) AS BLOB)`, "operation"},
		{"Gone", `DELETE FROM op_key`, "not found by its keys"},
	} {
		check(t, one.(*sqlite.Store).Exec("BEGIN; "+tt.damage+"; COMMIT"))
		if err := one.Integrity(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// TestMerges: runs of many sizes are merged bit by bit, and at every moment each key is in one place, for whoever looks.
func TestMerges(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir).(*sqlite.Store)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}))
	n, most, underway := 0, 0, 0
	for i := range 120 {
		s.SetKeysMax([]int{200, 6, 400, 200}[i/30])
		upto := n + 10 + i*7%20
		bookKeyed(t, s, n, upto)
		n = upto
		runs, merges := s.Runs("b")
		most, underway = max(most, runs), underway+merges
		if i%15 == 14 {
			found(t, open(t, dir), n) // by its runs and the operations after them, without a filter
			found(t, s, n)
			check(t, s.Integrity(t.Context()))
		}
	}
	if most > 40 || underway < 10 {
		t.Errorf("%d runs at most, and %d merges were seen", most, underway)
	}
}

// TestMergesUneven: the block of a small run is of several parts, and stays until the last of them has moved.
func TestMergesUneven(t *testing.T) {
	s := open(t, t.TempDir()).(*sqlite.Store)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}))
	s.SetKeysMax(1)
	b, err := s.Begin(t.Context(), "b", reverse.NewKeys(), nil, 1)
	check(t, err)
	b.State().Changes.Ops = append(b.State().Changes.Ops, &ledger.Op{Request: ledger.Digest{15: 1}}) // a key of the first part
	check(t, b.Save(t.Context()))
	check(t, b.Commit(t.Context()))
	bookKeyed(t, s, 0, 1)
	s.SetKeysMax(400)
	underway := 0
	for n := 1; n < 2000; n += 40 {
		bookKeyed(t, s, n, n+40)
		check(t, s.Integrity(t.Context()))
		_, merges := s.Runs("b")
		underway += merges
	}
	if underway < 5 {
		t.Errorf("a merge was seen %d times", underway)
	}
}

// TestKeysTaken: a key that was not looked up is not taken twice, wherever it is.
func TestKeysTaken(t *testing.T) {
	s := fewKeys(t, t.TempDir())
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}))
	for n := range 40 {
		bookKeyed(t, s, n, n+1)
	}
	for _, n := range []int{0, 30, 39} { // in a merged run, in a young one, in memory
		for what, o := range map[string]*ledger.Op{
			"request": {Request: opKeyed(n).Request},
			"refund":  {Refund: opKeyed(n).Refund},
			"order":   {Order: opKeyed(n).Order, Ordinal: opKeyed(n).Ordinal},
		} {
			b, err := s.Begin(t.Context(), "b", reverse.NewKeys(), nil, 1)
			check(t, err)
			b.State().Changes.Ops = append(b.State().Changes.Ops, o)
			if err := b.Save(t.Context()); !errors.Is(err, store.ErrRetry) {
				t.Errorf("%s of operation %d: %v, want a retry", what, n, err)
			}
			b.Rollback()
		}
	}
	b, err := s.Begin(t.Context(), "b", reverse.NewKeys(), nil, 1)
	check(t, err)
	defer b.Rollback()
	b.State().Changes.Ops = append(b.State().Changes.Ops, &ledger.Op{Request: digest(3, 1)}, &ledger.Op{Request: digest(3, 1)})
	if err := b.Save(t.Context()); !errors.Is(err, store.ErrRetry) {
		t.Errorf("twice in a batch: %v, want a retry", err)
	}
}

// TestKeysStale: a snapshot from before keys went to the index is told to be too old, and a read takes a newer one.
func TestKeysStale(t *testing.T) {
	s := fewKeys(t, t.TempDir()).(*sqlite.Store)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}))
	bookKeyed(t, s, 0, 3)
	keys := reverse.NewKeys()
	keys.Requests[opKeyed(1).Request] = struct{}{}
	check(t, s.Overtaken(t.Context(), "b", keys, func() {
		for n := 3; n < 40; n++ {
			bookKeyed(t, s, n, n+1)
		}
	}))
	found(t, s, 40)
}

// TestKeysFilter: a filter is filled in the background, knows every key that this process or another one has booked, and grows.
func TestKeysFilter(t *testing.T) {
	for name, open := range map[string]func(testing.TB, string) store.Store{"Runs": fewKeys, "Memory": open} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			filtered(t, open(t, dir), open(t, dir)) // as two processes would
		})
	}
}

func filtered(t *testing.T, one, two store.Store) {
	check(t, one.PutBrand(t.Context(), &ledger.Brand{ID: "b"}))
	n := 0
	for round := range 12 {
		s := one
		if round%4 == 3 {
			s = two
		}
		for range 40 {
			bookKeyed(t, s, n, n+1)
			n++
		}
		for _, s := range []store.Store{one, two} {
			found(t, s, n) // which catches up
			foreign := 0
			for i := 0; !s.(*sqlite.Store).Filtered("b"); i++ {
				if i == 2000 {
					t.Fatal("no filter is filled")
				}
				time.Sleep(time.Millisecond)
				b, err := s.Begin(t.Context(), "b", reverse.NewKeys(), nil, 1)
				check(t, err)
				b.Rollback()
			}
			for i := range n {
				if s.(*sqlite.Store).Unheard("b", opKeyed(i).Request) {
					t.Fatalf("of %d operations the filter does not know the %d-th", n, i)
				}
				other := sha256.Sum256(fmt.Append(nil, "another ", i))
				if s.(*sqlite.Store).Unheard("b", ledger.Digest(other[:16])) {
					foreign++
				}
			}
			if foreign < n*4/5 { // of many small runs, each passes some
				t.Errorf("of %d foreign keys the filters know %d", n, n-foreign)
			}
		}
	}
}

// TestPlaces: where a member's row is remembered to be is no more than a hint.
func TestPlaces(t *testing.T) {
	s := open(t, t.TempDir()).(*sqlite.Store)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}))
	b, err := s.Begin(t.Context(), "b", reverse.NewKeys(), nil, 1)
	check(t, err)
	for _, id := range []string{"m1", "m2", "m3"} {
		m := &ledger.Member{ID: id, Name: "name of " + id}
		b.State().PutMember(m)
		b.State().Changes.Members.Add(m)
	}
	b.State().Changes.Ops = append(b.State().Changes.Ops, opKeyed(0))
	check(t, b.Save(t.Context()))
	check(t, b.Commit(t.Context()))
	keys := reverse.NewKeys()
	for _, id := range []string{"m1", "m2", "nobody"} {
		keys.Idents[ledger.Ident{Type: ledger.ByCustomer, Text: id}] = struct{}{}
	}
	for range 3 { // unknown, remembered, remembered wrongly
		state, err := s.Read(t.Context(), "b", keys, 1)
		check(t, err)
		for _, id := range []string{"m1", "m2"} {
			if m := state.Members[id]; m == nil || m.Name != "name of "+id {
				t.Errorf("%s is %+v", id, m)
			}
		}
		if len(state.Members) != 2 {
			t.Errorf("%d members are loaded, two were asked for", len(state.Members))
		}
		check(t, s.Misplace("b", "m1", "nobody"))
	}
}
