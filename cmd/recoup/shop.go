package main

import (
	"fmt"
	"strings"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// shopCmd administers shops.
type shopCmd struct {
	Add    shopAddCmd    `cmd:"" help:"Add a shop to a brand."`
	Set    shopSetCmd    `cmd:"" help:"Change a shop."`
	List   shopListCmd   `cmd:"" help:"List the shops of a brand."`
	Remove shopRemoveCmd `cmd:"" help:"Take away a shop that nothing was booked in."`
}

type shopAddCmd struct {
	rulesFlags
	ID          string `required:"" help:"The shop_id; as a WDK store its store_id."`
	Alias       string `help:"The callers' own number for it: out_shop_id."`
	Name        string `help:"What people call it."`
	Waterfall   bool   `help:"WDK: fill refund channels that were not given, in the order of the quote."`
	NoAutoAgree bool   `help:"WDK: reverses wait for approval; without it store clerks agree at once."`
	Hours       string `help:"When goods are picked up; 09:00-21:00 if not given." placeholder:"10:00-22:00"`
}

// Help shows an example.
func (shopAddCmd) Help() string {
	return "Example:\n\n  recoup shop add --brand 1332 --id 243545 --alias S-001 --name 总店"
}

// Run publishes the brand with the shop.
func (c *shopAddCmd) Run(e *env) error {
	if err := firstErr(checkID("--id", c.ID), checkOptional("--alias", c.Alias), checkOptional("--name", c.Name)); err != nil {
		return err
	}
	return c.publish(e, fmt.Sprintf("shop %s is brand %s's", c.ID, c.Brand), func(b *ledger.Brand) error {
		if b.Shops[c.ID] != nil {
			return fmt.Errorf("--id %s: brand %s has that shop already; `recoup shop set --brand %s --id %s` changes it", c.ID, c.Brand, c.Brand, c.ID)
		}
		if err := aliasFree(b, c.ID, c.Alias); err != nil {
			return err
		}
		if b.Shops == nil {
			b.Shops = map[string]*ledger.Shop{}
		}
		shop := &ledger.Shop{ID: c.ID, Alias: c.Alias, Name: c.Name, Waterfall: c.Waterfall, NoAutoAgree: c.NoAutoAgree}
		b.Shops[c.ID] = shop
		return setHours(shop, c.Hours)
	})
}

// setHours reads when a shop has goods picked up; "" leaves it as it is.
func setHours(s *ledger.Shop, hours string) error {
	if hours == "" {
		return nil
	}
	from, to, _ := strings.Cut(hours, "-")
	open, err1 := time.Parse("15:04", from)
	end, err2 := time.Parse("15:04", to)
	if err1 != nil || err2 != nil || !open.Before(end) {
		return fmt.Errorf("--hours %s: want two times of a day in order, like 10:00-22:00", hours)
	}
	s.Open, s.Close = int64(open.Hour()*60+open.Minute()), int64(end.Hour()*60+end.Minute())
	return nil
}

// showHours is what setHours read.
func showHours(s *ledger.Shop) string {
	open, end := s.Hours()
	return fmt.Sprintf("%02d:%02d-%02d:%02d", open/60, open%60, end/60, end%60)
}

// aliasFree wants an alias to name one shop: the ledger looks shops up by it.
func aliasFree(b *ledger.Brand, id, alias string) error {
	if other := b.ShopByAlias(alias); alias != "" && other != nil && other.ID != id {
		return fmt.Errorf("--alias %s: is shop %s's already; give another", alias, other.ID)
	}
	return nil
}

type shopSetCmd struct {
	rulesFlags
	ID        string  `required:"" help:"The shop_id."`
	Alias     *string `help:"The callers' own number for it: out_shop_id; empty for none."`
	Name      *string `help:"What people call it."`
	Waterfall *bool   `negatable:"" help:"WDK: fill refund channels that were not given, in the order of the quote."`
	AutoAgree *bool   `negatable:"" help:"WDK: store clerks agree to reverses at once."`
	Hours     string  `help:"When goods are picked up." placeholder:"10:00-22:00"`
}

// Help shows an example.
func (shopSetCmd) Help() string {
	return "What is not given stays as it is.\n\nExample:\n\n  recoup shop set --brand 1332 --id 243545 --name 总店 --no-auto-agree"
}

// Run publishes the brand with the shop changed.
func (c *shopSetCmd) Run(e *env) error {
	return c.publish(e, fmt.Sprintf("shop %s of brand %s is changed", c.ID, c.Brand), func(b *ledger.Brand) error {
		old := b.Shops[c.ID]
		if old == nil {
			return fmt.Errorf("--id %s: brand %s has no such shop; `recoup shop list --brand %s` shows them", c.ID, c.Brand, c.Brand)
		}
		shop := *old
		for _, f := range []struct{ to, from *string }{{&shop.Alias, c.Alias}, {&shop.Name, c.Name}} {
			if f.from != nil {
				*f.to = *f.from
			}
		}
		if c.Waterfall != nil {
			shop.Waterfall = *c.Waterfall
		}
		if c.AutoAgree != nil {
			shop.NoAutoAgree = !*c.AutoAgree
		}
		err := firstErr(checkOptional("--alias", shop.Alias), checkOptional("--name", shop.Name), aliasFree(b, c.ID, shop.Alias), setHours(&shop, c.Hours))
		b.Shops[c.ID] = &shop
		return err
	})
}

type shopRemoveCmd struct {
	rulesFlags
	ID string `required:"" help:"The shop_id."`
}

// Help says what stays.
func (shopRemoveCmd) Help() string {
	return "A shop in which something was booked stays: refunds of it need its rules. This reads all operations of the brand.\n\nExample:\n\n" +
		"  recoup shop remove --brand 1332 --id 243545"
}

// Run publishes the brand without the shop.
func (c *shopRemoveCmd) Run(e *env) error {
	err := c.with(e, func(s store.Store, b *ledger.Brand) error {
		if b.Shops[c.ID] == nil {
			return fmt.Errorf("--id %s: brand %s has no such shop; `recoup shop list --brand %s` shows them", c.ID, c.Brand, c.Brand)
		}
		for o, err := range s.Ops(e.ctx, c.Brand, 0) {
			if err != nil {
				return err
			}
			if o.Shop == c.ID {
				return fmt.Errorf("--id %s: operation %d was booked there; a shop with operations stays", c.ID, o.Seq)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.publish(e, fmt.Sprintf("brand %s has no shop %s any more", c.Brand, c.ID), func(b *ledger.Brand) error {
		delete(b.Shops, c.ID)
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
	Hours     string `json:"hours"`
}

func viewShops(b *ledger.Brand) []shopView {
	out := make([]shopView, 0, len(b.Shops))
	for _, s := range sorted(b.Shops) {
		out = append(out, shopView{ID: s.ID, Alias: s.Alias, Name: s.Name, Waterfall: s.Waterfall, AutoAgree: !s.NoAutoAgree, Hours: showHours(s)})
	}
	return out
}

func listShops(e *env, asJSON bool, b *ledger.Brand) error {
	return printList(e, asJSON, viewShops(b), "SHOP\tALIAS\tNAME\tWATERFALL\tAUTO-AGREE\tHOURS", func(v shopView) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", v.ID, orDash(v.Alias), orDash(v.Name), onOff(v.Waterfall), onOff(v.AutoAgree), v.Hours)
	})
}
