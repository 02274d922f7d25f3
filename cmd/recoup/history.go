package main

import (
	"fmt"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/store"
	"recoup/internal/telemetry"
)

// opView is an operation as JSON. Amounts are what the member gained, in fen, points and uses; what was lost is negative.
type opView struct {
	Seq      int64         `json:"seq"`
	ID       string        `json:"flow"`
	At       string        `json:"at"`
	Kind     string        `json:"kind"`
	Member   string        `json:"member"`
	Order    string        `json:"order"`
	Number   string        `json:"number"`
	Value    ledger.Amount `json:"value"`
	Points   ledger.Amount `json:"points"`
	Uses     ledger.Amount `json:"uses"`
	Held     ledger.Amount `json:"held"` // put under a hold, or let go
	Shop     string        `json:"shop"`
	App      string        `json:"app"`
	Method   string        `json:"method"`
	Operator string        `json:"operator"`
	Reason   string        `json:"reason"`
	Change   string        `json:"change"` // of a member
}

func viewOp(o *ledger.Op) opView {
	v := opView{
		Seq: o.Seq, ID: o.ID.String(), At: showTime(o.At), Kind: o.Kind.String(), Member: o.Member, Order: printable(o.Order), Number: o.Number,
		Shop: o.Shop, App: o.App, Method: o.Method, Operator: strings.TrimSpace(o.Operator + " " + o.OperatorName), Reason: o.Reason, Change: o.Change,
	}
	for i := range o.Postings {
		p := &o.Postings[i]
		switch {
		case p.Book != "":
		case p.Kind == ledger.Use:
			v.Uses += p.Amount
		case p.Kind == ledger.Point:
			v.Points += p.Amount
		default:
			v.Value += p.Amount
		}
	}
	for _, p := range o.Pins {
		v.Held += p.Amount
	}
	return v
}

// printable is an order number without the mark of those that are not a caller's.
func printable(order string) string { return strings.TrimPrefix(order, "\x01") }

func (v opView) row() string {
	var moved []string
	for _, m := range []struct {
		n    ledger.Amount
		text string
	}{
		{v.Value, ledger.Yuan(v.Value) + " yuan"},
		{v.Points, fmt.Sprint(int64(v.Points), " points")},
		{v.Uses, fmt.Sprint(int64(v.Uses), " uses")},
		{v.Held, fmt.Sprint("hold ", int64(v.Held))},
	} {
		if m.n != 0 {
			moved = append(moved, m.text)
		}
	}
	if v.Change != "" {
		moved = append(moved, v.Change)
	}
	return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", v.Seq, v.At, v.Kind, orDash(strings.Join(moved, ", ")), orDash(v.Member), orDash(v.Order),
		orDash(v.Number), orDash(v.Shop), orDash(v.Operator), orDash(v.Reason))
}

const opHeading = "SEQ\tTIME\tKIND\tMOVED\tMEMBER\tORDER\tNUMBER\tSHOP\tOPERATOR\tREASON"

// historyFlags are those of a command that shows operations.
type historyFlags struct {
	brandFlag
	jsonFlag
	Limit int `default:"20" help:"At most so many operations, the newest."`
}

// Validate bounds the page.
func (f *historyFlags) Validate() error { return inRange("--limit", f.Limit, 1, store.HistoryMax) }

// show opens the database and finds the brand.
func (f *historyFlags) show(e *env, do func(store.Store, *ledger.Brand) error) error {
	return with(e, f.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		b, err := findBrand(snap, "--brand", f.Brand)
		if err != nil {
			return err
		}
		return do(s, b)
	})
}

func viewOps(ops []*ledger.Op) []opView {
	views := make([]opView, 0, len(ops))
	for _, o := range ops {
		views = append(views, viewOp(o))
	}
	return views
}

type memberShowCmd struct {
	historyFlags
	Customer string `help:"The customer_id." xor:"who" required:""`
	Mobile   string `help:"The mobile." xor:"who" required:""`
	Card     string `help:"A card_id." xor:"who" required:""`
}

// Help shows an example.
func (memberShowCmd) Help() string {
	return "What the member has now, and the newest operations. The mobile is masked.\n\nExample:\n\n  recoup member show --brand 1332 --customer 34243334"
}

// memberView is a member with the newest operations, as JSON.
type memberView struct {
	Customer   string        `json:"customer_id"`
	Name       string        `json:"name"`
	Mobile     string        `json:"mobile"` // masked
	Frozen     bool          `json:"frozen"`
	Created    string        `json:"created"`
	Cards      []cardView    `json:"cards"`
	Points     ledger.Amount `json:"points"`
	Held       ledger.Amount `json:"points_frozen"`
	Owed       ledger.Amount `json:"points_owed"` // that later points repay first
	Level      string        `json:"level_id"`
	Merged     []string      `json:"merged"` // members that were merged into this one
	Vouchers   []voucherView `json:"vouchers"`
	Operations []opView      `json:"operations"`
}

type cardView struct {
	Card      string        `json:"card_id"`
	Balance   ledger.Amount `json:"balance"`
	Available ledger.Amount `json:"available"`
	Real      ledger.Amount `json:"real"`
	Gift      ledger.Amount `json:"gift"`
	Pre       ledger.Amount `json:"pre"`
	Closed    bool          `json:"closed"`
}

type voucherView struct {
	Voucher  string        `json:"voucher_id"`
	Template string        `json:"template"`
	Status   string        `json:"status"`
	Left     ledger.Amount `json:"left"`
	End      string        `json:"end"`
}

// Run shows the member.
func (c *memberShowCmd) Run(e *env) error {
	return c.show(e, func(s store.Store, _ *ledger.Brand) error {
		who := ledger.Who{Customer: c.Customer, Mobile: c.Mobile, Card: c.Card}
		now := nowMilli()
		state, err := s.Read(e.ctx, c.Brand, query.CustomerKeys(who.Idents()), now)
		if err != nil {
			return err
		}
		found, refused := query.FindCustomer(state, who.Idents(), now)
		if found == nil {
			return fmt.Errorf("brand %s: %s", c.Brand, refused.English())
		}
		m := found.Member
		v := memberView{
			Customer: m.ID, Name: m.Name, Mobile: telemetry.MaskMobiles(m.Mobile), Frozen: m.Frozen, Created: showTime(m.Created),
			Points: found.Points.Remain, Held: found.Points.Frozen, Owed: found.Points.Owed, Level: m.Level, Merged: append([]string{}, m.From...), Cards: []cardView{}, Vouchers: []voucherView{},
		}
		for _, a := range found.Cards {
			v.Cards = append(v.Cards, cardView{a.Card, a.Balance, a.Available, a.Real, a.Gift, a.Pre, a.Closed})
		}
		for _, x := range found.Vouchers {
			v.Vouchers = append(v.Vouchers, voucherView{x.ID, x.Voucher.Template, x.Status.String(), x.Left, showUntil(x.End)})
		}
		ops, err := query.MemberOps(e.ctx, s, c.Brand, m.IDs(), 0, 0, c.Limit)
		if err != nil {
			return err
		}
		if v.Operations = viewOps(ops); c.JSON {
			return printJSON(e, v)
		}
		return v.print(e)
	})
}

func (v *memberView) print(e *env) error {
	state := ""
	if v.Frozen {
		state = ", frozen"
	}
	fmt.Fprintf(e.stdout, "member %s  %s  %s, since %s%s\n", v.Customer, orDash(v.Name), orDash(v.Mobile), v.Created, state)
	for _, id := range v.Merged {
		fmt.Fprintf(e.stdout, "merged with %s\n", id)
	}
	for _, a := range v.Cards {
		fmt.Fprintf(e.stdout, "card %s  %s yuan (real %s, gift %s, pre %s), %s available\n", a.Card, ledger.Yuan(a.Balance), ledger.Yuan(a.Real),
			ledger.Yuan(a.Gift), ledger.Yuan(a.Pre), ledger.Yuan(a.Available))
	}
	fmt.Fprintf(e.stdout, "points  %d, %d of them frozen", v.Points, v.Held)
	if v.Owed > 0 {
		fmt.Fprintf(e.stdout, "; %d owed, which later points repay first", v.Owed)
	}
	fmt.Fprintln(e.stdout)
	for _, x := range v.Vouchers {
		fmt.Fprintf(e.stdout, "voucher %s  %s, %d uses left, until %s, template %s\n", x.Voucher, x.Status, x.Left, orDash(x.End), x.Template)
	}
	fmt.Fprintln(e.stdout)
	return printList(e, false, v.Operations, opHeading, opView.row)
}
