package store

import (
	"context"
	"errors"
	"fmt"
)

// A Lease is the right of one process to follow a brand's operations under a name, such as "webhook", until it ends.
type Lease struct {
	Name  string
	Brand string
	Epoch int64 // grows each time the cursor changes hands
	Seq   int64 // up to here the brand has been followed
}

// ErrLease: the lease is another's by now. Nothing was written.
var ErrLease = errors.New("store: the cursor has changed hands")

// Cursors keep how far followers of the operations are. A follower's writes and its cursor move in one transaction, so every operation
// is followed exactly once, whichever process does it and whenever one crashes.
type Cursors interface {
	// Take leases the cursor of a name and brand for owner until now + ttl, both in milliseconds. A cursor that nobody took before starts at
	// 0. It answers false while another owner's lease runs. The owner itself may take it again and again, to prolong it: the epoch stays.
	Take(ctx context.Context, name, brand, owner string, now, ttl int64) (l Lease, ok bool, err error)
	// Advance moves the cursor to seq, which is above the lease's, together with what write does. ErrLease when another has taken the
	// cursor meanwhile or the lease is not as it stands, whether its time is over or not. It is durable when it returns nil, and then
	// the lease is to go on with seq.
	Advance(ctx context.Context, l Lease, seq int64, write func(Rows) error) error
	// FollowerRows reads what a follower has written, by key from one on, at most limit (as a History's).
	FollowerRows(ctx context.Context, name, brand, from string, limit int) ([]FollowerRow, error)
}

// Rows are a follower's own rows of one brand, within the transaction that moves its cursor. A body is at most RowMax bytes of UTF-8.
type Rows interface {
	Put(key, body string) error
	Delete(key string) error // one that is not there is no error
	Get(key string) (body string, ok bool, err error)
}

// A FollowerRow is a row that a follower wrote.
type FollowerRow struct{ Key, Body string }

// RowMax is how long a follower's row may be, in bytes.
const RowMax = 1 << 20

// Take leases a cursor.
func (t Tables) Take(ctx context.Context, name, brand, owner string, now, ttl int64) (l Lease, ok bool, err error) {
	err = t.Write(ctx, func(tx Tx) error {
		l, ok = Lease{Name: name, Brand: brand}, true
		serial, err := serialOf(tx, brand)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("NewCursor", serial, name); err != nil { // if there is none
			return err
		}
		var holder string
		var until int64
		if err := tx.Query("Cursor", func(r Row) error {
			l.Epoch, l.Seq, holder, until = r.Int(0), r.Int(1), r.Text(2), r.Int(3)
			return nil
		}, serial, name); err != nil {
			return err
		}
		switch {
		case holder == owner:
		case until > now:
			ok = false
			return nil
		default:
			l.Epoch++
		}
		_, err = tx.Exec("LeaseCursor", serial, name, l.Epoch, owner, now+ttl)
		return err
	})
	if err != nil || !ok {
		return Lease{}, false, err
	}
	return l, true, nil
}

// Advance moves a cursor.
func (t Tables) Advance(ctx context.Context, l Lease, seq int64, write func(Rows) error) error {
	if seq <= l.Seq {
		return fmt.Errorf("store: cursor %s of brand %s is at %d and cannot go to %d", l.Name, l.Brand, l.Seq, seq)
	}
	return t.Write(ctx, func(tx Tx) error {
		serial, err := serialOf(tx, l.Brand)
		if err != nil {
			return err
		}
		// First, so that it waits for another process that is taking the cursor.
		n, err := tx.Exec("AdvanceCursor", serial, l.Name, l.Epoch, l.Seq, seq)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrLease
		}
		return write(rows{tx, serial, l.Name})
	})
}

func serialOf(tx Tx, brand string) (serial int64, err error) {
	err = tx.Query("Brand", func(r Row) error { serial = r.Int(0); return nil }, brand)
	if err == nil && serial == 0 {
		err = fmt.Errorf("%w: %q", ErrNoBrand, brand)
	}
	return serial, err
}

// rows are Rows over a transaction.
type rows struct {
	tx    Tx
	brand int64
	name  string
}

func (w rows) Put(key, body string) error {
	if err := RowFits(key, body); err != nil {
		return err
	}
	_, err := w.tx.Exec("PutRow", w.brand, w.name, key, body)
	return err
}

// RowFits refuses what no store may keep as a follower's row.
func RowFits(key, body string) error {
	if key == "" || len(key) > 512 || len(body) > RowMax {
		return fmt.Errorf("store: a follower's row needs a key of 1 to 512 bytes and at most %d bytes of body; %q has %d", RowMax, key, len(body))
	}
	return nil
}

func (w rows) Delete(key string) error {
	_, err := w.tx.Exec("DeleteRow", w.brand, w.name, key)
	return err
}

func (w rows) Get(key string) (body string, ok bool, err error) {
	err = w.tx.Query("GetRow", func(r Row) error { body, ok = r.Text(0), true; return nil }, w.brand, w.name, key)
	return body, ok, err
}

// FollowerRows reads a follower's rows.
func (t Tables) FollowerRows(ctx context.Context, name, brand, from string, limit int) (list []FollowerRow, err error) {
	err = t.Read(ctx, func(tx Tx) error {
		serial, err := serialOf(tx, brand)
		if err != nil {
			return err
		}
		return tx.Query("FollowerRows", func(r Row) error {
			list = append(list, FollowerRow{r.Text(0), r.Text(1)})
			return nil
		}, serial, name, from, int64(PageSize(limit)))
	})
	return list, err
}
