package top

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// Value is one value of an answer: text, number, boolean, object or list.
// The zero Value is absent and is left out with its field; "", 0 and false are
// values and are written. Values are built once and never changed.
type Value struct {
	kind   valueKind
	num    int64 // number, or 1 for true
	text   string
	fields []Field
	items  []Value
}

type valueKind uint8

const (
	absent valueKind = iota
	textValue
	numValue
	boolValue
	objValue
	listValue
)

// Field is a named value of an object. Names come from the documents and are
// written as they are: letters, digits and underscores.
type Field struct {
	Name  string
	Value Value
}

// Str is a text value. Prices, dates and ids that the documents type String
// are texts too, even if they look numeric.
func Str(s string) Value { return Value{kind: textValue, text: s} }

// Int is a number value. JavaScript clients round beyond 2^53−1 and Java ones
// throw on such a number inside a list, so numbers we issue stay below.
func Int(n int64) Value { return Value{kind: numValue, num: n} }

// Bool is a boolean value, written true or false.
func Bool(b bool) Value {
	v := Value{kind: boolValue}
	if b {
		v.num = 1
	}
	return v
}

// Obj is an object with its fields in the order given. Names are not checked
// for repeats.
func Obj(fields ...Field) Value { return Value{kind: objValue, fields: fields} }

// List is a list wrapped under the name of its element type: "string",
// "number", or the snake_case type name as in "voucher_status_info". A list
// without items is left out with its field, because clients disagree on how an
// empty one looks.
func List(elem string, items ...Value) Value {
	return Value{kind: listValue, text: elem, items: items}
}

// F is shorthand for Field{name, v}.
func F(name string, v Value) Field { return Field{name, v} }

// present says whether v is written at all.
func (v *Value) present() bool {
	switch v.kind {
	case absent:
		return false
	case listValue:
		for i := range v.items {
			if v.items[i].present() {
				return true
			}
		}
		return false
	}
	return true
}

// Format is the notation of an answer.
type Format uint8

// XML is the platform's default.
const (
	XML Format = iota
	JSON
)

// ParseFormat reads the parameter format; "" is the default, XML. Not ok is
// fault 23.
func ParseFormat(s string) (Format, bool) {
	switch {
	case s == "" || strings.EqualFold(s, "xml"):
		return XML, true
	case strings.EqualFold(s, "json"):
		return JSON, true
	}
	return XML, false
}

// ContentType always carries a charset, because the old .NET client looks the
// charset up and fails without. text/javascript is what Java and .NET ask for
// and the Node clients parse.
func (f Format) ContentType() string {
	if f == JSON {
		return "text/javascript;charset=UTF-8"
	}
	return "text/xml;charset=UTF-8"
}

// ResponseRoot is the root name of a method's answer: dots become underscores,
// a leading "taobao." goes, "_response" is added.
func ResponseRoot(method string) string {
	return string(appendRoot(make([]byte, 0, len(method)+len("_response")), method))
}

func appendRoot(dst []byte, method string) []byte {
	method = strings.TrimPrefix(method, "taobao.")
	for i := 0; i < len(method); i++ {
		c := method[i]
		if c == '.' {
			c = '_'
		}
		dst = append(dst, c)
	}
	return append(dst, "_response"...)
}

// AppendResponse appends the answer of a method to dst: the fields of the
// object v and then request_id as their last sibling, under the method's root.
// A field of v called request_id is left out, as the envelope has its own. v is
// an object or absent; anything else is a mistake of the caller and panics.
//
// simplify (the parameter of that name, "true" only) drops the root and the
// list wrappers; it means nothing with XML.
func AppendResponse(dst []byte, f Format, simplify bool, method string, v Value, requestID string) []byte {
	if v.kind != objValue && v.kind != absent {
		panic("top: the answer of " + method + " is not an object")
	}
	if f == JSON {
		return appendResponseJSON(dst, simplify, method, v.fields, requestID)
	}
	return appendResponseXML(dst, method, v.fields, requestID)
}

// AppendFault appends an error_response to dst. Faults are never simplified.
func AppendFault(dst []byte, f Format, fault *Fault, requestID string) []byte {
	if f == JSON {
		return appendFaultJSON(dst, fault, requestID)
	}
	return appendFaultXML(dst, fault, requestID)
}

// NewRequestID returns 12 or 13 lower-case base-36 characters, as the
// platform's own: 64 random bits, enough to find a call in a log, no secret.
func NewRequestID() string {
	const twelve = 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 * 36 // smallest number of 12 digits
	n := rand.Uint64()
	if n < twelve {
		n += twelve
	}
	return strconv.FormatUint(n, 36)
}
