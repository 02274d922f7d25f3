package sdk

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"recoup"
	"recoup/internal/demo"
	"recoup/internal/store"
)

var stampRead = regexp.MustCompile(`收到timestamp [^，]*，`)

// What integrators get wrong: either it is taken as they meant it, or the answer says in sub_msg what to send instead.
func TestHints(t *testing.T) { onEach(t, testHints) }

func testHints(t *testing.T, open opener) {
	moment := time.Now().Truncate(time.Second)
	still := func(o *recoup.Options) { o.Now = func() time.Time { return moment } } // so that offsets are exact
	w := open(t, still)
	w.changeApp(func(app *store.App) {
		app.Brands = slices.DeleteFunc(app.Brands, func(brand string) bool { return brand == demo.PointBrand })
	})
	lenient := open(t, still, func(o *recoup.Options) { o.Window = 24 * time.Hour }) // as `recoup demo` is

	c := sampleCall(demo.Samples[charge])
	good := c.params("json")
	sign := func(f form) form { return f.signed("hmac-sha256", demo.Secret) }
	now := call{method: "taobao.time.get"}.params("json")
	stamped := func(f form, stamp string) form { return sign(f.with("timestamp", stamp)) }
	at := func(d time.Duration) form { return stamped(good, clock(moment.Add(d))) }
	changed := func(n int, old, new string) form { // a sample, with something else in its request
		c := sampleCall(demo.Samples[n])
		request := strings.Replace(c.request, old, new, 1)
		if request == c.request {
			t.Fatalf("%s has no %s", c.request, old)
		}
		c.request = request
		return sign(c.params("json"))
	}
	post := func(body string, header ...string) string {
		return request("POST", "/router/rest?format=json", header, body)
	}
	posted := func(f form) string { return post(f.without("format").encoded(), plainForm) }
	zip := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(text))
		_ = z.Close()
		return b.String()
	}
	const (
		types      = "可用: application/x-www-form-urlencoded, multipart/form-data；业务JSON放在接口的参数中"
		typesThen  = "is not read; send one of these, with the JSON inside the method's parameter"
		signMethod = "未传sign_method，按旧版md5验签，且只限已开通旧版的应用；请传md5、hmac或hmac-sha256 sign_method was not sent, so the old md5 form was assumed, which only apps switched to it may use; send md5, hmac or hmac-sha256"
		got        = "收到timestamp STAMP，"
		shape      = got + "须为GMT+8的yyyy-MM-dd HH:mm:ss，或毫秒数 must be yyyy-MM-dd HH:mm:ss in GMT+8, or milliseconds since 1970"
		seconds    = got + "像是秒，须为毫秒 it looks like seconds; send milliseconds"
		utf8       = "参数PARAM不是UTF-8，请以UTF-8编码并据此签名 parameter PARAM is not UTF-8: encode it so, and sign it so"
		passed     = "本次放行，通常只容许相差10分钟 passed here, usually 10 minutes are allowed: "
	)
	offset := func(zh, zhZone, en, enWay, enZone string) string {
		return "比服务器时间TIME" + zh + zhZone + "；taobao.time.get可查服务器时间 the timestamp is " + en + " " + enWay + " the server's time, TIME" + enZone + "; taobao.time.get tells it"
	}
	zone := func(zh, en, enWay string) string {
		return offset(zh, "，像是时区不对，须用GMT+8", en, enWay, ", which looks like another time zone; send GMT+8")
	}

	for _, h := range []struct {
		name    string
		world   *world
		request string
		fault   string // code and sub code; "": it is taken
		says    string // sub_msg, or for what is taken the header X-Recoup-Hint
	}{
		{
			"JSON body", w, post(`{"method":"taobao.time.get"}`, "Content-Type: application/json"), "43",
			"不读取application/json类型的请求体，" + types + " a body of type application/json " + typesThen,
		},
		{
			"JSON body that curl calls a form", w, post("\ufeff [1]", plainForm), "43",
			"不读取application/json类型的请求体，" + types + " a body of type application/json " + typesThen,
		},
		{
			"text body", w, post("method=taobao.time.get", "Content-Type: text/plain; charset=utf-8"), "43",
			"不读取text/plain; charset=utf-8类型的请求体，" + types + " a body of type text/plain; charset=utf-8 " + typesThen,
		},
		{
			"signed JSON body with all else in the query", w,
			request("POST", "/router/rest?"+good.signedWith("{}", "hmac-sha256", demo.Secret).encoded(), []string{"Content-Type: application/json"}, "{}"), "43",
			"不读取application/json类型的请求体，" + types + " a body of type application/json " + typesThen,
		},

		{"gzip", w, post(zip(sign(good).encoded()), plainForm, "Content-Encoding: gzip"), "", ""},
		{"gzip around line ends", w, post(zip("\ufeff"+sign(good).encoded()+"\r\n"), plainForm, "Content-Encoding: GZIP"), "", ""},
		{"gzip that is none", w, post("abc", plainForm, "Content-Encoding: gzip"), "43", "请求体不完整或gzip有误 the body is incomplete or its gzip is broken"},
		{"gzip cut short", w, post(zip(sign(good).encoded())[:100], plainForm, "Content-Encoding: gzip"), "43", "请求体不完整或gzip有误 the body is incomplete or its gzip is broken"},
		{"gzip of 32 MiB", w, post(zip("x="+strings.Repeat("0", 32<<20)), plainForm, "Content-Encoding: gzip"), "43", "请求体过大 the body is too large, at most 1048576 bytes"},
		{"gzip of nothing, often", w, post(strings.Repeat(zip(""), 40_000), plainForm, "Content-Encoding: gzip"), "28", ""},
		{"brotli", w, post("abc", plainForm, "Content-Encoding: br"), "43", "不支持请求体压缩方式br，可用gzip或不压缩 a body encoded by br is not read; send gzip or plain"},
		{"gzip twice", w, post("abc", plainForm, "Content-Encoding: gzip, gzip"), "43", "不支持请求体压缩方式gzip, gzip，可用gzip或不压缩 a body encoded by gzip, gzip is not read; send gzip or plain"},

		{"byte order mark before a form", w, post("\ufeff"+sign(good).encoded(), plainForm), "", ""},
		{"byte order mark before JSON", w, posted(sign(good.with(c.param, "\ufeff"+c.request))), "", ""},
		{"line end behind a form", w, post(sign(good).encoded()+"\r\n", plainForm), "", ""},

		{"no sign_method", w, posted(good.without("sign_method").signed("", demo.Secret)), "25", signMethod},
		{"no sign_method, signed by nobody", w, posted(good.without("sign_method").with("sign", "0")), "25", signMethod},
		{"sign_method in capitals", w, posted(good.with("sign_method", "HMAC-SHA256").signed("hmac-sha256", demo.Secret)), "", ""},
		{"GBK", w, posted(sign(good.with(c.param, strings.Replace(c.request, "测试", "\xb2\xe2\xca\xd4", 1)))), "47", strings.ReplaceAll(utf8, "PARAM", c.param)},
		{"GBK, signed as UTF-8", w, posted(sign(good).with(c.param, strings.Replace(c.request, "测试", "\xb2\xe2\xca\xd4", 1))), "47", strings.ReplaceAll(utf8, "PARAM", c.param)},
		{"unknown sign_method", w, posted(sign(good.with("sign_method", "HMAC_SHA256"))), "25", "sign_method只支持md5、hmac、hmac-sha256 sign_method must be md5, hmac or hmac-sha256"},
		{"target_app_key", w, posted(sign(good.with("target_app_key", "21021178"))), "41", "本服务没有其他应用提供的接口，请去掉target_app_key no method here is another app's; leave target_app_key out"},
		{"access_token in the open", w, post("method="+c.method+"&v=2.0&access_token="+demo.Session, plainForm), "44", "access_token只在TLS上有效 access_token works over TLS only"},

		{"unknown brand", w, posted(changed(charge, `"1332"`, `"13320"`)), "11 isv.permission-brand-not-granted", "应用未获该品牌授权 this call may not act for the brand: brand_id 13320"},
		{"brand not granted", w, posted(sign(sampleCall(demo.Samples[points]).params("json"))), "11 isv.permission-brand-not-granted", "应用未获该品牌授权 this call may not act for the brand: brand_id 12332"},
		{"unknown store", w, posted(changed(submit, `"2131"`, `"21310"`)), "11 isv.permission-brand-not-granted", "应用未获该品牌授权 this call may not act for the brand: store_id 21310"},

		{"operator as text", w, posted(changed(submit, operatorOf003, strconv.Quote(operatorOf003))), "", ""},
		{
			"operator as broken text", w, posted(changed(submit, operatorOf003, `"{\"operator_id\":"`)), "50 isv.invalid-parameter",
			"非法参数 param_create_reverse_req.operator：应为JSON对象 must be a JSON object",
		},

		{
			"query too long", w, request("GET", "/router/rest?format=json&x="+strings.Repeat("x", 100_000), nil, ""), "43",
			"URL参数过长，不可超过65536字节，请用POST放在请求体中 the query is too long, at most 65536 bytes: POST the parameters in the body",
		},

		{"UTC", w, posted(stamped(good, moment.UTC().Format(time.DateTime))), "31", got + zone("慢8小时", "8h", "behind")},
		{"Tokyo", w, posted(at(time.Hour)), "31", got + zone("快1小时", "1h", "ahead of")},
		{"25 minutes slow", w, posted(at(-25 * time.Minute)), "31", got + offset("慢25分", "", "25m", "behind", "")},
		{"three days fast", w, posted(at(74*time.Hour + 7*time.Minute + 30*time.Second)), "31", got + offset("快3天2小时7分30秒", "", "3d2h7m30s", "ahead of", "")},
		{"seconds", w, posted(stamped(good, fmt.Sprint(moment.Unix()))), "31", seconds},
		{"seconds an hour ago", w, posted(stamped(good, fmt.Sprint(moment.Unix()-3600))), "31", seconds + "; " + zone("慢1小时", "1h", "behind")},
		{"no time", w, posted(stamped(good, "noon")), "31", shape},
		{"ISO 8601", w, posted(stamped(good, moment.UTC().Format(time.RFC3339))), "31", shape},
		{"ISO 8601, two minutes fast", w, posted(stamped(good, moment.Add(2*time.Minute).Format("2006-01-02T15:04:05.000Z07:00"))), "31", shape + "; " + offset("快2分", "", "2m", "ahead of", "")},
		{"slashes, UTC", w, posted(stamped(good, moment.UTC().Format("2006/01/02 15:04:05"))), "31", shape + "; " + zone("慢8小时", "8h", "behind")},
		{"digits alone", w, posted(stamped(good, moment.In(time.FixedZone("", 8*3600)).Format("20060102150405"))), "31", shape},
		{"UTC that asks for the time", w, posted(stamped(now, moment.UTC().Format(time.DateTime))), "", passed + got + zone("慢8小时", "8h", "behind")},
		{"right that asks for the time", w, posted(sign(now)), "", ""},
		{"UTC where the window is a day", lenient, posted(stamped(good, moment.UTC().Format(time.DateTime))), "", passed + got + zone("慢8小时", "8h", "behind")},
		{"right where the window is a day", lenient, posted(sign(good)), "", ""},
		{"far off where the window is a day", lenient, posted(at(-25 * time.Hour)), "31", got + offset("慢1天1小时", "", "1d1h", "behind", "")},
	} {
		t.Run(h.name, func(t *testing.T) {
			a := h.world.in(t).send(h.request)
			readable(t, "json", a)
			fault, says := refusalOf(t, "json", a.body)
			if fault == "done" {
				fault, says = "", a.header.Get("X-Recoup-Hint")
			}
			says = stampRead.ReplaceAllString(strings.ReplaceAll(says, "服务器时间"+clock(moment), "服务器时间TIME"), "收到timestamp STAMP，")
			says = strings.ReplaceAll(says, "time, "+clock(moment), "time, TIME")
			if fault != h.fault || says != h.says {
				t.Errorf("got %s\n%s\nwant %s\n%s\nfor %.300s", fault, says, h.fault, h.says, a.body)
			}
		})
	}
}
