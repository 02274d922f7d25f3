package sdk

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"recoup/internal/demo"
	"recoup/internal/store"
)

// The numbers of the samples in the tables below.
const (
	refund = 0 // assert.refund
	points = 1 // point.reversepoint
	charge = 2 // recharge.operate
	submit = 3 // reverse.creatrefund
)

const (
	missing = "50 isv.missing-parameter"
	invalid = "50 isv.invalid-parameter"
)

// A sample with one thing changed is refused by a fault that names the field, or by a code of the business, and nothing moves.
func TestBadFields(t *testing.T) { onEach(t, testBadFields) }

func testBadFields(t *testing.T, open opener) {
	w := open(t)
	long := strings.Repeat("长", 43) // 129 bytes
	// other makes another member of a brand.
	other := func(brand string) (id string) {
		a := w.call(call{
			method: "alibaba.alsc.crm.open.customer.save", param: "param_customer_save_open_req",
			request: `{"brand_id":"` + brand + `","mobile":"13900000009","request_id":"other"}`,
		}, "simplified")
		var got struct{ Result struct{ Result string } }
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Result.Result == "" {
			t.Fatalf("%v in %s", err, a.body)
		}
		return got.Result.Result
	}
	tests := []struct {
		name     string
		sample   int
		old, new string // what is changed in the sample; no old: the whole request
		refusal  string // code and sub code of the fault, or the word of the business
		says     string // the field with the wrong value, or what the sentence must hold
	}{
		// Amounts and other numbers.
		{"amount in words", charge, `:1000`, `:"many"`, invalid, "change_value"},
		{"amount true", charge, `:1000`, `:true`, invalid, "change_value"},
		{"amount a list", charge, `:1000`, `:[1000]`, invalid, "change_value"},
		{"amount an object", charge, `:1000`, `:{"fen":1000}`, invalid, "change_value"},
		{"amount with a fraction", charge, `:1000`, `:1000.5`, invalid, "change_value"},
		{"amount with a fraction as text", charge, `:1000`, `:"0.01"`, invalid, "change_value"},
		{"amount with an exponent", charge, `:1000`, `:1e3`, invalid, "change_value"},
		{"amount with blanks", charge, `:1000`, `:"1 000"`, invalid, "change_value"},
		{"amount with commas", charge, `:1000`, `:"1,000"`, invalid, "change_value"},
		{"amount hexadecimal", charge, `:1000`, `:"0x10"`, invalid, "change_value"},
		{"amount signed", charge, `:1000`, `:"+1000"`, invalid, "change_value"},
		{"amount in full-width digits", charge, `:1000`, `:"１０００"`, invalid, "change_value"},
		{"amount 0", charge, `:1000`, `:0`, invalid, "change_value"},
		{"amount -0", charge, `:1000`, `:-0`, invalid, "change_value"},
		{"amount negative", charge, `:1000`, `:-1000`, invalid, "change_value"},
		{"amount negative as text", charge, `:1000`, `:"-1"`, invalid, "change_value"},
		{"amount beyond int64", charge, `:1000`, `:9223372036854775808`, invalid, "change_value"},
		{"amount far beyond int64", charge, `:1000`, `:1000000000000000000000000000000`, invalid, "change_value"},
		{"amount below int64", charge, `:1000`, `:-9223372036854775809`, invalid, "change_value"},
		{"amount beyond the limit", charge, `:1000`, `:1000000000001`, "AMOUNT_TOO_LARGE", "10000000000.00"},
		{"amount the largest number", charge, `:1000`, `:9223372036854775807`, "AMOUNT_TOO_LARGE", "10000000000.00"},
		{"amount absent", charge, `"change_value":1000,`, ``, missing, "change_value"},
		{"amount null", charge, `:1000`, `:null`, missing, "change_value"},
		{"amount empty", charge, `:1000`, `:""`, missing, "change_value"},
		{"points with a fraction", points, `:23`, `:2.3`, invalid, "change_point"},
		{"points 0", points, `:23`, `:0`, invalid, "change_point"},
		{"points negative", points, `:23`, `:-23`, invalid, "change_point"},
		{"points beyond int64", points, `:23`, `:"9223372036854775808"`, invalid, "change_point"},
		{"points beyond what was spent", points, `:23`, `:61`, "OVER_REFUND", "60"},
		{"refund -1", submit, `"refund_amount":30`, `"refund_amount":-1`, invalid, "refund_amount"},
		{"refund 0", submit, `"refund_amount":30`, `"refund_amount":0`, "REFUND_AMOUNT_INVALID", ""},
		{"refund negative", submit, `"refund_amount":30`, `"refund_amount":-30`, invalid, "refund_amount"},
		{"refund with a fraction", submit, `"refund_amount":30`, `"refund_amount":"0.30"`, invalid, "refund_amount"},
		{"refund beyond what was paid", submit, `"refund_amount":30`, `"refund_amount":6001`, "OVER_REFUND", "60.00"},
		{"refund absent", submit, `"refund_amount":30,`, ``, missing, "refund_amount"},
		{"channel in words", submit, `"amount":20`, `"amount":"twenty"`, invalid, "refund_channel_list[0].amount"},
		{"channel negative", submit, `"amount":20`, `"amount":-20`, invalid, "refund_channel_list[0].amount"},
		{"channel beyond the refund", submit, `"amount":20`, `"amount":31`, "CHANNEL_SUM_MISMATCH", "0.30"},
		{"channel beyond its share", submit, `"refund_amount":30,"refund_channel_list":[{"amount":20`, `"refund_amount":6000,"refund_channel_list":[{"amount":3001`, "CHANNEL_OVER_CAP", "30.00"},
		{"sub-order in words", submit, `5000399193546580981`, `"sub"`, invalid, "biz_order_ids[0]"},
		{"sub-order with a fraction", submit, `5000399193546580981`, `5000399193546580981.5`, invalid, "biz_order_ids[0]"},
		{"sub-order beyond int64", submit, `5000399193546580981`, `50003991935465809810`, invalid, "biz_order_ids[0]"},
		{"sub-order as a double rounds it", submit, `5000399193546580981`, `5000399193546580992`, "QUOTE_MISMATCH", ""},

		// Kinds and registers.
		{"operate_type unknown", charge, `"operate_type":1`, `"operate_type":5`, invalid, "operate_type"},
		{"operate_type 0", charge, `"operate_type":1`, `"operate_type":0`, invalid, "operate_type"},
		{"operate_type in words", charge, `"operate_type":1`, `"operate_type":"charge"`, invalid, "operate_type"},
		{"operate_type absent", charge, `"operate_type":1,`, ``, missing, "operate_type"},
		{"outer_type unknown", charge, `"wechat"`, `"qq"`, invalid, "outer_type"},
		{"outer_type unknown, the way out", charge, `"wechat"`, `"qq"`, invalid, "wechat, alipay"},
		{"outer_type in capitals", charge, `"wechat"`, `"WeChat"`, invalid, "outer_type"},
		{"outer_type absent beside outer_id", charge, `"outer_type":"wechat",`, ``, missing, "outer_type"},
		{"biz_type unknown", points, `"DEDUCT_FROM_CONSUME_REVERSE"`, `"DEDUCT"`, invalid, "biz_type"},
		{"biz_type absent", points, `"biz_type":"DEDUCT_FROM_CONSUME_REVERSE",`, ``, missing, "biz_type"},
		{"biz_channel unknown", points, `"CS/KRY"`, `"MT"`, invalid, "biz_channel"},
		{"operator_type in words", submit, `"operator_type":6`, `"operator_type":"clerk"`, invalid, "operator.operator_type"},
		{"operator_type absent", submit, `,"operator_type":6`, ``, missing, "operator.operator_type"},
		{"reason unknown", submit, `"reason_id":1001`, `"reason_id":7`, "REASON_UNKNOWN", "1001"},
		{"channel unknown", submit, `"code":"10001"`, `"code":"10009"`, "CHANNEL_UNKNOWN", "10009"},

		// Missing ids.
		{"no brand", charge, `"brand_id":"1332",`, ``, missing, "brand_id"},
		{"no brand by either name", points, ``, `{"biz_type":"DEDUCT_FROM_CONSUME_REVERSE","operator_id":"1","operator_name":"1","out_biz_id":"1","request_id":"1","reverse_order_id":"1","shop_id":"1","biz_channel":"CS"}`, missing, "brand_id"},
		{"no shop by either name", points, `"shop_id":"23453435","out_shop_id":"87766897",`, ``, missing, "shop_id"},
		{"no shop", charge, `"shop_id":"243545",`, ``, missing, "shop_id"},
		{"no member", charge, ``, `{"brand_id":"1332","change_value":1000,"operate_type":1,"operator_id":"1","outer_order_id":"1","request_id":"1","shop_id":"243545"}`, missing, "customer_id"},
		{"no number to refund a charge under", charge, ``, `{"brand_id":"1332","operate_type":4,"operator_id":"1","outer_order_id":"R00000","request_id":"1","shop_id":"243545"}`, missing, "new_outer_order_id"},
		{"no order", charge, `"outer_order_id":"2424535354",`, ``, missing, "outer_order_id"},
		{"no request", charge, `"request_id":"249fdj242242xd",`, ``, missing, "request_id"},
		{"no operator", charge, `"operator_id":"322343434",`, ``, missing, "operator_id"},
		{"no number of the refund", refund, `"new_outer_order_id":"3439200320332",`, ``, missing, "new_outer_order_id"},
		{"no original", refund, `"outer_order_id":"43923200230233",`, ``, missing, "outer_order_id"},
		{"no reversal", points, `"reverse_order_id":"34356785432",`, ``, missing, "reverse_order_id"},
		{"no sub-orders", submit, `[5000399193546580981]`, `[]`, missing, "biz_order_ids"},
		{"no operator object", submit, `{"operator_id":"123","operator_name":"门店小二","operator_type":6}`, `null`, missing, "operator"},
		{"no channels", submit, `[{"amount":20,"code":"10001","name":"支付宝"}]`, `[]`, missing, "refund_channel_list"},
		{"no store", submit, `"store_id":"2131"`, `"store_id":" "`, missing, "store_id"},
		{"no quote", submit, `"request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d",`, ``, missing, "request_id"},

		// Unknown and contradictory ids.
		{"unknown shop", charge, `"243545"`, `"243599"`, "SHOP_NOT_FOUND", "243599"},
		{"unknown member", charge, ``, `{"brand_id":"1332","change_value":1000,"mobile":"19900000000","operate_type":1,"operator_id":"1","outer_order_id":"1","request_id":"1","shop_id":"243545"}`, "MEMBER_NOT_FOUND", ""},
		{"member of two names", charge, `"mobile":"18651822226"`, `"mobile":"13800010001"`, "MEMBER_MISMATCH", ""},
		{"member of another outer id", charge, `"435532"`, `"wx-880005"`, "MEMBER_MISMATCH", ""},
		{"refund for another mobile", refund, `"18651822226"`, `"13900000009"`, "MEMBER_MISMATCH", ""},
		{"refund for another member", refund, `"34342243"`, `"` + other(demo.RefundBrand) + `"`, "MEMBER_MISMATCH", ""},
		{"points for another member", points, `"7027365982937563912722"`, `"` + other(demo.PointBrand) + `"`, "MEMBER_MISMATCH", ""},
		{"brand and alias apart", points, `"33959"`, `"33960"`, invalid, "out_brand_id"},
		{"shop and alias apart", points, `"87766897"`, `"87766898"`, invalid, "out_shop_id"},
		{"unknown original of a refund", refund, `"43923200230233"`, `"43923200230234"`, "ORIGINAL_NOT_FOUND", "43923200230234"},
		{"unknown original of points", points, `"3231231312312"`, `"3231231312313"`, "ORIGINAL_NOT_FOUND", "3231231312313"},
		{"unknown quote", submit, `bdab6446-f0cf-4327-9ae3-fd69ac4d`, `bdab6446-f0cf-4327-9ae3-fd69ac4e`, "QUOTE_NOT_FOUND", ""},
		{"sub-order of another quote", submit, `5000399193546580981`, `5000399193546580980`, "QUOTE_MISMATCH", ""},
		{"gift card of another quote", submit, `22076108`, `22076109`, "QUOTE_MISMATCH", ""},

		// Other brands. One that does not exist and one that is not granted answer alike; see also TestBrandsThatAreNotGranted.
		{"unknown brand", charge, `"brand_id":"1332"`, `"brand_id":"1333"`, "11 isv.permission-brand-not-granted", ""},
		{"unknown store", submit, `"store_id":"2131"`, `"store_id":"99"`, "11 isv.permission-brand-not-granted", ""},
		{"original of another brand", refund, `"brand_id":"342343043"`, `"brand_id":"1332"`, "SHOP_NOT_FOUND", "23829323"},

		// Texts.
		{"id too long", charge, `249fdj242242xd`, long, invalid, "request_id"},
		{"id with a line", charge, `249fdj242242xd`, `249\n`, invalid, "request_id"},
		{"id with NUL", charge, `249fdj242242xd`, `249\u0000`, invalid, "request_id"},
		{"id with DEL", charge, `249fdj242242xd`, `249\u007f`, invalid, "request_id"},
		{"id an object", charge, `"249fdj242242xd"`, `{}`, invalid, "request_id"},
		{"id a list", charge, `"249fdj242242xd"`, `["249"]`, invalid, "request_id"},
		{"reason with NUL", charge, `测试`, `a\u0000b`, invalid, "reason"},
		{"reason too long", charge, `测试`, strings.Repeat("a", 513), invalid, "reason"},
		{"list too long", refund, `["123","456"]`, `[` + strings.TrimSuffix(strings.Repeat(`"1",`, 1001), ",") + `]`, invalid, "voucher_id_list"},
		{"list of objects", refund, `["123","456"]`, `[{"id":"123"}]`, invalid, "voucher_id_list[0]"},
		{"list an object", refund, `["123","456"]`, `{"id":"123"}`, invalid, "voucher_id_list"},
		{"ten proofs", submit, `"url"`, `["1","2","3","4","5","6","7","8","9","10"]`, invalid, "proofs"},
		{"channels in words", submit, `[{"amount":20,"code":"10001","name":"支付宝"}]`, `"支付宝"`, invalid, "refund_channel_list"},

		// JSON.
		{"broken JSON", charge, `"shop_id"`, `shop_id`, invalid, "param_recharge_operate_open_req"},
		{"half of the JSON", charge, ``, `{"brand_id":"1332","change_value":1000`, invalid, "param_recharge_operate_open_req"},
		{"a comma too many", charge, ``, `{"brand_id":"1332",}`, invalid, "param_recharge_operate_open_req"},
		{"single quotes", charge, ``, `{'brand_id':'1332'}`, invalid, "param_recharge_operate_open_req"},
		{"text behind the JSON", charge, `"23829392"}`, `"23829392"}{}`, invalid, "param_recharge_operate_open_req"},
		{"a list", charge, ``, `[]`, invalid, "param_recharge_operate_open_req"},
		{"a text", charge, ``, `"1332"`, invalid, "param_recharge_operate_open_req"},
		{"the words of JavaScript", charge, ``, `[object Object]`, invalid, "param_recharge_operate_open_req"},
		{"null", charge, ``, `null`, missing, "param_recharge_operate_open_req"},
		{"blanks", charge, ``, `  `, missing, "param_recharge_operate_open_req"},
		{"NaN", charge, `:1000`, `:NaN`, invalid, "param_recharge_operate_open_req"},
		{"zero in front", charge, `:1000`, `:01000`, invalid, "param_recharge_operate_open_req"},
		{"half a character", charge, `测试`, `\ud83d`, invalid, "param_recharge_operate_open_req"},
		{"a name twice", charge, `"change_value":1000`, `"change_value":1000,"change_value":9000`, invalid, "change_value"},
		{"an inner name twice", submit, `"amount":20`, `"amount":20,"amount":20`, invalid, "refund_channel_list[0].amount"},
		{"nested too deeply", charge, `测试`, `"` + `,"x":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `,"y":"`, invalid, "param_recharge_operate_open_req"},
	}
	before, operations := w.books(), w.operations()
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			w, s := w.in(t), samples[c.sample]
			bad := sampleCall(s.Sample)
			if c.old == "" {
				bad.request = c.new
			} else if bad.request = strings.Replace(s.Request, c.old, c.new, 1); bad.request == s.Request {
				t.Fatalf("the sample has no %s", c.old)
			}
			for _, format := range []string{"json", "xml"} {
				a := w.call(bad, format)
				readable(t, format, a)
				refusal, says := refusalOf(t, format, a.body)
				if refusal != c.refusal {
					t.Errorf("%s: want %s, got %s: %.300s", format, c.refusal, refusal, a.body)
				}
				if !strings.Contains(says, c.says) {
					t.Errorf("%s: %q does not say %s", format, says, c.says)
				}
				if c.refusal == missing || c.refusal == invalid {
					if !strings.HasPrefix(says, "非法参数 "+s.Param) {
						t.Errorf("%s: %q does not begin with 非法参数 and the path", format, says)
					}
				}
			}
			if w.operations() != operations || w.books() != before {
				t.Error("something moved")
			}
		})
	}
	// Whatever came, the samples still are as good as new.
	for _, s := range samples {
		a := w.call(sampleCall(s.Sample), "json")
		if got, _ := mask(a.body); got != s.json || a.replayed() {
			t.Errorf("%s afterwards: repetition %v, %s", s.Document, a.replayed(), a.body)
		}
	}
}

// refusalOf tells how a call was refused: "code sub_code" of a fault or the word of the business, and what was said about it.
func refusalOf(t *testing.T, format, body string) (refusal, says string) {
	t.Helper()
	if strings.Contains(body, "error_response") {
		return strings.TrimSpace(textOf(t, format, body, "code") + " " + textOf(t, format, body, "sub_code")), textOf(t, format, body, "sub_msg")
	}
	for _, names := range [][3]string{{"biz_success", "result_code", "result_desc"}, {"success", "error_code", "error_msg"}} {
		if textOf(t, format, body, names[0]) == "false" {
			return textOf(t, format, body, names[1]), textOf(t, format, body, names[2])
		}
	}
	return "done", ""
}

// Requests that the platform itself refuses, before any method sees them.
func TestBadRequests(t *testing.T) { onEach(t, testBadRequests) }

func testBadRequests(t *testing.T, open opener) {
	w := open(t)
	before, operations := w.books(), w.operations()
	c := sampleCall(demo.Samples[2])
	sign := func(f form) form { return f.signed("hmac-sha256", demo.Secret) }
	good := c.params("json")
	at := func(d time.Duration) form { return sign(good.with("timestamp", clock(time.Now().Add(d)))) }
	session := sampleCall(demo.Samples[3]).params("json")
	const strange = "6200of-another-app-0000000000000000000000000000000000001"
	stranger := store.Session{Digest: store.TokenDigest(strange), App: "1", Merchant: "1", Brands: brands}
	const ended = "6300expired-000000000000000000000000000000000000000001"
	old := store.Session{Digest: store.TokenDigest(ended), App: demo.AppKey, Merchant: "1", Brands: brands, Expires: 1}
	for _, s := range []*store.Session{&stranger, &old} {
		if err := w.node.Store.PutSession(t.Context(), s, store.Author{}); err != nil {
			t.Fatal(err)
		}
	}
	w.refresh()
	forged := sign(good)
	forged[len(forged)-1][1] = "0" + forged[len(forged)-1][1][1:]
	if forged[len(forged)-1][1] == sign(good)[len(forged)-1][1] {
		forged[len(forged)-1][1] = "1" + forged[len(forged)-1][1][1:]
	}
	form := func(f form) string {
		return request("POST", "/router/rest", []string{plainForm}, f.encoded())
	}
	big := strings.Repeat("x", 2<<20)

	for _, c := range []struct {
		name, request string
		refusal, says string // code, sub code and sub message
	}{
		{"signature missing", form(good), "24", ""},
		{"signature empty", form(good.with("sign", "")), "24", ""},
		{"signature forged", form(forged), "25", ""},
		{"signature of another secret", form(good.signed("hmac-sha256", "recoup-demo-secret-2")), "25", ""},
		{"signature by no secret", form(good.signed("hmac-sha256", "")), "25", ""},
		{"signature of another method", form(good.signed("md5", demo.Secret)), "25", ""},
		{"signature cut short", form(sign(good).with("sign", sign(good)[len(good)][1][:32])), "25", ""},
		{"signature by an unknown method", form(good.with("sign_method", "rsa").signed("md5", demo.Secret)), "25", ""},
		{"signature without a method", form(good.without("sign_method").signed("", demo.Secret)), "25", ""},
		{"amount changed after signing", form(sign(good).with(c.param, strings.Replace(c.request, "1000", "9000", 1))), "25", ""},
		{"parameter added after signing", form(sign(good).with("session", demo.Session)), "25", ""},
		{"parameter removed after signing", form(sign(good.with("session", demo.Session)).without("session")), "25", ""},
		{"stale", form(at(-11 * time.Minute)), "31", ""},
		{"from the future", form(at(11 * time.Minute)), "31", ""},
		{"from another zone", form(sign(good.with("timestamp", time.Now().UTC().Format(time.DateTime)))), "31", ""},
		{"stale in milliseconds", form(sign(good.with("timestamp", strconv.FormatInt(time.Now().Add(-time.Hour).UnixMilli(), 10)))), "31", ""},
		{"in seconds", form(sign(good.with("timestamp", strconv.FormatInt(time.Now().Unix(), 10)))), "31", ""},
		{"no time at all", form(sign(good.with("timestamp", "now"))), "31", ""},
		{"timestamp missing", form(sign(good.without("timestamp"))), "30", ""},
		{"app_key missing", form(sign(good.without("app_key"))), "28", ""},
		{"app_key unknown", form(sign(good.with("app_key", "87654321"))), "29 isv.appkey-not-exists", ""},
		{"method missing", form(sign(good.without("method"))), "21", "method"},
		{"method unknown", form(sign(good.with("method", "alibaba.alsc.crm.open.recharge.give"))), "22", "alibaba.alsc.crm.open.recharge.give"},
		{"method in capitals", form(sign(good.with("method", strings.ToUpper(c.param)))), "22", strings.ToUpper(c.param)},
		{"method unknown and not signed", form(good.with("method", "no.such")), "24", ""},
		{"v missing", form(sign(good.without("v"))), "32", ""},
		{"v malformed", form(sign(good.with("v", "two"))), "33", ""},
		{"v of old", form(sign(good.with("v", "1.0"))), "34", ""},
		{"format unknown", form(sign(good.with("format", "yaml"))), "23", ""},
		{"session missing", form(sign(session.without("session"))), "26", ""},
		{"session unknown", form(sign(session.with("session", demo.Session+"2"))), "27 invalid-sessionkey", "SessionKey"},
		{"session of another app", form(sign(session.with("session", strange))), "27 sessionkey-not-generated-by-server", demo.AppKey},
		{"session expired", form(sign(session.with("session", ended))), "27 session-expired", "SessionKey"},
		{"parameter missing", form(sign(good.without(c.param))), "50 isv.missing-parameter", c.param},

		{"two values", form(append(sign(good), [2]string{c.param, strings.Replace(c.request, "1000", "9000", 1)})), "41", ""},
		{"two values in query and body", request("POST", "/router/rest?"+sign(good).encoded(), []string{plainForm}, c.param+"=%7B%7D"), "41", ""},
		{"two values, wrongly signed", form(append(forged, [2]string{c.param, "{}"})), "25", ""},
		{"two apps", form(append(sign(good), [2]string{"app_key", "1"})), "41", ""},
		{"invalid UTF-8", form(sign(good.with(c.param, strings.Replace(c.request, "测试", "\xb2\xe2\xca\xd4", 1)))), "47", ""}, // GBK
		{"invalid UTF-8 in a name", form(sign(append(good, [2]string{"\xff", "1"}))), "47", ""},
		{"broken percent", request("POST", "/router/rest", []string{plainForm}, sign(good).encoded()+"&x=%zz"), "41", ""},
		{"broken multipart", request("POST", "/router/rest?"+sign(good).encoded(), []string{"Content-Type: multipart/form-data; boundary=x"}, "--y\r\n"), "43", "multipart"},
		{"multipart that never ends", request("POST", "/router/rest?"+sign(good).encoded(), []string{"Content-Type: multipart/form-data; boundary=x"}, "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"), "43", "multipart"},
		{"too many parameters", form(append(sign(good), slices.Repeat([][2]string{{"a", "1"}}, 300)...)), "43", "256"},
		{"body of 2 MiB", form(sign(good.with("x", big))), "43", "1048576"},
		{"multipart of 2 MiB", request("POST", "/router/rest?"+sign(good).encoded(), []string{"Content-Type: multipart/form-data; boundary=x"},
			parts("x", `form-data; name="%s"`, [][2]string{{"x", big}})+"--x--\r\n"), "43", "1048576"},
		{"2 MiB of unsaid length", strings.Replace(request("POST", "/router/rest?"+sign(good).encoded(), []string{plainForm, "Transfer-Encoding: chunked"}, ""), "Content-Length: 0\r\n", "", 1) +
			fmt.Sprintf("%x\r\nx=%s\r\n0\r\n\r\n", len(big)+2, big), "43", "1048576"},
		{"PUT", request("PUT", "/router/rest?"+sign(good).encoded(), []string{plainForm}, ""), "9", ""},
		{"DELETE", request("DELETE", "/router/rest?"+sign(good).encoded(), nil, ""), "9", ""},
		{"nothing", request("GET", "/router/rest", nil, ""), "28", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.in(t)
			a := w.send(c.request)
			format := "json"
			if strings.HasPrefix(a.body, "<") {
				format = "xml"
			}
			readable(t, format, a)
			refusal, says := refusalOf(t, format, a.body)
			if refusal != c.refusal || !strings.Contains(says, c.says) {
				t.Errorf("want %s %s, got %.300s", c.refusal, c.says, a.body)
			}
			if len(a.body) > 1000 {
				t.Errorf("a refusal of %d bytes", len(a.body))
			}
			if w.operations() != operations || w.books() != before {
				t.Error("something moved")
			}
		})
	}
	// A body that stops in the middle is nothing at all.
	t.Run("half a body", func(t *testing.T) {
		w := w.in(t)
		conn, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		whole := form(sign(good))
		if _, err := conn.Write([]byte(whole[:len(whole)-20])); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		w.call(call{method: "taobao.time.get"}, "json")
		if w.operations() != operations || w.books() != before {
			t.Error("something moved")
		}
	})
}

// A brand that exists but is not the app's answers like one that does not, to the letter but for the name that was sent, and so does a method.
func TestBrandsThatAreNotGranted(t *testing.T) { onEach(t, testBrandsThatAreNotGranted) }

func testBrandsThatAreNotGranted(t *testing.T, open opener) {
	w := open(t)
	const key, secret = "23456789", "another-secret"
	if err := w.node.Store.PutApp(t.Context(), &store.App{
		Key: key, Name: "another", Secrets: []string{secret}, Brands: []string{demo.PointBrand},
		Methods: []string{demo.Samples[charge].Method, demo.Samples[submit].Method, demo.Samples[refund].Method},
	}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	const merchant = "6400merchant-00000000000000000000000000000000000000001"
	if err := w.node.Store.PutSession(t.Context(), &store.Session{Digest: store.TokenDigest(merchant), App: key, Merchant: "1", Brands: brands}, store.Author{}); err != nil {
		t.Fatal(err)
	}
	w.refresh()
	before := w.books()
	ask := func(t *testing.T, c call) string {
		f := c.params("json").with("app_key", key)
		if c.session {
			f = f.with("session", merchant)
		}
		got, _ := mask(w.in(t).post(f.signed("hmac-sha256", secret)).body)
		return got
	}
	for _, c := range []struct {
		name   string
		sample int
		field  string
		id     string // the brand or store of the sample; 99 does not exist
	}{
		{"refund", refund, "brand_id", "342343043"},
		{"charge", charge, "brand_id", "1332"},
		{"reverse", submit, "store_id", "2131"},
	} {
		t.Run(c.name, func(t *testing.T) {
			real := sampleCall(demo.Samples[c.sample])
			fancy := real
			fancy.request = strings.Replace(real.request, `"`+c.field+`":"`+c.id+`"`, `"`+c.field+`":"99"`, 1)
			got, want := ask(t, real), strings.Replace(ask(t, fancy), c.field+" 99", c.field+" "+c.id, 1)
			if code := textOf(t, "json", got, "code"); code != "11" || got != want {
				t.Errorf("its brand: %s\nno brand: %s", got, want)
			}
		})
	}
	t.Run("method", func(t *testing.T) {
		got := ask(t, sampleCall(demo.Samples[points]))
		if refusal, _ := refusalOf(t, "json", got); refusal != "11 isv.permission-api-package-limit" {
			t.Error(got)
		}
	})
	if w.books() != before {
		t.Error("something moved")
	}
}
