package store

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrDamaged: the database cannot read a part of itself. What lies behind it may still be read by another stream.
var ErrDamaged = errors.New("store: the database is damaged")

// A RowError is one row that cannot be read, or in which a column does not say what the body says. Its stream goes on behind it, for those who
// want that.
type RowError struct {
	Table, Key string
	Err        error
}

func (e *RowError) Error() string { return fmt.Sprintf("store: %s %s: %v", e.Table, e.Key, e.Err) }
func (e *RowError) Unwrap() error { return e.Err }

// rowOf reads one row, and says which one it was that failed.
func rowOf[T any](table string, key func(Row) string, read func(Row) (T, error)) func(Row) (T, error) {
	return func(r Row) (T, error) {
		v, err := read(r)
		if err != nil {
			err = &RowError{Table: table, Key: key(r), Err: err}
		}
		return v, err
	}
}

// A copied column holds again what the body says, to find the row by.
type copied struct {
	column int
	name   string
	body   any // int64, string, []byte or bool
}

// agree compares copies with their columns.
func agree(r Row, copies ...copied) error {
	for _, c := range copies {
		same, found := false, any(nil)
		switch want := c.body.(type) {
		case int64:
			found = r.Int(c.column)
			same = found == want
		case string:
			found = r.Text(c.column)
			same = found == want
		case []byte:
			b := r.Bytes(c.column)
			same, found = bytes.Equal(b, want), fmt.Sprintf("%x", b)
			c.body = fmt.Sprintf("%x", want)
		case bool:
			n := r.Int(c.column)
			found = n
			same = n == 1 && want || n == 0 && !want
		}
		if !same {
			return fmt.Errorf("column %s is %v, and the body says %v", c.name, found, c.body)
		}
	}
	return nil
}
