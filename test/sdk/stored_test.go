package sdk

import (
	"fmt"
	"strings"
	"testing"
)

// A step is one call of a story, and what its answer must hold.
type step struct {
	method, request string // the method behind alibaba.alsc.crm.; the request without brand, shop, operator and request_id
	want            []string
}

// The life of a charge and of a spend through the methods of stored value, points and vouchers and, for the same things, the open family: one cap holds
// over all of them, prechecks say beforehand what the update then answers, and the figures of an answer are those of its operation.
func TestStoredValue(t *testing.T) { onEach(t, testStoredValue) }

func testStoredValue(t *testing.T, open opener) {
	w := open(t)
	_, who, card := w.newMember("13900001111")
	yes, no := `"biz_success":true,"result":true,"result_code":"0"`, `"biz_success":true,"result":false,"result_code":"`
	refused := `"biz_success":false,"result_code":"`
	kinds := func(name string, realValue, gift, pre int) string {
		return fmt.Sprintf(`"%s_property_list":[{"type":"REAL","value":%d},{"type":"GIFT","value":%d},{"type":"PRE","value":%d}]`, name, realValue, gift, pre)
	}
	story := []step{
		{"recharge.chargeprecheck.get", card, []string{yes}},
		{"recharge.chargeprecheck.get", `"card_id":"none"`, []string{no + "MEMBER_NOT_FOUND"}},
		{"recharge.charge.update", card + `,"outer_order_id":"sv-c","remark":"开卡"`, []string{"isv.missing-parameter", "real_value"}},
		{"recharge.charge.update", card + `,"outer_order_id":"sv-c","real_value":1000,"gift_value":100,"pre_value":50,"remark":"开卡"`, []string{
			kinds("before", 0, 0, 0), kinds("affected", 1000, 100, 50), kinds("after", 1000, 100, 50),
			`"flow_type":"CHARGE"`, `"outer_order_id":"sv-c"`, `"remark":"开卡"`, `"current_value":1150,"order_value":1150`, card,
		}},
		{"recharge.charge.update", card + `,"outer_order_id":"sv-c","real_value":1`, []string{refused + "ORDER_NO_CONFLICT"}},

		{"recharge.dedutprecheck.get", card + `,"value":1151`, []string{no + "INSUFFICIENT_BALANCE", "11.50元"}},
		{"recharge.dedutprecheck.get", who + `,"value":1150`, []string{yes}},
		{"recharge.dedut.update", who + `,"outer_order_id":"sv-d","value":1151`, []string{refused + "INSUFFICIENT_BALANCE"}},
		{"recharge.dedut.update", who + `,"outer_order_id":"sv-d","value":1020`, []string{
			kinds("before", 1000, 100, 50), kinds("affected", -1000, 0, -20), kinds("after", 0, 100, 30),
			`"flow_type":"DEDUT"`, `"current_value":130,"order_value":1020`,
		}},
		{"recharge.dedutprecheck.get", who + `,"value":1020`, []string{no + "INSUFFICIENT_BALANCE", "1.30元"}},

		{"recharge.unchargecheck.get", who + `,"src_outer_order_id":"sv-c"`, []string{no + "CHARGE_SPENT"}},
		{"recharge.uncharge.update", `"src_outer_order_id":"sv-c","outer_order_id":"sv-u"`, []string{refused + "CHARGE_SPENT"}},
		{"recharge.undedut.update", who + `,"outer_order_id":"sv-d","new_outer_order_id":"sv-r1","value":1021`, []string{refused + "OVER_REFUND", "10.20元"}},
		{"recharge.undedut.update", who + `,"outer_order_id":"sv-d","new_outer_order_id":"sv-r1","value":120`, []string{
			kinds("before", 0, 100, 30), kinds("affected", 100, 0, 20), kinds("after", 100, 100, 50), `"flow_type":"UNDEDUT"`, `"outer_order_id":"sv-d"`,
		}},
		{"recharge.undedut.update", who + `,"outer_order_id":"sv-d","new_outer_order_id":"sv-r2","value":901`, []string{refused + "OVER_REFUND", "9.00元"}},
		{"open.assert.refund", who + `,"outer_order_id":"sv-d","new_outer_order_id":"sv-r3"`, []string{`"value_success":true`}},
		{"recharge.undedut.update", who + `,"outer_order_id":"sv-d","new_outer_order_id":"sv-r4"`, []string{refused + "ALREADY_REVERSED"}},

		{"open.recharge.operate", who + `,"operate_type":2,"outer_order_id":"sv-h","change_value":900`, []string{yes}},
		{"recharge.unchargecheck.get", card + `,"src_outer_order_id":"sv-c"`, []string{no + "CHARGE_SPENT"}},
		{"recharge.dedut.update", who + `,"outer_order_id":"sv-h","value":1`, []string{refused + "HOLD_EXISTS"}},
		{"recharge.uncharge.update", `"src_outer_order_id":"sv-h","outer_order_id":"sv-u3"`, []string{
			`"result":{` + kinds("affected", 0, 0, 0) + `,"account_id":`, `"flow_type":"UNFREEZE"`, card, `"order_value":0`,
		}},
		{"recharge.unchargecheck.get", card + `,"src_outer_order_id":"sv-c"`, []string{yes}},
		{"open.recharge.operate", `"operate_type":4,"outer_order_id":"sv-c","new_outer_order_id":"sv-r5","change_value":400`, []string{yes}},
		{"recharge.unchargecheck.get", card + `,"src_outer_order_id":"sv-none"`, []string{no + "ORIGINAL_NOT_FOUND"}},
		{"recharge.uncharge.update", card + `,"src_outer_order_id":"sv-c","outer_order_id":"sv-u"`, []string{
			kinds("before", 600, 60, 30), kinds("affected", -600, -60, -30), kinds("after", 0, 0, 0), `"flow_type":"UNCHARGE"`, `"outer_order_id":"sv-c"`, `"order_value":690`,
		}},
		{"recharge.unchargecheck.get", card + `,"src_outer_order_id":"sv-c"`, []string{no + "ALREADY_REVERSED"}},
		{"recharge.uncharge.update", card + `,"src_outer_order_id":"sv-c","outer_order_id":"sv-u2"`, []string{refused + "ALREADY_REVERSED"}},
		{"open.recharge.operate", `"operate_type":4,"outer_order_id":"sv-c","new_outer_order_id":"sv-r6"`, []string{refused + "ALREADY_REVERSED"}},
		{"recharge.account.get", card, []string{
			`"gift_value":0,"gift_value_total":100,"pre_value":0,"pre_value_total":50,"real_value":0,"real_value_total":1000,"usable_value":0`,
		}},
		{"recharge.account.get", who + `,"account_id":"none"`, []string{refused + "CARD_NOT_FOUND"}},

		{"point.extracharge", who + `,"out_biz_id":"sv-p","change_point":50`, []string{`"biz_success":true,"result":"`}},
		{"point.extracharge", who + `,"out_biz_id":"sv-p","change_point":5`, []string{refused + "ORDER_NO_CONFLICT"}},
		{"point.chkpntbypay", who + `,"change_point":51`, []string{no + "INSUFFICIENT_POINT", "50"}},
		{"point.chkpntbypay", who + `,"change_point":50`, []string{`"result":true,"result_code":"200"`}},
		{"point.consumepoint", who + `,"out_biz_id":"sv-q","change_point":50`, []string{`"biz_success":true`}},
		{"point.chkpntbypay", who + `,"change_point":1`, []string{no + "INSUFFICIENT_POINT"}},

		{"voucher.send", who + `,"voucher_id":"T200","voucher_num":3`, []string{`"biz_success":true`}},
		{"customer.voucher.list", who + `,"voucher_status_list":"NORMAL","page_size":2`, []string{`"has_next_page":true`, `"title":"八五折券"`, `"discount_rate":"8.5"`, `"total_size":3`}},
		{"customer.voucher.list", who + `,"voucher_status_list":["ISUSED"]`, []string{`"total_size":0`}},
	}
	first := make([]string, len(story))
	for i, s := range story {
		body := w.crm(s.method, fmt.Sprint("sv-", i), s.request)
		first[i] = body
		for _, want := range s.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s %s:\n got %s\nwant %s", s.method, s.request, body, want)
			}
		}
	}
	// What was done, asked again: the answer has the figures of then, and nothing moves.
	books, again := w.books(), 0
	for i, s := range story {
		if !strings.Contains(first[i], `"flow_id"`) {
			continue
		}
		again++
		if got := w.crm(s.method, fmt.Sprint("sv-", i), s.request); withoutID(got) != withoutID(first[i]) {
			t.Errorf("%s %s again:\n got %s\nwant %s", s.method, s.request, got, first[i])
		}
	}
	if w.books() != books || again != 5 {
		t.Errorf("something moved, or %d calls were repeated", again)
	}
}

// withoutID is an answer but for the id of the call itself, which ends it.
func withoutID(body string) string { return body[:strings.LastIndex(body, `,"request_id"`)] }
