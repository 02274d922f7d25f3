package ledger

import (
	"encoding/base32"
	"encoding/binary"
)

// ID names an operation: 48 bits of milliseconds, 48 bits of batch salt, 32 bits of position in the batch.
// It sorts by time and is unique without asking the database.
type ID [16]byte

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// String is the wire form: 26 lower-case characters (Crockford's alphabet).
func (id ID) String() string { return idText.EncodeToString(id[:]) }

// Append appends the wire form.
func (id ID) Append(dst []byte) []byte { return idText.AppendEncode(dst, id[:]) }

// At is the stamp of the batch that made the operation, in milliseconds since 1970.
func (id ID) At() int64 { return int64(binary.BigEndian.Uint64(id[0:8]) >> 16) }

// IsZero reports whether the id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads the wire form.
func ParseID(s string) (ID, bool) {
	var id ID
	if len(s) != 26 {
		return id, false
	}
	b, err := idText.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return ID{}, false
	}
	copy(id[:], b)
	if id.String() != s { // the last character holds two bits too many: one id has one text
		return ID{}, false
	}
	return id, true
}

// Digest is a 16-byte key of a text that must be found again but need not be read again:
// a request key, a refund key, the content of a request, an identifier sent with a call.
type Digest [16]byte

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// Stamp is the moment and the source of names of one batch. The engine makes one per batch and the core
// sees nothing else of the world, so that replays and simulations agree to the last byte.
type Stamp struct {
	At   int64        // milliseconds since 1970, UTC; never below the brand's last stamp
	Salt uint64       // 48 random bits that keep the ids of two processes apart
	Next func() int64 // the brand's next issued number (members, cards, vouchers, WDK numbers), ≤ 2^53-1
	used uint32
}

// NewID returns the next operation id of this batch.
func (s *Stamp) NewID() ID {
	var id ID
	binary.BigEndian.PutUint64(id[0:8], uint64(s.At)<<16|s.Salt>>32&0xffff)
	binary.BigEndian.PutUint32(id[8:12], uint32(s.Salt))
	binary.BigEndian.PutUint32(id[12:16], s.used)
	s.used++
	return id
}
