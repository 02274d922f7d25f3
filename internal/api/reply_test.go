package api

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// What each operate_type becomes.
func TestOperateTypes(t *testing.T) {
	const point = crm + "open.point.operate"
	const refundless = "isv.missing-parameter 非法参数 param_recharge_operate_open_req.new_outer_order_id：充值回退时必填 is required to refund a charge"
	w := setup(t)
	for _, c := range []struct {
		name, method string
		change       []string
		want         reverse.Command
	}{
		{"charge", rechargeName, nil, &ledger.Charge{Order: "2424535354", Real: 1000, ByRule: true}},
		{"freeze", rechargeName, []string{"operate_type", `2`}, &ledger.Freeze{Order: "2424535354", Family: ledger.Value, Amount: 1000}},
		{"verify", rechargeName, []string{"operate_type", `3`}, &ledger.Spend{
			Order: "2424535354",
			Wants: []ledger.Want{{Family: ledger.Value, Amount: 1000, Field: "param_recharge_operate_open_req.change_value"}},
		}},
		{"verify all", rechargeName, []string{"operate_type", `3`, "change_value", ``}, &ledger.Spend{
			Order: "2424535354",
			Wants: []ledger.Want{{Family: ledger.Value, Field: "param_recharge_operate_open_req.change_value"}},
		}},
		{"refund", rechargeName, []string{"operate_type", `4`}, &ledger.RefundCharge{
			Order: "2424535354", Number: "23829392", Amount: 1000,
			Keyed: ledger.Keyed{Refund: keyOf("1332", rechargeName, "23829392"), Original: keyOf("2424535354", "1000")},
		}},
		{"refund the rest", rechargeName, []string{"operate_type", `4`, "change_value", ``}, &ledger.RefundCharge{
			Order: "2424535354", Number: "23829392",
			Keyed: ledger.Keyed{Refund: keyOf("1332", rechargeName, "23829392"), Original: keyOf("2424535354", "")},
		}},
		{"too large is for the ledger", rechargeName, []string{"change_value", `1000000000001`}, &ledger.Charge{Order: "2424535354", Real: 1000000000001, ByRule: true}},

		{"points charge", point, nil, &ledger.Grant{Order: "3231231312312", Amount: 23}},
		{"points freeze", point, []string{"operate_type", `2`}, &ledger.Freeze{Order: "3231231312312", Family: ledger.Points, Amount: 23}},
		{"points verify", point, []string{"operate_type", `3`, "change_point", ``}, &ledger.Spend{
			Order: "3231231312312", Pools: true,
			Wants: []ledger.Want{{Family: ledger.Points, Field: "param_point_operate_open_req.change_point"}},
		}},
		{"points decrease", point, []string{"operate_type", `4`}, &ledger.Spend{
			Order: "3231231312312", Direct: true, Pools: true,
			Wants: []ledger.Want{{Family: ledger.Points, Amount: 23, Field: "param_point_operate_open_req.change_point"}},
		}},
		{"consume", crm + "point.consumepoint", nil, &ledger.Spend{
			Order: "3231231312312", Direct: true, Pools: true,
			Wants: []ledger.Want{{Family: ledger.Points, Amount: 23, Field: "param_consume_point_open_req.change_point"}},
		}},
		{"reverse the rest", crm + "point.reversepoint", []string{"change_point", ``}, &ledger.ReverseSpend{
			Order: "3231231312312", Number: "34356785432", Family: ledger.Points,
			Keyed: ledger.Keyed{Refund: keyOf("12332", crm+"point.reversepoint", "34356785432"), Original: keyOf("3231231312312", "")},
		}},

		{"extra points", crm + "point.extracharge", nil, &ledger.Grant{Order: "3231231312399", Amount: 50}},
		{"check points", crm + "point.chkpntbypay", nil, &ledger.Spend{
			Order: asked, Direct: true, Pools: true,
			Wants: []ledger.Want{{Family: ledger.Points, Amount: 23, Field: "param_consume_point_by_pay_open_req.change_point"}},
		}},

		{"charge a card", crm + "recharge.charge.update", []string{"pre_value", `5`}, &ledger.Charge{Order: "2424535360", Real: 1000, Gift: 100, Pre: 5}},
		{"charge by the rule", crm + "recharge.charge.update", []string{"gift_value", ``, "trigger_gift", `true`}, &ledger.Charge{Order: "2424535360", Real: 1000, ByRule: true}},
		{"check a charge", crm + "recharge.chargeprecheck.get", nil, &ledger.Charge{Order: asked, Real: 1}},
		{"uncharge", crm + "recharge.uncharge.update", nil, &ledger.RefundCharge{
			Order: "2424535354", Number: "23829392",
			Keyed: ledger.Keyed{Refund: keyOf("1332", crm+"recharge.uncharge.update", "23829392"), Original: keyOf("2424535354", "")},
		}},
		{"check an uncharge", crm + "recharge.unchargecheck.get", nil, &ledger.RefundCharge{Order: "2424535354", Number: asked}},
		{"deduct", crm + "recharge.dedut.update", nil, &ledger.Spend{
			Order: "24245353", Direct: true, Wants: []ledger.Want{{Family: ledger.Value, Amount: 300, Field: "param_dedut_open_req.value"}},
		}},
		{"check a deduction", crm + "recharge.dedutprecheck.get", nil, &ledger.Spend{
			Order: asked, Direct: true, Wants: []ledger.Want{{Family: ledger.Value, Amount: 300, Field: "param_deduct_pre_check_open_req.value"}},
		}},
		{"undeduct", crm + "recharge.undedut.update", nil, &ledger.ReverseSpend{
			Order: "24245353", Number: "23829393", Family: ledger.Value, Amount: 100,
			Keyed: ledger.Keyed{Refund: keyOf("1332", crm+"recharge.undedut.update", "23829393"), Original: keyOf("24245353", "100")},
		}},
		{"undeduct the rest", crm + "recharge.undedut.update", []string{"value", ``}, &ledger.ReverseSpend{
			Order: "24245353", Number: "23829393", Family: ledger.Value,
			Keyed: ledger.Keyed{Refund: keyOf("1332", crm+"recharge.undedut.update", "23829393"), Original: keyOf("24245353", "")},
		}},

		{"verify assets", crm + "open.assert.verify", []string{"card_id", `"C1"`}, &ledger.Spend{
			Order: "43923200230240", Report: true, Vouchers: []string{"123", "456"},
			Wants: []ledger.Want{{Family: ledger.Value, Amount: 1000, Field: "param_property_verify_open_req.value"}, {Family: ledger.Points, Amount: 50, Field: "param_property_verify_open_req.point"}},
		}},
		{"verify vouchers alone", crm + "open.assert.verify", []string{"value", ``, "point", `null`}, &ledger.Spend{Order: "43923200230240", Report: true, Vouchers: []string{"123", "456"}}},
		{"refund all vouchers", crm + "open.assert.refund", []string{"voucher_id_list", ``}, &ledger.RefundAssets{
			Order: "43923200230233", Number: "3439200320332",
			Keyed: ledger.Keyed{Refund: keyOf("342343043", crm+"open.assert.refund", "3439200320332"), Original: keyOf("43923200230233", "")},
		}},
		{"refund no vouchers", crm + "open.assert.refund", []string{"voucher_id_list", `[]`}, &ledger.RefundAssets{
			Order: "43923200230233", Number: "3439200320332", Vouchers: []string{},
			Keyed: ledger.Keyed{Refund: keyOf("342343043", crm+"open.assert.refund", "3439200320332"), Original: keyOf("43923200230233", "none")},
		}},
		{"send vouchers", crm + "voucher.send", []string{"voucher_num", `100`}, &ledger.IssueVouchers{Template: "T200", Num: 100}},
		{"take granted points back", crm + "point.extra.consume", nil, &ledger.UndoGrant{Order: "3231231312399", Amount: 50}},
		{"create a member", crm + "customer.create", []string{"address", ``, "email", ``, "invoice", ``, "phone", ``, "remark", ``, "birthday", ``, "gender", `"0"`, "tag_id_list", `[]`}, &ledger.SaveMember{
			New: true, Name: new("小王"), Channel: new("2"), Gender: new(int64(0)), Type: new(int64(1)), Tags: []string{},
		}},
		{"change a member", crm + "customer.update", []string{
			"address", ``, "email", ``, "invoice", ``, "phone", ``, "remark", ``, "birthday", ``, "gender", ``, "customer_type", ``, "name", ``, "tag_ids", `["a","b"]`, "level_id", `"any"`,
		}, &ledger.SaveMember{Level: new("any"), Tags: []string{"a", "b"}}},
		{"use vouchers", crm + "voucher.status.change", []string{"voucher_id_list", `["v1","v2"]`, "voucher_point_list", `["2","1"]`}, &ledger.Spend{
			Order: "2424535355", Vouchers: []string{"v1", "v2"}, Uses: []ledger.Amount{2, 1},
		}},
		{"give vouchers back", crm + "voucher.status.change", []string{"voucher_status_action", `"ISUSED_NORMAL"`}, &ledger.ReissueVouchers{
			Order: "2424535355", Vouchers: []string{"2837374884"},
		}},
		{
			"a bill", crm + "open.order.backflow",
			[]string{"refund_info_list", ``, "payment_info_list", `[
			{"pay_method":"10001","user_pay_amount":600,"payment_status":"SUCCESS"},{"pay_method":"CASH","seller_receive_amount":300},
			{"pay_method":"10002","user_pay_amount":9,"payment_status":"CLOSED"},{"pay_method":"STORED_VALUE","user_pay_amount":100,"out_payment_no":"p1"}]`},
			&ledger.Earn{
				Order: "2424535399", Fee: 1000, Goods: []ledger.Good{{Names: []string{"6901234567892", "", "", ""}, Fee: 600}},
				Payments: []ledger.Payment{{Method: "10001", Amount: 600}, {Method: "CASH", Amount: 300}, {Method: "STORED_VALUE", Number: "p1", Amount: 100}},
			},
		},
		{
			"a bill's refund", crm + "open.order.backflow",
			[]string{"action", `"REFUND"`, "refund_info_list", `[
			{"out_refund_no":"r1","refund_amount":5},{"out_refund_no":"r2","refund_amount":6,"refund_status":"FAILED"}]`},
			&ledger.Unearn{Order: "2424535399", Refunds: []ledger.BillRefund{{Number: "r1", Amount: 5, Keyed: ledger.Keyed{
				Refund: keyOf("1332", crm+"open.order.backflow", "r1"), Original: keyOf("2424535399", "5"),
			}}}},
		},
		{"a bill is closed", crm + "open.order.backflow", []string{"action", `"CLOSE"`}, &ledger.Unearn{Order: "2424535399"}},
		{"save nothing but who", crm + "open.customer.save", []string{"birthday", ``, "channel", ``, "name", `""`, "remark", `null`, "gender", ``}, &ledger.SaveMember{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			w.result.IDs = []string{"1"}
			got := w.command(c.method, w.sample(c.method, c.change...))
			*c.want.Common() = *got.Common() // samples_test.go looks at heads
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, fault := w.json(rechargeName, w.sample(rechargeName, "operate_type", `4`, "new_outer_order_id", ``)); says(fault) != refundless {
		t.Errorf("got %s", says(fault))
	}
	if _, fault := w.json(crm+"open.assert.verify", w.sample(crm+"open.assert.verify", "value", ``, "point", ``, "voucher_id_list", `""`)); says(fault) !=
		"isv.missing-parameter 非法参数 param_property_verify_open_req.value：value、point、voucher_id_list至少提供一项 one of value, point and voucher_id_list is required" {
		t.Errorf("got %s", says(fault))
	}
	if got := w.command(crm+"open.assert.verify", w.sample(crm+"open.assert.verify", "card_id", `"C1"`)).Common().Who.Card; got != "C1" {
		t.Errorf("card %q", got)
	}
}

func TestSaveMember(t *testing.T) {
	w := setup(t)
	w.result.IDs = []string{"34243334"}
	const method = crm + "open.customer.save"
	c := w.command(method, w.sample(method, "gender", `0`, "remark", `"VIP"`)).(*ledger.SaveMember)
	if *c.Name != "小王" || *c.Birthday != "1990-01-31" || *c.Remark != "VIP" || *c.Channel != "2" || *c.Gender != 0 || c.Frozen != nil || c.ID != "" || c.Reason != "" {
		t.Errorf("%+v", c)
	}
	r, _ := w.json(method, w.sample(method))
	if want := `{"alibaba_alsc_crm_open_customer_save_response":{"result":{"biz_success":true,"result":"34243334","result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"rid"}}`; r.json(method) != want {
		t.Errorf("got %s", r.json(method))
	}
}

func TestTakeOrder(t *testing.T) {
	const method = wdk + "trade.order.success.create"
	w := setup(t)
	w.result.Numbers = []int64{12884901889, 12884901890, 12884901891}
	request := w.sample(method,
		"sub_info_list", `[{"out_sub_order_id":"s1","pay_fee":2000,"auction_title":"牛奶","sku_code":"69"},{"out_sub_order_id":"s2","pay_fee":900}]`,
		"pay_fee", `3000`, "post_fee", `100`, "deliver_type", `2`,
		"pay_infos", `"[{\"code\":\"10001\",\"name\":\"支付宝\",\"amount\":1500},{\"code\":\"STORED_VALUE\",\"amount\":1000,\"customer_id\":\"m\",\"outer_order_id\":\"v\"},{\"code\":\"POINT\",\"amount\":300,\"point\":30,\"outer_order_id\":\"v\"},{\"code\":\"GIFT_CARD\",\"amount\":200,\"card_id\":\"g\",\"outer_order_id\":\"v\"}]"`)
	got := w.command(method, request).(*reverse.TakeOrder)
	want := &reverse.TakeOrder{
		Head: got.Head, Store: "2131", Out: "1506864060698830000", PayFee: 3000, PostFee: 100, Gone: true,
		Subs: []reverse.Sub{{Out: "s1", Title: "牛奶", Sku: "69", Fee: 2000}, {Out: "s2", Fee: 900}},
		Tenders: []reverse.Tender{
			{Code: "10001", Name: "支付宝", Amount: 1500},
			{Code: "STORED_VALUE", Amount: 1000, Customer: "m", Order: "v"},
			{Code: "POINT", Amount: 300, Points: 30, Order: "v"},
			{Code: "GIFT_CARD", Amount: 200, Card: "g", Order: "v"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !got.Request.IsZero() || got.Content.IsZero() || got.Shop != "2131" {
		t.Errorf("head %+v", got.Head)
	}
	r, _ := w.json(method, request)
	if want := `{"alibaba_wdk_trade_order_success_create_response":{"result":{"result":{"order_sub_info_list":{"order_sub_info_bo":[{"biz_order_id":"12884901890","out_order_id":"s1"},{"biz_order_id":"12884901891","out_order_id":"s2"}]},"biz_order_id":"12884901889","out_order_id":"1506864060698830000"},"state":true},"request_id":"rid"}}`; r.json(method) != want {
		t.Errorf("got %s", r.json(method))
	}
	w.result = ledger.Refuse(ledger.TenderMismatch, ledger.T("what", "支付明细"), ledger.Money("sum", 2900), ledger.Money("need", 3000))
	r, _ = w.json(method, request)
	if want := `{"alibaba_wdk_trade_order_success_create_response":{"result":{"err_code":"TENDER_MISMATCH","err_msg":"支付明细合计29.00元与订单金额30.00元不一致","state":false},"request_id":"rid"}}`; r.json(method) != want {
		t.Errorf("got %s", r.json(method))
	}
	const p = "非法参数 order_request.pay_infos"
	for _, c := range []struct{ name, pay, want string }{
		{"none", ``, "isv.missing-parameter " + p + "：必填 is required"},
		{"broken", `"[{"`, "isv.invalid-parameter " + p + "：应为列表 must be a list"},
		{"no code", `"[{\"amount\":1}]"`, "isv.missing-parameter " + p + "[0].code：必填 is required"},
		{"no amount", `"[{\"code\":\"10001\"}]"`, "isv.missing-parameter " + p + "[0].amount：必填 is required"},
		{"zero alone", `"[{\"code\":\"10001\",\"amount\":0}]"`, "isv.missing-parameter " + p + "：必填 is required"},
		{"negative", `"[{\"code\":\"10001\",\"amount\":-1}]"`, "isv.invalid-parameter " + p + "[0].amount：应为不小于0的整数 must be a whole number, 0 or more"},
		{"yuan", `"[{\"code\":\"10001\",\"amount\":\"30.00\"}]"`, "isv.invalid-parameter " + p + "[0].amount：" + remedyFen},
		{"yuan of an object", `"{\"code\":\"10001\",\"amount\":\"30.00\"}"`, "isv.invalid-parameter " + p + "[0].amount：" + remedyFen},
		{"asset without order", `"[{\"code\":\"10001\",\"amount\":1},{\"code\":\"STORED_VALUE\",\"amount\":1}]"`, "isv.missing-parameter " + p + "[1].outer_order_id：STORED_VALUE时必填 is required for STORED_VALUE"},
		{"points without count", `"[{\"code\":\"POINT\",\"amount\":1,\"outer_order_id\":\"v\"}]"`, "isv.missing-parameter " + p + "[0].point：POINT时必填 is required for POINT"},
		{"gift card without number", `"[{\"code\":\"GIFT_CARD\",\"amount\":1,\"outer_order_id\":\"v\"}]"`, "isv.missing-parameter " + p + "[0].card_id：GIFT_CARD时必填 is required for GIFT_CARD"},
	} {
		if _, fault := w.json(method, w.sample(method, "pay_infos", c.pay)); says(fault) != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, says(fault), c.want)
		}
	}
	w.result = ledger.Result{Numbers: []int64{1, 2}}
	for _, pay := range []string{
		`{"code":"10001","amount":3000}`, `"{\"code\":\"10001\",\"amount\":3000}"`, `[{"code":"10001","amount":3000}]`,
		`"[{\"code\":\"10001\",\"amount\":3000},{\"code\":\"STORED_VALUE\",\"amount\":0}]"`,
	} {
		if c := w.command(method, w.sample(method, "pay_infos", pay)).(*reverse.TakeOrder); len(c.Tenders) != 1 || c.Tenders[0].Amount != 3000 {
			t.Errorf("%s: %+v", pay, c.Tenders)
		}
	}
	if c := w.command(method, w.sample(method, "pay_infos", ``, "pay_fee", `0`)).(*reverse.TakeOrder); c.Tenders != nil || c.Gone {
		t.Errorf("an order for nothing: %+v", c)
	}
}

// Refusals are replies: code, description with the figures, and a sentence to read out.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, method string
		result       ledger.Result
		want         string // below the response root
	}{
		{
			"local life", rechargeName, ledger.Refuse(ledger.InsufficientBalance, ledger.Money("need", 1000), ledger.Money("available", 5)),
			`{"biz_success":false,"result_code":"INSUFFICIENT_BALANCE","result_desc":"储值余额不足:需要10.00元,可用0.05元","result_view":"储值余额不足,可用0.05元"}`,
		},
		{
			"points", crm + "point.reversepoint", ledger.Refuse(ledger.OverRefund, ledger.Score("max", 7)),
			`{"biz_success":false,"result_code":"OVER_REFUND","result_desc":"退回数超出可退余额,本单最多可退7积分","result_view":"最多可退7积分"}`,
		},
		{
			"vouchers", crm + "voucher.send", ledger.Refuse(ledger.TemplateNotFound, ledger.T("template", "9001")),
			`{"biz_success":false,"result_code":"TEMPLATE_NOT_FOUND","result_desc":"券模板9001不存在","result_view":"券模板不存在"}`,
		},
		{
			"partial", crm + "open.assert.refund",
			ledger.Result{
				Code: ledger.Partial, ValueOK: true, PointOK: true,
				Figs:     []ledger.Fig{ledger.T("done", "储值积分已退回"), ledger.T("left", "券123不属于本单")},
				Vouchers: []ledger.VoucherOutcome{{ID: "123", Code: ledger.VoucherNotInOrder}},
			},
			`{"biz_success":false,"result":{"point_success":true,"value_success":true,"voucher_status_list":{"voucher_status_info":[{"success":false,"voucher_id":"123"}]}},"result_code":"PARTIAL","result_desc":"部分成功:储值积分已退回;未退回:券123不属于本单","result_view":"储值积分已退回,券123不属于本单"}`,
		},
		{
			"already reversed", crm + "open.assert.refund",
			ledger.Result{Code: ledger.AlreadyReversed, ValueOK: true, PointOK: true, Figs: []ledger.Fig{ledger.T("order", "1"), ledger.T("number", "2")}},
			`{"biz_success":false,"result":{"point_success":true,"value_success":true},"result_code":"ALREADY_REVERSED","result_desc":"原单1已全部退回,首笔退款单号2","result_view":"该单已退回,无需重复操作"}`,
		},
		{
			"nothing judged", crm + "open.assert.refund", ledger.Refuse(ledger.OriginalNotFound, ledger.T("order", "1")),
			`{"biz_success":false,"result_code":"ORIGINAL_NOT_FOUND","result_desc":"原单1未找到","result_view":"原单未到账,无需退回"}`,
		},
		{
			"neither value nor points", crm + "open.assert.verify", ledger.Refuse(ledger.InsufficientBalance, ledger.Money("need", 100), ledger.Money("available", 0)),
			`{"biz_success":false,"result":{"point_success":false,"value_success":false},"result_code":"INSUFFICIENT_BALANCE","result_desc":"储值余额不足:需要1.00元,可用0.00元","result_view":"储值余额不足,可用0.00元"}`,
		},
		{
			"neither may be used again", crm + "open.assert.verify", ledger.Refuse(ledger.OrderNoConflict, ledger.T("order", "1"), ledger.T("role", "核销")),
			`{"biz_success":false,"result":{"point_success":false,"value_success":false},"result_code":"ORDER_NO_CONFLICT","result_desc":"订单号1已用于核销,不可再次使用","result_view":"订单号已使用,请换新的订单号"}`,
		},
		{
			"neither may come back here", crm + "open.assert.refund", ledger.Refuse(ledger.OtherShop, ledger.T("shop", "S1")),
			`{"biz_success":false,"result":{"point_success":false,"value_success":false},"result_code":"OTHER_SHOP_FORBIDDEN","result_desc":"品牌规定只能在原门店S1退回","result_view":"请到原消费门店办理退回"}`,
		},
		{
			"nobody is found", crm + "open.assert.verify", ledger.Refuse(ledger.MemberNotFound),
			`{"biz_success":false,"result_code":"MEMBER_NOT_FOUND","result_desc":"未找到会员","result_view":"未找到会员,请核对会员信息"}`,
		},
		{
			"reverse family", wdk + "reverse.applyrefund", ledger.Refuse(ledger.OrderNotFound, ledger.T("order", "5")),
			`{"error_code":"ORDER_NOT_FOUND","error_msg":"子单5不存在","success":false}`,
		},
		{
			"submit echoes", wdk + "reverse.creatrefund", ledger.Refuse(ledger.RequestIDConflict),
			`{"error_code":"REQUEST_ID_CONFLICT","error_msg":"request_id已用于另一内容的提交","model":{"request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","store_id":"2131"},"success":false}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			w.session = merchant(w)
			w.result = c.result
			r, fault := w.json(c.method, w.sample(c.method))
			if fault != nil {
				t.Fatal(fault)
			}
			want := `{"` + top.ResponseRoot(c.method) + `":{"result":` + c.want + `,"request_id":"rid"}}`
			if got := r.json(c.method); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
			if r.Code != c.result.Code.Word() || r.Replayed {
				t.Errorf("code %s, replayed %v", r.Code, r.Replayed)
			}
		})
	}
}

// A member that the ledger finds missing is answered as the decoder would.
func TestMissingFieldOfTheLedger(t *testing.T) {
	w := setup(t)
	for _, field := range []string{"param_recharge_operate_open_req.change_value", "change_value"} {
		w.result = ledger.Refuse(ledger.MissingField, ledger.T("field", field))
		_, fault := w.json(rechargeName, w.sample(rechargeName, "operate_type", `3`))
		if want := "isv.missing-parameter 非法参数 param_recharge_operate_open_req.change_value：必填 is required"; says(fault) != want {
			t.Errorf("got %s", says(fault))
		}
	}
	w.result.Figs = append(w.result.Figs, ledger.T("hold", "none"))
	_, fault := w.json(rechargeName, w.sample(rechargeName, "operate_type", `3`))
	if want := "isv.missing-parameter 非法参数 param_recharge_operate_open_req.change_value：该订单没有冻结,须传change_value is required without a hold"; says(fault) != want {
		t.Errorf("got %s", says(fault))
	}
}

func TestReplayAndBusy(t *testing.T) {
	w := setup(t)
	w.result.Replayed = true
	if r, _ := w.json(rechargeName, w.sample(rechargeName)); !r.Replayed || r.Code != "0" {
		t.Errorf("%+v", r)
	}
	w.busy = top.Busy("isp.system-busy", "busy", 1)
	if _, fault := w.json(rechargeName, w.sample(rechargeName)); fault != w.busy {
		t.Errorf("got %v", fault)
	}
	w.readErr = errors.New("disk")
	_, fault := w.json(crm+"open.customer.get", w.sample(crm+"open.customer.get"))
	if fault == nil || fault.Code != 15 || fault.SubCode != "isp.service-error" || strings.Contains(fault.SubMsg, "disk") {
		t.Errorf("got %v", fault)
	}
}

func TestTimeGet(t *testing.T) {
	r, fault := setup(t).call("taobao.time.get")
	if fault != nil {
		t.Fatal(fault)
	}
	if got := r.json("taobao.time.get"); got != `{"time_get_response":{"time":"2026-03-01 12:00:00","request_id":"rid"}}` {
		t.Errorf("got %s", got)
	}
}

// sampleState holds what the printed samples ask for.
func (w *world) sampleState(b *ledger.Brand) *reverse.State {
	s := reverse.NewState(b)
	m := &ledger.Member{
		ID: "34243334", Name: "小王", Mobile: "18651822226", Channel: "2", Gender: "1", Shop: "243545", Birthday: "1990-01-31", Remark: "VIP",
		Outer: []ledger.Ident{{Type: ledger.ByOuter, Outer: "wechat", Text: "435532"}}, Created: moment.UnixMilli(), Changed: moment.UnixMilli(),
	}
	s.PutMember(m)
	s.PutAccount(&ledger.Account{
		ID: "34243334-1", Card: "12884901889", Member: m.ID, Balance: [ledger.Kinds]ledger.Amount{900, 100, 0, 0},
		Granted: [ledger.Kinds]ledger.Amount{1000, 100, 0, 0}, Created: moment.UnixMilli(), Changed: moment.UnixMilli(),
	})
	s.PutAccount(&ledger.Account{
		ID: "34243334-p", Member: m.ID, Type: ledger.PointPurse, Balance: [ledger.Kinds]ledger.Amount{0, 0, 0, 100},
		Held: [ledger.Kinds]ledger.Amount{0, 0, 0, 23}, Granted: [ledger.Kinds]ledger.Amount{0, 0, 0, 120}, Used: [ledger.Kinds]ledger.Amount{0, 0, 0, 20},
	})
	s.Vouchers["2837374884"] = &ledger.Voucher{
		ID: "2837374884", Member: m.ID, Template: "9001", Uses: 10, Left: 7,
		Start: moment.UnixMilli(), End: moment.Add(time.Hour).UnixMilli(),
	}
	b.Templates = map[string]*ledger.Template{"9001": {ID: "9001", Name: "满100减10", Type: "MULTI", Amount: 1000, Threshold: 10000, Uses: 10, Discount: "", Shops: []string{"243545"}}}

	o := &reverse.Order{
		Main: 12884901888, Out: "1506864060698825068", Store: "2131", PayFee: 3000,
		Subs:    []reverse.Sub{{No: 5000399193546580981, Out: "1506864060698825069", Fee: 3000}},
		Tenders: []reverse.Tender{{Code: "10001", Name: "支付宝", Amount: 2000}, {Code: "STORED_VALUE", Amount: 1000, Order: "v"}},
	}
	s.PutOrder(o)
	at := moment.UnixMilli()
	s.Reverses[1000002329950431000] = &reverse.Reverse{
		ID: 1000002329950431000, Main: o.Main, Sub: o.Subs[0].No, Store: "2131",
		Token: "bdab6446-f0cf-4327-9ae3-fd69ac4d", Status: reverse.Success, Amount: 30, ReasonID: 1001, Reason: "不喜欢", Operator: "123", Proofs: []string{"url"},
		Channels: []reverse.Channel{{Tender: 0, Code: "10001", Name: "支付宝", Amount: 20, Status: reverse.Paid, Payout: "p-1"}, {Tender: 1, Code: "STORED_VALUE", Amount: 10, Status: reverse.Paid}},
		History:  []reverse.Event{{At: at, Status: reverse.Apply, By: "123"}, {At: at + 1000, Status: reverse.Agree, By: "123", Memo: "自动"}, {At: at + 2000, Status: reverse.Success, By: "system"}},
	}
	if n := len(w.commands); n > 0 {
		if c, ok := w.commands[n-1].(*reverse.MakeQuote); ok {
			s.Quotes[c.Token] = &reverse.Quote{
				Token: c.Token, App: "12345678", Store: "2131", Main: o.Main, Subs: []int64{o.Subs[0].No},
				GiftCards: []string{"22076108"}, Cells: [][]ledger.Amount{{1980, 0}}, Max: 1980, PostFee: 100,
			}
		}
	}
	return s
}

func TestCustomerGet(t *testing.T) {
	const method = crm + "open.customer.get"
	w := setup(t)
	w.state = w.sampleState
	r, fault := w.json(method, `{"brand_id":"1332","customer_id":"34243334"}`)
	if fault != nil {
		t.Fatal(fault)
	}
	const stamps = `"gmt_create":"2026-03-01 12:00:00","gmt_modified":"2026-03-01 12:00:00"`
	want := `{"alibaba_alsc_crm_open_customer_get_response":{"result":{"biz_success":true,"result":{` +
		`"card_open_info_list":{"card_open_info":[{"accounts":{"account_open_info":[{"account_id":"34243334-1","currency":"CNY",` + stamps +
		`,"balance":1000,"gift":100,"pre":0,"real":900,"total_gift":100,"total_pre":0,"total_real":1000,"deleted":false}]},"card_id":"12884901889","card_type":"MEMBER","customer_id":"34243334",` + stamps + `,"status":"ACTIVED","deleted":false}]},` +
		`"voucher_open_info_list":{"voucher_open_info":[{"shop_id_list":{"string":["243545"]},"shop_info_list":{"voucher_shop_info":[{"out_shop_id":"S-001","shop_id":"243545"}]},"end_time":"2026-03-01 12:59:59","start_time":"2026-03-01 12:00:00","status":"NORMAL","title":"满100减10","voucher_id":"2837374884","voucher_template_id":"9001","voucher_type":"CASH","item_coverage":"ALL","shop_coverage":"PART_AVAILABLE","ext_info":"{\"uses\":10,\"left\":7}","amount":1000,"start_fee":10000,"user_limit":-1}]},` +
		`"customer_open_info":{"customer_out_info_list":{"customer_out_info":[{"out_type":"wechat","out_id":"435532"}]},"birthday":"1990-01-31","customer_id":"34243334","customer_time":"2026-03-01 12:00:00",` + stamps + `,"member_store_id":"243545","mobile":"18651822226","name":"小王","remark":"VIP","channel":2,"customer_type":1,"gender":1,"state":1,"deleted":false},` +
		`"point_account_open_info":{"customer_id":"34243334","available_point":77,"freeze_point":23,"total_expired_point":0,"total_point":120,"total_used_point":20,"remain_point":100}},` +
		`"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"rid"}}`
	if got := r.json(method); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	r, _ = w.json(method, `{"brand_id":"1332","mobile":"13900000000"}`)
	if got := r.json(method); !strings.Contains(got, `{"biz_success":false,"result_code":"MEMBER_NOT_FOUND"`) {
		t.Errorf("got %s", got)
	}
	r, _ = w.json(method, `{"brand_id":"1332","physical_card_id":"12884901889"}`)
	if _, asked := w.keys.Wallets[ledger.Ident{Type: ledger.ByCard, Text: "12884901889"}]; !asked || r.Code != "0" {
		t.Errorf("by card: %s, keys %v", r.Code, w.keys.Wallets)
	}
}

// Zero says female: a member who never told has no gender in the answer.
func TestGenderNeverTold(t *testing.T) {
	const method = crm + "open.customer.get"
	for told, want := range map[string]string{"0": `"customer_type":1,"gender":0,"state":1`, "": `"customer_type":1,"state":1`} {
		w := setup(t)
		w.state = func(b *ledger.Brand) *reverse.State {
			s := w.sampleState(b)
			s.Members["34243334"].Gender = told
			return s
		}
		r, fault := w.json(method, `{"brand_id":"1332","customer_id":"34243334"}`)
		if fault != nil || !strings.Contains(r.json(method), want) {
			t.Errorf("%q: %v\n got %s\nwant %s", told, fault, r.json(method), want)
		}
	}
}

func TestCustomerVoucherList(t *testing.T) {
	const method = crm + "customer.voucher.list"
	w := setup(t)
	at := moment.UnixMilli()
	w.state = func(b *ledger.Brand) *reverse.State {
		s := w.sampleState(b)
		for id, v := range map[string]ledger.Voucher{
			"11": {Left: 0}, "12": {Left: 1, End: at}, "13": {Left: 1, Deleted: true}, "14": {Left: 1, End: ledger.Never, Template: "gone"}, "15": {Left: 1, Member: "other"},
		} {
			v.ID, v.Uses = id, 1
			if v.Member == "" {
				v.Member = "34243334"
			}
			s.Vouchers[id] = &v
		}
		return s
	}
	list := func(change ...string) string {
		r, fault := w.json(method, w.sample(method, change...))
		if fault != nil {
			return says(fault)
		}
		return r.json(method)
	}
	want := `{"alibaba_alsc_crm_customer_voucher_list_response":{"result":{"biz_success":true,"current_page":2,"has_next_page":false,"page_size":1,"result_code":"0","result_desc":"成功","result_list":{"customer_voucher_full_open_info":[` +
		`{"end_time":"2026-03-01 12:59:59","start_time":"2026-03-01 12:00:00","status":"NORMAL","title":"满100减10","voucher_id":"2837374884","voucher_type":"CASH","voucher_template_id":"9001","amount":1000,"customer_id":34243334,"start_fee":10000}]},` +
		`"result_view":"成功","total_page":2,"total_size":2},"request_id":"rid"}}`
	if got := list("page_no", `2`, "page_size", `1`); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	for _, c := range []struct {
		name   string
		change []string
		want   []string // voucher ids in the answer
	}{
		{"all", []string{"voucher_status_list", ``}, []string{"11", "12", "13", "14", "2837374884"}},
		{"some", []string{"voucher_status_list", `["ISUSED","DELETED"]`}, []string{"11", "13"}},
		{"expired", []string{"voucher_status_list", `"EXPIRED"`}, []string{"12"}},
		{"page beyond", []string{"page_no", `2147483647`, "page_size", `100`}, nil},
	} {
		var got []string
		for _, m := range regexp.MustCompile(`"voucher_id":"(\d+)"`).FindAllStringSubmatch(list(c.change...), -1) {
			got = append(got, m[1])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	for _, c := range [][2]string{{"customer_id", "MEMBER_NOT_FOUND"}, {"shop_id", "SHOP_NOT_FOUND"}} {
		if got := list(c[0], `"nobody"`, "out_shop_id", ``); !strings.Contains(got, c[1]) {
			t.Errorf("%s: %s", c[0], got)
		}
	}
	if got := list("voucher_status_list", `["USED"]`); !strings.Contains(got, "voucher_status_list") {
		t.Errorf("an unknown state: %s", got)
	}
}

func TestTemplateList(t *testing.T) {
	const method = crm + "voucher.template.list"
	w := setup(t)
	at := moment.UnixMilli()
	w.brands[2].Templates = map[string]*ledger.Template{
		"9001": {ID: "9001", Name: "减10", Type: "AMOUNT", Amount: 1000, Threshold: 10000, Start: at, End: at + 3600000, Changed: at, Description: "堂食"},
		"9002": {ID: "9002", Name: "85折", Type: "DISCOUNT", Discount: "8.5", Days: 30, Changed: at - 1000, Shops: []string{"243545"}},
		"9003": {ID: "9003", Name: "停", Type: "GIFT", Stopped: true},
		"9004": {ID: "9004", Name: "别店", Type: "AMOUNT", Shops: []string{"2131"}},
	}
	list := func(change ...string) string {
		r, fault := w.json(method, w.sample(method, append(change, "status_list", ``)...))
		if fault != nil {
			return says(fault)
		}
		return r.json(method)
	}
	want := `{"alibaba_alsc_crm_voucher_template_list_response":{"result":{"biz_success":true,"current_page":1,"has_next_page":true,"page_size":2,"result_code":"0","result_desc":"成功","result_list":{"voucher_template_open_info":[` +
		`{"description":"堂食","end_time":"2026-03-01 12:59:59","item_coverage":"ALL","name":"减10","start_time":"2026-03-01 12:00:00","status":"USED","type":"CASH","valid_date_type":"FIXED","voucher_template_id":"9001","denomination":"1000","gmt_modified":"2026-03-01 12:00:00","min_charge":10000,"user_limit":-1,"deleted":false},` +
		`{"shop_selected_open_info_list":{"shop_selected_open_info":[{"shop_id":"243545","out_shop_id":"S-001"}]},"description":"","item_coverage":"ALL","name":"85折","status":"USED","type":"DISCOUNT","valid_date_type":"RELATIVE","voucher_template_id":"9002","denomination":"8.5","gmt_modified":"2026-03-01 11:59:59","min_charge":0,"user_limit":-1,"valid_day_count":30,"deleted":false}]},` +
		`"result_view":"成功","total_page":2,"total_size":3},"request_id":"rid"}}`
	if got := list("page_size", `2`); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	for _, c := range []struct {
		name   string
		change []string
		want   []string // template ids in the answer
	}{
		{"defaults", []string{"page_no", ``, "page_size", ``}, []string{"9001", "9002", "9003"}},
		{"second page", []string{"page_no", `2`, "page_size", `2`}, []string{"9003"}},
		{"page beyond", []string{"page_no", `2147483647`, "page_size", `100`}, nil},
		{"other shop", []string{"shop_id", ``, "out_shop_id", `"out-2131"`}, []string{"9001", "9003", "9004"}},
		{"after", []string{"last_id", `"9001"`}, []string{"9002", "9003"}},
		{"one", []string{"voucher_template_id", `"9002"`}, []string{"9002"}},
		{"changed since", []string{"gmt_modified", `"2026-03-01 12:00:00"`}, []string{"9001"}},
		{"deleted", []string{"deleted", `true`}, nil},
	} {
		var got []string
		for _, m := range regexp.MustCompile(`"voucher_template_id":"(\d+)"`).FindAllStringSubmatch(list(c.change...), -1) {
			got = append(got, m[1])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	r, _ := w.json(method, w.sample(method, "status_list", `["INVALID"]`))
	if got := r.json(method); strings.Count(got, "voucher_template_id") != 1 || !strings.Contains(got, `"9003"`) {
		t.Errorf("got %s", got)
	}
	if got := list("shop_id", `"nowhere"`); !strings.Contains(got, `{"biz_success":false,"result_code":"SHOP_NOT_FOUND","result_desc":"门店nowhere不存在"`) {
		t.Errorf("got %s", got)
	}
	if got := list("gmt_modified", `"yesterday"`); got != "isv.invalid-parameter 非法参数 voucher_template_open_req.gmt_modified：应为yyyy-MM-dd HH:mm:ss must be a time as yyyy-MM-dd HH:mm:ss" {
		t.Errorf("got %s", got)
	}
}

func TestVoucherTypes(t *testing.T) {
	for _, c := range []struct {
		template ledger.Template
		want     string
	}{
		{ledger.Template{Type: "AMOUNT", Amount: 1}, "CASH"},
		{ledger.Template{Type: "DISCOUNT", Discount: "8.5"}, "DISCOUNT"},
		{ledger.Template{Type: "GIFT"}, "GIFT"},
		{ledger.Template{Type: "MULTI", Amount: 1}, "CASH"},
		{ledger.Template{Type: "MULTI", Discount: "8.5"}, "DISCOUNT"},
		{ledger.Template{Type: "MULTI"}, "GIFT"},
	} {
		if got := voucherType(&c.template); got != c.want {
			t.Errorf("%+v: %s", c.template, got)
		}
	}
}

func TestApplyRefund(t *testing.T) {
	const method = wdk + "reverse.applyrefund"
	w := setup(t)
	w.state = w.sampleState
	w.brands[2].Reasons = []ledger.Reason{{ID: 7, Text: "破损", Tip: "请拍照", Tags: []string{"质量"}}}
	r, fault := w.json(method, w.sample(method, "sub_out_order_ids", `"s1"`, "gift_card_nos", `["22076108"]`))
	if fault != nil {
		t.Fatal(fault)
	}
	got := w.commands[0].(*reverse.MakeQuote)
	token := got.Token
	want := &reverse.MakeQuote{Store: "2131", Subs: []int64{5000399193546580981}, OutSubs: []string{"s1"}, GiftCards: []string{"22076108"}, OperatorType: 6, Token: token}
	want.Head = got.Head
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Operator != "123" || got.OperatorName != "门店小二" || !got.Request.IsZero() {
		t.Errorf("head %+v", got.Head)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{8}$`).MatchString(token) {
		t.Errorf("token %s", token)
	}
	answer := `{"alibaba_wdk_reverse_applyrefund_response":{"result":{"model":{"biz_order_ids":{"number":[5000399193546580981]},"gift_card_nos":{"string":["22076108"]},"reason_list":{"reason_vo":[{"tags":{"string":["质量"]},"reason_text":"破损","reason_tip":"请拍照","reason_id":7}]},"refund_channel_list":{"refund_channel_vo":[{"code":"10001","name":"支付宝","unique_id":"12884901888-1","amount":1980,"refunded_amount":20},{"code":"STORED_VALUE","unique_id":"12884901888-2","amount":0,"refunded_amount":10}]},"request_id":"` + token + `","store_id":"2131","in_sale_refund":1,"max_refund_fee":1980,"post_fee":100,"support_modify_amount":true},"success":true},"request_id":"rid"}}`
	if r.json(method) != answer {
		t.Errorf("\n got %s\nwant %s", r.json(method), answer)
	}
	_, fault = w.json(method, w.sample(method, "biz_order_ids", ``))
	if want := "isv.missing-parameter 非法参数 param_apply_reverse_req.biz_order_ids：biz_order_ids与sub_out_order_ids至少提供一项 one of biz_order_ids and sub_out_order_ids is required"; says(fault) != want {
		t.Errorf("got %s", says(fault))
	}
	w.state = reverse.NewState
	if _, fault = w.json(method, w.sample(method)); fault == nil || fault.SubCode != "isp.service-error" {
		t.Errorf("a quote that cannot be read: %v", fault)
	}
	w.state = w.sampleState
	if c := w.command(method, w.sample(method, "operator", ``)).(*reverse.MakeQuote); c.OperatorType != 0 || c.Operator != "" {
		t.Errorf("without an operator: %+v", c)
	}
}

func TestReverseDetail(t *testing.T) {
	const method = wdk + "reverse.reversedetail"
	w := setup(t)
	w.brands[2].Serial = 1000002329950431000 >> 32
	w.state = w.sampleState
	r, fault := w.call(method, "reverse_id", "1000002329950431000")
	if fault != nil {
		t.Fatal(fault)
	}
	want := `{"alibaba_wdk_reverse_reversedetail_response":{"result":{"model":{"biz_order_ids":{"number":[5000399193546580981]},"out_biz_order_ids":{"string":["1506864060698825069"]},"proofs":{"string":["url"]},` +
		`"refund_channel_list":{"refund_channel_vo":[{"code":"10001","name":"支付宝","unique_id":"p-1","amount":20,"refunded_amount":20,"status":2},{"code":"STORED_VALUE","amount":10,"refunded_amount":10,"status":2}]},` +
		`"reverse_ids":{"number":[1000002329950431000]},"create_date":"2026-03-01 12:00:00","end_date":"2026-03-01 12:00:02","ender":"system","main_out_order_id":"1506864060698825068",` +
		`"modified_memo":"2026-03-01 12:00:00 APPLY 123; 2026-03-01 12:00:01 AGREE 123 自动; 2026-03-01 12:00:02 SUCCESS system","out_order_id":"1506864060698825068","reason_text":"不喜欢",` +
		`"request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","reverse_status_str":"SUCCESS","store_id":"2131","biz_order_id":5000399193546580981,"main_biz_order_id":12884901888,"reason_id":1001,"refund_amount":30,"reverse_id":1000002329950431000,"reverse_status":5},"success":true},"request_id":"rid"}}`
	if r.json(method) != want {
		t.Errorf("\n got %s\nwant %s", r.json(method), want)
	}
}

// A channel without an amount is for a waterfall store to fill; one of 0 is not.
func TestChannelsToFill(t *testing.T) {
	const method = wdk + "reverse.creatrefund"
	w := setup(t)
	w.session = merchant(w)
	w.result = ledger.Result{IDs: []string{"1", "2"}, Numbers: []int64{3}}
	got := w.command(method, w.sample(method, "refund_channel_list", `[{"code":"1","amount":0},{"name":"微信"},{"code":"3","amount":"7"}]`)).(*reverse.Submit).Channels
	want := []reverse.Given{{Code: "1"}, {Name: "微信", Fill: true}, {Code: "3", Amount: 7}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The handler does not hold on to a call: two at once do not meet.
func TestServeIsSafeForManyCallers(t *testing.T) {
	w := setup(t)
	m := w.catalogue.Find(rechargeName)
	m.service.Submit = func(_ context.Context, brand string, cmd reverse.Command) (ledger.Result, *top.Fault) {
		return ledger.Result{}, nil
	}
	m.service.Digest = func(_, text string) ledger.Digest { return keyOf(text) }
	done := make(chan error, 8)
	for range cap(done) {
		go func() {
			for range 50 {
				if _, fault := w.json(rechargeName, sample002); fault != nil {
					done <- fault
					return
				}
			}
			done <- nil
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
