package top

import (
	"iter"
	"math"
	"strings"
	"unicode"
)

// Kind is the JSON type of a Node.
type Kind uint8

// The kinds of JSON. An absent node counts as KindNull.
const (
	KindNull Kind = iota
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
)

var kindNames = [...]string{"null", "boolean", "number", "string", "array", "object"}

func (k Kind) String() string { return kindNames[k] }

// Node is one JSON value of a complex parameter. The conversions Text, Int,
// Bool, Object and List are as lenient as the clients are various: numbers come quoted,
// lists come as "a,b", booleans as True. All methods work on a nil *Node, which
// is absent, as null is.
type Node struct {
	kind Kind
	text string // of a string, decoded; of a number, as written; of a boolean, true or false
	kids []member
}

type member struct {
	name string // "" in arrays
	node Node
}

// TextNode makes a node of a parameter's text, so that a parameter at the top
// level and a member inside one are converted alike.
func TextNode(s string) *Node { return &Node{kind: KindString, text: s} }

// Kind returns the JSON type.
func (n *Node) Kind() Kind {
	if n == nil {
		return KindNull
	}
	return n.kind
}

// Field returns a member of an object, nil if it is absent or null or n is no
// object.
func (n *Node) Field(name string) *Node {
	if n.Kind() != KindObject {
		return nil
	}
	for i := range n.kids {
		if n.kids[i].name == name {
			if n.kids[i].node.kind == KindNull {
				return nil
			}
			return &n.kids[i].node
		}
	}
	return nil
}

// Fields yields the members of an object in their order, nulls included;
// nothing for other kinds.
func (n *Node) Fields() iter.Seq2[string, *Node] {
	return func(yield func(string, *Node) bool) {
		if n.Kind() != KindObject {
			return
		}
		for i := range n.kids {
			if !yield(n.kids[i].name, &n.kids[i].node) {
				return
			}
		}
	}
}

// Items returns the elements of an array, nulls included; nil for other kinds.
func (n *Node) Items() []*Node {
	if n.Kind() != KindArray {
		return nil
	}
	items := make([]*Node, len(n.kids))
	for i := range n.kids {
		items[i] = &n.kids[i].node
	}
	return items
}

// Len is the number of members of an object or elements of an array, 0 for
// other kinds.
func (n *Node) Len() int {
	if n == nil {
		return 0
	}
	return len(n.kids)
}

// Text returns the text of a string, number or boolean; numbers as they were
// written, booleans as true or false.
func (n *Node) Text() (string, bool) {
	switch n.Kind() {
	case KindString, KindNumber, KindBool:
		return n.text, true
	}
	return "", false
}

// Int returns a whole number: a JSON number of the form -?\d+(\.0+)?, or a text
// of digits alone, with no exponent and no blanks, within int64. Nothing is
// rounded; what does not fit is not ok. A text with a point is none: to people
// "10.00" is yuan, and 10 would be fen.
func (n *Node) Int() (int64, bool) {
	switch n.Kind() {
	case KindNumber:
		return parseInt(n.text)
	case KindString:
		if n.Point() {
			return 0, false
		}
		return parseInt(n.text)
	}
	return 0, false
}

// Point reports a number with a decimal point in it, quoted or not.
func (n *Node) Point() bool {
	switch n.Kind() {
	case KindNumber, KindString:
		return strings.Contains(n.text, ".")
	}
	return false
}

// Digits reports a number as an id can be written: a text, or a JSON number of digits
// alone. One with point, exponent or sign has lost digits on its way.
func (n *Node) Digits() bool {
	switch n.Kind() {
	case KindString:
		return true
	case KindNumber:
		return strings.Trim(n.text, "0123456789") == ""
	}
	return false
}

func parseInt(s string) (int64, bool) {
	s, negative := strings.CutPrefix(s, "-")
	whole, zeros, fraction := strings.Cut(s, ".")
	if whole == "" || fraction && (zeros == "" || strings.Trim(zeros, "0") != "") {
		return 0, false
	}
	// Counting downwards reaches the smallest int64, which has no positive twin.
	var v int64
	for i := 0; i < len(whole); i++ {
		d := int64(whole[i]) - '0'
		if d < 0 || d > 9 || v < (math.MinInt64+d)/10 {
			return 0, false
		}
		v = v*10 - d
	}
	if negative {
		return v, true
	}
	if v == math.MinInt64 {
		return 0, false
	}
	return -v, true
}

// Bool returns a boolean: true or false in any case, 1 or 0, quoted or not.
func (n *Node) Bool() (value, ok bool) {
	switch n.Kind() {
	case KindString, KindNumber, KindBool:
		switch {
		case n.text == "1" || strings.EqualFold(n.text, "true"):
			return true, true
		case n.text == "0" || strings.EqualFold(n.text, "false"):
			return false, true
		}
	}
	return false, false
}

// Invisible reports a text with characters that nobody sees, or that turn the direction of
// what stands around them: two ids that look the same would not be.
func Invisible(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
	}) >= 0
}

// Scientific reports the text that spreadsheets and careless clients make of a
// long number: 3.23E+21. Its digits are lost.
func Scientific(s string) bool {
	digits, power, ok := strings.Cut(s, "+")
	if !ok || power == "" || strings.Trim(power, "0123456789") != "" || len(digits) < 2 {
		return false
	}
	last := len(digits) - 1
	return (digits[last] == 'e' || digits[last] == 'E') && digits[0] >= '0' && digits[0] <= '9' && strings.Trim(digits[:last], "0123456789.") == ""
}

// Object returns an object: n itself, or the one that a text holds as JSON.
func (n *Node) Object() (*Node, bool) {
	if n.Kind() == KindString && strings.HasPrefix(strings.TrimSpace(n.text), "{") {
		held, err := ParseJSON(n.text)
		if err != nil {
			return nil, false
		}
		n = held
	}
	return n, n.Kind() == KindObject
}

// List returns the elements of a list in any of the forms clients send:
//
//   - an array, its nulls included;
//   - an object with an array as its only member, as lists are wrapped in
//     answers: {"string":["a"]};
//   - a text that begins with "[": the array it holds as JSON;
//   - a text that begins with a quote: the same without its brackets, as the
//     published sample "123","456";
//   - any other text: its parts between commas, trimmed, empty ones dropped;
//     so "" is the empty list;
//   - a single number or boolean: itself.
//
// Null, other objects, and texts with broken JSON are not ok.
func (n *Node) List() ([]*Node, bool) {
	switch n.Kind() {
	case KindArray:
		return n.Items(), true
	case KindNumber, KindBool:
		return []*Node{n}, true
	case KindObject:
		if len(n.kids) == 1 && n.kids[0].node.kind == KindArray {
			return n.kids[0].node.Items(), true
		}
	case KindString:
		return textList(n.text)
	}
	return nil, false
}

func textList(s string) ([]*Node, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, true
	}
	if s[0] == '"' {
		s = "[" + s + "]"
	}
	if s[0] == '[' {
		n, err := ParseJSON(s)
		if err != nil {
			return nil, false
		}
		return n.Items(), true
	}
	count := 1 + strings.Count(s, ",")
	if count > maxNodes {
		return nil, false
	}
	nodes, items := make([]Node, count), make([]*Node, 0, count)
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			node := &nodes[len(items)]
			*node = Node{kind: KindString, text: part}
			items = append(items, node)
		}
	}
	return items, true
}
