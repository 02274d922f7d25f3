package api

import (
	"cmp"
	"context"
	"strconv"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// The brand's rules as the platform shapes them. They are set by an operator (package policy), never through the API.

func changedSince() *Field {
	return date("max_update_time", "", "不影响结果,总是返回当前规则", "Not used: the rules in force are answered.")
}

func levelAsked() *Field {
	return id("level_id", "", "等级id,缺省为全部", "This level alone; all if absent.")
}

func pointDeductionInfo() *Struct {
	return structure("PointDeductionRuleOpenInfo",
		objects("member_point_deduction_rules", structure("MemberPointDeductionRuleOpenInfo",
			fee("consume_money", "100", "抵扣金额(分)", "Fen that the points are worth."),
			number("deducted_point", "100", "所需积分", "Points for it."),
			boolean("enable", "true", "是否启用", "Always true."),
			boolean("has_upper_limit", "false", "是否有上限", "Always false."),
		), "抵扣规则", "How many points are worth how much."),
		boolean("with_coupon", "true", "是否可与券同用", "Always true."),
	)
}

func showPointDeduction(p *ledger.Policy) top.Value {
	return top.Obj(
		top.F("member_point_deduction_rules", top.List("member_point_deduction_rule_open_info", top.Obj(
			top.F("consume_money", top.Int(100)),
			top.F("deducted_point", top.Int(cmp.Or(p.PointsPerYuan, 100))),
			top.F("enable", top.Bool(true)),
			top.F("has_upper_limit", top.Bool(false)),
		))),
		top.F("with_coupon", top.Bool(true)),
	)
}

// pointRule declares alibaba.alsc.crm.point.rule.get.
func pointRule() *Method {
	level := levelAsked()
	return &Method{
		Name: "alibaba.alsc.crm.point.rule.get", Group: groupCRM,
		Zh: "查询积分规则", En: "Show the rules of points",
		About: "查询积分的获取、抵扣与清零规则。获取规则按等级列出:每消费consume_money分得reward_point积分。",
		Notes: "Shows how points are earned, what they are worth and when they end. Earning is listed by level: reward_point points for every consume_money fen.",
		Param: "param_query_point_rule_open_req", ParamZh: "入参", ParamEn: "Whose rules.",
		Request: structure("QueryPointRuleOpenReq",
			crmBrandID(), level, changedSince(), crmOutBrand(), crmOutShop(), crmShop(),
			boolean("include_logical_delete", "", "不影响结果", "Not used.")),
		Response: pointResult(object("result", structure("PointRuleOpenInfo",
			text("name", "积分规则", "规则名称", "Name."),
			id("rule_id", "1332-7", "规则id:品牌id与规则版本", "The brand and the version of its rules."),
			object("point_addition_rule", structure("PointAdditionRuleOpenInfo",
				objects("allow_pay_methods", structure("PayMethodPointAdditionRuleOpenInfo",
					id("method_id", "10001", "支付方式", "Payment method."),
					boolean("enable", "true", "是否启用", "Always true."),
				), "可得积分的支付方式,缺省为会员资产以外的全部", "Methods that earn; absent: all but member assets."),
				objects("member_point_addition_rules", structure("MemberPointAdditionRuleOpenInfo",
					ids("sku_ids", `["cup"]`, "不得积分的商品", "Goods that earn nothing."),
					id("allow_product_type", "ALL", "ALL全部商品,EXCLUDE除sku_ids外", "ALL goods, or EXCLUDE: all but sku_ids."),
					id("level_id", "gold", "等级id,缺省为未分等级", "Level; absent: members without one."),
					fee("consume_money", "100", "消费金额(分)", "Fen paid."),
					number("reward_point", "1", "所得积分", "Points for it."),
					boolean("allow_recharge", "false", "充值是否得积分", "Always false."),
					boolean("enable", "true", "是否启用", "Whether anything is earned."),
				), "按等级的获取规则", "How points are earned, by level."),
			), "获取规则", "Earning."),
			object("point_clear_rule", structure("PointClearRuleOpenInfo",
				id("point_clear_rule_type", "ROLLING_DAYS", "NEVER不清零,ROLLING_DAYS得到后days天,FIXED_DATE每年固定日", "NEVER, ROLLING_DAYS: so many days after they came, or FIXED_DATE: a day of every year."),
				number("days", "365", "有效天数;每年固定日时为月日,如1231", "Days; of FIXED_DATE the month and day, like 1231."),
			), "清零规则", "When points end."),
			object("point_deduction_rule", pointDeductionInfo(), "抵扣规则", "What points are worth."),
			boolean("deleted", "false", "是否删除", "Always false."),
		), "积分规则", "The rules.")),
		Codes:  []ledger.Code{ledger.OK, ledger.ShopNotFound},
		tenant: crmBrand, wrap: wrapCommon,
		answer: func(_ context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			if _, refused := in.findShop(); refused.Code != ledger.OK {
				return top.Value{}, refused, nil
			}
			return showPointRule(in.brand, in.text(level)), ledger.Result{}, nil
		},
	}
}

func showPointRule(b *ledger.Brand, only string) top.Value {
	p := &b.Policy
	levels := append([]ledger.Level{{}}, b.Levels...)
	if l, _ := b.Level(only); l != nil {
		levels = []ledger.Level{*l}
	}
	goods := "ALL"
	if len(p.Earn.Without) > 0 {
		goods = "EXCLUDE"
	}
	clear, days := "NEVER", top.Value{}
	switch {
	case p.PointClear != 0:
		clear, days = "FIXED_DATE", top.Int(p.PointClear)
	case p.PointDays != 0:
		clear, days = "ROLLING_DAYS", top.Int(p.PointDays)
	}
	return top.Obj(
		top.F("name", top.Str("积分规则")),
		top.F("rule_id", top.Str(ruleID(b))),
		top.F("point_addition_rule", top.Obj(
			top.F("allow_pay_methods", list("pay_method_point_addition_rule_open_info", p.Earn.Pay, func(m string) top.Value {
				return top.Obj(top.F("method_id", top.Str(m)), top.F("enable", top.Bool(true)))
			})),
			top.F("member_point_addition_rules", list("member_point_addition_rule_open_info", levels, func(l ledger.Level) top.Value {
				points, fen := inLowest(int64(p.Earn.Points)*cmp.Or(l.Rate, 100), int64(p.Earn.Fen)*100)
				return top.Obj(
					top.F("sku_ids", strs(p.Earn.Without)),
					top.F("allow_product_type", top.Str(goods)),
					top.F("level_id", known(l.ID)),
					top.F("consume_money", top.Int(fen)),
					top.F("reward_point", top.Int(points)),
					top.F("allow_recharge", top.Bool(false)),
					top.F("enable", top.Bool(fen > 0 && points > 0)),
				)
			})),
		)),
		top.F("point_clear_rule", top.Obj(top.F("point_clear_rule_type", top.Str(clear)), top.F("days", days))),
		top.F("point_deduction_rule", showPointDeduction(p)),
		top.F("deleted", top.Bool(false)),
	)
}

// inLowest is a fraction in lowest terms.
func inLowest(a, b int64) (int64, int64) {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	if x == 0 {
		return a, b
	}
	return a / x, b / x
}

// ruleID names the rules in force.
func ruleID(b *ledger.Brand) string { return b.ID + "-" + strconv.FormatInt(b.Version, 10) }

// rechargeRuleInfo is RechargeRuleOpenInfo.
func rechargeRuleInfo() *Struct {
	tier := structure("RechargeRuleDetailOpenInfo",
		fee("gift_value", "1000", "赠送金额(分)", "Fen given."),
		fee("real_value", "10000", "充值金额(分),达到即赠", "For a charge of at least so many fen."),
	)
	return structure("RechargeRuleOpenInfo",
		objects("list_recharge_rule_detail_info_list", tier, "充值档位", "The tiers."),
		objects("list_recharge_rule_detail_infos", tier, "充值档位,同上", "The same."),
		id("card_type", "MEMBER", "卡类型", "Always MEMBER."),
		id("deduction_order", "1", "扣减顺序:1先实储,2先赠储,0按比例", "1 real first, 2 given first, 0 in proportion."),
		id("rule_id", "1332-7", "规则id:品牌id与规则版本", "The brand and the version of its rules."),
		text("rule_name", "储值规则", "规则名称", "Name."),
		id("shop_id", "243545", "门店id", "The shop asked for."),
		boolean("deleted", "false", "是否删除", "Always false."),
		boolean("full_gift_switch", "true", "充值是否按档位赠送", "Whether charges get the gift of their tier."),
	)
}

func showRechargeRule(b *ledger.Brand, shop string) top.Value {
	p := &b.Policy
	tiers := list("recharge_rule_detail_open_info", p.Recharge, func(r ledger.RechargeRule) top.Value {
		return top.Obj(top.F("gift_value", top.Int(int64(r.Gift))), top.F("real_value", top.Int(int64(r.Real))))
	})
	order := map[ledger.DeductionOrder]string{ledger.RealFirst: "1", ledger.GiftFirst: "2", ledger.Proportional: "0"}[p.Deduction]
	return top.Obj(
		top.F("list_recharge_rule_detail_info_list", tiers),
		top.F("list_recharge_rule_detail_infos", tiers),
		top.F("card_type", top.Str("MEMBER")),
		top.F("deduction_order", top.Str(order)),
		top.F("rule_id", top.Str(ruleID(b))),
		top.F("rule_name", top.Str("储值规则")),
		top.F("shop_id", known(shop)),
		top.F("deleted", top.Bool(false)),
		top.F("full_gift_switch", top.Bool(p.RechargeGift)),
	)
}

// rechargeRule declares alibaba.alsc.crm.recharge.qryrule.
func rechargeRule() *Method {
	template := id("card_template_id", "", "卡模板id,不影响结果", "Not used: there is one rule.")
	return &Method{
		Name: "alibaba.alsc.crm.recharge.qryrule", Group: groupCRM,
		Zh: "查询储值规则", En: "Show the rules of stored value",
		About: "查询充值赠送档位与扣减顺序。",
		Notes: "Shows the tiers of gifts for charges, and in which order value is spent.",
		Param: "param_pull_recharge_rule_by_shop_req", ParamZh: "入参", ParamEn: "Whose rules.",
		Request:  structure("PullRechargeRuleByShopReq", crmBrandID(), template, changedSince(), crmOutBrand(), crmOutShop(), crmShop()),
		Response: commonResult(object("result", rechargeRuleInfo(), "储值规则", "The rules.")),
		Codes:    []ledger.Code{ledger.OK, ledger.ShopNotFound},
		tenant:   crmBrand, wrap: wrapCommon,
		answer: func(_ context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			s, refused := in.findShop()
			if refused.Code != ledger.OK {
				return top.Value{}, refused, nil
			}
			return showRechargeRule(in.brand, s.ID), ledger.Result{}, nil
		},
	}
}

// ruleGet declares alibaba.alsc.crm.open.rule.get.
func ruleGet() *Method {
	var (
		brand    = id("brand_id", "1332", "saas品牌id", "Brand.").must()
		outer    = id("outer_id", "435532", "外部id", "Outer id of the member.")
		physical = id("physical_card_id", "", "物理卡id", "A card of the member.")
		shop     = id("shop_id", "243545", "saas门店id", "Shop.").must()
	)
	return &Method{
		Name: "alibaba.alsc.crm.open.rule.get", Group: groupCRM,
		Zh: "查询会员规则", En: "Show the rules for a member",
		About: "查询积分抵扣与储值规则。传会员标识时,会员须存在。券无单日单笔限制,故不返回。",
		Notes: "Shows what points are worth and the rules of stored value. A member that is named must exist. Vouchers have no limit a day or an order, so none is listed.",
		Param: "param_rule_open_req", ParamZh: "入参", ParamEn: "Whose rules.",
		Request: structure("RuleOpenReq", brand, mobileNo("手机号", "Mobile number of the member."), outer, outerType("wechat"), physical, shop),
		Response: commonResult(object("result", structure("RuleOpenInfo",
			object("point_deduction_rule", pointDeductionInfo(), "积分抵扣规则", "What points are worth."),
			object("recharge_rule_open_info", rechargeRuleInfo(), "储值规则", "The rules of stored value."),
		), "规则", "The rules.")),
		Codes:  []ledger.Code{ledger.OK, ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch},
		tenant: crmBrand, wrap: wrapCommon,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			who, fault := in.who()
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			who.Card = in.text(physical)
			s, refused := in.findShop()
			if refused.Code != ledger.OK {
				return top.Value{}, refused, nil
			}
			if idents := who.Idents(); len(idents) > 0 {
				keys := reverse.NewKeys()
				for _, id := range idents {
					keys.Idents[id] = struct{}{}
				}
				fault := in.read(ctx, keys, func(s *reverse.State, _ int64) { _, refused = query.FindMember(s, idents) })
				if fault != nil || refused.Code != ledger.OK {
					return top.Value{}, refused, fault
				}
			}
			return top.Obj(
				top.F("point_deduction_rule", showPointDeduction(&in.brand.Policy)),
				top.F("recharge_rule_open_info", showRechargeRule(in.brand, s.ID)),
			), ledger.Result{}, nil
		},
	}
}
