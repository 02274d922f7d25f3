package main

import (
	"fmt"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

type brandCloseCmd struct {
	dbFlag
	authorFlags
	ID          string `arg:"" help:"The brand_id."`
	WhatRemains bool   `name:"with-what-remains" help:"Close it although members have something left, or something is under way."`
}

// Help says what it is for.
func (brandCloseCmd) Help() string {
	return "Calls that name the brand are answered as if it were not there, from five seconds later on. Nothing is deleted: the books can be read, verified " +
		"and copied, and the brand can be opened again. What members have left is named first.\n\nExample:\n\n  recoup brand close 1332 --reason 合同到期"
}

// Run closes the brand.
func (c *brandCloseCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	return with(e, c.open, func(s store.Store, snap *store.Snapshot) error {
		if _, err := findBrand(snap, "brand", c.ID); err != nil {
			return err
		}
		left, err := remains(e, s, c.ID)
		if err != nil {
			return err
		}
		if len(left) > 0 && !c.WhatRemains {
			return fmt.Errorf("brand %s has %s left; --with-what-remains closes it all the same", c.ID, strings.Join(left, ", "))
		}
		return setClosed(e, s, by, c.ID, true, strings.Join(left, ", "))
	})
}

// remains names what a brand owes its members, and what is under way.
func remains(e *env, s store.Store, brand string) (left []string, err error) {
	var value, points, uses ledger.Amount
	for a, err := range s.Accounts(e.ctx, brand) {
		if err != nil {
			return nil, err
		}
		value += ledger.Sum(a.Balance, ledger.Value)
		points += a.Balance[ledger.Point]
	}
	now := nowMilli()
	for v, err := range s.Vouchers(e.ctx, brand) {
		if err != nil {
			return nil, err
		}
		if v.Status(now) == ledger.Normal {
			uses += v.Left
		}
	}
	holds, waiting := 0, 0
	for _, err := range s.Holds(e.ctx, brand) {
		if err != nil {
			return nil, err
		}
		holds++
	}
	for r, err := range s.Reverses(e.ctx, brand) {
		if err != nil {
			return nil, err
		}
		switch r.Status {
		case reverse.Apply, reverse.Agree, reverse.Paying:
			waiting++
		}
	}
	for _, item := range []struct {
		n    int64
		text string
	}{
		{int64(value), ledger.Yuan(value) + " yuan of stored value"},
		{int64(points), fmt.Sprint(int64(points), " points")},
		{int64(uses), fmt.Sprint(int64(uses), " uses of vouchers")},
		{int64(holds), fmt.Sprint(holds, " holds")},
		{int64(waiting), fmt.Sprint(waiting, " refunds under way")},
	} {
		if item.n != 0 {
			left = append(left, item.text)
		}
	}
	return left, nil
}

func setClosed(e *env, s store.Store, by store.Author, id string, closed bool, left string) error {
	if _, err := publish(e.ctx, s, by, "brand", id, func(b *ledger.Brand) error { b.Closed = closed; return nil }); err != nil {
		return err
	}
	switch {
	case !closed:
		fmt.Fprintf(e.stdout, "brand %s is open\n", id)
	case left != "":
		fmt.Fprintf(e.stdout, "brand %s is closed with %s\n", id, left)
	default:
		fmt.Fprintf(e.stdout, "brand %s is closed\n", id)
	}
	return nil
}

type brandReopenCmd struct {
	dbFlag
	authorFlags
	ID string `arg:"" help:"The brand_id."`
}

// Run opens the brand again.
func (c *brandReopenCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	return with(e, c.open, func(s store.Store, _ *store.Snapshot) error { return setClosed(e, s, by, c.ID, false, "") })
}
