package api

import (
	"context"
	"slices"
	"strconv"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// The voucher family (semantics.md §8).

// voucherSend declares alibaba.alsc.crm.voucher.send.
func voucherSend() *Method {
	var (
		outBrand = id("out_brand_id", "", "外部品牌ID,brand_id与out_brand_id不可同时为空", "Outer brand id; one of it and brand_id is required.")
		request  = requestID("c0ffee4711")
		brand    = id("brand_id", "1332", "品牌id", "Brand; or out_brand_id.")
		outShop  = id("out_shop_id", "", "外部门店id,shop_id和out_shop_id不可同时为空", "Outer shop id; one of it and shop_id is required.")
		customer = id("customer_id", "34243334", "用户id", "Member.").must()
		shop     = id("shop_id", "243545", "门店id", "Shop; or out_shop_id.")
		operator = id("operator_id", "322343434", "操作人id", "Who did it.")
		template = id("voucher_id", "T200", "券模板id", "The template.").must()
		num      = number("voucher_num", "1", "发券数量,1到100", "How many to issue, 1 to 100.").between(1, 100).must()
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		return &ledger.IssueVouchers{Head: head, Template: in.text(template), Num: in.num(num)}, nil
	}
	show := done(func(_ *Input, r *ledger.Result) top.Value { return strs(r.IDs) })
	return &Method{
		Name: "alibaba.alsc.crm.voucher.send", Group: groupCRM,
		Zh: "发券", En: "Issue vouchers",
		About: "按券模板向会员发放voucher_num张券,返回券实例id。",
		Notes: "Issues voucher_num instances of a template to a member and answers their ids.",
		Param: "param_voucher_send_open_req", ParamZh: "入参", ParamEn: "What to issue.",
		Request:  structure("VoucherSendOpenReq", outBrand, request, brand, outShop, customer, shop, operator, template, num),
		Response: commonResult(ids("result", `["2837374884"]`, "券实例id", "The vouchers.")),
		Codes:    answers(ledger.ShopNotFound, ledger.MemberNotFound, ledger.TemplateNotFound, ledger.TemplateStopped),
		tenant:   crmBrand, answer: write(build, show), wrap: wrapCommon,
	}
}

// voucherStatusChange declares alibaba.alsc.crm.voucher.status.change.
func voucherStatusChange() *Method {
	var (
		vouchers     = ids("voucher_id_list", `["2837374884"]`, "券实例id", "The vouchers.").ordered().must()
		uses         = numbers("voucher_point_list", "", "各券核销次数,与voucher_id_list按序对应,缺省各1次", "Uses of each voucher, in the order of voucher_id_list; one each if absent.").ordered()
		customer     = crmCustomer().must()
		operatorName = text("operator_name", "小王", "操作人名", "Their name.")
		order        = id("out_order_id", "2424535355", "外部订单号,反核销以此找回", "The order; the undo finds the uses by it.").must()
		source       = id("source", "POS", "来源,不影响结果", "Not used.")
		action       = id("voucher_status_action", "NORMAL_ISUSED", "NORMAL_ISUSED核销,ISUSED_NORMAL反核销(补发新券)", "NORMAL_ISUSED uses them, ISUSED_NORMAL gives them back as new instances.").
				oneOf("NORMAL_ISUSED", "ISUSED_NORMAL").must()
	)
	uses.Min, uses.Max = 1, 1_000_000
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		list, counts := in.texts(vouchers), in.items(uses)
		if in.text(action) == "ISUSED_NORMAL" {
			return &ledger.ReissueVouchers{Head: head, Order: in.text(order), Vouchers: list}, nil
		}
		if len(counts) > 0 && len(counts) != len(in.items(vouchers)) {
			return nil, in.invalid(uses, "应与voucher_id_list等长 must be as long as voucher_id_list")
		}
		c := &ledger.Spend{Head: head, Order: in.text(order), Vouchers: list}
		for i, v := range in.items(vouchers) { // the list of texts names each once
			if i < len(counts) && len(c.Uses) < len(list) && v.text == list[len(c.Uses)] {
				c.Uses = append(c.Uses, ledger.Amount(counts[i].num))
			}
		}
		return c, nil
	}
	show := done(func(in *Input, r *ledger.Result) top.Value {
		if in.text(action) == "ISUSED_NORMAL" {
			return strs(r.IDs)
		}
		return strs(in.texts(vouchers))
	})
	return &Method{
		Name: "alibaba.alsc.crm.voucher.status.change", Group: groupCRM,
		Zh: "优惠券状态更改", En: "Use vouchers, or give them back",
		About: "核销券,或反核销:已用次数以新券返还,返回新券id;与assert.refund共用上限,每次使用只退一次。整批成功或整批拒绝。",
		Notes: "Uses vouchers, or gives their uses back as new instances and answers those ids. One cap holds with assert.refund: each use goes back once. All of them or none.",
		Param: "param_voucher_status_change_open_req", ParamZh: "入参", ParamEn: "Which vouchers.",
		Request: structure("VoucherStatusChangeOpenReq",
			vouchers, uses, crmBrandID(), customer, crmOperator(), operatorName, crmOutBrand(), order, crmOutShop(), requestID("c0ffee4712"), crmShop(), source, action),
		Response: commonResult(ids("result", `["2837374884"]`, "券实例id;反核销为补发的新券", "The vouchers; given back, the new ones.")),
		Codes: answers(ledger.OrderNoConflict, ledger.ReversedBeforeArrival, ledger.IllegalState, ledger.ShopNotFound, ledger.MemberNotFound, ledger.MemberMismatch,
			ledger.MemberFrozen, ledger.OriginalNotFound, ledger.AlreadyReversed, ledger.WindowPassed, ledger.OtherShop, ledger.VoucherNotFound,
			ledger.VoucherNotInOrder, ledger.VoucherNotUsable),
		tenant: crmBrand, answer: write(build, show), wrap: wrapCommon,
	}
}

// voucherTemplateList declares alibaba.alsc.crm.voucher.template.list.
func voucherTemplateList() *Method {
	var (
		statuses = ids("status_list", `["USED"]`, "状态:UNUSED未使用,USED使用中,NO_INVENTORY无库存,INVALID已失效", "Any of these states; all if absent.").
				oneOf("UNUSED", "USED", "NO_INVENTORY", "INVALID")
		brand    = id("brand_id", "1332", "品牌ID", "Brand; or out_brand_id.")
		modified = date("gmt_modified", "", "最后修改时间,只返回此后修改的模板", "Templates changed at this moment or later.")
		outBrand = id("out_brand_id", "", "外部品牌ID,brand_id与out_brand_id不可同时为空", "Outer brand id; one of it and brand_id is required.")
		outShop  = id("out_shop_id", "", "外部门店ID,shop_id和out_shop_id不可同时为空", "Outer shop id; one of it and shop_id is required.")
		shop     = id("shop_id", "243545", "SaaS门店ID,返回该门店可用的模板", "Templates that can be used in this shop.")
		last     = id("last_id", "", "上一页最后一个模板ID", "Templates behind this one.")
		template = id("voucher_template_id", "", "模板ID", "This template alone.")
		pageNo   = pageNumber()
		pageSize = pageLength()
		deleted  = boolean("deleted", "", "只返回已删除的模板;模板不删除,故为空", "Deleted templates alone: there are none, templates are stopped.")
	)
	return &Method{
		Name: "alibaba.alsc.crm.voucher.template.list", Group: groupCRM,
		Zh: "获取优惠券模板列表", En: "List voucher templates",
		About: "分页查询品牌的券模板。",
		Notes: "Lists the brand's voucher templates, a page at a time.",
		Param: "voucher_template_open_req", ParamZh: "入参", ParamEn: "Which templates.",
		Request: structure("VoucherTemplateOpenReq",
			statuses, brand, modified, outBrand, outShop, shop, last, template, pageNo, pageSize, deleted),
		Response: pageResult(voucherTemplateInfo()),
		Codes:    []ledger.Code{ledger.OK, ledger.ShopNotFound},
		tenant:   crmBrand, wrap: wrapPage,
		answer: func(_ context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			sh, refused := in.findShop()
			if refused.Code != ledger.OK {
				return top.Value{}, refused, nil
			}
			f := query.TemplateFilter{ID: in.text(template), Statuses: in.texts(statuses), Shop: sh.ID, After: in.text(last)}
			f.Page, f.Size = in.page(pageNo, pageSize)
			if t, ok := top.ParseTime(in.text(modified)); ok {
				f.Changed = t.UnixMilli()
			}
			now := in.service.Now().UnixMilli()
			var page query.TemplatePage
			if in.num(deleted) == 0 {
				page = query.Templates(in.brand, f, now)
			}
			items := list("voucher_template_open_info", page.Items, func(t *ledger.Template) top.Value { return showTemplate(in.brand, t, now) })
			return in.pageOf(items, f.Page, f.Size, page.Total), ledger.Result{}, nil
		},
	}
}

// customerVoucherList declares alibaba.alsc.crm.customer.voucher.list.
func customerVoucherList() *Method {
	var (
		statuses = ids("voucher_status_list", `["NORMAL"]`, "状态:NORMAL可用,ISUSED已使用,EXPIRED已过期,DELETED已作废;缺省为全部", "Any of these states; all if absent.").
				oneOf("NORMAL", "ISUSED", "EXPIRED", "DELETED")
		customer = crmCustomer().must()
		pageNo   = pageNumber()
		pageSize = pageLength()
	)
	return &Method{
		Name: "alibaba.alsc.crm.customer.voucher.list", Group: groupCRM,
		Zh: "查询会员券列表", En: "List a member's vouchers",
		About: "分页查询会员的券,按券id排列。状态以查询时刻为准。",
		Notes: "Lists a member's vouchers by their ids, a page at a time. Their state is that of the moment.",
		Param: "customer_voucher_full_open_req", ParamZh: "入参", ParamEn: "Whose vouchers.",
		Request: structure("CustomerVoucherFullOpenReq",
			statuses, crmBrandID(), customer, crmOutBrand(), crmOutShop(), crmShop(), pageNo, pageSize),
		Response: pageResult(fullVoucherInfo()),
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
			c, r, fault := in.customer(ctx, who.Idents())
			if c == nil {
				return top.Value{}, r, fault
			}
			vouchers := c.Vouchers
			if wanted := in.texts(statuses); wanted != nil {
				vouchers = slices.DeleteFunc(vouchers, func(v query.Voucher) bool { return !slices.Contains(wanted, v.Status.String()) })
			}
			no, size := in.page(pageNo, pageSize)
			items := list("customer_voucher_full_open_info", query.Page(vouchers, no, size), showFullVoucher)
			return in.pageOf(items, no, size, len(vouchers)), r, nil
		},
	}
}

func fullVoucherInfo() *Struct {
	return structure("CustomerVoucherFullOpenInfo",
		date("end_time", "2030-12-31 23:59:59", "失效时间", "The last second at which it is valid."),
		date("start_time", "2024-01-01 00:00:00", "券开始时间", "Valid from."),
		id("status", "NORMAL", "NORMAL可用,ISUSED已使用,EXPIRED已过期,DELETED已作废", "NORMAL, ISUSED, EXPIRED or DELETED."),
		text("title", "满100减10", "券名称", "Name."),
		id("voucher_id", "2837374884", "券实例id", "Voucher."),
		id("voucher_type", "CASH", "CASH代金券,DISCOUNT折扣券,GIFT礼品券", "CASH, DISCOUNT or GIFT."),
		id("discount_rate", "8.5", "折扣率", "Rate of a discount voucher: 8.5 is 15 % off."),
		id("voucher_template_id", "9001", "券模板id", "Template."),
		fee("amount", "1000", "面额(分)", "Fen."),
		number("customer_id", "34243334", "顾客id,非数字时缺省", "Member; absent if the id is no number."),
		fee("start_fee", "10000", "满足金额阈值(分)", "Least order sum in fen."),
	)
}

func showFullVoucher(v query.Voucher) top.Value {
	t := v.Template
	if t == nil {
		t = &ledger.Template{}
	}
	return top.Obj(
		top.F("end_time", until(v.End)),
		top.F("start_time", when(v.Start)),
		top.F("status", top.Str(v.Status.String())),
		top.F("title", known(t.Name)),
		top.F("voucher_id", top.Str(v.ID)),
		top.F("voucher_type", known(voucherType(t))),
		top.F("discount_rate", known(t.Discount)),
		top.F("voucher_template_id", top.Str(v.Voucher.Template)),
		top.F("amount", top.Int(int64(t.Amount))),
		top.F("customer_id", numeral(v.Customer)),
		top.F("start_fee", top.Int(int64(t.Threshold))),
	)
}

// pageNumber and pageLength are how lists are asked for.
func pageNumber() *Field {
	return number("page_no", "1", "第几页,从1开始,缺省1", "Page, from 1; 1 if absent.").between(1, 1<<31-1)
}

func pageLength() *Field {
	return number("page_size", "20", "每页条数,1到100,缺省20", "Items a page, 1 to 100; 20 if absent.").between(1, 100)
}

// page is which page a request asks for.
func (in *Input) page(no, size *Field) (int, int) {
	n, of := 1, 20
	if in.has(no) {
		n = int(in.num(no))
	}
	if in.has(size) {
		of = int(in.num(size))
	}
	return n, of
}

// findShop finds the shop of a read. Writes leave that to the ledger.
func (in *Input) findShop() (*ledger.Shop, ledger.Result) {
	known := &in.method.known
	s, name := in.brand.Shops[in.said(known.shop)], in.said(known.shop)
	if name == "" {
		name = in.said(known.outShop)
		s = in.brand.ShopByAlias(name)
	}
	if s == nil {
		return nil, ledger.Refuse(ledger.ShopNotFound, ledger.T("shop", name))
	}
	return s, ledger.Result{}
}

func voucherTemplateInfo() *Struct {
	return structure("VoucherTemplateOpenInfo",
		objects("shop_selected_open_info_list", structure("ShopSelectedOpenInfo",
			id("shop_id", "243545", "门店id", "Shop."),
			id("out_shop_id", "", "外部门店id", "Outer shop id."),
		), "可用门店,缺省为全部", "Shops where it can be used; absent: everywhere."),
		text("description", "", "使用说明", "How to use it."),
		date("end_time", "2030-12-31 23:59:59", "绝对日期中的结束时间", "End, of a fixed validity."),
		text("ext_info", `{"uses":10}`, "扩展字段:每张可用次数", "JSON: uses per instance, if more than one."),
		id("item_coverage", "ALL", "适用商品范围", "ALL goods."),
		text("name", "满100减10", "券模板名称", "Name."),
		date("start_time", "2024-01-01 00:00:00", "绝对日期中的开始时间", "Begin, of a fixed validity."),
		id("status", "USED", "USED使用中,INVALID已失效", "USED: can be issued; INVALID: stopped or over."),
		id("type", "CASH", "CASH代金券,DISCOUNT折扣券,GIFT礼品券", "CASH, DISCOUNT or GIFT."),
		id("valid_date_type", "FIXED", "FIXED绝对时间,RELATIVE相对领券时间", "FIXED, or RELATIVE to the day of issue."),
		id("voucher_template_id", "9001", "模板ID", "Template."),
		id("denomination", "1000", "面额(分);折扣券为折扣率", "Fen; the rate of a discount voucher."),
		date("gmt_modified", "2024-01-01 00:00:00", "更新时间", "Last change."),
		fee("min_charge", "10000", "最低消费,单位:分", "Least order sum in fen."),
		number("user_limit", "-1", "每人限领,-1不限", "How many a member may get; -1: any number."),
		fee("valid_day_count", "30", "相对日期中的有效天数", "Days valid from issue, of a relative validity."),
		boolean("deleted", "false", "是否删除", "Always false."),
	)
}

// showTemplate shapes a template as VoucherTemplateOpenInfo.
func showTemplate(b *ledger.Brand, t *ledger.Template, now int64) top.Value {
	valid, start, end, days := "FIXED", when(t.Start), until(t.End), top.Value{}
	if t.Days > 0 {
		valid, start, end, days = "RELATIVE", top.Value{}, top.Value{}, top.Int(t.Days)
	}
	worth := t.Discount
	if worth == "" {
		worth = strconv.FormatInt(int64(t.Amount), 10)
	}
	return top.Obj(
		top.F("shop_selected_open_info_list", list("shop_selected_open_info", t.Shops, func(id string) top.Value {
			return top.Obj(top.F("shop_id", top.Str(id)), top.F("out_shop_id", shopAlias(b, id)))
		})),
		top.F("description", top.Str(t.Description)),
		top.F("end_time", end),
		top.F("ext_info", usesInfo(t.Uses, -1)),
		top.F("item_coverage", top.Str("ALL")),
		top.F("name", top.Str(t.Name)),
		top.F("start_time", start),
		top.F("status", top.Str(query.TemplateStatus(t, now))),
		top.F("type", top.Str(voucherType(t))),
		top.F("valid_date_type", top.Str(valid)),
		top.F("voucher_template_id", top.Str(t.ID)),
		top.F("denomination", top.Str(worth)),
		top.F("gmt_modified", when(t.Changed)),
		top.F("min_charge", top.Int(int64(t.Threshold))),
		top.F("user_limit", top.Int(-1)),
		top.F("valid_day_count", days),
		top.F("deleted", top.Bool(false)),
	)
}

// shopAlias is the callers' own number for a shop, absent if it has none.
func shopAlias(b *ledger.Brand, id string) top.Value {
	if s := b.Shops[id]; s != nil {
		return known(s.Alias)
	}
	return top.Value{}
}

// voucherType is a template's type in the platform's words. Those know no vouchers of several uses: such a one is called after what
// each use is worth, and ext_info tells the uses.
func voucherType(t *ledger.Template) string {
	switch {
	case t.Type == "AMOUNT":
		return "CASH"
	case t.Type != "MULTI":
		return t.Type
	case t.Discount != "":
		return "DISCOUNT"
	case t.Amount > 0:
		return "CASH"
	}
	return "GIFT"
}

// usesInfo is the ext_info of a voucher of several uses, absent for one use. left is −1 where nothing was used yet.
func usesInfo(uses, left ledger.Amount) top.Value {
	if uses <= 1 {
		return top.Value{}
	}
	s := `{"uses":` + strconv.FormatInt(int64(uses), 10)
	if left >= 0 {
		s += `,"left":` + strconv.FormatInt(int64(left), 10)
	}
	return top.Str(s + "}")
}

// showVoucher shapes an instance as VoucherOpenInfo.
func showVoucher(b *ledger.Brand, v *query.Voucher) top.Value {
	t := v.Template
	if t == nil {
		t = &ledger.Template{}
	}
	coverage, rate := "ALL", top.Value{}
	shops := slices.Sorted(slices.Values(t.Shops))
	if len(shops) > 0 {
		coverage = "PART_AVAILABLE"
	}
	if t.Discount != "" {
		rate = top.Str(t.Discount)
	}
	return top.Obj(
		top.F("shop_id_list", strs(shops)),
		top.F("shop_info_list", list("voucher_shop_info", shops, func(id string) top.Value {
			return top.Obj(top.F("out_shop_id", shopAlias(b, id)), top.F("shop_id", top.Str(id)))
		})),
		top.F("end_time", until(v.End)),
		top.F("start_time", when(v.Start)),
		top.F("status", top.Str(v.Status.String())),
		top.F("title", top.Str(t.Name)),
		top.F("voucher_id", top.Str(v.ID)),
		top.F("voucher_template_id", top.Str(v.Voucher.Template)),
		top.F("voucher_type", top.Str(voucherType(t))),
		top.F("discount_rate", rate),
		top.F("item_coverage", top.Str("ALL")),
		top.F("shop_coverage", top.Str(coverage)),
		top.F("ext_info", usesInfo(v.Uses, v.Left)),
		top.F("amount", top.Int(int64(t.Amount))),
		top.F("start_fee", top.Int(int64(t.Threshold))),
		top.F("user_limit", top.Int(-1)),
	)
}

// until shows the last second before a deadline: what is valid to November 30 ends at 23:59:59 of that day.
func until(deadline int64) top.Value {
	if deadline == ledger.Never {
		return top.Value{}
	}
	return when(deadline - 1)
}

// when shows a moment; one that never comes, or is not known, is absent.
func when(ms int64) top.Value {
	if ms == 0 {
		return top.Value{}
	}
	return top.Str(top.FormatTime(time.UnixMilli(ms)))
}
