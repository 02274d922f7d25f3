package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// row is one row as it came over the wire, valid until the next. It is read without reflection: the statements say what type each
// column has, and a batch reads thousands.
type row struct {
	values [][]byte
	fields []pgconn.FieldDescription
}

// each reads every row of a result.
func each(rows pgx.Rows, read func(row) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := read(row{rows.RawValues(), rows.FieldDescriptions()}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// text is a text column, and how documents are read: parsers copy what they keep.
func (r row) bytes(i int) []byte { return r.values[i] }
func (r row) text(i int) string  { return string(r.values[i]) }
func (r row) binary(i int) bool  { return r.fields[i].Format == pgx.BinaryFormatCode }

// int is a column of any integer type. A transaction pooler's connections answer in text.
func (r row) int(i int) int64 {
	v := r.values[i]
	if !r.binary(i) {
		n, _ := strconv.ParseInt(string(v), 10, 64) // the server writes integers
		return n
	}
	switch len(v) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v)))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	}
	return int64(binary.BigEndian.Uint64(v))
}

func (r row) bool(i int) bool {
	v := r.values[i]
	if r.binary(i) {
		return v[0] != 0
	}
	return v[0] == 't'
}

// digest copies a bytea column into an array.
func (r row) digest(i int, to []byte) {
	v := r.values[i]
	if r.binary(i) {
		copy(to, v)
		return
	}
	_, _ = hex.Decode(to, v[min(2, len(v)):]) // \x and digits, as the server writes bytes
}
