package main

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
)

// Whoever publishes at the same time as others loses nothing of theirs, and a change that changes nothing makes no version.
func TestPublish(t *testing.T) {
	t.Parallel()
	s := memstore.Open()
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "1", Name: "一"}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	add := func(id string) func(*ledger.Brand) error {
		return func(b *ledger.Brand) error {
			if b.Shops == nil {
				b.Shops = map[string]*ledger.Shop{}
			}
			b.Shops[id] = &ledger.Shop{ID: id}
			return nil
		}
	}
	const together = 8
	var all sync.WaitGroup
	for i := range together {
		all.Go(func() {
			if _, err := publish(t.Context(), s, store.Author{}, "--brand", "1", add(strconv.Itoa(i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b, err := publish(t.Context(), s, store.Author{}, "--brand", "1", add("0"))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Shops) != together || b.Version != together+1 {
		t.Errorf("%d shops in version %d, want %d in %d", len(b.Shops), b.Version, together, together+1)
	}

	refused := errors.New("no")
	if _, err := publish(t.Context(), s, store.Author{}, "--brand", "1", func(b *ledger.Brand) error {
		delete(b.Shops, "0")
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("a change that fails is published: %v", err)
	}
	if b, err = readBrand(t.Context(), s, "--brand", "1"); err != nil || b.Shops["0"] == nil {
		t.Errorf("a change that failed left something: %v %v", b.Shops, err)
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"30m": 30 * time.Minute, "2h": 2 * time.Hour, "1h30m": 90 * time.Minute, "45s": 45 * time.Second, "30d": 30 * dayLong} {
		got, err := parseSpan(text)
		if err != nil || got != want {
			t.Errorf("%s is read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "soon", "-1m", "-1d", "1.5d", "99999d"} {
		if _, err := parseSpan(text); err == nil {
			t.Errorf("%q is a duration", text)
		}
	}
}

// Columns of a table stay columns when there are Chinese words in them.
func TestWidth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 0, "till": 4, "总店": 4, "云上·2131店": 11, "满50减10券": 10, "（一）": 6} {
		if got := width(text); got != want {
			t.Errorf("%q is %d wide, want %d", text, got, want)
		}
	}
}
