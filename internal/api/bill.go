package api

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// Bills (订单回流): what is paid earns points, what is refunded gives them back.

// notes are fields of a bill that are checked, kept nowhere and belong to its content.
func notes(names ...string) (list []*Field) {
	for _, n := range names {
		name, zh, _ := strings.Cut(n, " ")
		list = append(list, text(name, "", zh+",不影响结果", "Not used."))
	}
	return list
}

// fees are amounts of a bill of which nothing is made.
func fees(names ...string) (list []*Field) {
	for _, n := range names {
		name, zh, _ := strings.Cut(n, " ")
		list = append(list, number(name, "", zh+",单位:分,不影响结果", "Fen; not used.").fen())
	}
	return list
}

// unpaid and failed are states in which a payment is none, and a refund. Other words are not known to the platform's documents: they count.
var (
	unpaid = []string{"WAIT_PAY", "UNPAID", "NOT_PAY", "FAIL", "FAILED", "CLOSE", "CLOSED", "CANCEL", "CANCELED", "CANCELLED"}
	failed = []string{"FAIL", "FAILED", "CLOSE", "CLOSED", "CANCEL", "CANCELED", "CANCELLED", "REFUSE", "REFUSED"}
)

// orderBackflow declares alibaba.alsc.crm.open.order.backflow (semantics.md §6, points earned).
func orderBackflow() *Method {
	user := func() *Struct {
		return structure("OrderUser", append(notes("email 邮箱", "name 姓名", "nick_name 昵称"),
			text("phone", "18651822226", "手机号;不完整的号码不用于识别", "Mobile number; one that is masked names nobody."),
			id("type", "", "用户标识类型:wechat、alipay或品牌登记的类型", "Kind of user_id: wechat, alipay, or one the brand registered."),
			id("user_id", "", "用户标识", "Outer id of the member."),
		)...)
	}
	itemFee := fee("actual_fee", "600", "实收金额,单位:分", "Fen paid for the line.")
	sku := id("sku", "6901234567892", "商品sku", "Goods.")
	spu := id("spu", "", "商品spu", "Goods.")
	primary := id("primary_class", "", "一级分类;GIFT_CARD不得积分", "Class; GIFT_CARD earns nothing.")
	secondary := id("secondary_class", "", "二级分类;GIFT_CARD不得积分", "Class; GIFT_CARD earns nothing.")
	item := structure("Item", slices.Concat(
		notes("goods_name 商品名称", "unit 单位", "quantity 数量"), []*Field{sku, spu, primary, secondary, itemFee}, fees("price 单价", "prom_fee 优惠金额", "total_fee 总金额"))...)

	method := id("pay_method", "10001", "支付方式;STORED_VALUE储值、GIFT_CARD礼品卡、POINT积分、VOUCHER券为会员资产", "Payment method; STORED_VALUE, GIFT_CARD, POINT and VOUCHER are member assets.")
	payNo := id("out_payment_no", "", "支付流水号;储值以此号核销时填", "Number of the payment; the one under which stored value was spent.")
	payStatus := text("payment_status", "SUCCESS", "支付状态;未支付的不计", "State; what is not paid does not count.")
	userPay := fee("user_pay_amount", "1000", "用户实付金额,单位:分", "Fen the buyer paid.")
	received := fee("seller_receive_amount", "", "商户实收金额,单位:分;无user_pay_amount时采用", "Fen received; used without user_pay_amount.")
	payment := structure("PaymentInfo", slices.Concat(
		[]*Field{objects("fee_detail_list", structure("FeeDetail", append(notes("operator 操作人", "type 类型"), fees("amount 金额")...)...), "费用明细,不影响结果", "Not used."), payNo},
		notes("pay_channel 支付渠道", "payment_time 支付时间"), []*Field{method, payStatus},
		fees("order_total_amount 订单总额"), []*Field{object("out_payer", user(), "付款人,不影响结果", "Not used."), received, userPay})...)

	refundNo := id("out_refund_no", "R-23829394", "退款单号,幂等", "Number of the refund; it counts once.").must()
	refundStatus := text("refund_status", "SUCCESS", "退款状态;失败的不计", "State; what failed does not count.")
	refundFee := amount("refund_amount", "500", "退款金额,单位:分", "Fen refunded.").must()
	refund := structure("RefundInfo", slices.Concat(
		[]*Field{objects("refund_item_list", item, "退款商品,不影响结果", "Not used.")},
		notes("refund_pay_no 退款支付流水号", "refund_time 退款时间", "refund_type 退款类型"), []*Field{refundStatus, refundNo, refundFee})...)

	order := id("outer_order_id", "2424535399", "外部订单号", "The bill's number, unique in the brand.").must()
	items := objects("item_list", item, "商品列表", "Lines.").items(linesMax)
	orderShop := id("shop_id", "", "门店id,缺省为外层shop_id", "Shop; the outer shop_id if absent.")
	vip := id("vip_user_id", "34243334", "会员id", "Member.")
	buyer := object("out_buyer", user(), "买家:手机号或外部标识可识别会员", "Buyer: a mobile or an outer id names the member, too.")
	actual := fee("actual_fee", "1000", "实收金额,单位:分", "Fen the bill came to.")
	total := fee("total_fee", "", "总金额,单位:分;无actual_fee时采用", "Fen; used without actual_fee.")
	info := structure("OrderInfo", slices.Concat(
		[]*Field{items, orderShop, order, vip, buyer, actual, total},
		notes("active_time 生效时间", "biz_channel 渠道", "gmt_create 创建时间", "gmt_modified 修改时间", "memo 备注", "order_source 来源", "order_status 状态", "shop_address 门店地址",
			"shop_name 门店名", "performance_way 履约方式", "business_date 营业日", "business_type 业务类型", "business_type_desc 业务类型描述", "device_id 设备id",
			"device_ip 设备ip", "dinner_number 桌号", "dinner_type 就餐类型", "order_channel 下单渠道", "out_cashier_id 收银员id", "out_cashier_name 收银员",
			"out_delivery_id 配送员id", "out_delivery_name 配送员", "out_order_no 外部单号", "out_salesman_id 导购id", "out_salesman_name 导购", "out_seller_id 商户id",
			"out_store_id 外部门店id", "out_vip_user_id 外部会员id", "out_waiter_id 服务员id", "out_waiter_name 服务员", "related_out_order_no 关联单号", "remark 备注",
			"status 状态", "table_number 桌号", "ext_info 扩展信息", "out_org_id 外部机构id"),
		[]*Field{object("out_seller", user(), "卖家,不影响结果", "Not used.")},
		fees("attach_total_fee 附加费", "promo_fee 优惠", "scrap_fee 抹零", "service_total_fee 服务费", "tax_total_fee 税费"),
		[]*Field{number("dinner_persons", "", "就餐人数,不影响结果", "Not used."), number("order_time", "", "下单时间,不影响结果", "Not used.")})...)

	var (
		payments = objects("payment_info_list", payment, "支付列表;缺省视为会员资产以外支付了全部实收", "Payments; without any, all was paid outside of the ledger but for what it knows of.")
		refunds  = objects("refund_info_list", refund, "退款列表,REFUND时必填", "Refunds; required for REFUND.")
		action   = id("action", "PAID", "WAIT_PAY待支付,PAID已支付,SUCCESS已完成,CLOSE已关闭,REFUND退款", "WAIT_PAY changes nothing; PAID and SUCCESS earn, once; REFUND takes back in proportion, CLOSE all that is left.").
				oneOf("WAIT_PAY", "PAID", "SUCCESS", "CLOSE", "REFUND").must()
		brand        = id("brand_id", "1332", "品牌id", "Brand.").must()
		request      = id("request_id", "c0ffee20", "请求幂等id", "Idempotency key. Without one the numbers of order and refunds still count once.")
		shop         = id("shop_id", "243545", "门店id", "Shop.")
		operatorName = text("operator_name", "", "操作人名", "Their name.")
		orderInfo    = object("order_info", info, "订单信息", "The bill.").must()
	)
	// who finds the member among what a bill says of its buyer.
	who := func(in *Input, o args) (w ledger.Who) {
		w.Customer = o.text(vip)
		b, phone, kind, outer := o.object(buyer), buyer.Of.Field("phone"), buyer.Of.Field("type"), buyer.Of.Field("user_id")
		w.Mobile, _ = Mobile(b.text(phone))
		if t := b.text(kind); t == "wechat" || t == "alipay" || contains(in.brand.OuterTypes, t) {
			w.OuterType, w.Outer = t, b.text(outer)
		}
		in.digest(&w)
		return w
	}
	earn := func(in *Input, head ledger.Head, o args) reverse.Command {
		c := &ledger.Earn{Head: head, Order: o.text(order), Fee: ledger.Amount(cmp.Or(o.num(actual), o.num(total)))}
		for _, v := range in.items(payments) {
			p := args(v.list)
			if contains(unpaid, p.text(payStatus)) {
				continue
			}
			c.Payments = append(c.Payments, ledger.Payment{Method: p.text(method), Number: p.text(payNo), Amount: ledger.Amount(cmp.Or(p.num(userPay), p.num(received)))})
		}
		for _, v := range o.items(items) {
			g := args(v.list)
			c.Goods = append(c.Goods, ledger.Good{
				Names: []string{g.text(sku), g.text(spu), g.text(primary), g.text(secondary)}, Fee: ledger.Amount(g.num(itemFee)),
			})
		}
		return c
	}
	unearn := func(in *Input, head ledger.Head, o args) *ledger.Unearn {
		c := &ledger.Unearn{Head: head, Order: o.text(order)}
		for _, v := range in.items(refunds) {
			if r := args(v.list); !contains(failed, r.text(refundStatus)) {
				no, fen := r.text(refundNo), r.num(refundFee)
				c.Refunds = append(c.Refunds, ledger.BillRefund{Number: no, Amount: ledger.Amount(fen), Keyed: in.keyed(no, c.Order, fen, nil)})
			}
		}
		return c
	}
	return &Method{
		Name: "alibaba.alsc.crm.open.order.backflow", Group: groupCRM,
		Zh: "订单回流接口", En: "Tell a bill",
		About: "回流订单:支付后按品牌规则给会员积分(每单一次),退款按比例扣回(每个退款单号一次,合计不超过所得),已花掉的按规则记欠、拒绝或由品牌承担。积分、券、赠储支付的部分与售出的礼品卡不得积分。储值须先核销再回流。",
		Notes: "Tells a bill: once paid it earns points by the brand's rule, once; refunds take back in proportion, each number once and never more than was earned. What is spent already is owed, refused or the brand's loss. What points, vouchers and given value paid earns nothing, nor do gift cards sold. Spend stored value before telling its bill.",
		Param: "param_order_backflow_open_req", ParamZh: "入参", ParamEn: "The bill.",
		Request: structure("OrderBackflowOpenReq", slices.Concat(
			[]*Field{payments, refunds, action, brand, text("ext_info", "", "扩展信息,不影响结果", "Not used."), crmOperator(), request, shop, operatorName},
			notes("service_person_category 服务人员类别", "service_person_name 服务人员", "service_person_id 服务人员id", "order_channel 下单渠道"),
			[]*Field{
				object("invoice_info", structure("InvoiceInfo", notes("invoice 发票抬头", "invoice_type 发票类型", "tax_payer_id 纳税人识别号")...), "发票,不影响结果", "Not used."),
				object("logistical_info", structure("LogisticalInfo", notes("arrive_time 送达时间", "logistics_status 物流状态", "receive_address 收货地址", "receive_phone 收货电话")...), "物流,不影响结果", "Not used."),
				orderInfo,
			})...),
		Response: commonResult(boolean("result", "true", "操作是否成功", "Whether it was taken, also if nothing was earned.")),
		Codes:    answers(ledger.ShopNotFound, ledger.MemberMismatch, ledger.AmountTooLarge, ledger.RefundNoConflict, ledger.OverRefund, ledger.InsufficientPoint),
		tenant:   crmBrand, wrap: wrapCommon,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			head, fault := in.head()
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			o := in.object(orderInfo)
			head.Who, head.Shop = who(in, o), cmp.Or(head.Shop, o.text(orderShop))
			var cmd reverse.Command
			switch in.text(action) {
			case "WAIT_PAY":
				return top.Bool(true), ledger.Result{}, nil
			case "PAID", "SUCCESS":
				cmd = earn(in, head, o)
			case "CLOSE":
				cmd = &ledger.Unearn{Head: head, Order: o.text(order)}
			case "REFUND":
				if !in.has(refunds) {
					return top.Value{}, ledger.Result{}, in.missing(refunds, "REFUND时必填 is required for REFUND")
				}
				c := unearn(in, head, o)
				if len(c.Refunds) == 0 { // all of them failed
					return top.Bool(true), ledger.Result{}, nil
				}
				cmd = c
			}
			r, fault := in.service.Submit(ctx, in.brand.ID, cmd)
			return yes(in, &r), r, fault
		},
	}
}
