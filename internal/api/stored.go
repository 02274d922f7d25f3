package api

import (
	"cmp"
	"context"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// The stored-value methods beside recharge.operate (semantics.md §7). They run the same commands: one cap holds over all of them.

// Fields that these methods print alike.

func crmBrandID() *Field { return id("brand_id", "1332", "品牌id", "Brand; or out_brand_id.") }

func crmOutBrand() *Field {
	return id("out_brand_id", "out-1332", "外部品牌id,brand_id与out_brand_id不可同时为空", "Outer brand id; one of it and brand_id is required.")
}

func crmShop() *Field { return id("shop_id", "243545", "门店id", "Shop; or out_shop_id.") }

func crmOutShop() *Field {
	return id("out_shop_id", "out-243545", "外部门店id,shop_id与out_shop_id不可同时为空", "Outer shop id; one of it and shop_id is required.")
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
		order   = id("outer_order_id", "2424535354", "外部订单号", "The charge's number.").must()
		outPay  = id("out_pay_id", "", "外部支付单号,不影响结果", "Outer number of the payment; not used.")
		ext     = text("ext_info", "", "扩展信息,不影响结果", "Not used.")
		gift    = fee("gift_value", "100", "赠储,单位:分", "Given value in fen.")
		pre     = fee("pre_value", "0", "预储,单位:分", "Value credited in advance, in fen.")
		real    = fee("real_value", "1000", "实储,单位:分", "Paid value in fen.")
		trigger = boolean("trigger_gift", "false", "是否按品牌充值规则加赠", "Whether to add the gift of the brand's recharge rule, if that is switched on.")
	)
	card.Example = "34243335"
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

// flowDetail is an operation on an account as RechargeAccountFlowDetailOpenInfo.
func flowDetail() *Struct {
	property := structure("RechargeAccountPropertyOpenInfo",
		id("type", "REAL", "REAL实储,GIFT赠储,PRE预储", "REAL, GIFT or PRE."),
		number("value", "1000", "金额(分)", "Fen; what left is negative."),
	)
	return structure("RechargeAccountFlowDetailOpenInfo",
		objects("affected_property_list", property, "本次变动", "What this operation moved."),
		objects("after_property_list", property, "变动后余额,含冻结;仅解冻时缺省", "The balance after it, holds included; absent where a hold was released."),
		objects("before_property_list", property, "变动前余额,含冻结;仅解冻时缺省", "The balance before it, likewise."),
		id("account_id", "34243334-1", "账户id", "Account."),
		id("brand_id", "1332", "品牌id", "Brand."),
		id("flow_id", "06hhgq2g006089mzhhn0000000", "流水号", "The operation; the same on replay."),
		id("flow_type", "CHARGE", "CHARGE充值,UNCHARGE充值撤销,DEDUT扣减,UNDEDUT扣减撤销,UNFREEZE解冻", "CHARGE, UNCHARGE, DEDUT, UNDEDUT, or UNFREEZE: a hold was released."),
		id("operator", "322343434", "操作人id", "Who did it."),
		text("operator_name", "小王", "操作人名", "Their name."),
		date("order_time", "2026-03-01 12:00:00", "时间", "When."),
		id("outer_order_id", "2424535354", "外部订单号", "The order in whose history it lies."),
		text("remark", "测试", "备注", "Remark."),
		id("shop_id", "243545", "门店id", "Shop."),
		text("shop_name", "总店", "门店名", "Its name."),
		id("card_id", "34243335", "卡id", "Card."),
		number("current_value", "1100", "变动后储值(分)", "The balance after it, in fen."),
		number("order_value", "1100", "变动金额(分),不带符号", "Fen that were moved, without a sign."),
	)
}

var flowTypes = map[ledger.OpKind]string{ledger.OpCharge: "CHARGE", ledger.OpUncharge: "UNCHARGE", ledger.OpSpend: "DEDUT", ledger.OpRefund: "UNDEDUT", ledger.OpRelease: "UNFREEZE"}

// detailed answers by a command, and shows the operation that it booked as the books have it: the figures are the operation's own, so a replay has
// the same.
func detailed(build func(*Input, ledger.Head) (reverse.Command, *top.Fault), order *Field) answer {
	run := write(build, func(*Input, *ledger.Result) top.Value { return top.Value{} })
	return func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
		_, r, fault := run(ctx, in)
		if fault != nil || r.Code != ledger.OK {
			return top.Value{}, r, fault
		}
		var v top.Value
		keys := reverse.NewKeys()
		keys.Orders[in.text(order)], keys.Unnamed[in.text(order)] = struct{}{}, struct{}{}
		fault = in.read(ctx, keys, func(s *reverse.State, _ int64) {
			for _, o := range s.Orders[in.text(order)] {
				if o.ID == r.Flow {
					v = showFlow(s, o)
				}
			}
		})
		return v, r, fault
	}
}

// showFlow shapes an operation on stored value.
func showFlow(s *reverse.State, o *ledger.Op) top.Value {
	var moved, after [ledger.Kinds]ledger.Amount
	account := ""
	for _, p := range o.Pins { // the release of a hold moves nothing
		account = p.Lot.Account
	}
	for i := range o.Postings {
		if p := &o.Postings[i]; !p.Lot.IsZero() && p.Kind.Family() == ledger.Value {
			account = p.Lot.Account
			moved[p.Kind] += p.Amount
		}
	}
	told := false // what moved nothing did not note the balance
	for _, b := range o.After {
		if b.Account == account {
			after, told = b.Sums, true
		}
	}
	before := after
	for k := range before {
		before[k] -= moved[k]
	}
	properties := func(sums *[ledger.Kinds]ledger.Amount) top.Value {
		return list("recharge_account_property_open_info", []ledger.Kind{ledger.Real, ledger.Gift, ledger.Pre}, func(k ledger.Kind) top.Value {
			return top.Obj(top.F("type", top.Str(propertyTypes[k])), top.F("value", top.Int(int64(sums[k]))))
		})
	}
	card, shop := "", ""
	if a := s.Accounts[account]; a != nil {
		card = a.Card
	}
	if sh := s.Brand.Shops[o.Shop]; sh != nil {
		shop = sh.Name
	}
	total := ledger.Sum(moved, ledger.Value)
	var was, is, balance top.Value
	if told {
		was, is, balance = properties(&before), properties(&after), top.Int(int64(ledger.Sum(after, ledger.Value)))
	}
	return top.Obj(
		top.F("affected_property_list", properties(&moved)),
		top.F("after_property_list", is),
		top.F("before_property_list", was),
		top.F("account_id", top.Str(account)),
		top.F("brand_id", top.Str(s.Brand.ID)),
		top.F("flow_id", top.Str(o.ID.String())),
		top.F("flow_type", top.Str(flowTypes[o.Kind])),
		top.F("operator", known(o.Operator)),
		top.F("operator_name", known(o.OperatorName)),
		top.F("order_time", when(o.At)),
		top.F("outer_order_id", top.Str(o.Order)),
		top.F("remark", known(o.Reason)),
		top.F("shop_id", known(o.Shop)),
		top.F("shop_name", known(shop)),
		top.F("card_id", known(card)),
		top.F("current_value", balance),
		top.F("order_value", top.Int(int64(max(total, -total)))),
	)
}

var propertyTypes = [...]string{ledger.Real: "REAL", ledger.Gift: "GIFT", ledger.Pre: "PRE"}

// The prechecks answer what the update would, by the same rule, and change nothing.

// checked answers by trying a command. That it would be refused is an answer, not a refusal: false, with the reason.
func checked(build func(*Input, ledger.Head) (reverse.Command, *top.Fault)) answer {
	return func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
		head, fault := in.head()
		if fault != nil {
			return top.Value{}, ledger.Result{}, fault
		}
		head.Request = ledger.Digest{} // nothing is booked that could be repeated
		cmd, fault := build(in, head)
		if fault != nil {
			return top.Value{}, ledger.Result{}, fault
		}
		r, fault := in.service.Try(ctx, in.brand.ID, cmd)
		return top.Bool(r.Code == ledger.OK), r, fault
	}
}

// wrapChecked says what a precheck found. The call itself was answered.
func wrapChecked(m *Method, r *ledger.Result, v top.Value) top.Value {
	code, desc, view := verdict(m, r)
	return top.Obj(top.F("result", top.Obj(
		top.F("biz_success", top.Bool(true)), top.F("result", v), top.F("result_code", code), top.F("result_desc", desc), top.F("result_view", view),
	)))
}

// asked is the number under which a precheck decides: no caller can send it, so it has no history.
const asked = "\x01asked"

func precheck(name, zh, en, about, notes, param string, request *Struct, codes []ledger.Code,
	build func(*Input, ledger.Head) (reverse.Command, *top.Fault),
) *Method {
	response := commonResult(boolean("result", "true", "是否可以", "Whether it would be done; the reason is in result_code, result_desc and result_view."))
	if name == "alibaba.alsc.crm.point.chkpntbypay" {
		response = pointResult(boolean("result", "true", "是否可以", "Whether it would be done; the reason is in result_code, result_desc and result_view."))
	}
	return &Method{
		Name: name, Group: groupCRM, Zh: zh, En: en, About: about, Notes: notes, Param: param, ParamZh: "入参", ParamEn: "What to check.",
		Request: request, Response: response, Codes: append([]ledger.Code{ledger.OK}, codes...),
		tenant: crmBrand, answer: checked(build), wrap: wrapChecked,
	}
}

// chargePrecheck declares alibaba.alsc.crm.recharge.chargeprecheck.get.
func chargePrecheck() *Method {
	return precheck("alibaba.alsc.crm.recharge.chargeprecheck.get", "储值充值预检查", "Check a charge",
		"检查会员卡能否充值:会员、卡、门店是否存在可用。不产生任何变动。", "Checks whether a card can be charged: member, card and shop. Nothing changes.",
		"param_charge_pre_check_open_req",
		structure("ChargePreCheckOpenReq", crmBrandID(), cardID(), crmCustomer(), crmShop(), crmOutShop(), crmOutBrand()),
		[]ledger.Code{ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch, ledger.CardNotFound, ledger.AmountTooLarge},
		func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
			return &ledger.Charge{Head: head, Order: asked, Real: 1}, in.needMember(&head.Who)
		})
}

// unchargePrecheck declares alibaba.alsc.crm.recharge.unchargecheck.get.
func unchargePrecheck() *Method {
	order := id("src_outer_order_id", "2424535354", "原充值的外部订单号", "The charge that would be taken back.").must()
	return precheck("alibaba.alsc.crm.recharge.unchargecheck.get", "储值充值撤销预检查", "Check taking a charge back",
		"检查充值能否全部撤销;不能时给出最多可退金额。不产生任何变动。", "Checks whether all that is left of a charge can go back, and names the most that can. Nothing changes.",
		"param_uncharge_check_open_req",
		structure("UnchargeCheckOpenReq", crmBrandID(), cardID(), crmCustomer(), crmShop(), order, crmOutShop(), crmOutBrand(), bizChannel()),
		refundCodes,
		func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
			return &ledger.RefundCharge{Head: head, Order: in.text(order), Number: asked}, nil
		})
}

// dedutPrecheck declares alibaba.alsc.crm.recharge.dedutprecheck.get.
func dedutPrecheck() *Method {
	value := amount("value", "300", "拟扣减储值,单位:分", "Fen that would be spent.").must()
	return precheck("alibaba.alsc.crm.recharge.dedutprecheck.get", "储值扣减预检查", "Check spending stored value",
		"检查储值能否扣减该金额。不产生任何变动。", "Checks whether so much stored value can be spent. Nothing changes.",
		"param_deduct_pre_check_open_req",
		structure("DeductPreCheckOpenReq", crmBrandID(), cardID(), crmCustomer(), crmShop(), crmOutShop(), crmOutBrand(), value),
		spendCodes,
		func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
			return spendValue(head, asked, in.num(value), "param_deduct_pre_check_open_req.value"), in.needMember(&head.Who)
		})
}

// pointPrecheck declares alibaba.alsc.crm.point.chkpntbypay.
func pointPrecheck() *Method {
	change := points("change_point", "23", "拟消费积分数", "Points that would be spent.").must()
	return precheck("alibaba.alsc.crm.point.chkpntbypay", "积分支付校验", "Check paying with points",
		"检查积分能否消费该数量。不产生任何变动。", "Checks whether so many points can be spent. Nothing changes.",
		"param_consume_point_by_pay_open_req",
		structure("ConsumePointByPayOpenReq", crmBrandID(), crmCustomer().must(), crmOutShop(), crmOutBrand(), crmShop(), change),
		[]ledger.Code{ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberFrozen, ledger.AmountTooLarge, ledger.InsufficientPoint},
		func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
			return &ledger.Spend{
				Head: head, Order: asked, Direct: true, Pools: true,
				Wants: []ledger.Want{{Family: ledger.Points, Amount: ledger.Amount(in.num(change)), Field: "param_consume_point_by_pay_open_req.change_point"}},
			}, nil
		})
}

// accountGet declares alibaba.alsc.crm.recharge.account.get.
func accountGet() *Method {
	account := id("account_id", "", "账户id,缺省为全部账户", "An account of the member; all if absent.")
	info := structure("RechargeAccountOpenInfo",
		id("account_id", "34243334-1", "账户id", "Account."),
		id("card_id", "34243335", "卡id", "Card."),
		id("customer_id", "34243334", "顾客id", "Member."),
		date("gmt_create", "2024-01-01 00:00:00", "创建时间", "Opened."),
		date("gmt_modified", "2024-01-01 00:00:00", "修改时间", "Last change."),
		fee("gift_value", "0", "赠储(分),含冻结", "Given value in fen, holds included."),
		fee("gift_value_total", "0", "累计赠储(分)", "Ever given."),
		fee("pre_value", "0", "预储(分)", "Value in advance, in fen."),
		fee("pre_value_total", "0", "累计预储(分)", "Ever credited in advance."),
		fee("real_value", "1000", "实储(分),含冻结", "Paid value in fen, holds included."),
		fee("real_value_total", "1000", "累计实储(分)", "Ever paid."),
		fee("usable_value", "1000", "可用储值(分),不含冻结", "What can be spent: the balance less what holds pin."),
		boolean("deleted", "false", "是否注销", "A cancelled gift card."),
	)
	return &Method{
		Name: "alibaba.alsc.crm.recharge.account.get", Group: groupCRM,
		Zh: "查询储值账户", En: "Get stored-value accounts",
		About: "查询会员的储值账户余额。余额含冻结,不含已过期;可用为余额减冻结。",
		Notes: "Gets a member's accounts. Balances include what is held and leave out what has expired; usable is the balance less holds.",
		Param: "param_query_recharge_account_open_req", ParamZh: "入参", ParamEn: "Which accounts.",
		Request:  structure("QueryRechargeAccountOpenReq", account, crmBrandID(), cardID(), crmCustomer(), crmShop(), crmOutShop(), crmOutBrand()),
		Response: commonResult(objects("result", info, "账户", "The accounts, the member card's first.")),
		Codes:    []ledger.Code{ledger.OK, ledger.MemberNotFound, ledger.MemberMismatch, ledger.CardNotFound},
		tenant:   crmBrand, wrap: wrapCommon,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			who, fault := in.who()
			if fault == nil {
				fault = in.needMember(&who)
			}
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			c, r, fault := in.customer(ctx, &who)
			if c == nil {
				return top.Value{}, r, fault
			}
			cards := c.Cards[:0:0]
			for _, card := range c.Cards {
				if (who.Card == "" || card.Account.Card == who.Card) && (!in.has(account) || card.ID == in.text(account)) {
					cards = append(cards, card)
				}
			}
			if len(cards) == 0 {
				return top.Value{}, ledger.Refuse(ledger.CardNotFound, ledger.T("card", cmp.Or(in.text(account), who.Card))), nil
			}
			return list("recharge_account_open_info", cards, showAccount), r, nil
		},
	}
}

func showAccount(c query.Card) top.Value {
	return top.Obj(
		top.F("account_id", top.Str(c.ID)),
		top.F("card_id", top.Str(c.Account.Card)),
		top.F("customer_id", top.Str(c.Member)),
		top.F("gmt_create", when(c.Created)),
		top.F("gmt_modified", when(c.Changed)),
		top.F("gift_value", top.Int(int64(c.Gift))),
		top.F("gift_value_total", top.Int(int64(c.TotalGift))),
		top.F("pre_value", top.Int(int64(c.Pre))),
		top.F("pre_value_total", top.Int(int64(c.TotalPre))),
		top.F("real_value", top.Int(int64(c.Real))),
		top.F("real_value_total", top.Int(int64(c.TotalReal))),
		top.F("usable_value", top.Int(int64(c.Available))),
		top.F("deleted", top.Bool(c.Closed)),
	)
}
