package postgres_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/postgres"
	"recoup/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, postgres.Options{DSN: pgtemp.Database(t), Conns: 8}) })
}

func open(t testing.TB, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), o)
	return storetest.Opened(t, s, err)
}

// connect is a connection beside the store's.
func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	return c
}

// brand makes the brand b with its shop.
func brand(t testing.TB, s store.Store) {
	t.Helper()
	if err := s.PutBrand(t.Context(), &ledger.Brand{ID: "b", Shops: map[string]*ledger.Shop{"1": {ID: "1"}}}, store.Author{}); err != nil {
		t.Fatal(err)
	}
}

// A till serves the member m of the brand b.
type till struct {
	t *testing.T
	*engine.Engine
}

// serve saves the member.
func serve(t *testing.T, s store.Store) till {
	t.Helper()
	e := engine.New(s, engine.Options{})
	t.Cleanup(e.Close)
	x := till{t, e}
	x.must(&ledger.SaveMember{Head: head(0), ID: "m"})
	return x
}

// head is that of the i-th request, 0 for one that is never repeated.
func head(i int) ledger.Head {
	h := ledger.Head{Who: ledger.Who{Customer: "m"}, Method: "m"}
	if i > 0 {
		h.Request = ledger.Digest{byte(i >> 8), byte(i), 1}
	}
	return h
}

func (x till) must(c reverse.Command) {
	x.t.Helper()
	if r, err := x.Submit(x.t.Context(), "b", c); err != nil || r.Code != ledger.OK {
		x.t.Errorf("%T: %s, %v", c, r.English(), err)
	}
}

func (x till) charge() { x.must(&ledger.Charge{Head: head(0), Real: 100}) }

// charging charges until it is told to stop, which answers how often it did.
func (x till) charging() (stop func() int64) {
	end, ended, booked := make(chan struct{}), make(chan struct{}), int64(0)
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			default:
				x.charge()
				booked++
			}
		}
	}()
	return func() int64 {
		close(end)
		<-ended
		return booked
	}
}

// TestOlderSchema: an older schema is brought up to date only when that is wanted, by who says so.
func TestOlderSchema(t *testing.T) {
	t.Parallel()
	dsn := pgtemp.Database(t)
	var said []int64
	o := postgres.Options{DSN: dsn, Migrated: func(from, to int64) { said = append(said, from, to) }}
	s := open(t, o)
	brand(t, s)
	_ = s.Close()
	for _, statement := range []string{
		"DELETE FROM goose_db_version WHERE version_id = 2",
		"DROP VIEW v_operation, v_posting, v_lot, v_balance, v_hold, v_voucher, v_order, v_reverse CASCADE",
	} {
		if _, err := connect(t, dsn).Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := postgres.Open(t.Context(), o); !errors.Is(err, postgres.ErrOlder) {
		t.Errorf("Open: %v, want ErrOlder", err)
	}
	o.Upgrade = true
	_ = open(t, o).Close()
	if !slices.Equal(said, []int64{0, 2, 1, 2}) {
		t.Errorf("said %v", said)
	}
}
