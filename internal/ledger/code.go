package ledger

import (
	"slices"
	"strconv"
	"strings"
)

// Code is the outcome of a command in the words of the house. Numbers are stored for ever and never reused; gaps are kept.
type Code uint16

// The codes. OK and Partial are results; MissingField is answered as error_response; the rest are refusals.
const (
	OK           Code = 0
	Partial      Code = 1
	MissingField Code = 2

	IdempotentMismatch    Code = 10
	RefundNoConflict      Code = 11
	OrderNoConflict       Code = 12
	ReversedBeforeArrival Code = 13
	IllegalState          Code = 14

	ShopNotFound    Code = 20
	MemberNotFound  Code = 21
	MemberMismatch  Code = 22
	MemberFrozen    Code = 23
	AmountTooLarge  Code = 24
	CardNotFound    Code = 25
	IdentTaken      Code = 26
	CardExists      Code = 27
	MemberExists    Code = 28
	MergeImpossible Code = 29 // of the command line alone

	OriginalNotFound Code = 30
	AlreadyReversed  Code = 31
	OverRefund       Code = 32
	ChargeSpent      Code = 33
	GiftSpent        Code = 34
	WindowPassed     Code = 35
	OtherShop        Code = 36
	ChargeExpired    Code = 37
	FlowNotFound     Code = 38

	InsufficientBalance Code = 40
	InsufficientPoint   Code = 41

	HoldExists      Code = 50
	HoldEnded       Code = 51
	HoldNotVerified Code = 52
	OverHold        Code = 53
	HoldRequired    Code = 54

	VoucherNotFound   Code = 60
	VoucherNotInOrder Code = 61
	VoucherNotUsable  Code = 62
	TemplateNotFound  Code = 63
	TemplateStopped   Code = 64

	QuoteNotFound      Code = 80
	QuoteExpired       Code = 81
	QuoteMismatch      Code = 82
	QuoteStale         Code = 83
	RequestIDConflict  Code = 84
	ChannelSumMismatch Code = 85
	ChannelOverCap     Code = 86
	ChannelUnknown     Code = 87
	GiftCardUsed       Code = 88
	ReasonUnknown      Code = 89
	OrderNotFound      Code = 90
	ReverseNotFound    Code = 91
	RefundAmount       Code = 92
	TenderMismatch     Code = 93
	QuoteLimit         Code = 94
	GiftCardNotFound   Code = 95
	ChannelAmbiguous   Code = 96
	OverCount          Code = 97
	PayoutNotFound     Code = 98
	PayoutMismatch     Code = 99
)

// codeText is what a code says. Desc and View are Chinese, EN is English; {name} stands for a figure of the result.
type codeText struct {
	Word, Desc, View, EN string
	Remembered           bool // a refused debit with this code is remembered (semantics.md §3, refusals and replay)
}

// codes is the registry: one row a code, in the order of the numbers.
var codes = map[Code]codeText{
	OK:           {Word: "0", Desc: "成功", View: "成功", EN: "Done."},
	Partial:      {Word: "PARTIAL", Desc: "部分成功:{done};未退回:{left}", View: "{done},{left}", EN: "Partly done: {done}; not returned: {left}."},
	MissingField: {Word: "MISSING_FIELD", Desc: "缺少{field}", View: "缺少{field}", EN: "{field} is missing."},

	IdempotentMismatch:    {Word: "IDEMPOTENT_MISMATCH", Desc: "request_id已用于另一内容的请求,请换新的request_id", View: "请求号已被另一笔业务使用,请重新发起", EN: "This request_id was used with other content; send a new one."},
	RefundNoConflict:      {Word: "REFUND_NO_CONFLICT", Desc: "退款单号{number}已用于另一笔退款(原单{order})", View: "退款单号重复,请换新的退款单号", EN: "Refund number {number} was used for another refund (original {order}); use a new one."},
	OrderNoConflict:       {Word: "ORDER_NO_CONFLICT", Desc: "订单号{order}已用于{role},不可再次使用", View: "订单号已使用,请换新的订单号", EN: "Order number {order} is already used by a {role}."},
	ReversedBeforeArrival: {Word: "REVERSED_BEFORE_ARRIVAL", Desc: "订单号{order}在到达前已被撤销,本次不入账", View: "该订单已撤销,如需重新支付请用新请求号重新发起", EN: "Order {order} was reversed before it arrived; nothing was booked. Sign a new request to try again.", Remembered: true},
	IllegalState:          {Word: "ILLEGAL_STATE", Desc: "订单号{order}已用于{role},请使用{method}", View: "该单据不支持此操作,请使用正确的退款方式", EN: "Order {order} is a {role}; use {method}."},

	ShopNotFound:   {Word: "SHOP_NOT_FOUND", Desc: "门店{shop}不存在", View: "门店不存在,请检查门店编号", EN: "Shop {shop} does not exist in this brand."},
	MemberNotFound: {Word: "MEMBER_NOT_FOUND", Desc: "未找到会员", View: "未找到会员,请核对会员信息", EN: "No member of this brand has these identifiers."},
	MemberMismatch: {Word: "MEMBER_MISMATCH", Desc: "会员标识指向不同会员", View: "会员信息不一致,请核对", EN: "The identifiers name different members."},
	MemberFrozen:   {Word: "MEMBER_FROZEN", Desc: "会员已冻结,不可消费", View: "会员已冻结,请联系门店", EN: "The member is frozen and cannot spend.", Remembered: true},
	AmountTooLarge: {Word: "AMOUNT_TOO_LARGE", Desc: "金额超过上限{max}", View: "金额过大,请核对", EN: "The amount or the balance it would make is above {max}."},
	CardNotFound:   {Word: "CARD_NOT_FOUND", Desc: "卡{card}不存在或不可用", View: "卡不存在或不可用", EN: "Card {card} does not exist or cannot be used."},
	IdentTaken:     {Word: "IDENT_TAKEN", Desc: "{ident}已属于其他会员", View: "该标识已绑定其他会员", EN: "{ident} belongs to another member."},

	MergeImpossible: {Word: "MERGE_IMPOSSIBLE", Desc: "会员{customer}不能合并或撤销:{why}", View: "不能合并该会员", EN: "Member {customer} cannot be merged or unmerged: {why}."},
	MemberExists:    {Word: "MEMBER_EXISTS", Desc: "会员已存在:{customer}", View: "会员已存在,请直接查询", EN: "There is a member with these identifiers already: {customer}."},

	CardExists: {Word: "CARD_EXISTS", Desc: "卡{card}已存在", View: "卡号已存在", EN: "Card {card} exists already."},

	OriginalNotFound: {Word: "ORIGINAL_NOT_FOUND", Desc: "原单{order}未找到", View: "原单未到账,无需退回", EN: "Original {order} has not arrived; nothing to return."},
	AlreadyReversed:  {Word: "ALREADY_REVERSED", Desc: "原单{order}已全部退回,首笔退款单号{number}", View: "该单已退回,无需重复操作", EN: "Original {order} is returned in full already; first refund number {number}."},
	OverRefund:       {Word: "OVER_REFUND", Desc: "退回数超出可退余额,本单最多可退{max}", View: "最多可退{max}", EN: "More than is left to return: at most {max}."},
	ChargeSpent:      {Word: "CHARGE_SPENT", Desc: "该笔充值已被使用或冻结,最多可退{max}", View: "充值金额已部分使用,最多可退{max}", EN: "Part of this charge is spent or held: at most {max} can be refunded."},
	ChargeExpired:    {Word: "CHARGE_EXPIRED", Desc: "该笔充值的余额已使用或已于{when}过期,最多可退{max}", View: "充值余额已使用或已过期,最多可退{max}", EN: "What is left of this charge is spent, or expired {when}: at most {max} can be refunded."},
	GiftSpent:        {Word: "GIFT_SPENT", Desc: "该笔充值的赠送金额已被使用或冻结,目前最多可退{max}", View: "赠送金额已使用,最多可退{max}", EN: "The gift of this charge is spent or held: at most {max} can be refunded now."},
	FlowNotFound:     {Word: "FLOW_NOT_FOUND", Desc: "流水{flow}不存在", View: "未找到该流水", EN: "There is no flow {flow}."},
	WindowPassed:     {Word: "REFUND_WINDOW_PASSED", Desc: "已超过可退期限:规则{days}天,截止{until},当前{now}", View: "已超过可退期限", EN: "The refund window of {days} days ended {until}; it is {now}."},
	OtherShop:        {Word: "OTHER_SHOP_FORBIDDEN", Desc: "品牌规定只能在原门店{shop}退回", View: "请到原消费门店办理退回", EN: "This brand allows reversals only at the original shop {shop}."},

	InsufficientBalance: {Word: "INSUFFICIENT_BALANCE", Desc: "储值余额不足:需要{need},可用{available}", View: "储值余额不足,可用{available}", EN: "Not enough stored value: {need} needed, {available} available.", Remembered: true},
	InsufficientPoint:   {Word: "INSUFFICIENT_POINT", Desc: "积分不足:需要{need},可用{available}", View: "积分不足,可用{available}", EN: "Not enough points: {need} needed, {available} available.", Remembered: true},

	HoldExists:      {Word: "HOLD_EXISTS", Desc: "订单号{order}已有冻结{held},请先核销或解冻", View: "该订单已冻结,请先核销或取消", EN: "Order {order} has an open hold of {held}; capture or release it first.", Remembered: true},
	HoldEnded:       {Word: "HOLD_ENDED", Desc: "订单号{order}的冻结已于{when}{how}", View: "冻结已{how},需重新冻结", EN: "The hold of order {order} ended {when} ({how}).", Remembered: true},
	HoldNotVerified: {Word: "HOLD_NOT_VERIFIED", Desc: "订单号{order}只冻结未核销,请先核销或直接解冻", View: "该订单未核销,请直接取消冻结", EN: "Order {order} is only held, not captured.", Remembered: true},
	OverHold:        {Word: "OVER_HOLD", Desc: "核销金额超过冻结金额{held}", View: "核销金额超过冻结金额{held}", EN: "More than the hold of {held}.", Remembered: true},

	HoldRequired: {Word: "HOLD_REQUIRED", Desc: "品牌规定须先冻结再核销,订单号{order}没有冻结", View: "请先冻结再核销", EN: "This brand captures only what was held; order {order} has no hold.", Remembered: true},

	VoucherNotFound:   {Word: "VOUCHER_NOT_FOUND", Desc: "券{voucher}不存在", View: "券{voucher}不存在", EN: "Voucher {voucher} does not exist for this member.", Remembered: true},
	VoucherNotInOrder: {Word: "VOUCHER_NOT_IN_ORDER", Desc: "券{voucher}不属于订单{order}", View: "券{voucher}不属于本单", EN: "Voucher {voucher} is not of order {order}.", Remembered: true},
	VoucherNotUsable:  {Word: "VOUCHER_NOT_USABLE", Desc: "券{voucher}不可用:{why}", View: "券{voucher}不可用:{why}", EN: "Voucher {voucher} cannot be used: {why}.", Remembered: true},
	TemplateNotFound:  {Word: "TEMPLATE_NOT_FOUND", Desc: "券模板{template}不存在", View: "券模板不存在", EN: "Voucher template {template} does not exist."},
	TemplateStopped:   {Word: "TEMPLATE_STOPPED", Desc: "券模板{template}已停用", View: "该券已停止发放", EN: "Voucher template {template} is no longer issued."},

	QuoteNotFound:      {Word: "QUOTE_NOT_FOUND", Desc: "逆向申请号不存在,请先调用alibaba.wdk.reverse.applyrefund", View: "请先发起退款申请", EN: "This request_id was not issued by applyrefund."},
	QuoteExpired:       {Word: "REVERSE_REQUEST_EXPIRED", Desc: "逆向申请已过期,请重新申请", View: "退款申请已过期,请重新发起", EN: "The quote has expired; apply again."},
	QuoteMismatch:      {Word: "QUOTE_MISMATCH", Desc: "提交内容与申请不一致:{field}", View: "提交内容与申请不一致", EN: "{field} differs from the quote."},
	QuoteStale:         {Word: "QUOTE_STALE", Desc: "可退金额已变化,请重新申请", View: "可退金额已变化,请重新发起", EN: "What can be refunded has changed since the quote; apply again."},
	RequestIDConflict:  {Word: "REQUEST_ID_CONFLICT", Desc: "request_id已用于另一内容的提交", View: "该申请已提交,请勿重复", EN: "This request_id was submitted with other content."},
	ChannelSumMismatch: {Word: "CHANNEL_SUM_MISMATCH", Desc: "退款渠道合计{sum}与退款金额{need}不一致", View: "退款渠道金额合计不符", EN: "Channels sum to {sum}, refund_amount is {need}."},
	ChannelOverCap:     {Word: "CHANNEL_OVER_CAP", Desc: "渠道{channel}超出上限{max}", View: "渠道{channel}最多可退{max}", EN: "Channel {channel} can take at most {max}."},
	ChannelUnknown:     {Word: "CHANNEL_UNKNOWN", Desc: "渠道{channel}未登记或不属于本单", View: "退款渠道不正确", EN: "Channel {channel} is not known here."},
	ChannelAmbiguous:   {Word: "CHANNEL_AMBIGUOUS", Desc: "渠道{channel}对应多笔支付:{which};部分退款请以unique_id或name指明", View: "请指明退回哪一笔支付", EN: "Channel {channel} stands for several tenders: {which}; name one by unique_id or name."},
	OverCount:          {Word: "OVER_COUNT", Desc: "清点数量超过期望退款数量{max}", View: "清点数量最多{max}", EN: "More was counted than is to be paid for: at most {max}."},
	PayoutNotFound:     {Word: "PAYOUT_NOT_FOUND", Desc: "打款{payout}不存在", View: "未找到该笔打款", EN: "There is no payout {payout}."},
	PayoutMismatch:     {Word: "PAYOUT_MISMATCH", Desc: "渠道{channel}没有该金额的打款,应为{need}", View: "打款金额不符,应为{need}", EN: "No payout of channel {channel} has this amount; it is {need}."},
	GiftCardUsed:       {Word: "GIFT_CARD_USED", Desc: "礼品卡{card}已使用,不可退", View: "礼品卡已使用,不可退款", EN: "Gift card {card} has been used."},
	GiftCardNotFound:   {Word: "GIFT_CARD_NOT_FOUND", Desc: "礼品卡{card}不是本单售出", View: "礼品卡不属于本单", EN: "Gift card {card} was not sold in these sub-orders."},
	ReasonUnknown:      {Word: "REASON_UNKNOWN", Desc: "退款原因{reason}不存在,可用:{allowed}", View: "退款原因不存在", EN: "Reason {reason} is not known; allowed: {allowed}."},
	OrderNotFound:      {Word: "ORDER_NOT_FOUND", Desc: "子单{order}不存在", View: "订单不存在", EN: "Sub-order {order} does not exist."},
	ReverseNotFound:    {Word: "REVERSE_NOT_FOUND", Desc: "逆向单{reverse}不存在", View: "逆向单不存在", EN: "Reverse {reverse} does not exist."},
	RefundAmount:       {Word: "REFUND_AMOUNT_INVALID", Desc: "退款金额不符:该申请不支持修改金额,须为{max}", View: "退款金额不符,应为{max}", EN: "This quote cannot be modified: the refund amount must be {max}."},
	TenderMismatch:     {Word: "TENDER_MISMATCH", Desc: "{what}合计{sum}与订单金额{need}不一致", View: "支付金额不符", EN: "Tenders or sub-orders sum to {sum}, the order is {need}."},
	QuoteLimit:         {Word: "QUOTE_LIMIT", Desc: "门店未提交的申请过多,请稍后再试", View: "申请过多,请稍后再试", EN: "Too many live quotes in this store."},
}

// said is what a code says in a special case: where the figures of a result have this one.
type said struct {
	When           Fig
	Desc, View, EN string
}

// unregistered marks an undo that was not remembered: its original may still be booked.
var unregistered = T("undo", "unregistered")

// usedSince marks a refund number that was right once, before the original's number was used again.
var usedSince = T("since", "used")

// special has the codes that say something else in a special case.
var special = map[Code]said{
	RefundNoConflict: {When: usedSince, Desc: "退款单号{number}已于{when}用于原单{order}的退款,此后该单又有消费或冻结", View: "退款单号重复,请换新的退款单号", EN: "Refund number {number} was used for a refund of {order} at {when}, and something was spent or held under it since; use a new one."},
	OriginalNotFound: {When: unregistered, Desc: "原单{order}未找到,未登记撤销,请稍后重试", View: "原单未到账,未登记撤销,请稍后重试", EN: "Original {order} has not arrived, and this undo was not registered, for too many are; send it again later."},
	OverRefund:       {When: Money("max", 0), Desc: "退回数超出可退余额,本单已无可退金额", View: "已无可退金额", EN: "Nothing is left to return."},
	ChargeExpired:    {When: Money("max", 0), Desc: "该笔充值的余额已使用或已于{when}过期,不可退", View: "充值余额已使用或已过期,不可退", EN: "What is left of this charge is spent, or expired {when}: nothing can be refunded."},
	ChargeSpent:      {When: Money("max", 0), Desc: "该笔充值已全部使用或冻结,不可退", View: "充值金额已全部使用,不可退", EN: "All of this charge is spent or held: nothing can be refunded."},
	RefundAmount:     {When: T("least", "1"), Desc: "退款金额须大于0,不超过{max}", View: "退款金额须大于0,最多{max}", EN: "The refund amount must be above 0, at most {max}."},
	GiftSpent:        {When: Money("max", 0), Desc: "该笔充值的赠送金额已被使用或冻结,目前不可退", View: "赠送金额已使用,不可退", EN: "The gift of this charge is spent or held: nothing can be refunded now."},
}

// Word is the stable name on the wire.
func (c Code) Word() string { return codes[c].Word }

func (c Code) String() string { return c.Word() }

// Unit says how a figure reads.
type Unit uint8

// The units of figures.
const (
	Text Unit = iota
	Fen
	Pts
	Count
)

// A Fig is a figure or a name that a result speaks of.
type Fig struct {
	Name string
	Unit Unit
	N    Amount
	Text string
}

// T, Money, Score and FigOf make figures.
func T(name, text string) Fig { return Fig{Name: name, Text: text} }

// Money is a figure in fen.
func Money(name string, n Amount) Fig { return Fig{Name: name, Unit: Fen, N: n} }

// Score is a figure in points.
func Score(name string, n Amount) Fig { return Fig{Name: name, Unit: Pts, N: n} }

// FigOf is a figure in the unit of a family.
func FigOf(name string, f Family, n Amount) Fig {
	if f == Points {
		return Score(name, n)
	}
	return Money(name, n)
}

func (f Fig) zh() string {
	switch f.Unit {
	case Fen:
		return Yuan(f.N) + "元"
	case Pts:
		return strconv.FormatInt(int64(f.N), 10) + "积分"
	case Count:
		return strconv.FormatInt(int64(f.N), 10)
	case Text:
		return f.Text
	}
	return f.Text
}

// String is the figure in English, with its unit.
func (f Fig) String() string { return f.en() }

func (f Fig) en() string {
	switch f.Unit {
	case Fen:
		return "CNY " + Yuan(f.N)
	case Pts:
		return strconv.FormatInt(int64(f.N), 10) + " points"
	case Count:
		return strconv.FormatInt(int64(f.N), 10)
	case Text:
		return f.Text
	}
	return f.Text
}

// Yuan renders fen as yuan with two decimals.
func Yuan(n Amount) string {
	sign, fen := "", uint64(n)
	if n < 0 {
		sign, fen = "-", -fen
	}
	f := strconv.FormatUint(fen%100, 10)
	if len(f) == 1 {
		f = "0" + f
	}
	return sign + strconv.FormatUint(fen/100, 10) + "." + f
}

// VoucherOutcome is what became of one voucher of a call.
type VoucherOutcome struct {
	ID   string
	OK   bool
	Code Code // why not, when OK is false
}

// A Result is the answer of a command. What is stored with an operation is what a replay answers.
type Result struct {
	Code     Code
	Figs     []Fig
	Flow     ID // the operation, zero if nothing was booked
	ValueOK  bool
	PointOK  bool
	Vouchers []VoucherOutcome
	IDs      []string // customer id, voucher ids, WDK out ids
	Numbers  []int64  // WDK numbers
	Replayed bool     // not stored: this is the first result again
}

// Refuse makes a refusal.
func Refuse(c Code, figs ...Fig) Result { return Result{Code: c, Figs: figs} }

// says is the text of a result's code, by its figures.
func (r *Result) says() said {
	if s, ok := special[r.Code]; ok && slices.Contains(r.Figs, s.When) {
		return s
	}
	c := codes[r.Code]
	return said{Desc: c.Desc, View: c.View, EN: c.EN}
}

// Desc is result_desc: what happened, with the figures that matter, in Chinese.
func (r *Result) Desc() string { return fill(r.says().Desc, r.Figs, Fig.zh) }

// View is result_view: one sentence in Chinese that a cashier can read out.
// The replay of a remembered refusal adds how to go on: the same request will never be booked.
func (r *Result) View() string {
	view := fill(r.says().View, r.Figs, Fig.zh)
	if r.Replayed && codes[r.Code].Remembered {
		if r.Code == InsufficientBalance || r.Code == InsufficientPoint {
			return view + ",充值后请用新请求号重新发起"
		}
		if !strings.Contains(view, "请用新请求号") {
			view += ",请用新请求号重新发起"
		}
	}
	return view
}

// English is the same for logs and English readers.
func (r *Result) English() string { return fill(r.says().EN, r.Figs, Fig.en) }

func fill(text string, figs []Fig, show func(Fig) string) string {
	for _, f := range figs {
		if strings.Contains(text, "{"+f.Name+"}") {
			text = strings.ReplaceAll(text, "{"+f.Name+"}", show(f))
		}
	}
	return text
}
