package storetest

import (
	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// roundTrip fills every field of every entity of the ledger, so that none is forgotten when one is added.
func roundTrip(b *bench) {
	m, a, l := &ledger.Member{}, &ledger.Account{}, &ledger.Lot{}
	o, h, v := &ledger.Op{}, &ledger.Hold{}, &ledger.Voucher{}
	r, t := &ledger.Refusal{}, &ledger.Tombstone{}
	for i, e := range []any{m, a, l, o, h, v, r, t} {
		Fill(e, i+1)
	}
	m.ID = "m"
	a.Member, l.Member, o.Member, h.Member, v.Member, t.Member = "m", "m", "m", "m", "m", "m"
	l.Account, l.Kind = a.ID, ledger.Gift
	o.Postings[0].Lot, o.Postings[1].Lot = l.LotID, ledger.LotID{}
	o.Postings[0].Voucher, o.Postings[1].Voucher = "", v.ID
	o.Ordinal = 1
	h.Order, h.Family = o.Order, ledger.Points
	h.Deadline, r.Until, t.Until = noon+1000, noon+1000, noon+1000
	t.Order = o.Order
	name := outer("wechat", "开 id")

	b.write("b1", noon, func(d *draft) {
		d.PutMember(m)
		d.Changes.Members.Add(m)
		d.account(a)
		d.bind(name, "m")
		d.Lots[l.LotID] = l
		d.Changes.Lots.Add(l)
		d.book(o)
		d.Holds[h.HoldKey] = h
		d.Changes.Holds.Add(h)
		d.State.Vouchers[v.ID] = v
		d.Changes.Vouchers.Add(v)
		d.Changes.Refusals = append(d.Changes.Refusals, r)
		d.Tombs[t.TombKey] = t
		d.Changes.Tombs = append(d.Changes.Tombs, t)
	})

	o.Result.Replayed = false
	s := b.load("b1", noon, named(name), order(o.Order), voucher(v.ID), tombApp(t.App), func(k *reverse.Keys) {
		k.Requests[o.Request] = struct{}{}
		k.Requests[r.Request] = struct{}{}
		k.Refunds[o.Refund] = struct{}{}
	})
	b.equal("member", s.Members["m"], m)
	b.equal("identifier", s.Idents[name], "m")
	b.equal("account", s.Accounts[a.ID], a)
	b.equal("purse", s.Purses["m"], []string{a.ID})
	b.equal("card", s.Idents[card(a.Card)], "m")
	b.equal("lot", s.Lots[l.LotID], l)
	b.equal("history", s.Orders[o.Order], []*ledger.Op{o})
	b.equal("request", s.Requests[o.Request], o)
	b.equal("refund", s.Refunds[o.Refund], o)
	b.equal("hold", s.Holds[h.HoldKey], h)
	b.equal("voucher", s.Vouchers[v.ID], v)
	b.equal("refusal", s.Refusals[r.Request], r)
	b.equal("tombstone", s.Tombs[t.TombKey], t)
	b.equal("tombstones", s.TombCount[t.App], 1)
	got := b.books("b1")
	b.equal("books", got, &books{
		Head: got.Head, Ops: []*ledger.Op{o}, Links: got.Links, Members: []*ledger.Member{m},
		Accounts: []*ledger.Account{a}, Lots: []*ledger.Lot{l}, Holds: []*ledger.Hold{h}, Vouchers: []*ledger.Voucher{v},
		Refusals: []*ledger.Refusal{r}, Tombs: []*ledger.Tombstone{t}, Rules: got.Rules,
	})

	// Every entity changes, but for the immutable operation.
	m.Name, m.Frozen, a.Balance, a.Lots = "", false, [ledger.Kinds]ledger.Amount{1, 2, 3, 4}, 9
	l.Balance, l.Held, l.Expires = 7, 3, ledger.Never
	h.Pins, h.Deadline = []ledger.Pin{{Lot: l.LotID, Amount: 3}}, noon+2000
	v.Left, v.Deleted = 0, false
	r.Until, r.Result = noon+2000, ledger.Refuse(ledger.OverHold, ledger.Money("held", 3))
	t.Amount, t.Until = 0, noon+2000
	b.write("b1", noon, func(d *draft) {
		d.PutMember(m)
		d.PutAccount(a)
		d.Changes.Members.Add(m)
		d.Changes.Accounts.Add(a)
		d.Changes.Lots.Add(l)
		d.Changes.Holds.Add(h)
		d.Changes.Vouchers.Add(v)
		d.Changes.Refusals = append(d.Changes.Refusals, r)
		d.Changes.Tombs = append(d.Changes.Tombs, t)
	}, member("m"), order(o.Order), voucher(v.ID))
	s = b.load("b1", noon, named(name), order(o.Order), voucher(v.ID), func(k *reverse.Keys) { k.Requests[r.Request] = struct{}{} })
	b.equal("member changed", s.Members["m"], m)
	b.equal("account changed", s.Accounts[a.ID], a)
	b.equal("lot changed", s.Lots[l.LotID], l)
	b.equal("hold changed", s.Holds[h.HoldKey], h)
	b.equal("voucher changed", s.Vouchers[v.ID], v)
	b.equal("refusal changed", s.Refusals[r.Request], r)
	b.equal("tombstone changed", s.Tombs[t.TombKey], t)
	got = b.books("b1")
	b.equal("refusals", got.Refusals, []*ledger.Refusal{r})
	b.equal("tombstones", got.Tombs, []*ledger.Tombstone{t})
}

func replay(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		o := d.op("A", "m", d.lot("m-1", 1, ledger.Real, ledger.Never, 100, 0))
		o.Request, o.Content = digest(1), digest(2)
		o.Result = ledger.Result{Flow: o.ID, ValueOK: true}
		d.op("A", "m").Refund = digest(3)
	})
	s := b.load("b1", noon, request(1), request(3), request(9))
	b.equal("found by request", len(s.Requests), 1)
	b.equal("content", s.Requests[digest(1)].Content, digest(2))
	b.equal("answer", s.Requests[digest(1)].Result.ValueOK, true)
	b.shows(s, "") // a replay needs nothing else

	s = b.load("b1", noon, refund(1), refund(3), refund(9))
	b.equal("found by refund number", len(s.Refunds), 1)
	b.equal("place", s.Refunds[digest(3)].Ordinal, 2)
}

func history(b *bench) {
	b.write("b1", noon, func(d *draft) {
		for _, id := range []string{"m", "n", "o"} {
			d.person(id)
		}
		l := d.lot("m-1", 1, ledger.Real, ledger.Never, 100, 40)
		d.lot("m-1", 2, ledger.Real, ledger.Never, 100, 0) // open, but of no concern
		d.op("A", "m", l)
		d.op("B", "n", d.lot("n-1", 1, ledger.Real, ledger.Never, 100, 0))
		p := d.lot("m-p", 1, ledger.Point, ledger.Never, 70, 40)
		freeze := d.op("A", "m")
		freeze.Pins = []ledger.Pin{{Lot: p, Amount: 40}}
		d.hold("A", ledger.Points, "m-p", noon+1000, p)
		d.hold("B", ledger.Value, "n-1", noon+1000)
		d.voucher("v1", "o")
		d.voucher("v2", "o")
		d.op("", "m")
		spend := d.op("A", "m")
		spend.Postings = []ledger.Posting{{Voucher: "v1", Kind: ledger.Use, Amount: -1}, {Book: "use", Kind: ledger.Use, Amount: 1}}
	})
	b.write("b1", noon, func(d *draft) { d.op("A", "m") }, order("A"))
	b.shows(b.load("b1", noon, order("A"), order("C"), order("")), `
		op A/1 seq 1
		op A/2 seq 3
		op A/3 seq 5
		op A/4 seq 6
		lot m-1#1 real 100/40
		lot m-p#1 point 70/40
		hold A point 40
		voucher v1
		member m [m-1 m-p]
		member o [o-1 o-p]`)
}

// debts: a line of a gift's lot leads to the history that says what the lot owes, and that to who is owed.
func debts(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		real := d.lot("m-1", 1, ledger.Real, ledger.Never, 100, 0)
		gift := d.lot("m-1", 2, ledger.Gift, ledger.Never, 100, 0)
		o := d.op("A", "m", gift)
		o.Postings[0].Kind, o.Postings[1].Kind = ledger.Gift, ledger.Gift
		debt := d.op(o.Postings[0].Debt(), "m", real)
		debt.Kind = ledger.OpDebt
	})
	b.shows(b.load("b1", noon, order("A")), `
		op A/1 seq 1
		op `+(&ledger.Posting{Lot: ledger.LotID{Account: "m-1", N: 2}, Kind: ledger.Gift}).Debt()+`/1 seq 2
		lot m-1#1 real 100/0
		lot m-1#2 gift 100/0
		member m [m-1 m-p]`)
}

func idents(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		d.person("n")
		d.account(&ledger.Account{ID: "m-2", Card: "c2", Member: "m", Type: ledger.OtherCard})
		d.account(&ledger.Account{ID: "0-gift", Card: "g", Member: "m", Type: ledger.GiftCard})
		d.bind(mobile("138"), "m")
		d.bind(outer("wechat", "x"), "m")
		d.bind(outer("alipay", "x"), "n")
		d.op("", "m")
	})
	all := []key{
		member("m"), member("x"), named(mobile("138")), named(mobile("139")), named(outer("wechat", "x")),
		named(outer("alipay", "x")), named(card("c2")), named(card("c9")),
	}
	s := b.load("b1", noon, all...)
	b.shows(s, `
		member m [m-1 m-2 0-gift m-p]
		member n [n-1 n-p]`)
	b.equal("names", s.Idents, map[ledger.Ident]string{
		customer("m"): "m", customer("n"): "n", mobile("138"): "m",
		outer("wechat", "x"): "m", outer("alipay", "x"): "n", card("c-m"): "m", card("c2"): "m", card("g"): "m", card("c-n"): "n",
	})

	// In one batch a name may go to somebody else, and one that was just bound may be given up.
	b.write("b1", noon, func(d *draft) {
		d.unbind(mobile("138"))
		d.bind(mobile("138"), "n")
		d.bind(mobile("139"), "m")
		d.unbind(outer("wechat", "x"))
		d.bind(outer("wechat", "y"), "m")
		d.unbind(outer("wechat", "y"))
		d.op("", "m")
	}, all...)
	s = b.load("b1", noon, all...)
	b.equal("names", s.Idents, map[ledger.Ident]string{
		customer("m"): "m", customer("n"): "n", mobile("138"): "n", mobile("139"): "m",
		outer("alipay", "x"): "n", card("c-m"): "m", card("c2"): "m", card("g"): "m", card("c-n"): "n",
	})
	b.shows(b.load("b1", noon, named(outer("wechat", "x")), named(outer("wechat", "y"))), "")
}

// spendingOrder reads lots one page at a time from a table, and sees that the page is the head of the order.
func spendingOrder(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		for i := range int64(ledger.LotPage) { // these fill the page but for what comes first
			d.lot("m-1", 100+i, ledger.Real, noon+5000, 10, 0)
		}
		for _, l := range []struct {
			n             int64
			kind          ledger.Kind
			expires       int64
			balance, held ledger.Amount
		}{
			{1, ledger.Real, ledger.Never, 10, 0},  // last
			{2, ledger.Real, noon + 9000, 10, 0},   // after the page
			{3, ledger.Real, noon + 1000, 10, 10},  // all held
			{4, ledger.Real, noon + 1000, 0, 0},    // spent
			{5, ledger.Real, noon + 1000, 10, 4},   // first
			{6, ledger.Real, noon + 1000, 10, 0},   // second
			{7, ledger.Real, noon, 10, 0},          // due: loaded as such, not of the page
			{300, ledger.Real, noon + 5000, 10, 0}, // same deadline as the page's, but younger
			{8, ledger.Gift, ledger.Never, 10, 0},  // another kind has its own page
			{9, ledger.Pre, noon + 1000, 10, 0},
		} {
			d.lot("m-1", l.n, l.kind, l.expires, l.balance, l.held)
		}
		d.lot("m-p", 1, ledger.Point, ledger.Never, 10, 0)
		d.op("", "m")
	})
	s := b.load("b1", noon, spend("m"))
	var got []int64
	for id := range s.Lots {
		if id.Account == "m-1" {
			got = append(got, id.N)
		}
	}
	want := []int64{5, 6, 7, 8, 9}
	for i := range int64(ledger.LotPage - 2) {
		want = append(want, 100+i)
	}
	b.equal("the page", sorted(got), want)
	b.equal("complete", s.Complete, map[string]bool{"m-p": true})
	b.equal("paged", s.Paged, map[string]bool{"m-1": true, "m-p": true})
}

func pages(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		d.person("n")
		for i := range int64(ledger.LotPage) {
			d.lot("m-1", i+1, ledger.Real, ledger.Never, 10, 0)
			d.lot("n-1", i+1, ledger.Real, ledger.Never, 10, 0)
		}
		d.lot("n-1", ledger.LotPage+1, ledger.Real, ledger.Never, 10, 0)
		d.lot("n-1", ledger.LotPage+2, ledger.Gift, ledger.Never, 10, 0)
		d.lot("n-1", ledger.LotPage+3, ledger.Gift, ledger.Never, 10, 10)
		d.op("", "m")
	})
	for _, tt := range []struct {
		name     string
		keys     []key
		lots     int
		complete map[string]bool
	}{
		{"not asked for", []key{member("m"), member("n")}, 0, nil},
		{"a page that is all", []key{spend("m")}, ledger.LotPage, map[string]bool{"m-1": true, "m-p": true}},
		{"a page of more", []key{spend("n")}, ledger.LotPage + 1, map[string]bool{"n-p": true}},
		{"all", []key{all("n")}, ledger.LotPage + 2, map[string]bool{"n-1": true, "n-p": true}},
		{"both", []key{spend("n"), all("n")}, ledger.LotPage + 2, map[string]bool{"n-1": true, "n-p": true}},
		{"nobody", []key{spend("x"), all("y")}, 0, nil},
	} {
		s := b.load("b1", noon, tt.keys...)
		b.equal(tt.name+": lots", len(s.Lots), tt.lots)
		b.equal(tt.name+": complete", s.Complete, tt.complete)
	}
	b.equal("by card", len(b.load("b1", noon, func(k *reverse.Keys) { k.Spends[card("c-m")] = struct{}{} }).Lots), ledger.LotPage)
}

func due(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		d.person("n")
		d.person("o")
		d.lot("m-1", 1, ledger.Real, noon+1000, 10, 0)
		d.lot("m-1", 2, ledger.Real, noon+1000, 10, 10) // pinned
		d.lot("m-1", 3, ledger.Real, noon+1001, 10, 0)
		d.lot("m-1", 4, ledger.Real, ledger.Never, 10, 0)
		d.lot("m-1", 5, ledger.Real, noon+1000, 0, 0)
		d.lot("m-p", 1, ledger.Point, noon+1000, 10, 9)
		d.op("F", "n").Pins = []ledger.Pin{{Lot: d.lot("n-1", 1, ledger.Real, noon+500, 40, 40), Amount: 40}}
		d.hold("F", ledger.Value, "n-1", noon+2000, ledger.LotID{Account: "n-1", N: 1})
		d.op("", "m")
	})
	ctx := b.Context()
	for _, tt := range []struct {
		at      int64
		members []string
		loaded  string
	}{
		{noon + 999, nil, ``},
		{noon + 1000, []string{"m"}, `
			lot m-1#1 real 10/0
			lot m-p#1 point 10/9`},
		{noon + 1001, []string{"m"}, `
			lot m-1#1 real 10/0
			lot m-1#3 real 10/0
			lot m-p#1 point 10/9`},
		{noon + 2000, []string{"m", "n"}, `
			lot m-1#1 real 10/0
			lot m-1#3 real 10/0
			lot m-p#1 point 10/9
			hold F value 40
			lot n-1#1 real 40/40
			op F/1 seq 1`}, // a hold's end is told in the history of its order
	} {
		members, err := b.s.Due(ctx, "b1", tt.at, 10)
		b.check(err)
		b.equal("members with something due", sorted(members), tt.members)
		b.shows(b.load("b1", tt.at, member("m"), member("n")), tt.loaded+`
			member m [m-1 m-p]
			member n [n-1 n-p]`)
	}
	for at, want := range map[int64]int64{noon + 999: 0, noon + 1000: 1, noon + 2000: 1} { // who has a hold that ends has no lot that does
		due, dated, err := b.s.DueShare(ctx, "b1", at)
		b.check(err)
		b.equal("members with lots due", due, want)
		if dated < 1 || dated > 2 {
			b.Errorf("%d members with dated lots", dated)
		}
	}
	members, err := b.s.Due(ctx, "b1", noon+2000, 1)
	b.check(err)
	b.equal("members within the limit", len(members), 1)
}

func holdsEnd(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		l := d.lot("m-1", 1, ledger.Real, ledger.Never, 100, 80)
		d.op("A", "m", l)
		d.hold("A", ledger.Value, "m-1", noon+1000, l)
		d.hold("A", ledger.Points, "m-p", noon+1000)
	})
	value, points := ledger.HoldKey{Order: "A"}, ledger.HoldKey{Order: "A", Family: ledger.Points}
	b.write("b1", noon, func(d *draft) {
		d.end("A", ledger.Value)
		d.op("A", "m")
	}, order("A"))
	s := b.load("b1", noon, order("A"))
	b.equal("ended", s.Holds[value], (*ledger.Hold)(nil))
	b.equal("open", s.Holds[points].Deadline, noon+1000)

	// In one batch a hold may end and another be opened in its place, and one may open and end.
	b.write("b1", noon, func(d *draft) {
		d.end("A", ledger.Points)
		d.hold("A", ledger.Points, "m-p", noon+3000)
		d.hold("A", ledger.Value, "m-1", noon+3000)
		d.end("A", ledger.Value)
		d.op("A", "m")
	}, order("A"))
	s = b.load("b1", noon, order("A"))
	b.equal("opened and ended", s.Holds[value], (*ledger.Hold)(nil))
	b.equal("opened again", s.Holds[points].Deadline, noon+3000)
}

func wallet(b *bench) {
	b.write("b1", noon, func(d *draft) {
		for _, id := range []string{"m", "n"} {
			d.person(id)
			for i := range int64(2 * ledger.LotPage) {
				d.lot(id+"-1", i+1, ledger.Real, noon+10+i, 10, 0)
			}
			d.hold("h-"+id, ledger.Value, id+"-1", noon+1000, d.lot(id+"-1", 999, ledger.Gift, ledger.Never, 40, 40))
			d.voucher("v1-"+id, id)
			d.voucher("v2-"+id, id)
		}
		d.op("", "m")
	})
	s := b.load("b1", noon, purse("m"), purse("x"))
	b.equal("lots", len(s.Lots), 2*ledger.LotPage+1)
	b.equal("complete", s.Complete, map[string]bool{"m-1": true, "m-p": true})
	clear(s.Lots)
	b.shows(s, `
		complete m-1
		complete m-p
		hold h-m value 40
		member m [m-1 m-p]
		voucher v1-m
		voucher v2-m`)
}

func vouchers(b *bench) {
	b.write("b1", noon, func(d *draft) {
		d.person("m")
		d.voucher("v1", "m")
		d.voucher("v2", "m")
		d.op("", "m")
	})
	b.shows(b.load("b1", noon, voucher("v1"), voucher("v9")), `
		voucher v1
		member m [m-1 m-p]`)
}

func tombstones(b *bench) {
	var kept, lifted ledger.TombKey
	b.write("b1", noon, func(d *draft) {
		kept = d.tomb("app1", "A", ledger.Value, noon+1000)
		lifted = d.tomb("app2", "A", ledger.Points, noon+1000)
		d.tomb("app1", "B", ledger.Value, noon+2000)
		d.tomb("app1", "B", ledger.Coupons, noon+2000) // a number counts once
	})
	s := b.load("b1", noon+999, order("A"), tombApp("app1"), tombApp("app2"), tombApp("app3"))
	b.shows(s, `
		tomb app1 A value
		tomb app2 A point`)
	b.equal("counts", s.TombCount, map[string]int{"app1": 2, "app2": 1})
	s = b.load("b1", noon+1000, order("A"), tombApp("app1"), tombApp("app2"))
	b.shows(s, "")
	b.equal("counts later", s.TombCount, map[string]int{"app1": 1})

	b.write("b1", noon, func(d *draft) {
		for _, k := range []ledger.TombKey{kept, lifted} {
			delete(d.Tombs, k)
			d.Changes.TombsLifted = append(d.Changes.TombsLifted, k)
		}
		d.tomb("app1", "A", ledger.Value, noon+3000) // lifted and planted again
		gone := d.tomb("app1", "A", ledger.Points, noon+3000)
		delete(d.Tombs, gone) // planted and lifted
		d.Changes.TombsLifted = append(d.Changes.TombsLifted, gone)
	}, order("A"))
	b.shows(b.load("b1", noon+1000, order("A")), `tomb app1 A value`)
}

func refusals(b *bench) {
	refuse := func(d *draft, n byte, until int64, c ledger.Code) {
		d.Changes.Refusals = append(d.Changes.Refusals, &ledger.Refusal{
			Request: digest(n), Content: digest(n + 100),
			Result: ledger.Refuse(c, ledger.Money("need", 7)), Until: until,
		})
	}
	b.write("b1", noon, func(d *draft) { refuse(d, 1, noon+1000, ledger.InsufficientBalance) })
	b.write("b1", noon, func(d *draft) { refuse(d, 2, noon+2000, ledger.OverHold) })
	b.write("b1", noon, func(d *draft) { refuse(d, 2, noon+3000, ledger.MemberFrozen) })
	for _, tt := range []struct {
		at   int64
		want map[ledger.Digest]ledger.Code
	}{
		{noon + 999, map[ledger.Digest]ledger.Code{digest(1): ledger.InsufficientBalance, digest(2): ledger.MemberFrozen}},
		{noon + 1000, map[ledger.Digest]ledger.Code{digest(2): ledger.MemberFrozen}},
		{noon + 3000, nil},
	} {
		got := map[ledger.Digest]ledger.Code{}
		for d, r := range b.load("b1", tt.at, request(1), request(2), request(3)).Refusals {
			got[d] = r.Result.Code
		}
		b.equal("remembered", got, tt.want)
	}
	b.equal("operations", len(b.books("b1").Ops), 0)
}
