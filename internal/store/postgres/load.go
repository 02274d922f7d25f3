package postgres

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

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

// take hands out what was added since.
func (t *todo[K]) take() []K {
	keys := t.next
	t.next = nil
	return keys
}

// mode says what a loader is for.
type mode uint8

const (
	resolving mode = iota // finds members and WDK orders, reads nothing else
	reading               // reads what the keys lead to, on one snapshot
	locked                // the same under locks: what leads beyond them ends in errUnlocked
)

// errUnlocked: what was locked is not all that the keys lead to. The loader knows now what is.
var errUnlocked = errors.New("postgres: keys lead beyond what is locked")

// loader fills a state, one round trip at a time. Keys lead to rows that hold further keys: orders lead to lots and vouchers, these to
// members, members to holds that are due, and these to orders again. Most loads are over after one trip: the newest lots come with
// their members.
type loader struct {
	store *Store
	conn  *pgx.Conn
	brand int64
	mode  mode
	clock *int64 // the caller's; nil: the database's
	trip  *pgx.Batch

	at      int64 // the stamp
	seq     int64 // of the last operation when the load began
	memory  int64 // likewise
	version int64 // of the rules
	s       *reverse.State
	known   map[ledger.LotID]lotRow // lots as they are in the database
	ends    map[ledger.HoldKey]holdRow
	names   map[string]struct{} // accounts that are there
	rows    map[string]memberRow

	check    []string // members that may have something due
	idents   todo[ledger.Ident]
	members  todo[string]
	orders   todo[string]
	lots     todo[ledger.LotID]
	older    todo[ledger.LotID] // those of them that are asked of the table
	vouchers todo[string]
	subs     todo[int64]
	outs     todo[string]
	outSubs  todo[string]
	reverses todo[int64]
	quotes   todo[string]
	mains    todo[int64]
}

// memberRow is what a member's row says besides the member.
type memberRow struct {
	due    int64 // when the next of the open lots and holds ends
	wallet *store.Wallet
	place  string // of the row, which stays while it is locked
}

// lotRow is where a lot lies, and when it ends there.
type lotRow struct {
	place string // of the row; "": in its member's wallet
	end   int64
}

// holdRow is whose a hold is, and when it ends, before the batch changes it: a state forgets holds that end.
type holdRow struct {
	member string
	end    int64
}

func newLoader(s *Store, brand int64, m mode) *loader {
	return &loader{
		store: s, brand: brand, mode: m, trip: &pgx.Batch{}, s: reverse.NewState(nil),
		known: map[ledger.LotID]lotRow{}, ends: map[ledger.HoldKey]holdRow{}, names: map[string]struct{}{}, rows: map[string]memberRow{},
	}
}

// start notes where the keys begin.
func (l *loader) start(keys *reverse.Keys) {
	for _, set := range []map[ledger.Ident]struct{}{keys.Idents, keys.Spends, keys.AllLots, keys.Wallets} {
		for id := range set {
			l.name(id)
		}
	}
	orders := keys.Orders
	if l.mode == resolving { // those who are named need no looking up; should a number be another's, Begin finds it
		orders = keys.Unnamed
	}
	for no := range orders {
		l.orders.add(no)
	}
	for id := range keys.Vouchers {
		l.vouchers.add(id)
	}
	for no := range keys.Subs {
		l.mains.add(no)
		l.subs.add(no)
	}
	for out := range keys.Outs {
		l.outs.add(out)
	}
	for out := range keys.OutSubs {
		l.outSubs.add(out)
	}
	for id := range keys.Reverses {
		l.reverses.add(id)
	}
	for token := range keys.Quotes {
		l.quotes.add(token)
	}
}

// name notes an identifier to be looked up.
func (l *loader) name(id ledger.Ident) {
	if id.Type == ledger.ByCustomer {
		l.members.add(id.Text) // PutMember names it, if it exists
		return
	}
	l.idents.add(id)
}

// empty reports whether there is nothing to look up: members named by their ids need no resolving.
func (l *loader) empty() bool {
	return len(l.idents.next)+len(l.orders.next)+len(l.lots.next)+len(l.vouchers.next)+len(l.subs.next)+len(l.outs.next)+
		len(l.outSubs.next)+len(l.reverses.next)+len(l.quotes.next)+len(l.mains.next) == 0 && (l.mode == resolving || len(l.members.next) == 0)
}

// resolved is what a resolving loader found.
func (l *loader) resolved() *store.Resolved {
	return &store.Resolved{Members: slices.Sorted(maps.Keys(l.members.seen)), Orders: slices.Sorted(maps.Keys(l.mains.seen))}
}

// ask queues a statement of this brand for the next trip.
func (l *loader) ask(text string, read func(row) error, args ...any) {
	l.trip.Queue(text, append([]any{l.brand}, args...)...).Query(func(rows pgx.Rows) error { return each(rows, read) })
}

// send makes the trip.
func (l *loader) send(ctx context.Context) error {
	if l.trip.Len() == 0 {
		return nil
	}
	trip := l.trip
	l.trip = &pgx.Batch{}
	return l.conn.SendBatch(ctx, trip).Close()
}

// lock queues the locks: members, then WDK orders, both in the order of their keys; what is locked is read by the same statement.
func (l *loader) lock(r *store.Resolved) {
	for _, id := range r.Members {
		l.members.add(id)
	}
	for _, main := range r.Orders {
		l.mains.add(main)
	}
	if ids := l.members.take(); len(ids) > 0 { // sorted, as they were resolved
		l.ask(sql.LockMembers, l.member, ids)
	}
	if mains := l.mains.take(); len(mains) > 0 {
		l.ask(sql.LockWdkOrders, l.wdkOrder, mains)
		l.ask(sql.ReversesOf, l.reverse, mains)
	}
}

// load reads everything that the keys lead to, and what is already queued before it.
func (l *loader) load(ctx context.Context, keys *reverse.Keys) error {
	l.ask(sql.Head, func(r row) error {
		l.seq, l.memory, l.version, l.at = r.int(0), r.int(1), r.int(2), r.int(3)
		return nil
	}, l.clock)
	l.start(keys)
	l.once(keys)
	if err := l.follow(ctx); err != nil {
		return err
	}
	if l.wallets(keys.Wallets) {
		if err := l.follow(ctx); err != nil {
			return err
		}
	}
	l.filter()
	if err := l.pages(ctx, keys); err != nil {
		return err
	}
	rules, err := l.store.brand(ctx, l.conn, l.brand, l.version)
	l.s.Brand = rules
	return err
}

// follow makes trips until nothing leads any further.
func (l *loader) follow(ctx context.Context) error {
	for l.trip.Len() > 0 || !l.empty() {
		if err := l.round(); err != nil {
			return err
		}
		if err := l.send(ctx); err != nil {
			return err
		}
		if err := l.due(); err != nil {
			return err
		}
		if l.mode == locked && len(l.members.next)+len(l.mains.next) > 0 {
			return errUnlocked
		}
	}
	return nil
}

// round queues what is to be followed.
func (l *loader) round() error {
	l.askWdk()
	l.askOrders()
	l.askVouchers()
	members := false
	if l.mode == reading {
		if ids := l.members.take(); len(ids) > 0 {
			l.ask(sql.Members, l.member, ids)
			members = true
		}
	}
	if err := l.askLots(members); err != nil {
		return err
	}
	l.askNames()
	return nil
}

// due finds what members have that has ended. Their rows tell who cannot have any.
func (l *loader) due() error {
	members := slices.DeleteFunc(l.check, func(id string) bool { return l.rows[id].due > l.at })
	l.check = nil
	var spilled []string
	for _, id := range members {
		w := l.rows[id].wallet
		due, err := w.Due(l.at)
		if err != nil {
			return err
		}
		for _, v := range due {
			l.recent(v)
		}
		if slices.ContainsFunc(w.Accounts, w.Spilled) {
			spilled = append(spilled, id)
		}
	}
	if len(spilled) > 0 {
		l.ask(sql.LotsDue, l.lot, spilled, l.at)
	}
	if len(members) > 0 {
		l.ask(sql.HoldsDue, l.hold, members, l.at)
	}
	return nil
}

func (l *loader) askNames() {
	ids := l.idents.take()
	if len(ids) == 0 {
		return
	}
	types, outers, texts := make([]int16, len(ids)), make([]string, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		types[i], outers[i], texts[i] = int16(id.Type), id.Outer, id.Text
	}
	l.ask(sql.Idents, func(r row) error {
		m := r.text(3)
		if t := ledger.IdentType(r.int(0)); t != accountName {
			l.s.Idents[ledger.Ident{Type: t, Outer: r.text(1), Text: r.text(2)}] = m
		}
		l.members.add(m)
		return nil
	}, types, outers, texts)
}

func (l *loader) askWdk() {
	main := func(r row) error { l.mains.add(r.int(0)); return nil }
	if keys := l.subs.take(); len(keys) > 0 {
		l.ask(sql.MainsBySub, main, keys)
	}
	if keys := l.outs.take(); len(keys) > 0 {
		l.ask(sql.MainsByOut, main, keys)
	}
	if keys := l.outSubs.take(); len(keys) > 0 {
		l.ask(sql.MainsByOutSub, main, keys)
	}
	if keys := l.reverses.take(); len(keys) > 0 {
		l.ask(sql.MainsByReverse, main, keys)
	}
	if keys := l.quotes.take(); len(keys) > 0 {
		l.ask(sql.Quotes, func(r row) error {
			v, err := store.Decode[reverse.Quote](r.bytes(0))
			if err != nil {
				return err
			}
			l.s.Quotes[v.Token] = v
			l.mains.add(v.Main)
			l.bearers(v.GiftCards)
			return nil
		}, keys)
	}
	if l.mode == locked {
		return
	}
	if mains := l.mains.take(); len(mains) > 0 {
		l.ask(sql.WdkOrders, l.wdkOrder, mains)
		l.ask(sql.ReversesOf, l.reverse, mains)
	}
}

// wdkOrder reads an order, and follows its tenders.
func (l *loader) wdkOrder(r row) error {
	o, err := store.DecodeOrder(r.bytes(0))
	if err != nil {
		return err
	}
	l.s.WdkOrders[o.Main] = o
	for i := range o.Tenders {
		if t := &o.Tenders[i]; t.Asset() {
			l.orders.add(t.Order)
			if t.Card != "" {
				l.bearers([]string{t.Card})
			}
		}
	}
	return nil
}

func (l *loader) reverse(r row) error {
	v, err := store.DecodeReverse(r.bytes(0))
	if err != nil || l.s.WdkOrders[v.Main] == nil { // orders are read first
		return err
	}
	l.s.Reverses[v.ID] = v
	l.bearers(v.GiftCards)
	return nil
}

// bearers finds who holds gift cards.
func (l *loader) bearers(cards []string) {
	for _, card := range cards {
		l.name(ledger.Ident{Type: ledger.ByCard, Text: card})
	}
}

// askOrders queues histories of business numbers with their open holds and their tombstones.
func (l *loader) askOrders() {
	nos := l.orders.take()
	switch {
	case len(nos) == 0:
		return
	case l.mode == resolving:
		l.ask(sql.HistoryMembers, func(r row) error { l.members.add(r.text(0)); return nil }, nos)
		return
	}
	l.ask(sql.Histories, func(r row) error {
		o, err := op(r)
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
		return nil
	}, nos)
	l.ask(sql.HoldsOfOrders, l.hold, nos)
	l.ask(sql.TombsOfOrders, func(r row) error {
		v := tombOf(r)
		l.s.Tombs[v.TombKey] = v
		return nil
	}, nos)
}

// op reads the operation of a row.
func op(r row) (*ledger.Op, error) {
	o, err := store.ParseOp(r.bytes(1))
	if err != nil {
		return nil, err
	}
	o.Seq = r.int(0)
	return o, nil
}

func tombOf(r row) *ledger.Tombstone {
	return &ledger.Tombstone{
		TombKey: ledger.TombKey{
			Order: r.text(0), App: r.text(1), Family: ledger.Family(r.int(2)), Charge: r.bool(3),
		},
		Signed: r.int(4), Amount: ledger.Amount(r.int(5)), Member: r.text(6), Until: r.int(7),
	}
}

func refusalOf(r row) (*ledger.Refusal, error) {
	v := &ledger.Refusal{Until: r.int(2)}
	r.digest(0, v.Request[:])
	r.digest(1, v.Content[:])
	var err error
	v.Result, err = store.ParseResult(r.bytes(3))
	return v, err
}

// askLots looks for lots in the wallets that are there, and queues the others: most are asked for soon after they were granted. Those
// whose accounts are not there wait while members are on their way, in this trip or by the accounts' names.
func (l *loader) askLots(members bool) error {
	for _, id := range l.lots.take() {
		w := l.wallet(id.Account)
		switch {
		case l.s.Lots[id] != nil:
			continue
		case w != nil:
			v, err := w.Lot(id)
			if err != nil {
				return err
			}
			if v != nil {
				l.recent(v)
				continue
			}
		case members:
			l.lots.next = append(l.lots.next, id)
			continue
		default:
			l.idents.add(ledger.Ident{Type: accountName, Text: id.Account})
			if len(l.idents.next) > 0 {
				l.lots.next = append(l.lots.next, id)
			}
		}
		l.older.add(id)
	}
	if ids := l.older.take(); len(ids) > 0 {
		accounts, ns := make([]string, len(ids)), make([]int64, len(ids))
		for i, id := range ids {
			accounts[i], ns[i] = id.Account, id.N
		}
		l.ask(sql.LotsByID, l.lot, accounts, ns)
	}
	return nil
}

// wallet is where the newest lots of an account lie, nil while its member is not there.
func (l *loader) wallet(account string) *store.Wallet {
	if a := l.s.Accounts[account]; a != nil {
		return l.rows[a.Member].wallet
	}
	return nil
}

func (l *loader) askVouchers() {
	ids := l.vouchers.take()
	switch {
	case len(ids) == 0:
	case l.mode == resolving:
		l.ask(sql.VoucherMembers, func(r row) error { l.members.add(r.text(0)); return nil }, ids)
	default:
		l.ask(sql.Vouchers, l.voucher, ids)
	}
}

func (l *loader) pins(pins []ledger.Pin) {
	for _, p := range pins {
		l.lots.add(p.Lot)
	}
}

func (l *loader) hold(r row) error {
	h, err := store.ParseHold(r.bytes(0))
	if err == nil {
		l.putHold(h)
	}
	return err
}

// putHold follows a hold to what it pins, and to its order when it is due: that it ends is told there.
func (l *loader) putHold(h *ledger.Hold) {
	if l.s.Holds[h.HoldKey] != nil {
		return
	}
	l.s.Holds[h.HoldKey] = h
	l.ends[h.HoldKey] = holdRow{h.Member, h.Deadline}
	l.pins(h.Pins)
	l.members.add(h.Member)
	if l.at >= h.Deadline {
		l.orders.add(h.Order)
	}
}

func (l *loader) lot(r row) error {
	l.putLot(l.stored(r))
	return nil
}

// stored reads a lot of the table.
func (l *loader) stored(r row) *ledger.Lot {
	v := lotOf(r)
	l.known[v.LotID] = lotRow{r.text(9), lotEnd(v)}
	return v
}

// recent loads a lot out of a wallet.
func (l *loader) recent(v *ledger.Lot) {
	l.known[v.LotID] = lotRow{end: lotEnd(v)}
	l.putLot(v)
}

// lotEnd is when an open lot ends; others do not.
func lotEnd(v *ledger.Lot) int64 {
	if v.Free() <= 0 {
		return math.MaxInt64
	}
	return farEnd(v.Expires)
}

func (l *loader) putLot(v *ledger.Lot) {
	if l.s.Lots[v.LotID] == nil {
		l.s.Lots[v.LotID] = v
		l.members.add(v.Member)
	}
}

func lotOf(r row) *ledger.Lot {
	v := &ledger.Lot{
		LotID: ledger.LotID{Account: r.text(0), N: r.int(1)}, Kind: ledger.Kind(r.int(2)), Member: r.text(3),
		Expires: r.int(5), Granted: ledger.Amount(r.int(6)), Balance: ledger.Amount(r.int(7)), Held: ledger.Amount(r.int(8)),
	}
	r.digest(4, v.Origin[:])
	if v.Expires == math.MaxInt64 {
		v.Expires = ledger.Never
	}
	return v
}

func (l *loader) voucher(r row) error {
	v, err := store.ParseVoucher(r.bytes(0))
	if err != nil {
		return err
	}
	l.s.Vouchers[v.ID] = v
	l.members.add(v.Member)
	return nil
}

// member reads a member with its wallet.
func (l *loader) member(r row) error {
	id := r.text(0)
	m, err := store.ParseMember(id, r.bytes(1))
	if err != nil {
		return err
	}
	wallet, err := store.ParseWallet(id, r.bytes(2))
	if err != nil {
		return err
	}
	l.s.PutMember(m)
	l.rows[m.ID] = memberRow{due: r.int(3), wallet: wallet, place: r.text(4)}
	l.check = append(l.check, m.ID)
	for _, a := range wallet.Accounts {
		l.s.PutAccount(a)
		l.names[a.ID] = struct{}{}
	}
	return nil
}

// once queues what leads nowhere: what was asked before, and counts of what is bounded.
func (l *loader) once(keys *reverse.Keys) {
	index := func(r row) error {
		o, err := op(r)
		if err == nil {
			l.s.IndexOp(o)
		}
		return err
	}
	if len(keys.Requests) > 0 {
		list := digests(keys.Requests)
		l.ask(sql.OpsByRequest, index, list)
		l.ask(sql.Refusals, func(r row) error {
			v, err := refusalOf(r)
			l.s.Refusals[v.Request] = v
			return err
		}, list)
	}
	if len(keys.Refunds) > 0 {
		l.ask(sql.OpsByRefund, index, digests(keys.Refunds))
	}
	count := func(into map[string]int) func(row) error {
		return func(r row) error {
			if n := r.int(1); n > 0 {
				into[r.text(0)] = int(n)
			}
			return nil
		}
	}
	if len(keys.TombApps) > 0 {
		l.ask(sql.CountTombs, count(l.s.TombCount), slices.Collect(maps.Keys(keys.TombApps)), l.clock)
	}
	if len(keys.Stores) > 0 {
		l.ask(sql.CountQuotes, count(l.s.LiveQuotes), slices.Collect(maps.Keys(keys.Stores)), l.clock)
	}
}

func digests(set map[ledger.Digest]struct{}) [][]byte {
	list := make([][]byte, 0, len(set))
	for d := range set {
		list = append(list, d[:])
	}
	return list
}

// filter takes out what the stamp says is over, or not yet due: the statements do not know the stamp. Numbers of WDK orders are noted
// in the order of the mains: of two sub-orders with one outer number the newer order's counts.
func (l *loader) filter() {
	maps.DeleteFunc(l.s.Refusals, func(_ ledger.Digest, v *ledger.Refusal) bool { return l.at >= v.Until })
	maps.DeleteFunc(l.s.Tombs, func(_ ledger.TombKey, v *ledger.Tombstone) bool { return l.at >= v.Until })
	for _, main := range slices.Sorted(maps.Keys(l.s.WdkOrders)) {
		l.s.PutOrder(l.s.WdkOrders[main])
	}
}

// pages loads open lots in spending order: a page of each kind in each account of those who spend, all of those named for all.
func (l *loader) pages(ctx context.Context, keys *reverse.Keys) error {
	limits := map[string]int{} // by account
	note := func(set map[ledger.Ident]struct{}, limit int) {
		for id := range set {
			for _, account := range l.s.Purses[l.s.Idents[id]] {
				limits[account] = limit
			}
		}
	}
	note(keys.Spends, ledger.LotPage)
	note(keys.AllLots, math.MaxInt)
	note(keys.Wallets, math.MaxInt)
	if len(limits) == 0 {
		return nil
	}
	type shelf struct {
		account string
		kind    ledger.Kind
	}
	open := map[shelf][]*ledger.Lot{}
	var older []string
	var kinds []int16
	var most []int64
	for account, limit := range limits {
		w := l.wallet(account)
		lots, err := w.Open(account, l.at)
		if err != nil {
			return err
		}
		for _, v := range lots {
			k := shelf{account, v.Kind}
			open[k] = append(open[k], v)
		}
		if !w.Spilled(l.s.Accounts[account]) {
			continue
		}
		for kind := range ledger.Kinds {
			older, kinds = append(older, account), append(kinds, int16(kind))
			most = append(most, int64(min(limit, math.MaxInt-1)+1)) // one more tells that there are more
		}
	}
	if len(older) > 0 {
		l.ask(sql.LotsOpen, func(r row) error {
			v := l.stored(r)
			k := shelf{v.Account, v.Kind}
			open[k] = append(open[k], v)
			return nil
		}, older, kinds, most, l.at)
		if err := l.send(ctx); err != nil {
			return err
		}
	}
	for account, limit := range limits {
		complete := true
		for kind := range ledger.Kind(ledger.Kinds) {
			list := open[shelf{account, kind}]
			slices.SortFunc(list, store.SpendingOrder)
			complete = complete && len(list) <= limit
			for _, v := range list[:min(limit, len(list))] {
				if _, ok := l.known[v.LotID]; ok {
					l.putLot(v)
				} else {
					l.recent(v)
				}
			}
		}
		l.s.Paged[account] = true
		if complete {
			l.s.Complete[account] = true
		}
	}
	return nil
}

// wallets queues what members can show besides their lots: vouchers and open holds.
func (l *loader) wallets(set map[ledger.Ident]struct{}) bool {
	var members []string
	for id := range set {
		if m := l.s.Idents[id]; m != "" {
			members = append(members, m)
		}
	}
	if len(members) == 0 {
		return false
	}
	slices.Sort(members)
	l.ask(sql.VouchersOf, l.voucher, members)
	l.ask(sql.HoldsOf, l.hold, members)
	return true
}
