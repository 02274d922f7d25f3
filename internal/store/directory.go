package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"recoup/internal/ledger"
	"recoup/internal/seal"
)

// A Tx is one transaction outside of batches. It runs statements by their names in the store's .sql files. Unlike a batch's, their first
// parameter is the brand only where the statement says so.
type Tx interface {
	Query(query string, read func(Row) error, args ...any) error
	Exec(statement string, args ...any) (rows int64, err error)
}

// Tables are the directory and the cursors over transactions, as both databases keep them. What Write has done is durable when it
// returns nil; an error of do undoes it.
type Tables struct {
	Read, Write func(ctx context.Context, do func(Tx) error) error
	Keys        seal.Keys // that encrypt secrets and peppers
}

// Snapshot reads the directory as of one moment.
func (t Tables) Snapshot(ctx context.Context) (*Snapshot, error) {
	snap := &Snapshot{}
	err := t.Read(ctx, func(tx Tx) error {
		return errors.Join(revision(tx, &snap.Revision), readAll(tx, t.Keys, "Brands", &snap.Brands),
			readAll(tx, t.Keys, "Apps", &snap.Apps), readAll(tx, t.Keys, "Sessions", &snap.Sessions))
	})
	if err != nil {
		return nil, err
	}
	return snap, nil
}

// Brands lists the ids of all brands.
func (t Tables) Brands(ctx context.Context) (ids []string, err error) {
	err = t.Read(ctx, func(tx Tx) error {
		return tx.Query("BrandIDs", func(r Row) error { ids = append(ids, r.Text(0)); return nil })
	})
	return ids, err
}

// readAll reads all rows of a query as plain JSON.
func readAll[T any](tx Tx, keys seal.Keys, query string, into *[]*T) error {
	return tx.Query(query, func(r Row) error {
		v, err := Reveal[T](keys, r.Bytes(0))
		*into = append(*into, v)
		return err
	})
}

// Revision is the directory's version.
func (t Tables) Revision(ctx context.Context) (n int64, err error) {
	err = t.Read(ctx, func(tx Tx) error { return revision(tx, &n) })
	return n, err
}

func revision(tx Tx, n *int64) error {
	return tx.Query("Revision", func(r Row) error { *n = r.Int(0); return nil })
}

// change writes to the directory and moves its revision, which has writers go one by one.
func (t Tables) change(ctx context.Context, do func(Tx) error) error {
	return t.Write(ctx, func(tx Tx) error {
		if _, err := tx.Exec("MoveRevision"); err != nil {
			return err
		}
		return do(tx)
	})
}

// PutBrand creates a brand or publishes new rules.
func (t Tables) PutBrand(ctx context.Context, b *ledger.Brand, by Author) error {
	next := *b
	err := t.change(ctx, func(tx Tx) error {
		next.Serial, next.Version = 0, 0
		err := tx.Query("Brand", func(r Row) error { next.Serial, next.Version = r.Int(0), r.Int(1); return nil }, b.ID)
		switch {
		case err != nil:
			return err
		case next.Serial == 0 && b.Version == 0:
			return t.create(tx, &next, by)
		case next.Serial == 0:
			return fmt.Errorf("%w: %q", ErrNoBrand, b.ID)
		case next.Version != b.Version:
			return fmt.Errorf("%w: brand %q is at version %d", ErrRetry, b.ID, next.Version)
		}
		before, err := single[ledger.Brand](tx, t.Keys, "Rules", next.Serial, next.Version)
		if err != nil {
			return err
		}
		next.Version++
		if _, err := tx.Exec("SetVersion", next.Serial, next.Version); err != nil {
			return err
		}
		return t.saveRules(tx, before, &next, by)
	})
	if err == nil {
		b.Serial, b.Version = next.Serial, next.Version
	}
	return err
}

// single reads the one document of a query, nil if there is none.
func single[T any](tx Tx, keys seal.Keys, query string, args ...any) (v *T, err error) {
	err = tx.Query(query, func(r Row) error {
		v, err = Reveal[T](keys, r.Bytes(0))
		return err
	}, args...)
	return v, err
}

// create adds a brand with empty books. A table is a statement of its own: on Citus some are distributed and some are not, and none
// may write both.
func (t Tables) create(tx Tx, b *ledger.Brand, by Author) error {
	if err := tx.Query("LastSerial", func(r Row) error { b.Serial, b.Version = r.Int(0)+1, 1; return nil }); err != nil {
		return err
	}
	if b.Serial > SerialMax {
		return ErrSerials
	}
	if _, err := tx.Exec("CreateBrand", b.Serial, b.ID); err != nil {
		return err
	}
	for _, table := range []string{"CreateCounter", "CreateHead"} {
		if _, err := tx.Exec(table, b.Serial); err != nil {
			return err
		}
	}
	return t.saveRules(tx, nil, b, by)
}

func (t Tables) saveRules(tx Tx, before, b *ledger.Brand, by Author) error {
	text, err := Conceal(t.Keys, b)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("SaveRules", b.Serial, b.Version, string(text)); err != nil {
		return err
	}
	return told(tx, by, "rules", RulesKey(b), before, b)
}

// told adds the entry of a change. A nil thing is none.
func told[T any](tx Tx, by Author, what, key string, before, after *T) error {
	var was, is any
	if before != nil {
		was = before
	}
	if after != nil {
		is = after
	}
	e, err := NewEntry(by, what, key, was, is)
	if err != nil {
		return err
	}
	return note(tx, e)
}

// PutApp writes an app.
func (t Tables) PutApp(ctx context.Context, a *App, by Author) error {
	return put(ctx, t, by, "app", "App", "SaveApp", a.Key, a)
}

// DeleteApp takes an app away.
func (t Tables) DeleteApp(ctx context.Context, key string, by Author) error {
	return put[App](ctx, t, by, "app", "App", "DeleteApp", key, nil)
}

// PutSession writes a session.
func (t Tables) PutSession(ctx context.Context, v *Session, by Author) error {
	return put(ctx, t, by, "session", "Session", "SaveSession", v.Digest, v)
}

// DeleteSession takes a session away; one that is not there is no error.
func (t Tables) DeleteSession(ctx context.Context, digest string, by Author) error {
	return put[Session](ctx, t, by, "session", "Session", "DeleteSession", digest, nil)
}

// put writes a document under its key, or deletes it, and tells the journal.
func put[T any](ctx context.Context, t Tables, by Author, what, query, statement, key string, v *T) error {
	args := []any{key}
	if v != nil {
		text, err := Conceal(t.Keys, v)
		if err != nil {
			return err
		}
		args = append(args, string(text))
	}
	return t.change(ctx, func(tx Tx) error {
		before, err := single[T](tx, t.Keys, query, key)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(statement, args...); err != nil {
			return err
		}
		return told(tx, by, what, key, before, v)
	})
}

// Probe writes what is there already, to see whether anything can be written.
func (t Tables) Probe(ctx context.Context) error {
	return t.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec("Probe")
		return err
	})
}

// clockAct is what the journal calls a word about the clock. It is kept nowhere else.
const clockAct = "clock"

// ClockWord reads the last word.
func (t Tables) ClockWord(ctx context.Context) (w ClockWord, err error) {
	err = t.Read(ctx, func(tx Tx) error { return clockWord(tx, &w) })
	return w, err
}

func clockWord(tx Tx, w *ClockWord) error {
	e, err := single[Entry](tx, nil, "LastOf", clockAct)
	if err == nil && e != nil {
		*w = e.ClockWord()
	}
	return err
}

// SayClock adds a word.
func (t Tables) SayClock(ctx context.Context, w *ClockWord, by Author) error {
	return t.change(ctx, func(tx Tx) error {
		e := w.Entry(by)
		if err := note(tx, e); err != nil {
			return err
		}
		*w = e.ClockWord()
		return nil
	})
}

// Entry is a word as the journal keeps it.
func (w *ClockWord) Entry(by Author) *Entry {
	by.At = w.At
	return &Entry{Author: by, What: clockAct, Key: strconv.FormatInt(w.Head, 10)}
}

// ClockWord is the word that an entry holds, none if it is another act.
func (e *Entry) ClockWord() ClockWord {
	if e.What != clockAct {
		return ClockWord{}
	}
	head, _ := strconv.ParseInt(e.Key, 10, 64) // as entry wrote it
	return ClockWord{N: e.N, At: e.At, Head: head, By: e.By, Why: e.Why}
}
