package api

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"recoup/internal/top"
)

// A value is one decoded field. The zero value is absent: not sent, null, blank or, for most fields, an empty list; all mean the same.
type value struct {
	node *top.Node // while decoding
	set  bool
	none bool    // an empty list was sent, and its field tells that from absence
	num  int64   // Number; 1 for true
	text string  // String
	list []value // the items of a list; the members of an object, by place
}

// args are the members of one object, by the places of their fields.
type args []value

func (a args) has(f *Field) bool      { return a[f.pos].set }
func (a args) text(f *Field) string   { return a[f.pos].text }
func (a args) num(f *Field) int64     { return a[f.pos].num }
func (a args) yes(f *Field) bool      { return a[f.pos].num == 1 }
func (a args) items(f *Field) []value { return a[f.pos].list }

// object returns the members of an Object; those of an absent one are absent.
func (a args) object(f *Field) args {
	if !a[f.pos].set {
		return make(args, len(f.Of.Fields))
	}
	return a[f.pos].list
}

// texts returns the items of a String[], each once, in the order sent; nil if absent.
func (a args) texts(f *Field) []string {
	if !a.has(f) && !a[f.pos].none {
		return nil
	}
	out := make([]string, 0, len(a.items(f)))
	for _, v := range a.items(f) {
		if !slices.Contains(out, v.text) {
			out = append(out, v.text)
		}
	}
	return out
}

// nums returns the items of a Number[], each once, in the order sent; nil if absent.
func (a args) nums(f *Field) []int64 {
	if !a.has(f) {
		return nil
	}
	out := make([]int64, 0, len(a.items(f)))
	for _, v := range a.items(f) {
		if !slices.Contains(out, v.num) {
			out = append(out, v.num)
		}
	}
	return out
}

// optText and optNum tell an absent member by nil.
func (a args) optText(f *Field) *string {
	if !a.has(f) {
		return nil
	}
	return &a[f.pos].text
}

func (a args) optNum(f *Field) *int64 {
	if !a.has(f) {
		return nil
	}
	return &a[f.pos].num
}

// A problem is what is wrong with a request and where. Its path grows outwards as decoding unwinds, so that a good request pays
// nothing for paths.
type problem struct {
	path    string
	remedy  string
	missing bool
}

func (p *problem) under(name string) *problem {
	switch {
	case p.path == "":
		p.path = name
	case p.path[0] == '[':
		p.path = name + p.path
	default:
		p.path = name + "." + p.path
	}
	return p
}

func (p *problem) fault() *top.Fault {
	if p.missing {
		return top.MissingField(p.path, p.remedy)
	}
	return top.InvalidField(p.path, p.remedy)
}

// decode reads an object. Members are matched in one pass; clients send them in documented or alphabetical order, so the search
// begins behind the last match. Then fields are checked in documented order, so that the same request names the same field first
// whoever sent it.
func (s *Struct) decode(n *top.Node) (args, *problem) {
	a := make(args, len(s.Fields))
	next := 0
	for name, node := range n.Fields() {
		if node.Kind() == top.KindNull {
			continue
		}
		if i := s.find(name, next); i >= 0 {
			a[i].node = node
			next = i + 1
		}
	}
	for i, f := range s.Fields {
		if p := f.read(&a[i]); p != nil {
			return nil, p.under(f.Name)
		}
	}
	return a, nil
}

// find returns the place of a name, −1 if the structure does not have it.
func (s *Struct) find(name string, from int) int {
	for i := from; i < len(s.Fields); i++ {
		if s.Fields[i].Name == name {
			return i
		}
	}
	for i := 0; i < from && i < len(s.Fields); i++ {
		if s.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// read converts and checks the node of a value.
func (f *Field) read(v *value) *problem {
	n := v.node
	v.node = nil
	if n != nil && !blank(n) {
		if p := f.convert(v, n); p != nil {
			return p
		}
	}
	if f.Required && !v.set && !f.ownRule {
		return &problem{remedy: remedyRequired, missing: true}
	}
	return nil
}

// blank reports a text of nothing but spaces: absent = null = "" (semantics.md §3).
func blank(n *top.Node) bool {
	if n.Kind() != top.KindString {
		return false
	}
	s, _ := n.Text()
	return strings.TrimSpace(s) == ""
}

func (f *Field) convert(v *value, n *top.Node) *problem {
	switch f.Type {
	case String:
		s, remedy := f.readText(n)
		if remedy != "" {
			return &problem{remedy: remedy}
		}
		if f.Date {
			if _, ok := top.ParseTime(s); !ok {
				return &problem{remedy: remedyDate}
			}
		}
		v.text = s
	case Number:
		i, remedy := f.readNumber(n)
		if remedy != "" {
			return &problem{remedy: remedy}
		}
		v.num = i
	case Boolean:
		b, ok := n.Bool()
		if !ok {
			return &problem{remedy: remedyBoolean}
		}
		if b {
			v.num = 1
		}
	case Object:
		object, ok := n.Object()
		if !ok {
			return &problem{remedy: remedyObject}
		}
		members, p := f.Of.decode(object)
		if p != nil {
			return p
		}
		v.list = members
	case Strings, Numbers, Objects:
		if p := f.convertList(v, n); p != nil {
			return p
		}
		v.set = len(v.list) > 0
		v.none = !v.set && f.Empty
		return nil
	}
	v.set = true
	return nil
}

// readText reads a text and says what is wrong with it, "" if nothing. Ids come as whole JSON numbers too.
func (f *Field) readText(n *top.Node) (s, remedy string) {
	s, ok := n.Text()
	switch {
	case !ok:
		return "", remedyText
	case f.Line && (!n.Digits() || top.Scientific(s)):
		return "", remedyDigits
	}
	if remedy := f.checkText(s); remedy != "" {
		return "", remedy
	}
	if f.Mobile {
		if s, ok = Mobile(s); !ok {
			return "", remedyMobile
		}
	}
	return s, ""
}

// readNumber reads a number and says what is wrong with it, "" if nothing.
func (f *Field) readNumber(n *top.Node) (i int64, remedy string) {
	i, ok := n.Int()
	switch {
	case !ok && f.Fen && n.Point():
		return 0, remedyFen
	case !ok:
		return 0, f.remedyNumber()
	}
	return i, f.checkNumber(i)
}

// convertList reads a list in any of its forms; items that are null or blank are none.
func (f *Field) convertList(v *value, n *top.Node) *problem {
	object, single := (*top.Node)(nil), false
	if f.Type == Objects {
		if object, single = n.Object(); single {
			n = object
		}
	}
	items, ok := n.List()
	if !ok && single {
		items, ok = []*top.Node{object}, true // a single object stands for the list of it
	}
	if !ok {
		return &problem{remedy: remedyList}
	}
	if len(items) > f.Items {
		return &problem{remedy: remedyItems(f.Items)}
	}
	v.list = make([]value, 0, len(items))
	for i, n := range items {
		if n.Kind() == top.KindNull || blank(n) {
			continue
		}
		item := value{set: true}
		var p *problem
		switch f.Type {
		case Strings:
			var remedy string
			if item.text, remedy = f.readText(n); remedy != "" {
				p = &problem{remedy: remedy}
			}
		case Numbers:
			var remedy string
			if item.num, remedy = f.readNumber(n); remedy != "" {
				p = &problem{remedy: remedy}
			}
		default:
			if object, ok := n.Object(); ok {
				item.list, p = f.Of.decode(object)
			} else {
				p = &problem{remedy: remedyObject}
			}
		}
		if p != nil {
			return p.under("[" + strconv.Itoa(i) + "]")
		}
		v.list = append(v.list, item)
	}
	return nil
}

// decode reads the request of a method: the JSON object inside its parameter, or its parameters themselves.
func (m *Method) decode(params *top.Params) (args, *top.Fault) {
	if m.Param == "" {
		return m.decodeParams(params)
	}
	raw := strings.TrimPrefix(params.Get(m.Param), "\ufeff") // a byte order mark
	if strings.TrimSpace(raw) == "" {
		// The documents call the parameter optional, but its members are not.
		return nil, top.MissingField(m.Param, remedyRequired)
	}
	n, err := top.ParseJSON(raw)
	if err != nil {
		if twice := (*top.DuplicateNameError)(nil); errors.As(err, &twice) {
			p := problem{path: twice.Path, remedy: "字段名重复 duplicate name"}
			return nil, p.under(m.Param).fault()
		}
		return nil, top.InvalidField(m.Param, "JSON格式错误 broken JSON: "+err.Error())
	}
	switch n.Kind() {
	case top.KindNull:
		return nil, top.MissingField(m.Param, remedyRequired)
	case top.KindObject:
	default:
		return nil, top.InvalidField(m.Param, remedyObject)
	}
	a, p := m.Request.decode(n)
	if p != nil {
		return nil, p.under(m.Param).fault()
	}
	return a, nil
}

// decodeParams reads members that are parameters of their own. The platform checks those itself: 40 and 41.
func (m *Method) decodeParams(params *top.Params) (args, *top.Fault) {
	a := make(args, len(m.Request.Fields))
	for i, f := range m.Request.Fields {
		if raw, ok := params.Lookup(f.Name); ok {
			a[i].node = top.TextNode(raw)
		}
		if p := f.read(&a[i]); p != nil {
			if p.missing {
				return nil, top.MissingArgument(f.Name)
			}
			return nil, top.InvalidArgument(f.Name)
		}
	}
	return a, nil
}
