package sqlite

import (
	"context"

	"recoup/internal/reverse"
	"recoup/internal/store"
)

// asker answers a loader's questions at once: a look-up is a function call here.
type asker struct {
	c     *conn
	ctx   context.Context
	brand int64
	err   error // the first
}

func (a *asker) Ask(query string, read func(store.Row) error, args ...any) {
	if a.err == nil {
		a.err = a.c.query(a.ctx, query, read, append([]any{a.brand}, args...)...)
	}
}

func (a *asker) Send() error { return a.err }

// load reads everything that the keys lead to. The caller has opened a transaction.
func (s *Store) load(ctx context.Context, c *conn, brand string, keys *reverse.Keys, now int64) (*store.Loader, head, error) {
	h, err := c.head(ctx, brand)
	if err != nil {
		return nil, h, err
	}
	at := max(now, h.link.At)
	l := store.NewLoader(&asker{c: c, ctx: ctx, brand: h.serial}, store.Reading, &at)
	l.At, l.Clock = at, now
	rules, err := s.brand(ctx, c, &h)
	if err != nil {
		return l, h, err
	}
	l.Under(rules)
	return l, h, l.Load(keys)
}
