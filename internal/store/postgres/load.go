package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"recoup/internal/reverse"
	"recoup/internal/store"
)

// asker sends a loader's questions in one round trip.
type asker struct {
	ctx   context.Context
	conn  *pgx.Conn
	brand int64
	trip  *pgx.Batch
}

func (a *asker) Ask(query string, read func(store.Row) error, args ...any) {
	a.trip.Queue(sql(query), append([]any{a.brand}, args...)...).Query(func(rows pgx.Rows) error { return each(rows, read) })
}

func (a *asker) Send() error {
	if a.trip.Len() == 0 {
		return nil
	}
	trip := a.trip
	a.trip = &pgx.Batch{}
	return a.conn.SendBatch(a.ctx, trip).Close()
}

// loader is a loader of one brand over one connection, with where the brand's books stood.
type loader struct {
	*store.Loader
	store *Store
	asker *asker
	head  head
}

// head is where a brand's books stood when the load began.
type head struct {
	seq     int64 // of the last operation
	memory  int64 // moves with every batch that remembers something
	version int64 // of the rules
}

func newLoader(ctx context.Context, s *Store, conn *pgx.Conn, brand int64, mode store.Mode, clock *int64) *loader {
	a := &asker{ctx: ctx, conn: conn, brand: brand, trip: &pgx.Batch{}}
	return &loader{Loader: store.NewLoader(a, mode, clock), store: s, asker: a}
}

// load reads everything that the keys lead to, behind what is queued already.
func (l *loader) load(keys *reverse.Keys, clock *int64) error {
	l.Ask("Head", func(r store.Row) error {
		l.head = head{seq: r.Int(0), memory: r.Int(1), version: r.Int(2)}
		l.Clock = r.Int(4)
		l.At = max(r.Int(3), l.Clock)
		return nil
	}, clock)
	if err := l.Load(keys); err != nil {
		return err
	}
	rules, err := l.store.brand(l.asker.ctx, l.asker.conn, l.asker.brand, l.head.version)
	if err == nil {
		l.Under(rules)
	}
	return err
}
