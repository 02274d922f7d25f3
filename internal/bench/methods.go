package bench

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// A template is a call of the catalogue. In its request «B» is the brand, «S» the shop, «M» the member, «O» the number of this call, «P» the
// number of the call that it is about, and «K» what the answer of that call said.
type template struct {
	name    string // of the line; the method's, if left out
	method  string
	param   string
	request string
	about   string              // the line whose calls it is about: it is sent once for each of them
	keep    func([]byte) string // what of an answer later calls need
	most    int64               // how many may be sent; 0: any number
}

const alsc, wdk = "alibaba.alsc.crm.", "alibaba.wdk."

// templates are every method that is called on a member's or an order's behalf, in an order in which each finds what it needs.
var templates = []template{
	{
		method: alsc + "customer.create", param: "param_customer_create_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","outer_type":"wechat","outer_id":"«O»","name":"小王","operator_id":"8","request_id":"«O»"`,
	},
	{
		method: alsc + "open.customer.save", param: saveParam,
		request: `"brand_id":"«B»","shop_id":"«S»","outer_type":"wechat","outer_id":"«O»","name":"小王","operator_id":"8","request_id":"«O»"`,
	},
	{
		method: alsc + "customer.update", param: "param_customer_update_open_req",
		request: `"brand_id":"«B»","customer_id":"«M»","name":"«O»","operator_id":"8","request_id":"«O»"`,
	},
	{
		method: alsc + "customer.get", param: "param_customer_id_query_open_req", keep: after(`"card_id":"`, `"`),
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","options":["CARD","RECHARGE","POINT","VOUCHER"]`,
	},
	{
		method: alsc + "open.customer.get", param: customerParam,
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»"`,
	},

	{
		name: "recharge.operate 1 (charge)", method: recharge, param: rechargeParam,
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","operate_type":1,"change_value":1000,"operator_id":"8","outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		name: "recharge.operate 4 (its refund)", method: recharge, param: rechargeParam, about: "recharge.operate 1 (charge)",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","operate_type":4,"change_value":1000,"operator_id":"8","outer_order_id":"«P»","new_outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		name: "recharge.operate 2 (freeze)", method: recharge, param: rechargeParam,
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","operate_type":2,"change_value":10,"operator_id":"8","outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		name: "recharge.operate 3 (verify)", method: recharge, param: rechargeParam, about: "recharge.operate 2 (freeze)",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","operate_type":3,"change_value":10,"operator_id":"8","outer_order_id":"«P»","request_id":"«O»"`,
	},
	{
		method: alsc + "recharge.chargeprecheck.get", param: "param_charge_pre_check_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»"`,
	},
	{
		method: alsc + "recharge.charge.update", param: "param_recharge_open_req", about: "customer.get",
		request: `"brand_id":"«B»","shop_id":"«S»","card_id":"«K»","real_value":1000,"gift_value":100,"operator_id":"8","outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		method: alsc + "recharge.unchargecheck.get", param: "param_uncharge_check_open_req", about: "recharge.charge.update",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","src_outer_order_id":"«P»"`,
	},
	{
		method: alsc + "recharge.uncharge.update", param: "param_uncharge_open_req", about: "recharge.charge.update",
		request: `"brand_id":"«B»","shop_id":"«S»","src_outer_order_id":"«P»","outer_order_id":"«O»","operator_id":"8","request_id":"«O»"`,
	},
	{
		method: alsc + "recharge.dedutprecheck.get", param: "param_deduct_pre_check_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","value":10`,
	},
	{
		method: alsc + "recharge.dedut.update", param: "param_dedut_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","value":10,"operator_id":"8","outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		method: alsc + "recharge.account.flowdetail.get", param: "param_query_recharge_account_flow_open_req", about: "recharge.dedut.update",
		request: `"brand_id":"«B»","outer_order_id":"«P»"`,
	},
	{
		method: alsc + "recharge.undedut.update", param: "param_undedut_open_req", about: "recharge.dedut.update",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","value":10,"operator_id":"8","outer_order_id":"«P»","new_outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		method: alsc + "recharge.account.get", param: "param_query_recharge_account_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»"`,
	},
	flows,
	{
		method: alsc + "recharge.qryrule", param: "param_pull_recharge_rule_by_shop_req",
		request: `"brand_id":"«B»","shop_id":"«S»"`,
	},

	{
		method: alsc + "point.extracharge", param: "param_extra_charge_point_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","biz_channel":"CS/KRY","change_point":50,"operator_id":"8","out_biz_id":"«O»","reason":"赠送","request_id":"«O»"`,
	},
	{
		method: alsc + "point.extra.consume", param: "param_extra_consume_point_open_req", about: "point.extracharge",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","biz_channel":"CS/KRY","change_point":10,"operator_id":"8","out_biz_id":"«P»","reason":"取消","request_id":"«O»"`,
	},
	{
		method: alsc + "point.chkpntbypay", param: "param_consume_point_by_pay_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","change_point":1`,
	},
	{
		method: alsc + "point.consumepoint", param: "param_consume_point_open_req", about: "point.extracharge", // so that the points are there
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","biz_channel":"CS/KRY","change_point":1,"operator_id":"8","operator_name":"小王","out_biz_id":"«O»","reason":"抵扣","request_id":"«O»"`,
	},
	{
		method: alsc + "point.reversepoint", param: "param_reverse_consume_point_open_req", about: "point.consumepoint",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","biz_channel":"CS/KRY","biz_type":"DEDUCT_FROM_CONSUME_REVERSE","change_point":1,"operator_id":"8","operator_name":"小王","out_biz_id":"«P»","reverse_order_id":"«O»","reason":"回退","request_id":"«O»"`,
	},
	{
		method: alsc + "open.point.operate", param: "param_point_operate_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","change_point":10,"operate_type":1,"operator_id":"8","outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		method: alsc + "point.cal", param: "param_calculate_deducted_money_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","consume_point":10`,
	},
	{
		method: alsc + "point.querypointflow", param: "param_page_query_point_flow_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","page_no":1,"page_size":20`,
	},
	{
		method: alsc + "point.rule.get", param: "param_query_point_rule_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»"`,
	},

	{
		method: alsc + "open.assert.verify", param: "param_property_verify_open_req", about: "point.extracharge",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","value":10,"point":1,"operator_id":"8","outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		method: refund, param: refundParam, about: "open.assert.verify",
		request: `"brand_id":"«B»","shop_id":"«S»","operator_id":"8","outer_order_id":"«P»","new_outer_order_id":"«O»","request_id":"«O»"`,
	},
	{
		method: alsc + "voucher.send", param: "param_voucher_send_open_req", keep: after(`"string":["`, `"`),
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","voucher_id":"T","voucher_num":1,"operator_id":"8","request_id":"«O»"`,
	},
	{
		method: alsc + "voucher.status.change", param: "param_voucher_status_change_open_req", about: "voucher.send",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","voucher_id_list":["«K»"],"voucher_status_action":"NORMAL_ISUSED","operator_id":"8","operator_name":"小王","out_order_id":"«O»","source":"POS","request_id":"«O»"`,
	},
	{
		method: alsc + "customer.voucher.list", param: "customer_voucher_full_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","page_no":1,"page_size":20`,
	},
	{
		method: alsc + "voucher.template.list", param: "voucher_template_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","page_no":1,"page_size":20`,
	},
	bill, unbill,
	{
		method: alsc + "open.rule.get", param: "param_rule_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»"`,
	},

	order,
	{
		method: wdk + "reverse.timeslice", param: "param_query_time_slice_req", about: "trade.order.success.create",
		request: `"store_id":"«S»","main_out_order_id":"«P»","sub_out_order_ids":["«P»-1"]`,
	},
	quote, submit,
	{method: wdk + "reverse.reversedetail", param: "reverse_id", about: "reverse.creatrefund", request: `«K»`},
	{
		method: wdk + "order.refund.list", param: "batch_query_refund_request",
		request: `"store_id":"«S»","start_time":"2020-01-01 00:00:00","end_time":"2099-01-01 00:00:00","page_index":0,"page_size":20`,
	},
	{method: "taobao.time.get"},
}

// Calls of a day, and of every method.
var (
	flows = template{
		method: alsc + "recharge.accountflows.get", param: "param_page_query_account_flows_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","customer_id":"«M»","page_no":1,"page_size":20`,
	}
	bill = template{
		name: "open.order.backflow PAID", method: alsc + "open.order.backflow", param: "param_order_backflow_open_req",
		request: `"brand_id":"«B»","shop_id":"«S»","action":"PAID","operator_id":"8","request_id":"«O»","order_info":{"outer_order_id":"«O»","vip_user_id":"«M»","actual_fee":1000},"payment_info_list":[{"pay_method":"10001","payment_status":"SUCCESS","user_pay_amount":1000}]`,
	}
	unbill = template{
		name: "open.order.backflow REFUND", method: alsc + "open.order.backflow", param: "param_order_backflow_open_req", about: "open.order.backflow PAID",
		request: `"brand_id":"«B»","shop_id":"«S»","action":"REFUND","operator_id":"8","request_id":"«O»","order_info":{"outer_order_id":"«P»","vip_user_id":"«M»","actual_fee":1000},"refund_info_list":[{"refund_status":"SUCCESS","out_refund_no":"«O»","refund_amount":500}]`,
	}
	order = template{
		method: wdk + "trade.order.success.create", param: "order_request",
		request: `"store_id":"«S»","out_order_id":"«O»","pay_fee":3000,"post_fee":0,"sub_info_list":[{"out_sub_order_id":"«O»-1","pay_fee":2000},{"out_sub_order_id":"«O»-2","pay_fee":1000}],"pay_infos":"[{\"code\":\"10001\",\"amount\":3000}]"`,
	}
	quote = template{method: wdk + "reverse.applyrefund", param: "param_apply_reverse_req", about: "trade.order.success.create", keep: quoted, most: 4000, // a store has 10,000 live quotes at most

		request: `"store_id":"«S»","sub_out_order_ids":["«P»-1"]`}
	submit = template{
		method: wdk + "reverse.creatrefund", param: "param_create_reverse_req", about: "reverse.applyrefund", keep: after(`"reverse_ids":{"number":[`, `]`),
		request: `"store_id":"«S»",«K»,"refund_amount":2000,"reason_id":1001,"reason_text":"变质","operator":{"operator_id":"8","operator_type":6},"refund_channel_list":[{"code":"10001","amount":2000}]`,
	}
)

// after takes what lies behind a text in an answer, up to another.
func after(text, end string) func([]byte) string {
	return func(body []byte) string {
		_, rest, _ := bytes.Cut(body, []byte(text))
		found, _, _ := bytes.Cut(rest, []byte(end))
		return string(found)
	}
}

// quoted takes what a refund must repeat of its quote.
func quoted(body []byte) string {
	return fmt.Sprintf(`"biz_order_ids":[%s],"request_id":"%s"`, after(`"biz_order_ids":{"number":[`, `]`)(body), after(`"request_id":"`, `"`)(body))
}

// title names a line.
func (t *template) title() string {
	if t.name != "" {
		return t.name
	}
	return strings.TrimPrefix(strings.TrimPrefix(t.method, alsc), wdk)
}

// call makes the call with its numbers.
func (t *template) call(member, own, about, kept string) (method, param, request string) {
	request = strings.NewReplacer("«B»", Brand, "«S»", Shop, "«M»", member, "«O»", own, "«P»", about, "«K»", kept).Replace(t.request)
	if strings.HasPrefix(request, `"`) {
		request = "{" + request + "}"
	}
	return t.method, t.param, request
}

// A sequence is calls of one template, and what their answers said.
type sequence struct {
	*template
	run     string
	members Members
	about   *sequence
	kept    sync.Map // by call
	calls   int64    // how many were sent
}

// Call makes the n-th call.
func (q *sequence) Call(n int64) (method, param, request string) {
	var about, kept string
	if q.about != nil {
		about = q.about.number(n)
		if k, ok := q.about.kept.Load(n); ok {
			kept, _ = k.(string)
		}
	}
	return q.call(q.members.of(n), q.number(n), about, kept)
}

func (q *sequence) number(n int64) string { return fmt.Sprintf("%s-%d", q.run, n) }

// Heard keeps what later calls need.
func (q *sequence) Heard(n int64, body []byte) {
	if q.keep != nil {
		q.kept.Store(n, q.keep(body))
	}
}

// A day is what a chain's tills send through a day, in rounds about one member each: two charges, two debits, a bill, a look at the member and
// at its flows, an order; and of rounds before the refund of a debit, half of a bill, a quote for a line of an order, and its refund.
type day struct {
	run     string
	members Members
	tokens  sync.Map // by round
}

// behind is how many rounds lie between a call and one that is about it, so that it is answered by then.
const behind = 1000

// daySlots is how many calls a round has.
const daySlots = 12

// Call makes the n-th call of the day. What has nothing to be about, at the beginning, is a charge.
func (d *day) Call(n int64) (string, string, string) {
	round, slot := n/daySlots, n%daySlots
	own := fmt.Sprintf("%s-%d", d.run, n)
	at := func(back int64, slot int64) string { return fmt.Sprintf("%s-%d", d.run, (round-back)*daySlots+slot) }
	member := func(back int64) string { return d.members.of(round - back) }
	switch {
	case slot == 1, slot == 8:
		return debit.call(member(0), own, "", "")
	case slot == 2:
		return bill.call(member(0), own, "", "")
	case slot == 3:
		return lookup.call(member(0), own, "", "")
	case slot == 4:
		return flows.call(member(0), own, "", "")
	case slot == 5:
		return order.call(member(0), own, "", "")
	case slot == 6 && round >= behind:
		return giveBack.call(member(behind), own, at(behind, 1), "")
	case slot == 7 && round >= behind:
		return unbill.call(member(behind), own, at(behind, 2), "")
	case slot == 9 && round >= behind:
		return quote.call("", own, at(behind, 5), "")
	case slot == 10 && round >= 2*behind:
		if kept, ok := d.tokens.LoadAndDelete(round - behind); ok {
			return submit.call("", own, "", fmt.Sprint(kept))
		}
	}
	return topUp.call(member(0), own, "", "")
}

// Heard keeps the quotes.
func (d *day) Heard(n int64, body []byte) {
	if n%daySlots == 9 && n/daySlots >= behind {
		d.tokens.Store(n/daySlots, quoted(body))
	}
}

// Of a day, found among the templates.
var debit, lookup, giveBack, topUp = named("recharge.dedut.update"), named("open.customer.get"), named("open.assert.refund"), named("recharge.operate 1 (charge)")

func named(title string) *template {
	for i := range templates {
		if templates[i].title() == title {
			return &templates[i]
		}
	}
	panic("bench: no template " + title)
}
