package engine_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"recoup/internal/engine"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
)

// An engine is well as long as batches end, and end well.
func TestHealthy(t *testing.T) {
	now := atomic.Int64{}
	now.Store(time.Now().UnixMilli())
	for _, row := range []struct {
		name  string
		fault error
		fails int // calls that meet the fault
		after time.Duration
		well  bool
	}{
		{"nothing fails", nil, 3, 0, true},
		{"one fails", errors.New("no table"), 1, 0, true},
		{"two fail", errors.New("no table"), 2, 0, false},
		{"two failed a while ago", errors.New("no table"), 2, 11 * time.Second, true},
		{"a write is refused", fmt.Errorf("%w: disk full", store.ErrRefused), 1, 0, false},
		{"a write was refused a while ago", fmt.Errorf("%w: disk full", store.ErrRefused), 1, 3 * time.Second, true},
		{"refused at the commit", fmt.Errorf("%w: %w: disk full", store.ErrUnknown, store.ErrRefused), 1, 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := memstore.Open()
			b := setup(t, s, engine.Options{Now: func() time.Time { return time.UnixMilli(now.Load()) }})
			tries := 0
			s.SetHook(func(step memstore.Step) (bool, error) {
				if row.fault != nil && step == memstore.CommitStep {
					tries++
					return false, row.fault
				}
				return true, nil
			})
			for i := range row.fails {
				_, err := b.engine.Submit(t.Context(), brand, b.charge(fmt.Sprint(i), 1))
				if (err != nil) != (row.fault != nil) {
					t.Fatal(err)
				}
			}
			if row.fault != nil && tries != row.fails {
				t.Errorf("%d calls were tried %d times", row.fails, tries)
			}
			now.Add(row.after.Milliseconds())
			if err := b.engine.Healthy(); (err == nil) != row.well || err != nil && !errors.Is(err, row.fault) {
				t.Errorf("Healthy: %v", err)
			}
			s.SetHook(nil)
			b.must(b.charge("last", 1))
			if err := b.engine.Healthy(); err != nil {
				t.Errorf("after a call that was answered: %v", err)
			}
		})
	}
	t.Run("stuck", func(t *testing.T) {
		s := memstore.Open()
		b := setup(t, s, engine.Options{Now: func() time.Time { return time.UnixMilli(now.Load()) }})
		entered, release := stall(s)
		done := make(chan struct{})
		go func() {
			b.must(b.charge("C", 1))
			close(done)
		}()
		<-entered
		if err := b.engine.Healthy(); err != nil {
			t.Error(err)
		}
		now.Add(6000)
		if err := b.engine.Healthy(); err == nil {
			t.Error("a batch that does not end goes unnoticed")
		}
		release()
		<-done
		for b.engine.Healthy() != nil {
			time.Sleep(time.Millisecond)
		}
	})
}
