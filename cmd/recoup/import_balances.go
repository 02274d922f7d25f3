package main

import (
	"time"

	"recoup/internal/ledger"
	"recoup/internal/sheet"
)

type importBalancesCmd struct{ importFlags }

// Help tells the columns.
func (importBalancesCmd) Help() string {
	return "Columns: customer_id 会员号 or mobile 手机号; real 实储, gift 赠储, pre 预储, points 积分; expires 有效期 (the last day; empty: for ever). A member may have several lines with different days. " +
		"Each line becomes lots of its own, and at the end the books are added up against the file.\n\n" + tableHelp + "Example:\n\n  recoup import balances 余额.csv --brand 1332 --report 结果.csv"
}

// Run imports the balances.
func (c *importBalancesCmd) Run(e *env) error {
	const (
		customer = iota
		mobile
		realValue
		gift
		pre
		points
		expires
	)
	return c.run(e, &importKind{
		what: "balances",
		columns: []sheet.Column{
			customerColumn, mobileColumn,
			{Names: []string{"real", "实储", "储值", "储值余额", "余额", "本金"}},
			{Names: []string{"gift", "赠储", "赠送", "赠送金额", "赠金"}},
			{Names: []string{"pre", "预储"}},
			{Names: []string{"points", "积分", "积分余额"}},
			{Names: []string{"expires", "有效期", "有效期至", "到期日"}},
		},
		ids:      []int{customer},
		byMember: true,
		lines: func(_ *ledger.Brand, t *sheet.Table, bad *faults) (lines []importLine) {
			eachRow(t, bad, func(r *cells) {
				cmd := &ledger.OpenBalance{
					Real: ledger.Amount(cell(r, r.Fen, realValue)), Gift: ledger.Amount(cell(r, r.Fen, gift)), Pre: ledger.Amount(cell(r, r.Fen, pre)),
					Points: ledger.Amount(cell(r, r.Number, points)),
				}
				cmd.Who = r.member(customer, mobile)
				end := ""
				if day := cell(r, r.Day, expires); !day.IsZero() {
					cmd.Expires, end = lastOf(day), day.Format(time.DateOnly)
					if cmd.Expires <= nowMilli() {
						r.fail("expires: %s is over; leave the line out", end)
					}
				}
				cmd.RequestID = end
				if r.ok && cmd.Real+cmd.Gift+cmd.Pre+cmd.Points == 0 {
					return // nothing to bring
				}
				if r.ok {
					lines = append(lines, importLine{r.Line, cmd})
				}
			})
			return lines
		},
	})
}

// lastOf is the moment at which a day ends, or the moment itself if its time is told.
func lastOf(day time.Time) int64 {
	if h, m, s := day.Clock(); h+m+s > 0 {
		return day.UnixMilli()
	}
	return day.AddDate(0, 0, 1).UnixMilli()
}
