package clock_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"recoup/internal/clock"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
)

// TestJumps: a clock that jumps both ways between any two commands, and a database's that does, expires nothing that the right clock would not,
// and leaves no stamp ahead of it. What comes while it is wrong fails and can be sent again.
func TestJumps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		truth := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) // the time by a clock that nobody sets
		begun, skew := truth, time.Duration(0)
		read := func() time.Time { return truth.Add(skew) }
		ctx := context.Background()
		s := memstore.Open()
		brand := &ledger.Brand{ID: "b", Shops: map[string]*ledger.Shop{"s": {ID: "s"}}, Policy: ledger.Policy{ValueDays: 3, PointDays: 2, HoldTTL: 3_600_000}}
		if err := s.PutBrand(ctx, brand, store.Author{}); err != nil {
			t.Fatal(err)
		}
		watch := clock.New(func() time.Duration { return truth.Sub(begun) }, time.Time{}, clock.Word{})
		e := engine.New(s, engine.Options{Now: read, Trust: watch.Stamp})
		defer e.Close()
		head := func() ledger.Head {
			return ledger.Head{App: "a", Method: "m", Shop: "s", Signed: truth.UnixMilli(), Who: ledger.Who{Customer: "m"}}
		}
		submit := func(c reverse.Command) {
			r, err := e.Submit(ctx, "b", c)
			switch {
			case skew.Abs() > clock.JumpMax && !errors.Is(err, engine.ErrFailed):
				t.Fatalf("%T at a skew of %s: %v, %v", c, skew, r.Code, err)
			case skew == 0 && err != nil:
				t.Fatalf("%T by the right clock: %v", c, err)
			}
		}
		submit(&ledger.SaveMember{ID: "m", Head: ledger.Head{App: "a", Method: "m", Shop: "s"}})
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			truth = truth.Add(time.Duration(rapid.IntRange(0, 2*3600).Draw(t, "seconds")) * time.Second)
			skew = rapid.SampledFrom([]time.Duration{0, 0, 0, 30 * time.Second, 7 * 24 * time.Hour, 365 * 24 * time.Hour, -5 * time.Minute, -365 * 24 * time.Hour}).Draw(t, "skew")
			if skew == 30*time.Second && watch.Check(truth) != nil { // what sets clocks right moves them from where they are
				skew = 0
			}
			no := fmt.Sprint("o", i)
			switch rapid.IntRange(0, 5).Draw(t, "command") {
			case 0:
				submit(&ledger.Charge{Head: head(), Order: no, Real: 100})
			case 1:
				submit(&ledger.Grant{Head: head(), Order: no, Amount: 100})
			case 2:
				submit(&ledger.Freeze{Head: head(), Order: no, Amount: 10})
			case 3:
				submit(&ledger.Spend{Head: head(), Order: no, Wants: []ledger.Want{{Family: ledger.Value, Amount: 10}}})
			default:
				submit(&ledger.Sweep{Head: ledger.Head{Method: "sweep", Who: ledger.Who{Customer: "m"}}})
			}
			skew = 0
			if err := watch.Check(read()); err != nil {
				t.Fatalf("the clock is right again: %v", err)
			}
			for o, err := range s.Ops(ctx, "b", 0) {
				if err != nil {
					t.Fatal(err)
				}
				if o.At > truth.Add(2*clock.JumpMax).UnixMilli() {
					t.Fatalf("operation %d is stamped %s, it is %s", o.Seq, time.UnixMilli(o.At).UTC(), truth)
				}
			}
			for l, err := range s.Lots(ctx, "b") {
				if err != nil {
					t.Fatal(err)
				}
				if l.Balance == 0 && l.Expires > truth.Add(2*clock.JumpMax).UnixMilli() && expired(t, s, l.LotID) {
					t.Fatalf("lot %v expired before %s, it is %s", l.LotID, time.UnixMilli(l.Expires).UTC(), truth)
				}
			}
		}
	})
}

func expired(t *rapid.T, s *memstore.Store, lot ledger.LotID) bool {
	for o, err := range s.Ops(context.Background(), "b", 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range o.Postings {
			if o.Kind == ledger.OpExpire && p.Lot == lot {
				return true
			}
		}
	}
	return false
}
