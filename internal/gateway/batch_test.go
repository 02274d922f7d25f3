package gateway_test

import (
	"crypto/md5"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"recoup/internal/gateway"
	"recoup/internal/limit"
)

const separator = "\r\n-S-\r\n"

// batch posts a batch as the clients do: the query signed together with the body as it is.
func (b *bundle) batch(t *testing.T, query params, body, announced string) *httptest.ResponseRecorder {
	t.Helper()
	sum := md5.Sum([]byte(secret + query.text() + body + secret))
	return b.post(t, query.set("sign", fmt.Sprintf("%X", sum)), body, announced)
}

func (b *bundle) post(t *testing.T, query params, body, announced string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/router/batch?"+query.encode(), strings.NewReader(body))
	r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	if announced != "" {
		r.Header.Set("top-api-separator", announced)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
	return w
}

// shared are the parameters of a batch's query.
func shared(more ...string) params { return request("", more...).without("method") }

// answers splits the reply as .NET does and hides the request ids, each of which must be another.
func answers(t *testing.T, w *httptest.ResponseRecorder, separator string) []string {
	t.Helper()
	ids := map[string]bool{w.Header().Get("X-Request-Id"): true}
	parts := strings.Split(w.Body.String(), separator)
	for i, text := range parts {
		id := requestID.FindStringSubmatch(text)
		if id == nil || ids[id[1]] && len(parts) > 1 {
			t.Errorf("answer %d has no request_id of its own: %s", i, text)
			continue
		}
		ids[id[1]] = true
		parts[i] = strings.Replace(text, id[1], "ID", 1)
	}
	return parts
}

var requestID = regexp.MustCompile(`request_id(?:":"|>)([0-9a-z]{11,13})`)

func TestBatch(t *testing.T) {
	const (
		timeJSON = `{"time_get_response":{"time":"2026-01-01 12:00:00","request_id":"ID"}}`
		timeXML  = `<?xml version="1.0" encoding="utf-8" ?><time_get_response><time>2026-01-01 12:00:00</time><request_id>ID</request_id></time_get_response>`
		nick     = `{"alibaba_test_session_response":{"nick":"%s","request_id":"ID"}}`
	)
	fault := func(text string) string { return `{"error_response":{` + text + `,"request_id":"ID"}}` }
	merchant := fmt.Sprintf(nick, "商家")
	noMethod := fault(`"code":21,"msg":"Missing method","sub_msg":"http传入的参数加入method字段"`)
	for _, c := range []struct {
		name      string
		query     params
		separator string // announced; "": the usual one
		parts     []string
		want      []string
	}{
		{"one call", shared(), "", []string{"method=taobao.time.get"}, []string{timeJSON}},
		{"two methods", shared(), "", []string{"method=taobao.time.get", "method=alibaba.test.again"}, []string{timeJSON, `{"alibaba_test_again_response":{"result":true,"request_id":"ID"}}`}},
		{"what all have", shared(), "", []string{"#PUBLIC#method=alibaba.test.session&session=" + session, "N", "x=1", "method=taobao.time.get"}, []string{merchant, merchant, timeJSON}},
		{"N alone has no method", shared(), "", []string{"N", "method=taobao.time.get"}, []string{noMethod, timeJSON}},
		{"an empty part", shared(), "", []string{"method=taobao.time.get", ""}, []string{timeJSON, noMethod}},
		{"session of the query", shared("session", session), "", []string{"method=alibaba.test.session"}, []string{merchant}},
		{
			"own sessions", shared("session", "nobody"), "",
			[]string{"#PUBLIC#method=alibaba.test.session&session=6100lasting", "session=" + session, "N", "session=nobody"},
			[]string{merchant, fmt.Sprintf(nick, "久"), fault(`"code":27,"msg":"Invalid session","sub_code":"invalid-sessionkey","sub_msg":"SessionKey非法"`)},
		},
		{
			"a fault between answers", shared(), "",
			[]string{"method=taobao.time.get", "method=alibaba.test.fault", "method=taobao.time.get"},
			[]string{timeJSON, fault(`"code":15,"msg":"Remote service error","sub_code":"isp.request-in-progress","sub_msg":"处理中"`), timeJSON},
		},
		{
			"a panic between answers", shared(), "",
			[]string{"method=taobao.time.get", "method=alibaba.test.panic", "method=alibaba.test.scalar", "method=taobao.time.get"},
			[]string{timeJSON, panicked, panicked, timeJSON},
		},
		{"an unknown method", shared(), "", []string{"method=no", "method=taobao.time.get"}, []string{fault(`"code":22,"msg":"Invalid method","sub_msg":"不合法ApiName，ApiName = no"`), timeJSON}},
		{
			"a method not granted", shared("app_key", "30000002"), "",
			[]string{"method=alibaba.test.again", "method=taobao.time.get"},
			[]string{fault(`"code":11,"msg":"Insufficient isv permissions","sub_code":"isv.permission-api-package-limit","sub_msg":"应用未获接口授权 the app is not granted alibaba.test.again"`), timeJSON},
		},
		{
			"broken parts", shared(), "",
			[]string{"method=taobao.time.get&x=%zz", "method=taobao.time.get&x=1&x=2", "method=taobao.time.get&x=%d6", "method=taobao.time.get"},
			[]string{fault(`"code":41,"msg":"Invalid arguments:x"`), fault(`"code":41,"msg":"Invalid arguments:x"`), fault(`"code":47,"msg":"Invalid encoding","sub_msg":"参数x不是UTF-8，请以UTF-8编码并据此签名 parameter x is not UTF-8: encode it so, and sign it so"`), timeJSON},
		},
		{"system parameters of a part do not count", shared(), "", []string{"method=taobao.time.get&app_key=99&format=xml&simplify=true&sign=0&timestamp=1&access_token=x"}, []string{timeJSON}},
		{"flow control counts each", shared("app_key", "30000006"), "", slices.Repeat([]string{"method=taobao.time.get"}, 3), []string{timeJSON, timeJSON, banned}},
		{"simplified", shared("simplify", "true"), "", []string{"method=alibaba.test.again"}, []string{`{"result":true,"request_id":"ID"}`}},
		{"XML", shared("format", "xml"), "", []string{"method=taobao.time.get", "method=taobao.time.get"}, []string{timeXML, timeXML}},
		{"another separator", shared(), "#$@^|~", []string{"#PUBLIC#method=taobao.time.get", "N", "x=-S-"}, []string{timeJSON, timeJSON}},
		{
			"an answer with the separator", shared(), "|",
			[]string{"method=alibaba.test.echo&text=a%7Cb", "method=taobao.time.get"},
			[]string{fault(`"code":15,"msg":"Remote service error","sub_code":"isp.separator-in-answer","sub_msg":"应答含有分隔符，请换一个分隔符重发同一请求 the answer holds the separator; send the same request with another one"`), timeJSON},
		},
		{"twenty", shared(), "", append([]string{"#PUBLIC#method=taobao.time.get"}, slices.Repeat([]string{"N"}, 20)...), slices.Repeat([]string{timeJSON}, 20)},
	} {
		t.Run(c.name, func(t *testing.T) {
			sep := c.separator
			if sep == "" {
				sep = separator
			}
			w := setup(t).batch(t, c.query, strings.Join(c.parts, sep), c.separator)
			got := answers(t, w, sep)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if want := "text/javascript;charset=UTF-8"; c.query.get("format") == "json" && w.Header().Get("Content-Type") != want {
				t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
			}
		})
	}
}

const (
	panicked = `{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isp.service-error","sub_msg":"服务异常，请用同一请求重试 internal error, send the same request again","request_id":"ID"}}`
	banned   = `{"error_response":{"code":7,"msg":"App Call Limited","sub_code":"accesscontrol.limited-by-app-access-count","sub_msg":"This ban will last for 1 more seconds","request_id":"ID"}}`
)

// A fault of the whole is one answer, and no call is begun.
func TestBatchFails(t *testing.T) {
	const body = "method=alibaba.test.block" + separator + "method=alibaba.test.block" // would never end
	silly := `"code":43,"msg":"Parameter Error","sub_msg":"top-api-separator须为`
	for _, c := range []struct {
		name      string
		query     params
		body      string
		separator string
		fault     string
	}{
		{"signature", shared("sign", strings.Repeat("0", 32)), body, "", `"code":25,`},
		{"signature without the body", shared().sign(secret), body, "", `"code":25,`},
		{"no signature", shared(), body, "", `"code":24,`},
		{"app_key", shared("app_key", "99", "sign", "0"), body, "", `"code":29,`},
		{"timestamp", shared("timestamp", "2026-01-01 11:00:00", "sign", "0"), body, "", `"code":31,`},
		{"shared twice", shared(), "#PUBLIC#x=1&x=2" + separator + body, "", `"code":41,"msg":"Invalid arguments:x"`},
		{"no body", shared(), "", "", `"code":43,"msg":"Parameter Error","sub_msg":"请求体中没有子请求 the body holds no call"`},
		{"shared alone", shared(), "#PUBLIC#method=alibaba.test.block", "", `"code":43,"msg":"Parameter Error","sub_msg":"请求体中没有子请求`},
		{"too many", shared(), strings.Repeat(body+separator, 10) + "N", "", `"code":43,"msg":"Parameter Error","sub_msg":"子请求过多 too many calls in a batch, at most 20"`},
		{"far too many", shared(), "#PUBLIC#" + strings.Repeat(separator, 100_000), "", `"code":43,"msg":"Parameter Error","sub_msg":"子请求过多`},
		{"too large", shared(), strings.Repeat("x", gateway.MaxBody+1), "", `"code":43,"msg":"Parameter Error","sub_msg":"请求体过大`},
		{"separator of a form", shared(), body, "&", silly},
		{"separator of words", shared(), body, "code", silly},
		{"separator of JSON", shared(), body, `"#"`, silly},
		{"separator with a blank", shared(), body, "# #", silly},
		{"separator not ASCII", shared(), body, "#分#", silly},
		{"separator too long", shared(), body, strings.Repeat("#", 65), silly},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := setup(t)
			var w *httptest.ResponseRecorder
			if c.query.get("sign") != "" || c.name == "no signature" {
				w = b.post(t, c.query, c.body, c.separator)
			} else {
				w = b.batch(t, c.query, c.body, c.separator)
			}
			if !strings.Contains(w.Body.String(), c.fault) || strings.Contains(w.Body.String(), separator) {
				t.Errorf("answer %.300s, want %s", w.Body, c.fault)
			}
		})
	}
}

// The calls of a batch run one after the other, each in the place of the app that the one before it left.
func TestBatchInOrder(t *testing.T) {
	b := setup(t, withLimit(limit.Options{InFlight: 1}))
	done := make(chan *httptest.ResponseRecorder)
	go func() {
		done <- b.batch(t, shared("app_key", "30000007"), strings.Join(slices.Repeat([]string{"method=alibaba.test.block"}, 3), separator), "")
	}()
	for range 3 {
		<-b.inside
		if len(b.inside) != 0 {
			t.Error("two at once")
		}
		b.block <- struct{}{}
	}
	for i, text := range answers(t, <-done, separator) {
		if text != `{"alibaba_test_block_response":{"request_id":"ID"}}` {
			t.Errorf("answer %d: %s", i, text)
		}
	}
}

// What a batch cannot begin in time is answered as busy, so that the rest of the answer arrives.
func TestBatchInTime(t *testing.T) {
	b := setup(t)
	done := make(chan *httptest.ResponseRecorder)
	go func() {
		done <- b.batch(t, shared(), "method=alibaba.test.block"+separator+"method=alibaba.test.block"+separator+"method=taobao.time.get", "")
	}()
	<-b.inside
	b.clock.set(noon.Add(30 * time.Second))
	b.block <- struct{}{}
	<-b.inside
	b.clock.set(noon.Add(30*time.Second + 1))
	b.block <- struct{}{}
	got := answers(t, <-done, separator)
	want := []string{
		`{"alibaba_test_block_response":{"request_id":"ID"}}`, `{"alibaba_test_block_response":{"request_id":"ID"}}`,
		`{"error_response":{"code":15,"msg":"Remote service error","sub_code":"isp.system-busy","sub_msg":"系统繁忙，请稍后用同一请求重试 busy, send the same request again","request_id":"ID"}}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// The log has a line for each call of a batch, or one for a batch that failed as a whole.
func TestBatchLog(t *testing.T) {
	b := setup(t)
	b.batch(t, shared(), "method=taobao.time.get"+separator+"method=no", "")
	b.batch(t, shared(), "", "")
	lines := strings.Split(strings.TrimSpace(b.log.String()), "\n")
	for i, want := range []string{`"method":"taobao.time.get","app":"12345678","from":"192.0.2.1","code":0`, `"method":"unknown","app":"12345678","from":"192.0.2.1","code":22`, `"code":43`} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("line %d is not %s:\n%s", i, want, b.log)
		}
	}
	if len(lines) != 3 {
		t.Errorf("%d lines", len(lines))
	}
}
