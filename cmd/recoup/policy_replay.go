package main

import (
	"fmt"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/replay"
	"recoup/internal/store"
)

type policyReplayCmd struct {
	brandFlag
	jsonFlag
	Days  int64    `default:"90" help:"Operations of so many days."`
	Rules []string `arg:"" name:"rule" sep:"none" help:"FILE with a whole document, - for standard input, or PATH=VALUE to set in the rules in force."`
}

// Help says what is decided again, and what cannot be.
func (policyReplayCmd) Help() string {
	return "Writes nothing. Each operation is decided again at its own moment, on the state that really was, under the rules of its time and under the draft; what " +
		"differs is counted, in fen and points that would have moved otherwise, and the first hundred are shown. Differences do not add up from one operation to the next.\n\n" +
		"What was refused is not in the books, nor is a bill that earned nothing: a draft that would have allowed it does not show. Of a bill the books have what it came to " +
		"and earned, not what was bought nor how it was paid. Members count by the level they have now.\n\nExamples:\n\n" +
		"  recoup policy replay --brand 1332 --days 90 draft.json\n  recoup policy replay --brand 1332 stored_value.deduction_order=gift_first"
}

// replayDaysMax is a century.
const replayDaysMax = 36_500

// Run decides again, and tells.
func (c *policyReplayCmd) Run(e *env) error {
	if err := inRange("--days", int(c.Days), 1, replayDaysMax); err != nil {
		return err
	}
	draft, err := readDraft(e, c.Rules)
	if err != nil {
		return err
	}
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		b, err := findBrand(snap, "--brand", c.Brand)
		if err != nil {
			return err
		}
		doc, err := draft(b)
		if err != nil {
			return err
		}
		head, err := s.Head(e.ctx, c.Brand)
		if err != nil {
			return err
		}
		p := newProgress(e, "read", int(head.Last))
		from := nowMilli() - c.Days*24*time.Hour.Milliseconds()
		report, err := replay.Run(e.ctx, s, c.Brand, from, func(old ledger.Brand) *ledger.Brand { doc.Apply(&old); return &old }, p.at)
		p.end()
		switch {
		case err != nil:
			return err
		case c.JSON:
			return printJSON(e, report)
		}
		return printReplay(e, c.Days, report)
	})
}

func printReplay(e *env, days int64, r *replay.Report) error {
	fmt.Fprintf(e.stdout, "%d operations of %d days decided again, %d would differ: %s yuan and %d points\n", r.Decided, days, r.Differ, ledger.Yuan(ledger.Amount(r.Fen)), r.Points)
	if r.Untold > 0 {
		fmt.Fprintf(e.stdout, "of %d more the books tell too little\n", r.Untold)
	}
	if len(r.Kinds) == 0 {
		return nil
	}
	fmt.Fprintln(e.stdout)
	err := printList(e, false, r.Kinds, "KIND\tDECIDED\tDIFFER\tYUAN\tPOINTS", func(k *replay.Kind) string {
		return fmt.Sprintf("%s\t%d\t%d\t%s\t%d", k.Kind, k.Decided, k.Differ, ledger.Yuan(ledger.Amount(k.Fen)), k.Points)
	})
	if err != nil || len(r.First) == 0 {
		return err
	}
	fmt.Fprintln(e.stdout)
	return printList(e, false, r.First, "SEQ\tTIME\tKIND\tMEMBER\tORDER\tWAS\tDRAFT", func(d replay.Diff) string {
		return fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t%s\t%s", d.Seq, showTime(d.At), d.Kind, orDash(d.Member), orDash(printable(d.Order)), d.Was, d.Draft)
	})
}
