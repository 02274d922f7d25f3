package api

import (
	"encoding/json"
	"strconv"
	"strings"

	"recoup/internal/top"
)

// A Param is a parameter of a request as it is sent.
type Param struct{ Name, Value string }

// Sample is the request that the document prints: every member with an example, in documented order. It can be sent as it is.
func (m *Method) Sample() []Param {
	if m.Param != "" {
		return []Param{{m.Param, m.Request.sample()}}
	}
	var list []Param
	for _, f := range m.Request.Fields {
		list = append(list, Param{f.Name, f.Example})
	}
	return list
}

// sample writes the members that have examples as a JSON object.
func (s *Struct) sample() string {
	var parts []string
	for _, f := range s.Fields {
		if v := f.sample(); v != "" {
			parts = append(parts, quote(f.Name)+":"+v)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// sample is the example of a field as JSON, "" if it has none.
func (f *Field) sample() string {
	switch f.Type {
	case Object:
		if s := f.Of.sample(); s != "{}" {
			return s
		}
		return ""
	case Objects:
		s := f.Of.sample()
		switch {
		case s == "{}":
			return ""
		case f.AsText:
			return quote("[" + s + "]")
		}
		return "[" + s + "]"
	case String, Number, Boolean, Strings, Numbers:
	}
	if f.Example == "" || f.Example[0] == '[' || f.Type == Number || f.Type == Boolean {
		return f.Example
	}
	return quote(f.Example)
}

// quote writes a JSON string as the clients do, without escapes for HTML.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// SampleReply is the answer that the document prints: the object under the response root.
func (m *Method) SampleReply() top.Value { return m.Response.sampleValue() }

func (s *Struct) sampleValue() top.Value {
	fields := make([]top.Field, len(s.Fields))
	for i, f := range s.Fields {
		fields[i] = top.F(f.Name, f.sampleValue())
	}
	return top.Obj(fields...)
}

func (f *Field) sampleValue() top.Value {
	switch f.Type {
	case Object:
		return f.Of.sampleValue()
	case Objects:
		return top.List(f.Of.Element(), f.Of.sampleValue())
	case String, Number, Boolean, Strings, Numbers:
	}
	if f.Example == "" {
		return top.Value{}
	}
	switch f.Type {
	case Number:
		n, _ := strconv.ParseInt(f.Example, 10, 64)
		return top.Int(n)
	case Boolean:
		return top.Bool(f.Example == "true")
	case Strings, Numbers:
		return f.sampleList()
	default:
		return top.Str(f.Example)
	}
}

// sampleList reads the example of a list of texts or numbers.
func (f *Field) sampleList() top.Value {
	nodes, _ := top.TextNode(f.Example).List()
	items := make([]top.Value, len(nodes))
	for i, n := range nodes {
		if f.Type == Numbers {
			v, _ := n.Int()
			items[i] = top.Int(v)
		} else {
			s, _ := n.Text()
			items[i] = top.Str(s)
		}
	}
	return top.List(strings.ToLower(strings.TrimSuffix(string(f.Type), "[]")), items...)
}
