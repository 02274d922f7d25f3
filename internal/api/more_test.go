package api

import (
	"strings"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// A bill names its member by id, by a whole mobile and by an outer id of a known kind.
func TestWhoseBill(t *testing.T) {
	const method = crm + "open.order.backflow"
	for _, c := range []struct {
		name, buyer string
		want        ledger.Who
	}{
		{"id", `"vip_user_id":"34243334"`, ledger.Who{Customer: "34243334"}},
		{"mobile", `"out_buyer":{"phone":"+86 186-5182-2226"}`, ledger.Who{Mobile: "18651822226"}},
		{"masked mobile", `"out_buyer":{"phone":"186****2226"}`, ledger.Who{}},
		{"outer id", `"out_buyer":{"type":"wechat","user_id":"w"}`, ledger.Who{OuterType: "wechat", Outer: "w"}},
		{"unknown kind", `"out_buyer":{"type":"MEMBER","user_id":"w"}`, ledger.Who{}},
		{"walk-in", `"memo":"散客"`, ledger.Who{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			got := w.command(method, `{"brand_id":"1332","action":"PAID","order_info":{"outer_order_id":"o","actual_fee":5,"shop_id":"243545",`+c.buyer+`}}`).Common()
			who := got.Who
			who.Digests = nil
			if who.Customer != c.want.Customer || who.Mobile != c.want.Mobile || who.Outer != c.want.Outer || who.OuterType != c.want.OuterType {
				t.Errorf("got %+v", who)
			}
			if got.Shop != "243545" || !got.Request.IsZero() {
				t.Errorf("head %+v", got)
			}
		})
	}
}

// What changes nothing is answered without asking the books, and what lacks something is told.
func TestBillsThatMoveNothing(t *testing.T) {
	const method = crm + "open.order.backflow"
	for _, c := range []struct{ name, request, fault string }{
		{"waiting", `{"brand_id":"1332","action":"WAIT_PAY","order_info":{"outer_order_id":"o"}}`, ""},
		{"every refund failed", `{"brand_id":"1332","action":"REFUND","order_info":{"outer_order_id":"o"},"refund_info_list":[{"out_refund_no":"r","refund_amount":1,"refund_status":"FAIL"}]}`, ""},
		{"no refund", `{"brand_id":"1332","action":"REFUND","order_info":{"outer_order_id":"o"}}`, "isv.missing-parameter 非法参数 param_order_backflow_open_req.refund_info_list：REFUND时必填 is required for REFUND"},
		{"no bill", `{"brand_id":"1332","action":"PAID"}`, "isv.missing-parameter 非法参数 param_order_backflow_open_req.order_info：必填 is required"},
		{"no number", `{"brand_id":"1332","action":"PAID","order_info":{}}`, "isv.missing-parameter 非法参数 param_order_backflow_open_req.order_info.outer_order_id：必填 is required"},
		{"unknown action", `{"brand_id":"1332","action":"PAY","order_info":{"outer_order_id":"o"}}`, "isv.invalid-parameter 非法参数 param_order_backflow_open_req.action：可用值 allowed values: WAIT_PAY, PAID, SUCCESS, CLOSE, REFUND"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			r, fault := w.json(method, c.request)
			if fault != nil || c.fault != "" {
				if got := says(fault); got != c.fault {
					t.Errorf("got %s", got)
				}
				return
			}
			if len(w.commands) != 0 || !strings.Contains(r.json(method), `"biz_success":true,"result":true`) {
				t.Errorf("got %s, %d commands", r.json(method), len(w.commands))
			}
		})
	}
}

// Lists of uses and vouchers belong together.
func TestUsesOfVouchers(t *testing.T) {
	const method = crm + "voucher.status.change"
	w := setup(t)
	_, fault := w.json(method, w.sample(method, "voucher_point_list", `["1","2"]`))
	if got := says(fault); got != "isv.invalid-parameter 非法参数 param_voucher_status_change_open_req.voucher_point_list：应与voucher_id_list等长 must be as long as voucher_id_list" {
		t.Errorf("got %s", got)
	}
	w.result = ledger.Result{IDs: []string{"n1"}}
	if r, _ := w.json(method, w.sample(method, "voucher_status_action", `"ISUSED_NORMAL"`)); !strings.Contains(r.json(method), `"result":{"string":["n1"]}`) {
		t.Errorf("got %s", r.json(method))
	}
	if r, _ := w.json(method, w.sample(method)); !strings.Contains(r.json(method), `"result":{"string":["2837374884"]}`) {
		t.Errorf("got %s", r.json(method))
	}
}

// The parts of a member come as they are asked for.
func TestParts(t *testing.T) {
	const method = crm + "customer.get"
	for options, want := range map[string][]string{
		``:                    {"customer_open_info"},
		`["CARD"]`:            {"card_open_info_list", "customer_open_info"},
		`["RECHARGE"]`:        {"card_open_info_list", "accounts", "customer_open_info"},
		`["POINT","VOUCHER"]`: {"customer_voucher_full_open_info_list", "customer_open_info", "point_account"},
	} {
		w := setup(t)
		w.state = w.sampleState
		r, fault := w.json(method, w.sample(method, "options", options))
		if fault != nil {
			t.Fatal(fault)
		}
		got := r.json(method)
		for _, part := range []string{"card_open_info_list", "accounts", "customer_voucher_full_open_info_list", "customer_open_info", "point_account"} {
			if strings.Contains(got, `"`+part+`":`) != contains(want, part) {
				t.Errorf("%s: %s in %s", options, part, got)
			}
		}
	}
	w := setup(t)
	if _, fault := w.json(method, `{"brand_id":"1332","shop_id":"243545"}`); !strings.Contains(says(fault), "customer_id、mobile、card_id、wechat_open_id与alipay_id至少提供一项") {
		t.Errorf("got %s", says(fault))
	}
	w.state = w.sampleState
	if _, fault := w.json(method, w.sample(method, "customer_id", ``, "wechat_open_id", `"435532"`)); fault != nil {
		t.Error(fault)
	}
	if _, asked := w.keys.Wallets[ledger.Ident{Type: ledger.ByOuter, Outer: "wechat", Text: "435532"}]; !asked {
		t.Errorf("keys %v", w.keys.Wallets)
	}
}

// A level is one of the brand's, if it has any.
func TestLevels(t *testing.T) {
	const method = crm + "customer.update"
	w := setup(t)
	w.brands[2].Levels = []ledger.Level{{ID: "silver", Name: "银卡"}, {ID: "gold", Name: "金卡", Rate: 150}}
	_, fault := w.json(method, w.sample(method, "level_id", `"iron"`))
	if got := says(fault); got != "isv.invalid-parameter 非法参数 param_customer_update_open_req.level_id：可用值 allowed values: silver, gold" {
		t.Errorf("got %s", got)
	}
	w.state = func(b *ledger.Brand) *reverse.State {
		s := w.sampleState(b)
		s.Members["34243334"].Level = "gold"
		return s
	}
	r, _ := w.json(crm+"customer.get", w.sample(crm+"customer.get"))
	if got := r.json(crm + "customer.get"); !strings.Contains(got, `"level_desc":"金卡","level_id":"gold"`) || !strings.Contains(got, `"level_no":2`) {
		t.Errorf("got %s", got)
	}
}

// Rules are shown as they are decided by.
func TestRules(t *testing.T) {
	w := setup(t)
	b := w.brands[2]
	b.Version = 7
	b.Levels = []ledger.Level{{ID: "gold", Name: "金卡", Rate: 150}}
	b.Policy = ledger.Policy{
		PointsPerYuan: 50, PointDays: 365, RechargeGift: true, Recharge: []ledger.RechargeRule{{Real: 10000, Gift: 1000}}, Deduction: ledger.GiftFirst,
		Earn: ledger.EarnRule{Points: 1, Fen: 100, Pay: []string{"10001"}, Without: []string{"cup"}},
	}
	for _, c := range []struct {
		method string
		change []string
		want   []string
	}{
		{"point.rule.get", nil, []string{
			`"rule_id":"1332-7"`, `"allow_pay_methods":{"pay_method_point_addition_rule_open_info":[{"method_id":"10001","enable":true}]}`,
			`{"sku_ids":{"string":["cup"]},"allow_product_type":"EXCLUDE","consume_money":100,"reward_point":1,"allow_recharge":false,"enable":true}`,
			`"level_id":"gold","consume_money":200,"reward_point":3,`, `"point_clear_rule":{"point_clear_rule_type":"ROLLING_DAYS","days":365}`,
			`"consume_money":100,"deducted_point":50,"enable":true`,
		}},
		{"recharge.qryrule", nil, []string{
			`"list_recharge_rule_detail_infos":{"recharge_rule_detail_open_info":[{"gift_value":1000,"real_value":10000}]}`, `"deduction_order":"2"`, `"full_gift_switch":true`,
		}},
		{"open.rule.get", []string{"mobile", ``, "outer_id", ``, "outer_type", ``}, []string{`"deducted_point":50`, `"deduction_order":"2"`}},
		{"point.cal", []string{"consume_point", `77`}, []string{`"consume_point":77,"deducted_money":154,`}},
	} {
		r, fault := w.json(crm+c.method, w.sample(crm+c.method, c.change...))
		if fault != nil {
			t.Errorf("%s: %v", c.method, fault)
			continue
		}
		for _, want := range c.want {
			if got := r.json(crm + c.method); !strings.Contains(got, want) {
				t.Errorf("%s:\n got %s\nwant %s", c.method, got, want)
			}
		}
	}
	if r, _ := w.json(crm+"open.rule.get", w.sample(crm+"open.rule.get")); r.Code != "MEMBER_NOT_FOUND" {
		t.Errorf("of nobody: %s", r.Code)
	}
}

// flowOps are three operations on the sample member: a charge with gift, points granted, a spend of both.
func flowOps() booked {
	at := moment.UnixMilli()
	lot := func(account string, n int64) ledger.LotID { return ledger.LotID{Account: account, N: n} }
	ops := booked{
		{ID: ledger.ID{15: 1}, Seq: 1, Kind: ledger.OpCharge, At: at, Member: "34243334", Order: "c1", Shop: "243545", Reason: "开卡", Postings: []ledger.Posting{
			{Lot: lot("34243334-1", 1), Kind: ledger.Real, Amount: 1000}, {Lot: lot("34243334-1", 2), Kind: ledger.Gift, Amount: 100},
		}, After: []ledger.Balances{{Account: "34243334-1", Sums: [ledger.Kinds]ledger.Amount{1000, 100}}}},
		{ID: ledger.ID{15: 2}, Seq: 2, Kind: ledger.OpGrant, At: at + 60_000, Member: "34243334", Order: "g1", Shop: "243545", Postings: []ledger.Posting{
			{Lot: lot("34243334-p", 1), Kind: ledger.Point, Amount: 50},
		}, After: []ledger.Balances{{Account: "34243334-p", Sums: [ledger.Kinds]ledger.Amount{0, 0, 0, 50}}}},
		{ID: ledger.ID{15: 3}, Seq: 3, Kind: ledger.OpSpend, At: at + 120_000, Member: "34243334", Order: "s1", Shop: "2131", Postings: []ledger.Posting{
			{Lot: lot("34243334-1", 1), Kind: ledger.Real, Amount: -300}, {Lot: lot("34243334-p", 1), Kind: ledger.Point, Amount: -20},
		}, After: []ledger.Balances{{Account: "34243334-1", Sums: [ledger.Kinds]ledger.Amount{700, 100}}, {Account: "34243334-p", Sums: [ledger.Kinds]ledger.Amount{0, 0, 0, 30}}}},
	}
	for i, o := range ops { // ids begin with their stamps
		for j := range 6 {
			o.ID[j] = byte(o.At >> (40 - 8*j))
		}
		ops[i] = o
	}
	return ops
}

func TestHistories(t *testing.T) {
	ops := flowOps()
	for _, c := range []struct {
		name, method, request string
		want                  string
	}{
		{"value, newest first", "recharge.accountflows.get", ``, `"result_list":{"page_query_account_flows_open_info":[{"account_id":"34243334-1","flow_id":"` + ops[2].ID.String() +
			`","flow_type":"DEDUT","gmt_create":"2026-03-01 12:02:00","gmt_modified":"2026-03-01 12:02:00","order_time":"2026-03-01 12:02:00","outer_order_id":"s1","shop_id":"2131","current_value":800,"order_value":-300,"gift_value":0,"deleted":false},{"account_id":"34243334-1",`},
		{"a page", "recharge.accountflows.get", `,"page_no":2,"page_size":1`, `"current_page":2,"has_next_page":false,"page_size":1,"result_code":"0","result_desc":"成功","result_list":{"page_query_account_flows_open_info":[{"account_id":"34243334-1","flow_id":"` + ops[0].ID.String()},
		{"more follow", "recharge.accountflows.get", `,"page_size":1`, `"has_next_page":true,"page_size":1,`},
		{"by type", "recharge.accountflows.get", `,"flow_types":"CHARGE,UNCHARGE"`, `"current_value":1100,"order_value":1100,"gift_value":100,"deleted":false}]},"result_view":"成功","total_page":1,"total_size":1`},
		{"by order", "recharge.accountflows.get", `,"out_order_id":"c1"`, `"total_size":1`},
		{"by time", "recharge.accountflows.get", `,"start_time":"2026-03-01 12:01:00","end_time":"2026-03-01 12:03:00"`, `"total_size":1`},
		{"nothing in time", "recharge.accountflows.get", `,"end_time":"2026-03-01 11:00:00"`, `"total_size":0`},
		{"another card", "recharge.accountflows.get", `,"card_id":"none"`, `"result_code":"CARD_NOT_FOUND"`},
		{"points", "point.querypointflow", ``, `"result_list":{"point_flow_open_info":[{"biz_type":"DEDUCT_FROM_CONSUME","biz_type_description":"消费抵扣","flow_id":"` + ops[2].ID.String() +
			`","out_biz_id":"s1","time":"2026-03-01 12:02:00","change_point":-20,"remain_point":30},{"biz_type":"EXTRA_CHARGE"`},
		{"points that came", "point.querypointflow", `,"point_flow_type":"POINT_INCREASE"`, `"change_point":50,"remain_point":50}]},"result_view":"","total_page":1,"total_size":1`},
		{"points say 200", "point.querypointflow", ``, `"result_code":"200"`},
		{"detail by flow", "recharge.account.flowdetail.get", `,"flow_id":"` + ops[0].ID.String() + `"`, `"after_property_list":{"recharge_account_property_open_info":[{"type":"REAL","value":1000},{"type":"GIFT","value":100},{"type":"PRE","value":0}]}`},
		{"detail of no value", "recharge.account.flowdetail.get", `,"flow_id":"` + ops[1].ID.String() + `"`, `"result_code":"FLOW_NOT_FOUND"`},
		{"detail of what is no id", "recharge.account.flowdetail.get", `,"flow_id":"34243334"`, `"result_code":"FLOW_NOT_FOUND"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			w.state, w.history = w.sampleState, ops
			r, fault := w.json(crm+c.method, `{"brand_id":"1332","customer_id":"34243334","shop_id":"243545"`+c.request+`}`)
			if fault != nil {
				t.Fatal(fault)
			}
			if got := r.json(crm + c.method); !strings.Contains(got, c.want) {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}
