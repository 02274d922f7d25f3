package main

import (
	"fmt"

	"recoup/internal/ledger"
)

// shopCmd administers shops.
type shopCmd struct {
	Add  shopAddCmd  `cmd:"" help:"Add a shop to a brand, or change one."`
	List shopListCmd `cmd:"" help:"List the shops of a brand."`
}

type shopAddCmd struct {
	brandFlag
	ID          string `required:"" help:"The shop_id; as a WDK store its store_id."`
	Alias       string `help:"The callers' own number for it: out_shop_id."`
	Name        string `help:"What people call it."`
	Waterfall   bool   `help:"WDK: fill refund channels that were not given, in the order of the quote."`
	NoAutoAgree bool   `help:"WDK: reverses wait for approval; without it store clerks agree at once."`
}

// Help shows an example.
func (shopAddCmd) Help() string {
	return "A shop that is there already is replaced.\n\nExample:\n\n  recoup shop add --brand 1332 --id 243545 --alias S-001 --name 总店"
}

// Run publishes the brand with the shop.
func (c *shopAddCmd) Run(e *env) error {
	if err := firstErr(checkID("--id", c.ID), checkOptional("--alias", c.Alias), checkOptional("--name", c.Name)); err != nil {
		return err
	}
	return c.publish(e, fmt.Sprintf("shop %s is brand %s's", c.ID, c.Brand), func(b *ledger.Brand) error {
		// An alias must name one shop: the ledger looks shops up by it.
		if other := b.ShopByAlias(c.Alias); c.Alias != "" && other != nil && other.ID != c.ID {
			return fmt.Errorf("--alias %s: is shop %s's already; give another", c.Alias, other.ID)
		}
		if b.Shops == nil {
			b.Shops = map[string]*ledger.Shop{}
		}
		b.Shops[c.ID] = &ledger.Shop{ID: c.ID, Alias: c.Alias, Name: c.Name, Waterfall: c.Waterfall, NoAutoAgree: c.NoAutoAgree}
		return nil
	})
}

type shopListCmd struct {
	brandFlag
	jsonFlag
}

// Run lists the shops by id.
func (c *shopListCmd) Run(e *env) error {
	return c.look(e, func(b *ledger.Brand) error { return listShops(e, c.JSON, b) })
}

// shopView is a shop as JSON.
type shopView struct {
	ID        string `json:"shop_id"`
	Alias     string `json:"out_shop_id"`
	Name      string `json:"name"`
	Waterfall bool   `json:"waterfall"`
	AutoAgree bool   `json:"auto_agree"`
}

func viewShops(b *ledger.Brand) []shopView {
	out := make([]shopView, 0, len(b.Shops))
	for _, s := range sorted(b.Shops) {
		out = append(out, shopView{ID: s.ID, Alias: s.Alias, Name: s.Name, Waterfall: s.Waterfall, AutoAgree: !s.NoAutoAgree})
	}
	return out
}

func listShops(e *env, asJSON bool, b *ledger.Brand) error {
	return printList(e, asJSON, viewShops(b), "SHOP\tALIAS\tNAME\tWATERFALL\tAUTO-AGREE", func(v shopView) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", v.ID, orDash(v.Alias), orDash(v.Name), onOff(v.Waterfall), onOff(v.AutoAgree))
	})
}
