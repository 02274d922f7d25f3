package api

import (
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// The stored-value methods beside recharge.operate (semantics.md §7). They run the same commands: one cap holds over all of them.

// Fields that these methods print alike.

func crmBrandID() *Field { return id("brand_id", "1332", "品牌id", "Brand; or out_brand_id.") }

func crmOutBrand() *Field {
	return id("out_brand_id", "901332", "外部品牌id,brand_id与out_brand_id不可同时为空", "Outer brand id; one of it and brand_id is required.")
}

func crmShop() *Field { return id("shop_id", "243545", "门店id", "Shop; or out_shop_id.") }

func crmOutShop() *Field {
	return id("out_shop_id", "S-001", "外部门店id,shop_id与out_shop_id不可同时为空", "Outer shop id; one of it and shop_id is required.")
}

func cardID() *Field {
	return id("card_id", "", "卡id,缺省为会员卡", "The card; the member card if absent.")
}

func crmCustomer() *Field {
	return id("customer_id", "34243334", "顾客id,与card_id至少一项", "Member; it or card_id is required.")
}

func crmOperator() *Field { return id("operator_id", "322343434", "操作人id", "Who did it.") }

func remark() *Field { return text("remark", "测试", "备注", "Remark, kept with the operation.") }

// chargeUpdate declares alibaba.alsc.crm.recharge.charge.update.
func chargeUpdate() *Method {
	var (
		bizDate = id("biz_date", "2026-03-01", "营业日,原样保留于备注", "Business day; not used.")
		card    = cardID().must()
		kind    = id("charge_type", "", "充值类型,不影响结果", "Kind of charge; not used.")
		order   = id("outer_order_id", "2424535360", "外部订单号", "The charge's number.").must()
		outPay  = id("out_pay_id", "", "外部支付单号,不影响结果", "Outer number of the payment; not used.")
		ext     = text("ext_info", "", "扩展信息,不影响结果", "Not used.")
		gift    = fee("gift_value", "100", "赠储,单位:分", "Given value in fen.")
		pre     = fee("pre_value", "0", "预储,单位:分", "Value credited in advance, in fen.")
		real    = fee("real_value", "1000", "实储,单位:分", "Paid value in fen.")
		trigger = boolean("trigger_gift", "false", "是否按品牌充值规则加赠", "Whether to add the gift of the brand's recharge rule, if that is switched on.")
	)
	card.Example = "12884901889"
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		c := &ledger.Charge{
			Head: head, Order: in.text(order), Real: ledger.Amount(in.num(real)), Gift: ledger.Amount(in.num(gift)), Pre: ledger.Amount(in.num(pre)),
			ByRule: in.yes(trigger),
		}
		if c.Real == 0 && c.Gift == 0 && c.Pre == 0 {
			return nil, in.missing(real, "real_value、gift_value、pre_value至少一项大于0 one of real_value, gift_value and pre_value must be above 0")
		}
		return c, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.recharge.charge.update", Group: groupCRM,
		Zh: "储值充值", En: "Charge stored value",
		About: "充值到卡:实储、赠储、预储分别入账,各为一笔,随该笔充值一同回退。",
		Notes: "Charges a card: paid value, given value and value in advance are lots of their own, and go back with the charge.",
		Param: "param_recharge_open_req", ParamZh: "入参", ParamEn: "What to charge.",
		Request: structure("RechargeOpenReq",
			bizDate, card, kind, crmBrandID(), crmOperator(), crmShop(), order, remark(), requestID("c0ffee01"), outPay, crmOutShop(), crmOutBrand(), bizChannel(), ext,
			gift, pre, real, trigger),
		Response: commonResult(object("result", flowDetail(), "充值流水", "The operation.")),
		Codes: answers(ledger.OrderNoConflict, ledger.ReversedBeforeArrival, ledger.ShopNotFound, ledger.MemberNotFound, ledger.CardNotFound,
			ledger.AmountTooLarge),
		tenant: crmBrand, answer: detailed(build, order), wrap: wrapCommon,
	}
}

// unchargeUpdate declares alibaba.alsc.crm.recharge.uncharge.update.
func unchargeUpdate() *Method {
	var (
		number = id("outer_order_id", "23829392", "退款单号", "Number of the refund, unique in the brand.").must()
		order  = id("src_outer_order_id", "2424535354", "原充值的外部订单号", "The charge that is taken back.").must()
		outPay = id("src_out_pay_id", "", "原外部支付单号,不影响结果", "Outer number of the payment; not used.")
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		no, original := in.text(number), in.text(order)
		return &ledger.RefundCharge{Head: head, Order: original, Number: no, Keyed: in.keyed(no, original, 0, nil)}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.recharge.uncharge.update", Group: groupCRM,
		Zh: "储值充值撤销", En: "Take a charge back",
		About: "撤销充值:退回该笔充值的全部剩余实储,同时作废其赠储、预储。已消费或冻结的部分不可退。",
		Notes: "Takes all that is left of a charge back, with its given value and its value in advance. What was spent or is held cannot go back.",
		Param: "param_uncharge_open_req", ParamZh: "入参", ParamEn: "What to take back.",
		Request: structure("UnchargeOpenReq",
			crmBrandID(), cardID(), crmOperator(), number, remark(), crmShop(), order, crmOutShop(), crmOutBrand(), requestID("c0ffee02"), bizChannel(), outPay),
		Response: commonResult(object("result", flowDetail(), "撤销流水", "The operation.")),
		Codes:    answers(refundCodes...),
		tenant:   crmBrand, answer: detailed(build, order), wrap: wrapCommon,
	}
}

// refundCodes are what a refund of a charge may answer.
var refundCodes = []ledger.Code{
	ledger.RefundNoConflict, ledger.IllegalState, ledger.ShopNotFound, ledger.MemberMismatch, ledger.OriginalNotFound, ledger.AlreadyReversed,
	ledger.OverRefund, ledger.ChargeSpent, ledger.ChargeExpired, ledger.GiftSpent, ledger.WindowPassed, ledger.OtherShop,
}

// spendCodes are what a direct debit of stored value may answer.
var spendCodes = []ledger.Code{
	ledger.OrderNoConflict, ledger.ReversedBeforeArrival, ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch, ledger.MemberFrozen,
	ledger.CardNotFound, ledger.AmountTooLarge, ledger.InsufficientBalance, ledger.HoldExists, ledger.HoldRequired,
}

// dedutUpdate declares alibaba.alsc.crm.recharge.dedut.update.
func dedutUpdate() *Method {
	const param = "param_dedut_open_req"
	var (
		bizDate = id("biz_date", "2026-03-01", "营业日,不影响结果", "Business day; not used.")
		order   = id("outer_order_id", "24245353", "外部订单号", "The order that is paid.").must()
		ext     = text("ext_info", "", "扩展信息,不影响结果", "Not used.")
		value   = amount("value", "300", "扣减储值,单位:分", "Fen to spend.").must()
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		if fault := in.needMember(&head.Who); fault != nil {
			return nil, fault
		}
		return spendValue(head, in.text(order), in.num(value), param+".value"), nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.recharge.dedut.update", Group: groupCRM,
		Zh: "储值扣减", En: "Spend stored value",
		About: "直接扣减储值,不经冻结。该订单号有未结冻结时须先核销或解冻。",
		Notes: "Spends stored value without a hold. An order number with an open hold is verified or released first.",
		Param: param, ParamZh: "入参", ParamEn: "What to spend.",
		Request: structure("DedutOpenReq",
			bizDate, crmBrandID(), cardID(), crmCustomer(), crmOperator(), order, remark(), requestID("c0ffee03"), crmShop(), bizChannel(), crmOutBrand(), crmOutShop(),
			ext, value),
		Response: commonResult(object("result", flowDetail(), "扣减流水", "The operation.")),
		Codes:    answers(spendCodes...),
		tenant:   crmBrand, answer: detailed(build, order), wrap: wrapCommon,
	}
}

func spendValue(head ledger.Head, order string, value int64, field string) *ledger.Spend {
	return &ledger.Spend{Head: head, Order: order, Direct: true, Wants: []ledger.Want{{Family: ledger.Value, Amount: ledger.Amount(value), Field: field}}}
}

// undedutUpdate declares alibaba.alsc.crm.recharge.undedut.update.
func undedutUpdate() *Method {
	var (
		number = id("new_outer_order_id", "23829393", "退款单号", "Number of the reversal, unique in the brand.").must()
		order  = id("outer_order_id", "24245353", "原扣减的外部订单号", "The order that was paid.").must()
		value  = amount("value", "100", "退回储值,单位:分,缺省为全部剩余", "Fen to give back; the whole remainder if absent.")
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		no, original, fen := in.text(number), in.text(order), in.num(value)
		return &ledger.ReverseSpend{
			Head: head, Order: original, Number: no, Family: ledger.Value, Amount: ledger.Amount(fen), Keyed: in.keyed(no, original, fen, nil),
		}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.recharge.undedut.update", Group: groupCRM,
		Zh: "储值扣减撤销", En: "Give spent value back",
		About: "退回已扣减的储值到原来各笔,可分多次,合计不超过原扣减。",
		Notes: "Gives spent value back to the lots it came from, in several parts if wanted and never more than was spent.",
		Param: "param_undedut_open_req", ParamZh: "入参", ParamEn: "What to give back.",
		Request: structure("UndedutOpenReq",
			crmBrandID(), cardID(), crmCustomer(), number, crmOperator(), order, remark(), requestID("c0ffee04"), crmShop(), crmOutShop(), crmOutBrand(), bizChannel(), value),
		Response: commonResult(object("result", flowDetail(), "退回流水", "The operation.")),
		Codes: answers(ledger.RefundNoConflict, ledger.IllegalState, ledger.ShopNotFound, ledger.MemberMismatch, ledger.OriginalNotFound,
			ledger.AlreadyReversed, ledger.OverRefund, ledger.WindowPassed, ledger.OtherShop, ledger.HoldNotVerified),
		tenant: crmBrand, answer: detailed(build, order), wrap: wrapCommon,
	}
}
