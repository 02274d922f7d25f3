package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// reverseCmd is for a manager who decides on refunds, and for whoever pays them.
type reverseCmd struct {
	List    reverseListCmd    `cmd:"" help:"List reverses, the oldest first: of a state, or of a store."`
	Show    reverseShowCmd    `cmd:"" help:"Show a reverse: its channels with their payouts, its pick-up and its history."`
	Approve reverseApproveCmd `cmd:"" help:"Approve a reverse that waits: member assets go back at once, other channels become payouts."`
	Refuse  reverseRefuseCmd  `cmd:"" help:"Refuse a reverse that waits."`
	Cancel  reverseCancelCmd  `cmd:"" help:"Cancel a reverse that waits, for whoever asked for it."`
	Payout  reversePayoutCmd  `cmd:"" help:"Say what became of a payout, or that it is tried again."`
}

// reverseStates are the words of states, in the order of their numbers.
var reverseStates = []reverse.Status{reverse.Apply, reverse.Refused, reverse.Agree, reverse.Paying, reverse.Success, reverse.Failed, reverse.Cancel}

type reverseListCmd struct {
	brandFlag
	jsonFlag
	Status string `default:"APPLY" help:"APPLY, REFUSE, AGREE, PAYING, SUCCESS, FAILED or CANCEL."`
	Store  string `help:"All reverses of this store instead."`
	Limit  int    `default:"100" help:"At most so many."`
}

// Help shows examples.
func (reverseListCmd) Help() string {
	return "Examples:\n\n  recoup reverse list --brand 1332\n  recoup reverse list --brand 1332 --status FAILED\n  recoup reverse list --brand 1332 --store 2131"
}

// reverseLine is a reverse as a line of a list, as JSON. Amounts are fen.
type reverseLine struct {
	ID       int64         `json:"reverse_id"`
	Status   string        `json:"status"`
	At       string        `json:"at"`
	Store    string        `json:"store_id"`
	Order    string        `json:"out_order_id"`
	Sub      string        `json:"sub_out_order_id"`
	Amount   ledger.Amount `json:"amount"`
	Reason   string        `json:"reason"`
	Operator string        `json:"operator"`
	Waits    string        `json:"waits"` // payouts that are not settled, and a pick-up
}

// Run lists the reverses.
func (c *reverseListCmd) Run(e *env) error {
	if err := inRange("--limit", c.Limit, 1, store.HistoryMax); err != nil {
		return err
	}
	i := slices.IndexFunc(reverseStates, func(s reverse.Status) bool { return s.String() == strings.ToUpper(c.Status) })
	if i < 0 {
		return fmt.Errorf("--status %s: is none of APPLY, REFUSE, AGREE, PAYING, SUCCESS, FAILED, CANCEL", c.Status)
	}
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		if _, err := findBrand(snap, "--brand", c.Brand); err != nil {
			return err
		}
		refs, err := s.ReversesIn(e.ctx, c.Brand, reverseStates[i], store.ReverseRef{}, math.MaxInt64, c.Limit)
		if c.Store != "" {
			refs, err = s.ReversesAt(e.ctx, c.Brand, c.Store, store.ReverseRef{}, math.MaxInt64, c.Limit)
		}
		if err != nil {
			return err
		}
		keys := reverse.NewKeys()
		for _, r := range refs {
			keys.Reverses[r.ID] = struct{}{}
		}
		state, err := s.Read(e.ctx, c.Brand, keys, nowMilli())
		if err != nil {
			return err
		}
		lines := make([]reverseLine, 0, len(refs))
		for _, ref := range refs {
			if r := query.FindReverse(state, ref.ID); r != nil {
				lines = append(lines, lineOf(r))
			}
		}
		return printList(e, c.JSON, lines, "REVERSE\tSTATUS\tTIME\tSTORE\tORDER\tLINE\tYUAN\tREASON\tOPERATOR\tWAITS FOR", func(v reverseLine) string {
			return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", v.ID, v.Status, v.At, v.Store, v.Order, orDash(v.Sub), ledger.Yuan(v.Amount),
				orDash(v.Reason), orDash(v.Operator), orDash(v.Waits))
		})
	})
}

func lineOf(r *query.Reverse) reverseLine {
	var waits []string
	if r.Fetch != nil && r.Status == reverse.Apply {
		waits = append(waits, "pick-up of "+r.Fetch.Refund.String())
	}
	for _, ch := range r.Channels {
		if ch.Payout != "" && ch.Status != reverse.Paid {
			waits = append(waits, ch.Payout+" "+ch.Status.String())
		}
	}
	return reverseLine{
		ID: r.ID, Status: r.Status.String(), At: showTime(r.At()), Store: r.Store, Order: r.Order.Out, Sub: r.Sub.Out, Amount: r.Amount,
		Reason: r.Reason, Operator: strings.TrimSpace(r.Operator + " " + r.OperatorName), Waits: strings.Join(waits, ", "),
	}
}

// reverseFlag names a reverse.
type reverseFlag struct {
	brandFlag
	ID int64 `arg:"" name:"reverse" help:"The reverse_id."`
}

type reverseShowCmd struct {
	reverseFlag
	jsonFlag
}

// Help shows an example.
func (reverseShowCmd) Help() string {
	return "Example:\n\n  recoup reverse show --brand 1332 4294967301"
}

// reverseFull is a reverse as JSON. Amounts are fen.
type reverseFull struct {
	reverseLine
	Channels []channelView `json:"channels"`
	Fetch    *fetchView    `json:"pick_up,omitempty"`
	Cards    []string      `json:"gift_cards"`
	Proofs   []string      `json:"proofs"`
	History  []stepView    `json:"history"`
}

type channelView struct {
	Code   string        `json:"code"`
	Name   string        `json:"name"`
	Amount ledger.Amount `json:"amount"`
	Points ledger.Amount `json:"points"`
	Status string        `json:"status"`
	Payout string        `json:"payout"`
	Flow   string        `json:"flow"`
}

type fetchView struct {
	Expected string `json:"expected"`
	Refund   string `json:"refund"`
	Counted  string `json:"counted"`
	From     string `json:"from"`
	To       string `json:"to"`
	Name     string `json:"name"`
	Address  string `json:"address"`
}

type stepView struct {
	At     string `json:"at"`
	Status string `json:"status"`
	By     string `json:"by"`
	Memo   string `json:"memo"`
}

// Run shows the reverse.
func (c *reverseShowCmd) Run(e *env) error {
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		if _, err := findBrand(snap, "--brand", c.Brand); err != nil {
			return err
		}
		state, err := s.Read(e.ctx, c.Brand, query.ReverseKeys(c.ID), nowMilli())
		if err != nil {
			return err
		}
		r := query.FindReverse(state, c.ID)
		if r == nil {
			return fmt.Errorf("reverse %d: brand %s has no such reverse", c.ID, c.Brand)
		}
		v := reverseFull{reverseLine: lineOf(r), Channels: []channelView{}, Cards: append([]string{}, r.GiftCards...), Proofs: append([]string{}, r.Proofs...)}
		for _, ch := range r.Channels {
			flow := ""
			if !ch.Flow.IsZero() {
				flow = ch.Flow.String()
			}
			v.Channels = append(v.Channels, channelView{ch.Code, ch.Name, ch.Amount, ch.Points, ch.Status.String(), ch.Payout, flow})
		}
		if f := r.Fetch; f != nil {
			v.Fetch = &fetchView{Expected: f.Expected.String(), Refund: f.Refund.String(), From: f.From, To: f.To}
			if f.Counted > 0 {
				v.Fetch.Counted = f.Counted.String()
			}
			if f.Buyer != nil {
				v.Fetch.Name, v.Fetch.Address = f.Buyer.Name, f.Buyer.Address
			}
		}
		for _, h := range r.History {
			v.History = append(v.History, stepView{showTime(h.At), h.Status.String(), h.By, h.Memo})
		}
		if c.JSON {
			return printJSON(e, v)
		}
		return v.print(e)
	})
}

func (v *reverseFull) print(e *env) error {
	fmt.Fprintf(e.stdout, "reverse %d  %s, %s yuan of order %s line %s in store %s\n", v.ID, v.Status, ledger.Yuan(v.Amount), v.Order, orDash(v.Sub), v.Store)
	fmt.Fprintf(e.stdout, "asked for %s by %s: %s\n", v.At, orDash(v.Operator), orDash(v.Reason))
	if f := v.Fetch; f != nil {
		fmt.Fprintf(e.stdout, "pick-up of %s, %s to be paid for, counted %s; %s to %s at %s, %s\n", f.Expected, f.Refund, orDash(f.Counted), orDash(f.From), orDash(f.To),
			orDash(f.Name), orDash(f.Address))
	}
	if len(v.Cards) > 0 {
		fmt.Fprintf(e.stdout, "gift cards %s\n", strings.Join(v.Cards, ", "))
	}
	fmt.Fprintln(e.stdout)
	err := printList(e, false, v.Channels, "CHANNEL\tNAME\tYUAN\tPOINTS\tSTATUS\tPAYOUT\tFLOW", func(c channelView) string {
		return fmt.Sprintf("%s\t%s\t%s\t%d\t%s\t%s\t%s", c.Code, orDash(c.Name), ledger.Yuan(c.Amount), c.Points, c.Status, orDash(c.Payout), orDash(c.Flow))
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(e.stdout)
	return printList(e, false, v.History, "TIME\tSTATUS\tBY\tMEMO", func(h stepView) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s", h.At, h.Status, orDash(h.By), orDash(h.Memo))
	})
}

// verdictFlags are those of a command that decides on a reverse.
type verdictFlags struct {
	reverseFlag
	authorFlags
}

// decide runs a command on the reverse.
func (f *verdictFlags) decide(e *env, method string, make func(ledger.Head) reverse.Command) error {
	by, err := f.author()
	if err != nil {
		return err
	}
	return f.with(e, func(s store.Store, _ *ledger.Brand) error {
		head := ledger.Head{App: "recoup", Method: method, Operator: by.By, Reason: by.Why, Signed: nowMilli()}
		r, err := submit(e, s, f.Brand, make(head))
		if err != nil {
			return err
		}
		state, err := s.Read(e.ctx, f.Brand, query.ReverseKeys(r.Numbers[0]), nowMilli())
		if err != nil {
			return err
		}
		found := query.FindReverse(state, r.Numbers[0])
		fmt.Fprintf(e.stdout, "reverse %d is %s, %s yuan%s\n", found.ID, found.Status, ledger.Yuan(found.Amount), before("; waits for ", lineOf(found).Waits))
		return nil
	})
}

type reverseApproveCmd struct {
	verdictFlags
	Counted string `help:"What was counted of a pick-up, with up to three places: that is what is paid for."`
}

// Help shows examples.
func (reverseApproveCmd) Help() string {
	return "Everything is decided again: if the books have less than the reverse takes, nothing is paid and it goes on waiting.\n\nExamples:\n\n" +
		"  recoup reverse approve --brand 1332 4294967301 --reason 看过照片\n  recoup reverse approve --brand 1332 4294967301 --counted 0.95"
}

// Run approves.
func (c *reverseApproveCmd) Run(e *env) error {
	counted, ok := reverse.ParseQuantity(c.Counted)
	if c.Counted != "" && !ok {
		return fmt.Errorf("--counted %s: want a quantity above 0 with at most three places, like 0.95; for nothing at all refuse the reverse", c.Counted)
	}
	return c.decide(e, "reverse.approve", func(h ledger.Head) reverse.Command {
		return &reverse.AgreeReverse{Head: h, Reverse: c.ID, Counted: counted}
	})
}

type reverseRefuseCmd struct{ verdictFlags }

// Help shows an example.
func (reverseRefuseCmd) Help() string {
	return "What it reserved is free again.\n\nExample:\n\n  recoup reverse refuse --brand 1332 4294967301 --reason 已食用"
}

// Run refuses.
func (c *reverseRefuseCmd) Run(e *env) error {
	return c.decide(e, "reverse.refuse", func(h ledger.Head) reverse.Command { return &reverse.RefuseReverse{Head: h, Reverse: c.ID} })
}

type reverseCancelCmd struct{ verdictFlags }

// Help shows an example.
func (reverseCancelCmd) Help() string {
	return "What it reserved is free again.\n\nExample:\n\n  recoup reverse cancel --brand 1332 4294967301 --reason 顾客撤回"
}

// Run cancels.
func (c *reverseCancelCmd) Run(e *env) error {
	return c.decide(e, "reverse.cancel", func(h ledger.Head) reverse.Command { return &reverse.CancelReverse{Head: h, Reverse: c.ID} })
}

type reversePayoutCmd struct {
	brandFlag
	authorFlags
	Payout  string `arg:"" help:"The payout's id, as recoup reverse show prints it."`
	Paid    bool   `xor:"becomes" required:"" help:"The money is out."`
	Failed  bool   `xor:"becomes" required:"" help:"It is certain that no money is out: what it reserved is free again."`
	Unknown bool   `xor:"becomes" required:"" help:"Nobody knows yet; it goes on reserving."`
	Retry   bool   `xor:"becomes" required:"" help:"It is tried again under the same id; after a failure it must find its amount still free."`
}

// Help shows an example.
func (reversePayoutCmd) Help() string {
	return "Example:\n\n  recoup reverse payout --brand 1332 4294967301-2 --paid --reason 银行回单0412"
}

// Run settles the payout.
func (c *reversePayoutCmd) Run(e *env) error {
	status := reverse.Pending
	for to, is := range map[reverse.PayStatus]bool{reverse.Paid: c.Paid, reverse.PayFailed: c.Failed, reverse.Unknown: c.Unknown} {
		if is {
			status = to
		}
	}
	f := verdictFlags{reverseFlag: reverseFlag{brandFlag: c.brandFlag}, authorFlags: c.authorFlags}
	return f.decide(e, "reverse.payout", func(h ledger.Head) reverse.Command {
		return &reverse.SettlePayout{Head: h, Payout: c.Payout, Status: status}
	})
}
