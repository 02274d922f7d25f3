package api

import (
	"context"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// Members as the back office keeps them: customer.create, customer.update and customer.get.

// personFields are what both writes may say of a member, besides who it is.
type personFields struct{ address, birthday, email, invoice, level, mobile, name, phone, remark, tags, gender, kind *Field }

func newPersonFields(tags string) personFields {
	return personFields{
		address:  text("address", "杭州市西湖区", "地址", "Address."),
		birthday: text("birthday", "1990-01-31", "生日", "Birthday.").bytes(32),
		email:    text("email", "wang@example.com", "邮箱", "E-mail."),
		invoice:  text("invoice", "某某餐饮有限公司", "发票抬头", "Title of invoices."),
		level:    id("level_id", "", "等级id,品牌登记的等级之一", "Level, one of the brand's.").plus(levelIDs),
		mobile:   mobileNo("手机号", "Mobile number."),
		name:     text("name", "小王", "姓名", "Name."),
		phone:    text("phone", "0571-87658765", "座机", "Landline."),
		remark:   text("remark", "老顾客", "备注", "Remark on the member."),
		tags:     ids(tags, `["爱吃辣"]`, "标签,整组替换", "Tags; they replace those that are there.").orNone(),
		gender:   number("gender", "1", "性别:0女,1男,2其他", "0 female, 1 male, 2 other.").between(0, 2).oneOf("0", "1", "2"),
		kind:     number("customer_type", "1", "顾客类型,顾客:0,会员:1", "0 customer, 1 member.").between(0, 1).oneOf("0", "1"),
	}
}

// levelIDs are the levels of a brand. One that has none keeps what it is given.
func levelIDs(b *ledger.Brand) []string {
	list := make([]string, len(b.Levels))
	for i, l := range b.Levels {
		list[i] = l.ID
	}
	return list
}

// save makes the command. The remark is personal data: it lives in the member alone.
func (f *personFields) save(in *Input, head ledger.Head) *ledger.SaveMember {
	head.Reason = ""
	return &ledger.SaveMember{
		Head: head, Name: in.optText(f.name), Birthday: in.optText(f.birthday), Remark: in.optText(f.remark), Address: in.optText(f.address),
		Email: in.optText(f.email), Invoice: in.optText(f.invoice), Level: in.optText(f.level), Phone: in.optText(f.phone),
		Gender: in.optNum(f.gender), Type: in.optNum(f.kind), Tags: in.texts(f.tags),
	}
}

// customerCreate declares alibaba.alsc.crm.customer.create.
func customerCreate() *Method {
	f := newPersonFields("tag_id_list")
	f.gender.AsText = true
	var (
		channel = id("channel", "2", "渠道:1-CRM后台,2-POS,3-个人中心,4-微信,5-支付宝", "1 CRM, 2 POS, 3 member's page, 4 WeChat, 5 Alipay.")
		outer   = id("outer_id", "435532", "外部id,与mobile至少一项", "Outer id; it or mobile is required.")
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) {
		if fault := in.needMember(&head.Who); fault != nil {
			return nil, fault
		}
		c := f.save(in, head)
		c.New, c.Channel = true, in.optText(channel)
		return c, nil
	}
	return &Method{
		Name: "alibaba.alsc.crm.customer.create", Group: groupCRM,
		Zh: "创建顾客", En: "Create a member",
		About: "新建会员及会员卡。手机号或外部id已属于会员时不新建,返回该会员id(MEMBER_EXISTS)。",
		Notes: "Creates a member with a card. If the mobile or outer id is a member's already, none is created and the refusal names that member (MEMBER_EXISTS).",
		Param: "param_customer_create_open_req", ParamZh: "创建顾客参数", ParamEn: "The member.",
		Request: structure("CustomerCreateOpenReq",
			f.tags, f.address, f.birthday, crmBrandID(), channel, f.email, f.gender, f.invoice, f.level, f.mobile, f.name, crmOperator(),
			outer, outerType("wechat"), f.phone, f.remark, requestID("c0ffee10"), crmShop(), crmOutBrand(), crmOutShop(), f.kind),
		Response: commonResult(id("result", "34243334", "顾客id", "The customer_id.")),
		Codes:    answers(ledger.ShopNotFound, ledger.MemberMismatch, ledger.MemberExists),
		tenant:   crmBrand, wrap: wrapCommon,
		answer: write(build, done(func(_ *Input, r *ledger.Result) top.Value { return top.Str(r.IDs[0]) })),
	}
}

// customerUpdate declares alibaba.alsc.crm.customer.update.
func customerUpdate() *Method {
	f := newPersonFields("tag_ids")
	var (
		operatorName = text("operator_name", "小王", "操作人名", "Their name.")
		ext          = text("ext_info", "", "扩展信息,不影响结果", "Not used.")
	)
	build := func(in *Input, head ledger.Head) (reverse.Command, *top.Fault) { return f.save(in, head), nil }
	return &Method{
		Name: "alibaba.alsc.crm.customer.update", Group: groupCRM,
		Zh: "更新顾客", En: "Change a member",
		About: "修改会员所传的字段;传mobile则换绑手机号,该号已属其他会员时拒绝。",
		Notes: "Changes the fields sent. A mobile that is sent replaces the member's, unless it is another member's.",
		Param: "param_customer_update_open_req", ParamZh: "更新顾客参数", ParamEn: "The member.",
		Request: structure("CustomerUpdateOpenReq",
			f.tags, f.address, f.birthday, crmBrandID(), crmCustomer().must(), f.email, ext, f.invoice, f.level, f.mobile, f.name, crmOperator(),
			operatorName, f.phone, f.remark, requestID("c0ffee11"), crmOutBrand(), f.gender, f.kind),
		Response: commonResult(boolean("result", "true", "操作是否成功", "Whether it was done.")),
		Codes:    answers(ledger.MemberNotFound, ledger.MemberMismatch),
		tenant:   crmBrand, answer: write(build, yes), wrap: wrapCommon,
	}
}

// customerQuery declares alibaba.alsc.crm.customer.get.
func customerQuery() *Method {
	var (
		options = ids("options", `["CARD","RECHARGE","POINT","VOUCHER"]`, "查询选项:CARD卡,RECHARGE卡下储值账户,POINT积分,VOUCHER券;顾客信息总是返回",
			"What to show besides the person: CARD cards, RECHARGE their accounts, POINT points, VOUCHER vouchers.").
			oneOf("CARD", "RECHARGE", "POINT", "VOUCHER")
		physical = id("physical_card_id", "", "物理卡号", "A card of the member.")
		card     = id("card_id", "", "电子卡号", "A card of the member.")
		wechat   = id("wechat_open_id", "", "微信openId", "WeChat open id.")
		app      = id("wechat_app_id", "", "微信小程序id,不影响结果", "Not used.")
		phone    = text("phone", "", "座机,不用于查找", "Landline; members are not looked up by it.")
		alipay   = id("alipay_id", "", "支付宝id", "Alipay id.")
		customer = id("customer_id", "34243334", "顾客id", "Member; or mobile, a card, a WeChat or an Alipay id.")
	)
	names := []struct {
		field *Field
		kind  ledger.Ident
	}{
		{card, ledger.Ident{Type: ledger.ByCard}},
		{physical, ledger.Ident{Type: ledger.ByCard}},
		{wechat, ledger.Ident{Type: ledger.ByOuter, Outer: "wechat"}},
		{alipay, ledger.Ident{Type: ledger.ByOuter, Outer: "alipay"}},
	}
	return &Method{
		Name: "alibaba.alsc.crm.customer.get", Group: groupCRM,
		Zh: "查询顾客详情", En: "Get a member in parts",
		About: "查询会员,按options返回卡、储值账户、积分与券。余额含冻结,不含已过期。",
		Notes: "Gets a member, and of cards, accounts, points and vouchers what options name. Balances include what is held and leave out what has expired.",
		Param: "param_customer_id_query_open_req", ParamZh: "顾客详情查询条件", ParamEn: "Which member.",
		Request: structure("CustomerIdQueryOpenReq",
			options, crmBrandID(), customer, crmShop(), mobileNo("手机号", "Mobile number of the member."), physical, card, crmOutBrand(), crmOutShop(),
			wechat, app, phone, alipay),
		Response: commonResult(object("result", structure("CustomerAggOpenInfo",
			objects("card_open_info_list", cardInfo(), "卡列表,会员卡在前", "Cards, the member card first."),
			objects("customer_voucher_full_open_info_list", fullVoucherInfo(), "券列表", "Vouchers."),
			object("customer_open_info", personInfo(), "顾客信息", "The person."),
			object("point_account", pointInfo(), "积分账户", "Points."),
		), "顾客详情", "The member.")),
		Codes:  []ledger.Code{ledger.OK, ledger.MemberNotFound, ledger.MemberMismatch},
		tenant: crmBrand, wrap: wrapCommon,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			who, fault := in.who()
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			who.Card = ""
			idents := who.Idents()
			for _, n := range names {
				if n.kind.Text = in.text(n.field); n.kind.Text != "" {
					idents = append(idents, n.kind)
				}
			}
			if len(idents) == 0 {
				return top.Value{}, ledger.Result{}, in.missing(customer, "customer_id、mobile、card_id、wechat_open_id与alipay_id至少提供一项 one of customer_id, mobile, card_id, wechat_open_id and alipay_id is required")
			}
			c, r, fault := in.customer(ctx, idents)
			if c == nil {
				return top.Value{}, r, fault
			}
			return showParts(in.brand, c, in.texts(options)), r, nil
		},
	}
}

// showParts shapes the parts of a member that options name as CustomerAggOpenInfo.
func showParts(b *ledger.Brand, c *query.Customer, options []string) top.Value {
	wants := func(part string) bool { return slices.Contains(options, part) }
	var cards, vouchers, points top.Value
	if wants("CARD") || wants("RECHARGE") {
		show := showCard
		if !wants("RECHARGE") {
			show = showBareCard
		}
		cards = list("card_open_info", c.Cards, show)
	}
	if wants("VOUCHER") {
		vouchers = list("customer_voucher_full_open_info", c.Vouchers, showFullVoucher)
	}
	if wants("POINT") {
		points = showPoints(c)
	}
	return top.Obj(
		top.F("card_open_info_list", cards),
		top.F("customer_voucher_full_open_info_list", vouchers),
		top.F("customer_open_info", showMember(b, c.Member)),
		top.F("point_account", points),
	)
}
