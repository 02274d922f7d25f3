package api

import (
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// The stored-value family (document 002).

// rechargeOperate declares alibaba.alsc.crm.open.recharge.operate (semantics.md §4).
func rechargeOperate() *Method {
	const param = "param_recharge_operate_open_req"
	var (
		brand    = id("brand_id", "1332", "saas品牌id", "Brand.").must()
		change   = amount("change_value", "1000", "操作储值,单位:分。充值、冻结必填;核销缺省为全部冻结金额;充值回退缺省为该笔充值的剩余金额", "Fen. Required to charge and to freeze; verify: all that is held if absent; refund: what is left of the charge if absent.")
		customer = id("customer_id", "34243334", "顾客id", "Member; or mobile, or outer_id with outer_type.")
		mobile   = mobileNo("手机号", "Mobile number of the member.")
		operate  = number("operate_type", "1", "1-充值(charge) 2-冻结(freeze) 3-核销(verify) 4-充值回退(refund)", "1 charge, 2 freeze, 3 verify, 4 refund a charge or release a hold.").
				between(1, 4).oneOf("1", "2", "3", "4").must()
		operator = id("operator_id", "322343434", "操作人id", "Who did it.").must()
		outer    = id("outer_id", "435532", "外部id", "Outer id of the member.")
		order    = id("outer_order_id", "2424535354", "外部订单号", "The order; for a refund, the charge or hold that is undone.").must()
		outType  = outerType("wechat")
		reason   = text("reason", "测试", "操作备注", "Remark.")
		request  = requestID("249fdj242242xd")
		shop     = id("shop_id", "243545", "saas门店id", "Shop.").must()
		number   = id("new_outer_order_id", "23829392", "回退单号,operate_type为4退款时必填", "Number of the refund; required when operate_type is 4.")
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		kind, value := in.num(operate), ledger.Amount(in.num(change))
		if kind <= 2 {
			if fault := in.needMember(&head.Who); fault != nil {
				return nil, fault
			}
			if value == 0 {
				return nil, in.missing(change, "充值与冻结时必填 is required to charge and to freeze")
			}
		}
		switch kind {
		case 1:
			return &ledger.Charge{Head: head, Order: in.text(order), Real: value, ByRule: true}, nil
		case 2:
			return &ledger.Freeze{Head: head, Order: in.text(order), Family: ledger.Value, Amount: value}, nil
		case 3:
			return &ledger.Spend{
				Head: head, Order: in.text(order),
				Wants: []ledger.Want{{Family: ledger.Value, Amount: value, Field: param + ".change_value"}},
			}, nil
		}
		no := in.text(number)
		if no == "" {
			return nil, in.missing(number, "充值回退时必填 is required to refund a charge")
		}
		return &ledger.RefundCharge{
			Head: head, Order: in.text(order), Number: no, Amount: value,
			Keyed: in.keyed(no, in.text(order), int64(value), nil),
		}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.open.recharge.operate", Group: groupCRM, Published: true,
		Zh: "储值操作接口", En: "Operate stored value",
		About: "充值、冻结、核销储值,以及回退充值。冻结按订单号占用储值,30分钟(品牌可配)内核销或回退。",
		Notes: "Charges, freezes and verifies stored value, and takes a charge back. A freeze pins value under its order number until it is verified, released or times out (30 minutes unless the brand says otherwise).",
		Param: param, ParamZh: "储值操作参数", ParamEn: "What to do.",
		Request: structure("RechargeOperateOpenReq",
			brand, change, customer, mobile, operate, operator, outer, order, outType, reason, request, shop, number),
		Response: commonResult(boolean("result", "true", "操作是否成功", "Whether it was done.")),
		Codes: answers(ledger.OrderNoConflict, ledger.ReversedBeforeArrival, ledger.IllegalState, ledger.ShopNotFound, ledger.MemberNotFound,
			ledger.MemberMismatch, ledger.MemberFrozen, ledger.AmountTooLarge, ledger.OriginalNotFound, ledger.AlreadyReversed, ledger.OverRefund,
			ledger.ChargeSpent, ledger.GiftSpent, ledger.WindowPassed, ledger.OtherShop, ledger.RefundNoConflict, ledger.InsufficientBalance,
			ledger.HoldExists, ledger.HoldEnded, ledger.OverHold, ledger.HoldRequired, ledger.CardNotFound),
		tenant: crmBrand, answer: write(build, yes), wrap: wrapCommon,
	}
}
