package main

import (
	"fmt"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

type memberMergeCmd struct {
	memberFlags
	Into string `required:"" help:"The customer_id of the member that goes on."`
}

// Help tells what becomes of either.
func (memberMergeCmd) Help() string {
	return "For a person who has two memberships. --customer ends and --into goes on: ids, mobiles, outer ids and cards of both name it from then on, balances and points " +
		"are spent as one, and statements show both histories. Nothing moves: each lot stays where it was credited, so every refund goes back to the fen, and the merge can be " +
		"undone (policy members.unmerge_days). Name, level and birthday are those of the member that goes on.\n\n" +
		"Example:\n\n  recoup member merge --brand 1332 --customer 12884901899 --into 34243334 --reason 同一人"
}

// Run merges.
func (c *memberMergeCmd) Run(e *env) error {
	return c.decide(e, func(h ledger.Head) reverse.Command {
		h.Method, h.Who = "member.merge", ledger.Who{Customer: c.Into}
		return &ledger.MergeMembers{Head: h, From: c.Customer}
	}, func(r ledger.Result) {
		fmt.Fprintf(e.stdout, "member %s of brand %s goes on as %s\n", c.Customer, c.Brand, r.IDs[0])
	})
}

type memberUnmergeCmd struct{ memberFlags }

// Help tells what becomes of either.
func (memberUnmergeCmd) Help() string {
	return "--customer is the member that was merged into another. Each then has what lies in its own accounts: what was spent or earned together stays where it was booked. " +
		"Possible for as many days as the brand's rules say, while nothing of the accounts is held.\n\nExample:\n\n  recoup member unmerge --brand 1332 --customer 12884901899"
}

// Run undoes a merge.
func (c *memberUnmergeCmd) Run(e *env) error {
	return c.decide(e, func(h ledger.Head) reverse.Command {
		h.Method = "member.unmerge"
		return &ledger.UnmergeMembers{Head: h, From: c.Customer}
	}, func(r ledger.Result) {
		fmt.Fprintf(e.stdout, "member %s of brand %s is a member by itself again\n", r.IDs[0], c.Brand)
	})
}

// decide runs a command in the operator's name.
func (c *memberFlags) decide(e *env, command func(ledger.Head) reverse.Command, done func(ledger.Result)) error {
	by, err := c.author()
	if err = firstErr(err, checkID("--customer", c.Customer)); err != nil {
		return err
	}
	return c.with(e, func(s store.Store, _ *ledger.Brand) error {
		r, err := submit(e, s, c.Brand, command(ledger.Head{App: "recoup", Operator: by.By, Reason: by.Why}))
		if err == nil {
			done(r)
		}
		return err
	})
}
