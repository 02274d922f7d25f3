package top

import (
	"net/url"
	"testing"
)

const (
	benchSecret = "6cd1b0f1e2d3c4b5a6978877665544fe"
	benchObject = `{"brand_id":"1332","change_value":1000,"customer_id":"34243334","mobile":"18651822226","operate_type":1,` +
		`"operator_id":"322343434","outer_id":"435532","outer_order_id":"2424535354","outer_type":"wechat","reason":"测试",` +
		`"request_id":"249fdj242242xd","shop_id":"243545"}`
)

// benchCall is a recharge as the Java client sends it: system parameters in
// the query, the object in the body.
func benchCall(method string) (query, body string) {
	p := NewParams("method", "alibaba.alsc.crm.open.recharge.operate", "app_key", "12345678", "session", "6100000abc0000000000000000000000000000000000000000000007",
		"timestamp", "2016-01-01 12:00:00", "format", "json", "v", "2.0", "sign_method", method, "partner_id", "top-sdk-java-20211101",
		"param_recharge_operate_open_req", benchObject)
	sign := Sign(p, benchSecret, method)
	p.list = p.list[:p.Len()-1]
	p.Set("sign", sign)
	return p.Encode(), "param_recharge_operate_open_req=" + url.QueryEscape(benchObject)
}

func BenchmarkReadParams(b *testing.B) {
	query, body := benchCall(HMACSHA256)
	raw := []byte(body)
	b.SetBytes(int64(len(query) + len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, fault := ReadParams(query, formType, raw); fault != nil {
			b.Fatal(fault)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, method := range []string{MD5, HMAC, HMACSHA256} {
		b.Run(method, func(b *testing.B) {
			query, body := benchCall(method)
			p, _ := ReadParams(query, formType, []byte(body))
			b.ReportAllocs()
			for b.Loop() {
				if !Verify(p, benchSecret, false) {
					b.Fatal("not verified")
				}
			}
		})
	}
}

func BenchmarkParseJSON(b *testing.B) {
	b.SetBytes(int64(len(benchObject)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseJSON(benchObject); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	for name, format := range map[string]Format{"json": JSON, "xml": XML} {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = AppendResponse(dst[:0], format, false, "alibaba.alsc.crm.open.recharge.operate", rechargeAnswer, "14ibtxvb4vqjh")
			}
		})
	}
}
