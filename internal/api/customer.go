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

// Members (semantics.md §6, open.customer.save).

// customerSave declares alibaba.alsc.crm.open.customer.save.
func customerSave() *Method {
	var (
		birthday = text("birthday", "1990-01-31", "生日", "Birthday.").bytes(32)
		brand    = id("brand_id", "1332", "saas品牌id", "Brand.").must()
		channel  = id("channel", "2", "渠道:1-CRM后台,2-POS,3-个人中心,4-微信,5-支付宝", "1 CRM, 2 POS, 3 member's page, 4 WeChat, 5 Alipay.")
		mobile   = mobileNo("手机号,与outer_id至少一项", "Mobile number; it or outer_id is required.")
		name     = text("name", "小王", "姓名", "Name.")
		operator = id("operator_id", "322343434", "操作人", "Who did it.")
		outer    = id("outer_id", "435532", "外部id", "Outer id; it or mobile is required.")
		outType  = outerType("wechat")
		remark   = text("remark", "", "备注", "Remark on the member.")
		request  = requestID("5d41402abc4b")
		shop     = id("shop_id", "243545", "saas门店id", "Shop.")
		gender   = number("gender", "1", "性别:0女,1男,2其他", "0 female, 1 male, 2 other.").between(0, 2).oneOf("0", "1", "2")
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		if fault := in.needMember(&head.Who); fault != nil {
			return nil, fault
		}
		head.Reason = "" // the remark is personal data: it lives in the member alone
		return &ledger.SaveMember{
			Head: head, Name: in.optText(name), Birthday: in.optText(birthday), Remark: in.optText(remark),
			Channel: in.optText(channel), Gender: in.optNum(gender),
		}, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.open.customer.save", Group: groupCRM,
		Zh: "新增或修改会员", En: "Save a member",
		About: "按手机号或外部id保存会员:不存在则新建会员及会员卡,存在则修改所传字段并绑定未被占用的标识。",
		Notes: "Saves the member that a mobile number or outer id names: creates the member with a card, or changes the fields sent and binds a free identifier.",
		Param: "param_customer_save_open_req", ParamZh: "入参", ParamEn: "The member.",
		Request: structure("CustomerSaveOpenReq",
			birthday, brand, channel, mobile, name, operator, outer, outType, remark, request, shop, gender),
		Response: commonResult(id("result", "34243334", "顾客id", "The customer_id.")),
		Codes:    answers(ledger.ShopNotFound, ledger.MemberMismatch),
		tenant:   crmBrand, wrap: wrapCommon,
		answer: write(build, done(func(_ *Input, r *ledger.Result) top.Value { return top.Str(r.IDs[0]) })),
	}
}

// customerGet declares alibaba.alsc.crm.open.customer.get.
func customerGet() *Method {
	var (
		brand    = id("brand_id", "1332", "saas品牌id", "Brand.").must()
		mobile   = mobileNo("手机号", "Mobile number of the member.")
		outer    = id("outer_id", "435532", "外部id", "Outer id of the member.")
		outType  = outerType("wechat")
		card     = id("physical_card_id", "", "物理卡id", "A card of the member.")
		shop     = id("shop_id", "243545", "saas门店id", "Shop.")
		customer = id("customer_id", "34243334", "顾客id", "Member; or mobile, outer_id with outer_type, or a card.")
	)
	return &Method{
		Name: "alibaba.alsc.crm.open.customer.get", Group: groupCRM,
		Zh: "查询会员信息", En: "Get a member",
		About: "查询会员及其卡、账户余额、券与积分。余额含冻结,不含已过期。",
		Notes: "Gets a member with cards, balances, vouchers and points. Balances include what is held and leave out what has expired.",
		Param: "param_customer_get_open_req", ParamZh: "入参", ParamEn: "Which member.",
		Request:  structure("CustomerGetOpenReq", brand, mobile, outer, outType, card, shop, customer),
		Response: commonResult(object("result", customerGetInfo(), "会员信息", "The member.")),
		Codes:    []ledger.Code{ledger.OK, ledger.MemberNotFound, ledger.MemberMismatch},
		tenant:   crmBrand, wrap: wrapCommon,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			who, fault := in.who()
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			who.Card = in.text(card)
			if fault := in.needMember(&who); fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			c, r, fault := in.customer(ctx, who.Idents())
			if c == nil {
				return top.Value{}, r, fault
			}
			return showCustomer(in.brand, c), r, nil
		},
	}
}

// customer reads a member with all there is of it; nil with a fault or a refusal.
func (in *Input) customer(ctx context.Context, who []ledger.Ident) (c *query.Customer, r ledger.Result, fault *top.Fault) {
	fault = in.read(ctx, query.CustomerKeys(who), func(s *reverse.State, now int64) { c, r = query.FindCustomer(s, who, now) })
	if fault != nil {
		return nil, ledger.Result{}, fault
	}
	return c, r, nil
}

func customerGetInfo() *Struct {
	return structure("CustomerGetOpenInfo",
		objects("card_open_info_list", cardInfo(), "卡列表,会员卡在前", "Cards, the member card first."),
		objects("voucher_open_info_list", voucherInfo(), "券列表", "Vouchers."),
		object("customer_open_info", personInfo(), "顾客信息", "The person."),
		object("point_account_open_info", pointInfo(), "积分账户", "Points."),
	)
}

func cardInfo() *Struct {
	account := structure("AccountOpenInfo",
		id("account_id", "34243334-1", "账户ID", "Account."),
		id("currency", "CNY", "币种", "Always CNY."),
		date("gmt_create", "2024-01-01 00:00:00", "创建时间", "Opened."),
		date("gmt_modified", "2024-01-01 00:00:00", "修改时间", "Last change."),
		fee("balance", "1000", "储值余额(分),含冻结", "Fen, holds included; real + gift + pre."),
		fee("gift", "0", "赠储(分)", "Given value in fen."),
		fee("pre", "0", "预储(分)", "Value credited in advance, in fen."),
		fee("real", "1000", "实储(分)", "Paid value in fen."),
		fee("total_gift", "0", "累计赠储(分)", "Ever given."),
		fee("total_pre", "0", "累计预储(分)", "Ever credited in advance."),
		fee("total_real", "1000", "累计实储(分)", "Ever paid."),
		boolean("deleted", "false", "是否注销", "A cancelled gift card."),
	)
	return structure("CardOpenInfo",
		objects("accounts", account, "资产账户列表", "Its accounts."),
		id("card_id", "12884901889", "卡实例ID", "Card."),
		id("card_type", "MEMBER", "MEMBER会员卡,OTHER其他卡,GIFT礼品卡", "MEMBER, OTHER or GIFT."),
		id("customer_id", "34243334", "顾客id", "Member."),
		date("gmt_create", "2024-01-01 00:00:00", "创建时间", "Opened."),
		date("gmt_modified", "2024-01-01 00:00:00", "修改时间", "Last change."),
		id("status", "ACTIVED", "ACTIVED已激活,INVALID已作废", "ACTIVED, or INVALID when cancelled."),
		boolean("deleted", "false", "是否作废", "A cancelled gift card."),
	)
}

func voucherInfo() *Struct {
	return structure("VoucherOpenInfo",
		ids("shop_id_list", `["243545"]`, "可用门店id", "Shops where it can be used."),
		objects("shop_info_list", structure("VoucherShopInfo",
			id("out_shop_id", "", "外部门店id", "Outer shop id."),
			id("shop_id", "243545", "门店id", "Shop."),
		), "门店信息", "The same with outer ids."),
		date("end_time", "2030-12-31 23:59:59", "失效时间", "Valid until."),
		date("start_time", "2024-01-01 00:00:00", "券开始时间", "Valid from."),
		id("status", "NORMAL", "NORMAL可用,ISUSED已使用,EXPIRED已过期,DELETED已作废", "NORMAL, ISUSED, EXPIRED or DELETED."),
		text("title", "满100减10", "券名称", "Name."),
		id("voucher_id", "2837374884", "券实例id", "Voucher."),
		id("voucher_template_id", "9001", "券模板id", "Template."),
		id("voucher_type", "CASH", "CASH代金券,DISCOUNT折扣券,GIFT礼品券", "CASH, DISCOUNT or GIFT."),
		id("discount_rate", "8.5", "折扣率", "Rate of a discount voucher: 8.5 is 15 % off."),
		id("item_coverage", "ALL", "适用商品范围", "ALL goods."),
		id("shop_coverage", "ALL", "ALL全部门店,PART_AVAILABLE部分门店", "ALL shops or PART_AVAILABLE."),
		text("ext_info", `{"uses":10,"left":7}`, "扩展字段:可用次数与剩余次数", "JSON: uses and uses left, if more than one."),
		fee("amount", "1000", "面额(分)", "Fen."),
		fee("start_fee", "10000", "满足金额阈值(分)", "Least order sum in fen."),
		number("user_limit", "-1", "每人限领,-1不限", "How many a member may get; -1: any number."),
	)
}

func personInfo() *Struct {
	return structure("CustomerOpenInfo",
		objects("customer_out_info_list", structure("CustomerOutInfo",
			id("out_type", "wechat", "外部id类型", "Kind of outer id."),
			id("out_id", "435532", "外部id", "Outer id."),
		), "外部信息", "Outer ids."),
		ids("tags", `["爱吃辣"]`, "标签", "Tags."),
		text("address", "杭州市西湖区", "地址", "Address."),
		text("birthday", "1990-01-31", "生日", "Birthday."),
		id("customer_id", "34243334", "顾客ID", "Member."),
		text("email", "wang@example.com", "邮箱", "E-mail."),
		text("invoice", "某某餐饮有限公司", "发票抬头", "Title of invoices."),
		text("level_desc", "金卡", "等级名称", "Name of the level."),
		id("level_id", "gold", "等级id", "Level."),
		text("phone", "0571-87658765", "座机", "Landline."),
		date("customer_time", "2024-01-01 00:00:00", "成为顾客时间", "Member since."),
		date("gmt_create", "2024-01-01 00:00:00", "创建时间", "Created."),
		date("gmt_modified", "2024-01-01 00:00:00", "修改时间", "Last change."),
		id("member_store_id", "243545", "成为会员店铺ID", "Shop that made the member."),
		mobileNo("手机号", "Mobile number."),
		text("name", "小王", "姓名", "Name."),
		text("remark", "", "备注", "Remark."),
		number("channel", "2", "渠道", "As sent to save, if it was a number."),
		number("customer_type", "1", "顾客类型,顾客:0,会员:1", "As sent to create, 1 if nothing was; 0: the bearer of a gift card."),
		number("gender", "1", "性别:0女,1男,2其他;未知时缺省", "0 female, 1 male, 2 other; absent if never told."),
		number("level_no", "2", "等级序号,从1开始", "Place of the level, from 1."),
		number("state", "1", "会员状态,可用1、停用0", "1 in use, 0 frozen."),
		boolean("deleted", "false", "是否已删除", "Always false."),
	)
}

func pointInfo() *Struct {
	return structure("PointAccountOpenInfo",
		id("customer_id", "34243334", "会员ID", "Member."),
		fee("available_point", "77", "可用的积分总数", "What can be spent."),
		fee("freeze_point", "23", "冻结积分数", "Pinned by open holds."),
		fee("total_expired_point", "0", "累计过期积分数", "Ever expired."),
		fee("total_point", "120", "累计积分总数", "Ever credited."),
		fee("total_used_point", "20", "累计使用积分数", "Spent less returned."),
		fee("remain_point", "100", "剩余总积分,含冻结", "Available and frozen."),
	)
}

// showCustomer shapes a member as CustomerGetOpenInfo.
func showCustomer(b *ledger.Brand, c *query.Customer) top.Value {
	return top.Obj(
		top.F("card_open_info_list", list("card_open_info", c.Cards, showCard)),
		top.F("voucher_open_info_list", list("voucher_open_info", c.Vouchers, func(v query.Voucher) top.Value { return showVoucher(b, &v) })),
		top.F("customer_open_info", showMember(b, c.Member)),
		top.F("point_account_open_info", showPoints(c)),
	)
}

func showPoints(c *query.Customer) top.Value {
	p := &c.Points
	return top.Obj(
		top.F("customer_id", top.Str(c.Member.ID)),
		top.F("available_point", top.Int(int64(p.Available))),
		top.F("freeze_point", top.Int(int64(p.Frozen))),
		top.F("total_expired_point", top.Int(int64(p.Expired))),
		top.F("total_point", top.Int(int64(p.Total))),
		top.F("total_used_point", top.Int(int64(p.Used))),
		top.F("remain_point", top.Int(int64(p.Remain))),
	)
}

var cardTypes = [...]string{ledger.MemberCard: "MEMBER", ledger.OtherCard: "OTHER", ledger.GiftCard: "GIFT"}

func showCard(c query.Card) top.Value {
	return cardOf(c, top.List("account_open_info", top.Obj(
		top.F("account_id", top.Str(c.ID)),
		top.F("currency", top.Str("CNY")),
		top.F("gmt_create", when(c.Created)),
		top.F("gmt_modified", when(c.Changed)),
		top.F("balance", top.Int(int64(c.Balance))),
		top.F("gift", top.Int(int64(c.Gift))),
		top.F("pre", top.Int(int64(c.Pre))),
		top.F("real", top.Int(int64(c.Real))),
		top.F("total_gift", top.Int(int64(c.TotalGift))),
		top.F("total_pre", top.Int(int64(c.TotalPre))),
		top.F("total_real", top.Int(int64(c.TotalReal))),
		top.F("deleted", top.Bool(c.Closed)),
	)))
}

// showBareCard is a card without its account.
func showBareCard(c query.Card) top.Value { return cardOf(c, top.Value{}) }

func cardOf(c query.Card, accounts top.Value) top.Value {
	status := "ACTIVED"
	if c.Closed {
		status = "INVALID"
	}
	return top.Obj(
		top.F("accounts", accounts),
		top.F("card_id", top.Str(c.Account.Card)),
		top.F("card_type", top.Str(cardTypes[c.Type])),
		top.F("customer_id", top.Str(c.Customer)),
		top.F("gmt_create", when(c.Created)),
		top.F("gmt_modified", when(c.Changed)),
		top.F("status", top.Str(status)),
		top.F("deleted", top.Bool(c.Closed)),
	)
}

func showMember(b *ledger.Brand, m *ledger.Member) top.Value {
	kind, state := numeral(cmp.Or(m.Type, "1")), int64(1)
	if m.Bearer {
		kind = top.Int(0)
	}
	if m.Frozen {
		state = 0
	}
	var grade, place top.Value
	if l, no := b.Level(m.Level); l != nil {
		grade, place = top.Str(l.Name), top.Int(no)
	}
	return top.Obj(
		top.F("customer_out_info_list", list("customer_out_info", m.Outer, func(o ledger.Ident) top.Value {
			return top.Obj(top.F("out_type", top.Str(o.Outer)), top.F("out_id", top.Str(o.Text)))
		})),
		top.F("tags", strs(m.Tags)),
		top.F("address", known(m.Address)),
		top.F("birthday", known(m.Birthday)),
		top.F("customer_id", top.Str(m.ID)),
		top.F("email", known(m.Email)),
		top.F("invoice", known(m.Invoice)),
		top.F("level_desc", grade),
		top.F("level_id", known(m.Level)),
		top.F("phone", known(m.Phone)),
		top.F("customer_time", when(m.Created)),
		top.F("gmt_create", when(m.Created)),
		top.F("gmt_modified", when(m.Changed)),
		top.F("member_store_id", known(m.Shop)),
		top.F("mobile", known(m.Mobile)),
		top.F("name", known(m.Name)),
		top.F("remark", known(m.Remark)),
		top.F("channel", numeral(m.Channel)),
		top.F("customer_type", kind),
		top.F("gender", numeral(m.Gender)),
		top.F("level_no", place),
		top.F("state", top.Int(state)),
		top.F("deleted", top.Bool(false)),
	)
}

// numeral shows a number kept as it was sent; one that was never given, or is not a number, is absent.
func numeral(s string) top.Value {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return top.Value{}
	}
	return top.Int(n)
}

// known shows a text that a member may not have.
func known(s string) top.Value {
	if s == "" {
		return top.Value{}
	}
	return top.Str(s)
}
