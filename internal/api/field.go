package api

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"recoup/internal/ledger"
	"recoup/internal/top"
)

// Type is the type of a field in the words of the documents.
type Type string

// The types of fields. How each arrives and leaves is top's business.
const (
	String  Type = "String"
	Number  Type = "Number" // whole, 64 bits
	Boolean Type = "Boolean"
	Strings Type = "String[]"
	Numbers Type = "Number[]"
	Object  Type = "Object"
	Objects Type = "Object[]"
)

// The bounds of semantics.md §3.
const (
	IDBytes   = 128 // ids: 1 to 128 bytes without control characters
	TextBytes = 512 // free text
	ListItems = 100 // items of a list, unless its field says otherwise
)

// A Field is one member of a request or of a response, as documented.
type Field struct {
	Name     string
	Type     Type
	Required bool   // in requests
	Zh, En   string // what it means
	Example  string // as the document prints it; "" prints none
	Bytes    int    // String, String[]: the longest text
	Line     bool   // String, String[]: an id, without control characters; other texts refuse NUL alone
	Date     bool   // String: yyyy-MM-dd HH:mm:ss in GMT+8, or milliseconds since 1970
	Min, Max int64  // Number: the bounds, both inclusive
	Items    int    // lists: the most items
	Enum     []string
	Of       *Struct // Object, Object[]: the structure
	Fen      bool    // Number: money
	Mobile   bool    // String: a mobile number, in one spelling
	AsText   bool    // declared String by its document, which holds the number or, as JSON, the list
	Empty    bool    // lists: an empty one is not absence
	Ordered  bool    // lists: the order has a meaning; other lists are sets

	// Registry lists the values a brand adds to Enum; nil: none can be added.
	Registry func(*ledger.Brand) []string

	ownRule bool // Required, but when is for the method to say

	pos int // place in its structure
}

// A Struct is a structure of the documents: its name and its fields in documented order.
type Struct struct {
	Name   string
	Fields []*Field

	content []*Field // what the content digest is made of, by name: all but who did it and why
	open    []*Field // fields whose values a brand may add to
}

// structure gives the fields their places. A field belongs to one structure; a name twice is a mistake in the declaration.
func structure(name string, fields ...*Field) *Struct {
	s := &Struct{Name: name, Fields: fields}
	for i, f := range fields {
		if s.Field(f.Name) != f {
			panic("api: " + name + " has two fields " + f.Name)
		}
		f.pos = i
		if f.Registry != nil {
			s.open = append(s.open, f)
		}
		switch f.Name {
		case "operator_id", "operator_name", "reason", "remark":
		default:
			s.content = append(s.content, f)
		}
	}
	slices.SortFunc(s.content, func(a, b *Field) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// Field finds a field by its name, nil if there is none.
func (s *Struct) Field(name string) *Field {
	for _, f := range s.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Element is the name under which items of a list of the structure are wrapped in answers: VoucherStatusInfo becomes
// voucher_status_info.
func (s *Struct) Element() string {
	var b strings.Builder
	for i := 0; i < len(s.Name); i++ {
		c := s.Name[i]
		if 'A' <= c && c <= 'Z' {
			// A run of capitals, as in OrderSubInfoBO, is one word.
			if i > 0 && (s.Name[i-1] < 'A' || s.Name[i-1] > 'Z') {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// Declared is the type as the documents print it: a structure by its name.
func (f *Field) Declared() string {
	switch {
	case f.AsText:
		return string(String)
	case f.Type == Object:
		return f.Of.Name
	case f.Type == Objects:
		return f.Of.Name + "[]"
	}
	return string(f.Type)
}

// id declares an identifier: 1 to 128 bytes without control characters.
func id(name, example, zh, en string) *Field {
	return &Field{Name: name, Type: String, Bytes: IDBytes, Line: true, Example: example, Zh: zh, En: en}
}

// text declares free text of at most 512 bytes.
func text(name, example, zh, en string) *Field {
	return &Field{Name: name, Type: String, Bytes: TextBytes, Example: example, Zh: zh, En: en}
}

// date declares a moment.
func date(name, example, zh, en string) *Field {
	return &Field{Name: name, Type: String, Bytes: IDBytes, Line: true, Date: true, Example: example, Zh: zh, En: en}
}

// number declares any 64-bit number.
func number(name, example, zh, en string) *Field {
	return &Field{Name: name, Type: Number, Min: math.MinInt64, Max: math.MaxInt64, Example: example, Zh: zh, En: en}
}

// amount declares fen, more than 0. That it is too large is for the ledger to say (AMOUNT_TOO_LARGE).
func amount(name, example, zh, en string) *Field {
	return number(name, example, zh, en).between(1, math.MaxInt64).fen()
}

// points declares points, more than 0.
func points(name, example, zh, en string) *Field {
	return number(name, example, zh, en).between(1, math.MaxInt64)
}

// fee declares fen that may be 0.
func fee(name, example, zh, en string) *Field {
	return number(name, example, zh, en).between(0, math.MaxInt64).fen()
}

// mobileNo declares a mobile number.
func mobileNo(zh, en string) *Field {
	f := id("mobile", "18651822226", zh, en)
	f.Mobile = true
	return f
}

func boolean(name, example, zh, en string) *Field {
	return &Field{Name: name, Type: Boolean, Example: example, Zh: zh, En: en}
}

// ids declares a list of identifiers.
func ids(name, example, zh, en string) *Field {
	return &Field{Name: name, Type: Strings, Bytes: IDBytes, Line: true, Items: ListItems, Example: example, Zh: zh, En: en}
}

func numbers(name, example, zh, en string) *Field {
	return &Field{Name: name, Type: Numbers, Min: math.MinInt64, Max: math.MaxInt64, Items: ListItems, Example: example, Zh: zh, En: en}
}

func object(name string, of *Struct, zh, en string) *Field {
	return &Field{Name: name, Type: Object, Of: of, Zh: zh, En: en}
}

func objects(name string, of *Struct, zh, en string) *Field {
	return &Field{Name: name, Type: Objects, Of: of, Items: ListItems, Zh: zh, En: en}
}

// must makes a field of a request required.
func (f *Field) must() *Field { f.Required = true; return f }

// judged leaves it to the method to say when a required field is missing.
func (f *Field) judged() *Field { f.ownRule = true; return f }

func (f *Field) between(least, most int64) *Field { f.Min, f.Max = least, most; return f }

// fen says that a number is money.
func (f *Field) fen() *Field { f.Fen = true; return f }

func (f *Field) bytes(most int) *Field { f.Bytes = most; return f }

func (f *Field) items(most int) *Field { f.Items = most; return f }

// ordered says that the order of a list has a meaning, so that another order is other content.
func (f *Field) ordered() *Field { f.Ordered = true; return f }

// orNone says that an empty list is not absence: none are meant.
func (f *Field) orNone() *Field { f.Empty = true; return f }

// oneOf closes the values of a field.
func (f *Field) oneOf(values ...string) *Field { f.Enum = values; return f }

// plus lets a brand add to the values of a field.
func (f *Field) plus(registry func(*ledger.Brand) []string) *Field { f.Registry = registry; return f }

// The remedies that faults give, Chinese first.
const (
	remedyRequired  = "必填 is required"
	remedyText      = "应为字符串 must be a text"
	remedyControl   = "不可含控制字符 must not contain control characters"
	remedyInvisible = "不可含不可见或改变方向的字符 must not contain characters that are invisible or turn the direction"
	remedyNUL       = "不可含NUL字符 must not contain NUL"
	remedyDate      = "应为yyyy-MM-dd HH:mm:ss must be a time as yyyy-MM-dd HH:mm:ss"
	remedyBoolean   = "应为true或false must be true or false"
	remedyDigits    = "须为文本或整数，带小数点、指数或正负号的数字已丢失位数 must be a text or whole number: one with point, exponent or sign has lost digits"
	remedyFen       = "金额单位是分，不带小数点 amounts are in fen, without a decimal point"
	remedyList      = "应为列表 must be a list"
	remedyObject    = "应为JSON对象 must be a JSON object"
)

func remedyBytes(most int) string {
	n := strconv.Itoa(most)
	return "不可超过" + n + "字节 must be at most " + n + " bytes"
}

func remedyItems(most int) string {
	n := strconv.Itoa(most)
	return "不可超过" + n + "项 must be at most " + n + " items"
}

func remedyEnum(values []string) string {
	return "可用值 allowed values: " + strings.Join(values, ", ")
}

// remedyNumber says which numbers a field takes.
func (f *Field) remedyNumber() string {
	low, high := strconv.FormatInt(f.Min, 10), strconv.FormatInt(f.Max, 10)
	switch {
	case len(f.Enum) > 0:
		return remedyEnum(f.Enum)
	case f.Min == 1 && f.Max == math.MaxInt64:
		return "应为大于0的整数 must be a whole number above 0"
	case f.Max != math.MaxInt64:
		return "应为" + low + "到" + high + "的整数 must be a whole number from " + low + " to " + high
	case f.Min != math.MinInt64:
		return "应为不小于" + low + "的整数 must be a whole number, " + low + " or more"
	}
	return "应为64位整数 must be a whole number of 64 bits"
}

// checkText says what is wrong with a text, "" if nothing.
func (f *Field) checkText(s string) string {
	if len(s) > f.Bytes {
		return remedyBytes(f.Bytes)
	}
	if f.Line {
		for i := 0; i < len(s); i++ {
			// 0xC2 begins the control characters beyond ASCII, U+0080 to U+009F.
			if c := s[i]; c < ' ' || c == 0x7f || c == 0xc2 && i+1 < len(s) && s[i+1] < 0xa0 {
				return remedyControl
			}
		}
	} else if strings.IndexByte(s, 0) >= 0 {
		return remedyNUL
	}
	if !utf8.ValidString(s) {
		return remedyText
	}
	if f.Line && !f.Mobile && top.Invisible(s) { // what is left out of a mobile is left out of it
		return remedyInvisible
	}
	if len(f.Enum) > 0 && f.Registry == nil && !slices.Contains(f.Enum, s) {
		return remedyEnum(f.Enum)
	}
	return ""
}

// checkNumber says what is wrong with a number, "" if nothing.
func (f *Field) checkNumber(n int64) string {
	if n < f.Min || n > f.Max {
		return f.remedyNumber()
	}
	return ""
}
