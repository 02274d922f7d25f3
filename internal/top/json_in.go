package top

import (
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds of one JSON text, on top of the size of the request.
const (
	maxDepth = 16      // objects and arrays inside one another
	maxNodes = 1 << 16 // values of all kinds
)

// SyntaxError says what is wrong with a JSON text.
type SyntaxError struct {
	Offset  int    // in bytes, where it was noticed
	Problem string // English, short
}

func (e *SyntaxError) Error() string {
	return e.Problem + " at byte " + strconv.Itoa(e.Offset)
}

// DuplicateNameError says that an object has a name twice. RFC 8259 lets every
// reader take another one of the two; where money is meant, that is refused.
type DuplicateNameError struct {
	Path string // as in "operator.operator_id" or "refund_channel_list[1].code"
}

func (e *DuplicateNameError) Error() string { return "duplicate name " + e.Path }

// The problems that are no errors of RFC 8259 but ours to refuse.
const (
	problemUTF8      = "invalid UTF-8"
	problemSurrogate = "lone surrogate"
	problemDepth     = "nested too deeply"
	problemNodes     = "too many values"
)

// ParseJSON reads one JSON text strictly by RFC 8259: nothing behind it, no
// comments, no byte order mark. Beyond the RFC it refuses duplicate names
// (*DuplicateNameError), invalid UTF-8, escaped surrogates without a partner,
// more than 16 levels and more than 65,536 values. Other errors are
// *SyntaxError. Numbers keep their text.
//
// The nodes refer to text and keep it alive. Time is linear in its length.
func ParseJSON(text string) (*Node, error) {
	if !utf8.ValidString(text) {
		return nil, &SyntaxError{invalidAt(text), problemUTF8}
	}
	p := parsers.Get().(*parser)
	defer p.release()
	p.text = text
	// Every value but the first follows a comma or an opening bracket, so few
	// texts need a second slab.
	values := 1 + strings.Count(text, ",") + strings.Count(text, "{") + strings.Count(text, "[")
	p.slab = make([]Node, 0, min(values, slabNodes))
	p.blanks()
	n, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.blanks(); p.at < len(text) {
		return nil, p.fail("text after the end")
	}
	return n, nil
}

func invalidAt(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return len(text)
}

const slabNodes = 64

type parser struct {
	text  string
	at    int
	nodes int
	slab  []Node // the next nodes come from its spare capacity
	// stack holds the members of all open objects and arrays; a closing bracket
	// copies its own to their place.
	stack []member
	path  [maxDepth]step
	depth int
}

var parsers = sync.Pool{New: func() any { return &parser{stack: make([]member, 0, 32)} }}

// keepMembers is the largest stack that goes back to the pool.
const keepMembers = 1024

// release leaves nothing that would keep the text or its nodes alive.
func (p *parser) release() {
	if cap(p.stack) > keepMembers {
		return
	}
	clear(p.stack[:cap(p.stack)])
	*p = parser{stack: p.stack[:0]}
	parsers.Put(p)
}

// step is where in an open object or array the parser stands.
type step struct {
	name  string
	index int // in arrays; −1 in objects
}

func (p *parser) fail(problem string) error { return &SyntaxError{p.at, problem} }

func (p *parser) blanks() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) node(kind Kind, text string) (*Node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, p.fail(problemNodes)
	}
	if len(p.slab) == cap(p.slab) {
		p.slab = make([]Node, 0, slabNodes)
	}
	p.slab = append(p.slab, Node{kind: kind, text: text})
	return &p.slab[len(p.slab)-1], nil
}

func (p *parser) value() (*Node, error) {
	if p.at == len(p.text) {
		return nil, p.fail("unexpected end")
	}
	switch c := p.text[p.at]; c {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"':
		s, err := p.string()
		if err != nil {
			return nil, err
		}
		return p.node(KindString, s)
	case 't':
		return p.word("true", KindBool)
	case 'f':
		return p.word("false", KindBool)
	case 'n':
		return p.word("null", KindNull)
	default:
		if c == '-' || isDigit(c) {
			return p.number()
		}
		return nil, p.fail("unexpected character")
	}
}

func (p *parser) word(word string, kind Kind) (*Node, error) {
	if !strings.HasPrefix(p.text[p.at:], word) {
		return nil, p.fail("unexpected character")
	}
	p.at += len(word)
	if kind == KindNull {
		word = ""
	}
	return p.node(kind, word)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (p *parser) digits() bool {
	start := p.at
	for p.at < len(p.text) && isDigit(p.text[p.at]) {
		p.at++
	}
	return p.at > start
}

func (p *parser) number() (*Node, error) {
	start := p.at
	if p.text[p.at] == '-' {
		p.at++
	}
	if zero := p.at; !p.digits() {
		return nil, p.fail("digit expected")
	} else if p.text[zero] == '0' && p.at > zero+1 {
		p.at = zero + 1
		return nil, p.fail("leading zero")
	}
	if p.at < len(p.text) && p.text[p.at] == '.' {
		if p.at++; !p.digits() {
			return nil, p.fail("digit expected")
		}
	}
	if p.at < len(p.text) && (p.text[p.at] == 'e' || p.text[p.at] == 'E') {
		p.at++
		if p.at < len(p.text) && (p.text[p.at] == '+' || p.text[p.at] == '-') {
			p.at++
		}
		if !p.digits() {
			return nil, p.fail("digit expected")
		}
	}
	return p.node(KindNumber, p.text[start:p.at])
}

// open enters an object or array; close leaves it with the members that were
// pushed on the stack since.
func (p *parser) open(kind Kind) (n *Node, mark int, err error) {
	if p.depth == maxDepth {
		return nil, 0, p.fail(problemDepth)
	}
	if n, err = p.node(kind, ""); err != nil {
		return nil, 0, err
	}
	p.path[p.depth] = step{}
	p.depth++
	p.at++
	p.blanks()
	return n, len(p.stack), nil
}

func (p *parser) close(n *Node, mark int) {
	if len(p.stack) > mark {
		n.kids = append(make([]member, 0, len(p.stack)-mark), p.stack[mark:]...)
		p.stack = p.stack[:mark]
	}
	p.depth--
	p.at++
}

func (p *parser) next() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) array() (*Node, error) {
	n, mark, err := p.open(KindArray)
	if err != nil {
		return nil, err
	}
	if p.next() == ']' {
		p.close(n, mark)
		return n, nil
	}
	for {
		p.path[p.depth-1].index = len(p.stack) - mark
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.stack = append(p.stack, member{node: v})
		p.blanks()
		switch p.next() {
		case ',':
			p.at++
			p.blanks()
		case ']':
			p.close(n, mark)
			return n, nil
		default:
			return nil, p.fail("comma or ] expected")
		}
	}
}

func (p *parser) object() (*Node, error) {
	n, mark, err := p.open(KindObject)
	if err != nil {
		return nil, err
	}
	if p.next() == '}' {
		p.close(n, mark)
		return n, nil
	}
	for {
		if p.next() != '"' {
			return nil, p.fail("name expected")
		}
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		if p.blanks(); p.next() != ':' {
			return nil, p.fail("colon expected")
		}
		p.at++
		p.blanks()
		p.path[p.depth-1] = step{name, -1}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.stack = append(p.stack, member{name, v})
		p.blanks()
		switch p.next() {
		case ',':
			p.at++
			p.blanks()
		case '}':
			if name, twice := repeated(p.stack[mark:]); twice {
				return nil, &DuplicateNameError{p.pathTo(name)}
			}
			p.close(n, mark)
			return n, nil
		default:
			return nil, p.fail("comma or } expected")
		}
	}
}

// repeated returns the first name that comes again. Small objects, which is
// nearly all of them, are compared in pairs.
func repeated(members []member) (string, bool) {
	if len(members) > 32 {
		seen := make(map[string]struct{}, len(members))
		for i := range members {
			name := members[i].name
			if _, twice := seen[name]; twice {
				return name, true
			}
			seen[name] = struct{}{}
		}
		return "", false
	}
	for i := 1; i < len(members); i++ {
		for j := range i {
			if members[i].name == members[j].name {
				return members[i].name, true
			}
		}
	}
	return "", false
}

// pathTo writes the way to a member of the innermost object.
func (p *parser) pathTo(name string) string {
	p.path[p.depth-1] = step{name, -1}
	var b strings.Builder
	for _, s := range p.path[:p.depth] {
		switch {
		case s.index >= 0:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case b.Len() > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}

// plainString marks the bytes that a JSON string holds as they are.
var plainString = func() (t [256]bool) {
	for i := range t {
		t[i] = i >= ' ' && i != '"' && i != '\\'
	}
	return t
}()

// string reads a string from its opening quote on. Without escapes it is a
// piece of the text and costs no memory.
func (p *parser) string() (string, error) {
	text := p.text
	start := p.at + 1
	i := start
	for i < len(text) && plainString[text[i]] {
		i++
	}
	if i < len(text) && text[i] == '"' {
		p.at = i + 1
		return text[start:i], nil
	}
	p.at = i
	var b strings.Builder
	for {
		b.WriteString(text[start:p.at])
		if p.at == len(text) {
			return "", p.fail("string without end")
		}
		switch text[p.at] {
		case '"':
			p.at++
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			return "", p.fail("control character in a string")
		}
		start = p.at
		for p.at < len(text) && plainString[text[p.at]] {
			p.at++
		}
	}
}

var shortEscape = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// escape reads one escape, or the two of a surrogate pair, from the backslash
// on.
func (p *parser) escape(b *strings.Builder) error {
	if p.at+1 == len(p.text) {
		p.at++
		return p.fail("string without end")
	}
	if c := shortEscape[p.text[p.at+1]]; c != 0 {
		b.WriteByte(c)
		p.at += 2
		return nil
	}
	r, ok := p.unicode(p.at)
	if !ok {
		return p.fail("invalid escape")
	}
	if utf16.IsSurrogate(r) {
		low, _ := p.unicode(p.at + 6)
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return p.fail(problemSurrogate)
		}
		p.at += 6
	}
	b.WriteRune(r)
	p.at += 6
	return nil
}

// unicode reads \uXXXX at a place, in either case.
func (p *parser) unicode(at int) (rune, bool) {
	if len(p.text)-at < 6 || p.text[at] != '\\' || p.text[at+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.text[at+2 : at+6]) {
		if hexDigit[c] == 0 {
			return 0, false
		}
		r = r<<4 | rune(hexDigit[c]-1)
	}
	return r, true
}
