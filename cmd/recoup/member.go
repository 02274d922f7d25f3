package main

import (
	"fmt"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// memberCmd is for an operator who is asked about a member.
type memberCmd struct {
	Show      memberShowCmd      `cmd:"" help:"Show what a member has, and the newest operations."`
	Statement memberStatementCmd `cmd:"" help:"Print every movement of a member's value and points, with running balances."`
	Merge     memberMergeCmd     `cmd:"" help:"Make two members one: whatever names either of them then names the one that goes on."`
	Unmerge   memberUnmergeCmd   `cmd:"" help:"Undo a merge."`
	Freeze    memberFreezeCmd    `cmd:"" help:"Stop a member's debits; credits and reversals go on."`
	Unfreeze  memberUnfreezeCmd  `cmd:"" help:"Allow a frozen member's debits again."`
}

// memberFlags name a member.
type memberFlags struct {
	brandFlag
	authorFlags
	Customer string `required:"" help:"The customer_id."`
}

// setFrozen freezes or unfreezes, by an operation of its own.
func (c *memberFlags) setFrozen(e *env, frozen bool) error {
	by, err := c.author()
	if err = firstErr(err, checkID("--customer", c.Customer)); err != nil {
		return err
	}
	return c.with(e, func(s store.Store, _ *ledger.Brand) error {
		cmd := &ledger.SaveMember{Frozen: &frozen, Head: ledger.Head{
			App: "recoup", Method: "member.freeze", Operator: by.By, Reason: by.Why, Who: ledger.Who{Customer: c.Customer},
		}}
		// A save that finds nobody creates a member; nobody is frozen by creating them.
		keys := reverse.NewKeys()
		reverse.KeysOf(cmd, keys)
		state, err := s.Read(e.ctx, c.Brand, keys, nowMilli())
		if err != nil {
			return err
		}
		m, _ := query.FindMember(state, cmd.Who.Idents())
		if m == nil {
			return fmt.Errorf("--customer %s: brand %s has no such member", c.Customer, c.Brand)
		}
		said := map[bool]string{true: "is frozen", false: "is not frozen"}[frozen]
		if m.Frozen != frozen {
			if _, err := submit(e, s, c.Brand, cmd); err != nil {
				return err
			}
		}
		fmt.Fprintf(e.stdout, "member %s of brand %s %s\n", c.Customer, c.Brand, said)
		return nil
	})
}

// submit runs one command of an operator on a brand's books.
func submit(e *env, s store.Store, brand string, cmd reverse.Command) (ledger.Result, error) {
	n, err := newEngine(e.ctx, s, engine.Options{})
	if err != nil {
		return ledger.Result{}, err
	}
	defer n.Close()
	r, err := n.Submit(e.ctx, brand, cmd)
	if err == nil && r.Code != ledger.OK {
		err = fmt.Errorf("%s: %s", r.Code.Word(), r.English())
	}
	return r, err
}

type memberFreezeCmd struct{ memberFlags }

// Help shows an example.
func (memberFreezeCmd) Help() string {
	return "Example:\n\n  recoup member freeze --brand 1332 --customer 34243334 --reason 挂失"
}

// Run freezes.
func (c *memberFreezeCmd) Run(e *env) error { return c.setFrozen(e, true) }

type memberUnfreezeCmd struct{ memberFlags }

// Run unfreezes.
func (c *memberUnfreezeCmd) Run(e *env) error { return c.setFrozen(e, false) }
