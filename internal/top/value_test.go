package top

import (
	"math"
	"regexp"
	"testing"
)

// The answers of the four published documents, as their samples show them.
var (
	assertRefundAnswer = Obj(F("result", Obj(
		F("biz_success", Bool(true)),
		F("result", Obj(
			F("point_success", Bool(true)),
			F("value_success", Bool(true)),
			F("voucher_status_list", List("voucher_status_info",
				Obj(F("success", Bool(true)), F("voucher_id", Str("2837374884"))))),
		)),
		F("result_code", Str("0")), F("result_desc", Str("成功")), F("result_view", Str("成功")),
	)))
	reversepointAnswer = Obj(F("result", Obj(
		F("biz_success", Bool(true)), F("result", Str("3453234")),
		F("result_code", Str("200")), F("result_desc", Str("成功")), F("result_view", Str(`""`)),
	)))
	rechargeAnswer = Obj(F("result", Obj(
		F("biz_success", Bool(true)), F("result", Bool(true)),
		F("result_code", Str("0")), F("result_desc", Str("成功")), F("result_view", Str("成功")),
	)))
	creatrefundAnswer = Obj(F("result", Obj(
		F("error_code", Str(`"isv.invalid-parameter"`)), F("error_msg", Str(`"参数错误"`)),
		F("model", Obj(
			F("out_biz_order_ids", List("string", Str("[1506864060698825068]"))),
			F("out_order_id", Str("1506864060698825068")),
			F("request_id", Str("bdab6446-f0cf-4327-9ae3-fd69ac4d")),
			F("reverse_ids", List("number", Int(1000002329950431000))),
			F("store_id", Str("CSWZWA013")),
		)),
		F("success", Bool(false)),
	)))
)

func TestAppendResponse(t *testing.T) {
	tests := []struct {
		name, method          string
		value                 Value
		xml, json, simplified string
	}{
		{
			"assert.refund", "alibaba.alsc.crm.open.assert.refund", assertRefundAnswer,
			`<alibaba_alsc_crm_open_assert_refund_response><result><biz_success>true</biz_success><result><point_success>true</point_success><value_success>true</value_success>` +
				`<voucher_status_list><voucher_status_info><success>true</success><voucher_id>2837374884</voucher_id></voucher_status_info></voucher_status_list></result>` +
				`<result_code>0</result_code><result_desc>成功</result_desc><result_view>成功</result_view></result><request_id>r</request_id></alibaba_alsc_crm_open_assert_refund_response>`,
			`{"alibaba_alsc_crm_open_assert_refund_response":{"result":{"biz_success":true,"result":{"point_success":true,"value_success":true,` +
				`"voucher_status_list":{"voucher_status_info":[{"success":true,"voucher_id":"2837374884"}]}},"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"r"}}`,
			`{"result":{"biz_success":true,"result":{"point_success":true,"value_success":true,` +
				`"voucher_status_list":[{"success":true,"voucher_id":"2837374884"}]},"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"r"}`,
		},
		{
			"point.reversepoint", "alibaba.alsc.crm.point.reversepoint", reversepointAnswer,
			`<alibaba_alsc_crm_point_reversepoint_response><result><biz_success>true</biz_success><result>3453234</result><result_code>200</result_code>` +
				`<result_desc>成功</result_desc><result_view>&quot;&quot;</result_view></result><request_id>r</request_id></alibaba_alsc_crm_point_reversepoint_response>`,
			`{"alibaba_alsc_crm_point_reversepoint_response":{"result":{"biz_success":true,"result":"3453234","result_code":"200","result_desc":"成功","result_view":"\"\""},"request_id":"r"}}`,
			`{"result":{"biz_success":true,"result":"3453234","result_code":"200","result_desc":"成功","result_view":"\"\""},"request_id":"r"}`,
		},
		{
			"recharge.operate", "alibaba.alsc.crm.open.recharge.operate", rechargeAnswer,
			`<alibaba_alsc_crm_open_recharge_operate_response><result><biz_success>true</biz_success><result>true</result><result_code>0</result_code>` +
				`<result_desc>成功</result_desc><result_view>成功</result_view></result><request_id>r</request_id></alibaba_alsc_crm_open_recharge_operate_response>`,
			`{"alibaba_alsc_crm_open_recharge_operate_response":{"result":{"biz_success":true,"result":true,"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"r"}}`,
			`{"result":{"biz_success":true,"result":true,"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"r"}`,
		},
		{
			"wdk creatrefund", "alibaba.wdk.reverse.creatrefund", creatrefundAnswer,
			`<alibaba_wdk_reverse_creatrefund_response><result><error_code>&quot;isv.invalid-parameter&quot;</error_code><error_msg>&quot;参数错误&quot;</error_msg><model>` +
				`<out_biz_order_ids><string>[1506864060698825068]</string></out_biz_order_ids><out_order_id>1506864060698825068</out_order_id>` +
				`<request_id>bdab6446-f0cf-4327-9ae3-fd69ac4d</request_id><reverse_ids><number>1000002329950431000</number></reverse_ids><store_id>CSWZWA013</store_id></model>` +
				`<success>false</success></result><request_id>r</request_id></alibaba_wdk_reverse_creatrefund_response>`,
			`{"alibaba_wdk_reverse_creatrefund_response":{"result":{"error_code":"\"isv.invalid-parameter\"","error_msg":"\"参数错误\"","model":{` +
				`"out_biz_order_ids":{"string":["[1506864060698825068]"]},"out_order_id":"1506864060698825068","request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d",` +
				`"reverse_ids":{"number":[1000002329950431000]},"store_id":"CSWZWA013"},"success":false},"request_id":"r"}}`,
			`{"result":{"error_code":"\"isv.invalid-parameter\"","error_msg":"\"参数错误\"","model":{` +
				`"out_biz_order_ids":["[1506864060698825068]"],"out_order_id":"1506864060698825068","request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d",` +
				`"reverse_ids":[1000002329950431000],"store_id":"CSWZWA013"},"success":false},"request_id":"r"}`,
		},
		{
			"taobao. goes", "taobao.time.get", Obj(F("time", Str("2016-01-01 12:00:00"))),
			`<time_get_response><time>2016-01-01 12:00:00</time><request_id>r</request_id></time_get_response>`,
			`{"time_get_response":{"time":"2016-01-01 12:00:00","request_id":"r"}}`,
			`{"time":"2016-01-01 12:00:00","request_id":"r"}`,
		},
		{
			"nothing to say", "tmall.x",
			Value{},
			`<tmall_x_response><request_id>r</request_id></tmall_x_response>`,
			`{"tmall_x_response":{"request_id":"r"}}`,
			`{"request_id":"r"}`,
		},
		{
			"absent is left out, empty is not", "m", Obj(
				F("a", Value{}), F("b", Str("")), F("c", Int(0)), F("d", Bool(false)), F("e", Obj()), F("f", Obj(F("g", Value{}))),
				F("h", List("string")), F("i", List("string", Value{})), F("j", List("number", Int(-1), Value{}, Int(math.MinInt64))),
				F("k", List("x", List("string"), List("string", Str("1")))), F("request_id", Str("business")),
			),
			`<m_response><b></b><c>0</c><d>false</d><e></e><f></f><j><number>-1</number><number>-9223372036854775808</number></j><k><x><string>1</string></x></k><request_id>r</request_id></m_response>`,
			`{"m_response":{"b":"","c":0,"d":false,"e":{},"f":{},"j":{"number":[-1,-9223372036854775808]},"k":{"x":[{"string":["1"]}]},"request_id":"r"}}`,
			`{"b":"","c":0,"d":false,"e":{},"f":{},"j":[-1,-9223372036854775808],"k":[["1"]],"request_id":"r"}`,
		},
		{
			"escaping", "m", Obj(
				F("a", Str("\"\\/<>&'\b\f\n\r\t")), F("b", Str("\x00\x1b\x1f\x7f|\xff\xe4\xb8|\xed\xa0\x80|")), F("c", Str("中😀\u2028\u2029\ufffd")),
				F("d", Str("|\ufffe\uffff|\uff01\uffff")),
			),
			`<m_response><a>&quot;\/&lt;&gt;&amp;&apos;` + "\n&#13;\t</a><b>\x7f||" + `|</b><c>中😀` + "\u2028\u2029\ufffd" + `</c><d>||！</d><request_id>r</request_id></m_response>`,
			`{"m_response":{"a":"\"\\/<>&'\b\f\n\r\t","b":"` + "\x7f||" + `|","c":"中😀` + "\u2028\u2029\ufffd" + `","d":"|` + "\ufffe\uffff" + `|！` + "\uffff" + `","request_id":"r"}}`,
			`{"a":"\"\\/<>&'\b\f\n\r\t","b":"` + "\x7f||" + `|","c":"中😀` + "\u2028\u2029\ufffd" + `","d":"|` + "\ufffe\uffff" + `|！` + "\uffff" + `","request_id":"r"}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			check := func(f Format, simplify bool, want string) {
				t.Helper()
				if got := string(AppendResponse([]byte(">"), f, simplify, test.method, test.value, "r")); got != ">"+want {
					t.Errorf("got  %s\nwant >%s", got, want)
				}
			}
			check(XML, false, xmlDeclaration+test.xml)
			check(XML, true, xmlDeclaration+test.xml)
			check(JSON, false, test.json)
			check(JSON, true, test.simplified)
		})
	}
}

func TestAppendResponseNeedsObject(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a text as answer must panic")
		}
	}()
	AppendResponse(nil, JSON, false, "m", Str("x"), "r")
}

func TestParseFormat(t *testing.T) {
	tests := []struct {
		text string
		want Format
		ok   bool
		mime string
	}{
		{"", XML, true, "text/xml;charset=UTF-8"},
		{"xml", XML, true, "text/xml;charset=UTF-8"},
		{"json", JSON, true, "text/javascript;charset=UTF-8"},
		{"JSON", JSON, true, "text/javascript;charset=UTF-8"},
		{"json2", XML, false, "text/xml;charset=UTF-8"},
		{"yaml", XML, false, "text/xml;charset=UTF-8"},
	}
	for _, test := range tests {
		if f, ok := ParseFormat(test.text); f != test.want || ok != test.ok || f.ContentType() != test.mime {
			t.Errorf("%q: %v %v %s", test.text, f, ok, f.ContentType())
		}
	}
	if got := ResponseRoot("taobao.taobao.x"); got != "taobao_x_response" {
		t.Error(got)
	}
}

func TestNewRequestID(t *testing.T) {
	shape, seen := regexp.MustCompile(`^[0-9a-z]{12,13}$`), map[string]bool{}
	for range 1000 {
		id := NewRequestID()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
}
