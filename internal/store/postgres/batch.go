package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"recoup/internal/reverse"
	"recoup/internal/store"
)

// batch is one open transaction.
type batch struct {
	s      *Store
	conn   *pgxpool.Conn // nil when the batch has ended
	loaded *loader
	saved  bool
	token  string
}

// locksMax bounds how often a batch starts again because its keys lead beyond what it has locked.
const locksMax = 10

// Begin locks what the keys were resolved to and reads. When the keys turn out to lead further, it starts again with that too.
func (s *Store) Begin(ctx context.Context, brand string, keys *reverse.Keys, resolved *store.Resolved, now int64) (store.Batch, error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return nil, err
	}
	if resolved == nil {
		if resolved, err = s.Resolve(ctx, brand, keys); err != nil {
			return nil, err
		}
	}
	for range locksMax {
		t, err := s.lock(ctx, serial, keys, resolved, s.clock(now))
		if !errors.Is(err, store.ErrUnlocked) {
			return t, storeError(err)
		}
		resolved = t.(*batch).loaded.Resolved()
	}
	return nil, fmt.Errorf("%w: the keys lead further and further", store.ErrRetry)
}

// lock locks and reads. With ErrUnlocked the batch has ended, and its loader knows what the keys lead to.
func (s *Store) lock(ctx context.Context, serial int64, keys *reverse.Keys, r *store.Resolved, clock *int64) (store.Batch, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	t := &batch{s: s, conn: conn, loaded: newLoader(ctx, s, conn.Conn(), serial, store.Locked, clock)}
	s.begin(t.loaded.asker.trip)
	if s.distributed {
		t.loaded.asker.trip.Queue(stayPut, t.loaded.asker.brand)
	}
	t.loaded.Lock(r)
	if err := t.loaded.load(keys, clock); err != nil {
		t.Rollback()
		return t, err
	}
	return t, nil
}

func (t *batch) State() *reverse.State { return t.loaded.State }
func (t *batch) At() int64             { return t.loaded.At }
func (t *batch) Clock() int64          { return t.loaded.Clock }
func (t *batch) Token() string         { return t.token }

// Rollback gives the connection back.
func (t *batch) Rollback() {
	if t.conn == nil {
		return
	}
	rollback(t.conn.Conn())
	t.conn.Release()
	t.conn = nil
}

// Save writes the changes into the open transaction: one trip, the head last.
func (t *batch) Save(ctx context.Context) error {
	err := t.save(ctx)
	t.s.refused.Note(err)
	return err
}

func (t *batch) save(ctx context.Context) error {
	if t.conn == nil {
		return errors.New("postgres: batch has ended")
	}
	if t.loaded.State.Empty() {
		return nil
	}
	writes, err := t.loaded.Plan()
	if err != nil {
		return err
	}
	w := &saver{batch: t}
	for _, write := range writes {
		q := w.do(write.Statement, write.Columns...)
		if write.All {
			q.Exec(all(write.Rows))
		}
	}
	w.ops()
	w.planted()
	if err := w.send(ctx); err != nil {
		return storeError(err)
	}
	if err := w.overtaken(ctx); err != nil {
		return storeError(err)
	}
	t.saved = true
	return nil
}

// saver sends the statements of one Save.
type saver struct {
	*batch
	trip   pgx.Batch
	memory int64 // of the head, after
}

// do queues a statement of this brand.
func (w *saver) do(name string, args ...any) *pgx.QueuedQuery {
	return w.trip.Queue(sql(name), append([]any{w.loaded.asker.brand}, args...)...)
}

func (w *saver) send(ctx context.Context) error {
	trip := w.trip
	w.trip = pgx.Batch{}
	return w.conn.Conn().SendBatch(ctx, &trip).Close()
}

// all wants so many rows written: one that is missing is another's.
func all(n int) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != int64(n) {
			return fmt.Errorf("%w: %d rows of %d were there to be written", store.ErrRetry, tag.RowsAffected(), n)
		}
		return nil
	}
}

// ops appends the operations and one link, and moves the head.
func (w *saver) ops() {
	c := &w.loaded.State.Changes
	n := int64(len(c.Ops))
	columns, digest := store.OpColumns(c.Ops)
	moves := int64(0)
	if len(c.Tombs)+len(c.Refusals) > 0 {
		moves = 1
	}
	w.do("MoveHead", n, digest[:], w.loaded.At, moves).Query(func(rows pgx.Rows) error {
		return each(rows, func(r store.Row) error {
			link := store.Link{Last: r.Int(0)}
			for i, o := range c.Ops {
				o.Seq = link.Last - (n - 1 - int64(i))
			}
			w.memory = r.Int(1) - moves
			copy(link.Hash[:], r.Bytes(2))
			w.token = tokenOf(n > 0, link)
			return nil
		})
	})
	if n > 0 {
		w.do("SaveLink")
		w.do("SaveOps", append([]any{n}, columns...)...)
	}
}

// planted looks, behind the head, whether what this batch remembers came too late: an original or an answer that another batch booked
// after this one had read.
func (w *saver) planted() {
	c := &w.loaded.State.Changes
	late := func(rows pgx.Rows) error {
		return each(rows, func(store.Row) error {
			return fmt.Errorf("%w: booked while this batch was about to remember that it was not", store.ErrRetry)
		})
	}
	if len(c.Tombs) > 0 {
		var orders []string
		for _, v := range c.Tombs {
			orders = append(orders, v.Order)
		}
		w.do("Overtaken", orders, w.loaded.head.seq, int64(len(c.Ops))).Query(late)
	}
	if len(c.Refusals) > 0 {
		var requests [][]byte
		for _, r := range c.Refusals {
			requests = append(requests, r.Request[:])
		}
		w.do("Answered", requests, w.loaded.head.seq, int64(len(c.Ops))).Query(late)
	}
}

// overtaken looks whether another batch remembered something about what this one books, after this one had read. A tombstone and its
// original share no row: it is the head, which both must write, that tells the second of the first.
func (w *saver) overtaken(ctx context.Context) error {
	s := w.loaded.State
	if w.memory == w.loaded.head.memory || len(s.Changes.Ops) == 0 {
		return nil
	}
	var orders []string
	var requests [][]byte
	for _, o := range s.Changes.Ops {
		if o.Order != "" {
			orders = append(orders, o.Order)
		}
		if !o.Request.IsZero() {
			requests = append(requests, o.Request[:])
		}
	}
	w.do("TombsOfOrders", orders).Query(func(rows pgx.Rows) error {
		return each(rows, func(r store.Row) error {
			v, err := store.TombOf(r)
			if v.Until > w.loaded.At && s.Tombs[v.TombKey] == nil {
				err = fmt.Errorf("%w: a tombstone for order %s came in between", store.ErrRetry, v.Order)
			}
			return err
		})
	})
	w.do("RefusalsByRequest", requests).Query(func(rows pgx.Rows) error {
		return each(rows, func(r store.Row) error {
			v, err := store.RefusalOf(r)
			if err == nil && v.Until > w.loaded.At && s.Refusals[v.Request] == nil {
				err = fmt.Errorf("%w: the request was refused in between", store.ErrRetry)
			}
			return err
		})
	})
	return w.send(ctx)
}

// Commit returns when the server has made the transaction durable.
func (t *batch) Commit(ctx context.Context) error {
	err := t.commit(ctx)
	t.s.refused.Note(err)
	return err
}

func (t *batch) commit(ctx context.Context) error {
	if t.conn == nil {
		return errors.New("postgres: batch has ended")
	}
	defer t.Rollback()
	if !t.saved {
		return nil
	}
	tag, err := t.conn.Exec(ctx, "COMMIT")
	var e *pgconn.PgError
	switch {
	case err == nil && tag.String() == "COMMIT":
		return nil
	case err == nil:
		return fmt.Errorf("postgres: the transaction ended in %s", tag)
	case !t.s.citus && errors.As(err, &e) && e.Severity == "ERROR" && e.Code[:2] != "57": // the server refused, and goes on
		return storeError(err) // a coordinator says so, too, when it lost the worker that may have committed
	}
	return fmt.Errorf("%w: %w", store.ErrUnknown, err)
}

// tokenOf names a batch by its link, if it booked operations.
func tokenOf(linked bool, l store.Link) string {
	if !linked {
		return ""
	}
	return fmt.Sprintf("%d.%x", l.Last, l.Hash)
}
