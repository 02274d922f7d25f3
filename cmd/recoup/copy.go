package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"reflect"
	"strings"
	"time"

	"recoup"
	"recoup/internal/audit"
	"recoup/internal/ledger"
	"recoup/internal/seal"
	"recoup/internal/store"
)

// copyCmd moves a whole installation to another database.
type copyCmd struct {
	keyFlag
	authorFlags
	From string `required:"" placeholder:"DSN" help:"The database to copy: sqlite:FILE or postgres://USER@HOST/DATABASE. It is only read."`
	To   string `required:"" placeholder:"DSN" help:"The database to fill: postgres://USER@HOST/DATABASE, with nothing in it yet."`

	Unsafe bool `env:"RECOUP_UNSAFE" help:"Accept a server that may lose what it has committed (fsync or full_page_writes off)."`
}

// Help tells the steps around it.
func (copyCmd) Help() string {
	return "Copies brands with all their rules, apps, sessions, every operation with its chain and number, and what is remembered for a while. " +
		"Then it verifies the books on both sides and compares them. It is all or nothing: what is interrupted leaves the new database empty.\n\n" +
		"Stop the service first: a database that is written to meanwhile is not copied. Afterwards serve the new one, and keep the old one as it is.\n\n" +
		"Example:\n\n  createdb recoup\n  recoup copy --from sqlite:recoup.db --to postgres://recoup@localhost/recoup\n" +
		"  recoup serve --db postgres://recoup@localhost/recoup"
}

// Run copies, then proves that the copy is one.
func (c *copyCmd) Run(e *env) error {
	if err := firstErr(checkDSN("--from", c.From, "sqlite", "postgres"), checkDSN("--to", c.To, "postgres")); err != nil {
		return err
	}
	if c.From == c.To {
		return fmt.Errorf("--to %s: is the database of --from; want another, with nothing in it yet", redacted(c.To))
	}
	by, err := c.author()
	if err != nil {
		return err
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	from, err := c.source(e, keys)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := openAs(e, "--to", recoup.Database{DSN: c.To, Unsafe: c.Unsafe, Keys: keys})
	if err != nil {
		return err
	}
	defer to.Close()
	if err := c.fill(e, from, to); err != nil {
		return err
	}
	if err := reseal(e.ctx, to); err != nil {
		return err
	}
	if err := compare(e, from, to); err != nil {
		return err
	}
	if err := to.Note(e.ctx, &store.Entry{Author: by, What: "copy", Key: redacted(c.From)}); err != nil {
		return err
	}
	return reseal(e.ctx, to)
}

// checkDSN refuses what this command cannot open under a flag.
func checkDSN(flag, dsn string, schemes ...string) error {
	scheme, _, _ := strings.Cut(dsn, ":")
	if scheme == "postgresql" {
		scheme = "postgres"
	}
	var want []string
	for _, s := range schemes {
		if s == scheme {
			return nil
		}
		want = append(want, map[string]string{"sqlite": "sqlite:FILE", "postgres": "postgres://USER@HOST/DATABASE"}[s])
	}
	err := fmt.Errorf("%s %s: want %s", flag, redacted(dsn), strings.Join(want, " or "))
	if scheme == "sqlite" {
		err = fmt.Errorf("%w; a file is copied by `recoup backup COPY`", err)
	}
	return err
}

// redacted is a DSN without its password.
func redacted(dsn string) string { return recoup.Database{DSN: dsn}.String() }

// openAs opens a database that a flag other than --db names.
func openAs(e *env, flag string, d recoup.Database) (store.Store, error) {
	s, err := d.Open(e.ctx)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %s", flag, d, strings.TrimPrefix(err.Error(), fmt.Sprintf("--db %s: ", d)))
	}
	return s, nil
}

// source opens what is copied, so that it stays as it is.
func (c *copyCmd) source(e *env, keys seal.Keys) (store.Store, error) {
	if path, ok := strings.CutPrefix(c.From, "sqlite:"); ok {
		switch info, err := os.Stat(path); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("--from %s: there is no such file", c.From)
		case err != nil:
			return nil, fmt.Errorf("--from %s: %w", c.From, err)
		case info.Size() == 0:
			return nil, fmt.Errorf("--from %s: the file is empty", c.From)
		}
	}
	return openAs(e, "--from", recoup.Database{DSN: c.From, ReadOnly: true, Unsafe: c.Unsafe, Keys: keys})
}

// fill has the new database take everything. On a terminal a line tells how far it is.
func (c *copyCmd) fill(e *env, from, to store.Store) error {
	importer, ok := to.(store.Importer)
	if !ok {
		return fmt.Errorf("--to %s: does not take copies; want postgres://USER@HOST/DATABASE", redacted(c.To))
	}
	var shown time.Time
	err := importer.Import(e.ctx, from, func(what string, n int64) {
		if time.Since(shown) >= lineEvery {
			shown = time.Now()
			e.progress("copied %d %s", n, what)
		}
	})
	e.progress("")
	switch {
	case errors.Is(err, store.ErrNotEmpty):
		return fmt.Errorf("--to %s: has brands, apps or sessions already, and a copy is not mixed with them; create a database by `createdb NAME`",
			redacted(c.To))
	case errors.Is(err, store.ErrMoved):
		return fmt.Errorf("--from %s: %w, so nothing was copied; stop its service, or copy a backup", redacted(c.From), err)
	case errors.Is(err, store.ErrUnknown):
		return fmt.Errorf("--to %s: %w; run this again: if the database has brands then, the copy is there, and `recoup verify` proves it",
			redacted(c.To), err)
	case err != nil:
		return fmt.Errorf("copying: %w", err)
	}
	return nil
}

// side is one of the two databases, by its flag.
type side struct {
	flag string
	store.Store
}

func sides(from, to store.Store) [2]side { return [2]side{{"--from", from}, {"--to", to}} }

// compare verifies both sides and holds the one against the other. It prints a line for each brand.
func compare(e *env, from, to store.Store) error {
	old, err := from.Snapshot(e.ctx)
	if err != nil {
		return err
	}
	made, err := to.Snapshot(e.ctx)
	if err != nil {
		return err
	}
	if old.Revision = made.Revision; !reflect.DeepEqual(old, made) {
		return fmt.Errorf("%w: brands, apps or sessions of the copy are not those of the source", errDiverge)
	}
	for _, side := range sides(from, to) {
		if found, err := audit.Integrity(e.ctx, side); err != nil {
			return err
		} else if found != nil {
			return fmt.Errorf("%s: %w: %s", side.flag, errDiverge, found[0])
		}
	}
	for _, b := range old.Brands {
		said, err := compareBrand(e, from, to, b)
		e.progress("")
		if err != nil {
			return fmt.Errorf("brand %s: %w", b.ID, err)
		}
		fmt.Fprintln(e.stdout, said)
	}
	fmt.Fprintf(e.stdout, "%d brands, %d apps and %d sessions are copied, and both sides agree\n", len(old.Brands), len(old.Apps), len(old.Sessions))
	return nil
}

// compareBrand proves the books of a brand on both sides, and that they are the same: by the chain its operations, one by one the rest.
func compareBrand(e *env, from, to store.Store, b *ledger.Brand) (string, error) {
	var sums [2]audit.Summary
	var heads [2]store.Link
	var issued [2]int64
	for i, side := range sides(from, to) {
		line := verifyLine{e: e, brand: b.ID + " of " + side.flag}
		var found []*audit.Divergence
		var err error
		if sums[i], found, err = audit.Verify(e.ctx, side, b.ID, line.show); err != nil {
			return "", fmt.Errorf("verifying %s: %w", side.flag, err)
		}
		sums[i].Sealed = 0 // how far differs, and is of each its own
		if found != nil {
			found[0].Brand = "" // which the caller names
			return "", fmt.Errorf("%s: %w: %s", side.flag, errDiverge, found[0])
		}
		if heads[i], err = side.Head(e.ctx, b.ID); err != nil {
			return "", err
		}
		if issued[i], err = side.Issued(e.ctx, b.ID); err != nil {
			return "", err
		}
	}
	switch {
	case sums[0] != sums[1], heads[0] != heads[1]:
		return "", fmt.Errorf("%w: --from ends with operation %d and the hash %x, --to with %d and %x", errDiverge,
			heads[0].Last, heads[0].Hash, heads[1].Last, heads[1].Hash)
	case issued[0] != issued[1]:
		return "", fmt.Errorf("%w: --from has issued %d numbers, --to %d", errDiverge, issued[0], issued[1])
	}
	said := []string{fmt.Sprintf("%d operations in %d links", sums[0].Ops, sums[0].Links)}
	for _, kind := range kinds {
		n, err := kind.compare(e, from, to, b.ID)
		if err != nil {
			return "", err
		}
		said = append(said, fmt.Sprintf("%d %s", n, kind.name))
	}
	return fmt.Sprintf("%s  %s: %s: equal, head %s", b.ID, b.Name, strings.Join(said, ", "), sums[0].Head), nil
}

// A comparison holds one kind of thing of a brand in two stores against each other, and counts.
type comparison func(e *env, from, to store.Store, brand string) (int64, error)

// kinds are what stores tell of a brand beside its chain.
var kinds = []struct {
	name    string
	compare comparison
}{
	{"members", alike("member", store.Store.Members)},
	{"accounts", alike("account", store.Store.Accounts)},
	{"lots", alike("lot", store.Store.Lots)},
	{"holds", alike("hold", store.Store.Holds)},
	{"vouchers", alike("voucher", store.Store.Vouchers)},
	{"WDK orders", alike("WDK order", store.Store.WdkOrders)},
	{"reverses", alike("reverse", store.Store.Reverses)},
	{"quotes", alike("quote", store.Store.Quotes)},
	{"refusals", alike("refusal", store.Store.Refusals)},
	{"tombstones", alike("tombstone", store.Store.Tombs)},
	{"versions of rules", alike("version of the rules", store.Store.Rules)},
}

// alike compares a stream of two stores thing by thing.
func alike[T any](name string, stream func(store.Store, context.Context, string) iter.Seq2[T, error]) comparison {
	return func(e *env, from, to store.Store, brand string) (n int64, err error) {
		next, stop := iter.Pull2(stream(to, e.ctx, brand))
		defer stop()
		var shown time.Time
		for v, err := range stream(from, e.ctx, brand) {
			if err != nil {
				return n, err
			}
			n++
			w, err, more := next()
			if err != nil {
				return n, err
			}
			if !more || !reflect.DeepEqual(v, w) {
				return n, fmt.Errorf("%w: %s no. %d of --to is not that of --from", errDiverge, name, n)
			}
			if time.Since(shown) >= lineEvery {
				shown = time.Now()
				e.progress("brand %s: compared %s no. %d", brand, name, n)
			}
		}
		_, err, more := next()
		if err == nil && more {
			err = fmt.Errorf("%w: --to has more than the %d of --from, counting each %s", errDiverge, n, name)
		}
		return n, err
	}
}
