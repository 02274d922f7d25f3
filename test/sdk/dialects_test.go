package sdk

import (
	"crypto/md5"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"recoup/internal/demo"
)

// A dialect is how one client library puts a call on the wire.
type dialect struct {
	name   string
	format string              // as formats
	sign   string              // sign_method; "": none
	extra  form                // its own parameters
	json   func(string) string // how it writes a request object
	send   func(system, own form) string
	millis bool // timestamp in milliseconds
}

// Headers that several clients send.
const (
	plainForm = "Content-Type: application/x-www-form-urlencoded"
	utf8Form  = "Content-Type: application/x-www-form-urlencoded;charset=UTF-8"
)

var (
	javaHeader   = []string{"Accept: text/xml,text/javascript", "User-Agent: top-sdk-java", "Accept-Encoding: gzip", "Connection: keep-alive"}
	phpHeader    = []string{"User-Agent: top-sdk-php", "Accept: */*"}
	pythonHeader = []string{"Cache-Control: no-cache", "Connection: Keep-Alive"}
	netHeader    = []string{"User-Agent: Top4Net", "Accept: text/xml,text/javascript", "Connection: Keep-Alive"}
	goHeader     = []string{"User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip"}
	curlHeader   = []string{"User-Agent: top-sdk-c", "Accept: */*"}
	png          = "\x89PNG\r\n--\"\x00\xff" // a file that goes along: no text, no UTF-8
)

var dialects = []dialect{
	{
		name: "Java 2017", format: "json", sign: "hmac", extra: form{{"partner_id", "top-sdk-java-20170428"}}, json: slashes,
		send: split(append(javaHeader, utf8Form)...),
	},
	{
		name: "Java 2017 XML", format: "xml", sign: "hmac", extra: form{{"partner_id", "top-sdk-java-20170428"}}, json: slashes,
		send: split(append(javaHeader, utf8Form)...),
	},
	{
		name: "Java 2021", format: "json", sign: "hmac-sha256", extra: form{{"partner_id", "top-sdk-java-20211125"}}, json: slashes,
		send: split(append(javaHeader, utf8Form)...),
	},
	{
		name: "Java 2021 simplified", format: "simplified", sign: "hmac-sha256", extra: form{{"partner_id", "top-sdk-java-20211125"}}, json: slashes,
		send: split(append(javaHeader, utf8Form)...),
	},
	{
		name: "Java 2021 by HTTPDNS", format: "json", sign: "hmac-sha256", extra: form{{"partner_id", "top-sdk-java-20211125"}}, json: slashes,
		send: func(system, own form) string {
			return request("POST", "/top/router/rest?"+system.encoded(), append(javaHeader, utf8Form), own.encoded())
		},
	},
	{
		name: "Java 2021 upload", format: "json", sign: "hmac-sha256", extra: form{{"partner_id", "top-sdk-java-20211125"}}, json: slashes,
		send: func(system, own form) string {
			body := tightParts("1767240000000", own) + file("\r\n--1767240000000\r\nContent-Disposition:form-data;name=\"image\";filename=\"a.png\"\r\nContent-Type:image/png") +
				"\r\n--1767240000000--\r\n"
			return request("POST", "/router/rest?"+system.encoded(), append(javaHeader, "Content-Type: multipart/form-data;charset=UTF-8;boundary=1767240000000"), body)
		},
	},
	{
		name: "PHP", format: "json", sign: "md5", extra: form{{"partner_id", "top-sdk-php-20180326"}, {"nothing", ""}}, json: escapes,
		send: split(append(phpHeader, plainForm+"; charset=UTF-8")...),
	},
	{
		name: "PHP XML", format: "xml", sign: "md5", extra: form{{"partner_id", "top-sdk-php-20180326"}, {"nothing", ""}}, json: escapes,
		send: split(append(phpHeader, plainForm+"; charset=UTF-8")...),
	},
	{
		name: "PHP GET", format: "json", sign: "md5", extra: form{{"partner_id", "top-sdk-php-20180326"}}, json: escapes,
		send: func(system, own form) string { // what it does when a call has no parameters of its own
			return request("GET", "/router/rest?"+append(slices.Clone(system), own...).encoded()+"&", phpHeader, "")
		},
	},
	{
		name: "PHP file from memory", format: "json", sign: "md5", extra: form{{"partner_id", "top-sdk-php-20180326"}, {"nothing", ""}}, json: escapes,
		send: func(system, own form) string {
			const boundary = "-------------5a1e60e3c1d2f"
			body := parts(boundary, `form-data; name="%s"`, own) +
				file("--"+boundary+"\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\" \r\nContent-Type: image/png") + "\r\n--" + boundary + "--"
			return request("POST", "/router/rest?"+system.encoded(), append(phpHeader, "Content-Type: multipart/form-data; boundary="+boundary), body)
		},
	},
	{
		name: "PHP new", format: "json", sign: "md5", extra: form{{"simplify", "1"}}, json: escapes, // 1 is not true: not simplified
		send: split(append(phpHeader, plainForm+"; charset=UTF-8")...),
	},
	{
		name: "Python", format: "json", sign: "md5", extra: form{{"partner_id", "taobao-sdk-python-20210816"}, {"flag", "True"}}, json: spaces, millis: true,
		send: split(append(pythonHeader, "Content-type: application/x-www-form-urlencoded;charset=UTF-8")...),
	},
	{
		name: "Python upload", format: "json", sign: "md5", extra: form{{"partner_id", "taobao-sdk-python-20210816"}, {"flag", "True"}}, json: spaces, millis: true,
		send: func(system, own form) string {
			const boundary = "PYTHON_SDK_BOUNDARY"
			body := parts(boundary, "form-data; name=\"%s\"\r\nContent-Type: text/plain; charset=UTF-8", own) +
				file("--"+boundary+"\r\nContent-Disposition: file; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary") +
				"\r\n--" + boundary + "--\r\n"
			return request("POST", "/router/rest?"+system.encoded(), append(pythonHeader, "Content-Type: multipart/form-data; boundary="+boundary), body)
		},
	},
	{
		name: "Python new", format: "simplified", sign: "hmac-sha256", json: func(s string) string { return spaces(nulls(s)) },
		send: split("User-Agent: python-requests/2.31.0", "Accept-Encoding: gzip, deflate", "Accept: */*", plainForm),
	},
	{
		name: "Python of the community", format: "json", sign: "hmac", json: spaces,
		send: together("+", "Accept-Encoding: gzip", "Connection: close", utf8Form),
	},
	{
		name: ".NET 2015", format: "json", sign: "", json: plain,
		send: together("%20", append(netHeader, "Content-Type: application/x-www-form-urlencoded;charset=utf-8")...),
	},
	{
		name: ".NET 2015 XML", format: "xml", sign: "", json: plain,
		send: together("%20", append(netHeader, "Content-Type: application/x-www-form-urlencoded;charset=utf-8")...),
	},
	{
		name: ".NET 2023", format: "json", sign: "hmac", extra: form{{"partner_id", "top-sdk-net-20230831"}}, json: plain,
		send: together("+", append(netHeader, "Accept-Encoding: gzip", "Content-Type: application/x-www-form-urlencoded;charset=utf-8")...),
	},
	{
		name: ".NET 2023 upload", format: "json", sign: "hmac", extra: form{{"partner_id", "top-sdk-net-20230831"}}, json: plain,
		send: func(system, own form) string {
			const boundary = "639028224000000000"
			body := tightParts(boundary, append(slices.Clone(system), own...)) +
				file("\r\n--"+boundary+"\r\nContent-Disposition:form-data;name=\"image\";filename=\"a.png\"\r\nContent-Type:image/png") + "\r\n--" + boundary + "--\r\n"
			return request("POST", "/router/rest", append(netHeader, "Content-Type: multipart/form-data;charset=utf-8;boundary="+boundary), body)
		},
	},
	{
		name: "C++", format: "json", sign: "md5", extra: form{{"partner_id", "topsdkcpp"}}, json: plain,
		send: func(system, own form) string {
			query := strings.ReplaceAll(append(slices.Clone(system), own...).encoded(), "+", "%20")
			return request("GET", "/router/rest?"+query, []string{"User-Agent: Mozilla/5.0", "Accept-Language: zh-CN,en,*"}, "")
		},
	},
	{
		name: "C++ upload", format: "xml", sign: "md5", extra: form{{"partner_id", "topsdkcpp"}}, json: plain,
		send: func(system, own form) string { // everything twice
			const boundary = "----TaoBoundary20130501"
			all := append(slices.Clone(system), own...)
			body := parts(boundary, "form-data; name =%s", all) +
				file("--"+boundary+"\r\nContent-Disposition: form-data; name =image; filename =a.png\r\nContent-Type: image/png") + "\r\n--" + boundary + "--\r\n"
			return request("POST", "/router/rest?"+strings.ReplaceAll(all.encoded(), "+", "%20"), []string{"Content-Type: multipart/form-data; boundary=" + boundary}, body)
		},
	},
	{
		name: "C", format: "json", sign: "md5", json: plain,
		send: func(system, own form) string {
			const boundary = "------------------------d74496d66958873e"
			body := parts(boundary, `form-data; name="%s"`, append(slices.Clone(system), own...)) + "--" + boundary + "--\r\n"
			return request("POST", "/router/rest", append(curlHeader, "Expect: 100-continue", "Content-Type: multipart/form-data; boundary="+boundary), body)
		},
	},
	{
		name: "Go new", format: "simplified", sign: "hmac-sha256", extra: form{{"nothing", ""}}, json: angles,
		send: split(append(goHeader, plainForm)...),
	},
	{
		name: "Go new upload", format: "simplified", sign: "hmac-sha256", json: angles,
		send: func(system, own form) string {
			const boundary = "4f6e0b1c9a6d2f08e1a7c3b5d9e2f4a6b8c0d1e3f5a7b9c1d3e5f7a9b1c3"
			body := file("--"+boundary+"\r\nContent-Disposition: form-data; name=\"image\"; filename=\"file\"\r\nContent-Type: application/octet-stream") + "\r\n" +
				parts(boundary, `form-data; name="%s"`, own) + "--" + boundary + "--\r\n"
			return request("POST", "/router/rest?"+system.encoded(), append(goHeader, "Content-Type: multipart/form-data; boundary="+boundary), body)
		},
	},
	{
		name: "Go of the community", format: "simplified", sign: "md5", json: angles,
		send: together("+", append(goHeader, "Content-Type: application/x-www-form-urlencoded;charset=utf-8")...),
	},
	{
		name: "Go of the community XML", format: "xml", sign: "hmac", json: angles,
		send: together("+", append(goHeader, "Content-Type: application/x-www-form-urlencoded;charset=utf-8")...),
	},
	{
		name: "Go of 2015", format: "json", sign: "md5", extra: form{{"partner_id", "top-sdk-go-20150308"}}, json: angles,
		send: together("+", append(goHeader, plainForm)...),
	},
	{
		name: "Node topsdk GET with a form", format: "json", sign: "md5", json: plain,
		send: func(system, own form) string {
			body := strings.ReplaceAll(append(slices.Clone(system), own...).encoded(), "+", "%20")
			return request("GET", "/router/rest", []string{"content-type: application/x-www-form-urlencoded", "Connection: keep-alive"}, body)
		},
	},
	{
		name: "Node ali-topsdk", format: "json", sign: "md5", json: plain,
		send: func(system, own form) string {
			const boundary = "--------------------------106413474474741850937423"
			body := parts(boundary, `form-data; name="%s"`, append(slices.Clone(own), system...)) + "--" + boundary + "--\r\n"
			return request("POST", "/router/rest", []string{"content-type: multipart/form-data; boundary=" + boundary}, body)
		},
	},
}

// split puts the parameters of the platform in the query and those of the method in the body.
func split(header ...string) func(system, own form) string {
	return func(system, own form) string {
		return request("POST", "/router/rest?"+system.encoded(), header, own.encoded())
	}
}

// together puts all in the body.
func together(space string, header ...string) func(system, own form) string {
	return func(system, own form) string {
		body := strings.ReplaceAll(append(slices.Clone(system), own...).encoded(), "+", space)
		return request("POST", "/router/rest", header, body)
	}
}

// parts writes a form as parts of a multipart body; disposition is the header's value with the name for %s.
func parts(boundary, disposition string, f form) string {
	var b strings.Builder
	for _, p := range f {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: "+disposition+"\r\n\r\n%s\r\n", boundary, p[0], p[1])
	}
	return b.String()
}

// tightParts is the multipart of Java and .NET: an empty line first, no blanks in the header, a type for texts.
func tightParts(boundary string, f form) string {
	var b strings.Builder
	for _, p := range f {
		fmt.Fprintf(&b, "\r\n--%s\r\nContent-Disposition:form-data;name=\"%s\"\r\nContent-Type:text/plain\r\n\r\n%s", boundary, p[0], p[1])
	}
	return b.String()
}

// file is a part with a file that no method asks for.
func file(header string) string { return header + "\r\n\r\n" + png }

// How clients write JSON. Each takes compact JSON in raw UTF-8.

func plain(s string) string { return s }

// slashes: a slash is escaped.
func slashes(s string) string { return strings.ReplaceAll(s, "/", `\/`) }

// escapes: besides, everything beyond ASCII is.
func escapes(s string) string {
	var b strings.Builder
	for _, r := range slashes(s) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return b.String()
}

// angles: what HTML minds is escaped.
func angles(s string) string {
	return strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`).Replace(s)
}

// spaces: one behind each comma and colon.
func spaces(s string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		b.WriteByte(s[i])
		switch {
		case s[i] == '\\':
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			quoted = !quoted
		case !quoted && (s[i] == ',' || s[i] == ':'):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// nulls: what the caller left out comes as null.
func nulls(s string) string {
	return strings.Replace(`{"physical_card_id":null,`+strings.TrimPrefix(s, "{"), ",}", "}", 1)
}

// wire is the request of a dialect for a call.
func (d dialect) wire(c call) string {
	now := time.Now()
	stamp := clock(now)
	if d.millis {
		stamp = strconv.FormatInt(now.UnixMilli(), 10)
	}
	format, _, simplify := strings.Cut(d.format, "simplified")
	if simplify {
		format = "json"
	}
	system := form{{"method", c.method}, {"app_key", demo.AppKey}, {"v", "2.0"}, {"format", format}, {"timestamp", stamp}}
	if d.sign != "" {
		system = append(system, [2]string{"sign_method", d.sign})
	}
	if simplify {
		system = append(system, [2]string{"simplify", "true"})
	}
	if c.session {
		system = append(system, [2]string{"session", demo.Session})
	}
	var own form
	for _, p := range d.extra {
		if p[0] == "partner_id" || p[0] == "simplify" {
			system = append(system, p)
		} else {
			own = append(own, p)
		}
	}
	if c.param != "" {
		own = append(own, [2]string{c.param, d.json(c.request)})
	}
	signed := append(slices.Clone(system), own...).signed(d.sign, demo.Secret)
	return d.send(append(system, signed[len(signed)-1]), own)
}

// Every dialect calls the four methods with the published samples in a world of its own, twice: done, then answered alike.
func TestDialects(t *testing.T) { onEach(t, testDialects) }

func testDialects(t *testing.T, open opener) {
	for _, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			w := open(t)
			w.allowLegacy()
			for _, s := range samples {
				var first []string
				for round := range 2 {
					a := w.send(d.wire(sampleCall(s.Sample)))
					readable(t, d.format, a)
					got, ids := mask(a.body)
					if got != s.golden(d.format) {
						t.Errorf("%s:\n got %s\nwant %s", s.Document, got, s.golden(d.format))
					}
					if a.replayed() != (round > 0) {
						t.Errorf("%s, call %d: counts as a repetition: %v", s.Document, round+1, a.replayed())
					}
					if round == 0 {
						first = ids
					} else if !slices.Equal(ids, first) {
						t.Errorf("%s: made up %v, then %v", s.Document, first, ids)
					}
				}
			}

			// A call without parameters of its own.
			a := w.send(d.wire(call{method: "taobao.time.get"}))
			readable(t, d.format, a)
			if !regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d:\d\d`).MatchString(a.body) {
				t.Errorf("time: %s", a.body)
			}

			// Text comes through whole, whatever the client escapes.
			const name = `小明😀 <A&B> 1/2 "q" \ +%41;='`
			text, _ := json.Marshal(name)
			text = []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text)))
			a = w.send(d.wire(call{
				method: "alibaba.alsc.crm.open.customer.save", param: "param_customer_save_open_req",
				request: `{"brand_id":"1332","mobile":"13700000001","name":` + string(text) + `,"request_id":"name"}`,
			}))
			readable(t, d.format, a)
			a = w.send(d.wire(call{
				method: "alibaba.alsc.crm.open.customer.get", param: "param_customer_get_open_req",
				request: `{"brand_id":"1332","mobile":"13700000001"}`,
			}))
			readable(t, d.format, a)
			if got := textOf(t, d.format, a.body, "name"); got != name {
				t.Errorf("name %q came back as %q", name, got)
			}

			// A long answer: compressed for those that ask, and only for them.
			a = w.send(d.wire(call{
				method: "alibaba.alsc.crm.voucher.template.list", param: "voucher_template_open_req",
				request: `{"brand_id":"1332","shop_id":"243545","page_no":1,"page_size":20}`,
			}))
			readable(t, d.format, a)
			asked := strings.Contains(d.wire(call{}), "Accept-Encoding: gzip")
			if packed := a.header.Get("Content-Encoding") == "gzip"; packed != asked {
				t.Errorf("asked for gzip: %v, got it: %v, with %d bytes", asked, packed, len(a.body))
			}

			// Faults of the platform and of a field.
			for _, c := range []struct {
				call
				code, sub string
			}{
				{call{method: "alibaba.alsc.crm.no.such", param: "param", request: "{}"}, "22", ""},
				{call{method: demo.Samples[2].Method, param: demo.Samples[2].Param, request: "{}"}, "50", "isv.missing-parameter"},
				{call{method: demo.Samples[3].Method, param: demo.Samples[3].Param, request: "{}"}, "26", ""},
			} {
				a := w.send(d.wire(c.call))
				readable(t, d.format, a)
				if code, sub := textOf(t, d.format, a.body, "code"), textOf(t, d.format, a.body, "sub_code"); code != c.code || sub != c.sub {
					t.Errorf("%s: want fault %s %s, got %s", c.method, c.code, c.sub, a.body)
				}
			}

			// A byte changed on the way.
			a = w.send(strings.ReplaceAll(d.wire(sampleCall(samples[2].Sample)), "249fdj242242xd", "249fdj242242xe"))
			if code := textOf(t, d.format, a.body, "code"); code != "25" {
				t.Errorf("tampered: %s", a.body)
			}
		})
	}
}

// All dialects, one after the other, send the same four requests to one world. The first moves something; to all others the requests
// are known, however they are written.
func TestDialectsAgree(t *testing.T) { onEach(t, testDialectsAgree) }

func testDialectsAgree(t *testing.T, open opener) {
	w := open(t)
	w.allowLegacy()
	var written int64
	ids := map[string][]string{}
	for i, d := range dialects {
		t.Run(d.name, func(t *testing.T) {
			w := w.in(t)
			for _, s := range samples {
				a := w.send(d.wire(sampleCall(s.Sample)))
				got, made := mask(a.body)
				if got != s.golden(d.format) || a.replayed() != (i > 0) {
					t.Errorf("%s: repetition %v, %s", s.Document, a.replayed(), a.body)
				}
				if i == 0 {
					ids[s.Document] = made
				} else if !slices.Equal(made, ids[s.Document]) {
					t.Errorf("%s: made up %v, the first dialect %v", s.Document, made, ids[s.Document])
				}
			}
			if i == 0 {
				written = w.operations()
			} else if n := w.operations() - written; n != 0 {
				t.Errorf("wrote %d operations", n)
			}
		})
	}
}

// Without the switch a call that names no sign method is forged, whichever of the old rules it follows.
func TestLegacySignatureNeedsASwitch(t *testing.T) { onEach(t, testLegacySignatureNeedsASwitch) }

func testLegacySignatureNeedsASwitch(t *testing.T, open opener) {
	w := open(t)
	at := slices.IndexFunc(dialects, func(d dialect) bool { return d.sign == "" })
	before := w.books()
	a := w.send(dialects[at].wire(sampleCall(samples[2].Sample)))
	if code := textOf(t, "json", a.body, "code"); code != "25" {
		t.Errorf("%s", a.body)
	}
	if w.books() != before {
		t.Error("something moved")
	}
	// The rule itself, once more by hand: MD5(secret + parameters).
	w.allowLegacy()
	f := form{{"app_key", demo.AppKey}, {"format", "json"}, {"method", "taobao.time.get"}, {"timestamp", clock(time.Now())}, {"v", "2.0"}}
	text := demo.Secret
	for _, p := range f {
		text += p[0] + p[1]
	}
	if a := w.post(f.with("sign", fmt.Sprintf("%X", md5.Sum([]byte(text))))); !strings.HasPrefix(a.body, `{"time_get_response":{"time":"`) {
		t.Errorf("%s", a.body)
	}
}

var letterEscape = regexp.MustCompile(`\\u[0-9]*[a-fA-F]`)

// readable checks an answer against what the clients can read (top-protocol.md §5, §6, §11).
func readable(t *testing.T, format string, a *answer) {
	t.Helper()
	body := a.body
	fault := strings.Contains(body, "error_response")
	if format == "xml" {
		switch {
		case !strings.HasPrefix(body, `<?xml version="1.0" encoding="utf-8" ?><`):
			t.Errorf("XML begins otherwise: %.80s", body)
		case regexp.MustCompile(`<[a-z_]+( [^>]*)?/>`).MatchString(body):
			t.Errorf("a self-closed element: %s", body)
		case strings.Contains(body, "CDATA") || strings.Contains(body, "DOCTYPE"):
			t.Errorf("more than elements: %s", body)
		}
		elements(t, body)
		return
	}
	var root map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &root); err != nil {
		t.Errorf("%v in %s", err, body)
		return
	}
	switch {
	case strings.TrimSpace(body) != body, strings.Contains(body, "\n"):
		t.Error("white space around the answer") // new Go
	case letterEscape.MatchString(body):
		t.Errorf("an escape that Java reads wrongly: %s", letterEscape.FindString(body))
	case strings.Contains(body, ":null"), strings.Contains(body, "[null"), strings.Contains(body, ",null"):
		t.Error("null, which .NET cannot read")
	case len(body) < 20:
		t.Error("too short for the new Go client")
	}
	if format == "json" || fault {
		// Java takes the first object of the root, .NET the first name, PHP the last, Go of 2015 wants nothing but objects.
		for name, inner := range root {
			if len(root) != 1 || inner[0] != '{' || !strings.HasSuffix(name, "_response") {
				t.Errorf("root %s among %d", name, len(root))
			}
		}
	} else if root["request_id"] == nil {
		t.Error("no request_id beside the result")
	}
	// The new Go client looks for error_response in the first 20 bytes and cuts what is around its value by position.
	if goFault := strings.Contains(body[:20], "error_response"); goFault != fault {
		t.Errorf("a fault: %v, to the new Go client: %v", fault, goFault)
	} else if goFault {
		var f struct {
			Code      int    `json:"code"`
			Msg       string `json:"msg"`
			RequestID string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(body[len(`{"error_response":`):len(body)-1]), &f); err != nil || f.Code == 0 || f.Msg == "" || f.RequestID == "" {
			t.Errorf("%v in %s", err, body)
		}
	}
}

// textOf finds the first element of that name, "" if there is none.
func textOf(t *testing.T, format, body, name string) string {
	t.Helper()
	if format != "xml" {
		var all any
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&all); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if v := find(all, name); v != nil {
			return fmt.Sprint(v)
		}
		return ""
	}
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == name {
			var text string
			if err := d.DecodeElement(&text, &start); err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
}

func find(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		if found, ok := v[name]; ok {
			return found
		}
		for _, inner := range v {
			if found := find(inner, name); found != nil {
				return found
			}
		}
	case []any:
		for _, inner := range v {
			if found := find(inner, name); found != nil {
				return found
			}
		}
	}
	return nil
}
