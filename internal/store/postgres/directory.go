package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// Snapshot reads the directory as of one moment.
func (s *Store) Snapshot(ctx context.Context) (*store.Snapshot, error) {
	snap := &store.Snapshot{}
	err := s.transaction(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		if err = tx.QueryRow(ctx, sql.Revision).Scan(&snap.Revision); err != nil {
			return err
		}
		if snap.Brands, err = documents[ledger.Brand](ctx, tx, sql.Brands); err != nil {
			return err
		}
		if snap.Apps, err = documents[store.App](ctx, tx, sql.Apps); err != nil {
			return err
		}
		snap.Sessions, err = documents[store.Session](ctx, tx, sql.Sessions)
		return err
	})
	if err != nil {
		return nil, err
	}
	return snap, nil
}

// documents reads all rows of a query as plain JSON.
func documents[T any](ctx context.Context, tx pgx.Tx, query string) (list []*T, err error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	err = each(rows, func(r row) error {
		v, err := store.Decode[T](r.bytes(0))
		list = append(list, v)
		return err
	})
	return list, err
}

// Revision is the directory's version.
func (s *Store) Revision(ctx context.Context) (n int64, err error) {
	return n, told(s.pool.QueryRow(ctx, sql.Revision).Scan(&n))
}

// PutBrand creates a brand or publishes new rules.
func (s *Store) PutBrand(ctx context.Context, b *ledger.Brand) error {
	next := *b
	err := s.change(ctx, func(tx pgx.Tx) error {
		var version int64
		err := tx.QueryRow(ctx, sql.Brand, b.ID).Scan(&next.Serial, &version)
		switch {
		case errors.Is(err, pgx.ErrNoRows) && b.Version == 0:
			return createBrand(ctx, tx, &next)
		case errors.Is(err, pgx.ErrNoRows):
			return fmt.Errorf("%w: %q", store.ErrNoBrand, b.ID)
		case err != nil:
			return err
		case version != b.Version:
			return fmt.Errorf("%w: brand %q is at version %d", store.ErrRetry, b.ID, version)
		}
		next.Version = version + 1
		if _, err := tx.Exec(ctx, sql.SetVersion, next.Serial, next.Version); err != nil {
			return err
		}
		return saveRules(ctx, tx, &next)
	})
	if err == nil {
		b.Serial, b.Version = next.Serial, next.Version
	}
	return err
}

// createBrand writes a table a statement: on Citus the directory is on every machine and the books are distributed, and no statement may
// write both.
func createBrand(ctx context.Context, tx pgx.Tx, b *ledger.Brand) error {
	var last int64
	if err := tx.QueryRow(ctx, sql.LastSerial).Scan(&last); err != nil {
		return err
	}
	b.Serial, b.Version = last+1, 1
	if b.Serial > store.SerialMax {
		return store.ErrSerials
	}
	if _, err := tx.Exec(ctx, sql.CreateBrand, b.Serial, b.ID); err != nil {
		return err
	}
	for _, statement := range []string{sql.CreateCounter, sql.CreateHead} {
		if _, err := tx.Exec(ctx, statement, b.Serial); err != nil {
			return err
		}
	}
	return saveRules(ctx, tx, b)
}

func saveRules(ctx context.Context, tx pgx.Tx, b *ledger.Brand) error {
	text, err := store.Encode(b)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, sql.SaveRules, b.Serial, b.Version, string(text))
	return err
}

// PutApp writes an app.
func (s *Store) PutApp(ctx context.Context, a *store.App) error {
	return s.put(ctx, sql.SaveApp, a.Key, a)
}

// PutSession writes a session.
func (s *Store) PutSession(ctx context.Context, v *store.Session) error {
	return s.put(ctx, sql.SaveSession, v.Token, v)
}

func (s *Store) put(ctx context.Context, statement, key string, v any) error {
	text, err := store.Encode(v)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, statement, key, string(text))
		return err
	})
}

// DeleteSession takes a session away; one that is not there is no error.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql.DeleteSession, token)
		return err
	})
}

// change writes to the directory and moves its revision, one writer at a time.
func (s *Store) change(ctx context.Context, do func(pgx.Tx) error) error {
	return s.transaction(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sql.MoveRevision); err != nil {
			return err
		}
		return do(tx)
	})
}

func (s *Store) transaction(ctx context.Context, o pgx.TxOptions, do func(pgx.Tx) error) error {
	return told(pgx.BeginTxFunc(ctx, s.pool, o, func(tx pgx.Tx) error {
		if s.opts.PgBouncer && o.AccessMode != pgx.ReadOnly {
			if _, err := tx.Exec(ctx, sql.SetLocal, s.names, s.values); err != nil {
				return err
			}
		}
		return do(tx)
	}))
}
