package memstore

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// AdvanceStep is the write of a follower. Its Hook answers as a commit's does.
const AdvanceStep Step = "advance"

// cursor is how far a follower is, and its own rows.
type cursor struct {
	epoch, seq, until int64
	owner             string
	rows              map[string]string
}

// MemberOps looks at every operation.
func (s *Store) MemberOps(_ context.Context, brand, member string, of ledger.Moves, before int64, limit int) ([]*ledger.Op, error) {
	return s.backwards(brand, before, limit, func(o *ledger.Op) bool { return o.Member == member && (of == 0 || o.Moves()&of != 0) })
}

// OrderOps looks at every operation.
func (s *Store) OrderOps(_ context.Context, brand, order string, before int64, limit int) ([]*ledger.Op, error) {
	return s.backwards(brand, before, limit, func(o *ledger.Op) bool { return o.Order == order })
}

// ReversesAt looks at every reverse.
func (s *Store) ReversesAt(_ context.Context, brand, at string, after store.ReverseRef, to int64, limit int) ([]store.ReverseRef, error) {
	return s.refs(brand, after, to, limit, func(r *reverse.Reverse) bool { return r.Store == at })
}

// ReversesIn looks at every reverse.
func (s *Store) ReversesIn(_ context.Context, brand string, status reverse.Status, after store.ReverseRef, to int64, limit int) ([]store.ReverseRef, error) {
	return s.refs(brand, after, to, limit, func(r *reverse.Reverse) bool { return r.Status == status })
}

func (s *Store) refs(brand string, after store.ReverseRef, to int64, limit int, is func(*reverse.Reverse) bool) ([]store.ReverseRef, error) {
	return read(s, brand, func(b *books) (refs []store.ReverseRef, err error) {
		for _, r := range b.reverses {
			if ref := (store.ReverseRef{At: r.At(), ID: r.ID}); is(r) && ref.Compare(after) > 0 && ref.At <= to {
				refs = append(refs, ref)
			}
		}
		slices.SortFunc(refs, store.ReverseRef.Compare)
		return refs[:min(len(refs), store.PageSize(limit))], nil
	})
}

func (s *Store) backwards(brand string, before int64, limit int, is func(*ledger.Op) bool) (ops []*ledger.Op, err error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return read(s, brand, func(b *books) ([]*ledger.Op, error) {
		for seq := min(before-1, int64(len(b.ops))); seq > 0 && len(ops) < store.PageSize(limit); seq-- {
			if o := b.ops[seq-1]; is(o) {
				ops = append(ops, clone(o))
			}
		}
		return ops, nil
	})
}

// OpsAfter takes a piece of the operations.
func (s *Store) OpsAfter(ctx context.Context, brand string, after int64, limit int) (ops []*ledger.Op, err error) {
	for o, err := range s.Ops(ctx, brand, after) {
		if err != nil {
			return nil, err
		}
		if ops = append(ops, o); len(ops) == store.PageSize(limit) {
			break
		}
	}
	return ops, nil
}

// SeqAt looks at every link.
func (s *Store) SeqAt(_ context.Context, brand string, at int64) (seq int64, err error) {
	return read(s, brand, func(b *books) (int64, error) {
		for _, l := range b.links {
			if l.At <= at {
				seq = l.Last
			}
		}
		return seq, nil
	})
}

// cursor finds a cursor. The caller holds mu.
func (s *Store) cursor(name, brand string) (*cursor, error) {
	b, err := s.brand(brand)
	if err != nil {
		return nil, err
	}
	if b.cursors[name] == nil {
		b.cursors[name] = &cursor{rows: map[string]string{}}
	}
	return b.cursors[name], nil
}

// Take leases a cursor.
func (s *Store) Take(ctx context.Context, name, brand, owner string, now, ttl int64) (l store.Lease, ok bool, err error) {
	err = s.write(ctx, PutStep, func() error {
		c, err := s.cursor(name, brand)
		if err != nil || c.owner != owner && c.until > now {
			return err
		}
		if c.owner != owner {
			c.epoch++
		}
		c.owner, c.until = owner, now+ttl
		l, ok = store.Lease{Name: name, Brand: brand, Epoch: c.epoch, Seq: c.seq}, true
		return nil
	})
	return l, ok, err
}

// Advance moves a cursor.
func (s *Store) Advance(ctx context.Context, l store.Lease, seq int64, write func(store.Rows) error) error {
	if seq <= l.Seq {
		return fmt.Errorf("memstore: cursor %s of brand %s is at %d and cannot go to %d", l.Name, l.Brand, l.Seq, seq)
	}
	return s.write(ctx, AdvanceStep, func() error {
		c, err := s.cursor(l.Name, l.Brand)
		if err != nil {
			return err
		}
		if c.epoch != l.Epoch || c.seq != l.Seq {
			return store.ErrLease
		}
		changed := rows(maps.Clone(c.rows))
		if err := write(changed); err != nil {
			return err
		}
		c.seq, c.rows = seq, changed
		return nil
	})
}

// rows are a follower's rows while they are changed.
type rows map[string]string

func (r rows) Put(key, body string) error {
	err := store.RowFits(key, body)
	if err == nil {
		r[key] = body
	}
	return err
}

func (r rows) Delete(key string) error {
	delete(r, key)
	return nil
}

func (r rows) Get(key string) (body string, ok bool, err error) {
	body, ok = r[key]
	return body, ok, nil
}

// FollowerRows reads a follower's rows.
func (s *Store) FollowerRows(_ context.Context, name, brand, from string, limit int) (list []store.FollowerRow, err error) {
	return read(s, brand, func(b *books) ([]store.FollowerRow, error) {
		c := b.cursors[name]
		if c == nil {
			return nil, nil
		}
		for _, key := range sorted(c.rows) {
			if key >= from && len(list) < store.PageSize(limit) {
				list = append(list, store.FollowerRow{Key: key, Body: c.rows[key]})
			}
		}
		return list, nil
	})
}
