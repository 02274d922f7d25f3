package top

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// render writes a node as JSON again, strings quoted the Go way.
func render(n *Node) string {
	switch n.Kind() {
	case KindArray:
		var parts []string
		for _, item := range n.Items() {
			parts = append(parts, render(item))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case KindObject:
		var parts []string
		for name, value := range n.Fields() {
			parts = append(parts, fmt.Sprintf("%q:%s", name, render(value)))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case KindString:
		return fmt.Sprintf("%q", n.text)
	case KindNull:
		return "null"
	}
	return n.text
}

func TestParseJSON(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		text string
		want string // as rendered, or the error
	}{
		{`{}`, `{}`},
		{`[]`, `[]`},
		{` [ ] `, `[]`},
		{"\t{ \"a\" : [ 1 , 2 ] ,\r\n\"b\":{ } } ", `{"a":[1,2],"b":{}}`},
		{`"a"`, `"a"`},
		{`true`, `true`},
		{`false`, `false`},
		{`null`, `null`},
		{`[0,-0,1.50,-1e5,1E+5,1.5e-7,5000399193546580981,123456789012345678901234567890]`, `[0,-0,1.50,-1e5,1E+5,1.5e-7,5000399193546580981,123456789012345678901234567890]`},
		{`"\"\\\/\b\f\n\r\t"`, `"\"\\/\b\f\n\r\t"`},
		{`"\u4e2D\u6587 \u003c \ud83d\ude00 中"`, `"中文 < 😀 中"`},
		{`"\u0000"`, `"\x00"`},
		{`{"\u0061":1,"":2}`, `{"a":1,"":2}`},
		{"\"\u007f\u2028\"", `"\x7f\u2028"`},
		{deep(16), deep(16)},

		{``, `unexpected end at byte 0`},
		{` `, `unexpected end at byte 0`},
		{`{"a":1}x`, `text after the end at byte 7`},
		{`[1] [2]`, `text after the end at byte 4`},
		{`[1,]`, `invalid character ',' at start of value at byte 2`},
		{`[,1]`, `invalid character ',' at start of value at byte 1`},
		{`[1 2]`, `invalid character '2' after array element (expecting ',' or ']') at byte 3`},
		{`[1`, `unexpected end at byte 2`},
		{`[`, `unexpected end at byte 1`},
		{`{"a":1,}`, `invalid character ',' at start of value at byte 6`},
		{`{a:1}`, `invalid character 'a' at start of value at byte 1`},
		{`{1:2}`, `object member name must be a string at byte 1`},
		{`{[1]:2}`, `object member name must be a string at byte 1`},
		{`{'a':1}`, `invalid character '\'' at start of value at byte 1`},
		{`{"a"}`, `invalid character '}' after object name (expecting ':') at byte 4`},
		{`{"a":}`, `missing value after object name at byte 5`},
		{`{"a":1`, `unexpected end at byte 6`},
		{`{"a":1 "b":2}`, `invalid character '"' after object value (expecting ',' or '}') at byte 7`},
		{`{`, `unexpected end at byte 1`},
		{`01`, `text after the end at byte 1`},
		{`-`, `unexpected end at byte 0`},
		{`-a`, `invalid character 'a' in number (expecting digit) at byte 1`},
		{`1.`, `unexpected end at byte 0`},
		{`.5`, `invalid character '.' at start of value at byte 0`},
		{`1e`, `unexpected end at byte 0`},
		{`1e+`, `unexpected end at byte 0`},
		{`+1`, `invalid character '+' at start of value at byte 0`},
		{`NaN`, `invalid character 'N' at start of value at byte 0`},
		{`True`, `invalid character 'T' at start of value at byte 0`},
		{`tru`, `unexpected end at byte 3`},
		{`nullx`, `text after the end at byte 4`},
		{`"a`, `unexpected end at byte 2`},
		{`"a\`, `unexpected end at byte 2`},
		{`"\a"`, "invalid escape sequence `\\a` in string at byte 1"},
		{`"\u12G4"`, "invalid escape sequence `\\u12G4` in string at byte 1"},
		{`"\u12`, `unexpected end at byte 1`},
		{"\"a\nb\"", `invalid character '\n' in string (expecting non-control character) at byte 2`},
		{"\ufeff{}", `invalid character '\ufeff' at start of value at byte 0`},
		{`// {}`, `invalid character '/' at start of value at byte 0`},

		{"\"a\xff\"", `invalid UTF-8 at byte 2`},
		{"\"\ufffd\xed\xa0\x80\"", `invalid UTF-8 at byte 4`},
		{`"\ud83d"`, "invalid surrogate pair at byte 1"},
		{`"\ud83dx"`, "invalid surrogate pair at byte 1"},
		{`"\ud83d\u0041"`, "invalid surrogate pair at byte 1"},
		{`"\ude00\ud83d"`, "invalid surrogate pair at byte 1"},
		{deep(17), `nested too deeply at byte 16`},
		{`[` + strings.Repeat("1,", maxNodes-2) + `1]`, `[` + strings.Repeat("1,", maxNodes-2) + `1]`},
		{`[` + strings.Repeat("1,", maxNodes-1) + `1]`, `too many values at byte 131070`},

		{`{"a":1,"b":2,"a":1}`, `duplicate name a`},
		{`{"a":1,"\u0061":2}`, `duplicate name a`},
		{`{"operator":{"x":1,"operator_id":2,"operator_id":3}}`, `duplicate name operator.operator_id`},
		{`{"list":[{"code":1},{"name":2,"code":3,"code":4}]}`, `duplicate name list[1].code`},
		{`{"1":{"a/b~":1,"a/b~":2}}`, `duplicate name 1.a/b~`},
		{`[[{"":1,"":2}]]`, `duplicate name [0][0].`},
		{`{"a":{"b":1},"c":{"b":1}}`, `{"a":{"b":1},"c":{"b":1}}`},
	}
	for _, test := range tests {
		n, err := ParseJSON(test.text)
		var got string
		if err != nil {
			got = err.Error()
		} else {
			got = render(n)
		}
		if got != test.want {
			t.Errorf("%.60q: got %.80s, want %.80s", test.text, got, test.want)
		}
		if err == nil && !json.Valid([]byte(test.text)) {
			t.Errorf("%.60q: encoding/json refuses it", test.text)
		}
		if err != nil && json.Valid([]byte(test.text)) && !stricter(err) {
			t.Errorf("%.60q: encoding/json takes it, we say %v", test.text, err)
		}
	}
}

// stricter says whether an error is one of our own rules, beyond RFC 8259.
func stricter(err error) bool {
	if _, ok := errors.AsType[*DuplicateNameError](err); ok {
		return true
	}
	return errors.Is(err, errDepth) || errors.Is(err, errNodes) ||
		strings.Contains(err.Error(), "invalid UTF-8") || strings.Contains(err.Error(), "invalid surrogate pair")
}

func TestDuplicateInLargeObject(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"x":{`)
	for i := range 100 {
		fmt.Fprintf(&b, `"n%d":%d,`, i, i)
	}
	if _, err := ParseJSON(b.String() + `"last":0}}`); err != nil {
		t.Error(err)
	}
	if _, err := ParseJSON(b.String() + `"n7":0}}`); err == nil || err.Error() != "duplicate name x.n7" {
		t.Error(err)
	}
}

func TestNodeField(t *testing.T) {
	n, err := ParseJSON(`{"a":{"b":"c","n":null},"l":[1,null],"s":"text"}`)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := n.Field("a").Field("b").Text(); s != "c" || !ok {
		t.Error(s, ok)
	}
	for _, absent := range []*Node{n.Field("x"), n.Field("a").Field("n"), n.Field("x").Field("y"), n.Field("s").Field("y"), n.Field("l").Field("")} {
		if absent != nil || absent.Kind() != KindNull || absent.Len() != 0 || absent.Items() != nil {
			t.Errorf("%v is not absent", absent)
		}
	}
	if n.Len() != 3 || n.Field("l").Len() != 2 || len(n.Field("l").Items()) != 2 || n.Items() != nil {
		t.Error("lengths")
	}
	for range n.Field("l").Fields() {
		t.Error("an array has no fields")
	}
	for name := range n.Fields() {
		if name != "a" {
			t.Error("went on after break")
		}
		break
	}
	if got := fmt.Sprint(n.Kind(), n.Field("l").Kind(), n.Field("s").Kind(), n.Field("x").Kind()); got != "object array string null" {
		t.Error(got)
	}
}

// conversions of one text, nested (as JSON) and at the top level (as text).
func TestNodeConversions(t *testing.T) {
	const no = "–"
	tests := []struct {
		json             string
		text, int, bool_ string
	}{
		{`"5000399193546580981"`, "5000399193546580981", "5000399193546580981", no},
		{`5000399193546580981`, "5000399193546580981", "5000399193546580981", no},
		{`9223372036854775807`, "9223372036854775807", "9223372036854775807", no},
		{`9223372036854775808`, "9223372036854775808", no, no},
		{`-9223372036854775808`, "-9223372036854775808", "-9223372036854775808", no},
		{`-9223372036854775809`, "-9223372036854775809", no, no},
		{`"99999999999999999999999999"`, "99999999999999999999999999", no, no},
		{`30`, "30", "30", no},
		{`30.0`, "30.0", "30", no},
		{`"-30.000"`, "-30.000", no, no},
		{`"30.0"`, "30.0", no, no},
		{`"10.00"`, "10.00", no, no},
		{`-30.000`, "-30.000", "-30", no},
		{`30.5`, "30.5", no, no},
		{`3e1`, "3e1", no, no},
		{`"007"`, "007", "7", no},
		{`"30."`, "30.", no, no},
		{`".0"`, ".0", no, no},
		{`"+30"`, "+30", no, no},
		{`" 30"`, " 30", no, no},
		{`"--30"`, "--30", no, no},
		{`"-"`, "-", no, no},
		{`"1.0.0"`, "1.0.0", no, no},
		{`"３"`, "３", no, no},
		{`""`, "", no, no},
		{`-0`, "-0", "0", no},
		{`1`, "1", "1", "true"},
		{`"0"`, "0", "0", "false"},
		{`true`, "true", no, "true"},
		{`false`, "false", no, "false"},
		{`"True"`, "True", no, "true"},
		{`"FALSE"`, "FALSE", no, "false"},
		{`"yes"`, "yes", no, no},
		{`null`, no, no, no},
		{`[1]`, no, no, no},
		{`{"a":1}`, no, no, no},
	}
	for _, test := range tests {
		n, err := ParseJSON(test.json)
		if err != nil {
			t.Fatal(err)
		}
		check := func(n *Node) {
			t.Helper()
			text, integer, boolean := no, no, no
			if v, ok := n.Text(); ok {
				text = v
			}
			if v, ok := n.Int(); ok {
				integer = fmt.Sprint(v)
			}
			if v, ok := n.Bool(); ok {
				boolean = fmt.Sprint(v)
			}
			if text != test.text || integer != test.int || boolean != test.bool_ {
				t.Errorf("%s: got %s %s %s, want %s %s %s", test.json, text, integer, boolean, test.text, test.int, test.bool_)
			}
		}
		check(n)
		if n.Kind() == KindString || n.Kind() == KindNumber && !n.Point() {
			check(TextNode(n.text))
		}
	}
	if v, ok := TextNode(fmt.Sprint(math.MaxInt64)).Int(); v != math.MaxInt64 || !ok {
		t.Error(v, ok)
	}
}

func TestScientific(t *testing.T) {
	for text, want := range map[string]bool{
		"3.2312313123120e+21": true, "2.20761E+13": true, "2E+13": true,
		"": false, "+": false, "E+1": false, "22076108": false, "A1E+5": false, "1E5": false, "1E+": false, "1E+5x": false, "1+5": false,
	} {
		if Scientific(text) != want {
			t.Errorf("%q is taken for a damaged number: %v", text, !want)
		}
	}
}

func TestNodeObject(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1}`:             `{"a":1}`,
		`"{\"a\":{\"b\":2}}"`: `{"a":{"b":2}}`,
		`" {} "`:              `{}`,
		`"{"`:                 "",
		`"{\"a\":1,\"a\":2}"`: "",
		`"\"{}\""`:            "",
		`"a"`:                 "",
		`[{}]`:                "",
		`1`:                   "",
		`null`:                "",
	} {
		n, err := ParseJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if o, ok := n.Object(); ok {
			got = render(o)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if _, ok := (*Node)(nil).Object(); ok {
		t.Error("nothing is an object")
	}
}

func TestNodeList(t *testing.T) {
	const no = "not ok"
	tests := []struct{ json, want string }{
		{`["123","456"]`, `"123" "456"`},
		{`[5000399193546580981]`, `5000399193546580981`},
		{`[]`, ``},
		{`[null,1]`, `null 1`},
		{`[{"amount":20}]`, `{"amount":20}`},
		{`{"string":["a","b"]}`, `"a" "b"`},
		{`{"number":[1,2]}`, `1 2`},
		{`{"refund_channel_vo":[{"amount":20}]}`, `{"amount":20}`},
		{`{"a":[1],"b":[2]}`, no},
		{`{"a":1}`, no},
		{`{}`, no},
		{`null`, no},
		{`"22076108"`, `"22076108"`},
		{`"a, b ,,c,"`, `"a" "b" "c"`},
		{`""`, ``},
		{`" , "`, ``},
		{`7`, `7`},
		{`true`, `true`},
		{`"[1,2]"`, `1 2`},
		{`" [\"a\"] "`, `"a"`},
		{`"[1,"`, no},
		{`"[1],[2]"`, no},
		{`"\"123\",\"456\""`, `"123" "456"`}, // the published sample of voucher_id_list
		{`"\"123\",456"`, `"123" 456`},
		{`"\"123"`, no},
		{`"https://a/b?c=[1]"`, `"https://a/b?c=[1]"`},
	}
	for _, test := range tests {
		n, err := ParseJSON(test.json)
		if err != nil {
			t.Fatal(err)
		}
		check := func(n *Node) {
			t.Helper()
			got := no
			if items, ok := n.List(); ok {
				parts := make([]string, len(items))
				for i := range items {
					parts[i] = render(items[i])
				}
				got = strings.Join(parts, " ")
			}
			if got != test.want {
				t.Errorf("%s: got %s, want %s", test.json, got, test.want)
			}
		}
		check(n)
		if n.Kind() == KindString {
			check(TextNode(n.text))
		}
	}
	// An array at the top level comes as text.
	if items, ok := TextNode("[5000399193546580981,2]").List(); len(items) != 2 || !ok {
		t.Error(items, ok)
	}
	if _, ok := TextNode(strings.Repeat("a,", maxNodes)).List(); ok {
		t.Error("a list without bound")
	}
}
