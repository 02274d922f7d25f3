package gateway_test

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"recoup/internal/gateway"
	"recoup/internal/limit"
	"recoup/internal/top"
)

// Every fault of the gateway, letter by letter, in both formats. ID stands for the request_id.
func TestFaults(t *testing.T) {
	good := request("taobao.time.get")
	withSession := request("alibaba.test.session")
	for _, f := range []struct {
		name    string
		p       params
		unknown bool // leave the signature as it is
		json    string
		xml     string
	}{
		{
			"no app_key", good.without("app_key"), false,
			`"code":28,"msg":"Missing app key"`,
			`<code>28</code><msg>Missing app key</msg>`,
		},
		{
			"empty app_key", good.set("app_key", ""), false,
			`"code":28,"msg":"Missing app key"`,
			`<code>28</code><msg>Missing app key</msg>`,
		},
		{
			"unknown app_key", good.set("app_key", "99"), false,
			`"code":29,"msg":"Invalid app Key","sub_code":"isv.appkey-not-exists"`,
			`<code>29</code><msg>Invalid app Key</msg><sub_code>isv.appkey-not-exists</sub_code>`,
		},
		{
			"disabled app", good.set("app_key", "30000001"), false,
			`"code":29,"msg":"Invalid app Key","sub_code":"isv.appkey-not-exists"`,
			`<code>29</code><msg>Invalid app Key</msg><sub_code>isv.appkey-not-exists</sub_code>`,
		},
		{
			"no method", good.without("method"), false,
			`"code":21,"msg":"Missing method","sub_msg":"http传入的参数加入method字段"`,
			`<code>21</code><msg>Missing method</msg><sub_msg>http传入的参数加入method字段</sub_msg>`,
		},
		{
			"no timestamp", good.without("timestamp"), false,
			`"code":30,"msg":"Missing timestamp"`,
			`<code>30</code><msg>Missing timestamp</msg>`,
		},
		{
			"no time", good.set("timestamp", "noon"), false,
			`"code":31,"msg":"Invalid timestamp","sub_msg":"收到timestamp noon，须为GMT+8的yyyy-MM-dd HH:mm:ss，或毫秒数 must be yyyy-MM-dd HH:mm:ss in GMT+8, or milliseconds since 1970"`,
			`<code>31</code><msg>Invalid timestamp</msg><sub_msg>收到timestamp noon，须为GMT+8的yyyy-MM-dd HH:mm:ss，或毫秒数 must be yyyy-MM-dd HH:mm:ss in GMT+8, or milliseconds since 1970</sub_msg>`,
		},
		{
			"no version", good.without("v"), false,
			`"code":32,"msg":"Missing version"`,
			`<code>32</code><msg>Missing version</msg>`,
		},
		{
			"version of letters", good.set("v", "two"), false,
			`"code":33,"msg":"Invalid version"`,
			`<code>33</code><msg>Invalid version</msg>`,
		},
		{
			"old version", good.set("v", "1.0"), false,
			`"code":34,"msg":"Unsupported version"`,
			`<code>34</code><msg>Unsupported version</msg>`,
		},
		{
			"no signature", good, true,
			`"code":24,"msg":"Missing signature"`,
			`<code>24</code><msg>Missing signature</msg>`,
		},
		{
			"forged", good.set("sign", strings.Repeat("A", 32)), true,
			`"code":25,"msg":"Invalid signature"`,
			`<code>25</code><msg>Invalid signature</msg>`,
		},
		{
			"unknown sign method", good.set("sign_method", "sha1"), false,
			`"code":25,"msg":"Invalid signature","sub_msg":"sign_method只支持md5、hmac、hmac-sha256 sign_method must be md5, hmac or hmac-sha256"`,
			`<code>25</code><msg>Invalid signature</msg><sub_msg>sign_method只支持md5、hmac、hmac-sha256 sign_method must be md5, hmac or hmac-sha256</sub_msg>`,
		},
		{
			"no sign method", good.without("sign_method"), false,
			`"code":25,"msg":"Invalid signature","sub_msg":"未传sign_method，按旧版md5验签，且只限已开通旧版的应用；请传md5、hmac或hmac-sha256 sign_method was not sent, so the old md5 form was assumed, which only apps switched to it may use; send md5, hmac or hmac-sha256"`,
			`<code>25</code><msg>Invalid signature</msg><sub_msg>未传sign_method，按旧版md5验签，且只限已开通旧版的应用；请传md5、hmac或hmac-sha256 sign_method was not sent, so the old md5 form was assumed, which only apps switched to it may use; send md5, hmac or hmac-sha256</sub_msg>`,
		},
		{
			"twice", append(good.set("text", "1").sign(secret), [2]string{"text", "2"}), true,
			`"code":41,"msg":"Invalid arguments:text"`, "",
		},
		{
			"not UTF-8", good.set("text", "\xd6\xd0"), false,
			`"code":47,"msg":"Invalid encoding","sub_msg":"参数text不是UTF-8，请以UTF-8编码并据此签名 parameter text is not UTF-8: encode it so, and sign it so"`,
			`<code>47</code><msg>Invalid encoding</msg><sub_msg>参数text不是UTF-8，请以UTF-8编码并据此签名 parameter text is not UTF-8: encode it so, and sign it so</sub_msg>`,
		},
		{
			"unknown method", good.set("method", "taobao.idle.item.search"), false,
			`"code":22,"msg":"Invalid method","sub_msg":"不合法ApiName，ApiName = taobao.idle.item.search"`,
			`<code>22</code><msg>Invalid method</msg><sub_msg>不合法ApiName，ApiName = taobao.idle.item.search</sub_msg>`,
		},
		{
			"method not granted", request("alibaba.test.echo", "app_key", "30000002"), false,
			`"code":11,"msg":"Insufficient isv permissions","sub_code":"isv.permission-api-package-limit","sub_msg":"应用未获接口授权 the app is not granted alibaba.test.echo"`,
			`<code>11</code><msg>Insufficient isv permissions</msg><sub_code>isv.permission-api-package-limit</sub_code><sub_msg>应用未获接口授权 the app is not granted alibaba.test.echo</sub_msg>`,
		},
		{
			"nothing granted", good.set("app_key", "30000003"), false,
			`"code":11,"msg":"Insufficient isv permissions","sub_code":"isv.permission-api-package-empty","sub_msg":"应用未获任何接口授权 the app is granted no method"`,
			`<code>11</code><msg>Insufficient isv permissions</msg><sub_code>isv.permission-api-package-empty</sub_code><sub_msg>应用未获任何接口授权 the app is granted no method</sub_msg>`,
		},
		{
			"no session", withSession, false,
			`"code":26,"msg":"Missing session"`,
			`<code>26</code><msg>Missing session</msg>`,
		},
		{
			"empty session", withSession.set("session", ""), false,
			`"code":26,"msg":"Missing session"`,
			`<code>26</code><msg>Missing session</msg>`,
		},
		{
			"blank session", withSession.set("session", " "), false,
			`"code":27,"msg":"Invalid session","sub_code":"session-is-blank","sub_msg":"SessionKey为空"`,
			`<code>27</code><msg>Invalid session</msg><sub_code>session-is-blank</sub_code><sub_msg>SessionKey为空</sub_msg>`,
		},
		{
			"unknown session", withSession.set("session", "6100nobody"), false,
			`"code":27,"msg":"Invalid session","sub_code":"invalid-sessionkey","sub_msg":"SessionKey非法"`,
			`<code>27</code><msg>Invalid session</msg><sub_code>invalid-sessionkey</sub_code><sub_msg>SessionKey非法</sub_msg>`,
		},
		{
			"expired session", withSession.set("session", "6100expired"), false,
			`"code":27,"msg":"Invalid session","sub_code":"session-expired","sub_msg":"SessionKey已过期，请重新授权"`,
			`<code>27</code><msg>Invalid session</msg><sub_code>session-expired</sub_code><sub_msg>SessionKey已过期，请重新授权</sub_msg>`,
		},
		{
			"session of another app", withSession.set("session", oldSession), false,
			`"code":27,"msg":"Invalid session","sub_code":"sessionkey-not-generated-by-server","sub_msg":"RealSession don't create by top ! appKey is : 12345678"`,
			`<code>27</code><msg>Invalid session</msg><sub_code>sessionkey-not-generated-by-server</sub_code><sub_msg>RealSession don&apos;t create by top ! appKey is : 12345678</sub_msg>`,
		},
		{
			"token in the open", good.without("app_key").set("access_token", oldSession), true,
			`"code":44,"msg":"Invalid access token","sub_msg":"access_token只在TLS上有效 access_token works over TLS only"`,
			`<code>44</code><msg>Invalid access token</msg><sub_msg>access_token只在TLS上有效 access_token works over TLS only</sub_msg>`,
		},
		{
			"fault of the method", request("alibaba.test.fault"), false,
			`"code":15,"msg":"Remote service error","sub_code":"isp.request-in-progress","sub_msg":"处理中"`,
			`<code>15</code><msg>Remote service error</msg><sub_code>isp.request-in-progress</sub_code><sub_msg>处理中</sub_msg>`,
		},
		{
			"panic", request("alibaba.test.panic"), false,
			`"code":15,"msg":"Remote service error","sub_code":"isp.service-error","sub_msg":"服务异常，请用同一请求重试 internal error, send the same request again"`,
			`<code>15</code><msg>Remote service error</msg><sub_code>isp.service-error</sub_code><sub_msg>服务异常，请用同一请求重试 internal error, send the same request again</sub_msg>`,
		},
		{
			"too many parameters", many(good), true,
			`"code":43,"msg":"Parameter Error","sub_msg":"参数过多 too many parameters, at most 256"`,
			`<code>43</code><msg>Parameter Error</msg><sub_msg>参数过多 too many parameters, at most 256</sub_msg>`,
		},
	} {
		t.Run(f.name, func(t *testing.T) {
			b := setup(t)
			p := f.p
			if !f.unknown {
				p = p.sign(secret)
			}
			w := b.send(t, p)
			want(t, w, `{"error_response":{`+f.json+`,"request_id":"ID"}}`)
			if got := w.Header().Get("Content-Type"); got != "text/javascript;charset=UTF-8" {
				t.Errorf("Content-Type %q", got)
			}
			if f.xml == "" {
				return
			}
			for _, format := range []string{"xml", ""} { // XML is also the default
				p := f.p.set("format", format)
				if !f.unknown {
					p = p.sign(secret)
				}
				w := b.send(t, p)
				want(t, w, `<?xml version="1.0" encoding="utf-8" ?><error_response>`+f.xml+`<request_id>ID</request_id></error_response>`)
				if got := w.Header().Get("Content-Type"); got != "text/xml;charset=UTF-8" {
					t.Errorf("Content-Type %q", got)
				}
			}
		})
	}

	t.Run("unknown format", func(t *testing.T) {
		want(t, setup(t).send(t, good.set("format", "yaml").sign(secret)),
			`<?xml version="1.0" encoding="utf-8" ?><error_response><code>23</code><msg>Invalid format</msg><request_id>ID</request_id></error_response>`)
	})
	t.Run("verb", func(t *testing.T) {
		b := setup(t)
		for _, verb := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
			r := httptest.NewRequest(verb, "/router/rest?format=json", strings.NewReader("x"))
			want(t, b.do(t, r), `{"error_response":{"code":9,"msg":"Http Action Not Allowed","request_id":"ID"}}`)
		}
	})
	t.Run("broken escape", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, "/router/rest", nil)
		r.URL.RawQuery = good.sign(secret).encode() + "&text=%zz"
		want(t, setup(t).do(t, r), `{"error_response":{"code":41,"msg":"Invalid arguments:text","request_id":"ID"}}`)
	})
	t.Run("broken multipart", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, "/router/rest?format=json", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		if w := setup(t).do(t, r); code(w) != "43" {
			t.Errorf("answer %s, want 43", w.Body)
		}
	})
	t.Run("long unknown method", func(t *testing.T) {
		w := setup(t).send(t, good.set("method", strings.Repeat("m", 5000)).sign(secret))
		want(t, w, `{"error_response":{"code":22,"msg":"Invalid method","sub_msg":"不合法ApiName，ApiName = `+strings.Repeat("m", 128)+`","request_id":"ID"}}`)
	})
}

func many(p params) params {
	for i := range 300 {
		p = append(p, [2]string{fmt.Sprint("p", i), ""})
	}
	return p
}

// A request that is wrong in every way hears of its faults in the documented order, as they are repaired one by one.
func TestPrecedence(t *testing.T) {
	b := setup(t, withLimit(limit.Options{}))
	// The app has used up its second.
	for range 2 {
		if w := b.send(t, request("taobao.time.get", "app_key", "30000006").sign(secret)); code(w) != "" {
			t.Fatal(w.Body)
		}
	}
	p := params{{"text", "\xd6\xd0"}, {"format", "json"}}
	for _, step := range []struct {
		fault  string
		repair params
	}{
		{`"code":28,`, params{{"app_key", "30000001"}}},
		{`"code":29,`, params{{"app_key", "30000006"}}},
		{`"code":21,`, params{{"method", "alibaba.no.such"}}},
		{`"code":30,`, params{{"timestamp", "2026-01-01 11:49:59"}}},
		{`"code":31,`, params{{"timestamp", "2026-01-01 12:00:00"}}},
		{`"code":32,`, params{{"v", "x"}}},
		{`"code":33,`, params{{"v", "1.0"}}},
		{`"code":34,`, params{{"v", "2.0"}, {"format", "yaml"}}},
		{`<code>23</code>`, params{{"format", "json"}}},
		{`"code":47,`, params{{"text", "good"}, {"sign_method", "sha1"}}},
		{`"code":25,`, params{{"sign_method", "md5"}}},
		{`"code":24,`, params{{"sign", "00"}}},
		{`"code":25,`, nil},
	} {
		w := b.send(t, append(p, [2]string{"text", "other"}))
		if !strings.Contains(w.Body.String(), step.fault) {
			t.Fatalf("answer %s, want %s", w.Body, step.fault)
		}
		for _, e := range step.repair {
			p = p.set(e[0], e[1])
		}
	}

	// From here on the signature is right.
	p = request("alibaba.no.such", "app_key", "30000002", "text", "good")
	twice := append(p.sign(secret), [2]string{"text", "other"})
	for _, step := range []struct {
		code string
		p    params
	}{
		{"41", twice},
		{"22", p.set("text", "").sign(secret)},
		{"11", request("alibaba.test.session", "app_key", "30000002").sign(secret)},
		{"26", request("alibaba.test.session", "app_key", "30000006").sign(secret)},
		{"27", request("alibaba.test.session", "app_key", "30000006", "session", session).sign(secret)},
		{"7", request("taobao.time.get", "app_key", "30000006").sign(secret)},
	} {
		if w := b.send(t, step.p); code(w) != step.code {
			t.Fatalf("answer %s, want %s", w.Body, step.code)
		}
	}
}

// The parameters may come in any place, and the answer is the same.
func TestPlaces(t *testing.T) {
	all := request("alibaba.test.echo", "text", "中文 标题&=+", "session", session).sign(secret)
	system := []string{"method", "app_key", "timestamp", "v", "format", "sign_method", "sign", "session"}
	const form = "application/x-www-form-urlencoded"
	answer := `{"alibaba_test_echo_response":{"text":"中文 标题&=+","length":16,"file":"","signed":"2026-01-01 12:00:00","nick":"商家",` +
		`"big":9007199254740993,"list":{"string":["a","b"]},"request_id":"ID"}}`
	for _, c := range []struct {
		name, verb  string
		query, body params
		contentType string
	}{
		{"query, GET", http.MethodGet, all, nil, ""},
		{"query, POST without a body", http.MethodPost, all, nil, form},
		{"body", http.MethodPost, nil, all, form + ";charset=UTF-8"},
		{"body without a type", http.MethodPost, nil, all, ""},
		{"split as Java and PHP do", http.MethodPost, all.only(system...), all.without(system...), form + "; charset=UTF-8"},
		{"split the other way", http.MethodPost, all.without(system...), all.only(system...), form},
		{"GET with a body", http.MethodGet, nil, all, form},
		{"all of it twice", http.MethodPost, all, all, form},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{"/router/rest", "/router/rest/", "/top/router/rest", "/top/router/rest/"} {
				r := httptest.NewRequest(c.verb, path, strings.NewReader(c.body.encode()))
				r.URL.RawQuery = c.query.encode()
				if c.contentType != "" {
					r.Header.Set("Content-Type", c.contentType)
				}
				want(t, setup(t).do(t, r), answer)
			}
		})
	}
	t.Run("blanks as %20", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, "/router/rest", nil)
		r.URL.RawQuery = strings.ReplaceAll(all.encode(), "+", "%20")
		want(t, setup(t).do(t, r), answer)
	})
}

func TestFormats(t *testing.T) {
	b := setup(t)
	p := request("alibaba.test.echo", "text", "<a&b>")
	want(t, b.send(t, p.set("simplify", "true").sign(secret)),
		`{"text":"<a&b>","length":5,"file":"","signed":"2026-01-01 12:00:00","big":9007199254740993,"list":["a","b"],"request_id":"ID"}`)
	want(t, b.send(t, p.set("simplify", "TRUE").sign(secret)),
		`{"text":"<a&b>","length":5,"file":"","signed":"2026-01-01 12:00:00","big":9007199254740993,"list":["a","b"],"request_id":"ID"}`)
	const whole = `{"alibaba_test_echo_response":{"text":"<a&b>","length":5,"file":"","signed":"2026-01-01 12:00:00","big":9007199254740993,"list":{"string":["a","b"]},"request_id":"ID"}}`
	for _, simplify := range []string{"1", "false", ""} {
		want(t, b.send(t, p.set("simplify", simplify).sign(secret)), whole)
	}
	const xml = `<?xml version="1.0" encoding="utf-8" ?><alibaba_test_echo_response><text>&lt;a&amp;b&gt;</text><length>5</length><file></file>` +
		`<signed>2026-01-01 12:00:00</signed><big>9007199254740993</big><list><string>a</string><string>b</string></list>` +
		`<request_id>ID</request_id></alibaba_test_echo_response>`
	want(t, b.send(t, p.set("format", "xml").set("simplify", "true").sign(secret)), xml)
	want(t, b.send(t, p.without("format").sign(secret)), xml)
	// Faults are never simplified.
	want(t, b.send(t, p.set("simplify", "true")), `{"error_response":{"code":24,"msg":"Missing signature","request_id":"ID"}}`)
	// A leading taobao. is dropped.
	want(t, b.send(t, request("taobao.time.get").sign(secret)), `{"time_get_response":{"time":"2026-01-01 12:00:00","request_id":"ID"}}`)
}

func TestGzip(t *testing.T) {
	b := setup(t)
	for _, c := range []struct {
		method, accept string
		zipped         bool
	}{
		{"alibaba.test.large", "gzip", true},
		{"alibaba.test.large", "deflate, GZIP;q=0.5", true},
		{"alibaba.test.large", "br, gzip ; q = 1", true},
		{"alibaba.test.large", "", false},
		{"alibaba.test.large", "identity", false},
		{"alibaba.test.large", "*", false},
		{"alibaba.test.large", "gzip;q=0", false},
		{"alibaba.test.large", "gzip; q=0.000", false},
		{"alibaba.test.large", "deflate", false},
		{"taobao.time.get", "gzip", false}, // not worth it
	} {
		r := httptest.NewRequest(http.MethodGet, "/router/rest?"+request(c.method).sign(secret).encode(), nil)
		if c.accept != "" {
			r.Header.Set("Accept-Encoding", c.accept)
		}
		w := b.do(t, r)
		text := w.Body.Bytes()
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != c.zipped {
			t.Errorf("%s, %q: zipped %v, want %v", c.method, c.accept, got, c.zipped)
		} else if got {
			z, err := gzip.NewReader(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			if text, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if !json.Valid(text) || !bytes.Contains(text, []byte(w.Header().Get("X-Request-Id"))) {
			t.Errorf("%s, %q: %s", c.method, c.accept, text)
		}
	}
}

func TestTimestamp(t *testing.T) {
	b := setup(t)
	for stamp, ok := range map[string]bool{
		"2026-01-01 12:00:00":  true,
		"2026-01-01 11:50:00":  true,
		"2026-01-01 12:10:00":  true,
		"2026-01-01 11:49:59":  false,
		"2026-01-01 12:10:01":  false,
		"1767240000000":        true, // noon
		"1767239400000":        true,
		"1767239399999":        false,
		"1767240600001":        false,
		"1767240000":           false, // seconds
		"2026-01-01 04:00:00":  false, // UTC
		"2026-01-01T12:00:00":  false,
		"2026-01-01 12:00:00 ": false,
		"99999999999999999999": false,
		"-1":                   false,
		"0":                    false,
	} {
		w := b.send(t, request("alibaba.test.echo", "timestamp", stamp).sign(secret))
		if got := code(w) == ""; got != ok || !ok && code(w) != "31" {
			t.Errorf("timestamp %q: %s", stamp, w.Body)
		}
	}
	w := b.send(t, request("alibaba.test.echo", "timestamp", "1767239400000").sign(secret))
	if !strings.Contains(w.Body.String(), `"signed":"2026-01-01 11:50:00"`) {
		t.Errorf("the method did not get the signed time: %s", w.Body)
	}
	b = setup(t, func(o *gateway.Options) { o.Window = 9 * time.Hour })
	if w := b.send(t, request("alibaba.test.echo", "timestamp", "2026-01-01 04:00:00").sign(secret)); code(w) != "" {
		t.Errorf("a wider window refuses UTC: %s", w.Body)
	}
}

// The signatures of the protocol's documents, computed by others.
func TestPublishedSignatures(t *testing.T) {
	b := setup(t)
	b.clock.set(time.Date(2016, 1, 1, 12, 0, 0, 0, top.GMT8))
	common := params{{"app_key", appKey}, {"timestamp", "2016-01-01 12:00:00"}, {"v", "2.0"}, {"format", "json"}}
	v1 := append(common, params{{"method", "taobao.time.get"}}...)
	v2 := append(common, params{
		{"method", "taobao.test.echo.send"},
		{"session", "6100000abc"},
		{"simplify", "true"},
		{"title", "中文 标题&=+"},
		{"empty", ""},
		{"ids", "1,2,3"},
	}...)
	v3 := append(common.set("format", "xml"), params{
		{"method", "taobao.test.object.send"},
		{"request", `{"voucher_name":"双11优惠券","amount":"1000","tags":["a","b"],"item":{"item_id":9007199254740993,"ok":true}}`},
	}...)
	for _, v := range []struct {
		p                params
		signMethod, sign string
	}{
		{v1, "md5", "36BBE247D9CA1A1246693D07952F9C6E"},
		{v2, "hmac", "698E7B477226ACE8A8DB5589ECE32CAA"},
		{v2.without("empty"), "hmac", "DB4DAC6350F17D7C63C4ECCF13973349"},
		{v3, "hmac-sha256", "F6F3F4628B4095FE1FC4A5955B35173D3E773882E621CE1E7627D68F82B73018"},
	} {
		p := v.p.set("sign_method", v.signMethod)
		for sign, ok := range map[string]bool{v.sign: true, strings.ToLower(v.sign): true, v.sign[1:]: false, "0" + v.sign[1:]: false} {
			// The methods do not exist; 22 is only said to those who signed.
			w := b.send(t, p.set("sign", sign))
			passed := !strings.Contains(w.Body.String(), "Invalid signature")
			if passed != ok {
				t.Errorf("%s %s: %s", v.signMethod, sign, w.Body)
			}
		}
	}
}

func TestLegacy(t *testing.T) {
	b := setup(t)
	p := request("taobao.time.get").without("sign_method")
	for _, form := range []string{"K+S", "S+K", "K+S+K"} {
		for app, ok := range map[string]bool{oldApp: true, appKey: false} {
			key := map[string]string{oldApp: oldSecret, appKey: secret}[app]
			p := p.set("app_key", app)
			sum := md5.Sum([]byte(strings.NewReplacer("K", key, "S", p.text(), "+", "").Replace(form)))
			w := b.send(t, p.set("sign", fmt.Sprintf("%X", sum)))
			if got := code(w) == ""; got != ok {
				t.Errorf("%s of app %s: %s", form, app, w.Body)
			}
		}
	}
	// Neither sign nor sign_method: the signature is what is missing.
	if w := b.send(t, p); code(w) != "24" {
		t.Errorf("bare call: %s", w.Body)
	}
}

// Without a signature only an app that is switched to it may call, over TLS, with a session of its own.
func TestAccessToken(t *testing.T) {
	b := setup(t)
	bare := params{{"method", "alibaba.test.session"}, {"v", "2.0"}, {"format", "json"}}
	for _, c := range []struct {
		name string
		p    params
		tls  bool
		code string
	}{
		{"right", bare.set("access_token", oldSession), true, ""},
		{"with its app_key", bare.set("access_token", oldSession).set("app_key", oldApp), true, ""},
		{"with another app_key", bare.set("access_token", oldSession).set("app_key", appKey), true, "44"},
		{"in the open", bare.set("access_token", oldSession), false, "44"},
		{"app not switched", bare.set("access_token", session), true, "44"},
		{"unknown", bare.set("access_token", "nobody"), true, "44"},
		{"expired", bare.set("access_token", "6100expired"), true, "44"},
		{"no method", bare.set("access_token", oldSession).without("method"), true, "21"},
		{"no version", bare.set("access_token", oldSession).without("v"), true, "32"},
		{"unknown method", bare.set("access_token", oldSession).set("method", "no"), true, "22"},
		{"signed instead", request("alibaba.test.session", "access_token", "nobody", "session", session).sign(secret), true, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/router/rest?"+c.p.encode(), nil)
		if c.tls {
			r.TLS = new(tls.ConnectionState)
		}
		w := b.do(t, r)
		if code(w) != c.code {
			t.Errorf("%s: %s, want %q", c.name, w.Body, c.code)
		}
	}
}

func TestRotatedSecrets(t *testing.T) {
	b := setup(t)
	p := request("taobao.time.get", "app_key", "30000004")
	for key, want := range map[string]string{"new-secret": "", "old-secret": "", secret: "25", "": "25"} {
		if w := b.send(t, p.sign(key)); code(w) != want {
			t.Errorf("secret %q: %s", key, w.Body)
		}
	}
	// An app without a secret is not an app with an empty one.
	if w := b.send(t, p.set("app_key", "30000005").sign("")); code(w) != "25" {
		t.Errorf("no secret: %s", w.Body)
	}
}

// A session that is sent is checked also where none is needed. Only the time is told whatever the session and whatever the clock.
func TestOptionalSession(t *testing.T) {
	b := setup(t)
	for token, answer := range map[string]string{
		"": `"list"`, session: `"nick":"商家"`, "6100lasting": `"nick":"久"`,
		" ": `"session-is-blank"`, "nobody": `"invalid-sessionkey"`, "6100expired": `"session-expired"`, oldSession: `"sessionkey-not-generated-by-server"`,
	} {
		w := b.send(t, request("alibaba.test.echo", "session", token).sign(secret))
		if !strings.Contains(w.Body.String(), answer) {
			t.Errorf("session %q: %s, want %s", token, w.Body, answer)
		}
		for _, stamp := range []string{"2026-01-01 12:00:00", "2026-01-01 04:00:00", "2016-01-01 12:00:00"} {
			w := b.send(t, request("taobao.time.get", "session", token, "timestamp", stamp).sign(secret))
			want(t, w, `{"time_get_response":{"time":"2026-01-01 12:00:00","request_id":"ID"}}`)
		}
	}
}

func TestFlowControl(t *testing.T) {
	b := setup(t)
	p := request("taobao.time.get", "app_key", "30000006").sign(secret)
	const banned = `{"error_response":{"code":7,"msg":"App Call Limited","sub_code":"accesscontrol.limited-by-app-access-count",` +
		`"sub_msg":"This ban will last for 1 more seconds","request_id":"ID"}}`
	for range 2 {
		if w := b.send(t, p); code(w) != "" {
			t.Fatal(w.Body)
		}
	}
	w := b.send(t, p)
	want(t, w, banned)
	if got := w.Header().Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q", got)
	}
	// Who waits as told may call again.
	b.clock.set(noon.Add(time.Second))
	if w := b.send(t, p); code(w) != "" {
		t.Error(w.Body)
	}
}

func TestCallsAtOnce(t *testing.T) {
	t.Run("of an app", func(t *testing.T) {
		b := setup(t)
		p := request("alibaba.test.block", "app_key", "30000007").sign(secret)
		first := make(chan string)
		go func() { first <- b.send(t, p).Body.String() }()
		<-b.inside
		if w := b.send(t, p); code(w) != "7" || !strings.Contains(w.Body.String(), "This ban will last for 1 more seconds") {
			t.Errorf("second call: %s", w.Body)
		}
		if w := b.send(t, request("taobao.time.get").sign(secret)); code(w) != "" {
			t.Errorf("another app: %s", w.Body)
		}
		close(b.block)
		if text := <-first; !strings.Contains(text, "test_block_response") {
			t.Error(text)
		}
		if w := b.send(t, p); code(w) != "" {
			t.Errorf("after the first: %s", w.Body)
		}
	})
	t.Run("of the node", func(t *testing.T) {
		b := setup(t, withLimit(limit.Options{InFlight: 3}))
		p := request("alibaba.test.block").sign(secret)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if w := b.send(t, p); code(w) != "" {
					t.Error(w.Body)
				}
			})
		}
		for range 3 {
			<-b.inside
		}
		w := b.send(t, request("taobao.time.get").sign(secret))
		want(t, w, `{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isp.system-busy",`+
			`"sub_msg":"系统繁忙，请稍后用同一请求重试 busy, send the same request again","request_id":"ID"}}`)
		if got := w.Header().Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After %q", got)
		}
		close(b.block)
		wg.Wait()
		for range 10 { // refusals gave nothing back that they had not taken
			if w := b.send(t, p); code(w) != "" {
				t.Error(w.Body)
			}
		}
	})
}

func TestHeaders(t *testing.T) {
	b := setup(t)
	w := b.send(t, request("alibaba.test.again").sign(secret))
	want(t, w, `{"alibaba_test_again_response":{"result":true,"request_id":"ID"}}`)
	if got := w.Header().Get("X-Idempotent-Replayed"); got != "true" {
		t.Errorf("X-Idempotent-Replayed %q", got)
	}
	w = b.send(t, request("alibaba.test.fault").sign(secret))
	if got := w.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q", got)
	}
	w = b.send(t, request("taobao.time.get").sign(secret))
	for _, name := range []string{"X-Idempotent-Replayed", "Retry-After", "Content-Encoding"} {
		if got, ok := w.Header()[name]; ok {
			t.Errorf("%s %q unasked", name, got)
		}
	}
	ids := make(map[string]bool)
	for range 1000 {
		ids[b.send(t, request("taobao.time.get").sign(secret)).Header().Get("X-Request-Id")] = true
	}
	if len(ids) != 1000 {
		t.Errorf("%d different request ids of 1000", len(ids))
	}
}

// The log has a line for each call and never what opens doors or names people.
func TestLog(t *testing.T) {
	b := setup(t)
	const mobile = "18651822226"
	p := request("alibaba.test.panic", "session", session, "text", mobile).sign(secret)
	w := b.send(t, p)
	b.send(t, request("alibaba.test.echo", "session", session, "text", mobile).sign(secret))
	b.send(t, request(mobile, "session", session).sign(secret)) // no such method
	b.send(t, request("alibaba.test.echo", "app_key", mobile))
	b.send(t, request("alibaba.test.scalar").sign(secret))

	log := b.log.String()
	for _, hidden := range []string{session, secret, p.get("sign"), mobile} {
		if strings.Contains(log, hidden) {
			t.Errorf("the log tells %s:\n%s", hidden, log)
		}
	}
	var lines []map[string]any
	for line := range strings.Lines(log) {
		m := make(map[string]any)
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err, line)
		}
		lines = append(lines, m)
	}
	if len(lines) != 7 {
		t.Fatalf("%d lines, want 7:\n%s", len(lines), log)
	}
	for i, line := range []map[string]any{
		{"level": "ERROR", "msg": "panic", "method": "alibaba.test.panic", "panic": "session *** secret *** mobile 186****2226"},
		{"level": "INFO", "msg": "call", "method": "alibaba.test.panic", "app": appKey, "code": 15.0, "result": "isp.service-error", "us": 0.0},
		{"msg": "call", "method": "alibaba.test.echo", "app": appKey, "code": 0.0, "result": "0", "replayed": false},
		{"msg": "call", "method": "unknown", "app": appKey, "code": 22.0, "result": ""},
		{"msg": "unsigned", "app": "", "result": "fault_29", "calls": 1.0},
		{"level": "ERROR", "msg": "panic", "method": "alibaba.test.scalar"},
		{"msg": "call", "method": "alibaba.test.scalar", "code": 15.0, "replayed": false},
	} {
		for key, want := range line {
			if got := lines[i][key]; got != want {
				t.Errorf("line %d: %s is %v, want %v", i, key, got, want)
			}
		}
		if id, _ := lines[i]["request_id"].(string); !idShape.MatchString(id) {
			t.Errorf("line %d has no request_id", i)
		}
	}
	if id := w.Header().Get("X-Request-Id"); lines[0]["request_id"] != id || lines[1]["request_id"] != id {
		t.Errorf("the lines of the panic do not have its request_id %s", id)
	}
}

// Many calls at once, with the directory read again under them.
func TestConcurrent(t *testing.T) {
	b := setup(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			text := strings.Repeat(fmt.Sprint(i), 1+i*9000) // the largest takes a slot
			p := request("alibaba.test.echo", "text", text).sign(secret)
			for range 50 {
				if w := b.send(t, p); !strings.Contains(w.Body.String(), `"text":"`+text+`","length":`+fmt.Sprint(len(text))+`,`) {
					t.Errorf("call %d: %.200s", i, w.Body)
				}
			}
		})
	}
	for range 20 {
		if err := b.auth.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}
