package main

import (
	"slices"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/sheet"
)

type importOrdersCmd struct{ importFlags }

// Help tells the columns.
func (importOrdersCmd) Help() string {
	return "A line for each line of an order; those of one order stand together. Columns: out_order_id 订单号, store_id 门店, sub_out_order_id 子单号, sub_biz_order_id WDK子单号 (kept; issued where it is empty), title 商品, sku, pay_fee 实付; " +
		"and on the first line of an order post_fee 运费 and payments 支付 (code=amount, parted by ;, like 10001=30.00;10003=5). Payments with member assets of another system cannot be given back here: import them as what " +
		"they are refunded in.\n\n" + tableHelp + "Example:\n\n  recoup import orders 订单.xlsx --brand 1332"
}

// Run imports the orders.
func (c *importOrdersCmd) Run(e *env) error {
	const (
		order = iota
		shop
		sub
		number
		title
		sku
		fee
		post
		payments
	)
	return c.run(e, &importKind{
		what: "orders",
		columns: []sheet.Column{
			{Names: []string{"out_order_id", "订单号"}, Required: true},
			{Names: []string{"store_id", "门店", "门店id"}, Required: true},
			{Names: []string{"sub_out_order_id", "子单号"}, Required: true},
			{Names: []string{"sub_biz_order_id", "WDK子单号"}},
			{Names: []string{"title", "商品", "商品名称"}},
			{Names: []string{"sku", "商品编码"}},
			{Names: []string{"pay_fee", "实付", "实付金额"}, Required: true},
			{Names: []string{"post_fee", "运费"}},
			{Names: []string{"payments", "支付", "支付方式"}, Required: true},
		},
		ids: []int{order, sub},
		lines: func(b *ledger.Brand, t *sheet.Table, bad *faults) (lines []importLine) {
			seen := once{}
			var last *reverse.TakeOrder
			eachRow(t, bad, func(r *cells) {
				out := cell(r, r.ID, order)
				paid := ledger.Amount(cell(r, r.Fen, fee))
				if out == "" {
					r.fail("out_order_id: is empty")
					return
				}
				if last != nil && last.Out == out {
					where, postage := cell(r, r.ID, shop), ledger.Amount(cell(r, r.Fen, post))
					if where != "" && where != last.Store || postage > 0 && postage != last.PostFee || r.Text(payments) != "" && !slices.Equal(readPayments(r, r.Text(payments)), last.Tenders) {
						r.fail("order %s has another store_id, post_fee or payments than on its first line; leave them empty or the same", out)
					}
				} else {
					last = &reverse.TakeOrder{Store: cell(r, r.ID, shop), Out: out, PostFee: ledger.Amount(cell(r, r.Fen, post)), Gone: true}
					last.PayFee, last.RequestID, last.Shop = last.PostFee, out, last.Store
					if b.Shops[last.Store] == nil {
						r.fail("store_id: brand %s has no shop %q", b.ID, last.Store)
					}
					last.Tenders = readPayments(r, r.Text(payments))
					if !seen.first(r, "order", out) { // not together
						return
					}
					lines = append(lines, importLine{r.Line, last})
				}
				no := cell(r, r.Number, number)
				last.PayFee += paid
				last.Subs = append(last.Subs, reverse.Sub{Out: cell(r, r.ID, sub), No: no, Title: r.Text(title), Sku: r.Text(sku), Fee: paid})
			})
			for _, l := range lines {
				o, sum := l.cmd.(*reverse.TakeOrder), ledger.Amount(0)
				for _, tender := range o.Tenders {
					sum += tender.Amount
				}
				if len(o.Tenders) > 0 && sum != o.PayFee {
					bad.add(l.line, "payments: order %s was paid with %s yuan, its lines and postage come to %s", o.Out, ledger.Yuan(sum), ledger.Yuan(o.PayFee))
				}
			}
			return lines
		},
	})
}

// readPayments reads code=amount;….
func readPayments(r *cells, text string) (tenders []reverse.Tender) {
	if text == "" {
		r.fail("payments: is empty; want code=amount in yuan, like 10001=30.00, on the first line of each order")
	}
	for part := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(";；", c) }) {
		code, amount, ok := strings.Cut(part, "=")
		fen, err := sheet.ParseFen(amount)
		if !ok || err != nil || fen <= 0 {
			r.fail("payments: %q is no payment; want code=amount in yuan, like 10001=30.00", part)
			continue
		}
		t := reverse.Tender{Code: strings.TrimSpace(code), Amount: ledger.Amount(fen)}
		if t.Asset() {
			r.fail("payments: %s was spent in another system and cannot be given back here; name what it is refunded in, like 10003", t.Code)
		}
		tenders = append(tenders, t)
	}
	return tenders
}
