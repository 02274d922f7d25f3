package main

import (
	"fmt"
	"strings"

	"recoup/internal/store"
)

// journalCmd shows who changed what.
type journalCmd struct {
	dbFlag
	jsonFlag
	What  string `help:"Only entries about this: rules, app, session, clock, import, …" placeholder:"KIND"`
	Key   string `help:"Only entries about the thing of this key: a brand_id, an app_key, …"`
	Limit int    `default:"50" help:"At most so many, the newest."`
}

// Help shows an example.
func (journalCmd) Help() string {
	return "Every change of brands, rules, shops, templates, apps, grants, secrets, sessions and the clock, with who made it, from where, why, and " +
		"each field before and after. Secrets show as the beginning of their SHA-256. `recoup verify` proves the journal and what it tells of. " +
		"What was done to members is in the books: `recoup member show`.\n\nExample:\n\n  recoup journal --what app --key 23456789"
}

// entryView is an entry as JSON.
type entryView struct {
	N       int64           `json:"n"`
	At      string          `json:"at"`
	By      string          `json:"by"`
	From    string          `json:"from"`
	Why     string          `json:"why"`
	What    string          `json:"what"`
	Key     string          `json:"key"`
	Changes []store.Changed `json:"changes"`
}

// Run prints the newest entries, the newest last.
func (c *journalCmd) Run(e *env) error {
	if err := inRange("--limit", c.Limit, 1, 100_000); err != nil {
		return err
	}
	s, err := c.look(e)
	if err != nil {
		return err
	}
	defer s.Close()
	var views []entryView
	for entry, err := range s.Journal(e.ctx, 0) {
		if err != nil {
			return err
		}
		if c.What != "" && c.What != entry.What || c.Key != "" && c.Key != entry.Key && !strings.HasPrefix(entry.Key, c.Key+"@") {
			continue
		}
		views = append(views, entryView{
			N: entry.N, At: showTime(entry.At), By: entry.By, From: entry.From, Why: entry.Why, What: entry.What, Key: entry.Key,
			Changes: append([]store.Changed{}, entry.Changes...),
		})
	}
	views = views[max(0, len(views)-c.Limit):]
	if c.JSON {
		return printJSON(e, append([]entryView{}, views...))
	}
	for _, v := range views {
		fmt.Fprintf(e.stdout, "%d  %s  %s  %s %s%s%s\n", v.N, v.At, v.By, v.What, v.Key, before("  from ", v.From), before("  ", v.Why))
		for _, ch := range v.Changes {
			fmt.Fprintf(e.stdout, "     %s: %s -> %s\n", ch.Field, orDash(ch.Before), orDash(ch.After))
		}
	}
	return nil
}

// before puts something before a text, if there is one.
func before(mark, text string) string {
	if text == "" {
		return ""
	}
	return mark + text
}
