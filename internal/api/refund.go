package api

import (
	"context"
	"errors"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/top"
)

// Payments of reverses that were made, and reports of reverses.

// confirmRefund declares alibaba.wdk.reverse.refund.
func confirmRefund() *Method {
	var (
		code     = id("channel_code", "10001", "渠道码", "Channel.").must()
		paid     = amount("refund_amount", "20", "已退金额,单位:分,等于该渠道应退金额", "Fen that were paid: all of the channel.").must()
		channels = objects("refund_channel_list", structure("ChannelRefundDto", code, paid), "已退渠道", "Channels that are paid.").must()
		store    = id("store_id", "2131", "门店id", "Store.").must()
		sub      = number("sub_biz_order_id", "5000399193546580981", "wdk子单号", "The sub-order.").must()
		agent    = text("agent", "123", "操作人", "Who did it.")
		memo     = text("memo", "", "备注", "Remark.")
	)
	sub.AsText = true
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		head.Operator, head.Reason = in.text(agent), in.text(memo)
		c := &reverse.ConfirmRefund{Head: head, Store: in.text(store), Sub: in.num(sub)}
		for _, v := range in.items(channels) {
			a := args(v.list)
			c.Channels = append(c.Channels, reverse.Confirmed{Code: a.text(code), Amount: ledger.Amount(a.num(paid))})
		}
		return c, nil
	}
	return &Method{
		Name: "alibaba.wdk.reverse.refund", Group: groupWDK,
		Zh: "逆向退款确认", En: "Confirm that a refund is paid",
		About: "确认外部渠道已退款:同一子单、同一渠道、金额一致的打款记为已退;重复确认返回相同结果。全部渠道已退则逆向单成功。",
		Notes: "Confirms that external channels are paid: the payout of the sub-order with the same channel and amount is. Confirming again answers the same. Once every channel is paid the reverse is done.",
		Param: "open_refund_req_d_t_o", ParamZh: "入参", ParamEn: "What is paid.",
		Request:  structure("OpenRefundReqDto", channels, store, sub, agent, memo),
		Response: wdkResult("AlibabaWdkReverseRefundResult", number("model", "1000002329950431000", "逆向单号", "The reverse.")),
		Codes:    []ledger.Code{ledger.OK, ledger.OrderNotFound, ledger.ChannelUnknown, ledger.PayoutMismatch, ledger.ChannelOverCap},
		tenant:   storeBrand, wrap: wrapReverse,
		answer: write(build, done(func(_ *Input, r *ledger.Result) top.Value { return top.Int(r.Numbers[0]) })),
	}
}

// refundInfo is OrderSyncRefundDto: a reverse as it is reported.
func refundInfo() *Struct {
	return structure("OrderSyncRefundDto",
		objects("refund_channel_list", structure("OrderSyncRefundChannel",
			fee("refund_amount", "20", "退款金额,单位:分", "Fen."),
			number("refund_channel", "10001", "渠道码;会员资产缺省", "Channel; absent for member assets."),
			number("refund_order_id", "1000002329950431000", "逆向单号", "The reverse."),
		), "退款渠道", "Channels."),
		text("item_code", "6901234567892", "商品编码", "Goods."),
		id("operator_id", "123", "操作人id", "Who asked."),
		text("operator_name", "门店小二", "操作人名", "Their name."),
		text("refund_quantity", "1", "期望退款数量;无取货时缺省", "What is to be paid for; absent without a pick-up."),
		date("refund_time", "2026-03-01 12:00:00", "结束时间;未结束时缺省", "Ended; absent while it goes on."),
		id("store_id", "2131", "门店id", "Store."),
		text("actual_pick_quantity", "0.95", "清点数量", "What was counted."),
		text("actual_refund_quantity", "0.95", "实际退款数量", "What is paid for."),
		text("sku_code", "6901234567892", "商品编码", "The same."),
		id("out_order_id", "1506864060698825069", "外部子单号", "Outer number of the sub-order."),
		id("out_mian_order_id", "1506864060698825068", "外部主单号", "Outer number of the order."),
		id("shop_id", "2131", "门店id", "Store."),
		id("refund_status", "SUCCESS", "状态", "APPLY, REFUSE, AGREE, PAYING, SUCCESS, FAILED or CANCEL."),
		number("origin_order_id", "5000399193546580981", "wdk子单号", "The sub-order."),
		number("origin_parent_id", "5000399193546580980", "wdk主单号", "The order."),
		fee("refund_amount", "30", "退款金额,单位:分", "Fen."),
		number("refund_order_id", "1000002329950431000", "逆向单号", "The reverse."),
		fee("refund_post_fee", "0", "其中运费,单位:分", "That part of it which is postage."),
		number("dispute_type", "1", "1售中 2售后", "1 before delivery, 2 after."),
	)
}

func showRefund(r *query.Reverse) top.Value {
	var ended, wanted, counted top.Value
	if e := r.Ended(); e != nil {
		ended = when(e.At)
	}
	if r.Fetch != nil {
		wanted = top.Str(r.Fetch.Refund.String())
		if r.Fetch.Counted > 0 {
			counted = top.Str(r.Fetch.Counted.String())
		}
	}
	dispute := int64(1)
	if slices.Contains(r.Order.Gone, r.Reverse.Sub) {
		dispute = 2
	}
	return top.Obj(
		top.F("refund_channel_list", list("order_sync_refund_channel", r.Channels, func(c reverse.Channel) top.Value {
			return top.Obj(top.F("refund_amount", top.Int(int64(c.Amount))), top.F("refund_channel", numeral(c.Code)), top.F("refund_order_id", top.Int(r.ID)))
		})),
		top.F("item_code", known(r.Sub.Sku)),
		top.F("operator_id", known(r.Operator)),
		top.F("operator_name", known(r.OperatorName)),
		top.F("refund_quantity", wanted),
		top.F("refund_time", ended),
		top.F("store_id", top.Str(r.Store)),
		top.F("actual_pick_quantity", counted),
		top.F("actual_refund_quantity", counted),
		top.F("sku_code", known(r.Sub.Sku)),
		top.F("out_order_id", known(r.Sub.Out)),
		top.F("out_mian_order_id", top.Str(r.Order.Out)),
		top.F("shop_id", top.Str(r.Store)),
		top.F("refund_status", top.Str(r.Status.String())),
		top.F("origin_order_id", top.Int(r.Reverse.Sub)),
		top.F("origin_parent_id", top.Int(r.Main)),
		top.F("refund_amount", top.Int(int64(r.Amount))),
		top.F("refund_order_id", top.Int(r.ID)),
		top.F("refund_post_fee", top.Int(int64(r.Post))),
		top.F("dispute_type", top.Int(dispute)),
	)
}

// syncResult is the response of both reports.
func syncResult() *Struct {
	return structure("", object("result", structure("OrderSyncRefundListResult",
		objects("orders", refundInfo(), "逆向单", "Reverses."),
		text("return_code", "0", "结果码", "0, or the word of the refusal."),
		text("return_msg", "成功", "结果描述", "What happened."),
		number("next_index", "1", "下一页,没有时缺省", "The next page; absent on the last."),
		number("total_number", "1", "总数,仅末页给出", "How many there are; told on the last page."),
		boolean("success", "true", "是否成功", "Whether it was done."),
	), "结果", "The result."))
}

// reported is the value of such a response; next is −1 on the last page, total unless all were seen.
func reported(reverses []*query.Reverse, next, total int) top.Value {
	var more, all top.Value
	if next >= 0 {
		more = top.Int(int64(next))
	}
	if total >= 0 {
		all = top.Int(int64(total))
	}
	return top.Obj(
		top.F("orders", list("order_sync_refund_dto", reverses, showRefund)),
		top.F("return_code", top.Str("0")),
		top.F("return_msg", top.Str("成功")),
		top.F("next_index", more),
		top.F("total_number", all),
		top.F("success", top.Bool(true)),
	)
}

func wrapSync(_ *Method, r *ledger.Result, v top.Value) top.Value {
	if r.Code != ledger.OK {
		v = top.Obj(top.F("return_code", top.Str(r.Code.Word())), top.F("return_msg", top.Str(r.Desc())), top.F("success", top.Bool(false)))
	}
	return top.Obj(top.F("result", v))
}

// getRefunds declares alibaba.wdk.order.refund.get.
func getRefunds() *Method {
	var (
		subs  = numbers("biz_order_ids", "[5000399193546580981]", "wdk子单号,最多20个", "Sub-orders, at most 20.").items(20)
		ids   = numbers("refund_ids", "", "逆向单号,最多20个", "Reverses, at most 20.").items(20)
		shop  = id("shop_id", "", "渠道店id,等同store_id", "The store, if store_id is absent.")
		where = id("store_id", "2131", "门店id", "Store.")
		from  = number("order_from", "", "渠道来源,不影响结果", "Not used.")
	)
	return &Method{
		Name: "alibaba.wdk.order.refund.get", Group: groupWDK,
		Zh: "订单退款按ID查询", En: "Report refunds by number",
		About:    "按子单号或逆向单号查询逆向单。",
		Notes:    "Reports reverses by the numbers of their sub-orders, or their own.",
		Request:  structure("", subs, ids, shop, where, from),
		Response: syncResult(),
		Codes:    []ledger.Code{ledger.OK},
		tenant:   reportBrand(where, shop, nil), wrap: wrapSync,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			if !in.has(subs) && !in.has(ids) {
				return top.Value{}, ledger.Result{}, in.missing(subs, "biz_order_ids与refund_ids至少提供一项 one of biz_order_ids and refund_ids is required")
			}
			keys := reverse.NewKeys()
			for _, no := range in.nums(subs) {
				keys.Subs[no] = struct{}{}
			}
			for _, no := range in.nums(ids) {
				keys.Reverses[no] = struct{}{}
			}
			var found []*query.Reverse
			fault := in.read(ctx, keys, func(s *reverse.State, _ int64) {
				for no, r := range s.Reverses {
					if slices.Contains(in.nums(ids), no) || slices.Contains(in.nums(subs), r.Sub) {
						found = append(found, query.FindReverse(s, no))
					}
				}
			})
			found = slices.DeleteFunc(found, func(r *query.Reverse) bool { return in.has(where) && r.Store != in.text(where) })
			slices.SortFunc(found, byTime)
			return reported(found, -1, len(found)), ledger.Result{}, fault
		},
	}
}

func byTime(a, b *query.Reverse) int { return refOf(a).Compare(refOf(b)) }

func refOf(r *query.Reverse) store.ReverseRef { return store.ReverseRef{At: r.At(), ID: r.ID} }

// reportBrand finds the brand by any of the stores that a report names.
func reportBrand(store, shop, stores *Field) func(*Input) *top.Fault {
	return func(in *Input) *top.Fault {
		for _, f := range []*Field{store, shop} {
			if in.has(f) {
				return in.brandOf(f, in.text(f))
			}
		}
		if stores != nil && in.has(stores) {
			return in.brandOf(stores, in.texts(stores)[0])
		}
		return in.missing(store, "须提供门店 a store is required")
	}
}

// listRefunds declares alibaba.wdk.order.refund.list.
func listRefunds() *Method {
	var (
		stores = ids("store_ids", "", "门店id列表,最多20个;缺省用store_id或shop_id", "Stores, at most 20; store_id or shop_id if absent.").items(20)
		end    = date("end_time", "2026-03-02 00:00:00", "结束时间,含", "Asked for not after this moment.").must()
		client = text("order_client", "", "下单终端,不影响结果", "Not used.")
		start  = date("start_time", "2026-03-01 00:00:00", "开始时间,含;按申请时间", "Asked for not before this moment.").must()
		sync   = text("sync_status", "", "废弃,不影响结果", "Not used.")
		shop   = id("shop_id", "", "渠道店id,等同store_id", "The store, if store_id is absent.")
		where  = id("store_id", "2131", "门店id", "Store.")
		biz    = text("biz_type", "", "不影响结果", "Not used.")
		index  = number("page_index", "0", "页码,从0开始", "Page, from 0.").between(0, math.MaxInt32)
		size   = number("page_size", "20", "每页条数,1到100,缺省20", "Items a page, 1 to 100; 20 if absent.").between(1, 100)
		from   = number("order_from", "", "渠道来源,不影响结果", "Not used.")
	)
	return &Method{
		Name: "alibaba.wdk.order.refund.list", Group: groupWDK,
		Zh: "退款批量查询", En: "Report refunds by time",
		About: "按门店与申请时间分页查询逆向单,先申请的在前。较深的页请缩小时间范围。",
		Notes: "Reports the reverses of stores by the time they were asked for, the oldest first, a page at a time. Narrow the time for what lies deep.",
		Param: "batch_query_refund_request", ParamZh: "查询条件", ParamEn: "Which reverses.",
		Request:  structure("BatchQueryRefundRequest", stores, end, client, start, sync, shop, where, biz, index, size, from),
		Response: syncResult(),
		Codes:    []ledger.Code{ledger.OK},
		tenant:   reportBrand(where, shop, stores), wrap: wrapSync,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			wanted := in.texts(stores)
			for _, f := range []*Field{where, shop} {
				if len(wanted) == 0 && in.has(f) {
					wanted = []string{in.text(f)}
				}
			}
			no, many := int(in.num(index)), 20
			if in.has(size) {
				many = int(in.num(size))
			}
			since, until := in.between(start, end)
			refs, total, err := query.Reverses(ctx, in.service.History, in.brand.ID, query.ReverseFilter{Stores: wanted, From: since, To: until, Page: no, Size: many})
			switch {
			case errors.Is(err, query.ErrTooDeep):
				return top.Value{}, ledger.Result{}, in.invalid(index, "超出可翻页深度,请用start_time、end_time缩小时间范围 lies too deep; narrow the time by start_time and end_time")
			case err != nil:
				return top.Value{}, ledger.Result{}, unavailable()
			}
			keys := reverse.NewKeys()
			for _, ref := range refs {
				keys.Reverses[ref.ID] = struct{}{}
			}
			var found []*query.Reverse
			fault := in.read(ctx, keys, func(s *reverse.State, _ int64) {
				for _, ref := range refs {
					if r := query.FindReverse(s, ref.ID); r != nil {
						found = append(found, r)
					}
				}
			})
			next := -1
			if total < 0 {
				next = no + 1
			}
			return reported(found, next, total), ledger.Result{}, fault
		},
	}
}
