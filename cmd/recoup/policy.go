package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/policy"
	"recoup/internal/store"
)

// policyCmd administers a brand's rules as a document.
type policyCmd struct {
	Get     policyGetCmd     `cmd:"" help:"Print a brand's rules as JSON."`
	Set     policySetCmd     `cmd:"" help:"Publish the next version of a brand's rules."`
	Check   policyCheckCmd   `cmd:"" help:"Say what is wrong with a document of rules."`
	Diff    policyDiffCmd    `cmd:"" help:"Show what differs between two versions, or a version and a document."`
	Replay  policyReplayCmd  `cmd:"" help:"Decide past operations again under a draft, in memory, and tell what would differ."`
	History policyHistoryCmd `cmd:"" help:"List the versions of a brand's rules."`
	Schema  policySchemaCmd  `cmd:"" help:"Print the JSON Schema of rules: every rule, what it means, its bounds and default."`
}

type policyGetCmd struct {
	brandFlag
	Version int64 `help:"This version; 0: the one in force."`
}

// Help shows an example.
func (policyGetCmd) Help() string {
	return "Old versions stay readable: operations name the one they were decided under.\n\nExample:\n\n  recoup policy get --brand 1332 > rules.json"
}

// Run prints the document.
func (c *policyGetCmd) Run(e *env) error {
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		b, err := findBrand(snap, "--brand", c.Brand)
		if err != nil {
			return err
		}
		if b, err = versionOf(e, s, b, "--version", c.Version); err != nil {
			return err
		}
		return printJSON(e, policy.Of(b))
	})
}

// versionOf finds a version of a brand's rules; 0 is the one in force.
func versionOf(e *env, s store.Store, b *ledger.Brand, flag string, version int64) (*ledger.Brand, error) {
	if version == 0 || version == b.Version {
		return b, nil
	}
	for old, err := range s.Rules(e.ctx, b.ID) {
		if err != nil {
			return nil, err
		}
		if old.Version == version {
			return old, nil
		}
	}
	return nil, fmt.Errorf("%s %d: brand %s has versions 1 to %d", flag, version, b.ID, b.Version)
}

type policySetCmd struct {
	rulesFlags
	Rules []string `arg:"" name:"rule" sep:"none" help:"FILE with a whole document, - for standard input, or PATH=VALUE; several are set together or not at all."`
}

// Help shows examples.
func (policySetCmd) Help() string {
	return "A running server works by the new version within five seconds; what was decided before stays as it is. A document is whole: what it leaves " +
		"out has its default. A VALUE is JSON; a text needs no quotes. `recoup policy schema` says what there is.\n\nExamples:\n\n" +
		"  recoup policy set --brand 1332 rules.json --reason 国庆活动\n" +
		"  recoup policy set --brand 1332 points.earn.points=1 points.earn.fen=100 stored_value.deduction_order=gift_first\n" +
		`  recoup policy set --brand 1332 'stored_value.recharge_tiers=[{"real":10000,"gift":1000}]' stored_value.recharge_gift=true`
}

// Run publishes the rules.
func (c *policySetCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	draft, err := readDraft(e, c.Rules)
	if err != nil {
		return err
	}
	return c.with(e, func(s store.Store, old *ledger.Brand) error {
		b, err := publish(e.ctx, s, by, "--brand", c.Brand, func(b *ledger.Brand) error {
			doc, err := draft(b)
			if err == nil {
				doc.Apply(b)
			}
			return err
		})
		if err != nil {
			return err
		}
		changes := policy.Diff(policy.Of(old), policy.Of(b))
		for _, ch := range changes {
			fmt.Fprintf(e.stdout, "%s: %s -> %s\n", ch.Path, ch.From, ch.To)
		}
		if len(changes) == 0 {
			fmt.Fprintf(e.stdout, "brand %s works by these rules already, version %d\n", b.ID, b.Version)
			return nil
		}
		fmt.Fprintf(e.stdout, "brand %s works by version %d of its rules\n", b.ID, b.Version)
		return nil
	})
}

// readDraft reads rules as a document, or as PATH=VALUE to set in the rules in force.
func readDraft(e *env, rules []string) (func(*ledger.Brand) (policy.Document, error), error) {
	if strings.Contains(rules[0], "=") {
		return func(b *ledger.Brand) (policy.Document, error) { return policy.Of(b).Set(rules) }, nil
	}
	if len(rules) > 1 {
		return nil, errors.New("give one document, or PATH=VALUE")
	}
	doc, err := readPolicy(e, rules[0])
	return func(*ledger.Brand) (policy.Document, error) { return doc, nil }, err
}

// policyMax bounds a document in bytes.
const policyMax = 1 << 20

// readPolicy reads and checks a document; - is standard input.
func readPolicy(e *env, path string) (policy.Document, error) {
	in := e.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return policy.Document{}, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, policyMax))
	if err != nil {
		return policy.Document{}, err
	}
	doc, err := policy.Parse(text)
	if err != nil {
		return doc, fmt.Errorf("%s is not right:\n%w", path, err)
	}
	return doc, nil
}

type policyCheckCmd struct {
	File string `arg:"" help:"The document; - for standard input."`
}

// Help shows an example.
func (policyCheckCmd) Help() string {
	return "Needs no database.\n\nExample:\n\n  recoup policy check rules.json"
}

// Run checks the document.
func (c *policyCheckCmd) Run(e *env) error {
	if _, err := readPolicy(e, c.File); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s is right\n", c.File)
	return nil
}

type policyDiffCmd struct {
	brandFlag
	jsonFlag
	From int64  `help:"This version; 0: the one in force."`
	To   int64  `help:"Compared with this version; 0: the one in force."`
	File string `arg:"" optional:"" help:"Compared with this document; - for standard input."`
}

// Help shows examples.
func (policyDiffCmd) Help() string {
	return "Examples:\n\n  recoup policy diff --brand 1332 draft.json\n  recoup policy diff --brand 1332 --from 3 --to 7"
}

// Run prints what differs.
func (c *policyDiffCmd) Run(e *env) error {
	if c.File != "" && c.To != 0 {
		return errors.New("--to: a document is given to compare with; leave one of them out")
	}
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		b, err := findBrand(snap, "--brand", c.Brand)
		if err != nil {
			return err
		}
		from, err := versionOf(e, s, b, "--from", c.From)
		if err != nil {
			return err
		}
		to, err := versionOf(e, s, b, "--to", c.To)
		if err != nil {
			return err
		}
		doc := policy.Of(to)
		if c.File != "" {
			if doc, err = readPolicy(e, c.File); err != nil {
				return err
			}
		}
		changes := policy.Diff(policy.Of(from), doc)
		if len(changes) == 0 && !c.JSON {
			fmt.Fprintln(e.stdout, "nothing differs")
			return nil
		}
		return printList(e, c.JSON, append([]policy.Change{}, changes...), "RULE\tFROM\tTO", func(ch policy.Change) string {
			return ch.Path + "\t" + ch.From + "\t" + ch.To
		})
	})
}

type policyHistoryCmd struct {
	brandFlag
	jsonFlag
}

// Help says what is told.
func (policyHistoryCmd) Help() string {
	return "Every version with when, by whom and why it was published, and the rules that changed with it. Versions that changed shops, templates or names " +
		"alone name no rule.\n\nExample:\n\n  recoup policy history --brand 1332"
}

// versionView is a version as JSON.
type versionView struct {
	Version int64           `json:"version"`
	At      string          `json:"at"`
	By      string          `json:"by"`
	Why     string          `json:"why"`
	Changes []policy.Change `json:"changes"`
}

// Run lists the versions, the newest first.
func (c *policyHistoryCmd) Run(e *env) error {
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		b, err := findBrand(snap, "--brand", c.Brand)
		if err != nil {
			return err
		}
		published := map[string]*store.Entry{}
		for entry, err := range s.Journal(e.ctx, 0) {
			if err != nil {
				return err
			}
			if entry.What == "rules" {
				published[entry.Key] = entry
			}
		}
		var views []versionView
		before := policy.Of(&ledger.Brand{})
		for v, err := range s.Rules(e.ctx, b.ID) {
			if err != nil {
				return err
			}
			doc := policy.Of(v)
			view := versionView{Version: v.Version, Changes: append([]policy.Change{}, policy.Diff(before, doc)...)}
			if entry := published[store.RulesKey(v)]; entry != nil {
				view.At, view.By, view.Why = showTime(entry.At), entry.By, entry.Why
			}
			views = append(views, view)
			before = doc
		}
		slices.Reverse(views)
		return printList(e, c.JSON, views, "VERSION\tTIME\tBY\tWHY\tRULES", func(v versionView) string {
			paths := make([]string, len(v.Changes))
			for i, ch := range v.Changes {
				paths[i] = ch.Path + "=" + ch.To
			}
			return fmt.Sprintf("%d\t%s\t%s\t%s\t%s", v.Version, orDash(v.At), orDash(v.By), orDash(v.Why), orDash(strings.Join(paths, " ")))
		})
	})
}

type policySchemaCmd struct{}

// Run prints the schema.
func (policySchemaCmd) Run(e *env) error {
	_, err := e.stdout.Write(policy.Schema())
	return err
}

// printPolicy shows a document as a table.
func printPolicy(e *env, d policy.Document) error {
	flat := d.Flat()
	return printList(e, false, slices.Sorted(maps.Keys(flat)), "RULE\tVALUE", func(path string) string { return path + "\t" + flat[path] })
}
