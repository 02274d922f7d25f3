package store

import (
	"context"
	"errors"
	"sync/atomic"
)

// Refused remembers that a write was refused, so that one is tried before anybody is sent to this store again.
type Refused struct{ last atomic.Bool }

// Note takes how a write ended.
func (r *Refused) Note(err error) {
	if errors.Is(err, ErrRefused) {
		r.last.Store(true)
	}
}

// Writable says why a write would be refused, nil if none was: probe tries one.
func (r *Refused) Writable(ctx context.Context, probe func(context.Context) error) error {
	if !r.last.Load() {
		return nil
	}
	err := probe(ctx)
	if err == nil {
		r.last.Store(false)
	}
	return err
}
