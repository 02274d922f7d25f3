package api

import (
	"testing"

	"recoup/internal/ledger"
)

// content is the content digest of a call.
func content(t *testing.T, method, request string) ledger.Digest {
	t.Helper()
	w := setup(t)
	w.session = merchant(w)
	w.result = ledger.Result{IDs: []string{"1", "2"}, Numbers: []int64{3, 4, 5}}
	return w.command(method, request).Common().Content
}

func TestSameContent(t *testing.T) {
	w := setup(t)
	recharge := func(change ...string) string { return w.sample(rechargeName, change...) }
	refund := func(change ...string) string { return w.sample(crm+"open.assert.refund", change...) }
	submit := func(change ...string) string { return w.sample(wdk+"reverse.creatrefund", change...) }
	point := func(change ...string) string { return w.sample(crm+"point.reversepoint", change...) }
	for _, c := range []struct{ name, method, a, b string }{
		{"9 and \"9\"", rechargeName, recharge("change_value", `9`), recharge("change_value", `"9"`)},
		{"9 and 9.0", rechargeName, recharge("change_value", `9`), recharge("change_value", `9.0`)},
		{"number for text", rechargeName, recharge("customer_id", `34243334`), recharge("customer_id", `"34243334"`)},
		{"absent and null", rechargeName, recharge("mobile", ``), recharge("mobile", `null`)},
		{"absent and empty", rechargeName, recharge("mobile", ``), recharge("mobile", `""`)},
		{"absent and blank", rechargeName, recharge("mobile", ``), recharge("mobile", `"  "`)},
		{"absent and empty list", wdk + "reverse.creatrefund", submit("proofs", ``), submit("proofs", `[]`)},
		{"absent and empty text for a list", crm + "open.assert.refund", refund("voucher_id_list", ``), refund("voucher_id_list", `""`)},
		{"spellings of a mobile", rechargeName, recharge("mobile", `"18651822226"`), recharge("mobile", `"+86 186-5182-2226"`)},
		{"order of members", rechargeName, sample002, `{"new_outer_order_id":"23829392","shop_id":"243545","request_id":"249fdj242242xd","reason":"测试","outer_type":"wechat","outer_order_id":"2424535354","outer_id":"435532","operator_id":"322343434","operate_type":1,"mobile":"18651822226","customer_id":"34243334","change_value":1000,"brand_id":"1332"}`},
		{"unknown members", rechargeName, recharge(), recharge("extra", `{"a":[1]}`)},
		{"another operator", rechargeName, recharge(), recharge("operator_id", `"9"`)},
		{"another reason", rechargeName, recharge(), recharge("reason", ``)},
		{"another operator's name", crm + "point.reversepoint", point(), point("operator_name", `"x"`, "reason", `"y"`)},
		{"another remark", crm + "open.customer.save", w.sample(crm + "open.customer.save"), w.sample(crm+"open.customer.save", "remark", `"x"`)},
		{"lists are sets", crm + "open.assert.refund", refund("voucher_id_list", `["123","456"]`), refund("voucher_id_list", `"456,123,456"`)},
		{"nested operator", wdk + "reverse.creatrefund", submit(), submit("operator", `{"operator_type":"6","operator_id":"other"}`)},
		{"order of channels", wdk + "reverse.creatrefund", submit("refund_channel_list", `[{"code":"1","amount":1},{"code":"2","amount":2}]`), submit("refund_channel_list", `[{"amount":2,"code":"2"},{"amount":1,"code":"1"}]`)},
		{"numbers as texts in lists", wdk + "reverse.creatrefund", submit("biz_order_ids", `[1,2]`), submit("biz_order_ids", `"2,1"`)},
		{
			"pay_infos as text and as list", wdk + "trade.order.success.create",
			w.sample(wdk+"trade.order.success.create", "pay_infos", `"[{\"code\":\"10001\",\"amount\":3000}]"`),
			w.sample(wdk+"trade.order.success.create", "pay_infos", `[{"amount":"3000","code":10001}]`),
		},
	} {
		if content(t, c.method, c.a) != content(t, c.method, c.b) {
			t.Errorf("%s: differs", c.name)
		}
	}
}

func TestOtherContent(t *testing.T) {
	w := setup(t)
	recharge := func(change ...string) string { return w.sample(rechargeName, change...) }
	submit := func(change ...string) string { return w.sample(wdk+"reverse.creatrefund", change...) }
	const order = wdk + "trade.order.success.create"
	for _, c := range []struct{ name, method, a, b string }{
		{"amount", rechargeName, recharge(), recharge("change_value", `1001`)},
		{"order", rechargeName, recharge(), recharge("outer_order_id", `"other"`)},
		{"member", rechargeName, recharge(), recharge("customer_id", ``)},
		{"texts keep their zeros", rechargeName, recharge("customer_id", `"09"`), recharge("customer_id", `"9"`)},
		{"value moved to the next member", rechargeName, recharge("customer_id", `"18651822226"`, "mobile", ``), recharge("customer_id", ``, "mobile", `"18651822226"`)},
		{"all vouchers and none", crm + "open.assert.refund", w.sample(crm+"open.assert.refund", "voucher_id_list", ``), w.sample(crm+"open.assert.refund", "voucher_id_list", `[]`)},
		{"voucher", crm + "open.assert.refund", w.sample(crm + "open.assert.refund"), w.sample(crm+"open.assert.refund", "voucher_id_list", `["123"]`)},
		{"cut of two items", crm + "open.assert.refund", w.sample(crm+"open.assert.refund", "voucher_id_list", `["12","3"]`), w.sample(crm+"open.assert.refund", "voucher_id_list", `["1","23"]`)},
		{"operator's type", wdk + "reverse.creatrefund", submit(), submit("operator", `{"operator_type":5}`)},
		{"a channel twice", wdk + "reverse.creatrefund", submit("refund_channel_list", `[{"code":"1","amount":1}]`), submit("refund_channel_list", `[{"code":"1","amount":1},{"code":"1","amount":1}]`)},
		{"amount 0 and none", wdk + "reverse.creatrefund", submit("refund_channel_list", `[{"code":"1","amount":0}]`), submit("refund_channel_list", `[{"code":"1"}]`)},
		{
			"order of sub-orders", order,
			w.sample(order, "sub_info_list", `[{"out_sub_order_id":"a","pay_fee":1},{"out_sub_order_id":"b","pay_fee":1}]`),
			w.sample(order, "sub_info_list", `[{"out_sub_order_id":"b","pay_fee":1},{"out_sub_order_id":"a","pay_fee":1}]`),
		},
	} {
		if content(t, c.method, c.a) == content(t, c.method, c.b) {
			t.Errorf("%s: the same", c.name)
		}
	}
}

// The request key binds app, brand, method and request_id, each apart.
func TestRequestKey(t *testing.T) {
	w := setup(t)
	base := *w.command(rechargeName, w.sample(rechargeName)).Common()
	for name, other := range map[string]ledger.Digest{
		"request_id": w.command(rechargeName, w.sample(rechargeName, "request_id", `"x"`)).Common().Request,
		"brand":      w.command(rechargeName, w.sample(rechargeName, "brand_id", `"342343043"`)).Common().Request,
		"method":     keyOf("12345678", "1332", "other", "249fdj242242xd"),
		"cut":        keyOf("123456781332", "", rechargeName, "249fdj242242xd"),
	} {
		if other == base.Request {
			t.Errorf("%s does not count", name)
		}
	}
	w.app.Key = "87654321"
	if w.command(rechargeName, w.sample(rechargeName)).Common().Request == base.Request {
		t.Error("the app does not count")
	}
}

// A refund is the same refund under a new request_id if original, amount and vouchers are.
func TestRefundKeys(t *testing.T) {
	const refund = crm + "open.assert.refund"
	w := setup(t)
	base := w.command(refund, w.sample(refund)).(*ledger.RefundAssets).Keyed
	for _, c := range []struct {
		name                 string
		change               []string
		sameRefund, sameBody bool
	}{
		{"another request", []string{"request_id", `"x"`, "mobile", ``, "operator_id", `"1"`}, true, true},
		{"vouchers in another order", []string{"voucher_id_list", `"456,123"`}, true, true},
		{"another number", []string{"new_outer_order_id", `"x"`}, false, true},
		{"another original", []string{"outer_order_id", `"x"`}, true, false},
		{"another voucher", []string{"voucher_id_list", `"456"`}, true, false},
		{"no vouchers", []string{"voucher_id_list", ``}, true, false},
		{"another brand", []string{"brand_id", `"1332"`, "shop_id", `"243545"`}, false, true},
	} {
		k := w.command(refund, w.sample(refund, c.change...)).(*ledger.RefundAssets).Keyed
		if (k.Refund == base.Refund) != c.sameRefund || (k.Original == base.Original) != c.sameBody {
			t.Errorf("%s: refund %v, original %v", c.name, k.Refund == base.Refund, k.Original == base.Original)
		}
	}
	amount := func(json string) ledger.Digest {
		return w.command(crm+"point.reversepoint", w.sample(crm+"point.reversepoint", "change_point", json)).(*ledger.ReverseSpend).Original
	}
	if amount(`23`) != amount(`"23"`) || amount(`23`) == amount(`24`) || amount(`23`) == amount(``) {
		t.Error("the amount of a reversal")
	}
}
