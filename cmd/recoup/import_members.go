package main

import (
	"cmp"
	"strings"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/sheet"
)

type importMembersCmd struct{ importFlags }

// Help tells the columns.
func (importMembersCmd) Help() string {
	return "Columns: customer_id 会员号 (kept; issued where it is empty), mobile 手机号, name 姓名, gender 性别 (男, 女 or 1, 0), birthday 生日, level_id 等级, wechat 微信, alipay 支付宝, remark 备注, tags 标签 " +
		"(parted by ; or 、). One of customer_id and mobile must be there.\n\n" + tableHelp + "Example:\n\n  recoup import members 会员.xlsx --brand 1332 --dry-run"
}

// Run imports the members.
func (c *importMembersCmd) Run(e *env) error {
	const (
		customer = iota
		mobile
		name
		gender
		birthday
		level
		wechat
		alipay
		remark
		tags
	)
	return c.run(e, &importKind{
		what: "members",
		columns: []sheet.Column{
			customerColumn, mobileColumn,
			{Names: []string{"name", "姓名"}},
			{Names: []string{"gender", "性别"}},
			{Names: []string{"birthday", "生日"}},
			{Names: []string{"level_id", "等级", "会员等级"}},
			{Names: []string{"wechat", "微信", "微信openid"}},
			{Names: []string{"alipay", "支付宝"}},
			{Names: []string{"remark", "备注"}},
			{Names: []string{"tags", "标签"}},
		},
		ids: []int{customer},
		lines: func(b *ledger.Brand, t *sheet.Table, bad *faults) (lines []importLine) {
			seen := once{}
			eachRow(t, bad, func(r *cells) {
				who := r.member(customer, mobile)
				key := cmp.Or(who.Customer, who.Mobile)
				cmd := &ledger.SaveMember{ID: who.Customer, Name: given(r.Text(name)), Remark: given(r.Text(remark))}
				cmd.Who.Mobile, cmd.RequestID = who.Mobile, key
				if day := cell(r, r.Day, birthday); !day.IsZero() {
					cmd.Birthday = given(day.Format(time.DateOnly))
				}
				switch g := r.Text(gender); g {
				case "":
				case "男", "1", "M", "male":
					cmd.Gender = new(int64(1))
				case "女", "0", "F", "female":
					cmd.Gender = new(int64(0))
				default:
					r.fail("gender: %q is none of 男, 女, 1, 0", g)
				}
				if l := levelOf(b, r.Text(level)); l != "" {
					cmd.Level = given(l)
				} else if r.Text(level) != "" {
					r.fail("level_id: brand %s has no level %q; `recoup policy set` registers it", b.ID, r.Text(level))
				}
				if r.Text(tags) != "" {
					cmd.Tags = strings.FieldsFunc(r.Text(tags), func(c rune) bool { return strings.ContainsRune(";；、|", c) })
				}
				if !r.ok || !seen.first(r, "member", key) || who.Mobile != "" && who.Mobile != key && !seen.first(r, "mobile", who.Mobile) {
					return
				}
				lines = append(lines, importLine{r.Line, cmd})
				first := true
				for _, outer := range []struct {
					kind   string
					column int
				}{{"wechat", wechat}, {"alipay", alipay}} {
					id := cell(r, r.ID, outer.column)
					if id == "" || !seen.first(r, outer.kind, outer.kind+" "+id) {
						continue
					}
					if first { // a save binds one outer id
						cmd.Who.OuterType, cmd.Who.Outer, first = outer.kind, id, false
						continue
					}
					more := &ledger.SaveMember{ID: who.Customer}
					more.Who = ledger.Who{Mobile: who.Mobile, OuterType: outer.kind, Outer: id}
					more.RequestID = key + " " + outer.kind
					lines = append(lines, importLine{r.Line, more})
				}
			})
			return lines
		},
	})
}

// given is a text that may be left out.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// levelOf finds a level by id or name.
func levelOf(b *ledger.Brand, s string) string {
	for _, l := range b.Levels {
		if s != "" && (l.ID == s || l.Name == s) {
			return l.ID
		}
	}
	return ""
}
