package api

import (
	"context"
	"errors"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// Histories: what moved a member's value and points, the newest first.

func startTime() *Field {
	return date("start_time", "2026-03-01 00:00:00", "开始时间,含", "Not before this moment.")
}

func endTime() *Field {
	return date("end_time", "", "结束时间,含", "Not after this moment.")
}

// between reads the time of a listing in milliseconds; the end is the last of its second.
func (in *Input) between(start, end *Field) (from, to int64) {
	if t, ok := top.ParseTime(in.text(start)); ok {
		from = t.UnixMilli()
	}
	if t, ok := top.ParseTime(in.text(end)); ok {
		to = t.UnixMilli() + 999
	}
	return from, to
}

// holder finds whose history is asked for: the member, and the accounts that the request does not rule out.
func (in *Input) holder(ctx context.Context, who *ledger.Who, of func(ledger.AccountType) bool) (m *ledger.Member, accounts map[string]*ledger.Account, r ledger.Result, fault *top.Fault) {
	keys := reverse.NewKeys()
	for _, id := range who.Idents() {
		keys.Idents[id] = struct{}{}
	}
	fault = in.read(ctx, keys, func(s *reverse.State, _ int64) {
		if m, r = query.FindMember(s, who.Idents()); m == nil {
			return
		}
		accounts = map[string]*ledger.Account{}
		for _, id := range s.AccountsOf(m.ID) {
			if a := s.Accounts[id]; of(a.Type) && (who.Card == "" || a.Card == who.Card) {
				accounts[id] = a
			}
		}
	})
	return m, accounts, r, fault
}

// aFlow is what one operation did to one account.
type aFlow struct {
	op      *ledger.Op
	account string
	moved   [ledger.Kinds]ledger.Amount
	after   [ledger.Kinds]ledger.Amount
}

// flowsOf tells what an operation did to accounts.
func flowsOf(o *ledger.Op, wanted func(string) bool, f ledger.Family) (list []aFlow) {
	for i := range o.Postings {
		p := &o.Postings[i]
		if p.Lot.IsZero() || p.Kind.Family() != f || !wanted(p.Lot.Account) {
			continue
		}
		at := slices.IndexFunc(list, func(l aFlow) bool { return l.account == p.Lot.Account })
		if at < 0 {
			at = len(list)
			list = append(list, aFlow{op: o, account: p.Lot.Account})
			for _, b := range o.After {
				if b.Account == p.Lot.Account {
					list[at].after = b.Sums
				}
			}
		}
		list[at].moved[p.Kind] += p.Amount
	}
	return list
}

// history lists a page of flows.
func (in *Input) history(ctx context.Context, f query.HistoryFilter, pageNo, start *Field, lines func(*ledger.Op) []aFlow) (query.HistoryPage[aFlow], *top.Fault) {
	page, err := query.Flows(ctx, in.service.History, in.brand.ID, f, lines)
	switch {
	case errors.Is(err, query.ErrTooDeep):
		return page, in.invalid(pageNo, "超出可翻页深度,请用"+start.Name+"、end_time缩小时间范围 lies too deep; narrow the time by "+start.Name+" and end_time")
	case err != nil:
		return page, unavailable()
	}
	return page, nil
}

// accountFlows declares alibaba.alsc.crm.recharge.accountflows.get.
func accountFlows() *Method {
	types := []string{"CHARGE", "UNCHARGE", "DEDUT", "UNDEDUT", "EXPIRE", "IMPORT", "CANCEL", "ADJUST"}
	var (
		card      = cardID()
		kinds     = ids("flow_types", "CHARGE,DEDUT", "流水类型,多个以逗号分隔:CHARGE充值,UNCHARGE充值撤销,DEDUT扣减,UNDEDUT扣减撤销,EXPIRE过期,IMPORT导入,CANCEL作废,ADJUST赠送补扣", "Any of these, parted by commas: CHARGE, UNCHARGE, DEDUT, UNDEDUT, EXPIRE, IMPORT, CANCEL, ADJUST.").oneOf(types...)
		order     = id("out_order_id", "", "外部订单号", "This order alone.")
		start     = startTime()
		end       = endTime()
		pageNo    = pageNumber()
		pageSize  = pageLength()
		flowInfos = structure("PageQueryAccountFlowsOpenInfo",
			id("account_id", "34243334-1", "账户id", "Account."),
			id("flow_id", "06hhgq2g006089mzhhn0000000", "流水号", "The operation."),
			id("flow_type", "CHARGE", "流水类型", "Its type."),
			date("gmt_create", "2026-03-01 12:00:00", "创建时间", "When."),
			date("gmt_modified", "2026-03-01 12:00:00", "修改时间", "The same: operations never change."),
			id("operator", "322343434", "操作人id", "Who did it."),
			text("operator_name", "小王", "操作人名", "Their name."),
			date("order_time", "2026-03-01 12:00:00", "时间", "When."),
			id("outer_order_id", "2424535354", "外部订单号", "The order."),
			text("remark", "测试", "备注", "Remark."),
			id("shop_id", "243545", "门店id", "Shop."),
			text("shop_name", "总店", "门店名", "Its name."),
			number("current_value", "1100", "变动后储值(分),含冻结", "Fen of the account after it, holds included."),
			number("order_value", "1100", "变动金额(分),减少为负", "Fen that were moved; what left is negative."),
			number("gift_value", "100", "其中赠储(分)", "Of that the given value."),
			boolean("deleted", "false", "是否删除", "Always false."),
		)
	)
	kinds.AsText = true
	return &Method{
		Name: "alibaba.alsc.crm.recharge.accountflows.get", Group: groupCRM,
		Zh: "分页查询储值流水", En: "List flows of stored value",
		About: "分页查询会员储值变动,从新到旧,每条带变动后余额。较深的页请用时间范围缩小。",
		Notes: "Lists what moved a member's stored value, the newest first, each with the balance after it. total_size is told on the last page. Narrow the time for what lies deep.",
		Param: "param_page_query_account_flows_open_req", ParamZh: "入参", ParamEn: "Whose flows.",
		Request: structure("PageQueryAccountFlowsOpenReq",
			crmBrandID(), card, crmCustomer(), end, kinds, order, crmOutBrand(), crmOutShop(), crmShop(), start, bizChannel(), pageNo, pageSize),
		Response: pageResult(flowInfos),
		Codes:    []ledger.Code{ledger.OK, ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch, ledger.CardNotFound},
		tenant:   crmBrand, wrap: wrapPage,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			who, fault := in.who()
			if fault == nil {
				fault = in.needMember(&who)
			}
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			if _, refused := in.findShop(); refused.Code != ledger.OK {
				return top.Value{}, refused, nil
			}
			m, accounts, r, fault := in.holder(ctx, &who, func(t ledger.AccountType) bool { return t != ledger.PointPurse })
			switch {
			case fault != nil, m == nil:
				return top.Value{}, r, fault
			case len(accounts) == 0:
				return top.Value{}, ledger.Refuse(ledger.CardNotFound, ledger.T("card", who.Card)), nil
			}
			f := query.HistoryFilter{Members: m.Histories(), Order: in.text(order), Moves: ledger.MovesValue}
			f.Page, f.Size = in.page(pageNo, pageSize)
			f.From, f.To = in.between(start, end)
			wanted := in.texts(kinds)
			page, fault := in.history(ctx, f, pageNo, start, func(o *ledger.Op) []aFlow {
				if len(wanted) > 0 && !slices.Contains(wanted, flowTypes[o.Kind]) {
					return nil
				}
				return flowsOf(o, func(id string) bool { return accounts[id] != nil }, ledger.Value)
			})
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			items := list("page_query_account_flows_open_info", page.Items, func(l aFlow) top.Value { return showAccountFlow(in.brand, l) })
			return in.pageOf(items, f.Page, f.Size, page.Total), r, nil
		},
	}
}

func showAccountFlow(b *ledger.Brand, l aFlow) top.Value {
	o := l.op
	return top.Obj(
		top.F("account_id", top.Str(l.account)),
		top.F("flow_id", top.Str(o.ID.String())),
		top.F("flow_type", top.Str(flowTypes[o.Kind])),
		top.F("gmt_create", when(o.At)),
		top.F("gmt_modified", when(o.At)),
		top.F("operator", known(o.Operator)),
		top.F("operator_name", known(o.OperatorName)),
		top.F("order_time", when(o.At)),
		top.F("outer_order_id", shownOrder(o)),
		top.F("remark", known(o.Reason)),
		top.F("shop_id", known(o.Shop)),
		top.F("shop_name", shopName(b, o.Shop)),
		top.F("current_value", top.Int(int64(ledger.Sum(l.after, ledger.Value)))),
		top.F("order_value", top.Int(int64(ledger.Sum(l.moved, ledger.Value)))),
		top.F("gift_value", top.Int(int64(l.moved[ledger.Gift]))),
		top.F("deleted", top.Bool(false)),
	)
}

// shownOrder is the number in whose history an operation lies, if callers know it: the ledger has some of its own.
func shownOrder(o *ledger.Op) top.Value {
	if o.Order == "" || o.Order[0] == '\x01' {
		return top.Value{}
	}
	return top.Str(o.Order)
}

func shopName(b *ledger.Brand, id string) top.Value {
	if s := b.Shops[id]; s != nil {
		return known(s.Name)
	}
	return top.Value{}
}

// flowDetailGet declares alibaba.alsc.crm.recharge.account.flowdetail.get.
func flowDetailGet() *Method {
	var (
		flow  = id("flow_id", "", "流水号,与outer_order_id至少一项", "The operation; it or outer_order_id is required.")
		order = id("outer_order_id", "2424535354", "外部订单号,取其最近一笔储值流水", "The newest operation on stored value under this number.")
	)
	return &Method{
		Name: "alibaba.alsc.crm.recharge.account.flowdetail.get", Group: groupCRM,
		Zh: "查询储值流水明细", En: "Show a flow of stored value",
		About: "按流水号或外部订单号查询一笔储值流水:变动前、变动、变动后。",
		Notes: "Shows one operation on stored value, by its id or as the newest under an order number: before, affected, after.",
		Param: "param_query_recharge_account_flow_open_req", ParamZh: "入参", ParamEn: "Which flow.",
		Request:  structure("QueryRechargeAccountFlowOpenReq", crmBrandID(), flow, crmOutBrand(), order),
		Response: commonResult(object("result", flowDetail(), "流水明细", "The operation.")),
		Codes:    []ledger.Code{ledger.OK, ledger.FlowNotFound},
		tenant:   crmBrand, wrap: wrapCommon,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			keys, asked := reverse.NewKeys(), in.text(order)
			var found *ledger.Op
			switch {
			case in.has(flow):
				asked = in.text(flow)
				if id, ok := ledger.ParseID(asked); ok {
					var err error
					if found, err = query.FindFlow(ctx, in.service.History, in.brand.ID, id); err != nil {
						return top.Value{}, ledger.Result{}, unavailable()
					}
				}
				if found != nil {
					keys.Idents[ledger.Ident{Type: ledger.ByCustomer, Text: found.Member}] = struct{}{}
				}
			case in.has(order):
				keys.Orders[asked], keys.Unnamed[asked] = struct{}{}, struct{}{}
			default:
				return top.Value{}, ledger.Result{}, in.missing(flow, "flow_id与outer_order_id至少提供一项 one of flow_id and outer_order_id is required")
			}
			var v top.Value
			fault := in.read(ctx, keys, func(s *reverse.State, _ int64) {
				for _, o := range s.Orders[asked] {
					if found == nil || o.Seq > found.Seq {
						if showsFlow(o) {
							found = o
						}
					}
				}
				if found != nil && showsFlow(found) {
					v = showFlow(s, found)
				}
			})
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			if found == nil || !showsFlow(found) {
				return top.Value{}, ledger.Refuse(ledger.FlowNotFound, ledger.T("flow", asked)), nil
			}
			return v, ledger.Result{}, nil
		},
	}
}

// showsFlow reports whether an operation is a flow of stored value: it moved some, or let a hold go.
func showsFlow(o *ledger.Op) bool {
	return o.Moves()&ledger.MovesValue != 0 || o.Kind == ledger.OpRelease
}

// pointFlowTypes are the ways of an operation on points: the document's word, and what it says to people.
var pointFlowTypes = map[ledger.OpKind][2]string{
	ledger.OpGrant: {"EXTRA_CHARGE", "额外增加"}, ledger.OpUngrant: {"EXTRA_CONSUME", "积分补扣"},
	ledger.OpEarn: {"REWARD_FROM_CONSUME", "消费送"}, ledger.OpUnearn: {"REWARD_FROM_CONSUME_REVERSE", "消费送回退"},
	ledger.OpSpend: {"DEDUCT_FROM_CONSUME", "消费抵扣"}, ledger.OpRefund: {"DEDUCT_FROM_CONSUME_REVERSE", "积分消费回退"},
	ledger.OpExpire: {"EXPIRE", "过期"}, ledger.OpDebt: {"REPAY", "抵还欠扣积分"}, ledger.OpImport: {"IMPORT", "导入"},
}

// pointFlows declares alibaba.alsc.crm.point.querypointflow.
func pointFlows() *Method {
	var (
		customer = crmCustomer().must()
		order    = id("out_biz_id", "", "关联交易号", "This number alone.")
		kind     = id("point_flow_type", "", "POINT_INCREASE增加,POINT_DECREASE减少;缺省为全部", "POINT_INCREASE or POINT_DECREASE; all if absent.").
				oneOf("POINT_INCREASE", "POINT_DECREASE")
		start    = startTime()
		end      = endTime()
		pageNo   = pageNumber()
		pageSize = pageLength()
		flows    = structure("PointFlowOpenInfo",
			id("biz_type", "DEDUCT_FROM_CONSUME", "业务场景", "What happened."),
			text("biz_type_description", "消费抵扣", "业务场景描述", "In words."),
			id("flow_id", "06hhgq2g006089mzhhn0000000", "流水号", "The operation."),
			text("operator_name", "小王", "操作人名", "Who did it."),
			id("out_biz_id", "3231231312312", "关联交易号", "The number."),
			text("reason", "积分抵扣", "变更原因", "Why."),
			text("shop_name", "总店", "门店名", "Shop."),
			date("time", "2026-03-01 12:00:00", "时间", "When."),
			number("change_point", "-23", "变更积分数,减少为负", "Points; what left is negative."),
			number("remain_point", "77", "变更后积分,含冻结", "Points after it, holds included."),
		)
	)
	return &Method{
		Name: "alibaba.alsc.crm.point.querypointflow", Group: groupCRM,
		Zh: "分页查询积分流水", En: "List flows of points",
		About: "分页查询会员积分变动,从新到旧,每条带变动后积分。较深的页请用时间范围缩小。",
		Notes: "Lists what moved a member's points, the newest first, each with the points after it. total_size is told on the last page. Narrow the time for what lies deep.",
		Param: "param_page_query_point_flow_open_req", ParamZh: "入参", ParamEn: "Whose flows.",
		Request: structure("PageQueryPointFlowOpenReq",
			crmBrandID(), customer, end, order, kind, crmShop(), start, crmOutShop(), crmOutBrand(), bizChannel(), pageNo, pageSize),
		Response: pageResult(flows),
		Codes:    []ledger.Code{ledger.OK, ledger.ShopNotFound, ledger.MemberNotFound},
		tenant:   crmBrand, wrap: wrapPage,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			who, fault := in.who()
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			if _, refused := in.findShop(); refused.Code != ledger.OK {
				return top.Value{}, refused, nil
			}
			m, accounts, r, fault := in.holder(ctx, &who, func(t ledger.AccountType) bool { return t == ledger.PointPurse })
			if fault != nil || m == nil {
				return top.Value{}, r, fault
			}
			f := query.HistoryFilter{Members: m.Histories(), Order: in.text(order), Moves: ledger.MovesPoints}
			f.Page, f.Size = in.page(pageNo, pageSize)
			f.From, f.To = in.between(start, end)
			page, fault := in.history(ctx, f, pageNo, start, func(o *ledger.Op) []aFlow {
				return slices.DeleteFunc(flowsOf(o, func(id string) bool { return accounts[id] != nil }, ledger.Points), func(l aFlow) bool {
					return in.has(kind) && (l.moved[ledger.Point] > 0) != (in.text(kind) == "POINT_INCREASE")
				})
			})
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			items := list("point_flow_open_info", page.Items, func(l aFlow) top.Value { return showPointFlow(in.brand, l) })
			return in.pageOf(items, f.Page, f.Size, page.Total), r, nil
		},
	}
}

func showPointFlow(b *ledger.Brand, l aFlow) top.Value {
	o, words := l.op, pointFlowTypes[l.op.Kind]
	return top.Obj(
		top.F("biz_type", known(words[0])),
		top.F("biz_type_description", known(words[1])),
		top.F("flow_id", top.Str(o.ID.String())),
		top.F("operator_name", known(o.OperatorName)),
		top.F("out_biz_id", shownOrder(o)),
		top.F("reason", known(o.Reason)),
		top.F("shop_name", shopName(b, o.Shop)),
		top.F("time", when(o.At)),
		top.F("change_point", top.Int(int64(l.moved[ledger.Point]))),
		top.F("remain_point", top.Int(int64(l.after[ledger.Point]))),
	)
}
