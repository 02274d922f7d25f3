package top

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"math/big"
	"mime/multipart"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzReadParams compares with net/url wherever that takes the text.
func FuzzReadParams(f *testing.F) {
	for _, s := range []string{"", "a=1&b=2", "a=%E4%B8%AD+x&a=2", "&&=&a", "a=%zz", "a=%2", "a;b=1", "%41=%41", "\ufeffa=1\r\n"} {
		f.Add(s, "")
		f.Add("v=2.0&a=1", s)
	}
	f.Add("a=1", "\ufeffb=2\r\n")
	f.Fuzz(func(t *testing.T, query, body string) {
		p, fault := ReadParams(query, formType, []byte(body))
		body = string(trimForm([]byte(body)))
		twin, _ := ReadParams(query+"&"+body, "", nil)
		if show(p) != show(twin) || p.Conflict() != twin.Conflict() {
			t.Fatalf("query and body read differently: %q, %q", show(p), show(twin))
		}
		if fault != nil {
			return
		}
		values, err := url.ParseQuery(query + "&" + body)
		if err != nil {
			if strings.Contains(query+body, ";") {
				return // net/url refuses semicolons
			}
			t.Fatalf("net/url refuses: %v", err)
		}
		if len(values) != p.Len() {
			t.Fatalf("%d names, want %d", p.Len(), len(values))
		}
		conflict := false
		for name, all := range values {
			if got, ok := p.Lookup(name); !ok || got != all[0] {
				t.Fatalf("%q is %q, want %q", name, got, all[0])
			}
			for _, v := range all {
				conflict = conflict || v != all[0]
			}
		}
		if conflict != (p.Conflict() != "") && values[""] == nil {
			t.Fatalf("conflict %q", p.Conflict())
		}
	})
}

// FuzzMultipart reads raw bytes for crashes, and bodies written by
// mime/multipart for their content.
func FuzzMultipart(f *testing.F) {
	f.Add("b", "name", "value", []byte("--b\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--b--\r\n"))
	f.Add("16a3", "标题", "中\r\n", []byte("\r\n--16a3\r\nContent-Disposition:form-data;name=\"x\"\r\n\r\n1\r\n--16a3--"))
	f.Add("x y", "a\"b\\", "--x y", []byte("--x y\nContent-Disposition\n folded\n\n--x y--"))
	f.Fuzz(func(t *testing.T, boundary, name, value string, raw []byte) {
		p, _ := ReadParams("", "multipart/form-data; boundary="+boundary, raw)
		if n := len(show(p)); n > 2*len(raw)+1 {
			t.Fatalf("%d bytes out of %d", n, len(raw))
		}

		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		if w.SetBoundary(boundary) != nil || strings.Contains(value, "--"+boundary) ||
			len(name) > 128 || strings.ContainsAny(name, "\r\n") {
			return
		}
		w.WriteField(name, value)
		file, _ := w.CreateFormFile("file", "x")
		io.WriteString(file, value)
		w.Close()
		for _, lead := range []string{"", "\r\n"} {
			p, fault := ReadParams("", w.FormDataContentType(), []byte(lead+body.String()))
			if got, ok := p.Lookup(name); fault != nil || !ok || got != value || p.Len() != 1 {
				t.Fatalf("%q is %q, want %q; %v", name, got, value, fault)
			}
			if got, ok := p.File("file"); !ok || string(got) != value {
				t.Fatalf("file is %q, want %q", got, value)
			}
		}
	})
}

// FuzzParseJSON compares with encoding/json: what we take it takes, with the
// same values; what it takes and we do not breaks one of our own rules.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,"\u4e2d\ud83d\ude00"],"b":{"c":null}}`, `{"a":1,"a":2}`, "[[[", `"\ud800"`, ` [true,false] `, "\"\xff\"", `1e`, `{"":{"":0}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseJSON(text)
		if err != nil {
			if json.Valid([]byte(text)) && !stricter(err) {
				t.Fatalf("encoding/json takes it, we say %v", err)
			}
			return
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		if got := plain(n); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		n.List()
	})
}

// plain is a node as encoding/json would have decoded it.
func plain(n *Node) any {
	switch n.Kind() {
	case KindBool:
		return n.text == "true"
	case KindNumber:
		return json.Number(n.text)
	case KindString:
		return n.text
	case KindArray:
		items := []any{}
		for _, item := range n.Items() {
			items = append(items, plain(item))
		}
		return items
	case KindObject:
		fields := map[string]any{}
		for name, value := range n.Fields() {
			fields[name] = plain(value)
		}
		return fields
	}
	return nil
}

var wholeNumber = regexp.MustCompile(`^-?\d+$`)

// FuzzInt compares with a regular expression and big integers.
func FuzzInt(f *testing.F) {
	for _, s := range []string{"0", "-0", "30", "30.00", "5000399193546580981", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "1e3", "", "-", ".", "1."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, wantOK := int64(0), false
		if wholeNumber.MatchString(text) {
			if n, ok := new(big.Int).SetString(text, 10); ok && n.IsInt64() {
				want, wantOK = n.Int64(), true
			}
		}
		if got, ok := TextNode(text).Int(); got != want || ok != wantOK {
			t.Fatalf("%q: got %d %v, want %d %v", text, got, ok, want, wantOK)
		}
	})
}

// FuzzSign sends signed parameters over the wire and back.
func FuzzSign(f *testing.F) {
	f.Add("a", "1", "ab", "中 文", "secret", []byte(nil))
	f.Add("sign", "x", "", "", "k", []byte("body"))
	f.Add("a", "%", "a", "+&=", "\xff", []byte{0})
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2, secret string, body []byte) {
		if secret == "" || len(name1) > 128 || len(name2) > 128 {
			return
		}
		for _, method := range []string{MD5, HMAC, HMACSHA256, ""} {
			sent := NewParams(name1, value1, name2, value2)
			sent.Set("sign_method", method)
			if len(body) > 0 {
				sent.SetBody(body)
			}
			sent.Set("sign", Sign(sent, secret, method))
			got, fault := ReadParams(sent.Encode(), "text/plain", body)
			if fault != nil || !Verify(got, secret, true) {
				t.Fatalf("%s: not verified: %v %q", method, fault, sent.Encode())
			}
			if Verify(got, secret, false) != (method != "") {
				t.Fatalf("%s: legacy", method)
			}
			got.Set("one_more", "")
			if name1 != "one_more" && name2 != "one_more" && Verify(got, secret, true) {
				t.Fatalf("%s: verified with a parameter added", method)
			}
		}
	})
}

// FuzzAppendJSON reads answers back with encoding/json and encoding/xml: what
// arrives is what was sent, without the characters that are left out.
func FuzzAppendJSON(f *testing.F) {
	f.Add("成功", int64(1), true)
	f.Add("\"\\\x00\x1f\u2028\xff<&>'\r\n\ufffe", int64(-5), false)
	f.Fuzz(func(t *testing.T, text string, number int64, yes bool) {
		value := Obj(F("s", Str(text)), F("n", Int(number)), F("b", Bool(yes)),
			F("l", List("string", Str(text), Str(""))), F("o", Obj(F("s", Str(text)))))
		type fields struct {
			S string `json:"s" xml:"s"`
			N int64  `json:"n" xml:"n"`
			B bool   `json:"b" xml:"b"`
			L struct {
				String []string `json:"string" xml:"string"`
			} `json:"l" xml:"l"`
			O struct {
				S string `json:"s" xml:"s"`
			} `json:"o" xml:"o"`
			RequestID string `json:"request_id" xml:"request_id"`
		}
		want := func(clean string) (w fields) {
			w.S, w.N, w.B, w.O.S, w.RequestID = clean, number, yes, clean, clean
			w.L.String = []string{clean, ""}
			return w
		}

		out := AppendResponse(nil, JSON, false, "a.b", value, text)
		var root map[string]fields
		if err := json.Unmarshal(out, &root); err != nil {
			t.Fatalf("%v: %q", err, out)
		}
		clean := strings.Map(func(r rune) rune {
			if r < ' ' && !strings.ContainsRune("\b\f\n\r\t", r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(text, ""))
		if got := root["a_b_response"]; len(root) != 1 || !reflect.DeepEqual(got, want(clean)) {
			t.Fatalf("got %+v, want %+v", got, want(clean))
		}
		if !utf8.Valid(out) || bytes.Contains(bytes.ReplaceAll(out, []byte(`\\`), nil), []byte(`\u`)) || bytes.ContainsAny(out, "\n\r\t\x00") {
			t.Fatalf("not as promised: %q", out)
		}

		out = AppendResponse(nil, XML, false, "a.b", value, text)
		var doc struct {
			XMLName xml.Name `xml:"a_b_response"`
			fields
		}
		if err := xml.Unmarshal(out, &doc); err != nil {
			t.Fatalf("%v: %q", err, out)
		}
		clean = strings.Map(func(r rune) rune {
			if strings.ContainsRune("\b\f\ufffe\uffff", r) {
				return -1
			}
			return r
		}, clean)
		if !reflect.DeepEqual(doc.fields, want(clean)) {
			t.Fatalf("got %+v, want %+v", doc.fields, want(clean))
		}

		fault := &Fault{Code: 15, Msg: text, SubCode: text, SubMsg: text}
		if out := AppendFault(nil, JSON, fault, text); !json.Valid(out) || !bytes.HasPrefix(out, []byte(`{"error_response":{"code":15,`)) {
			t.Fatalf("%q", out)
		}
		if out := AppendFault(nil, XML, fault, text); xml.Unmarshal(out, new(struct{})) != nil {
			t.Fatalf("%q", out)
		}
	})
}
