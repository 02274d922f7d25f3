package store

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"recoup/internal/ledger"
)

// A codec writes compact JSON, or reads it back. A type says its fields once, in a function that visits each: run by a codec that
// writes, it appends them, run by one that reads, it sets them. So no field can be forgotten on one side.
//
// A field with a zero value leaves no trace, and every value has one spelling only: equal things have equal texts, so that a text
// can be hashed. Only that spelling is read: no blanks, no fields that are unknown or out of order, no floats. After the first error
// a codec reads zero values to the end.
type codec struct {
	b []byte // what is written

	reading bool
	s       string // what is read, from i on
	i       int
	next    string // the name of the field whose value comes
	err     error

	kept int // of a row that is written: what is left of b when the row ends here
}

func reader(text string) *codec { return &codec{s: text, reading: true} }

var errText = errors.New("store: damaged text")

func (c *codec) fail(what string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w at byte %d: %s", errText, c.i, what)
		c.i, c.next = len(c.s), ""
	}
}

// end is the error of a text that was read: the first one, or that something follows.
func (c *codec) end(what string) error {
	if c.err == nil && c.i != len(c.s) {
		c.fail("something follows")
	}
	if c.err != nil {
		return fmt.Errorf("%s: %w", what, c.err)
	}
	return nil
}

func (c *codec) accept(x byte) bool {
	if c.i < len(c.s) && c.s[c.i] == x {
		c.i++
		return true
	}
	return false
}

func (c *codec) expect(x byte) {
	if !c.accept(x) {
		c.fail("want " + string(x))
	}
}

// comma separates what is written from an earlier neighbour in the same object or array.
func (c *codec) comma() {
	switch c.b[len(c.b)-1] {
	case '{', '[', ':':
	default:
		c.b = append(c.b, ',')
	}
}

func (c *codec) name(n string) {
	c.comma()
	c.b = append(c.b, '"')
	c.b = append(c.b, n...)
	c.b = append(c.b, '"', ':')
}

// object is an object, whose fields the function visits.
func (c *codec) object(fields func()) {
	if !c.reading {
		c.b = append(c.b, '{')
		fields()
		c.b = append(c.b, '}')
		return
	}
	c.expect('{')
	c.next = ""
	if c.i < len(c.s) && c.s[c.i] != '}' {
		c.readName()
	}
	fields()
	if c.next != "" {
		c.fail("field " + strconv.Quote(c.next) + " is unknown, or not in its place")
	}
	c.expect('}')
}

func (c *codec) readName() {
	c.next = c.unquote()
	c.expect(':')
}

// field reports whether the value of a field is to be read or written now; whoever did it says done.
func (c *codec) field(n string, zero bool) bool {
	switch {
	case c.reading:
		return c.next == n
	case zero:
		return false
	}
	c.name(n)
	return true
}

// done goes on behind the value of a field.
func (c *codec) done() {
	if !c.reading {
		return
	}
	c.next = ""
	if c.accept(',') {
		c.readName()
	}
}

// part is a field that is an object, which is left out when it has no fields.
func (c *codec) part(n string, fields func()) {
	before := len(c.b)
	if c.field(n, false) {
		c.object(fields)
		c.done()
	}
	if bytes.HasSuffix(c.b[before:], []byte("{}")) {
		c.b = c.b[:before]
	}
}

// list is a field that is an array, whose items the function visits.
func list[T any](c *codec, n string, xs *[]T, item func(*T)) {
	if !c.field(n, len(*xs) == 0) {
		return
	}
	if c.reading {
		for c.expect('['); c.another(); {
			*xs = append(*xs, *new(T))
			item(&(*xs)[len(*xs)-1])
		}
		c.expect(']')
		c.done()
		return
	}
	c.b = append(c.b, '[')
	for i := range *xs {
		c.comma()
		item(&(*xs)[i])
	}
	c.b = append(c.b, ']')
}

// objects is a list of objects.
func objects[T any](c *codec, n string, xs *[]T, fields func(*T)) {
	list(c, n, xs, func(x *T) { c.object(func() { fields(x) }) })
}

// another reports whether an array that is read goes on, and passes the comma.
func (c *codec) another() bool {
	if c.err != nil || c.i < len(c.s) && c.s[c.i] == ']' {
		return false
	}
	if c.s[c.i-1] != '[' {
		c.expect(',')
	}
	return c.err == nil
}

// row is an array of cells, which the function visits in their order: names would be most of a row that every call writes. First come
// those that are always there (must), then those of which the last ones are left out while they are as usual.
func (c *codec) row(cells func()) {
	if c.reading {
		c.expect('[')
		cells()
		if c.another() {
			c.fail("too many cells")
		}
		c.expect(']')
		return
	}
	c.b, c.kept = append(c.b, '['), 0
	cells()
	c.b = append(c.b[:c.kept], ']')
}

// must begins a cell that is always there.
func (c *codec) must() {
	if !c.cell() {
		c.fail("want another cell")
	}
}

// cell reports whether the value of a cell is to be read or written now.
func (c *codec) cell() bool {
	if c.reading {
		return c.another()
	}
	c.comma()
	return true
}

// usually is a cell with a number that need not be there.
func usually[T number](c *codec, v *T, usual T) {
	c.keep(c.kept == 0) // all that comes before the first of these
	if !c.cell() {
		*v = usual
		return
	}
	whole(c, v)
	c.keep(*v != usual)
}

// keep keeps what is written of a row so far.
func (c *codec) keep(yes bool) {
	if yes {
		c.kept = len(c.b)
	}
}

func (c *codec) text(n string, v *string) {
	if c.field(n, *v == "") {
		c.quoted(v)
		c.done()
	}
}

func num[T number](c *codec, n string, v *T) {
	if c.field(n, *v == 0) {
		whole(c, v)
		c.done()
	}
}

func (c *codec) flag(n string, v *bool) {
	if c.field(n, !*v) {
		c.yes(v)
		c.done()
	}
}

func (c *codec) id(n string, v *ledger.ID) {
	if c.field(n, v.IsZero()) {
		c.ulid(v)
		c.done()
	}
}

func (c *codec) digest(n string, v *ledger.Digest) {
	if c.field(n, v.IsZero()) {
		c.hex(v)
		c.done()
	}
}

func (c *codec) lot(n string, v *ledger.LotID) {
	if c.field(n, *v == ledger.LotID{}) {
		c.lotID(v)
		c.done()
	}
}

func (c *codec) sums(n string, v *[ledger.Kinds]ledger.Amount) {
	if c.field(n, *v == [ledger.Kinds]ledger.Amount{}) {
		c.figures(v)
		if *v == [ledger.Kinds]ledger.Amount{} {
			c.fail("no figures")
		}
		c.done()
	}
}

// A number is a whole number of any size.
type number interface {
	~int | ~int64 | ~uint8 | ~uint16
}

func whole[T number](c *codec, v *T) {
	if !c.reading {
		c.b = strconv.AppendInt(c.b, int64(*v), 10)
		return
	}
	from := c.i
	for c.i < len(c.s) && (c.s[c.i] == '-' || c.s[c.i] >= '0' && c.s[c.i] <= '9') {
		c.i++
	}
	n, err := strconv.ParseInt(c.s[from:c.i], 10, 64)
	if *v = T(n); err != nil || int64(*v) != n {
		c.fail("not a whole number, or out of range")
	}
}

func (c *codec) yes(v *bool) {
	if !c.reading {
		c.b = append(c.b, "true"...)
		return
	}
	if *v = strings.HasPrefix(c.s[c.i:], "true"); !*v {
		c.fail("want true")
		return
	}
	c.i += len("true")
}

func (c *codec) ulid(v *ledger.ID) {
	if !c.reading {
		c.b = append(v.Append(append(c.b, '"')), '"')
		return
	}
	var ok bool
	if *v, ok = ledger.ParseID(c.unquote()); !ok {
		c.fail("not an id")
	}
}

func (c *codec) hex(v *ledger.Digest) {
	if !c.reading {
		c.b = append(hex.AppendEncode(append(c.b, '"'), v[:]), '"')
		return
	}
	s := c.unquote()
	for i := range v {
		if len(s) != 2*len(v) || unhex(s[2*i])|unhex(s[2*i+1]) > 15 {
			c.fail("not a digest")
			return
		}
		v[i] = unhex(s[2*i])<<4 | unhex(s[2*i+1])
	}
}

// unhex is the value of a hexadecimal digit as it is written, above 15 if it is none.
func unhex(x byte) byte {
	switch {
	case x >= '0' && x <= '9':
		return x - '0'
	case x >= 'a' && x <= 'f':
		return x - 'a' + 10
	}
	return 255
}

func (c *codec) lotID(v *ledger.LotID) {
	if !c.reading {
		c.quote(v.Account)
		c.b = append(c.b[:len(c.b)-1], '#')
		c.b = append(strconv.AppendInt(c.b, v.N, 10), '"')
		return
	}
	s := c.unquote()
	at := strings.LastIndexByte(s, '#')
	n, err := strconv.ParseInt(s[at+1:], 10, 64)
	if at < 0 || err != nil {
		c.fail("not a lot")
		return
	}
	*v = ledger.LotID{Account: s[:at], N: n}
}

// figures is an array of one figure a kind up to the last that is not zero.
func (c *codec) figures(v *[ledger.Kinds]ledger.Amount) {
	n := len(v)
	if c.reading {
		n = 0
		for c.expect('['); c.another(); n++ {
			if n == len(v) {
				c.fail("too many kinds")
				return
			}
			whole(c, &v[n])
		}
		if n > 0 && v[n-1] == 0 {
			c.fail("figures that end with a zero")
		}
		c.expect(']')
		return
	}
	for n > 0 && v[n-1] == 0 {
		n--
	}
	c.b = append(c.b, '[')
	for i := range v[:n] {
		c.comma()
		whole(c, &v[i])
	}
	c.b = append(c.b, ']')
}

func (c *codec) quoted(v *string) {
	if c.reading {
		*v = c.unquote()
	} else {
		c.quote(*v)
	}
}

const hexDigits = "0123456789abcdef"

// quote writes a JSON string. Bytes that are not UTF-8 pass through as they are: what was stored comes back.
func (c *codec) quote(s string) {
	c.b = append(c.b, '"')
	from := 0
	for i := range len(s) {
		x := s[i]
		if x >= ' ' && x != '"' && x != '\\' {
			continue
		}
		c.b = append(c.b, s[from:i]...)
		from = i + 1
		if x == '"' || x == '\\' {
			c.b = append(c.b, '\\', x)
		} else {
			c.b = append(c.b, '\\', 'u', '0', '0', hexDigits[x>>4], hexDigits[x&15])
		}
	}
	c.b = append(c.b, s[from:]...)
	c.b = append(c.b, '"')
}

// unquote reads a JSON string. One without escapes shares the memory of the whole.
func (c *codec) unquote() string {
	c.expect('"')
	if c.err != nil {
		return ""
	}
	from := c.i
	for ; c.i < len(c.s); c.i++ {
		switch x := c.s[c.i]; {
		case x == '"':
			c.i++
			return c.s[from : c.i-1]
		case x == '\\':
			return c.unescape(from)
		case x < ' ':
			c.fail("control character")
			return ""
		}
	}
	c.fail("text does not end")
	return ""
}

// unescape reads on from the first backslash of a text.
func (c *codec) unescape(from int) string {
	var b strings.Builder
	b.WriteString(c.s[from:c.i])
	for c.i < len(c.s) {
		x := c.s[c.i]
		c.i++
		if x == '"' {
			return b.String()
		}
		if x != '\\' {
			b.WriteByte(x)
			continue
		}
		if c.i >= len(c.s) {
			break
		}
		x = c.s[c.i]
		c.i++
		switch x {
		case '"', '\\', '/':
			b.WriteByte(x)
		case 'u':
			if c.i+4 > len(c.s) {
				break
			}
			n, err := strconv.ParseUint(c.s[c.i:c.i+4], 16, 16)
			if err != nil || n >= utf8.RuneSelf {
				c.fail("bad escape")
				return ""
			}
			b.WriteByte(byte(n))
			c.i += 4
		default:
			c.fail("bad escape")
			return ""
		}
	}
	c.fail("text does not end")
	return ""
}
