package api

import (
	"context"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// The point family (document 001).

// reversePoint declares alibaba.alsc.crm.point.reversepoint (semantics.md §6).
func reversePoint() *Method {
	var (
		bizType = id("biz_type", "DEDUCT_FROM_CONSUME_REVERSE", "业务场景", "What is reversed; a brand can register more.").
			oneOf("DEDUCT_FROM_CONSUME_REVERSE").plus(func(b *ledger.Brand) []string { return b.BizTypes }).must()
		brand        = id("brand_id", "12332", "品牌id", "Brand; or out_brand_id.")
		change       = points("change_point", "23", "变更积分数,缺省为全部剩余可退积分", "Points to give back; the whole remainder if absent.")
		customer     = id("customer_id", "7027365982937563912722", "顾客id", "Member of the original; from the original if absent.")
		operator     = id("operator_id", "3484874839", "操作人id", "Who did it.").must()
		operatorName = text("operator_name", "小王", "操作人名", "Their name.").must()
		order        = id("out_biz_id", "3231231312312", "关联交易号/订单号", "The order whose points were spent.").must()
		reason       = text("reason", "积分回退", "变更理由", "Why.")
		request      = id("request_id", "4325", "请求幂等UUID", "Idempotency key: the same request again gets the first answer.").must()
		number       = id("reverse_order_id", "34356785432", "反向操作的业务ID,如退单号", "Number of the reversal.").must()
		shop         = id("shop_id", "23453435", "门店id", "Shop; or out_shop_id.")
		outShop      = id("out_shop_id", "87766897", "外部门店ID,shop_id和out_shop_id不可同时为空", "Outer shop id; one of it and shop_id is required.")
		outBrand     = id("out_brand_id", "33959", "外部品牌id,brandId与out_brand_id不可同时为空", "Outer brand id; one of it and brand_id is required.")
		channel      = bizChannel().must()
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		no, original, points := in.text(number), in.text(order), in.num(change)
		return &ledger.ReverseSpend{
			Head: head, Order: original, Number: no, Family: ledger.Points, Amount: ledger.Amount(points),
			Keyed: in.keyed(no, original, points, nil),
		}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.point.reversepoint", Group: groupCRM, Published: true,
		Zh: "积分消费回退", En: "Give spent points back",
		About: "积分消费回退。可分多次,每次一个reverse_order_id,合计不超过原消费;同一out_biz_id下多次消费合并计算,后消费的先退。",
		Notes: "Gives spent points back, in several parts if wanted, each with its own reverse_order_id and never more than was spent. Several spends under one out_biz_id are pooled, last first.",
		Param: "param_reverse_consume_point_open_req", ParamZh: "入参", ParamEn: "What to give back.",
		Request: structure("ReverseConsumePointOpenReq",
			bizType, brand, change, customer, operator, operatorName, order, reason, request, number, shop, outShop, outBrand, channel),
		Response: pointResult(id("result", "3453234", "业务数据:流水号", "The flow id of the reversal.")),
		Codes: answers(ledger.RefundNoConflict, ledger.IllegalState, ledger.ShopNotFound, ledger.MemberMismatch, ledger.OriginalNotFound,
			ledger.AlreadyReversed, ledger.OverRefund, ledger.WindowPassed, ledger.OtherShop, ledger.HoldNotVerified),
		tenant: crmBrand, answer: write(build, flow), wrap: wrapCommon,
	}
}

// bizChannel is the registry of outer channels; the published literal CS/KRY is one of its values.
func bizChannel() *Field {
	return id("biz_channel", "CS/KRY", "外部渠道,CS是辰森,客如云是KRY", "Outer channel: CS, KRY, or one the brand registered.").
		oneOf("CS", "KRY", "CS/KRY").plus(func(b *ledger.Brand) []string { return b.BizChannels })
}

// pointOperate declares alibaba.alsc.crm.open.point.operate (semantics.md §6).
func pointOperate() *Method {
	const param = "param_point_operate_open_req"
	var (
		brand    = id("brand_id", "12332", "saas品牌id", "Brand.").must()
		mobile   = mobileNo("手机号", "Mobile number of the member.")
		operator = id("operator_id", "3484874839", "操作人id", "Who did it.")
		outer    = id("outer_id", "435532", "外部id", "Outer id of the member.")
		outType  = outerType("wechat")
		reason   = text("reason", "测试", "操作原因", "Why.")
		request  = requestID("b7a1f6d0c411")
		shop     = id("shop_id", "23453435", "saas门店id", "Shop.").must()
		order    = id("outer_order_id", "3231231312312", "外部订单号", "The order.").must()
		customer = id("customer_id", "7027365982937563912722", "顾客id", "Member; or mobile, or outer_id with outer_type.")
		change   = points("change_point", "23", "操作积分。核销缺省为全部冻结积分,其余必填", "Points. Verify: all that is held if absent; else required.")
		operate  = number("operate_type", "1", "1-增加(charge) 2-冻结(freeze) 3-核销(verify) 4-扣减(decrease)", "1 charge, 2 freeze, 3 verify, 4 decrease.").
				between(1, 4).oneOf("1", "2", "3", "4").must()
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		kind, points := in.num(operate), ledger.Amount(in.num(change))
		if kind != 3 {
			if fault := in.needMember(&head.Who); fault != nil {
				return nil, fault
			}
			if points == 0 {
				return nil, in.missing(change, "增加、冻结、扣减时必填 is required to charge, to freeze and to decrease")
			}
		}
		switch kind {
		case 1:
			return &ledger.Grant{Head: head, Order: in.text(order), Amount: points}, nil
		case 2:
			return &ledger.Freeze{Head: head, Order: in.text(order), Family: ledger.Points, Amount: points}, nil
		}
		c := &ledger.Spend{
			Head: head, Order: in.text(order),
			Wants: []ledger.Want{{Family: ledger.Points, Amount: points, Field: param + ".change_point"}},
		}
		c.Direct, c.Pools = kind == 4, true
		return c, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.open.point.operate", Group: groupCRM,
		Zh: "积分操作接口", En: "Operate points",
		About: "增加、冻结、核销、扣减积分。冻结规则与储值相同。",
		Notes: "Charges, freezes, verifies and decreases points, with the hold rules of stored value.",
		Param: param, ParamZh: "入参", ParamEn: "What to do.",
		Request:  structure("PointOperateOpenReq", brand, mobile, operator, outer, outType, reason, request, shop, order, customer, change, operate),
		Response: commonResult(boolean("result", "true", "操作是否成功", "Whether it was done.")),
		Codes: answers(ledger.OrderNoConflict, ledger.ReversedBeforeArrival, ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch,
			ledger.MemberFrozen, ledger.AmountTooLarge, ledger.InsufficientPoint, ledger.HoldExists, ledger.HoldEnded, ledger.OverHold, ledger.HoldRequired),
		tenant: crmBrand, answer: write(build, yes), wrap: wrapCommon,
	}
}

// consumePoint declares alibaba.alsc.crm.point.consumepoint (semantics.md §6).
func consumePoint() *Method {
	const param = "param_consume_point_open_req"
	var (
		brand        = id("brand_id", "12332", "品牌id", "Brand; or out_brand_id.")
		customer     = id("customer_id", "7027365982937563912722", "顾客id", "Member.").must()
		operator     = id("operator_id", "3484874839", "操作人id", "Who did it.")
		operatorName = text("operator_name", "小王", "操作人名", "Their name.")
		order        = id("out_biz_id", "3231231312312", "关联交易号/订单号", "The order.").must()
		reason       = text("reason", "积分抵扣", "变更原因", "Why.")
		request      = requestID("4324")
		shop         = id("shop_id", "23453435", "门店id", "Shop; or out_shop_id.")
		outShop      = id("out_shop_id", "87766897", "外部门店ID,shop_id和out_shop_id不可同时为空", "Outer shop id; one of it and shop_id is required.")
		outBrand     = id("out_brand_id", "33959", "外部品牌id,brand_id与out_brand_id不可同时为空", "Outer brand id; one of it and brand_id is required.")
		channel      = bizChannel()
		change       = points("change_point", "23", "变更积分数", "Points to spend.").must()
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		return &ledger.Spend{
			Head: head, Order: in.text(order), Direct: true, Pools: true,
			Wants: []ledger.Want{{Family: ledger.Points, Amount: ledger.Amount(in.num(change)), Field: param + ".change_point"}},
		}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.point.consumepoint", Group: groupCRM,
		Zh: "积分消费", En: "Spend points",
		About: "消费积分。同一out_biz_id可多次消费,合并回退。",
		Notes: "Spends points. Several spends under one out_biz_id are pooled and given back together.",
		Param: param, ParamZh: "入参", ParamEn: "What to spend.",
		Request: structure("ConsumePointOpenReq",
			brand, customer, operator, operatorName, order, reason, request, shop, outShop, outBrand, channel, change),
		Response: pointResult(id("result", "3453233", "业务数据:流水号", "The flow id.")),
		Codes: answers(ledger.ReversedBeforeArrival, ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch, ledger.MemberFrozen,
			ledger.AmountTooLarge, ledger.InsufficientPoint, ledger.HoldExists),
		tenant: crmBrand, answer: write(build, flow), wrap: wrapCommon,
	}
}

// extraCharge declares alibaba.alsc.crm.point.extracharge (semantics.md §6).
func extraCharge() *Method {
	var (
		order  = id("out_biz_id", "3231231312399", "关联业务号", "The business number of the grant.").must()
		reason = text("reason", "活动赠送", "变更原因", "Why.")
		change = points("change_point", "50", "增加积分数", "Points to add.").must()
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		return &ledger.Grant{Head: head, Order: in.text(order), Amount: ledger.Amount(in.num(change))}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.point.extracharge", Group: groupCRM,
		Zh: "额外增加积分", En: "Add points",
		About: "增加积分,单独成笔,按品牌规则到期。",
		Notes: "Adds points as a lot of their own, which expires by the brand's rule.",
		Param: "param_extra_charge_point_open_req", ParamZh: "入参", ParamEn: "What to add.",
		Request: structure("ExtraChargePointOpenReq",
			bizChannel(), crmBrandID(), crmCustomer().must(), crmOperator(), order, reason, requestID("c0ffee05"), crmShop(), crmOutShop(), crmOutBrand(), change),
		Response: pointResult(id("result", "3453235", "业务数据:流水号", "The flow id.")),
		Codes: answers(ledger.OrderNoConflict, ledger.ReversedBeforeArrival, ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch,
			ledger.AmountTooLarge),
		tenant: crmBrand, answer: write(build, flow), wrap: wrapCommon,
	}
}

// extraConsume declares alibaba.alsc.crm.point.extra.consume (semantics.md §6).
func extraConsume() *Method {
	var (
		order  = id("out_biz_id", "3231231312399", "原增加积分的业务号", "The grant whose points are taken back.").must()
		reason = text("reason", "活动取消", "变更原因", "Why.")
		change = points("change_point", "50", "扣回积分数,可分多次,合计不超过该笔增加的积分", "Points to take back, in several parts if wanted and never more than were granted.").must()
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		return &ledger.UndoGrant{Head: head, Order: in.text(order), Amount: ledger.Amount(in.num(change))}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.point.extra.consume", Group: groupCRM,
		Zh: "积分补扣", En: "Take granted points back",
		About: "扣回已增加的积分:先扣该笔,再扣其余积分;不足时按品牌规则拒绝、记欠或由品牌承担。",
		Notes: "Takes granted points back, from their own lot first and then from the member's others. What is not there is refused, owed or the brand's loss, as the brand's rule says.",
		Param: "param_extra_consume_point_open_req", ParamZh: "入参", ParamEn: "What to take back.",
		Request: structure("ExtraConsumePointOpenReq",
			bizChannel(), crmBrandID(), crmCustomer().must(), crmOperator(), order, reason, requestID("c0ffee06"), crmShop(), crmOutShop(), crmOutBrand(), change),
		Response: pointResult(id("result", "3453236", "业务数据:流水号", "The flow id.")),
		Codes: answers(ledger.IllegalState, ledger.ShopNotFound, ledger.MemberMismatch, ledger.OriginalNotFound, ledger.AlreadyReversed, ledger.OverRefund,
			ledger.InsufficientPoint, ledger.WindowPassed, ledger.OtherShop),
		tenant: crmBrand, answer: write(build, flow), wrap: wrapCommon,
	}
}

// pointWorth declares alibaba.alsc.crm.point.cal.
func pointWorth() *Method {
	consume := points("consume_point", "250", "积分数", "Points.").must()
	return &Method{
		Name: "alibaba.alsc.crm.point.cal", Group: groupCRM,
		Zh: "计算积分抵扣金额", En: "Tell what points are worth",
		About: "按品牌抵扣规则计算积分可抵的金额(分,舍去不足一分)。不检查会员有多少积分。",
		Notes: "Tells what points are worth in fen by the brand's rule, floored. Whether the member has so many is not checked.",
		Param: "param_calculate_deducted_money_open_req", ParamZh: "入参", ParamEn: "How many points.",
		Request: structure("CalculateDeductedMoneyOpenReq", crmBrandID(), crmCustomer(), crmShop(), crmOutShop(), crmOutBrand(), consume),
		Response: pointResult(object("result", structure("DuductedMoneyOpenInfo",
			number("consume_point", "250", "积分数", "The points."),
			fee("deducted_money", "250", "可抵扣金额(分)", "Fen that they are worth."),
			boolean("deleted", "false", "是否删除", "Always false."),
		), "抵扣金额", "What they are worth.")),
		Codes:  []ledger.Code{ledger.OK, ledger.ShopNotFound},
		tenant: crmBrand, wrap: wrapCommon,
		answer: func(_ context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			if _, refused := in.findShop(); refused.Code != ledger.OK {
				return top.Value{}, refused, nil
			}
			n := ledger.Amount(in.num(consume))
			return top.Obj(
				top.F("consume_point", top.Int(int64(n))),
				top.F("deducted_money", top.Int(int64(in.brand.Policy.Worth(n)))),
				top.F("deleted", top.Bool(false)),
			), ledger.Result{}, nil
		},
	}
}
