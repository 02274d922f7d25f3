package top

import (
	"strings"
	"testing"
)

const formType = "application/x-www-form-urlencoded;charset=UTF-8"

// show writes parameters as "name=value|name=value", unescaped.
func show(p *Params) string {
	var parts []string
	for name, value := range p.All() {
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, "|")
}

func faultText(f *Fault) string {
	if f == nil {
		return ""
	}
	return f.Error()
}

func TestReadForm(t *testing.T) {
	tests := []struct {
		name, query, contentType, body string
		want, conflict, fault          string
	}{
		{name: "nothing"},
		{name: "query only", query: "method=a&v=2.0", want: "method=a|v=2.0"},
		{name: "split: system in the query, application in the body", query: "method=a&sign=X", contentType: formType, body: "ids=1%2C2", want: "method=a|sign=X|ids=1,2"},
		{name: "all in the body", contentType: "application/x-www-form-urlencoded; charset=UTF-8", body: "method=a&v=2.0", want: "method=a|v=2.0"},
		{name: "no charset", contentType: "application/x-www-form-urlencoded", body: "a=1", want: "a=1"},
		{name: "capitals and blanks in the type", contentType: " Application/X-WWW-Form-Urlencoded ; charset=utf-8", body: "a=1", want: "a=1"},
		{name: "no type at all", body: "a=1", want: "a=1"},
		{name: "plus and %20 are blanks", query: "t=2016-01-01+12%3A00%3A00&u=2016-01-01%2012:00:00&p=%2B", want: "t=2016-01-01 12:00:00|u=2016-01-01 12:00:00|p=+"},
		{name: "either case of escapes", query: "a=%e4%b8%ad%E6%96%87", want: "a=中文"},
		{name: "raw UTF-8", query: "a=中文", want: "a=中文"},
		{name: "escaped name", query: "%61+b=1", want: "a b=1"},
		{name: "empty value", query: "a=&b=1", want: "a=|b=1"},
		{name: "no equals sign", query: "a&b=1", want: "a=|b=1"},
		{name: "equals signs in the value", query: "a=b==", want: "a=b=="},
		{name: "no name", query: "=1", want: "=1"},
		{name: "empty pairs", query: "&&a=1&&b=2&", want: "a=1|b=2"},
		{name: "semicolon is a character", query: "a=1;b=2", want: "a=1;b=2"},
		{name: "same twice is one", query: "a=1&b=2", contentType: formType, body: "b=2&a=1&c=3", want: "a=1|b=2|c=3"},
		{name: "escaped differently but the same", query: "a=+", contentType: formType, body: "a=%20", want: "a= "},
		{name: "two values, query wins", query: "a=1&b=2", contentType: formType, body: "b=3&a=1", want: "a=1|b=2", conflict: "b"},
		{name: "two values in one place, first wins", query: "a=1&c=1&a=2&c=2", want: "a=1|c=1", conflict: "a"},
		{name: "broken escape", query: "method=m&a=%zz&format=json", want: "method=m|a=%zz|format=json", fault: "41 Invalid arguments:a"},
		{name: "escape cut short", query: "a=1%2", want: "a=1%2", fault: "41 Invalid arguments:a"},
		{name: "escape cut by the next pair", query: "a=%2&b=1", want: "a=%2|b=1", fault: "41 Invalid arguments:a"},
		{name: "percent at the end", query: "a=%", want: "a=%", fault: "41 Invalid arguments:a"},
		{name: "broken escape in a name", query: "a%g=1", want: "a%g=1", fault: "41 Invalid arguments:a%g"},
		{name: "first fault counts", query: "a=%&b=%", want: "a=%|b=%", fault: "41 Invalid arguments:a"},
		{name: "long name", query: strings.Repeat("n", 129) + "=1&b=2", want: "b=2", fault: "41 Invalid arguments:" + strings.Repeat("n", 128)},
		{name: "longest name", query: strings.Repeat("n", 128) + "=1", want: strings.Repeat("n", 128) + "=1"},
		{name: "byte order mark and line ends around a form", body: "\ufeffa=1&b=%0A\r\n\n", want: "a=1|b=\n"},
		{name: "line ends inside", query: "a=1\n", body: "b=1\n&c=2", want: "a=1\n|b=1\n|c=2"},
		{name: "line ends alone", body: "\r\n", want: ""},
		{name: "too many", query: strings.Repeat("a=1&", 257), want: "a=1", fault: "43 Parameter Error: 参数过多 too many parameters, at most 256"},
		{name: "most", query: strings.Repeat("a=1&", 256), want: "a=1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, fault := ReadParams(test.query, test.contentType, []byte(test.body))
			if got := show(p); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if got := p.Conflict(); got != test.conflict {
				t.Errorf("conflict %q, want %q", got, test.conflict)
			}
			if got := faultText(fault); got != test.fault {
				t.Errorf("fault %q, want %q", got, test.fault)
			}
			if p.Body() != nil {
				t.Error("a form has no signed body")
			}
		})
	}
}

func TestReadOtherBodies(t *testing.T) {
	for _, contentType := range []string{"text/plain;charset=UTF-8", "application/json", "text/xml; charset=utf-8", "image/png"} {
		body := []byte("a=1&b=%zz")
		p, fault := ReadParams("v=2.0", contentType, body)
		if fault != nil || show(p) != "v=2.0" || string(p.Body()) != string(body) {
			t.Errorf("%s: %v %s %q", contentType, fault, show(p), p.Body())
		}
	}
	if p, _ := ReadParams("", "text/plain", nil); p.Body() != nil {
		t.Error("no body, yet Body is not nil")
	}
}

func TestBadEncoding(t *testing.T) {
	tests := []struct{ query, want string }{
		{"a=1&b=%E4%B8%AD", ""},
		{"a=1&b=%D6%D0&c=%D6", "b"}, // GBK
		{"a=%E4&b=%B8", "a"},        // two halves of one character
		{"%D6=1", "?"},
		{"a=%ED%A0%80", "a"}, // a surrogate in UTF-8 clothes
	}
	for _, test := range tests {
		p, _ := ReadParams(test.query, "", nil)
		if got := p.BadEncoding(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.query, got, test.want)
		}
	}
}

func TestParams(t *testing.T) {
	p := NewParams("b", "1", "a", "", "b", "2")
	p.Set("c", "中 +&=")
	if got, want := show(p), "b=2|a=|c=中 +&="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := p.Encode(), "b=2&a=&c=%E4%B8%AD+%2B%26%3D"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if v, ok := p.Lookup("a"); v != "" || !ok {
		t.Error("an empty value is there")
	}
	if v, ok := p.Lookup("d"); v != "" || ok || p.Get("d") != "" {
		t.Error("d is not there")
	}
	if p.Len() != 3 {
		t.Errorf("Len %d", p.Len())
	}
	for name := range p.All() {
		if name == "a" {
			break // must not go on after the loop ends
		}
	}
}

// Readers are pooled: what one call leaves must not show in the next.
func TestReadersDoNotMix(t *testing.T) {
	first, _ := ReadParams("a=one&b=%zz", "", nil)
	second, fault := ReadParams("c=two", "", nil)
	if show(first) != "a=one|b=%zz" || show(second) != "c=two" || fault != nil {
		t.Errorf("%s, %s, %v", show(first), show(second), fault)
	}
}

func TestFormBodyIsCopied(t *testing.T) {
	body := []byte("a=1")
	p, _ := ReadParams("", formType, body)
	copy(body, "xxx")
	if show(p) != "a=1" {
		t.Error("parameters change with the buffer they came in")
	}
}
