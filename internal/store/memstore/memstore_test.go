package memstore_test

import (
	"context"
	"errors"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) store.Store { return memstore.Open() })
}

// TestHook breaks each write in both ways: it failed, and it failed yet persisted.
func TestHook(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name            string
		step            memstore.Step
		apply           bool
		err             error
		save, commit    error
		committed, kept bool
	}{
		{"SaveFails", memstore.SaveStep, false, broken, broken, nil, false, false},
		{"SaveFailsLate", memstore.SaveStep, true, broken, broken, nil, false, false},
		{"CommitFails", memstore.CommitStep, false, broken, nil, broken, false, false},
		{"CommitUnknownAndLost", memstore.CommitStep, false, store.ErrUnknown, nil, store.ErrUnknown, false, false},
		{"CommitUnknownYetKept", memstore.CommitStep, true, broken, nil, store.ErrUnknown, true, true},
		{"CommitLies", memstore.CommitStep, false, nil, nil, nil, false, false},
		{"NoFault", memstore.CommitStep, true, nil, nil, nil, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := context.Background()
			s := memstore.Open()
			if err := s.PutBrand(ctx, &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
				t.Fatal(err)
			}
			s.SetHook(func(step memstore.Step) (bool, error) {
				if step == tt.step {
					return tt.apply, tt.err
				}
				return true, nil
			})
			b, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
			if err != nil {
				t.Fatal(err)
			}
			b.State().Changes.Ops = append(b.State().Changes.Ops, &ledger.Op{ID: ledger.ID{1}, At: b.At()})
			err = b.Save(ctx)
			if !errors.Is(err, tt.save) {
				t.Fatalf("Save: %v, want %v", err, tt.save)
			}
			if err == nil {
				if err = b.Commit(ctx); !errors.Is(err, tt.commit) {
					t.Errorf("Commit: %v, want %v", err, tt.commit)
				}
			}
			b.Rollback()
			s.SetHook(nil)
			committed, err := s.Outcome(ctx, "b", b.Token())
			if err != nil || committed != tt.committed {
				t.Errorf("Outcome: %v, %v, want %v", committed, err, tt.committed)
			}
			head, err := s.Head(ctx, "b")
			if err != nil || (head.Last == 1) != tt.kept {
				t.Errorf("Head: %+v, %v, want the operation kept: %v", head, err, tt.kept)
			}
		})
	}
}

func TestHookOutsideBatches(t *testing.T) {
	ctx := context.Background()
	s := memstore.Open()
	broken := errors.New("broken")
	if err := s.PutBrand(ctx, &ledger.Brand{ID: "b"}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	first, err := s.Numbers(ctx, "b", 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, apply := range []bool{false, true} {
		s.SetHook(func(memstore.Step) (bool, error) { return apply, broken })
		if no, err := s.Numbers(ctx, "b", 5); !errors.Is(err, broken) || no != 0 {
			t.Errorf("Numbers: %d, %v", no, err)
		}
		if err := s.PutApp(ctx, &store.App{Key: "1"}, store.Author{}); !errors.Is(err, broken) {
			t.Errorf("PutApp: %v", err)
		}
		s.SetHook(nil)
		snap, err := s.Snapshot(ctx)
		if err != nil || (len(snap.Apps) == 1) != apply {
			t.Errorf("apps: %d, %v", len(snap.Apps), err)
		}
	}
	if no, err := s.Numbers(ctx, "b", 1); err != nil || no != first+10 { // five numbers were lost with the answer
		t.Errorf("Numbers: %d, %v, want %d", no, err, first+10)
	}
}
