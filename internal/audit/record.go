package audit

import (
	"bytes"
	"encoding/binary"
	"errors"

	"recoup/internal/ledger"
)

// A record is one line that an audit sorts: a section, a key that sorts as bytes, then values. The lines that an operation says of a
// thing and the row that the store keeps of it have the same key, with the row last, so that each thing is read as one group.
type record []byte

// A section is a kind of group.
type section byte

// The sections.
const (
	lotSection      section = iota + 1 // by account and lot: lines and pins of operations, pins of holds, the lot; then the account
	balanceSection                     // by account: what operations say it held after them
	historySection                     // by order: places of operations, pins, open holds
	reversalSection                    // by operation: what it took, and who gives it back
	voucherSection                     // by voucher: uses of operations, the voucher
	requestSection                     // by request key
	refundSection                      // by refund key
	orderSection                       // by WDK order: the operations that tell of it, the order, its reverses
	reverseSection                     // by WDK reverse: the operations that tell of it, the reverse
	printSection                       // by document: prints of operations, the print of the row
	nameSection                        // by name: whose it must be, the row
	subSection                         // by number of a sub-order: which order's it must be, the row
	dueSection                         // by member: when something ends, the row
)

// rowSeq sorts a store's row behind every operation.
const rowSeq int64 = 1<<63 - 1

// start begins a record in dst, which is used again.
func start(dst record, s section) record { return append(dst[:0], byte(s)) }

// text appends a key text: it may hold any byte and sorts as it does by itself.
func (r record) text(s string) record {
	for {
		i := indexZero(s)
		if i < 0 {
			return append(append(r, s...), 0, 0)
		}
		r = append(append(r, s[:i]...), 0, 0xff)
		s = s[i+1:]
	}
}

func indexZero(s string) int {
	for i := range len(s) {
		if s[i] == 0 {
			return i
		}
	}
	return -1
}

// number appends a key number ≥ 0; a negative one, which only damaged books hold, sorts behind.
func (r record) number(n int64) record { return binary.BigEndian.AppendUint64(r, uint64(n)) }

// id appends 16 bytes.
func (r record) id(id [16]byte) record { return append(r, id[:]...) }

// int appends a value.
func (r record) int(n int64) record { return binary.AppendVarint(r, n) }

// amounts appends values.
func (r record) amounts(a *[ledger.Kinds]ledger.Amount) record {
	for _, n := range a {
		r = r.int(int64(n))
	}
	return r
}

// A reader takes a record apart in the order it was made.
type reader struct {
	b    []byte
	bad  bool
	note func(*Divergence) // takes what was wrong before this record
}

// errRecord: the temporary files do not hold what was written to them.
var errRecord = errors.New("audit: a temporary file was damaged while the audit ran")

func (r *reader) cut(n int) []byte {
	if len(r.b) < n {
		r.bad, r.b = true, nil
		return make([]byte, n)
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

func (r *reader) byte() byte { return r.cut(1)[0] }

func (r *reader) number() int64 { return int64(binary.BigEndian.Uint64(r.cut(8))) }

func (r *reader) id() [16]byte { return [16]byte(r.cut(16)) }

func (r *reader) int() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) amount() ledger.Amount { return ledger.Amount(r.int()) }

func (r *reader) amounts() (a [ledger.Kinds]ledger.Amount) {
	for k := range a {
		a[k] = r.amount()
	}
	return a
}

// keyText takes the bytes of a key text, still spelt as in the record: good to compare, and to show by textOf.
func (r *reader) keyText() []byte {
	for i := 0; ; {
		n := bytes.IndexByte(r.b[min(i, len(r.b)):], 0)
		if n < 0 || i+n+1 >= len(r.b) {
			r.bad, r.b = true, nil
			return nil
		}
		if i += n; r.b[i+1] == 0 {
			text := r.b[:i]
			r.b = r.b[i+2:]
			return text
		}
		i += 2
	}
}

func (r *reader) text() string { return textOf(r.keyText()) }

func textOf(key []byte) string { return string(bytes.ReplaceAll(key, []byte{0, 0xff}, []byte{0})) }
