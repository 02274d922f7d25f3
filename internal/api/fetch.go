package api

import (
	"context"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// Pick-up of goods before they are paid back (semantics.md §9): payable is what is counted.

// fetchDays is for how many days pick-ups can be booked ahead, and fetchAhead how long before.
const (
	fetchDays  = 3
	fetchAhead = time.Hour
)

// timeSlice declares alibaba.wdk.reverse.timeslice.
func timeSlice() *Method {
	var (
		subs  = ids("sub_out_order_ids", `["1506864060698825068-1"]`, "外部子单,缺省为全部", "Outer numbers of the sub-orders; all of the order if absent.").items(linesMax)
		main  = id("main_out_order_id", "1506864060698825068", "外部主单号", "Outer number of the order.").must()
		store = id("store_id", "2131", "门店id", "Store.").must()
		model = structure("AlibabaWdkReverseTimesliceModel",
			objects("date_time_slice_collection_d_t_o_list", structure("DateTimeSliceCollectionDtoList",
				objects("time_slice_list", structure("TimeSliceList", text("time_slot", "10:00-11:00", "时段", "From and to.")), "时段", "Slots of an hour."),
				text("date", "2026-03-02", "日期", "Day."),
			), "可选日期", "Days."),
			id("sub_out_order_id", "1506864060698825068-1", "外部子单号", "The sub-order."),
		)
	)
	return &Method{
		Name: "alibaba.wdk.reverse.timeslice", Group: groupWDK,
		Zh: "逆向取货时间片", En: "Tell when goods can be picked up",
		About: "按门店营业时间给出今天起3天内的取货时段,每段一小时,至少提前一小时。",
		Notes: "Tells the hours in which the store has goods picked up, today and the next two days, an hour ahead at least.",
		Param: "param_query_time_slice_req", ParamZh: "入参", ParamEn: "Which goods.",
		Request:  structure("QueryTimeSliceReq", subs, main, store),
		Response: wdkResult("ReverseResult", objects("model", model, "model", "One for each sub-order.")),
		Codes:    []ledger.Code{ledger.OK, ledger.ShopNotFound, ledger.OrderNotFound},
		tenant:   storeBrand, wrap: wrapReverse,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			o, fault := in.order(ctx, in.text(main))
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			if o == nil || o.Store != in.text(store) {
				return top.Value{}, ledger.Refuse(ledger.OrderNotFound, ledger.T("order", in.text(main))), nil
			}
			wanted := in.texts(subs)
			for _, sub := range o.Subs {
				if !in.has(subs) {
					wanted = append(wanted, sub.Out)
				}
			}
			for _, out := range wanted {
				if !slices.ContainsFunc(o.Subs, func(s reverse.Sub) bool { return s.Out == out }) {
					return top.Value{}, ledger.Refuse(ledger.OrderNotFound, ledger.T("order", out)), nil
				}
			}
			days := slots(in.brand.Shops[o.Store], in.service.Now().In(top.GMT8))
			return list("alibaba_wdk_reverse_timeslice_model", wanted, func(out string) top.Value {
				return top.Obj(top.F("date_time_slice_collection_d_t_o_list", days), top.F("sub_out_order_id", top.Str(out)))
			}), ledger.Result{}, nil
		},
	}
}

// slots are the hours of a shop on the days from now on in which goods can still be picked up.
func slots(shop *ledger.Shop, now time.Time) top.Value {
	open, end := shop.Hours()
	var days []top.Value
	for d := range fetchDays {
		day := time.Date(now.Year(), now.Month(), now.Day()+d, 0, 0, 0, 0, now.Location())
		var hours []top.Value
		for m := open; m+60 <= end; m += 60 {
			from := day.Add(time.Duration(m) * time.Minute)
			if from.Before(now.Add(fetchAhead)) {
				continue
			}
			hours = append(hours, top.Obj(top.F("time_slot", top.Str(from.Format("15:04")+"-"+from.Add(time.Hour).Format("15:04")))))
		}
		if len(hours) > 0 {
			days = append(days, top.Obj(top.F("time_slice_list", top.List("time_slice_list", hours...)), top.F("date", top.Str(day.Format("2006-01-02")))))
		}
	}
	return top.List("date_time_slice_collection_dto_list", days...)
}

// order reads a WDK order by its outer number, nil if there is none.
func (in *Input) order(ctx context.Context, out string) (o *reverse.Order, fault *top.Fault) {
	keys := reverse.NewKeys()
	keys.Outs[out] = struct{}{}
	fault = in.read(ctx, keys, func(s *reverse.State, _ int64) { o = s.WdkOrders[s.OutOf[out]] })
	return o, fault
}

// createFetch declares alibaba.wdk.reverse.createfeatch.
func createFetch() *Method {
	fetchType := func() *Field {
		return number("fetch_type", "1", "取货类型,1上门取货", "1: at the buyer's door.").between(1, 1).oneOf("1")
	}
	var (
		expect   = id("expect_fetch_quantity", "1", "期望取货数量,最多三位小数(称重商品到克)", "What is to be picked up, with up to three places: weighed goods to the gram.").must()
		refunded = id("expect_refund_quantity", "1", "期望退款数量,最多三位小数", "What is to be paid for, likewise.").must()
		sub      = id("sub_out_order_id", "1506864060698825068-1", "外部子单号", "The sub-order of the reverse.").must()
		lines    = objects("fetch_aggregate_list", structure("FetchAggregate", expect, refunded, sub, fetchType()), "取货详情,逆向单的子单一项", "The sub-order of the reverse.").must()
		address  = text("buyer_address", "杭州市西湖区", "买家地址", "Where.").must()
		name     = text("buyer_name", "张三", "买家姓名", "From whom.").must()
		phone    = text("buyer_phone", "18888888888", "买家电话", "Their phone.").must()
		to       = text("expect_fetch_end_time", "2026-03-02 12:00:00", "期望取货结束时间", "Until when.")
		from     = text("expect_fetch_start_time", "2026-03-02 10:00:00", "期望取货开始时间", "From when.")
		main     = id("main_out_order_id", "1506864060698825068", "外部主单号", "Outer number of the order.").must()
		memo     = text("memo", "", "备注", "Remark.")
		reverses = number("reverse_id", "1000002329950431000", "逆向单号,幂等id", "The reverse, which is also the idempotency key.").between(1, 1<<63-1).must()
		store    = id("store_id", "2131", "门店id", "Store.").must()
		kind     = fetchType().must()
		operator = newOperatorVo("发起人", "Who asks.")
		reason   = number("reason_id", "", "原因id,不影响结果", "Not used.")
		amount   = number("refund_amount", "", "退款金额,单位:分,不影响结果:按清点数量付款", "Fen; not used: what is counted is what is paid for.").fen()
	)
	reverses.AsText = true
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		head.Operator, head.OperatorName, _ = operator.read(in)
		head.Reason = in.text(memo)
		c := &reverse.CreateFetch{
			Head: head, Store: in.text(store), Reverse: in.num(reverses), Out: in.text(main),
			Fetch: reverse.Fetch{
				Type: in.num(kind), From: in.text(from), To: in.text(to), Memo: in.text(memo), Content: hex.EncodeToString(head.Content[:]),
				Buyer: &reverse.Buyer{Name: in.text(name), Phone: in.text(phone), Address: in.text(address)},
			},
		}
		for i, v := range in.items(lines) {
			a := args(v.list)
			line := reverse.FetchLine{Sub: a.text(sub)}
			for _, q := range []struct {
				field *Field
				to    *reverse.Quantity
			}{{expect, &line.Expected}, {refunded, &line.Refund}} {
				var ok bool
				if *q.to, ok = reverse.ParseQuantity(a.text(q.field)); !ok {
					p := problem{path: q.field.Name, remedy: "应为大于0、最多三位小数的数量 must be a quantity above 0 with at most three places"}
					return nil, p.under("[" + strconv.Itoa(i) + "]").under(lines.Name).under(in.method.Param).fault()
				}
			}
			c.Lines = append(c.Lines, line)
		}
		return c, nil
	}
	return &Method{
		Name: "alibaba.wdk.reverse.createfeatch", Group: groupWDK,
		Zh: "逆向取货", En: "Have goods picked up",
		About: "为待同意的逆向单发起取货;同意时须清点,按清点数量比例付款。取货单号即逆向单号。",
		Notes: "Has the goods of a reverse that waits picked up. They are counted when it is approved, and paid for in proportion. The pick-up has the number of its reverse.",
		Param: "param_create_fetch_req", ParamZh: "入参", ParamEn: "What to pick up.",
		Request: structure("CreateFetchReq",
			lines, address, name, phone, to, from, main, memo, reverses, store, kind, operator.Field, reason, amount),
		Response: reverseResult(structure("CreateFetchResponse", id("refer_id", "1000002329950431000", "取货单号", "The pick-up."))),
		Codes:    []ledger.Code{ledger.OK, ledger.ReverseNotFound, ledger.IllegalState, ledger.QuoteMismatch, ledger.RequestIDConflict},
		tenant:   storeBrand, wrap: wrapReverse,
		answer: write(build, done(func(_ *Input, r *ledger.Result) top.Value {
			return top.Obj(top.F("refer_id", top.Str(strconv.FormatInt(r.Numbers[0], 10))))
		})),
	}
}

// loadFetch declares alibaba.wdk.reverse.load.featchorder.
func loadFetch() *Method {
	var (
		fetch = number("fetch_order_id", "1000002329950431000", "取货单号", "The pick-up.").between(1, 1<<63-1).must()
		store = id("store_id", "2131", "门店id", "Store.").must()
		main  = id("main_out_order_id", "", "外部主单号", "Outer number of the order.")
	)
	fetch.AsText = true
	line := structure("FetchAggregate",
		text("actual_fetch_quantity", "0.95", "清点数量;未清点时缺省", "What was counted; absent before."),
		text("expect_fetch_quantity", "1", "期望取货数量", "What is to be picked up."),
		text("expect_refund_quantity", "1", "期望退款数量", "What is to be paid for."),
		id("sub_out_order_id", "1506864060698825068-1", "外部子单号", "The sub-order."),
		number("fetch_type", "1", "取货类型", "1: at the buyer's door."),
	)
	return &Method{
		Name: "alibaba.wdk.reverse.load.featchorder", Group: groupWDK,
		Zh: "查询取货单", En: "Show a pick-up",
		About: "查询取货单的状态与数量。买家电话打码。",
		Notes: "Shows a pick-up: its state and quantities. The buyer's phone is masked.",
		Param: "param_load_fetch_req", ParamZh: "入参", ParamEn: "Which pick-up.",
		Request: structure("LoadFetchReq", fetch, store, main),
		Response: reverseResult(structure("LoadFetchResponse",
			objects("fetch_aggregate_list", line, "取货详情", "The sub-order of the reverse."),
			text("buyer_address", "杭州市西湖区", "买家地址", "Where."),
			text("buyer_name", "张三", "买家姓名", "From whom."),
			text("buyer_phone", "188****8888", "买家电话,打码", "Their phone, masked."),
			text("expect_fetch_end_time", "2026-03-02 12:00:00", "期望取货结束时间", "Until when."),
			text("expect_fetch_start_time", "2026-03-02 10:00:00", "期望取货开始时间", "From when."),
			id("fetch_order_id", "1000002329950431000", "取货单号", "The pick-up."),
			id("fetch_status", "WAIT_FETCH", "WAIT_FETCH待取货,FETCHED已取货,CANCEL已取消", "WAIT_FETCH, FETCHED or CANCEL."),
			id("main_out_order_id", "1506864060698825068", "外部主单号", "Outer number of the order."),
			text("memo", "", "备注", "Remark."),
			id("store_id", "2131", "门店id", "Store."),
			fee("refund_amount", "30", "应付金额,单位:分", "Fen payable."),
			number("reverse_id", "1000002329950431000", "逆向单号", "The reverse."),
		)),
		Codes:  []ledger.Code{ledger.OK, ledger.ReverseNotFound},
		tenant: storeBrand, wrap: wrapReverse,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			var r *query.Reverse
			fault := in.read(ctx, query.ReverseKeys(in.num(fetch)), func(s *reverse.State, _ int64) { r = query.FindReverse(s, in.num(fetch)) })
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			if r == nil || r.Fetch == nil || r.Store != in.text(store) || in.has(main) && in.text(main) != r.Order.Out {
				return top.Value{}, ledger.Refuse(ledger.ReverseNotFound, ledger.T("reverse", strconv.FormatInt(in.num(fetch), 10))), nil
			}
			return showFetch(r), ledger.Result{}, nil
		},
	}
}

func showFetch(r *query.Reverse) top.Value {
	f, status, counted := r.Fetch, "FETCHED", top.Value{}
	switch r.Status {
	case reverse.Apply:
		status = "WAIT_FETCH"
	case reverse.Refused, reverse.Cancel:
		status = "CANCEL"
	case reverse.Agree, reverse.Paying, reverse.Success, reverse.Failed:
		counted = top.Str(f.Counted.String())
	}
	b := f.Buyer
	if b == nil {
		b = &reverse.Buyer{}
	}
	no := strconv.FormatInt(r.ID, 10)
	return top.Obj(
		top.F("fetch_aggregate_list", top.List("fetch_aggregate", top.Obj(
			top.F("actual_fetch_quantity", counted),
			top.F("expect_fetch_quantity", top.Str(f.Expected.String())),
			top.F("expect_refund_quantity", top.Str(f.Refund.String())),
			top.F("sub_out_order_id", top.Str(r.Sub.Out)),
			top.F("fetch_type", top.Int(f.Type)),
		))),
		top.F("buyer_address", known(b.Address)),
		top.F("buyer_name", known(b.Name)),
		top.F("buyer_phone", known(masked(b.Phone))),
		top.F("expect_fetch_end_time", known(f.To)),
		top.F("expect_fetch_start_time", known(f.From)),
		top.F("fetch_order_id", top.Str(no)),
		top.F("fetch_status", top.Str(status)),
		top.F("main_out_order_id", top.Str(r.Order.Out)),
		top.F("memo", known(f.Memo)),
		top.F("store_id", top.Str(r.Store)),
		top.F("refund_amount", top.Int(int64(r.Amount))),
		top.F("reverse_id", top.Int(r.ID)),
	)
}
