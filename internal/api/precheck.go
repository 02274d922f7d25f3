package api

import (
	"context"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

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
