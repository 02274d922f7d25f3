package api

import (
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// Assets of an order, verified and given back together (document 000).

// assertRefund declares alibaba.alsc.crm.open.assert.refund (semantics.md §5).
func assertRefund() *Method {
	var (
		brand    = id("brand_id", "342343043", "saas品牌id", "Brand.").must()
		mobile   = mobileNo("手机号", "Mobile number of the member, as now or as sent with the original.")
		number   = id("new_outer_order_id", "3439200320332", "退款的订单号", "Number of the refund, unique in the brand.").must()
		operator = id("operator_id", "23438993", "操作人", "Who did it.").must()
		outer    = id("outer_id", "20883892193012033", "外部id", "Outer id of the member.")
		order    = id("outer_order_id", "43923200230233", "原订单号,就是核销的订单号", "The order that was verified.").must()
		outType  = outerType("alipay")
		request  = requestID("232a283b23239c7823f23d23")
		shop     = id("shop_id", "23829323", "saas门店id", "Shop.").must()
		vouchers = ids("voucher_id_list", `["123","456"]`, "券实例id集合,缺省为本单全部未退回的券,空列表为不退券", "Vouchers to give back; all of the order if absent, none if the list is empty.").orNone()
		customer = id("customer_id", "34342243", "顾客id", "Member of the original; from the original if absent.")
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		no, original, list := in.text(number), in.text(order), in.texts(vouchers)
		return &ledger.RefundAssets{Head: head, Order: original, Number: no, Vouchers: list, Keyed: in.keyed(no, original, 0, list)}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.open.assert.refund", Group: groupCRM, Published: true,
		Zh: "资产核销回退接口", En: "Give verified assets back",
		About: "回退已经核销的储值积分券资产。退回订单剩余的全部储值与积分(同进同退),券逐张退回;部分成功时biz_success为false,result_code为PARTIAL。",
		Notes: "Gives back what is left of an order's verified value and points, together or not at all, and its vouchers one by one. When not all that was asked for is back, biz_success is false and result_code PARTIAL.",
		Param: "param_property_refund_open_req", ParamZh: "入参", ParamEn: "What to give back.",
		Request: structure("PropertyRefundOpenReq",
			brand, mobile, number, operator, outer, order, outType, request, shop, vouchers, customer),
		Response: commonResult(object("result", structure("PropertyRefundOpenInfo",
			boolean("point_success", "true", "回退积分是否成功", "Points are back, now or before, or the order used none."),
			boolean("value_success", "true", "回退储值是否成功", "Value is back, now or before, or the order used none."),
			objects("voucher_status_list", voucherStatus(), "券实例状态", "Each voucher."),
		), "结果", "What is back; also with refusals that judged the assets.")),
		Codes: answers(ledger.Partial, ledger.RefundNoConflict, ledger.IllegalState, ledger.ShopNotFound, ledger.MemberMismatch,
			ledger.OriginalNotFound, ledger.AlreadyReversed, ledger.VoucherNotInOrder, ledger.WindowPassed, ledger.OtherShop),
		tenant: crmBrand, answer: write(build, assetFlags), wrap: wrapCommon,
	}
}

// assertVerify declares alibaba.alsc.crm.open.assert.verify (semantics.md §5).
func assertVerify() *Method {
	const param = "param_property_verify_open_req"
	var (
		vouchers = ids("voucher_id_list", `["123","456"]`, "需要核销的券实例id", "Vouchers to verify.")
		brand    = id("brand_id", "342343043", "saas品牌id", "Brand.").must()
		mobile   = mobileNo("手机号", "Mobile number of the member.")
		operator = id("operator_id", "23438993", "操作人id", "Who did it.")
		outer    = id("outer_id", "20883892193012033", "外部id", "Outer id of the member.")
		order    = id("outer_order_id", "43923200230240", "外部订单号", "The order that is paid.").must()
		outType  = outerType("alipay")
		request  = requestID("9f1c5b0a7d2e")
		shop     = id("shop_id", "23829323", "saas门店id", "Shop.").must()
		card     = id("card_id", "", "需要核销的卡号,缺省为会员卡", "Card or gift card to take value from; the member card if absent.")
		customer = id("customer_id", "34342243", "顾客id", "Member; or mobile, or outer_id with outer_type.")
		point    = points("point", "50", "需要核销的积分", "Points to verify.")
		value    = amount("value", "1000", "需要核销的储值,单位:分", "Fen of stored value to verify.")
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		c := &ledger.Spend{Head: head, Order: in.text(order), Vouchers: in.texts(vouchers), Report: true}
		if in.has(value) {
			c.Wants = append(c.Wants, ledger.Want{Family: ledger.Value, Amount: ledger.Amount(in.num(value)), Field: param + ".value"})
		}
		if in.has(point) {
			c.Wants = append(c.Wants, ledger.Want{Family: ledger.Points, Amount: ledger.Amount(in.num(point)), Field: param + ".point"})
		}
		if c.Wants == nil && c.Vouchers == nil {
			return nil, in.missing(value, "value、point、voucher_id_list至少提供一项 one of value, point and voucher_id_list is required")
		}
		return c, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.open.assert.verify", Group: groupCRM,
		Zh: "资产核销接口", En: "Verify assets",
		About: "核销订单使用的储值、积分和券,全部成功或全部不动;失败时result逐项说明原因所在。订单号已冻结的,核销其冻结。",
		Notes: "Consumes value, points and vouchers for an order, all or nothing; when refused, result tells which part was the reason. An open hold of the order is captured.",
		Param: param, ParamZh: "入参", ParamEn: "What to verify.",
		Request: structure("PropertyVerifyOpenReq",
			vouchers, brand, mobile, operator, outer, order, outType, request, shop, card, customer, point, value),
		Response: commonResult(object("result", structure("PropertyVerifyOpenInfo",
			boolean("point_success", "true", "积分核销是否成功", "Whether points could be verified."),
			boolean("value_success", "true", "储值核销是否成功", "Whether value could be verified."),
			objects("voucher_status_list", voucherStatus(), "券实例状态", "Each voucher."),
		), "结果", "Which parts could be verified; also with refusals that judged the assets.")),
		Codes: answers(ledger.OrderNoConflict, ledger.ReversedBeforeArrival, ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch,
			ledger.MemberFrozen, ledger.AmountTooLarge, ledger.CardNotFound, ledger.InsufficientBalance, ledger.InsufficientPoint,
			ledger.HoldEnded, ledger.OverHold, ledger.VoucherNotFound, ledger.VoucherNotUsable),
		tenant: crmBrand, answer: write(build, assetFlags), wrap: wrapCommon,
	}
}

func voucherStatus() *Struct {
	return structure("VoucherStatusInfo",
		boolean("success", "true", "是否成功", "Whether it worked."),
		id("voucher_id", "2837374884", "券码", "The voucher."),
	)
}

// assetFlags tells per asset what worked. Refusals that came before any asset was judged have nothing to tell; those listed judge
// assets, even when neither value nor points passed.
func assetFlags(_ *Input, r *ledger.Result) top.Value {
	judged := r.ValueOK || r.PointOK || len(r.Vouchers) > 0
	switch r.Code {
	case ledger.OK, ledger.Partial,
		ledger.OrderNoConflict, ledger.AmountTooLarge, ledger.CardNotFound, ledger.InsufficientBalance, ledger.InsufficientPoint,
		ledger.OverHold, ledger.HoldEnded, ledger.WindowPassed, ledger.OtherShop:
		judged = true
	default:
	}
	if !judged {
		return top.Value{}
	}
	return top.Obj(
		top.F("point_success", top.Bool(r.PointOK)),
		top.F("value_success", top.Bool(r.ValueOK)),
		top.F("voucher_status_list", list("voucher_status_info", r.Vouchers, func(v ledger.VoucherOutcome) top.Value {
			return top.Obj(top.F("success", top.Bool(v.OK)), top.F("voucher_id", top.Str(v.ID)))
		})),
	)
}
