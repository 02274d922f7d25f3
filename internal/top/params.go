package top

import (
	"bytes"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Params are the text parameters of one call, query and body merged, in order
// of first appearance, system and application parameters alike. Everything that
// came is in here, empty values included, because everything that came is
// signed.
//
// Names are looked up one by one: a call has some ten of them, and Limits keeps
// the worst case small.
type Params struct {
	list     []param
	files    []filePart
	body     []byte
	conflict string
}

type param struct{ name, value string }

type filePart struct {
	name string
	data []byte
}

// Limits bound what ReadParams takes. A field that is 0 has its default. The
// size of the body itself is the listener's to bound.
type Limits struct {
	MaxParams int // parameters and parts of one call, repeats counted; default 256
	MaxName   int // bytes of a name; default 128
	MaxHeader int // bytes of the header of one multipart part; default 4096
}

func (l Limits) withDefaults() Limits {
	if l.MaxParams == 0 {
		l.MaxParams = 256
	}
	if l.MaxName == 0 {
		l.MaxName = 128
	}
	if l.MaxHeader == 0 {
		l.MaxHeader = 4096
	}
	return l
}

// ReadParams reads with the default limits; see Limits.ReadParams.
func ReadParams(rawQuery, contentType string, body []byte) (*Params, *Fault) {
	return Limits{}.ReadParams(rawQuery, contentType, body)
}

// ReadParams merges the query with the body, whatever the verb: one client
// sends GET with a form as body.
//
// A form (also a body without a content type) is urlencoded: "+" and "%20" are
// both a space, ";" is an ordinary character; a byte order mark before it and
// line ends behind it do not count. A multipart body gives its text
// parts as parameters and its file parts to File. A body of any other type
// (text/plain of a batch, JSON, XML) is not looked into; Body returns it, and
// it is signed. The query comes first, so it wins where a name has two values;
// Conflict then tells, and the gateway refuses after the signature check.
//
// The parameters are never nil: beside a fault they hold what could be read, so
// that the fault can be answered in the format asked for. Faults are 41 for a
// broken percent escape or too long a name, 43 for a broken multipart body or
// too many parameters.
//
// File parts and Body alias body; the rest is copied.
func (l Limits) ReadParams(rawQuery, contentType string, body []byte) (*Params, *Fault) {
	r := readers.Get().(*reader)
	r.limits = l.withDefaults()
	p := new(Params)

	readForm(r, rawQuery)
	if len(body) > 0 {
		switch media, rest, _ := strings.Cut(contentType, ";"); {
		case isMedia(media, "application/x-www-form-urlencoded"), isMedia(media, ""):
			readForm(r, trimForm(body))
		case isMedia(media, "multipart/form-data"):
			readMultipart(r, p, boundaryOf(rest), body)
		default:
			p.body = body
		}
	}

	r.fill(p)
	fault := r.fault
	r.release()
	return p, fault
}

// trimForm takes off what editors and shells put around a form: a byte order mark and line ends. Inside a form both are escaped.
func trimForm(body []byte) []byte {
	return bytes.TrimRight(bytes.TrimPrefix(body, []byte("\ufeff")), "\r\n")
}

func isMedia(media, want string) bool {
	return strings.EqualFold(strings.TrimSpace(media), want)
}

// A reader gathers decoded names and values in one buffer and remembers where
// they lie, so that in the end one string holds them all.
type reader struct {
	limits Limits
	buf    []byte
	marks  []mark
	parts  int
	fault  *Fault // the first one
}

// mark is one parameter in buf: the name from name to value, the value to end.
type mark struct{ name, value, end int }

var readers = sync.Pool{New: func() any { return new(reader) }}

// keepBuffer is the largest buffer, in bytes, that goes back to a pool; one
// large call must not pin its memory for ever.
const keepBuffer = 64 << 10

func (r *reader) release() {
	if cap(r.buf) > keepBuffer {
		return
	}
	r.buf, r.marks, r.parts, r.fault = r.buf[:0], r.marks[:0], 0, nil
	readers.Put(r)
}

func (r *reader) fail(f *Fault) {
	if r.fault == nil {
		r.fault = f
	}
}

// count admits one more parameter or part; false means stop reading.
func (r *reader) count() bool {
	r.parts++
	if r.parts <= r.limits.MaxParams {
		return true
	}
	r.fail(ParameterError("参数过多 too many parameters, at most " + strconv.Itoa(r.limits.MaxParams)))
	return false
}

// checkName refuses a name that is too long, naming its beginning.
func (r *reader) checkName(name []byte) bool {
	if len(name) <= r.limits.MaxName {
		return true
	}
	r.fail(InvalidArgument(string(name[:r.limits.MaxName])))
	return false
}

// fill turns the marks into p's list, the first of equal names winning.
func (r *reader) fill(p *Params) {
	if len(r.marks) == 0 {
		return
	}
	text := string(r.buf)
	p.list = make([]param, 0, len(r.marks))
	for _, m := range r.marks {
		name, value := text[m.name:m.value], text[m.value:m.end]
		if before, ok := p.Lookup(name); !ok {
			p.list = append(p.list, param{name, value})
		} else if before != value && p.conflict == "" {
			p.conflict = name
		}
	}
}

// formSpecial marks the bytes of a urlencoded text that mean something.
var formSpecial = [256]bool{'&': true, '=': true, '+': true, '%': true}

// readForm reads a urlencoded text. A broken percent escape is a fault, but
// reading goes on with the percent sign taken as it is.
func readForm[T string | []byte](r *reader, s T) {
	buf := r.buf
	for i := 0; i < len(s); {
		if s[i] == '&' {
			i++
			continue
		}
		if !r.count() {
			break
		}
		m := mark{name: len(buf), value: -1}
		broken, run := false, i
	pair:
		for i < len(s) {
			c := s[i]
			if !formSpecial[c] {
				i++
				continue
			}
			switch c {
			case '&':
				break pair
			case '=':
				if m.value < 0 {
					buf = append(buf, s[run:i]...)
					m.value = len(buf)
					run = i + 1
				}
				i++
			case '+':
				buf = append(buf, s[run:i]...)
				buf = append(buf, ' ')
				i++
				run = i
			case '%':
				if len(s)-i < 3 || hexDigit[s[i+1]] == 0 || hexDigit[s[i+2]] == 0 {
					broken = true
					i++
					continue
				}
				buf = append(buf, s[run:i]...)
				buf = append(buf, (hexDigit[s[i+1]]-1)<<4|(hexDigit[s[i+2]]-1))
				i += 3
				run = i
			}
		}
		buf = append(buf, s[run:i]...)
		m.end = len(buf)
		if m.value < 0 {
			m.value = m.end
		}
		name := buf[m.name:m.value]
		if !r.checkName(name) {
			buf = buf[:m.name]
			continue
		}
		if broken {
			r.fail(InvalidArgument(string(name)))
		}
		r.marks = append(r.marks, m)
	}
	r.buf = buf
}

// hexDigit holds 1 + the value of a hexadecimal digit, and 0 for other bytes.
var hexDigit = func() (t [256]byte) {
	for i := range byte(10) {
		t['0'+i] = 1 + i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 11+i, 11+i
	}
	return t
}()

// NewParams makes parameters from names and values in turn; a later value
// replaces an earlier one of the same name. It is for clients and tests. An odd
// number of texts panics.
func NewParams(pairs ...string) *Params {
	if len(pairs)%2 != 0 {
		panic("top: NewParams needs names and values in turn")
	}
	p := &Params{list: make([]param, 0, len(pairs)/2)}
	for pair := range slices.Chunk(pairs, 2) {
		p.Set(pair[0], pair[1])
	}
	return p
}

// Get returns the value of a name, "" when it is absent or empty.
func (p *Params) Get(name string) string {
	value, _ := p.Lookup(name)
	return value
}

// Lookup returns the value of a name and whether the name came at all.
func (p *Params) Lookup(name string) (string, bool) {
	for i := range p.list {
		if p.list[i].name == name {
			return p.list[i].value, true
		}
	}
	return "", false
}

// Len is the number of distinct names.
func (p *Params) Len() int { return len(p.list) }

// All yields names and values in order of first appearance.
func (p *Params) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, e := range p.list {
			if !yield(e.name, e.value) {
				return
			}
		}
	}
}

// Set gives a name its value, in its old place if it has one.
func (p *Params) Set(name, value string) {
	for i := range p.list {
		if p.list[i].name == name {
			p.list[i].value = value
			return
		}
	}
	p.list = append(p.list, param{name, value})
}

// Conflict returns the first name that came twice with different values, ""
// if there is none. Get and the signature use the first value; the gateway
// answers 41 once the signature is right. The same value twice is one: a C++
// client repeats its query in the body.
func (p *Params) Conflict() string { return p.conflict }

// File returns the content of the first file part of that name. A part is a
// file if it has a filename, whatever that is. Files are not signed.
func (p *Params) File(name string) ([]byte, bool) {
	for i := range p.files {
		if p.files[i].name == name {
			return p.files[i].data, true
		}
	}
	return nil, false
}

// Body returns the body that is signed as it came: that of a batch, of JSON,
// of XML. It is nil for forms.
func (p *Params) Body() []byte { return p.body }

// SetBody sets the body that is signed. It is for clients and tests.
func (p *Params) SetBody(body []byte) { p.body = body }

// BadEncoding returns the name of the first parameter that is not UTF-8, "?"
// if the name itself is not, and "" if all are. The gateway answers 47.
func (p *Params) BadEncoding() string {
	for _, e := range p.list {
		if !utf8.ValidString(e.name) {
			return "?"
		}
		if !utf8.ValidString(e.value) {
			return e.name
		}
	}
	return ""
}

// Encode writes the parameters urlencoded, in their order; files and Body are
// not part of it.
func (p *Params) Encode() string {
	var b bytes.Buffer
	for i, e := range p.list {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(e.name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(e.value))
	}
	return b.String()
}
