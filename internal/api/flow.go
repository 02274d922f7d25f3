package api

import (
	"cmp"
	"context"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

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
		id("card_id", "12884901889", "卡id", "Card."),
		number("current_value", "1100", "变动后储值(分)", "The balance after it, in fen."),
		number("order_value", "1100", "变动金额(分),不带符号", "Fen that were moved, without a sign."),
	)
}

var flowTypes = map[ledger.OpKind]string{
	ledger.OpCharge: "CHARGE", ledger.OpUncharge: "UNCHARGE", ledger.OpSpend: "DEDUT", ledger.OpRefund: "UNDEDUT", ledger.OpRelease: "UNFREEZE",
	ledger.OpExpire: "EXPIRE", ledger.OpImport: "IMPORT", ledger.OpCardCancel: "CANCEL", ledger.OpDebt: "ADJUST",
}

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
	for i := range o.Postings {
		if p := &o.Postings[i]; !p.Lot.IsZero() && p.Kind.Family() == ledger.Value {
			account = cmp.Or(account, p.Lot.Account)
			moved[p.Kind] += p.Amount
		}
	}
	for _, p := range o.Pins { // the release of a hold moves nothing
		account = cmp.Or(account, p.Lot.Account)
	}
	told := false               // what moved nothing did not note the balance
	for _, b := range o.After { // of all accounts that it moved something of: a person's may be several
		for k, n := range b.Sums {
			after[k] += n
		}
		told = true
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
	card := ""
	if a := s.Accounts[account]; a != nil {
		card = a.Card
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
		top.F("outer_order_id", shownOrder(o)),
		top.F("remark", known(o.Reason)),
		top.F("shop_id", known(o.Shop)),
		top.F("shop_name", shopName(s.Brand, o.Shop)),
		top.F("card_id", known(card)),
		top.F("current_value", balance),
		top.F("order_value", top.Int(int64(max(total, -total)))),
	)
}

var propertyTypes = [...]string{ledger.Real: "REAL", ledger.Gift: "GIFT", ledger.Pre: "PRE"}
