package recoup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"recoup/internal/clock"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/postgres"
	"recoup/internal/store/sqlite"
	"recoup/internal/telemetry"
)

// clocks are a clock that can be set and one that cannot.
type clocks struct {
	mu   sync.Mutex
	true time.Time
	skew time.Duration
	from time.Time
}

func newClocks() *clocks {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return &clocks{true: at, from: at}
}

func (c *clocks) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.true.Add(c.skew)
}

func (c *clocks) steady() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.true.Sub(c.from)
}

func (c *clocks) pass(d, skew time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.true, c.skew = c.true.Add(d), skew
}

// clockNode serves a file by a clock that can be set.
func clockNode(t *testing.T, path string, c *clocks) (*Node, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	n, err := Open(t.Context(), Options{DB: "sqlite:" + path, Now: c.now, Steady: c.steady, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return n, log
}

// shop makes a brand with so many members, each with dated value and a hold.
func shop(t *testing.T, path string, c *clocks, members int) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer written(t, path, c.now())
	defer s.Close()
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b", Shops: map[string]*ledger.Shop{"s": {ID: "s"}}, Policy: ledger.Policy{ValueDays: 3}}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, engine.Options{Now: c.now})
	defer e.Close()
	for i := range members {
		who := ledger.Who{Customer: fmt.Sprint("m", i)}
		for _, cmd := range []ledger.Command{
			&ledger.SaveMember{ID: who.Customer, Head: ledger.Head{Shop: "s"}},
			&ledger.Charge{Head: ledger.Head{Shop: "s", Who: who}, Order: fmt.Sprint("c", i), Real: 100},
		} {
			if r, err := e.Submit(t.Context(), "b", cmd); err != nil || r.Code != ledger.OK {
				t.Fatal(r.Code, err)
			}
		}
	}
}

// written has a closed file say that it was written to at a moment.
func written(t *testing.T, path string, at time.Time) {
	t.Helper()
	for _, name := range []string{path, path + "-wal"} {
		if err := os.Chtimes(name, at, at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

func balance(t *testing.T, s store.Store) (sum ledger.Amount) {
	t.Helper()
	for l, err := range s.Lots(t.Context(), "b") {
		if err != nil {
			t.Fatal(err)
		}
		sum += l.Balance
	}
	return sum
}

// A clock a year ahead, with no call at all: nothing expires, nothing is stamped, /readyz names both clocks; set right, or confirmed, all
// goes on.
func TestWrongClock(t *testing.T) {
	for _, confirmed := range []bool{false, true} {
		t.Run(fmt.Sprint("confirmed ", confirmed), func(t *testing.T) {
			c, path := newClocks(), filepath.Join(t.TempDir(), "recoup.db")
			shop(t, path, c, 3)
			n, _ := clockNode(t, path, c)
			defer n.Close()
			if err := n.ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			const year = 365 * 24 * time.Hour
			c.pass(75*time.Second, year)
			if err := n.sweepOnce(t.Context()); err != nil {
				t.Error(err)
			}
			fault := (*clock.Fault)(nil)
			if err := n.ready(t.Context()); !errors.As(err, &fault) || !strings.Contains(err.Error(), "2027-03-01T12:01:15Z against 2026-03-01T12:01:15Z") {
				t.Errorf("ready: %v", err)
			}
			charge := func(no string) error {
				_, f := n.submit(t.Context(), "b", &ledger.Charge{Head: ledger.Head{Shop: "s", Who: ledger.Who{Customer: "m0"}}, Order: no, Real: 100})
				if f != nil {
					return f
				}
				return nil
			}
			if err := charge("x"); err == nil || !strings.Contains(err.Error(), "isp.service-error") {
				t.Errorf("a charge: %v", err)
			}
			if got := balance(t, n.Store); got != 300 {
				t.Errorf("%d are left of 300", got)
			}
			if confirmed {
				word := &store.ClockWord{At: c.now().UnixMilli(), By: "小王"}
				if err := n.Store.SayClock(t.Context(), word, store.Author{}); err != nil {
					t.Fatal(err)
				}
			} else {
				c.pass(time.Second, 0)
			}
			if err := errors.Join(n.Auth.Refresh(t.Context()), n.ready(t.Context())); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if err := charge("y"); err != nil {
				t.Error(err)
			}
			want := ledger.Amount(400)
			if confirmed { // then it is true that a year has passed
				if err := n.sweepOnce(t.Context()); err != nil {
					t.Error(err)
				}
				want = 100
			}
			if got := balance(t, n.Store); got != want {
				t.Errorf("%d are left, want %d", got, want)
			}
		})
	}
}

// A start with a clock far ahead of the file, or behind the books, stamps nothing before it is set right or confirmed.
func TestWrongClockAtStart(t *testing.T) {
	for _, tt := range []struct {
		name string
		skew time.Duration
		want string
	}{
		{"right", time.Hour, ""},
		{"after the holidays", 20 * 24 * time.Hour, ""},
		{"a year ahead", 365 * 24 * time.Hour, "far ahead"},
		{"a week behind", -7 * 24 * time.Hour, "behind"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, path := newClocks(), filepath.Join(t.TempDir(), "recoup.db")
			shop(t, path, c, 1)
			c.pass(0, tt.skew)
			n, _ := clockNode(t, path, c)
			defer n.Close()
			err := n.ready(t.Context())
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ready: %v, want %q", err, tt.want)
			}
			if tt.want == "" {
				return
			}
			if err := n.Store.SayClock(t.Context(), &store.ClockWord{At: c.now().UnixMilli(), Head: newClocks().now().UnixMilli()}, store.Author{}); err != nil {
				t.Fatal(err)
			}
			if err := n.ready(t.Context()); err != nil {
				t.Errorf("confirmed: %v", err)
			}
			n.Close()
			written(t, path, newClocks().now())
			again, _ := clockNode(t, path, c) // the word is kept
			defer again.Close()
			if err := again.ready(t.Context()); err != nil {
				t.Errorf("started again: %v", err)
			}
		})
	}
}

// A sweep that would expire what most members have waits for an operator's word; one of few does not.
func TestLargeSweepWaits(t *testing.T) {
	c, path := newClocks(), filepath.Join(t.TempDir(), "recoup.db")
	shop(t, path, c, 30)
	c.pass(4*24*time.Hour, 0)
	n, log := clockNode(t, path, c)
	defer n.Close()
	sweep := func(want ledger.Amount) {
		t.Helper()
		if err := n.sweepOnce(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := balance(t, n.Store); got != want {
			t.Fatalf("%d are left, want %d", got, want)
		}
	}
	sweep(3000)
	if err := n.ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	if err := n.Store.SayClock(t.Context(), &store.ClockWord{At: c.now().UnixMilli()}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	sweep(0)
	n.Close()
	if !strings.Contains(log.String(), "a large sweep waits") {
		t.Error(log)
	}
}

// While this machine's clock and the database's are a week apart nothing is stamped, whichever of them is wrong.
func TestClocksApart(t *testing.T) {
	dsn := pgtemp.Database(t)
	var apart atomic.Int64
	d := Database{DSN: dsn, ServerClock: true}
	s, err := d.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b", Shops: map[string]*ledger.Shop{"s": {ID: "s"}}}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	week := func() time.Duration { return time.Duration(apart.Load()) * 7 * 24 * time.Hour }
	n, err := Open(t.Context(), Options{Store: s, Now: func() time.Time { return time.Now().Add(week()) }, Steady: func() time.Duration { return clock.Steady() + week() }})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for i, weeks := range []int64{0, 1, 0, -1, 0} {
		apart.Store(weeks)
		_, fault := n.submit(t.Context(), "b", &ledger.SaveMember{ID: fmt.Sprint("m", i), Head: ledger.Head{Shop: "s"}})
		if (fault != nil) != (weeks != 0) || fault != nil && fault.SubCode != "isp.service-error" {
			t.Errorf("%d weeks: %v", weeks, fault)
		}
		_ = n.Auth.Refresh(t.Context())
		if err := n.ready(t.Context()); (err != nil) != (weeks != 0) {
			t.Errorf("%d weeks: ready: %v", weeks, err)
		}
	}
}

// A database that takes no writes is not ready, though it answers every read.
func TestReadOnlyServer(t *testing.T) {
	dsn := pgtemp.Database(t)
	n, err := Open(t.Context(), Options{DB: dsn})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for _, mode := range []string{"off", "on", "off"} {
		c, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		var name string
		if err := c.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{
			"SET default_transaction_read_only = off", "ALTER DATABASE " + name + " SET default_transaction_read_only = " + mode,
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
		} {
			if _, err := c.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		_ = c.Close(t.Context())
		deadline := time.Now().Add(20 * time.Second) // connections that were ended are found out about one by one
		for err = n.ready(t.Context()); (err != nil) != (mode == "on") || err != nil && !errors.Is(err, postgres.ErrReadOnly); err = n.ready(t.Context()) {
			if time.Now().After(deadline) {
				t.Fatalf("read-only %s: ready: %v", mode, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// A log that is longer than promised is told once and counted.
func TestLongLog(t *testing.T) {
	log := &bytes.Buffer{}
	s := &longLog{Store: memstore.Open()}
	n := &Node{Store: s, Metrics: telemetry.New(), log: slog.New(slog.NewTextHandler(log, nil))}
	for _, bytes := range []int64{1, 11, 12, 5, 13} {
		s.bytes = bytes
		n.lookAtLog()
	}
	if told := strings.Count(log.String(), "longer than it should be"); told != 2 {
		t.Errorf("told %d times, want 2:\n%s", told, log)
	}
	if over := testutil.ToFloat64(n.Metrics.LogOver); over != 3 {
		t.Errorf("counted %v times, want 3", over)
	}
}

type longLog struct {
	*memstore.Store
	bytes int64
}

func (l *longLog) LogSize() (bytes, promised int64) { return l.bytes, 10 }
