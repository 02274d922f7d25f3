package main

import (
	"time"

	"recoup/internal/ledger"
	"recoup/internal/sheet"
)

type importVouchersCmd struct{ importFlags }

// Help tells the columns.
func (importVouchersCmd) Help() string {
	return "Columns: voucher_id 券码, template 券模板 (its id or name), customer_id 会员号 or mobile 手机号; uses 剩余次数 (empty: as the template says), expires 有效期 (the last day; empty: as the template says)." +
		"\n\n" + tableHelp + "Example:\n\n  recoup import vouchers 券.csv --brand 1332"
}

// Run imports the vouchers.
func (c *importVouchersCmd) Run(e *env) error {
	const (
		voucher = iota
		template
		customer
		mobile
		uses
		expires
	)
	return c.run(e, &importKind{
		what: "vouchers",
		columns: []sheet.Column{
			{Names: []string{"voucher_id", "券码", "券号", "券id"}, Required: true},
			{Names: []string{"template", "券模板", "券模板id", "券名称"}, Required: true},
			customerColumn, mobileColumn,
			{Names: []string{"uses", "剩余次数"}},
			{Names: []string{"expires", "有效期", "有效期至", "到期日"}},
		},
		ids: []int{voucher, customer},
		lines: func(b *ledger.Brand, t *sheet.Table, bad *faults) (lines []importLine) {
			seen := once{}
			eachRow(t, bad, func(r *cells) {
				code := cell(r, r.ID, voucher)
				cmd := &ledger.IssueVouchers{Num: 1, Codes: []string{code}, Uses: ledger.Amount(cell(r, r.Number, uses))}
				cmd.Who, cmd.RequestID = r.member(customer, mobile), code
				switch found := templatesOf(b, r.Text(template)); {
				case len(found) == 0:
					r.fail("template: brand %s has no template %q; `recoup brand template list` shows them", b.ID, r.Text(template))
				case len(found) > 1:
					r.fail("template: %q is the name of %d templates; give the id", r.Text(template), len(found))
				case cmd.Uses > max(1, found[0].Uses):
					r.fail("uses: template %s has %d", found[0].ID, max(1, found[0].Uses))
				default:
					cmd.Template = found[0].ID
				}
				if code == "" {
					r.fail("voucher_id: is empty")
				}
				if day := cell(r, r.Day, expires); !day.IsZero() {
					if cmd.End = lastOf(day); cmd.End <= nowMilli() {
						r.fail("expires: %s is over; leave the line out", day.Format(time.DateOnly))
					}
				}
				if r.ok && seen.first(r, "voucher", code) {
					lines = append(lines, importLine{r.Line, cmd})
				}
			})
			return lines
		},
	})
}

// templatesOf finds templates by id or by name; of one name, those that are still issued.
func templatesOf(b *ledger.Brand, s string) (found []*ledger.Template) {
	if t := b.Templates[s]; t != nil {
		return []*ledger.Template{t}
	}
	for _, t := range b.Templates {
		if t.Name == s && !t.Stopped {
			found = append(found, t)
		}
	}
	return found
}
