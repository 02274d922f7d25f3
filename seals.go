package recoup

import (
	"context"
	"log/slog"
	"time"

	"recoup/internal/auth"
	"recoup/internal/ledger"
	"recoup/internal/store"
)

// sealEvery is how often the ends of chains are sealed: what was booked longer ago cannot be made anew by who has the database alone.
const sealEvery = time.Second

// sealing is a store that can seal.
type sealing interface {
	Head(ctx context.Context, brand string) (store.Link, error)
	SealHead(ctx context.Context, b *ledger.Brand) (store.Link, error)
	SealJournal(ctx context.Context) error
}

// A sealer seals where chains and the journal stand, under a key that is not in the database. Without one there is nothing to do.
type sealer struct {
	store   sealing               // nil: there is no key
	links   map[string]store.Link // sealed, by brand
	journal int64                 // the directory's revision when the journal was sealed
}

// round seals what has moved.
func (s *sealer) round(ctx context.Context, d *auth.Directory) error {
	if s.store == nil {
		return nil
	}
	if revision := d.Revision(); revision != s.journal {
		if err := s.store.SealJournal(ctx); err != nil {
			return err
		}
		s.journal = revision
	}
	for _, id := range d.Brands() {
		l, err := s.store.Head(ctx, id)
		if err != nil {
			return err
		}
		if l.Last == s.links[id].Last {
			continue
		}
		if s.links[id], err = s.store.SealHead(ctx, d.Brand(id)); err != nil {
			return err
		}
	}
	return nil
}

// keepSeals seals until ctx ends.
func (n *Node) keepSeals(ctx context.Context) {
	defer close(n.sealed)
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		if err := n.seals.round(ctx, n.Auth.Current()); err != nil && ctx.Err() == nil {
			n.log.Warn("sealing", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
