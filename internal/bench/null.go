package bench

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// Null is a store that answers at once and keeps nothing: the limit of what gateway, api, core and queue can do. Every identifier names
// an unfrozen member with an empty card. The directory is a real one.
type Null struct {
	store.Store // the directory's owner; its books stay empty
	brands      map[string]*ledger.Brand
	next        atomic.Int64
}

// NewNull wraps an empty store, which gets the directory of measurements.
func NewNull(ctx context.Context, s store.Store) (*Null, error) {
	err := s.PutBrand(ctx, &ledger.Brand{ID: Brand, Name: Brand, Pepper: "bench", Shops: map[string]*ledger.Shop{Shop: {ID: Shop}}}, store.Author{})
	if err == nil {
		err = s.PutApp(ctx, &store.App{Key: AppKey, Name: "bench", Secrets: []string{Secret}, Methods: []string{"*"}, Brands: []string{Brand}}, store.Author{})
	}
	if err != nil {
		return nil, err
	}
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	n := &Null{Store: s, brands: map[string]*ledger.Brand{}}
	for _, b := range snap.Brands {
		n.brands[b.ID] = b
	}
	return n, nil
}

// Resolve leads nowhere.
func (n *Null) Resolve(context.Context, string, *reverse.Keys) (*store.Resolved, error) {
	return nil, nil
}

// Numbers hands out numbers from memory.
func (n *Null) Numbers(_ context.Context, _ string, count int64) (int64, error) {
	return n.next.Add(count) - count + 1, nil
}

// Begin makes the members the keys name.
func (n *Null) Begin(_ context.Context, brand string, keys *reverse.Keys, _ *store.Resolved, now int64) (store.Batch, error) {
	b := n.brands[brand]
	if b == nil {
		return nil, fmt.Errorf("%w: %s", store.ErrNoBrand, brand)
	}
	s := reverse.NewState(b)
	for id := range keys.Idents {
		m := &ledger.Member{ID: id.Text}
		s.PutMember(m)
		s.Idents[id] = m.ID
		a := &ledger.Account{ID: m.ID + "-1", Card: m.ID, Member: m.ID, Type: ledger.MemberCard}
		s.PutAccount(a)
		s.Complete[a.ID] = true
	}
	return &nullBatch{state: s, at: now}, nil
}

type nullBatch struct {
	state *reverse.State
	at    int64
}

func (b *nullBatch) State() *reverse.State        { return b.state }
func (b *nullBatch) At() int64                    { return b.at }
func (b *nullBatch) Clock() int64                 { return b.at }
func (b *nullBatch) Save(context.Context) error   { return nil }
func (b *nullBatch) Commit(context.Context) error { return nil }
func (b *nullBatch) Token() string                { return strconv.FormatInt(b.at, 10) }
func (b *nullBatch) Rollback()                    {}
