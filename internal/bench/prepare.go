package bench

import (
	"context"
	"errors"
	"time"

	"recoup/internal/reverse"
	"recoup/internal/store"
)

// Prepare puts the directory of a measurement into an empty store, and members with 100 yuan each.
func Prepare(ctx context.Context, s store.Store, members int64) error {
	return Fill(ctx, s, NewWorld(members, members), nil)
}

// Fill puts a world into an empty store. One that takes no imports takes only worlds of one operation a member. progress may be nil.
func Fill(ctx context.Context, s store.Store, w *World, progress func(what string, n int64)) error {
	if to, ok := s.(store.Importer); ok {
		if err := to.Import(ctx, w, progress); !errors.Is(err, store.ErrNoImport) {
			return err
		}
	}
	if w.length > w.size {
		return errors.New("bench: this store cannot take a history")
	}
	return w.save(ctx, s)
}

// saveMembers is how many members are saved at once.
const saveMembers = 1000

// save puts a world in which every member has one operation into a store that takes no imports.
func (w *World) save(ctx context.Context, s store.Store) error {
	b, app := brandOf(), App
	b.Version = 0
	if err := s.PutBrand(ctx, b); err != nil {
		return err
	}
	if err := s.PutApp(ctx, &app); err != nil {
		return err
	}
	if _, err := s.Numbers(ctx, Brand, max(1, 2*w.size)); err != nil {
		return err
	}
	for first := int64(0); first < w.size; first += saveMembers {
		if err := w.saveSome(ctx, s, first, min(first+saveMembers, w.size)); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) saveSome(ctx context.Context, s store.Store, first, end int64) error {
	b, err := s.Begin(ctx, Brand, reverse.NewKeys(), nil, time.Now().UnixMilli())
	if err != nil {
		return err
	}
	defer b.Rollback()
	state := b.State()
	for i := first; i < end; i++ {
		m := w.memberAt(i)
		state.PutMember(m)
		state.Changes.Members.Add(m)
		for _, a := range w.accounts(i) {
			state.PutAccount(a)
			state.Changes.Accounts.Add(a)
		}
		state.Changes.Lots.Add(w.lot(i, 1))
		state.Changes.Ops = append(state.Changes.Ops, w.operation(i))
	}
	if err := b.Save(ctx); err != nil {
		return err
	}
	return b.Commit(ctx)
}
