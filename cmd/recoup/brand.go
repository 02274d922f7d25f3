package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/policy"
	"recoup/internal/store"
)

// brandCmd administers brands: the tenants, each with rules of its own.
type brandCmd struct {
	Create   brandCreateCmd `cmd:"" help:"Create a brand."`
	List     brandListCmd   `cmd:"" help:"List the brands."`
	Show     brandShowCmd   `cmd:"" help:"Show a brand with its rules, shops and voucher templates."`
	Set      brandSetCmd    `cmd:"" help:"Change what a brand is called."`
	Close    brandCloseCmd  `cmd:"" help:"Answer no more calls of a brand. Its books stay."`
	Reopen   brandReopenCmd `cmd:"" help:"Answer the calls of a closed brand again."`
	Template templateCmd    `cmd:"" help:"Administer the voucher templates of a brand."`
}

type brandCreateCmd struct {
	dbFlag
	authorFlags
	ID    string `required:"" help:"The brand_id that callers send."`
	Name  string `required:"" help:"What people call it."`
	Alias string `help:"The callers' own number for it: out_brand_id."`
}

// Help shows an example.
func (brandCreateCmd) Help() string {
	return "Makes the database if there is none.\n\nExample:\n\n  recoup brand create --id 1332 --name 云上小馆 --alias 901332"
}

// Run creates the brand with the default rules.
func (c *brandCreateCmd) Run(e *env) error {
	if err := firstErr(checkID("--id", c.ID), checkID("--name", c.Name), checkOptional("--alias", c.Alias)); err != nil {
		return err
	}
	by, err := c.author()
	if err != nil {
		return err
	}
	return with(e, c.make, func(s store.Store, snap *store.Snapshot) error {
		exists := fmt.Errorf("--id %s: there is such a brand already; `recoup policy set --brand %s …` changes its rules", c.ID, c.ID)
		if _, err := findBrand(snap, "--id", c.ID); err == nil {
			return exists
		}
		b := &ledger.Brand{ID: c.ID, Name: c.Name, Alias: c.Alias, Pepper: rand.Text()}
		if err := s.PutBrand(e.ctx, b, by); errors.Is(err, store.ErrRetry) {
			return exists
		} else if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "brand %s created; next: recoup shop add --brand %s --id SHOP_ID\n", b.ID, b.ID)
		return nil
	})
}

type brandListCmd struct {
	dbFlag
	jsonFlag
}

// Run lists the brands by id.
func (c *brandListCmd) Run(e *env) error {
	return with(e, c.look, func(_ store.Store, snap *store.Snapshot) error {
		slices.SortFunc(snap.Brands, func(a, b *ledger.Brand) int { return strings.Compare(a.ID, b.ID) })
		views := make([]brandView, 0, len(snap.Brands))
		for _, b := range snap.Brands {
			views = append(views, viewBrand(b))
		}
		return printList(e, c.JSON, views, "BRAND\tALIAS\tNAME\tSHOPS\tTEMPLATES\tVERSION", func(v brandView) string {
			return fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%d", v.ID, orDash(v.Alias), v.Name, len(v.Shops), len(v.Templates), v.Version)
		})
	})
}

// brandView is a brand as JSON: everything but its pepper, which is nobody's to see.
type brandView struct {
	ID        string          `json:"brand_id"`
	Name      string          `json:"name"`
	Alias     string          `json:"out_brand_id"`
	Serial    int64           `json:"serial"`
	Version   int64           `json:"version"`
	Policy    policy.Document `json:"policy"`
	Shops     []shopView      `json:"shops"`
	Templates []templateView  `json:"templates"`
}

func viewBrand(b *ledger.Brand) brandView {
	return brandView{
		ID: b.ID, Name: b.Name, Alias: b.Alias, Serial: b.Serial, Version: b.Version, Policy: policy.Of(b), Shops: viewShops(b), Templates: viewTemplates(b),
	}
}

type brandShowCmd struct {
	dbFlag
	jsonFlag
	ID string `arg:"" help:"The brand_id."`
}

// Run shows the brand.
func (c *brandShowCmd) Run(e *env) error {
	return with(e, c.look, func(_ store.Store, snap *store.Snapshot) error {
		b, err := findBrand(snap, "brand", c.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e, viewBrand(b))
		}
		fmt.Fprintf(e.stdout, "brand %s %s, out_brand_id %s, version %d of its rules\n\n", b.ID, b.Name, orDash(b.Alias), b.Version)
		if err := printPolicy(e, policy.Of(b)); err != nil {
			return err
		}
		if len(b.Shops) > 0 {
			fmt.Fprintln(e.stdout)
			if err := listShops(e, false, b); err != nil {
				return err
			}
		}
		if len(b.Templates) > 0 {
			fmt.Fprintln(e.stdout)
			return listTemplates(e, false, b)
		}
		return nil
	})
}

type brandSetCmd struct {
	dbFlag
	authorFlags
	ID    string  `arg:"" help:"The brand_id."`
	Name  *string `help:"What people call it."`
	Alias *string `help:"The callers' own number for it: out_brand_id; empty for none."`
}

// Help shows an example.
func (brandSetCmd) Help() string {
	return "What is not given stays as it is. Its rules are set by `recoup policy set`.\n\nExample:\n\n  recoup brand set 1332 --name 云上小馆"
}

// Run publishes the brand.
func (c *brandSetCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	return with(e, c.open, func(s store.Store, _ *store.Snapshot) error {
		b, err := publish(e.ctx, s, by, "brand", c.ID, func(b *ledger.Brand) error {
			if c.Name != nil {
				b.Name = *c.Name
			}
			if c.Alias != nil {
				b.Alias = *c.Alias
			}
			return firstErr(checkID("--name", b.Name), checkOptional("--alias", b.Alias))
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "brand %s is %s, out_brand_id %s\n", b.ID, b.Name, orDash(b.Alias))
		return nil
	})
}

// sorted are the values of a map in the order of their keys.
func sorted[K cmp.Ordered, V any](m map[K]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}
