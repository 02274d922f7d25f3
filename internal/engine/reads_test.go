package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// TestReads has many callers read at once while others write: each sees its own member, and what it was told of before.
func TestReads(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
				t.Fatal(err)
			}
			e := engine.New(s, engine.Options{})
			var wg sync.WaitGroup
			for i := range 40 {
				wg.Go(func() { chargeAndLook(t, e, fmt.Sprintf("m%d", i)) })
			}
			wg.Wait()
			e.Close()
			err := e.Read(t.Context(), "b", reverse.NewKeys(), func(*reverse.State, int64) {})
			if !errors.Is(err, engine.ErrClosed) {
				t.Errorf("reading from a closed engine: %v", err)
			}
		})
	}
}

func chargeAndLook(t *testing.T, e *engine.Engine, id string) {
	who := ledger.Who{Customer: id}
	if _, err := e.Submit(t.Context(), "b", &ledger.SaveMember{Head: ledger.Head{Who: who}, ID: id}); err != nil {
		t.Error(err)
		return
	}
	for n := range 5 {
		if _, err := e.Submit(t.Context(), "b", &ledger.Charge{Head: ledger.Head{Who: who, Method: "m"}, Real: 100}); err != nil {
			t.Error(err)
		}
		keys := reverse.NewKeys()
		keys.Wallets[ledger.Ident{Type: ledger.ByCustomer, Text: id}] = struct{}{}
		var balance ledger.Amount
		err := e.Read(t.Context(), "b", keys, func(s *reverse.State, _ int64) { balance = s.Accounts[id+"-1"].Balance[ledger.Real] })
		if want := ledger.Amount(100 * (n + 1)); err != nil || balance != want {
			t.Errorf("%s has %d, want %d, %v", id, balance, want, err)
		}
	}
}

// TestReadFails: a view that panics fails alone, and a brand that does not exist is told.
func TestReadFails(t *testing.T) {
	t.Parallel()
	s := stores["memory"](t)
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, engine.Options{})
	defer e.Close()
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			err := e.Read(context.Background(), "b", reverse.NewKeys(), func(*reverse.State, int64) {
				if i%10 == 0 {
					panic("broken view")
				}
			})
			if broken := err != nil && strings.Contains(err.Error(), "broken view"); broken != (i%10 == 0) {
				t.Errorf("read %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if err := e.Read(t.Context(), "nobody", reverse.NewKeys(), func(*reverse.State, int64) {}); !errors.Is(err, store.ErrNoBrand) {
		t.Errorf("reading of an unknown brand: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := e.Read(stopped, "b", reverse.NewKeys(), func(*reverse.State, int64) {}); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("reading for a caller who is gone: %v", err)
	}
}

// TestTry: what is tried at the same moment by many, beside readers, meets the same books, and changes nothing.
func TestTry(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
				t.Fatal(err)
			}
			e := engine.New(s, engine.Options{})
			defer e.Close()
			head := ledger.Head{Who: ledger.Who{Customer: "m"}, Method: "m"}
			if _, err := e.Submit(t.Context(), "b", &ledger.SaveMember{Head: head, ID: "m"}); err != nil {
				t.Fatal(err)
			}
			const lots = ledger.LotPage + 5 // more than are loaded at first
			for i := range lots {
				if _, err := e.Submit(t.Context(), "b", &ledger.Charge{Head: head, Order: fmt.Sprint(i), Real: 10}); err != nil {
					t.Fatal(err)
				}
			}
			spend := func(order string, fen ledger.Amount) reverse.Command {
				return &ledger.Spend{Head: head, Order: order, Direct: true, Wants: []ledger.Want{{Family: ledger.Value, Amount: fen}}}
			}
			var wg sync.WaitGroup
			for i := range 60 {
				wg.Go(func() {
					fen, want := ledger.Amount(10*lots), ledger.OK
					if i%2 == 1 {
						fen, want = fen+1, ledger.InsufficientBalance
					}
					if r, err := e.Try(t.Context(), "b", spend("o", fen)); err != nil || r.Code != want {
						t.Errorf("%d fen: %s, %v", fen, r.Code, err)
					}
				})
				wg.Go(func() {
					keys := reverse.NewKeys()
					keys.Wallets[ledger.Ident{Type: ledger.ByCustomer, Text: "m"}] = struct{}{}
					var balance ledger.Amount
					err := e.Read(t.Context(), "b", keys, func(s *reverse.State, _ int64) { balance = s.Accounts["m-1"].Balance[ledger.Real] })
					if err != nil || balance != 10*lots {
						t.Errorf("balance %d, %v", balance, err)
					}
				})
			}
			wg.Wait()
			if r, err := e.Submit(t.Context(), "b", spend("o", 10*lots)); err != nil || r.Code != ledger.OK {
				t.Errorf("what was tried cannot be done: %s, %v", r.Code, err)
			}
			if _, err := e.Try(t.Context(), "nobody", spend("o", 1)); !errors.Is(err, store.ErrNoBrand) {
				t.Errorf("of an unknown brand: %v", err)
			}
		})
	}
}
