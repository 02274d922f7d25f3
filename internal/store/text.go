package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"recoup/internal/ledger"
)

// writer appends compact JSON to b. A field of an object with a zero value leaves no trace, and every value has one spelling
// only: equal things have equal texts, so that a text can be hashed.
type writer struct{ b []byte }

func (w *writer) object(fields func()) {
	w.b = append(w.b, '{')
	fields()
	w.b = append(w.b, '}')
}

// comma separates what follows from an earlier neighbour in the same object or array.
func (w *writer) comma() {
	switch w.b[len(w.b)-1] {
	case '{', '[', ':':
	default:
		w.b = append(w.b, ',')
	}
}

func (w *writer) name(n string) {
	w.comma()
	w.b = append(w.b, '"')
	w.b = append(w.b, n...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) text(n, v string) {
	if v != "" {
		w.name(n)
		w.quote(v)
	}
}

func (w *writer) int(n string, v int64) {
	if v != 0 {
		w.name(n)
		w.b = strconv.AppendInt(w.b, v, 10)
	}
}

func (w *writer) bool(n string, v bool) {
	if v {
		w.name(n)
		w.b = append(w.b, "true"...)
	}
}

func (w *writer) id(n string, v ledger.ID) {
	if !v.IsZero() {
		w.name(n)
		w.b = append(v.Append(append(w.b, '"')), '"')
	}
}

func (w *writer) digest(n string, v ledger.Digest) {
	if !v.IsZero() {
		w.name(n)
		w.hex(v)
	}
}

func (w *writer) hex(v ledger.Digest) {
	w.b = append(w.b, '"')
	w.b = hex.AppendEncode(w.b, v[:])
	w.b = append(w.b, '"')
}

func (w *writer) lot(n string, v ledger.LotID) {
	if v != (ledger.LotID{}) {
		w.name(n)
		w.quote(v.Account)
		w.b = append(w.b[:len(w.b)-1], '#')
		w.b = strconv.AppendInt(w.b, v.N, 10)
		w.b = append(w.b, '"')
	}
}

// sums writes figures, nothing when all are zero.
func (w *writer) sums(n string, v *[ledger.Kinds]ledger.Amount) {
	if *v != [ledger.Kinds]ledger.Amount{} {
		w.name(n)
		w.figures(v)
	}
}

// figures writes one figure a kind up to the last that is not zero.
func (w *writer) figures(v *[ledger.Kinds]ledger.Amount) {
	w.b = append(w.b, '[')
	kinds := len(v)
	for kinds > 0 && v[kinds-1] == 0 {
		kinds--
	}
	for _, a := range v[:kinds] {
		w.comma()
		w.b = strconv.AppendInt(w.b, int64(a), 10)
	}
	w.b = append(w.b, ']')
}

// list writes an array, nothing when it is empty.
func list[T any](w *writer, n string, xs []T, item func(*T)) {
	if len(xs) == 0 {
		return
	}
	w.name(n)
	w.b = append(w.b, '[')
	for i := range xs {
		w.comma()
		item(&xs[i])
	}
	w.b = append(w.b, ']')
}

const hexDigits = "0123456789abcdef"

// quote writes a JSON string. Bytes that are not UTF-8 pass through as they are: what was stored comes back.
func (w *writer) quote(s string) {
	w.b = append(w.b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		w.b = append(w.b, s[from:i]...)
		from = i + 1
		if c == '"' || c == '\\' {
			w.b = append(w.b, '\\', c)
		} else {
			w.b = append(w.b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	w.b = append(w.b, s[from:]...)
	w.b = append(w.b, '"')
}

// scanner reads what writer wrote, and only that: no blanks, no unknown fields, no floats. Texts without escapes share the
// memory of the whole. After the first error it reads zero values to the end.
type scanner struct {
	s   string
	i   int
	err error
}

var errText = errors.New("store: damaged text")

func (r *scanner) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w at byte %d: %s", errText, r.i, what)
		r.i = len(r.s)
	}
}

// end is the error of the whole text: the first one, or that something follows.
func (r *scanner) end() error {
	if r.err == nil && r.i != len(r.s) {
		r.fail("something follows")
	}
	return r.err
}

func (r *scanner) accept(c byte) bool {
	if r.i < len(r.s) && r.s[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *scanner) expect(c byte) {
	if !r.accept(c) {
		r.fail("want " + string(c))
	}
}

// fields ranges over the names of an object; the body of the loop reads each value.
func (r *scanner) fields(yield func(string) bool) {
	r.expect('{')
	if r.err != nil || r.accept('}') {
		return
	}
	for {
		name := r.text()
		r.expect(':')
		if r.err != nil || !yield(name) || r.err != nil {
			return
		}
		if !r.accept(',') {
			r.expect('}')
			return
		}
	}
}

// items ranges over an array; the body of the loop reads each value.
func (r *scanner) items(yield func(int) bool) {
	r.expect('[')
	if r.err != nil || r.accept(']') {
		return
	}
	for n := 0; ; n++ {
		if !yield(n) || r.err != nil {
			return
		}
		if !r.accept(',') {
			r.expect(']')
			return
		}
	}
}

func (r *scanner) unknown(name string) { r.fail("unknown field " + strconv.Quote(name)) }

func (r *scanner) text() string {
	r.expect('"')
	if r.err != nil {
		return ""
	}
	from := r.i
	for ; r.i < len(r.s); r.i++ {
		switch c := r.s[r.i]; {
		case c == '"':
			r.i++
			return r.s[from : r.i-1]
		case c == '\\':
			return r.escaped(from)
		case c < ' ':
			r.fail("control character")
			return ""
		}
	}
	r.fail("text does not end")
	return ""
}

// escaped reads on from the first backslash of a text.
func (r *scanner) escaped(from int) string {
	var b strings.Builder
	b.WriteString(r.s[from:r.i])
	for r.i < len(r.s) {
		c := r.s[r.i]
		r.i++
		if c == '"' {
			return b.String()
		}
		if c != '\\' {
			b.WriteByte(c)
			continue
		}
		if r.i >= len(r.s) {
			break
		}
		c = r.s[r.i]
		r.i++
		switch c {
		case '"', '\\', '/':
			b.WriteByte(c)
		case 'u':
			if r.i+4 > len(r.s) {
				break
			}
			n, err := strconv.ParseUint(r.s[r.i:r.i+4], 16, 16)
			if err != nil || n >= utf8.RuneSelf {
				r.fail("bad escape")
				return ""
			}
			b.WriteByte(byte(n))
			r.i += 4
		default:
			r.fail("bad escape")
			return ""
		}
	}
	r.fail("text does not end")
	return ""
}

func (r *scanner) int() int64 {
	from := r.i
	for r.i < len(r.s) && (r.s[r.i] == '-' || r.s[r.i] >= '0' && r.s[r.i] <= '9') {
		r.i++
	}
	n, err := strconv.ParseInt(r.s[from:r.i], 10, 64)
	if err != nil {
		r.fail("not a whole number")
	}
	return n
}

// small reads a number from 0 to limit.
func (r *scanner) small(limit int64) int64 {
	n := r.int()
	if n < 0 || n > limit {
		r.fail("number out of range")
		return 0
	}
	return n
}

func (r *scanner) bool() bool {
	if !strings.HasPrefix(r.s[r.i:], "true") {
		r.fail("want true")
		return false
	}
	r.i += len("true")
	return true
}

func (r *scanner) id() ledger.ID {
	s := r.text()
	id, ok := ledger.ParseID(s)
	if !ok {
		r.fail("not an id")
	}
	return id
}

func (r *scanner) digest() ledger.Digest {
	var d ledger.Digest
	s := r.text()
	if len(s) != 2*len(d) {
		r.fail("not a digest")
		return d
	}
	for i := range d {
		hi, lo := unhex(s[2*i]), unhex(s[2*i+1])
		if hi|lo > 15 {
			r.fail("not a digest")
			return d
		}
		d[i] = hi<<4 | lo
	}
	return d
}

// unhex is the value of a hexadecimal digit as writer writes it, above 15 if it is none.
func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

func (r *scanner) lot() ledger.LotID {
	s := r.text()
	at := strings.LastIndexByte(s, '#')
	if at < 0 {
		r.fail("not a lot")
		return ledger.LotID{}
	}
	n, err := strconv.ParseInt(s[at+1:], 10, 64)
	if err != nil {
		r.fail("not a lot")
	}
	return ledger.LotID{Account: s[:at], N: n}
}

func (r *scanner) sums() [ledger.Kinds]ledger.Amount {
	v := r.figures()
	if v == [ledger.Kinds]ledger.Amount{} {
		r.fail("no figures")
	}
	return v
}

func (r *scanner) figures() (v [ledger.Kinds]ledger.Amount) {
	n := 0
	for i := range r.items {
		if n++; n > len(v) {
			r.fail("too many kinds")
			break
		}
		v[i] = ledger.Amount(r.int())
	}
	if n > 0 && n <= len(v) && v[n-1] == 0 {
		r.fail("figures that end with a zero")
	}
	return v
}
