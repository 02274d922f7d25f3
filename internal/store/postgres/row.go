package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"recoup/internal/store"
)

// row is one row as it came over the wire, valid until the next. It is read without reflection: the statements say what type each
// column has, and a batch reads thousands.
type row struct {
	values [][]byte
	fields []pgconn.FieldDescription
}

// each reads every row of a result.
func each(rows pgx.Rows, read func(store.Row) error) error {
	defer rows.Close()
	r := &row{}
	for rows.Next() {
		r.values, r.fields = rows.RawValues(), rows.FieldDescriptions()
		if err := read(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r *row) binary(i int) bool { return r.fields[i].Format == pgx.BinaryFormatCode }

// Text copies a text column.
func (r *row) Text(i int) string { return string(r.values[i]) }

// Bytes is a text or bytea column. A transaction pooler's connections answer in text.
func (r *row) Bytes(i int) []byte {
	v := r.values[i]
	if r.binary(i) || r.fields[i].DataTypeOID != pgtype.ByteaOID || v == nil {
		return v
	}
	b, _ := hex.DecodeString(string(v[min(2, len(v)):])) // \x and digits, as the server writes bytes
	return b
}

// Int is a column of any integer type or a Boolean.
func (r *row) Int(i int) int64 {
	v := r.values[i]
	if !r.binary(i) {
		if len(v) == 1 && v[0] == 't' {
			return 1
		}
		n, _ := strconv.ParseInt(string(v), 10, 64) // the server writes integers
		return n
	}
	switch len(v) {
	case 1:
		return int64(v[0])
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v)))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	}
	return int64(binary.BigEndian.Uint64(v))
}
