package postgres

import (
	"context"
	"encoding/binary"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// arrays writes slices as one-dimensional arrays in the binary format. The driver's own way boxes every element, and a batch has
// thousands of them; what is no []T is left to it.
type arrays[T any] struct {
	pgtype.Codec
	element uint32                       // the type of the elements
	append  func(buf []byte, v T) []byte // with its length before it
}

// PlanEncode chooses how a parameter is written.
func (a *arrays[T]) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.([]T); ok && format == pgtype.BinaryFormatCode {
		return a
	}
	return a.Codec.PlanEncode(m, oid, format, value)
}

// Encode appends the array: dimensions, whether it may hold NULL, the type, length and lower bound, then the elements.
func (a *arrays[T]) Encode(value any, buf []byte) ([]byte, error) {
	list := value.([]T)
	if list == nil {
		return nil, nil
	}
	dimensions := uint32(1)
	if len(list) == 0 {
		dimensions = 0
	}
	buf = binary.BigEndian.AppendUint32(buf, dimensions)
	buf = binary.BigEndian.AppendUint32(buf, 1)
	buf = binary.BigEndian.AppendUint32(buf, a.element)
	if len(list) == 0 {
		return buf, nil
	}
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(list)))
	buf = binary.BigEndian.AppendUint32(buf, 1)
	for _, v := range list {
		buf = a.append(buf, v)
	}
	return buf, nil
}

// null is the length of an element that is not there.
const null = 0xffffffff

func appendText(buf []byte, v string) []byte {
	return append(binary.BigEndian.AppendUint32(buf, uint32(len(v))), v...)
}

func appendBytes(buf, v []byte) []byte {
	if v == nil {
		return binary.BigEndian.AppendUint32(buf, null)
	}
	return append(binary.BigEndian.AppendUint32(buf, uint32(len(v))), v...)
}

func appendInt2(buf []byte, v int16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(buf, 2), uint16(v))
}

func appendInt4(buf []byte, v int32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(buf, 4), uint32(v))
}

func appendInt8(buf []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(buf, 8), uint64(v))
}

// learnArrays has a new connection write arrays our way.
func learnArrays(_ context.Context, c *pgx.Conn) error {
	m := c.TypeMap()
	learn(m, "_text", pgtype.TextArrayOID, pgtype.TextOID, appendText)
	learn(m, "_bytea", pgtype.ByteaArrayOID, pgtype.ByteaOID, appendBytes)
	learn(m, "_int2", pgtype.Int2ArrayOID, pgtype.Int2OID, appendInt2)
	learn(m, "_int4", pgtype.Int4ArrayOID, pgtype.Int4OID, appendInt4)
	learn(m, "_int8", pgtype.Int8ArrayOID, pgtype.Int8OID, appendInt8)
	return nil
}

func learn[T any](m *pgtype.Map, name string, oid, element uint32, add func([]byte, T) []byte) {
	t, _ := m.TypeForOID(oid) // the driver knows all of these
	m.RegisterType(&pgtype.Type{Name: name, OID: oid, Codec: &arrays[T]{Codec: t.Codec, element: element, append: add}})
}
