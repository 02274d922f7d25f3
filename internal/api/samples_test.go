package api

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/top"
)

// The requests of the four documents as their Java samples send them: every member, in documented order.
const (
	sample000 = `{"brand_id":"342343043","mobile":"18651822226","new_outer_order_id":"3439200320332","operator_id":"23438993","outer_id":"20883892193012033","outer_order_id":"43923200230233","outer_type":"alipay","request_id":"232a283b23239c7823f23d23","shop_id":"23829323","voucher_id_list":"\"123\",\"456\"","customer_id":"34342243"}`
	sample001 = `{"biz_type":"DEDUCT_FROM_CONSUME_REVERSE","brand_id":"12332","change_point":23,"customer_id":"7027365982937563912722","operator_id":"3484874839","operator_name":"小王","out_biz_id":"3231231312312","reason":"积分回退","request_id":"4325","reverse_order_id":"34356785432","shop_id":"23453435","out_shop_id":"87766897","out_brand_id":"33959","biz_channel":"CS\/KRY"}`
	sample002 = `{"brand_id":"1332","change_value":1000,"customer_id":"34243334","mobile":"18651822226","operate_type":1,"operator_id":"322343434","outer_id":"435532","outer_order_id":"2424535354","outer_type":"wechat","reason":"\u6d4b\u8bd5","request_id":"249fdj242242xd","shop_id":"243545","new_outer_order_id":"23829392"}`
	sample003 = `{"biz_order_ids":[5000399193546580981],"gift_card_nos":"22076108","operator":{"operator_id":"123","operator_name":"门店小二","operator_type":6},"proofs":"url","reason_id":1001,"reason_text":"不喜欢","refund_amount":30,"refund_channel_list":[{"amount":20,"code":"10001","name":"支付宝"}],"request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","store_id":"2131"}`
)

// merchant is a session of the merchant that owns all granted brands.
func merchant(w *world) *store.Session { return &store.Session{Brands: w.app.Brands} }

func TestSamplesBecomeCommands(t *testing.T) {
	for _, c := range []struct {
		method, request, brand string
		digests                []string
		want                   func(*world) reverse.Command
	}{
		{crm + "open.assert.refund", sample000, "342343043", []string{"mobile:18651822226", "outer:alipay:20883892193012033"}, func(*world) reverse.Command {
			return &ledger.RefundAssets{
				Head: ledger.Head{
					App: "12345678", Method: crm + "open.assert.refund", RequestID: "232a283b23239c7823f23d23",
					Request: keyOf("12345678", "342343043", crm+"open.assert.refund", "232a283b23239c7823f23d23"),
					Signed:  moment.UnixMilli(), Shop: "23829323", Operator: "23438993",
					Who: ledger.Who{
						Customer: "34342243", Mobile: "18651822226", OuterType: "alipay", Outer: "20883892193012033",
						Digests: []ledger.Digest{keyOf("test", "342343043", "mobile:18651822226"), keyOf("test", "342343043", "outer:alipay:20883892193012033")},
					},
				},
				Order: "43923200230233", Number: "3439200320332", Vouchers: []string{"123", "456"},
				Keyed: ledger.Keyed{
					Refund:   keyOf("342343043", crm+"open.assert.refund", "3439200320332"),
					Original: keyOf("43923200230233", "", "123", "456"),
				},
			}
		}},
		{crm + "point.reversepoint", sample001, "12332", nil, func(*world) reverse.Command {
			return &ledger.ReverseSpend{
				Head: ledger.Head{
					App: "12345678", Method: crm + "point.reversepoint", RequestID: "4325",
					Request: keyOf("12345678", "12332", crm+"point.reversepoint", "4325"),
					Signed:  moment.UnixMilli(), Shop: "23453435", ShopAlias: "87766897",
					Operator: "3484874839", OperatorName: "小王", Reason: "积分回退",
					Who: ledger.Who{Customer: "7027365982937563912722"},
				},
				Order: "3231231312312", Number: "34356785432", Family: ledger.Points, Amount: 23,
				Keyed: ledger.Keyed{
					Refund:   keyOf("12332", crm+"point.reversepoint", "34356785432"),
					Original: keyOf("3231231312312", "23"),
				},
			}
		}},
		{rechargeName, sample002, "1332", []string{"mobile:18651822226", "outer:wechat:435532"}, func(*world) reverse.Command {
			return &ledger.Charge{
				Head: ledger.Head{
					App: "12345678", Method: rechargeName, RequestID: "249fdj242242xd",
					Request: keyOf("12345678", "1332", rechargeName, "249fdj242242xd"),
					Signed:  moment.UnixMilli(), Shop: "243545", Operator: "322343434", Reason: "测试",
					Who: ledger.Who{
						Customer: "34243334", Mobile: "18651822226", OuterType: "wechat", Outer: "435532",
						Digests: []ledger.Digest{keyOf("test", "1332", "mobile:18651822226"), keyOf("test", "1332", "outer:wechat:435532")},
					},
				},
				Order: "2424535354", Real: 1000, ByRule: true,
			}
		}},
		{wdk + "reverse.creatrefund", sample003, "1332", nil, func(*world) reverse.Command {
			return &reverse.Submit{
				Head: ledger.Head{
					App: "12345678", Method: wdk + "reverse.creatrefund", RequestID: "bdab6446-f0cf-4327-9ae3-fd69ac4d",
					Request: keyOf("12345678", "1332", wdk+"reverse.creatrefund", "bdab6446-f0cf-4327-9ae3-fd69ac4d"),
					Signed:  moment.UnixMilli(), Shop: "2131", Operator: "123", OperatorName: "门店小二",
					Mismatch: ledger.RequestIDConflict,
				},
				Store: "2131", Subs: []int64{5000399193546580981}, GiftCards: []string{"22076108"}, Amount: 30,
				Channels: []reverse.Given{{Code: "10001", Name: "支付宝", Amount: 20}},
				ReasonID: 1001, ReasonText: "不喜欢", OperatorType: 6, Proofs: []string{"url"},
			}
		}},
	} {
		t.Run(c.method, func(t *testing.T) {
			w := setup(t)
			w.session = merchant(w)
			w.result = ledger.Result{IDs: []string{"1", "2"}, Numbers: []int64{3}}
			got := w.command(c.method, c.request)
			want := c.want(w)
			want.Common().Content = got.Common().Content // content_test.go looks at it
			if got.Common().Content.IsZero() {
				t.Error("no content")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if w.brand != c.brand {
				t.Errorf("brand %s", w.brand)
			}
			if diff := cmp.Diff(c.digests, w.digests); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the documentation centre prints as a request is what the documents print.
func TestPrintedSamples(t *testing.T) {
	for method, want := range map[string]string{
		crm + "open.assert.refund":  strings.Replace(sample000, `"\"123\",\"456\""`, `["123","456"]`, 1),
		crm + "point.reversepoint":  strings.Replace(sample001, `\/`, `/`, 1),
		rechargeName:                strings.Replace(sample002, `\u6d4b\u8bd5`, "测试", 1),
		wdk + "reverse.creatrefund": strings.Replace(sample003, `{"amount"`, `{"amount"`, 1),
	} {
		if got := setup(t).catalogue.Find(method).Sample()[0].Value; got != want {
			t.Errorf("%s\n got %s\nwant %s", method, got, want)
		}
	}
}

// Every printed sample can be sent as it is.
func TestEverySampleIsLetIn(t *testing.T) {
	for _, m := range setup(t).catalogue.All() {
		w := setup(t)
		w.session = merchant(w)
		w.brands[2].Serial = 1000002329950431000 >> 32 // the printed reverse is of brand 1332
		w.brands[0].Shops["23829323"] = &ledger.Shop{ID: "23829323"}
		w.result = ledger.Result{IDs: []string{"1", "2"}, Numbers: []int64{3, 4}}
		w.state = w.sampleState
		var pairs []string
		for _, p := range m.Sample() {
			pairs = append(pairs, p.Name, p.Value)
		}
		if _, fault := w.call(m.Name, pairs...); fault != nil {
			t.Errorf("%s: %v", m.Name, fault)
		}
	}
}

// The answers of the four documents, byte for byte in every notation.
func TestGoldenReplies(t *testing.T) {
	flow, _ := ledger.ParseID("06a0c1t8g0000000000000000w")
	for _, c := range []struct {
		name, method, request string
		result                ledger.Result
		json, simple, xml     string
	}{
		{
			name: "000", method: crm + "open.assert.refund", request: sample000,
			result: ledger.Result{ValueOK: true, PointOK: true, Vouchers: []ledger.VoucherOutcome{{ID: "2837374884", OK: true}}},
			json:   `{"alibaba_alsc_crm_open_assert_refund_response":{"result":{"biz_success":true,"result":{"point_success":true,"value_success":true,"voucher_status_list":{"voucher_status_info":[{"success":true,"voucher_id":"2837374884"}]}},"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"rid"}}`,
			simple: `{"result":{"biz_success":true,"result":{"point_success":true,"value_success":true,"voucher_status_list":[{"success":true,"voucher_id":"2837374884"}]},"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"rid"}`,
			xml:    `<?xml version="1.0" encoding="utf-8" ?><alibaba_alsc_crm_open_assert_refund_response><result><biz_success>true</biz_success><result><point_success>true</point_success><value_success>true</value_success><voucher_status_list><voucher_status_info><success>true</success><voucher_id>2837374884</voucher_id></voucher_status_info></voucher_status_list></result><result_code>0</result_code><result_desc>成功</result_desc><result_view>成功</result_view></result><request_id>rid</request_id></alibaba_alsc_crm_open_assert_refund_response>`,
		},
		{
			name: "001", method: crm + "point.reversepoint", request: sample001,
			result: ledger.Result{Flow: flow, PointOK: true},
			json:   `{"alibaba_alsc_crm_point_reversepoint_response":{"result":{"biz_success":true,"result":"` + flow.String() + `","result_code":"200","result_desc":"成功","result_view":""},"request_id":"rid"}}`,
			simple: `{"result":{"biz_success":true,"result":"` + flow.String() + `","result_code":"200","result_desc":"成功","result_view":""},"request_id":"rid"}`,
			xml:    `<?xml version="1.0" encoding="utf-8" ?><alibaba_alsc_crm_point_reversepoint_response><result><biz_success>true</biz_success><result>` + flow.String() + `</result><result_code>200</result_code><result_desc>成功</result_desc><result_view></result_view></result><request_id>rid</request_id></alibaba_alsc_crm_point_reversepoint_response>`,
		},
		{
			name: "002", method: rechargeName, request: sample002,
			json:   `{"alibaba_alsc_crm_open_recharge_operate_response":{"result":{"biz_success":true,"result":true,"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"rid"}}`,
			simple: `{"result":{"biz_success":true,"result":true,"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"rid"}`,
			xml:    `<?xml version="1.0" encoding="utf-8" ?><alibaba_alsc_crm_open_recharge_operate_response><result><biz_success>true</biz_success><result>true</result><result_code>0</result_code><result_desc>成功</result_desc><result_view>成功</result_view></result><request_id>rid</request_id></alibaba_alsc_crm_open_recharge_operate_response>`,
		},
		{
			name: "003", method: wdk + "reverse.creatrefund", request: sample003,
			result: ledger.Result{IDs: []string{"1506864060698825068", "1506864060698825069"}, Numbers: []int64{12884901889}},
			json:   `{"alibaba_wdk_reverse_creatrefund_response":{"result":{"model":{"out_biz_order_ids":{"string":["1506864060698825069"]},"out_order_id":"1506864060698825068","request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","reverse_ids":{"number":[12884901889]},"store_id":"2131"},"success":true},"request_id":"rid"}}`,
			simple: `{"result":{"model":{"out_biz_order_ids":["1506864060698825069"],"out_order_id":"1506864060698825068","request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","reverse_ids":[12884901889],"store_id":"2131"},"success":true},"request_id":"rid"}`,
			xml:    `<?xml version="1.0" encoding="utf-8" ?><alibaba_wdk_reverse_creatrefund_response><result><model><out_biz_order_ids><string>1506864060698825069</string></out_biz_order_ids><out_order_id>1506864060698825068</out_order_id><request_id>bdab6446-f0cf-4327-9ae3-fd69ac4d</request_id><reverse_ids><number>12884901889</number></reverse_ids><store_id>2131</store_id></model><success>true</success></result><request_id>rid</request_id></alibaba_wdk_reverse_creatrefund_response>`,
		},
		{
			name: "003 refused", method: wdk + "reverse.creatrefund", request: sample003,
			result: ledger.Refuse(ledger.QuoteNotFound),
			json:   `{"alibaba_wdk_reverse_creatrefund_response":{"result":{"error_code":"QUOTE_NOT_FOUND","error_msg":"逆向申请号不存在,请先调用alibaba.wdk.reverse.applyrefund","model":{"request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","store_id":"2131"},"success":false},"request_id":"rid"}}`,
			simple: `{"result":{"error_code":"QUOTE_NOT_FOUND","error_msg":"逆向申请号不存在,请先调用alibaba.wdk.reverse.applyrefund","model":{"request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","store_id":"2131"},"success":false},"request_id":"rid"}`,
			xml:    `<?xml version="1.0" encoding="utf-8" ?><alibaba_wdk_reverse_creatrefund_response><result><error_code>QUOTE_NOT_FOUND</error_code><error_msg>逆向申请号不存在,请先调用alibaba.wdk.reverse.applyrefund</error_msg><model><request_id>bdab6446-f0cf-4327-9ae3-fd69ac4d</request_id><store_id>2131</store_id></model><success>false</success></result><request_id>rid</request_id></alibaba_wdk_reverse_creatrefund_response>`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			w.session = merchant(w)
			w.result = c.result
			r, fault := w.json(c.method, c.request)
			if fault != nil {
				t.Fatal(fault)
			}
			for _, n := range []struct {
				name      string
				got, want string
			}{
				{"json", string(top.AppendResponse(nil, top.JSON, false, c.method, r.Value, "rid")), c.json},
				{"simplified", string(top.AppendResponse(nil, top.JSON, true, c.method, r.Value, "rid")), c.simple},
				{"xml", string(top.AppendResponse(nil, top.XML, false, c.method, r.Value, "rid")), c.xml},
			} {
				if n.got != n.want {
					t.Errorf("%s\n got %s\nwant %s", n.name, n.got, n.want)
				}
			}
		})
	}
}

// The response samples that the documents print, without their indentation.
var printed = map[string]string{
	crm + "open.assert.refund":  `<alibaba_alsc_crm_open_assert_refund_response><result><biz_success>true</biz_success><result><point_success>true</point_success><value_success>true</value_success><voucher_status_list><voucher_status_info><success>true</success><voucher_id>2837374884</voucher_id></voucher_status_info></voucher_status_list></result><result_code>0</result_code><result_desc>成功</result_desc><result_view>成功</result_view></result></alibaba_alsc_crm_open_assert_refund_response>`,
	crm + "point.reversepoint":  `<alibaba_alsc_crm_point_reversepoint_response><result><biz_success>true</biz_success><result>3453234</result><result_code>200</result_code><result_desc>成功</result_desc><result_view>&quot;&quot;</result_view></result></alibaba_alsc_crm_point_reversepoint_response>`,
	rechargeName:                `<alibaba_alsc_crm_open_recharge_operate_response><result><biz_success>true</biz_success><result>true</result><result_code>0</result_code><result_desc>成功</result_desc><result_view>成功</result_view></result></alibaba_alsc_crm_open_recharge_operate_response>`,
	wdk + "reverse.creatrefund": `<alibaba_wdk_reverse_creatrefund_response><result><error_code>&quot;isv.invalid-parameter&quot;</error_code><error_msg>&quot;参数错误&quot;</error_msg><model><out_biz_order_ids><string>1506864060698825068</string></out_biz_order_ids><out_order_id>1506864060698825068</out_order_id><request_id>bdab6446-f0cf-4327-9ae3-fd69ac4d</request_id><reverse_ids><number>1000002329950431000</number></reverse_ids><store_id>CSWZWA013</store_id></model><success>false</success></result></alibaba_wdk_reverse_creatrefund_response>`,
}

// The declared responses print what the documents print. (Document 003 prints the brackets of its lists inside their items.)
func TestPrintedReplies(t *testing.T) {
	for method, want := range printed {
		got := string(top.AppendResponse(nil, top.XML, false, method, setup(t).catalogue.Find(method).SampleReply(), "rid"))
		got = strings.Replace(strings.TrimPrefix(got, `<?xml version="1.0" encoding="utf-8" ?>`), "<request_id>rid</request_id></ali", "</ali", 1)
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", method, got, want)
		}
	}
}

// What is answered is declared: every element of every answer, in the declared order.
func TestAnswersAreDeclared(t *testing.T) {
	for _, m := range setup(t).catalogue.All() {
		w := setup(t)
		w.session = merchant(w)
		w.brands[2].Serial = 1000002329950431000 >> 32
		w.state = w.sampleState
		var pairs []string
		for _, p := range m.Sample() {
			pairs = append(pairs, p.Name, p.Value)
		}
		for _, code := range []ledger.Code{ledger.OK, ledger.AlreadyReversed} {
			w.result = ledger.Result{Code: code, IDs: []string{"1", "2"}, Numbers: []int64{3, 4}, Vouchers: []ledger.VoucherOutcome{{ID: "1"}}}
			r, fault := w.call(m.Name, pairs...)
			if fault != nil {
				t.Errorf("%s: %v", m.Name, fault)
				continue
			}
			undeclared(t, m, top.AppendResponse(nil, top.XML, false, m.Name, r.Value, "rid"))
		}
	}
}

// undeclared reports elements that the method does not declare, or declares in another order.
func undeclared(t *testing.T, m *Method, answer []byte) {
	t.Helper()
	type level struct {
		of   *Struct // nil: the items of a list of texts or numbers
		item string  // inside a list: the only name allowed
		last int
	}
	stack := []level{}
	d := xml.NewDecoder(strings.NewReader(string(answer)))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.StartElement:
			name := e.Name.Local
			if len(stack) == 0 {
				stack = append(stack, level{of: m.Response, last: -1})
				continue
			}
			up := &stack[len(stack)-1]
			if up.item != "" {
				if name != up.item {
					t.Errorf("%s: item %s, want %s", m.Name, name, up.item)
				}
				stack = append(stack, level{of: up.of, last: -1})
				continue
			}
			if len(stack) == 1 && name == "request_id" {
				stack = append(stack, level{})
				continue
			}
			f := (*Field)(nil)
			if up.of != nil {
				f = up.of.Field(name)
			}
			if f == nil {
				t.Errorf("%s: %s is not declared", m.Name, name)
				stack = append(stack, level{})
				continue
			}
			if f.pos < up.last {
				t.Errorf("%s: %s is out of order", m.Name, name)
			}
			up.last = f.pos
			next := level{of: f.Of, last: -1}
			switch f.Type {
			case Objects:
				next.item = f.Of.Element()
			case Strings:
				next.item = "string"
			case Numbers:
				next.item = "number"
			case String, Number, Boolean, Object:
			}
			stack = append(stack, next)
		}
	}
}

// Types read as the documents print them.
func TestDeclaredTypes(t *testing.T) {
	c := setup(t).catalogue
	for _, x := range []struct{ method, field, want string }{
		{rechargeName, "change_value", "Number"},
		{crm + "open.assert.refund", "voucher_id_list", "String[]"},
		{wdk + "reverse.creatrefund", "operator", "OperatorVo"},
		{wdk + "reverse.creatrefund", "refund_channel_list", "RefundChannelVo[]"},
		{wdk + "trade.order.success.create", "pay_infos", "String"},
		{wdk + "reverse.reversedetail", "reverse_id", "String"},
	} {
		if got := c.Find(x.method).Request.Field(x.field).Declared(); got != x.want {
			t.Errorf("%s: %s", x.field, got)
		}
	}
}

// A catalogue without gaps can be documented.
func TestCatalogueIsComplete(t *testing.T) {
	c := setup(t).catalogue
	if len(c.All()) != len(c.byName) || len(c.All()) == 0 {
		t.Errorf("%d methods under %d names", len(c.All()), len(c.byName))
	}
	var walk func(t *testing.T, m *Method, s *Struct, request bool)
	walk = func(t *testing.T, m *Method, s *Struct, request bool) {
		for _, f := range s.Fields {
			if f.Zh == "" || f.En == "" || f.Type == "" {
				t.Errorf("%s: %s.%s is not described", m.Name, s.Name, f.Name)
			}
			if (f.Type == Object || f.Type == Objects) != (f.Of != nil) {
				t.Errorf("%s: %s.%s: structure", m.Name, s.Name, f.Name)
			}
			if request && f.Required && f.Example == "" && f.Of == nil {
				t.Errorf("%s: %s.%s is required and has no example", m.Name, s.Name, f.Name)
			}
			if f.Of != nil {
				walk(t, m, f.Of, request)
			}
		}
	}
	for _, m := range c.All() {
		if m.Zh == "" || m.En == "" || m.About == "" || m.Notes == "" || m.Group == "" || len(m.Codes) == 0 || (m.Param != "" && (m.ParamZh == "" || m.ParamEn == "")) {
			t.Errorf("%s is not described", m.Name)
		}
		if c.Find(m.Name) != m {
			t.Errorf("%s is not found", m.Name)
		}
		walk(t, m, m.Request, true)
		walk(t, m, m.Response, false)
		for _, code := range m.Codes {
			if code.Word() == "" {
				t.Errorf("%s: code %d has no word", m.Name, code)
			}
		}
		if want := m.Name == wdk+"reverse.creatrefund"; m.RequiresSession() != want {
			t.Errorf("%s: session %v", m.Name, m.RequiresSession())
		}
	}
	if c.Find("taobao.nothing") != nil {
		t.Error("found a method that is not there")
	}
}
