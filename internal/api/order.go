package api

import (
	"strconv"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// orderCreate declares alibaba.wdk.trade.order.success.create (semantics.md §9): the paid order that refunds are of.
func orderCreate() *Method {
	var (
		outSub   = id("out_sub_order_id", "1506864060698830001", "外部子单号", "Outer number of the sub-order.").must()
		sku      = id("sku_code", "6901234567892", "后端商品编码", "Goods.")
		title    = text("auction_title", "有机牛奶", "前端商品名称", "Name of the goods.")
		subFee   = fee("pay_fee", "3000", "支付金额,单位:分", "Fen paid for this line.").must()
		sub      = structure("OrderDeliveryBO", append([]*Field{outSub, sku, title, subFee}, lineFields()...)...)
		subs     = objects("sub_info_list", sub, "子单列表", "Sub-orders.").items(linesMax).ordered().must()
		out      = id("out_order_id", "1506864060698830000", "外部订单号", "Outer number of the order, unique in the brand.").must()
		store    = id("store_id", "2131", "经营店id", "Store.").must()
		code     = id("code", "10001", "支付渠道码:STORED_VALUE、POINT、GIFT_CARD为会员资产,其余为外部渠道", "STORED_VALUE, POINT and GIFT_CARD are member assets; any other is external.").must()
		name     = text("name", "支付宝", "支付渠道名", "Its name.")
		tendered = fee("amount", "3000", "金额,单位:分;为0的支付忽略", "Fen it paid; a tender of 0 is ignored.").must()
		points   = points("point", "", "POINT:所用积分数", "POINT: the points spent for amount.")
		customer = id("customer_id", "", "会员资产:顾客id", "Member assets: the member.")
		card     = id("card_id", "", "GIFT_CARD:礼品卡号", "GIFT_CARD: the card.")
		verified = id("outer_order_id", "", "会员资产:核销该资产的订单号", "Member assets: the order number under which the asset was verified.")
		tender   = structure("PayInfo", code, name, tendered, points, customer, card, verified)
		payInfos = objects("pay_infos", tender, "订单支付信息:JSON列表,各项amount之和等于pay_fee", "The tenders as a JSON list; their amounts sum to pay_fee.").items(20).ordered()
		payFee   = fee("pay_fee", "3000", "支付金额,单位:分;等于各子单pay_fee与post_fee之和", "Fen paid: the sub-orders' pay_fee and post_fee.").must()
		postFee  = fee("post_fee", "0", "运费,单位:分", "Postage in fen.")
		deliver  = number("deliver_type", "1", "配送类型 1-表示预约配送;2-表示现场购买", "1 delivery by appointment, 2 bought on the spot.")
		arrive   = number("arrive_type", "1", "送达类型 1-及时达;2-定时达;3-极速达;4-无需配送", "1 at once, 2 at a time, 3 express, 4 nothing to deliver.")
	)
	payInfos.AsText = true
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		c := &reverse.TakeOrder{
			Head: head, Store: in.text(store), Out: in.text(out),
			PayFee: ledger.Amount(in.num(payFee)), PostFee: ledger.Amount(in.num(postFee)),
			// What was taken along is with the buyer: a refund of it is one after the sale.
			Gone: in.num(deliver) == 2 || in.num(arrive) == 4,
		}
		for _, v := range in.items(subs) {
			s := args(v.list)
			c.Subs = append(c.Subs, reverse.Sub{Out: s.text(outSub), Title: s.text(title), Sku: s.text(sku), Fee: ledger.Amount(s.num(subFee))})
		}
		for i, v := range in.items(payInfos) {
			a := args(v.list)
			if a.num(tendered) == 0 {
				continue
			}
			t := reverse.Tender{
				Code: a.text(code), Name: a.text(name), Amount: ledger.Amount(a.num(tendered)), Points: ledger.Amount(a.num(points)),
				Customer: a.text(customer), Card: a.text(card), Order: a.text(verified),
			}
			for _, need := range [...]struct {
				field *Field
				of    bool
			}{{verified, t.Asset()}, {points, t.Code == reverse.PointTender}, {card, t.Code == reverse.GiftCard}} {
				if need.of && !a.has(need.field) {
					p := problem{path: need.field.Name, remedy: t.Code + "时必填 is required for " + t.Code, missing: true}
					return nil, p.under("[" + strconv.Itoa(i) + "]").under(payInfos.Name).under(in.method.Param).fault()
				}
			}
			c.Tenders = append(c.Tenders, t)
		}
		if len(c.Tenders) == 0 && c.PayFee > 0 {
			return nil, in.missing(payInfos, remedyRequired)
		}
		return c, nil
	}
	show := done(func(in *Input, r *ledger.Result) top.Value {
		list := in.items(subs)
		infos := make([]top.Value, len(list))
		for i, v := range list {
			infos[i] = top.Obj(
				top.F("biz_order_id", top.Str(strconv.FormatInt(r.Numbers[1+i], 10))),
				top.F("out_order_id", top.Str(args(v.list).text(outSub))),
			)
		}
		return top.Obj(
			top.F("order_sub_info_list", top.List("order_sub_info_bo", infos...)),
			top.F("biz_order_id", top.Str(strconv.FormatInt(r.Numbers[0], 10))),
			top.F("out_order_id", top.Str(in.text(out))),
		)
	})
	request := []*Field{subs, out, store, payInfos, payFee, postFee, deliver, arrive}
	return &Method{
		Name: "alibaba.wdk.trade.order.success.create", Group: groupWDK,
		Zh: "订单支付成功回传", En: "Take a paid order",
		About: "回传已支付订单:子单、运费与支付明细。返回WDK主单号与各子单号;同一out_order_id同内容重发返回相同单号。",
		Notes: "Takes a paid order with its sub-orders, postage and tenders, and answers the WDK numbers. The same out_order_id with the same content answers the same numbers.",
		Param: "order_request", ParamZh: "订单", ParamEn: "The order.",
		Request: structure("OrderSuccessRequest", append(request, orderFields()...)...),
		Response: structure("", object("result", structure("OrderQueryResult",
			text("err_code", "", "错误码", "The word of the refusal; absent when done."),
			text("err_msg", "", "错误信息", "What happened; absent when done."),
			object("result", structure("OrderSuccessResponse",
				objects("order_sub_info_list", structure("OrderSubInfoBO",
					id("biz_order_id", "4294967298", "wdk子单号", "WDK number of the sub-order."),
					id("out_order_id", "1506864060698825069", "外部子单号", "Its outer number."),
				), "子单列表", "Sub-orders, in request order."),
				id("biz_order_id", "4294967297", "wdk主单号", "WDK number of the order."),
				id("out_order_id", "1506864060698825068", "外部订单号", "Its outer number."),
			), "订单数据", "The numbers."),
			boolean("state", "true", "接口状态", "Whether it was done."),
		), "结果", "The result.")),
		Codes: []ledger.Code{
			ledger.OK, ledger.OrderNoConflict, ledger.TenderMismatch, ledger.AmountTooLarge, ledger.ChannelUnknown, ledger.ChannelOverCap,
			ledger.OriginalNotFound, ledger.HoldNotVerified, ledger.MemberMismatch, ledger.CardNotFound,
		},
		tenant: storeBrand, answer: write(build, show), wrap: wrapOrder,
	}
}

// sharedFields are what an order and its lines both say about themselves. They are checked and belong to the content that a repeated
// order must match; nothing else is made of them.
func sharedFields() []*Field {
	return []*Field{
		text("order_create_time", "", "创单时间", "When it was ordered."),
		text("seller_nick", "", "卖家昵称", "Seller."),
		text("order_source", "", "订单来源", "Source of the order."),
		text("order_terminal", "", "下单终端", "Terminal."),
		id("shop_id", "", "渠道店", "Shop of the channel."),
		text("pay_time", "", "支付时间", "When it was paid."),
		text("expect_arrive_time", "", "期望送达时间", "When it is expected."),
		number("is_main", "", "是否是主单 1-是;0-不是", "1 for an order."),
		number("is_detail", "", "是否是子单 1-是;0-不是", "1 for a sub-order."),
		number("origin_fee", "", "原价,单位:分", "Price before discounts, in fen.").fen(),
		number("discount_fee", "", "优惠金额,单位:分", "Discount in fen.").fen(),
		number("business_type", "", "业务类型 2-生鲜门店;3-B2C", "2 fresh-food store, 3 B2C."),
		number("sub_business_type", "", "子业务类型", "Kind of business within it."),
		number("seller_id", "", "卖家id", "Seller."),
		number("order_from", "", "订单来源", "Source of the order."),
		number("order_channel", "", "订单渠道 2-线上;3-线下", "2 online, 3 in the store."),
		number("order_status", "", "订单状态", "State of the order."),
		number("package_fee", "", "打包费,单位:分", "Packing in fen.").fen(),
		number("platform_discount_fee", "", "平台折扣费,单位:分", "The platform's discount in fen.").fen(),
		number("merchant_discount_fee", "", "商家折扣费,单位:分", "The merchant's discount in fen.").fen(),
	}
}

// lineFields are what else a sub-order can say.
func lineFields() []*Field {
	return append(sharedFields(),
		text("sale_unit", "", "销售单位", "Unit of sale."),
		text("stock_quantity", "", "库存单位购买数量", "Quantity in units of stock."),
		text("stock_unit", "", "库存单位", "Unit of stock."),
		id("store_id", "", "经营店id", "Store."),
		text("user_nick", "", "买家昵称", "Buyer."),
		text("name", "", "收货人名字", "Who receives it."),
		text("phone", "", "收货人电话", "Their phone."),
		text("address", "", "收货人地址", "Their address."),
		text("geo", "", "poi经纬度", "Its place."),
		number("auction_id", "", "前端商品id", "Goods on show."),
		number("sale_price", "", "商品单价,单位:分", "Price of one, in fen.").fen(),
		number("sale_quantity", "", "销售单位购买数量", "Quantity in units of sale."),
		number("deliver_type", "", "配送类型", "Kind of delivery."),
		number("arrive_type", "", "送达类型", "Kind of arrival."),
		number("post_fee", "", "运费,单位:分", "Postage in fen, part of the order's.").fen(),
		number("user_id", "", "买家id", "Buyer."),
	)
}

// orderFields are what else an order can say.
func orderFields() []*Field {
	return append(sharedFields(),
		text("first_channel", "", "一级渠道", "Channel."),
		text("second_channel", "", "二级渠道", "Channel within it."),
		object("buyer_info", structure("OrderPayInfoBO",
			text("user_name", "", "买家用户名", "Buyer."),
			text("user_nick", "", "买家昵称", "Their nick."),
			text("phone", "", "买家电话", "Their phone."),
			text("member_card_num", "", "商家会员卡号", "Their member card."),
			text("member_tags", "", "会员标", "Their tags."),
		), "买家信息", "The buyer."),
		object("delivery_info", structure("OrderBuyerInfoBO",
			text("name", "", "收货人名字", "Who receives it."),
			text("phone", "", "收货人电话", "Their phone."),
			text("address", "", "收货人地址", "Their address."),
			text("geo", "", "poi经纬度", "Its place."),
			text("start_time", "", "配送开始时间", "Delivery from."),
			text("end_time", "", "配送结束时间", "Delivery until."),
		), "订单配送信息", "The delivery."),
	)
}
