package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// Orders and reverses of WDK, 五道口 (document 003, semantics.md §9).

// linesMax is how many sub-orders an order, a quote and a reverse have at most.
const linesMax = 500

// creatRefund declares alibaba.wdk.reverse.creatrefund.
func creatRefund() *Method {
	var (
		subs     = numbers("biz_order_ids", "[5000399193546580981]", "wdk子单号", "Sub-orders, as asked or as quoted.").items(linesMax).must()
		cards    = ids("gift_card_nos", "22076108", "礼品卡号", "Gift cards sold in these sub-orders, to be cancelled; as asked or as quoted.").items(linesMax)
		operator = newOperatorVo("操作人", "Who asks.")
		proofs   = ids("proofs", "url", "退款凭证,最多9个", "Proofs: kept, never fetched; at most 9.").bytes(TextBytes).items(9)
		reasonID = number("reason_id", "1001", "退款原因id", "A reason of the quote.").must()
		reason   = text("reason_text", "不喜欢", "退款原因描述", "The reason in words.").must()
		refund   = fee("refund_amount", "30", "退款金额,单位:分", "Fen to refund, at most max_refund_fee of the quote; 0 for sub-orders that cost nothing.").must()
		sum      = fee("amount", "20", "退款渠道金额,单位:分;门店为waterfall时,缺省由系统按申请顺序分配", "Fen to refund over this channel; a waterfall store fills it in quote order if absent.")
		code     = id("code", "10001", "退款渠道码", "Channel, as quoted.")
		name     = text("name", "支付宝", "退款渠道名", "Its name; tells tenders of one code apart.")
		unique   = id("unique_id", "", "渠道唯一ID,同applyrefund所返回;同一渠道码有多笔支付时用以指明", "As quoted: names one of several tenders of the same code.")
		channels = objects("refund_channel_list", structure("RefundChannelVo", sum, code, name, unique), "退款渠道", "How the refund is split; may be left out where nothing is to be paid.").must().judged()
		request  = id("request_id", "bdab6446-f0cf-4327-9ae3-fd69ac4d", "请求id(apply接口返回)", "The request_id that applyrefund answered: the quote, and the idempotency key.").must()
		store    = id("store_id", "2131", "门店ID", "Store.").must()
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		if !in.has(channels) && in.num(refund) > 0 {
			return nil, in.missing(channels, remedyRequired)
		}
		head.Mismatch = ledger.RequestIDConflict // the family's own word for a token used with other content
		var kind int64
		head.Operator, head.OperatorName, kind = operator.read(in)
		c := &reverse.Submit{
			Head: head, Store: in.text(store), Subs: in.nums(subs), GiftCards: in.texts(cards), Amount: ledger.Amount(in.num(refund)),
			Channels: make([]reverse.Given, 0, len(in.items(channels))),
			ReasonID: in.num(reasonID), ReasonText: in.text(reason),
			OperatorType: kind, Proofs: in.texts(proofs),
		}
		for _, v := range in.items(channels) {
			ch := args(v.list)
			c.Channels = append(c.Channels, reverse.Given{Unique: ch.text(unique), Code: ch.text(code), Name: ch.text(name), Amount: ledger.Amount(ch.num(sum)), Fill: !ch.has(sum)})
		}
		return c, nil
	}
	show := func(in *Input, r *ledger.Result) top.Value {
		var outs, ids, out top.Value
		if r.Code == ledger.OK {
			outs, ids, out = strs(r.IDs[1:]), ints(r.Numbers), top.Str(r.IDs[0])
		}
		// A refusal echoes the quote and the store alone.
		return top.Obj(
			top.F("out_biz_order_ids", outs),
			top.F("out_order_id", out),
			top.F("request_id", top.Str(in.text(request))),
			top.F("reverse_ids", ids),
			top.F("store_id", top.Str(in.text(store))),
		)
	}
	return &Method{
		Name: "alibaba.wdk.reverse.creatrefund", Group: groupWDK, Session: true, Published: true,
		Zh: "逆向提交", En: "Submit a refund",
		About: "逆向申请提交。request_id由alibaba.wdk.reverse.applyrefund返回,30分钟内有效;重复提交返回相同的逆向单。",
		Notes: "Submits a refund that alibaba.wdk.reverse.applyrefund quoted. The quote is valid for 30 minutes; submitting it again answers the same reverses.",
		Param: "param_create_reverse_req", ParamZh: "CreateReverseReq", ParamEn: "The refund.",
		Request: structure("CreateReverseReq", subs, cards, operator.must(), proofs, reasonID, reason, refund, channels, request, store),
		Response: reverseResult(structure("CreateReverseResponse",
			ids("out_biz_order_ids", "[1506864060698825068]", "外部单号", "Outer numbers of the sub-orders, in request order."),
			id("out_order_id", "1506864060698825068", "tp单号", "Outer number of the order."),
			id("request_id", "bdab6446-f0cf-4327-9ae3-fd69ac4d", "请求id", "The quote."),
			numbers("reverse_ids", "[1000002329950431000]", "逆向单ids", "The reverses, one a sub-order, in request order."),
			id("store_id", "CSWZWA013", "门店id", "Store."),
		)),
		Codes: []ledger.Code{
			ledger.OK, ledger.QuoteNotFound, ledger.QuoteExpired, ledger.QuoteMismatch, ledger.QuoteStale, ledger.RequestIDConflict,
			ledger.ReasonUnknown, ledger.OverRefund, ledger.RefundAmount, ledger.AmountTooLarge, ledger.ChannelUnknown, ledger.ChannelSumMismatch, ledger.ChannelOverCap,
			ledger.GiftCardUsed, ledger.GiftCardNotFound,
		},
		tenant: storeBrand, answer: write(build, show), wrap: wrapReverse,
	}
}

// operatorVo is who asks for a refund.
type operatorVo struct {
	*Field
	id, name, kind *Field
}

func newOperatorVo(zh, en string) operatorVo {
	o := operatorVo{
		id:   id("operator_id", "123", "操作人id", "Who asks."),
		name: text("operator_name", "门店小二", "操作人名", "Their name."),
		kind: number("operator_type", "6", "操作人type,6为门店小二", "Registry: 6 is a store clerk; unknown types have least rights.").must(),
	}
	o.Field = object("operator", structure("OperatorVo", o.id, o.name, o.kind), zh, en)
	return o
}

// read tells who asks and with which rights; nobody has least rights.
func (o *operatorVo) read(in *Input) (id, name string, kind int64) {
	a := in.object(o.Field)
	return a.text(o.id), a.text(o.name), a.num(o.kind)
}

// applyRefund declares alibaba.wdk.reverse.applyrefund.
func applyRefund() *Method {
	var (
		subs     = numbers("biz_order_ids", "[5000399193546580981]", "wdk子单;也可用sub_out_order_ids,两者都给时须指同一批子单", "Sub-orders; or sub_out_order_ids. Given both, they must name the same.").items(linesMax)
		cards    = ids("gift_card_nos", "", "礼品卡号", "Gift cards sold in these sub-orders, to be cancelled; those left out are named by the quote.").items(linesMax)
		outs     = ids("sub_out_order_ids", "", "外部子单;也可用biz_order_ids,两者都给时须指同一批子单", "Outer numbers of the sub-orders; or biz_order_ids. Given both, they must name the same.").items(linesMax)
		store    = id("store_id", "2131", "门店id", "Store.").must()
		operator = newOperatorVo("操作者", "Who asks; least rights if absent.")
	)
	build := func(in *Input, token string) (*reverse.MakeQuote, *top.Fault) {
		head, fault := in.head()
		if fault != nil {
			return nil, fault
		}
		if !in.has(subs) && !in.has(outs) {
			return nil, in.missing(subs, "biz_order_ids与sub_out_order_ids至少提供一项 one of biz_order_ids and sub_out_order_ids is required")
		}
		var kind int64
		head.Operator, head.OperatorName, kind = operator.read(in)
		return &reverse.MakeQuote{
			Head: head, Store: in.text(store), Subs: in.nums(subs), OutSubs: in.texts(outs), GiftCards: in.texts(cards),
			OperatorType: kind, Token: token,
		}, nil
	}
	return &Method{
		Name: "alibaba.wdk.reverse.applyrefund", Group: groupWDK,
		Zh: "逆向申请", En: "Quote a refund",
		About: "查询子单可退金额与渠道,返回request_id供creatrefund提交,30分钟内有效,不占用额度。",
		Notes: "Quotes what can be refunded of sub-orders and over which channels. The request_id it answers is submitted by creatrefund within 30 minutes; it reserves nothing.",
		Param: "param_apply_reverse_req", ParamZh: "入参", ParamEn: "What to quote.",
		Request: structure("ApplyReverseReq", subs, cards, outs, store, operator.Field),
		Response: reverseResult(structure("ApplyReverseResponse",
			numbers("biz_order_ids", "[5000399193546580981]", "wdk交易单号,不含已无可退的子单", "The sub-orders that take part: those of which nothing is left are not."),
			ids("gift_card_nos", `["22076108"]`, "礼品卡号,含未在申请中列出的本单售出的卡", "The gift cards that will be cancelled, named or not."),
			objects("reason_list", structure("ReasonVo",
				ids("tags", "", "标签", "Tags."),
				text("reason_text", "不喜欢", "原因描述", "The reason in words."),
				text("reason_tip", "", "提示", "A hint for the clerk."),
				number("reason_id", "1001", "原因id", "The reason."),
			), "原因", "Reasons to choose from."),
			objects("refund_channel_list", refundChannelVo(), "退款渠道", "What can be refunded over each channel, 0 included."),
			id("request_id", "bdab6446-f0cf-4327-9ae3-fd69ac4d", "请求id(提交申请入参)", "The quote, for creatrefund."),
			id("store_id", "2131", "门店id", "Store."),
			number("in_sale_refund", "1", "1售中 2售后", "1 before delivery, 2 after."),
			fee("max_refund_fee", "30", "最大可退金额,单位:分", "Fen that can be refunded, postage included when it is part."),
			fee("post_fee", "0", "其中运费,单位:分", "That part of it which is postage."),
			boolean("support_modify_amount", "true", "是否支持修改金额", "Whether less may be refunded: quotes of one sub-order."),
		)),
		Codes:  []ledger.Code{ledger.OK, ledger.OrderNotFound, ledger.QuoteMismatch, ledger.GiftCardNotFound, ledger.GiftCardUsed, ledger.QuoteLimit},
		tenant: storeBrand, wrap: wrapReverse,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			cmd, fault := build(in, newToken())
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			r, fault := in.service.Submit(ctx, in.brand.ID, cmd)
			if fault != nil || r.Code != ledger.OK {
				return top.Value{}, r, fault
			}
			var q *query.Quote
			fault = in.read(ctx, query.QuoteKeys(cmd.Token), func(s *reverse.State, _ int64) { q = query.FindQuote(s, cmd.Token) })
			if fault != nil {
				return top.Value{}, r, fault
			}
			if q == nil {
				return top.Value{}, r, unavailable()
			}
			return showQuote(in.brand, q), r, nil
		},
	}
}

// newToken makes the id of a quote in the form of document 003: 28 random hexadecimal digits in groups, nobody can guess it.
func newToken() string {
	var raw [14]byte
	_, _ = rand.Read(raw[:]) // never fails
	h := hex.EncodeToString(raw[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func refundChannelVo() *Struct {
	return structure("RefundChannelVo",
		id("code", "10001", "渠道码", "Channel."),
		text("name", "支付宝", "渠道名", "Its name."),
		id("unique_id", "", "渠道唯一ID:申请时指支付明细,提交时可带回;详情中为打款幂等ID", "To quote, it names the tender, for the submit; of a reverse, the payout, the same on every retry."),
		fee("amount", "20", "金额,单位:分", "Fen: to quote, what can be refunded; of a reverse, what is."),
		fee("refunded_amount", "0", "已退金额,单位:分", "Fen refunded already."),
		number("status", "2", "渠道退款状态:0未开始,1处理中,2已退,3失败,4未知", "0 not begun, 1 pending, 2 paid, 3 failed, 4 unknown."),
	)
}

func showQuote(b *ledger.Brand, q *query.Quote) top.Value {
	channels := make([]top.Value, len(q.Order.Tenders))
	for i, t := range q.Order.Tenders {
		channels[i] = top.Obj(
			top.F("code", top.Str(t.Code)),
			top.F("name", known(t.Name)),
			top.F("unique_id", top.Str(q.Order.Unique(i))),
			top.F("amount", top.Int(int64(q.Offered[i]))),
			top.F("refunded_amount", top.Int(int64(q.Taken[i]))),
		)
	}
	when := int64(1)
	if q.Gone {
		when = 2
	}
	return top.Obj(
		top.F("biz_order_ids", ints(q.Subs)),
		top.F("gift_card_nos", strs(q.GiftCards)),
		top.F("reason_list", list("reason_vo", reverse.Reasons(b), func(r ledger.Reason) top.Value {
			return top.Obj(
				top.F("tags", strs(r.Tags)), top.F("reason_text", top.Str(r.Text)),
				top.F("reason_tip", known(r.Tip)), top.F("reason_id", top.Int(r.ID)),
			)
		})),
		top.F("refund_channel_list", top.List("refund_channel_vo", channels...)),
		top.F("request_id", top.Str(q.Token)),
		top.F("store_id", top.Str(q.Store)),
		top.F("in_sale_refund", top.Int(when)),
		top.F("max_refund_fee", top.Int(int64(q.Max))),
		top.F("post_fee", top.Int(int64(q.PostFee))),
		top.F("support_modify_amount", top.Bool(q.Modifiable())),
	)
}

// reverseDetail declares alibaba.wdk.reverse.reversedetail.
func reverseDetail() *Method {
	reverseID := number("reverse_id", "1000002329950431000", "逆向单号", "The reverse.").between(1, math.MaxInt64).must()
	reverseID.AsText = true
	return &Method{
		Name: "alibaba.wdk.reverse.reversedetail", Group: groupWDK,
		Zh: "逆向单详情", En: "Show a reverse",
		About:   "查询逆向单的状态、退款渠道与经过。",
		Notes:   "Shows a reverse: its state, its channels and its history.",
		Request: structure("", reverseID),
		Response: reverseResult(structure("LoadReverseResponse",
			numbers("biz_order_ids", "[5000399193546580981]", "wdk单号list", "The sub-order."),
			ids("out_biz_order_ids", `["1506864060698825068"]`, "外部单号list", "Its outer number."),
			ids("proofs", `["url"]`, "凭证图片", "Proofs."),
			objects("refund_channel_list", refundChannelVo(), "退款渠道", "Channels with their state."),
			numbers("reverse_ids", "[1000002329950431000]", "退款单ids", "The reverse."),
			date("create_date", "2024-01-01 00:00:00", "发起时间", "Asked for."),
			text("create_memo", "", "发起备注", "Remark with it."),
			date("end_date", "2024-01-01 00:00:00", "结束时间", "Ended; absent while it goes on."),
			text("end_reason", "", "最终原因", "Why it ended."),
			text("ender", "123", "终结人", "Who ended it."),
			id("main_out_order_id", "1506864060698825068", "外部主单号", "Outer number of the order."),
			text("modified_memo", "2024-01-01 00:00:00 APPLY 123", "经过:时间 状态 操作人 备注,逐条以分号分隔", "The history: time, state, who, remark; steps parted by semicolons."),
			id("out_order_id", "1506864060698825068", "外部单号", "Outer number of the order."),
			text("reason_text", "不喜欢", "发起原因描述", "The reason in words."),
			id("request_id", "bdab6446-f0cf-4327-9ae3-fd69ac4d", "请求id", "The quote it came from."),
			id("reverse_status_str", "SUCCESS", "退款单状态", "APPLY, REFUSE, AGREE, PAYING, SUCCESS, FAILED or CANCEL."),
			id("store_id", "2131", "门店id", "Store."),
			number("biz_order_id", "5000399193546580981", "wdk单号", "The sub-order."),
			number("fetch_order_id", "", "取货单号;无取货时缺省", "The pick-up; absent without one."),
			number("main_biz_order_id", "5000399193546580980", "wdk主单号", "The order."),
			number("reason_id", "1001", "发起原因ID", "The reason."),
			fee("refund_amount", "30", "退款金额,单位:分", "Fen."),
			number("reverse_id", "1000002329950431000", "退款单id", "The reverse."),
			number("reverse_status", "5", "退款单状态:1-7对应APPLY、REFUSE、AGREE、PAYING、SUCCESS、FAILED、CANCEL", "1 to 7 in the order of reverse_status_str."),
			boolean("weight", "", "是否称重商品;无取货时缺省", "Whether the goods are weighed; absent without a pick-up."),
		)),
		Codes:  []ledger.Code{ledger.OK, ledger.ReverseNotFound},
		tenant: numberBrand(reverseID), wrap: wrapReverse,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			unknown := ledger.Refuse(ledger.ReverseNotFound, ledger.T("reverse", strconv.FormatInt(in.num(reverseID), 10)))
			if in.brand == nil {
				return top.Value{}, unknown, nil
			}
			var r *query.Reverse
			fault := in.read(ctx, query.ReverseKeys(in.num(reverseID)), func(s *reverse.State, _ int64) {
				r = query.FindReverse(s, in.num(reverseID))
			})
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			if r == nil {
				return top.Value{}, unknown, nil
			}
			return showReverse(r), ledger.Result{}, nil
		},
	}
}

// numberBrand finds the brand by the serial in the upper bits of a number it issued. A number of a brand that the call may not act
// for answers like one that nobody issued, so there is no fault.
func numberBrand(f *Field) func(*Input) *top.Fault {
	return func(in *Input) *top.Fault {
		if b := in.Dir.BrandBySerial(in.num(f) >> 32); b != nil && in.mayUse(b.ID) {
			in.brand = b
		}
		return nil
	}
}

func showReverse(r *query.Reverse) top.Value {
	channels := make([]top.Value, len(r.Channels))
	for i, c := range r.Channels {
		var paid ledger.Amount
		if c.Status == reverse.Paid {
			paid = c.Amount
		}
		channels[i] = top.Obj(
			top.F("code", top.Str(c.Code)),
			top.F("name", known(c.Name)),
			top.F("unique_id", known(c.Payout)),
			top.F("amount", top.Int(int64(c.Amount))),
			top.F("refunded_amount", top.Int(int64(paid))),
			top.F("status", top.Int(int64(c.Status))),
		)
	}
	var begun, memo, ended, why, ender top.Value
	if len(r.History) > 0 {
		begun, memo = when(r.History[0].At), known(r.History[0].Memo)
	}
	if e := r.Ended(); e != nil {
		ended, why, ender = when(e.At), known(e.Memo), known(e.By)
	}
	var fetch, weighed top.Value
	if r.Fetch != nil {
		fetch, weighed = top.Int(r.ID), top.Bool(r.Fetch.Expected%1000 != 0 || r.Fetch.Refund%1000 != 0 || r.Fetch.Counted%1000 != 0)
	}
	var outs []string
	if r.Sub.Out != "" {
		outs = []string{r.Sub.Out}
	}
	return top.Obj(
		top.F("biz_order_ids", top.List("number", top.Int(r.Reverse.Sub))),
		top.F("out_biz_order_ids", strs(outs)),
		top.F("proofs", strs(r.Proofs)),
		top.F("refund_channel_list", top.List("refund_channel_vo", channels...)),
		top.F("reverse_ids", top.List("number", top.Int(r.ID))),
		top.F("create_date", begun),
		top.F("create_memo", memo),
		top.F("end_date", ended),
		top.F("end_reason", why),
		top.F("ender", ender),
		top.F("main_out_order_id", top.Str(r.Order.Out)),
		top.F("modified_memo", known(history(r.History))),
		top.F("out_order_id", top.Str(r.Order.Out)),
		top.F("reason_text", top.Str(r.Reason)),
		top.F("request_id", top.Str(r.Token)),
		top.F("reverse_status_str", top.Str(r.Status.String())),
		top.F("store_id", top.Str(r.Store)),
		top.F("biz_order_id", top.Int(r.Reverse.Sub)),
		top.F("fetch_order_id", fetch),
		top.F("main_biz_order_id", top.Int(r.Main)),
		top.F("reason_id", top.Int(r.ReasonID)),
		top.F("refund_amount", top.Int(int64(r.Amount))),
		top.F("reverse_id", top.Int(r.ID)),
		top.F("reverse_status", top.Int(int64(r.Status))),
		top.F("weight", weighed),
	)
}

// history tells the steps of a reverse in one text: the documented structure has no list for them.
func history(events []reverse.Event) string {
	steps := make([]string, len(events))
	for i, e := range events {
		steps[i] = strings.Join(strings.Fields(top.FormatTime(time.UnixMilli(e.At))+" "+e.Status.String()+" "+e.By+" "+e.Memo), " ")
	}
	return strings.Join(steps, "; ")
}
