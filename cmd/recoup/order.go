package main

import (
	"fmt"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/store"
)

// orderCmd shows what the books hold under a number.
type orderCmd struct {
	Show orderShowCmd `cmd:"" help:"Show all that happened under a number through every door, and what can still be undone."`
}

type orderShowCmd struct {
	historyFlags
	Number string `arg:"" help:"The outer_order_id or out_order_id; or the number of a WDK order, a sub-order or a reverse."`
}

// Help shows an example.
func (orderShowCmd) Help() string {
	return "What was charged, spent, granted and earned under the number and what of it no undo has taken; holds; the WDK order line by line with its reverses; every " +
		"operation, also of the numbers that its payments name. A refusal books nothing: the last twenty minutes of refused debits are shown as a replay hears them, " +
		"with the figures; older ones are in the log.\n\nExample:\n\n  recoup order show --brand 1332 43923200230233"
}

// orderView is what there is under a number, as JSON. Amounts are fen, points and uses.
type orderView struct {
	Order      string        `json:"order"`
	Left       []leftView    `json:"left"`
	Holds      []holdView    `json:"holds"`
	Wdk        *wdkView      `json:"wdk_order,omitempty"`
	Refusals   []refusalView `json:"refusals"`
	Operations []opView      `json:"operations"`
}

// leftView is what can still be undone of an original.
type leftView struct {
	Order  string        `json:"order"`
	What   string        `json:"what"`
	Family string        `json:"family"`
	Was    ledger.Amount `json:"was"`
	Left   ledger.Amount `json:"left"`
}

func (v leftView) row() string {
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", printable(v.Order), v.What, v.Family, quantity(v.Family, v.Was), quantity(v.Family, v.Was-v.Left), quantity(v.Family, v.Left))
}

// quantity is an amount of a family: yuan, points or uses.
func quantity(family string, n ledger.Amount) string {
	if family == ledger.Value.String() {
		return ledger.Yuan(n)
	}
	return fmt.Sprint(int64(n))
}

type holdView struct {
	Family   string        `json:"family"`
	Member   string        `json:"member"`
	Amount   ledger.Amount `json:"amount"`
	Deadline string        `json:"deadline"`
}

type wdkView struct {
	Main     int64         `json:"biz_order_id"`
	Out      string        `json:"out_order_id"`
	Store    string        `json:"store_id"`
	At       string        `json:"at"`
	PayFee   ledger.Amount `json:"pay_fee"`
	Lines    []wdkLine     `json:"lines"`
	Payments []wdkPayment  `json:"payments"`
	Reverses []reverseView `json:"reverses"`
}

// wdkLine is a sub-order, or the postage: what it cost, what reverses take of it, and what can be refunded now.
type wdkLine struct {
	Sub   int64         `json:"sub_order"`
	Out   string        `json:"sub_out_order_id"`
	Title string        `json:"title"`
	Fee   ledger.Amount `json:"fee"`
	Taken ledger.Amount `json:"taken"`
	Left  ledger.Amount `json:"left"`
}

// wdkPayment is a payment of the order, likewise.
type wdkPayment struct {
	Code   string        `json:"code"`
	Amount ledger.Amount `json:"amount"`
	Taken  ledger.Amount `json:"taken"`
	Left   ledger.Amount `json:"left"`
}

type reverseView struct {
	ID     int64         `json:"reverse_id"`
	Sub    int64         `json:"sub_order"`
	Status string        `json:"status"`
	Amount ledger.Amount `json:"amount"`
	Last   string        `json:"last"` // when it changed last
}

// refusalView is a refused debit that is still remembered.
type refusalView struct {
	At     string            `json:"at"`
	Until  string            `json:"until"` // the same request hears the same until then
	App    string            `json:"app"`
	Method string            `json:"method"`
	Shop   string            `json:"shop"`
	Code   string            `json:"code"`
	Desc   string            `json:"result_desc"` // what the till heard, in Chinese
	Says   string            `json:"says"`        // the same in English
	Figs   map[string]string `json:"figures"`
}

// Run shows the number.
func (c *orderShowCmd) Run(e *env) error {
	return c.show(e, func(s store.Store, _ *ledger.Brand) error {
		now := nowMilli()
		state, err := s.Read(e.ctx, c.Brand, query.OrderKeys(c.Number), now)
		if err != nil {
			return err
		}
		found := query.FindOrder(state, c.Number, now)
		ops, err := query.OrderOps(e.ctx, s, c.Brand, found, c.Limit)
		if err != nil {
			return err
		}
		refusals, err := query.OrderRefusals(e.ctx, s, c.Brand, c.Number, now)
		if err != nil {
			return err
		}
		v := viewOrder(c.Number, found)
		v.Operations = viewOps(ops)
		for _, r := range refusals {
			v.Refusals = append(v.Refusals, viewRefusal(r))
		}
		switch {
		case c.JSON:
			return printJSON(e, v)
		case len(ops) == 0 && v.Wdk == nil && len(refusals) == 0:
			return fmt.Errorf("brand %s has nothing under %s; the log tells whether a call with it was refused", c.Brand, c.Number)
		}
		return v.print(e)
	})
}

func viewOrder(number string, found *query.Order) *orderView {
	v := &orderView{Order: number, Left: []leftView{}, Holds: []holdView{}, Refusals: []refusalView{}}
	for _, l := range found.Left {
		v.Left = append(v.Left, leftView{printable(l.Number), l.Kind.String(), l.Family.String(), l.Was, l.Left.Left})
	}
	for _, h := range found.Holds {
		sum := ledger.Amount(0)
		for _, p := range h.Pins {
			sum += p.Amount
		}
		v.Holds = append(v.Holds, holdView{h.Family.String(), h.Member, sum, showTime(h.Deadline)})
	}
	if found.Wdk != nil {
		v.Wdk = viewWdk(found.Wdk)
	}
	return v
}

func viewWdk(o *query.WdkOrder) *wdkView {
	v := &wdkView{Main: o.Main, Out: o.Out, Store: o.Store, At: showTime(o.At), PayFee: o.PayFee, Reverses: []reverseView{}}
	for i := range o.Subs {
		sub := &o.Subs[i]
		v.Lines = append(v.Lines, wdkLine{Sub: sub.No, Out: sub.Out, Title: sub.Title, Fee: sub.Fee})
	}
	postage := len(o.Subs)
	if o.PostFee > 0 {
		v.Lines = append(v.Lines, wdkLine{Title: "postage 运费", Fee: o.PostFee})
	}
	for i := range o.Tenders {
		v.Payments = append(v.Payments, wdkPayment{Code: o.Tenders[i].Code, Amount: o.Tenders[i].Amount, Left: o.Payments[i]})
	}
	for row, cells := range o.Refundable {
		for _, n := range cells {
			if row < len(v.Lines) {
				v.Lines[row].Left += n
			}
		}
	}
	for _, r := range o.Reverses {
		for i := range r.Channels {
			ch, n := &r.Channels[i], r.Takes(i)
			if n == 0 {
				continue
			}
			v.Payments[ch.Tender].Taken += n
			v.Lines[o.Row(r.Sub)].Taken += n - ch.Post
			if ch.Post > 0 {
				v.Lines[postage].Taken += ch.Post
			}
		}
		v.Reverses = append(v.Reverses, reverseView{r.ID, r.Sub, r.Status.String(), r.Amount, showTime(r.History[len(r.History)-1].At)})
	}
	return v
}

func viewRefusal(r *ledger.Refusal) refusalView {
	v := refusalView{
		At: showTime(r.At()), Until: showTime(r.Until), App: r.App, Method: r.Method, Shop: r.Shop, Code: r.Result.Code.Word(), Desc: r.Result.Desc(), Says: r.Result.English(),
		Figs: map[string]string{},
	}
	for _, f := range r.Result.Figs {
		v.Figs[f.Name] = f.String()
	}
	return v
}

func (v *orderView) print(e *env) error {
	for _, h := range v.Holds {
		fmt.Fprintf(e.stdout, "hold  %s %s of member %s, until %s\n", h.Family, quantity(h.Family, h.Amount), h.Member, h.Deadline)
	}
	if w := v.Wdk; w != nil {
		fmt.Fprintf(e.stdout, "WDK order %d  %s, %s yuan in store %s, %s\n\n", w.Main, w.Out, ledger.Yuan(w.PayFee), w.Store, w.At)
		err := printList(e, false, w.Lines, "SUB-ORDER\tOUT\tTITLE\tFEE\tTAKEN\tLEFT", func(l wdkLine) string {
			return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s", l.Sub, orDash(l.Out), orDash(l.Title), ledger.Yuan(l.Fee), ledger.Yuan(l.Taken), ledger.Yuan(l.Left))
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(e.stdout)
		err = printList(e, false, w.Payments, "PAYMENT\tYUAN\tTAKEN\tLEFT", func(p wdkPayment) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s", p.Code, ledger.Yuan(p.Amount), ledger.Yuan(p.Taken), ledger.Yuan(p.Left))
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(e.stdout)
		for _, r := range w.Reverses {
			fmt.Fprintf(e.stdout, "reverse %d  %s, %s yuan of sub-order %d, %s\n", r.ID, r.Status, ledger.Yuan(r.Amount), r.Sub, r.Last)
		}
		if len(w.Reverses) > 0 {
			fmt.Fprintln(e.stdout)
		}
	}
	if len(v.Left) > 0 {
		if err := printList(e, false, v.Left, "ORDER\tWHAT\tOF\tCAME TO\tUNDONE\tLEFT", leftView.row); err != nil {
			return err
		}
		fmt.Fprintln(e.stdout)
	}
	for _, r := range v.Refusals {
		fmt.Fprintf(e.stdout, "refused %s  %s by %s: %s; the same request hears it until %s\n", r.At, r.Code, r.Method, r.Says, r.Until)
	}
	return printList(e, false, v.Operations, opHeading, opView.row)
}
