package top

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of one JSON text, on top of the size of the request.
const (
	maxDepth = 16      // objects and arrays inside one another
	maxNodes = 1 << 16 // values of all kinds
)

var (
	errDepth = errors.New("nested too deeply")
	errNodes = errors.New("too many values")
	errEnd   = errors.New("unexpected end")
	errPair  = errors.New("invalid surrogate pair") // not quoted: Java cannot read half an escape in an answer
)

// DuplicateNameError says that an object has a name twice. RFC 8259 lets every
// reader take another one of the two; where money is meant, that is refused.
type DuplicateNameError struct {
	Path string // as in "operator.operator_id" or "refund_channel_list[1].code"
}

func (e *DuplicateNameError) Error() string { return "duplicate name " + e.Path }

// ParseJSON reads one JSON text strictly by RFC 8259: nothing behind it, no
// comments, no byte order mark. Beyond the RFC it refuses duplicate names
// (*DuplicateNameError), invalid UTF-8, escaped surrogates without a partner,
// more than 16 levels and more than 65,536 values. Other errors say in English
// what is wrong at which byte. Numbers keep their text.
//
// The nodes refer to text and keep it alive. Time is linear in its length.
func ParseJSON(text string) (*Node, error) {
	r := jsonReaders.Get().(*jsonReader)
	if len(text) <= maxPooled {
		defer r.release()
	}
	r.text, r.nodes = text, 0
	r.input.Reset(text)
	r.Reset(&r.input)
	n, err := r.node()
	if err != nil {
		return nil, r.explain(err)
	}
	if rest := strings.TrimLeft(text[r.InputOffset():], " \t\r\n"); rest != "" {
		return nil, fmt.Errorf("text after the end at byte %d", len(text)-len(rest))
	}
	return &n, nil
}

// jsonReader adds to the decoder, which knows the grammar, names and UTF-8, our
// bounds and a tree.
type jsonReader struct {
	jsontext.Decoder
	input strings.Reader
	text  string
	nodes int
	// open holds the members of all open objects and arrays; one that ends takes
	// a copy of its own.
	open []member
}

var jsonReaders = sync.Pool{New: func() any { return new(jsonReader) }}

// maxPooled is the longest text, in bytes, whose reader is used again: longer
// ones leave it with large buffers.
const maxPooled = 4096

// release leaves nothing in the pool that would keep the text or its nodes
// alive.
func (r *jsonReader) release() {
	r.text = ""
	r.input.Reset("")
	clear(r.open)
	r.open = r.open[:0]
	jsonReaders.Put(r)
}

func (r *jsonReader) node() (n Node, err error) {
	if r.nodes++; r.nodes > maxNodes {
		return n, errNodes
	}
	switch r.PeekKind() {
	case '{':
		n.kind = KindObject
		n.kids, err = r.members(true)
	case '[':
		n.kind = KindArray
		n.kids, err = r.members(false)
	case '"':
		n.kind = KindString
		n.text, err = r.scalar()
	case '0':
		n.kind = KindNumber
		n.text, err = r.scalar()
	case 't', 'f':
		n.kind = KindBool
		n.text, err = r.scalar()
	default: // null, or an error that the decoder keeps for the next read
		_, err = r.ReadToken()
	}
	return n, err
}

// members reads an object, whose members have names, or an array.
func (r *jsonReader) members(named bool) ([]member, error) {
	if r.StackDepth() == maxDepth {
		return nil, errDepth
	}
	if _, err := r.ReadToken(); err != nil {
		return nil, err
	}
	mark := len(r.open)
	for r.PeekKind() != ']' && r.PeekKind() != '}' {
		var m member
		var err error
		if named {
			if m.name, err = r.scalar(); err != nil {
				return nil, err
			}
		}
		if m.node, err = r.node(); err != nil {
			return nil, err
		}
		r.open = append(r.open, m)
	}
	own := r.open[mark:]
	members := append([]member(nil), own...)
	clear(own)
	r.open = r.open[:mark]
	_, err := r.ReadToken()
	return members, err
}

// scalar reads a string, number or boolean. Without escapes it is a piece of
// the text and costs no memory.
func (r *jsonReader) scalar() (string, error) {
	raw, err := r.ReadValue()
	if err != nil {
		return "", err
	}
	end := int(r.InputOffset())
	s := r.text[end-len(raw) : end]
	if s[0] != '"' {
		return s, nil
	}
	if !strings.Contains(s, `\`) {
		return s[1 : len(s)-1], nil
	}
	unquoted, err := jsontext.AppendUnquote(nil, s)
	return string(unquoted), err
}

// explain tells an integrator what the decoder, or we, did not like.
func (r *jsonReader) explain(err error) error {
	at := r.InputOffset()
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(syntax.Err, jsontext.ErrDuplicateName) {
			return &DuplicateNameError{r.path(syntax.JSONPointer)}
		}
		at, err = syntax.ByteOffset, syntax.Err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errEnd
	}
	if strings.HasPrefix(err.Error(), errPair.Error()) {
		err = errPair
	}
	return fmt.Errorf("%w at byte %d", err, at)
}

// path writes a pointer into the objects and arrays that are open:
// /refund_channel_list/1/code is refund_channel_list[1].code.
func (r *jsonReader) path(p jsontext.Pointer) string {
	var b strings.Builder
	level := 0
	for name := range p.Tokens() {
		level++
		switch kind, _ := r.StackIndex(level); {
		case kind == '[':
			b.WriteString("[" + name + "]")
		case b.Len() > 0:
			b.WriteString("." + name)
		default:
			b.WriteString(name)
		}
	}
	return b.String()
}
