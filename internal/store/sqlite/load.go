package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// todo is a set of keys to follow, each of them once.
type todo[K comparable] struct {
	seen map[K]struct{}
	next []K
}

func (t *todo[K]) add(k K) {
	var none K
	if k == none {
		return
	}
	if _, ok := t.seen[k]; ok {
		return
	}
	if t.seen == nil {
		t.seen = map[K]struct{}{}
	}
	t.seen[k] = struct{}{}
	t.next = append(t.next, k)
}

// take hands out what was added since, in the order of its keys: neighbours lie on the same pages.
func (t *todo[K]) take(order func(a, b K) int) []K {
	keys := t.next
	t.next = nil
	slices.SortFunc(keys, order)
	return keys
}

// loader fills a state. Keys lead to rows that hold further keys: orders lead to lots and vouchers, these to members, members to
// holds that are due, and these to orders again.
type loader struct {
	*reads
	ctx   context.Context
	brand int64
	head  head
	keys  *newest
	index []source
	homed *places
	asked *reverse.Keys
	at    int64 // the stamp
	s     *reverse.State

	rows  map[string]*memberRow          // by member
	table map[ledger.LotID]bool          // lots that have left their member's row
	holds map[ledger.HoldKey]ledger.Hold // as they were loaded

	members  todo[string]
	orders   todo[string]
	lots     todo[ledger.LotID]
	vouchers todo[string]
}

// memberRow is what a member's row says besides the member.
type memberRow struct {
	place  int64 // of the row; 0: there is none yet
	due    int64 // when the next of the member's lots or holds ends
	wallet *store.Wallet
}

// load reads everything that the keys lead to. The caller has opened a transaction.
func (s *Store) load(ctx context.Context, q *reads, brand string, keys *reverse.Keys, now int64) (*loader, error) {
	h, err := q.head(brand)
	if err != nil {
		return nil, err
	}
	rules, err := s.brand(q, &h)
	if err != nil {
		return nil, err
	}
	l := &loader{
		reads: q, ctx: ctx, brand: h.serial, head: h, at: max(now, h.link.At), s: reverse.NewState(rules),
		rows: make(map[string]*memberRow, len(keys.Idents)), table: map[ledger.LotID]bool{}, holds: map[ledger.HoldKey]ledger.Hold{},
	}
	l.s.Grow(len(keys.Idents))
	l.keys, l.homed, l.asked = s.newest(l.brand), s.places, keys
	if err := l.keys.catchUp(ctx, q, &l.head); err != nil {
		return nil, err
	}
	l.index = l.keys.sources(&l.head.index)
	return l, l.load(keys)
}

func (l *loader) load(keys *reverse.Keys) error {
	for _, step := range []func(*reverse.Keys) error{l.replays, l.wdk, l.names, l.counts} {
		if err := step(keys); err != nil {
			return err
		}
	}
	for no := range keys.Orders {
		l.orders.add(no)
	}
	for id := range keys.Vouchers {
		l.vouchers.add(id)
	}
	if err := l.wallets(keys.Wallets); err != nil {
		return err
	}
	if err := l.follow(); err != nil {
		return err
	}
	return l.pages(keys)
}

// follow loads until nothing leads any further.
func (l *loader) follow() error {
	for len(l.orders.next)+len(l.lots.next)+len(l.vouchers.next)+len(l.members.next) > 0 {
		for _, no := range l.orders.take(cmp.Compare) {
			if err := l.order(no); err != nil {
				return err
			}
		}
		for _, id := range l.vouchers.take(cmp.Compare) {
			if err := l.voucher(id); err != nil {
				return err
			}
		}
		if err := l.loadMembers(l.members.take(cmp.Compare)); err != nil {
			return err
		}
		for _, id := range l.lots.take(byAccount) { // most lie with members who are loaded by now
			if err := l.lot(id); err != nil {
				return err
			}
		}
	}
	return nil
}

func byAccount(a, b ledger.LotID) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.N, b.N))
}

// bind sets the brand as the first parameter of a query.
func (l *loader) bind(q *stmt) *stmt {
	q.int(1, l.brand)
	return q
}

func (l *loader) each(q *stmt, read func() error) error { return q.each(l.ctx, read) }

// op reads the operation of a row.
func op(q *stmt) (*ledger.Op, error) {
	o, err := store.ParseOp(q.columnBytes(1))
	if err != nil {
		return nil, err
	}
	o.Seq = q.columnInt(0)
	return o, nil
}

// find is the sequence number of a key's operation, 0 when there is none.
func (l *loader) find(key opKey) (int64, error) {
	seq, err := l.keys.find(key, &l.head)
	if err != nil || seq != 0 {
		return seq, err
	}
	return l.indexed(key, l.brand, l.index)
}

// sought reports whether all of an operation's keys were looked up when the state was loaded.
func (l *loader) sought(o *ledger.Op) bool {
	_, request := l.asked.Requests[o.Request]
	_, refund := l.asked.Refunds[o.Refund]
	_, order := l.orders.seen[o.Order]
	return (request || o.Request.IsZero()) && (refund || o.Refund.IsZero()) && (order || o.Order == "")
}

// history finds the operations of a business number, one ordinal after the other: most have none.
func (l *loader) history(no string) (seqs []int64, _ error) {
	for {
		seq, err := l.find(orderKey(no, len(seqs)+1))
		if err != nil || seq == 0 {
			return seqs, err
		}
		seqs = append(seqs, seq)
	}
}

// booked reads one operation.
func (l *loader) booked(seq int64) (o *ledger.Op, err error) {
	q := l.bind(l.Op)
	q.int(2, seq)
	err = l.each(q, func() error {
		o, err = op(q)
		return err
	})
	if err == nil && o == nil {
		err = fmt.Errorf("sqlite: operation %d of brand %d is gone", seq, l.brand)
	}
	return o, err
}

// replays loads what was asked before: operations by request and refund number, and remembered refusals.
func (l *loader) replays(keys *reverse.Keys) error {
	index := func(key opKey) error {
		seq, err := l.find(key)
		if err != nil || seq == 0 {
			return err
		}
		o, err := l.booked(seq)
		if err == nil {
			l.s.IndexOp(o)
		}
		return err
	}
	for d := range keys.Requests {
		if err := index(requestKey(d)); err != nil {
			return err
		}
		r := l.bind(l.Refusal)
		r.blob(2, d[:])
		r.int(3, l.at)
		err := l.each(r, func() error {
			v := &ledger.Refusal{Request: d, Content: ledger.Digest(r.columnBytes(0)), Until: r.columnInt(1)}
			var err error
			v.Result, err = store.ParseResult(r.columnBytes(2))
			l.s.Refusals[d] = v
			return err
		})
		if err != nil {
			return err
		}
	}
	for d := range keys.Refunds {
		if err := index(refundKey(d)); err != nil {
			return err
		}
	}
	return nil
}

// wdk loads WDK orders by any of their numbers, with every reverse.
func (l *loader) wdk(keys *reverse.Keys) error {
	mains := map[int64]struct{}{}
	find := func(q *stmt) error {
		return l.each(q, func() error {
			mains[q.columnInt(0)] = struct{}{}
			return nil
		})
	}
	for no := range keys.Subs {
		mains[no] = struct{}{}
		q := l.bind(l.MainBySub)
		q.int(2, no)
		if err := find(q); err != nil {
			return err
		}
	}
	for out := range keys.Outs {
		q := l.bind(l.MainByOut)
		q.text(2, out)
		if err := find(q); err != nil {
			return err
		}
	}
	for out := range keys.OutSubs {
		q := l.bind(l.MainsByOutSub)
		q.text(2, out)
		if err := find(q); err != nil {
			return err
		}
	}
	for id := range keys.Reverses {
		q := l.bind(l.MainByReverse)
		q.int(2, id)
		if err := find(q); err != nil {
			return err
		}
	}
	for token := range keys.Quotes {
		q := l.bind(l.Quote)
		q.text(2, token)
		err := l.each(q, func() error {
			v, err := store.Decode[reverse.Quote](q.columnBytes(0))
			if err != nil {
				return err
			}
			l.s.Quotes[token] = v
			mains[v.Main] = struct{}{}
			return l.bearers(v.GiftCards)
		})
		if err != nil {
			return err
		}
	}
	// Of two sub-orders with one outer number the newer order's counts: it comes last.
	for _, main := range slices.Sorted(maps.Keys(mains)) {
		if err := l.wdkOrder(main); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) wdkOrder(main int64) error {
	q := l.bind(l.WdkOrder)
	q.int(2, main)
	err := l.each(q, func() error {
		o, err := store.DecodeOrder(q.columnBytes(0))
		if err != nil {
			return err
		}
		l.s.PutOrder(o)
		for i := range o.Tenders {
			if t := &o.Tenders[i]; t.Asset() {
				l.orders.add(t.Order)
				if t.Card != "" {
					if err := l.bearers([]string{t.Card}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	if err != nil || l.s.WdkOrders[main] == nil {
		return err
	}
	q = l.bind(l.ReversesOf)
	q.int(2, main)
	return l.each(q, func() error {
		r, err := store.DecodeReverse(q.columnBytes(0))
		if err != nil {
			return err
		}
		l.s.Reverses[r.ID] = r
		return l.bearers(r.GiftCards)
	})
}

// bearers finds who holds gift cards.
func (l *loader) bearers(cards []string) error {
	for _, card := range cards {
		if _, err := l.name(ledger.Ident{Type: ledger.ByCard, Text: card}); err != nil {
			return err
		}
	}
	return nil
}

// names finds the members of identifiers.
func (l *loader) names(keys *reverse.Keys) error {
	for _, set := range []map[ledger.Ident]struct{}{keys.Idents, keys.Spends, keys.AllLots, keys.Wallets} {
		for id := range set {
			if _, err := l.name(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// name finds the member of an identifier and answers its id, or "" for nobody.
func (l *loader) name(id ledger.Ident) (string, error) {
	if m := l.s.Idents[id]; m != "" {
		return m, nil
	}
	if id.Type == ledger.ByCustomer {
		l.members.add(id.Text) // PutMember names it, if it exists
		return id.Text, nil
	}
	err := l.bearer(id, func(member string) { l.s.Idents[id] = member })
	return l.s.Idents[id], err
}

// accountName is the type of the names of accounts: customer ids need none, they are the members' keys.
const accountName = ledger.ByCustomer

// bearer looks up whom a name names, and loads the member.
func (l *loader) bearer(id ledger.Ident, found func(member string)) error {
	q := l.bind(l.MemberByIdent)
	q.int(2, int64(id.Type))
	q.text(3, id.Outer)
	q.text(4, id.Text)
	return l.each(q, func() error {
		m, err := l.readMember(q)
		found(m)
		return err
	})
}

// counts counts what is bounded: numbers with live tombstones of an app, live quotes of a store.
func (l *loader) counts(keys *reverse.Keys) error {
	count := func(q *stmt, name string, into map[string]int) error {
		l.bind(q)
		q.text(2, name)
		q.int(3, l.at)
		return l.each(q, func() error {
			if n := q.columnInt(0); n > 0 {
				into[name] = int(n)
			}
			return nil
		})
	}
	for app := range keys.TombApps {
		if err := count(l.CountTombs, app, l.s.TombCount); err != nil {
			return err
		}
	}
	for name := range keys.Stores {
		if err := count(l.CountQuotes, name, l.s.LiveQuotes); err != nil {
			return err
		}
	}
	return nil
}

// order loads the history of a business number, its open holds and its tombstones.
func (l *loader) order(no string) error {
	seqs, err := l.history(no)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		o, err := l.booked(seq)
		if err != nil {
			return err
		}
		l.s.PutOp(o)
		l.members.add(o.Member)
		for i := range o.Postings {
			l.lots.add(o.Postings[i].Lot)
			l.vouchers.add(o.Postings[i].Voucher)
		}
		l.pins(o.Pins)
	}
	h := l.bind(l.HoldsOfOrder)
	h.text(2, no)
	if err := l.each(h, func() error { return l.hold(h) }); err != nil {
		return err
	}
	t := l.bind(l.TombsOfOrder)
	t.text(2, no)
	t.int(3, l.at)
	return l.each(t, func() error {
		v := &ledger.Tombstone{
			TombKey: ledger.TombKey{
				Order: t.columnText(0), App: t.columnText(1),
				Family: ledger.Family(t.columnInt(2)), Charge: t.columnInt(3) != 0,
			}, Signed: t.columnInt(4),
			Amount: ledger.Amount(t.columnInt(5)), Member: t.columnText(6), Until: t.columnInt(7),
		}
		l.s.Tombs[v.TombKey] = v
		return nil
	})
}

func (l *loader) pins(pins []ledger.Pin) {
	for _, p := range pins {
		l.lots.add(p.Lot)
	}
}

// hold reads the hold of a row, and follows it to its order: that it ends is told there.
func (l *loader) hold(q *stmt) error {
	h, err := store.ParseHold(q.columnBytes(0))
	if err != nil {
		return err
	}
	if l.s.Holds[h.HoldKey] != nil {
		return nil
	}
	l.s.Holds[h.HoldKey], l.holds[h.HoldKey] = h, *h
	l.pins(h.Pins)
	l.members.add(h.Member)
	if l.at >= h.Deadline {
		l.orders.add(h.Order)
	}
	return nil
}

func (l *loader) putLot(v *ledger.Lot) {
	if l.s.Lots[v.LotID] == nil {
		l.s.Lots[v.LotID] = v
		l.members.add(v.Member)
	}
}

// readLots puts the lots of a query's rows into the state: they have left their members' rows.
func (l *loader) readLots(q *stmt) error {
	return l.each(q, func() error {
		v := lotOf(q)
		l.table[v.LotID] = true
		l.putLot(v)
		return nil
	})
}

func lotOf(q *stmt) *ledger.Lot {
	v := &ledger.Lot{
		LotID: ledger.LotID{Account: q.columnText(0), N: q.columnInt(1)}, Kind: ledger.Kind(q.columnInt(2)),
		Member: q.columnText(3), Expires: q.columnInt(5), Granted: ledger.Amount(q.columnInt(6)),
		Balance: ledger.Amount(q.columnInt(7)), Held: ledger.Amount(q.columnInt(8)),
	}
	copy(v.Origin[:], q.columnBytes(4))
	if v.Expires == math.MaxInt64 {
		v.Expires = ledger.Never
	}
	return v
}

// home is the row that an account lies in, nil while that is not loaded.
func (l *loader) home(account string) *memberRow {
	if a := l.s.Accounts[account]; a != nil {
		return l.rows[a.Member]
	}
	return nil
}

// lot looks for a lot in its member's row, then in the table.
func (l *loader) lot(id ledger.LotID) error {
	if l.s.Lots[id] != nil {
		return nil
	}
	if l.home(id.Account) == nil {
		if err := l.bearer(ledger.Ident{Type: accountName, Text: id.Account}, func(string) {}); err != nil {
			return err
		}
	}
	if row := l.home(id.Account); row != nil {
		v, err := row.wallet.Lot(id)
		if err != nil {
			return err
		}
		if v != nil {
			l.putLot(v)
			return nil
		}
	}
	q := l.bind(l.Lot)
	q.text(2, id.Account)
	q.int(3, id.N)
	return l.readLots(q)
}

func (l *loader) voucher(id string) error {
	q := l.bind(l.Voucher)
	q.text(2, id)
	return l.each(q, func() error { return l.readVoucher(q) })
}

func (l *loader) readVoucher(q *stmt) error {
	v, err := store.ParseVoucher(q.columnBytes(0))
	if err != nil {
		return err
	}
	l.s.Vouchers[v.ID] = v
	l.members.add(v.Member)
	return nil
}

// membersAtOnce is how many rows MembersAt takes.
const membersAtOnce = 8

// loadMembers loads members: from where their rows are remembered to be, or by the index.
func (l *loader) loadMembers(ids []string) error {
	loaded := func(id string) bool { return l.rows[id] != nil }
	ids = slices.DeleteFunc(ids, loaded) // by a name, or with a lot
	for chunk := range slices.Chunk(ids, membersAtOnce) {
		q := l.bind(l.MembersAt)
		for i := range int32(membersAtOnce) {
			place := int64(0)
			if int(i) < len(chunk) {
				place = l.homed.get(l.brand, chunk[i])
			}
			if place != 0 {
				q.int(2+i, place)
			} else {
				q.null(2 + i)
			}
		}
		err := l.each(q, func() error {
			of := func(id string) bool { return string(q.columnBytes(0)) == id }
			if !slices.ContainsFunc(chunk, of) {
				return nil // somebody else's row
			}
			_, err := l.readMember(q)
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, id := range slices.DeleteFunc(ids, loaded) {
		q := l.bind(l.Member)
		q.text(2, id)
		err := l.each(q, func() error {
			_, err := l.readMember(q)
			l.homed.put(l.brand, id, q.columnInt(1))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readMember reads a member of a query's row with its accounts, and what is due of it. It answers who it is.
func (l *loader) readMember(q *stmt) (id string, err error) {
	id = q.columnText(0)
	if l.rows[id] != nil {
		return id, nil
	}
	row := &memberRow{place: q.columnInt(1), due: q.columnInt(2)}
	m, err := store.ParseMember(id, q.columnBytes(3))
	if err != nil {
		return id, err
	}
	if row.wallet, err = store.ParseWallet(id, q.columnBytes(4)); err != nil {
		return id, err
	}
	l.s.PutMember(m)
	l.rows[id] = row
	for _, a := range row.wallet.Accounts {
		l.s.PutAccount(a)
	}
	if row.due > l.at {
		return id, nil
	}
	due, err := row.wallet.Due(l.at)
	if err != nil {
		return id, err
	}
	for _, v := range due {
		l.putLot(v)
	}
	lots := l.bind(l.LotsDue)
	lots.text(2, id)
	lots.int(3, l.at)
	if err := l.readLots(lots); err != nil {
		return id, err
	}
	holds := l.bind(l.HoldsDue)
	holds.text(2, id)
	holds.int(3, l.at)
	return id, l.each(holds, func() error { return l.hold(holds) })
}

// pages loads open lots in spending order: a page of each kind in each account of those who spend, all of those named for all.
func (l *loader) pages(keys *reverse.Keys) error {
	limits := map[string]int{} // by member
	for id := range keys.Spends {
		limits[l.s.Idents[id]] = ledger.LotPage
	}
	for _, set := range []map[ledger.Ident]struct{}{keys.AllLots, keys.Wallets} {
		for id := range set {
			limits[l.s.Idents[id]] = math.MaxInt
		}
	}
	delete(limits, "")
	for _, member := range slices.Sorted(maps.Keys(limits)) {
		for _, account := range l.s.Purses[member] {
			if err := l.page(account, limits[member]); err != nil {
				return err
			}
		}
	}
	return nil
}

// page loads the first open lots of each kind in an account.
func (l *loader) page(account string, limit int) error {
	wallet := l.home(account).wallet
	lots, err := wallet.Open(account, l.at)
	if err != nil {
		return err
	}
	var open [ledger.Kinds][]*ledger.Lot
	for _, v := range lots {
		open[v.Kind] = append(open[v.Kind], v)
	}
	older := wallet.Spilled(l.s.Accounts[account])
	complete := true
	for kind := range open {
		if older {
			q := l.bind(l.LotsOpen)
			q.text(2, account)
			q.int(3, int64(kind))
			q.int(4, l.at)
			q.int(5, int64(min(limit, math.MaxInt-1)+1)) // one more tells that there are more
			err := l.each(q, func() error {
				v := lotOf(q)
				l.table[v.LotID] = true
				open[kind] = append(open[kind], v)
				return nil
			})
			if err != nil {
				return err
			}
		}
		slices.SortFunc(open[kind], store.SpendingOrder)
		complete = complete && len(open[kind]) <= limit
		for _, v := range open[kind][:min(limit, len(open[kind]))] {
			l.putLot(v)
		}
	}
	l.s.Paged[account] = true
	if complete {
		l.s.Complete[account] = true
	}
	return nil
}

// wallets loads what members can show besides their lots: vouchers and open holds.
func (l *loader) wallets(set map[ledger.Ident]struct{}) error {
	for id := range set {
		member, err := l.name(id)
		if err != nil {
			return err
		}
		if member == "" {
			continue
		}
		v := l.bind(l.VouchersOf)
		v.text(2, member)
		if err := l.each(v, func() error { return l.readVoucher(v) }); err != nil {
			return err
		}
		h := l.bind(l.HoldsOf)
		h.text(2, member)
		if err := l.each(h, func() error { return l.hold(h) }); err != nil {
			return err
		}
	}
	return nil
}
