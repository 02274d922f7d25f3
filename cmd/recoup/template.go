package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/top"
)

// templateCmd administers voucher templates.
type templateCmd struct {
	Add  templateAddCmd  `cmd:"" help:"Add a voucher template."`
	List templateListCmd `cmd:"" help:"List the voucher templates of a brand."`
	Stop templateStopCmd `cmd:"" help:"Issue no more vouchers of a template; those issued stay good."`
}

type templateAddCmd struct {
	rulesFlags
	ID              string   `required:"" help:"The voucher_template_id."`
	Name            string   `required:"" help:"What people call it."`
	Type            string   `required:"" enum:"AMOUNT,DISCOUNT,GIFT,MULTI" help:"AMOUNT off, DISCOUNT, GIFT for an article, MULTI for several uses."`
	Amount          int64    `help:"Face value in fen, of AMOUNT."`
	Discount        string   `help:"Of DISCOUNT: 8.5 is 15 % off."`
	Uses            int64    `help:"Uses of one voucher, of MULTI."`
	Threshold       int64    `help:"Least sum of the order in fen."`
	Days            int64    `xor:"validity" help:"Valid so many days from issue."`
	Start           string   `help:"Valid from this date, like 2026-11-01 (GMT+8)."`
	End             string   `xor:"validity" help:"Valid to the end of this date, like 2026-12-31 (GMT+8)."`
	Shop            []string `help:"Shops where it may be used; without, all."`
	Description     string   `help:"What is told to the member."`
	ReissueOnReturn bool     `help:"A returned voucher gets a new code."`
}

// Help shows an example.
func (templateAddCmd) Help() string {
	return "Without --days and --end its vouchers do not expire.\n\nExample:\n\n" +
		"  recoup brand template add --brand 1332 --id T100 --name 满100减20券 --type AMOUNT --amount 2000 --threshold 10000 --days 60"
}

// Run publishes the brand with the template. A template is never changed: vouchers out there were promised what it said.
func (c *templateAddCmd) Run(e *env) error {
	t, err := c.template()
	if err != nil {
		return err
	}
	return c.publish(e, fmt.Sprintf("template %s is brand %s's", c.ID, c.Brand), func(b *ledger.Brand) error {
		if b.Templates[c.ID] != nil {
			return fmt.Errorf("--id %s: there is such a template already; stop it and add another under a new id", c.ID)
		}
		for _, id := range c.Shop {
			if b.Shops[id] == nil {
				return fmt.Errorf("--shop %s: brand %s has no such shop; `recoup shop list --brand %s` shows them", id, b.ID, b.ID)
			}
		}
		if b.Templates == nil {
			b.Templates = map[string]*ledger.Template{}
		}
		b.Templates[c.ID] = t
		return nil
	})
}

// template makes the template of the flags.
func (c *templateAddCmd) template() (*ledger.Template, error) {
	t := &ledger.Template{
		ID: c.ID, Name: c.Name, Type: c.Type, Amount: ledger.Amount(c.Amount), Discount: c.Discount, Uses: ledger.Amount(c.Uses),
		Threshold: ledger.Amount(c.Threshold), Days: c.Days, Shops: c.Shop, Description: c.Description,
		ReissueOnReturn: c.ReissueOnReturn, Changed: time.Now().UnixMilli(),
	}
	if err := firstErr(checkID("--id", c.ID), checkID("--name", c.Name), checkText("--description", c.Description)); err != nil {
		return nil, err
	}
	// What a type needs, and what means nothing to it.
	for _, f := range []struct {
		flag, of string
		given    bool
		good     bool
		want     string
	}{
		{"--amount", "AMOUNT", c.Amount != 0, c.Amount > 0 && t.Amount <= ledger.AmountMax, "fen above 0"},
		{"--discount", "DISCOUNT", c.Discount != "", goodDiscount(c.Discount), "a number above 0 and below 10, like 8.5"},
		{"--uses", "MULTI", c.Uses != 0, c.Uses > 1 && c.Uses <= 10_000, "2 to 10000"},
	} {
		switch {
		case c.Type == f.of && !f.good:
			return nil, fmt.Errorf("%s: --type %s needs it; want %s", f.flag, f.of, f.want)
		case c.Type != f.of && f.given:
			return nil, fmt.Errorf("%s: goes with --type %s only; leave it out", f.flag, f.of)
		}
	}
	switch {
	case c.Threshold < 0 || t.Threshold > ledger.AmountMax:
		return nil, fmt.Errorf("--threshold %d: want fen from 0", c.Threshold)
	case c.Days < 0 || c.Days > 36500:
		return nil, fmt.Errorf("--days %d: want 0 to 36500", c.Days)
	case c.Days != 0 && c.Start != "":
		return nil, fmt.Errorf("--start: goes with --end; with --days vouchers are valid from issue")
	}
	var ok bool
	if c.Start != "" {
		if t.Start, ok = dayStart(c.Start); !ok {
			return nil, fmt.Errorf("--start %q: want a date like 2026-11-01", c.Start)
		}
	}
	if c.End != "" {
		if t.End, ok = dayStart(c.End); !ok {
			return nil, fmt.Errorf("--end %q: want a date like 2026-12-31", c.End)
		}
		if t.End += dayLong.Milliseconds(); t.End <= t.Start {
			return nil, fmt.Errorf("--end %s: is before --start %s", c.End, c.Start)
		}
	}
	return t, nil
}

// goodDiscount reports whether s is a discount in the platform's notation: tenths of the price that are paid.
func goodDiscount(s string) bool {
	v, err := strconv.ParseFloat(s, 64)
	return err == nil && v > 0 && v < 10 && strings.Trim(s, "0123456789.") == ""
}

// dayStart is the first moment of a date in GMT+8, in milliseconds since 1970.
func dayStart(s string) (int64, bool) {
	t, ok := top.ParseTime(s + " 00:00:00")
	return t.UnixMilli(), ok
}

type templateListCmd struct {
	brandFlag
	jsonFlag
}

// Run lists the templates by id.
func (c *templateListCmd) Run(e *env) error {
	return c.look(e, func(b *ledger.Brand) error { return listTemplates(e, c.JSON, b) })
}

type templateStopCmd struct {
	rulesFlags
	ID string `required:"" help:"The voucher_template_id."`
}

// Run publishes the brand with the template stopped.
func (c *templateStopCmd) Run(e *env) error {
	now := time.Now().UnixMilli()
	return c.publish(e, "template "+c.ID+" is stopped", func(b *ledger.Brand) error {
		old := b.Templates[c.ID]
		if old == nil {
			return fmt.Errorf("--id %s: brand %s has no such template; `recoup brand template list --brand %s` shows them", c.ID, b.ID, b.ID)
		}
		if old.Stopped {
			return nil
		}
		t := *old
		t.Stopped, t.Changed = true, now
		b.Templates[c.ID] = &t
		return nil
	})
}

// templateView is a template as JSON.
type templateView struct {
	ID              string   `json:"voucher_template_id"`
	Name            string   `json:"name"`
	Type            string   `json:"type"`
	Amount          int64    `json:"amount"`
	Discount        string   `json:"discount"`
	Threshold       int64    `json:"threshold"`
	Uses            int64    `json:"uses"`
	Days            int64    `json:"days"`
	Start           string   `json:"start"`
	End             string   `json:"end"`
	Shops           []string `json:"shops"`
	Description     string   `json:"description"`
	ReissueOnReturn bool     `json:"reissue_on_return"`
	Stopped         bool     `json:"stopped"`
}

func viewTemplates(b *ledger.Brand) []templateView {
	out := make([]templateView, 0, len(b.Templates))
	for _, t := range sorted(b.Templates) {
		out = append(out, templateView{
			ID: t.ID, Name: t.Name, Type: t.Type, Amount: int64(t.Amount), Discount: t.Discount, Threshold: int64(t.Threshold),
			Uses: max(1, int64(t.Uses)), Days: t.Days, Start: showTime(t.Start), End: showUntil(t.End),
			Shops: append([]string{}, slices.Sorted(slices.Values(t.Shops))...), Description: t.Description,
			ReissueOnReturn: t.ReissueOnReturn, Stopped: t.Stopped,
		})
	}
	return out
}

func listTemplates(e *env, asJSON bool, b *ledger.Brand) error {
	return printList(e, asJSON, viewTemplates(b), "TEMPLATE\tTYPE\tNAME\tVALID\tISSUED", func(v templateView) string {
		valid := "for ever"
		switch {
		case v.Days > 0:
			valid = fmt.Sprintf("%d days", v.Days)
		case v.End != "":
			valid = "until " + v.End
		}
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", v.ID, v.Type, v.Name, valid, onOff(!v.Stopped))
	})
}

// showUntil shows the last second before a deadline.
func showUntil(ms int64) string {
	if ms == ledger.Never {
		return ""
	}
	return showTime(ms - 1)
}

// showTime shows a moment as the platform does; "" for none.
func showTime(ms int64) string {
	if ms == 0 {
		return ""
	}
	return top.FormatTime(time.UnixMilli(ms))
}
