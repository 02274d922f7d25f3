package sqlite

import (
	"context"
	"errors"
	"fmt"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// Snapshot reads the directory as of one moment.
func (s *Store) Snapshot(ctx context.Context) (snap *store.Snapshot, err error) {
	err = s.read(func(q *reads) error {
		snap = &store.Snapshot{}
		if snap.Revision, err = q.revision(); err != nil {
			return err
		}
		if snap.Brands, err = documents[ledger.Brand](ctx, q.Brands); err != nil {
			return err
		}
		if snap.Apps, err = documents[store.App](ctx, q.Apps); err != nil {
			return err
		}
		snap.Sessions, err = documents[store.Session](ctx, q.Sessions)
		return err
	})
	return snap, err
}

// documents reads all rows of a query as plain JSON.
func documents[T any](ctx context.Context, q *stmt) (list []*T, err error) {
	err = q.each(ctx, func() error {
		v, err := store.Decode[T](q.columnBytes(0))
		list = append(list, v)
		return err
	})
	return list, err
}

// Revision is the directory's version.
func (s *Store) Revision(context.Context) (revision int64, err error) {
	err = s.read(func(q *reads) error {
		revision, err = q.revision()
		return err
	})
	return revision, err
}

func (q *reads) revision() (n int64, err error) {
	if _, err = q.Revision.step(); err == nil {
		n = q.Revision.columnInt(0)
		q.Revision.reset()
	}
	return n, err
}

// PutBrand creates a brand or publishes new rules.
func (s *Store) PutBrand(ctx context.Context, b *ledger.Brand) error {
	next := *b
	err := s.change(ctx, func(w *writes) error {
		h, err := w.head(b.ID)
		switch {
		case errors.Is(err, store.ErrNoBrand) && b.Version == 0:
			return w.createBrand(&next)
		case err != nil:
			return err
		case h.version != b.Version:
			return fmt.Errorf("%w: brand %q is at version %d", store.ErrRetry, b.ID, h.version)
		}
		next.Serial, next.Version = h.serial, h.version+1
		w.SetVersion.int(1, next.Serial)
		w.SetVersion.int(2, next.Version)
		if err := w.SetVersion.run(); err != nil {
			return err
		}
		return w.saveRules(&next)
	})
	if err == nil {
		b.Serial, b.Version = next.Serial, next.Version
	}
	return err
}

func (w *writes) createBrand(b *ledger.Brand) error {
	if _, err := w.LastSerial.step(); err != nil {
		return err
	}
	b.Serial, b.Version = w.LastSerial.columnInt(0)+1, 1
	w.LastSerial.reset()
	if b.Serial > store.SerialMax {
		return store.ErrSerials
	}
	w.CreateBrand.int(1, b.Serial)
	w.CreateBrand.text(2, b.ID)
	if err := w.CreateBrand.run(); err != nil {
		return err
	}
	return w.saveRules(b)
}

func (w *writes) saveRules(b *ledger.Brand) error {
	text, err := store.Encode(b)
	if err != nil {
		return err
	}
	w.SaveRules.int(1, b.Serial)
	w.SaveRules.int(2, b.Version)
	w.SaveRules.document(3, text)
	return w.SaveRules.run()
}

// PutApp writes an app.
func (s *Store) PutApp(ctx context.Context, a *store.App) error {
	return s.change(ctx, func(w *writes) error { return put(w.SaveApp, a.Key, a) })
}

// PutSession writes a session.
func (s *Store) PutSession(ctx context.Context, v *store.Session) error {
	return s.change(ctx, func(w *writes) error { return put(w.SaveSession, v.Token, v) })
}

func put(q *stmt, key string, v any) error {
	text, err := store.Encode(v)
	if err != nil {
		return err
	}
	q.text(1, key)
	q.document(2, text)
	return q.run()
}

// DeleteSession takes a session away; one that is not there is no error.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	return s.change(ctx, func(w *writes) error {
		w.DeleteSession.text(1, token)
		return w.DeleteSession.run()
	})
}

// change writes to the directory and moves its revision.
func (s *Store) change(ctx context.Context, do func(*writes) error) error {
	return s.write(ctx, func(w *writes) error {
		if err := do(w); err != nil {
			return err
		}
		return w.MoveRevision.run()
	})
}
