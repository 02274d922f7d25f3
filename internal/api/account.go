package api

import (
	"cmp"
	"context"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/top"
)

// accountGet declares alibaba.alsc.crm.recharge.account.get.
func accountGet() *Method {
	account := id("account_id", "", "账户id,缺省为全部账户", "An account of the member; all if absent.")
	info := structure("RechargeAccountOpenInfo",
		id("account_id", "34243334-1", "账户id", "Account."),
		id("card_id", "12884901889", "卡id", "Card."),
		id("customer_id", "34243334", "顾客id", "Member."),
		date("gmt_create", "2024-01-01 00:00:00", "创建时间", "Opened."),
		date("gmt_modified", "2024-01-01 00:00:00", "修改时间", "Last change."),
		fee("gift_value", "0", "赠储(分),含冻结", "Given value in fen, holds included."),
		fee("gift_value_total", "0", "累计赠储(分)", "Ever given."),
		fee("pre_value", "0", "预储(分)", "Value in advance, in fen."),
		fee("pre_value_total", "0", "累计预储(分)", "Ever credited in advance."),
		fee("real_value", "1000", "实储(分),含冻结", "Paid value in fen, holds included."),
		fee("real_value_total", "1000", "累计实储(分)", "Ever paid."),
		fee("usable_value", "1000", "可用储值(分),不含冻结", "What can be spent: the balance less what holds pin."),
		boolean("deleted", "false", "是否注销", "A cancelled gift card."),
	)
	return &Method{
		Name: "alibaba.alsc.crm.recharge.account.get", Group: groupCRM,
		Zh: "查询储值账户", En: "Get stored-value accounts",
		About: "查询会员的储值账户余额。余额含冻结,不含已过期;可用为余额减冻结。",
		Notes: "Gets a member's accounts. Balances include what is held and leave out what has expired; usable is the balance less holds.",
		Param: "param_query_recharge_account_open_req", ParamZh: "入参", ParamEn: "Which accounts.",
		Request:  structure("QueryRechargeAccountOpenReq", account, crmBrandID(), cardID(), crmCustomer(), crmShop(), crmOutShop(), crmOutBrand()),
		Response: commonResult(objects("result", info, "账户", "The accounts, the member card's first.")),
		Codes:    []ledger.Code{ledger.OK, ledger.MemberNotFound, ledger.MemberMismatch, ledger.CardNotFound},
		tenant:   crmBrand, wrap: wrapCommon,
		answer: func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			who, fault := in.who()
			if fault == nil {
				fault = in.needMember(&who)
			}
			if fault != nil {
				return top.Value{}, ledger.Result{}, fault
			}
			c, r, fault := in.customer(ctx, who.Idents())
			if c == nil {
				return top.Value{}, r, fault
			}
			cards := c.Cards[:0:0]
			for _, card := range c.Cards {
				if (who.Card == "" || card.Account.Card == who.Card) && (!in.has(account) || card.ID == in.text(account)) {
					cards = append(cards, card)
				}
			}
			if len(cards) == 0 {
				return top.Value{}, ledger.Refuse(ledger.CardNotFound, ledger.T("card", cmp.Or(in.text(account), who.Card))), nil
			}
			return list("recharge_account_open_info", cards, showAccount), r, nil
		},
	}
}

func showAccount(c query.Card) top.Value {
	return top.Obj(
		top.F("account_id", top.Str(c.ID)),
		top.F("card_id", top.Str(c.Account.Card)),
		top.F("customer_id", top.Str(c.Customer)),
		top.F("gmt_create", when(c.Created)),
		top.F("gmt_modified", when(c.Changed)),
		top.F("gift_value", top.Int(int64(c.Gift))),
		top.F("gift_value_total", top.Int(int64(c.TotalGift))),
		top.F("pre_value", top.Int(int64(c.Pre))),
		top.F("pre_value_total", top.Int(int64(c.TotalPre))),
		top.F("real_value", top.Int(int64(c.Real))),
		top.F("real_value_total", top.Int(int64(c.TotalReal))),
		top.F("usable_value", top.Int(int64(c.Available))),
		top.F("deleted", top.Bool(c.Closed)),
	)
}
