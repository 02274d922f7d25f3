package store

import (
	"errors"
	"maps"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// An Asker answers the questions of a Loader about one brand. A question is a query's name in the store's .sql files with its parameters
// after the brand. A slice among them is a set of keys, each of which is looked up; elements at one place of several slices belong
// together. PostgreSQL gets such a set as an array and a trip's questions at once; SQLite, in whose process a look-up is a function call,
// runs the query for each key at once.
type Asker interface {
	// Ask asks. read gets every row, at the latest before Send returns.
	Ask(query string, read func(Row) error, args ...any)
	// Send waits for the answers to all that was asked, in the order of the questions. It returns the first error.
	Send() error
}

// Mode says what a Loader is for.
type Mode uint8

const (
	Resolving Mode = iota // finds members and WDK orders, reads nothing else
	Reading               // reads what the keys lead to, on one snapshot or with the only writer
	Locked                // the same under locks: what leads beyond them ends in ErrUnlocked
)

// ErrUnlocked: the keys lead to more than what is locked. Resolved is what they lead to.
var ErrUnlocked = errors.New("store: keys lead beyond what is locked")

// Loaded is what was read for a batch, and how it is stored.
type Loaded struct {
	State *reverse.State
	At    int64 // the stamp, milliseconds since 1970
	Clock int64 // what the clock said, to the batches: At is the brand's last stamp if that is later

	members map[string]*memberRow
	lots    map[ledger.LotID]lotRow
	holds   map[ledger.HoldKey]holdRow
}

// memberRow is what a member's row says besides the member.
type memberRow struct {
	due    int64 // when the next of the open lots and holds ends
	wallet *Wallet
	place  string // of the row, which stays while it is locked
}

// lotRow is where a lot is stored, and when it ends there.
type lotRow struct {
	place string // of the row; "": in its member's wallet
	end   int64
}

// holdRow is whose a hold is and when it ends, before the batch changes it: a state forgets holds that end.
type holdRow struct {
	member string
	end    int64
}

func newLoaded() Loaded {
	return Loaded{
		State: reverse.NewState(nil), members: map[string]*memberRow{}, lots: map[ledger.LotID]lotRow{}, holds: map[ledger.HoldKey]holdRow{},
	}
}

// Under sets the rules that the batch is decided under.
func (l *Loaded) Under(b *ledger.Brand) {
	l.State.Brand, l.State.Printer = b, Printer{b.Pepper, b.Serial}
}

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

// take returns what was added since the last call.
func (t *todo[K]) take() []K {
	keys := t.next
	t.next = nil
	return keys
}

// Loader fills a state, one round of questions at a time. Keys lead to rows that hold further keys: orders lead to lots and vouchers,
// these to members, members to holds that are due, and these to orders again. Most loads are over after one round: the newest lots are
// stored with their members.
type Loader struct {
	Loaded
	mode  Mode
	asker Asker
	clock *int64 // the caller's; nil: the database's
	open  bool   // something is asked and not sent

	check    []string // members that may have something due
	idents   todo[ledger.Ident]
	memberID todo[string]
	orders   todo[string]
	lotID    todo[ledger.LotID]
	older    todo[ledger.LotID] // those of them that are looked up in the table
	vouchers todo[string]
	subs     todo[int64]
	outs     todo[string]
	outSubs  todo[string]
	reverses todo[int64]
	quotes   todo[string]
	mains    todo[int64]
	sold     todo[string]
}

// NewLoader returns a loader with an empty state. clock is the time by which counts are taken, nil for the database's. The caller sets
// At, by the answer to a question of its own if need be, before the first round is over, and the state's Brand at the end.
func NewLoader(asker Asker, mode Mode, clock *int64) *Loader {
	return &Loader{Loaded: newLoaded(), mode: mode, asker: asker, clock: clock}
}

// Ask asks within the next round.
func (l *Loader) Ask(query string, read func(Row) error, args ...any) {
	l.open = true
	l.asker.Ask(query, read, args...)
}

func (l *Loader) send() error {
	l.open = false
	return l.asker.Send()
}

// Resolved is what the keys led to so far.
func (l *Loader) Resolved() *Resolved {
	return &Resolved{Members: slices.Sorted(maps.Keys(l.memberID.seen)), Orders: slices.Sorted(maps.Keys(l.mains.seen))}
}

// Lock asks for the locks: members, then WDK orders, both in the order of their keys; what is locked is read by the same statement.
func (l *Loader) Lock(r *Resolved) {
	for _, id := range r.Members {
		l.memberID.add(id)
	}
	for _, main := range r.Orders {
		l.mains.add(main)
	}
	if ids := l.memberID.take(); len(ids) > 0 { // sorted, as they were resolved
		l.Ask("LockMembers", l.member, ids)
	}
	if mains := l.mains.take(); len(mains) > 0 {
		l.Ask("LockWdkOrders", l.wdkOrder, mains)
		l.Ask("ReversesOf", l.reverse, mains)
	}
}

// Load reads everything that the keys lead to, after what is asked already.
func (l *Loader) Load(keys *reverse.Keys) error {
	l.State.Grow(len(keys.Idents))
	l.Start(keys)
	l.once(keys)
	if err := l.Follow(); err != nil {
		return err
	}
	if l.wallets(keys.Wallets) {
		if err := l.Follow(); err != nil {
			return err
		}
	}
	l.filter()
	return l.pages(keys)
}

// Start notes where the keys begin. It asks nothing yet.
func (l *Loader) Start(keys *reverse.Keys) {
	for _, set := range []map[ledger.Ident]struct{}{keys.Idents, keys.Spends, keys.AllLots, keys.Wallets} {
		for id := range set {
			l.name(id)
		}
	}
	orders := keys.Orders
	if l.mode == Resolving { // the others name their member; should the number be another's, Begin finds it
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

// once asks what leads no further: earlier requests, remembered refusals, and counts of what is bounded.
func (l *Loader) once(keys *reverse.Keys) {
	index := func(r Row) error {
		o, err := opOf(r)
		if err == nil {
			l.State.IndexOp(o)
		}
		return err
	}
	if len(keys.Requests) > 0 {
		list := digests(keys.Requests)
		l.Ask("OpsByRequest", index, list)
		l.Ask("RefusalsByRequest", func(r Row) error {
			v, err := RefusalOf(r)
			l.State.Refusals[v.Request] = v
			return err
		}, list)
	}
	if len(keys.Refunds) > 0 {
		l.Ask("OpsByRefund", index, digests(keys.Refunds))
	}
	count := func(into map[string]int) func(Row) error {
		return func(r Row) error {
			if n := r.Int(1); n > 0 {
				into[r.Text(0)] = int(n)
			}
			return nil
		}
	}
	if len(keys.TombApps) > 0 {
		l.Ask("CountTombs", count(l.State.TombCount), slices.Collect(maps.Keys(keys.TombApps)), l.clock)
	}
	if len(keys.Stores) > 0 {
		l.Ask("CountQuotes", count(l.State.LiveQuotes), slices.Collect(maps.Keys(keys.Stores)), l.clock)
	}
}

func digests(set map[ledger.Digest]struct{}) [][]byte {
	list := make([][]byte, 0, len(set))
	for d := range set {
		list = append(list, d[:])
	}
	return list
}

// name notes an identifier to be looked up.
func (l *Loader) name(id ledger.Ident) {
	if id.Type == ledger.ByCustomer {
		l.memberID.add(id.Text) // PutMember names it, if it exists
		return
	}
	l.idents.add(id)
}

// Follow asks until nothing leads any further.
func (l *Loader) Follow() error {
	for l.open || l.Pending() {
		if err := l.round(); err != nil {
			return err
		}
		if err := l.send(); err != nil {
			return err
		}
		if err := l.due(); err != nil {
			return err
		}
		if l.mode == Locked && len(l.memberID.next)+len(l.mains.next) > 0 {
			return ErrUnlocked
		}
	}
	return nil
}

// Pending reports whether there is something to look up: members named by their ids need no resolving.
func (l *Loader) Pending() bool {
	return len(l.idents.next)+len(l.orders.next)+len(l.lotID.next)+len(l.vouchers.next)+len(l.subs.next)+len(l.outs.next)+
		len(l.outSubs.next)+len(l.reverses.next)+len(l.quotes.next)+len(l.mains.next)+len(l.sold.next) > 0 || l.mode != Resolving && len(l.memberID.next) > 0
}

// round asks for what is to be followed.
func (l *Loader) round() error {
	l.askWdk()
	l.askOrders()
	l.askVouchers()
	members := false
	if l.mode == Reading {
		if ids := l.memberID.take(); len(ids) > 0 {
			l.Ask("MembersByID", l.member, ids)
			members = true
		}
	}
	if err := l.askLots(members); err != nil {
		return err
	}
	l.askNames()
	return nil
}

func (l *Loader) askNames() {
	ids := l.idents.take()
	if len(ids) == 0 {
		return
	}
	types, outers, texts := make([]int16, len(ids)), make([]string, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		types[i], outers[i], texts[i] = int16(id.Type), id.Outer, id.Text
	}
	l.Ask("Idents", func(r Row) error {
		m := r.Text(3)
		if t := ledger.IdentType(r.Int(0)); t != AccountName {
			l.State.Idents[ledger.Ident{Type: t, Outer: r.Text(1), Text: r.Text(2)}] = m
		}
		l.memberID.add(m)
		return nil
	}, types, outers, texts)
}

// member reads a row of id, body, wallet, due, place.
func (l *Loader) member(r Row) error {
	id := r.Text(0)
	m, err := ParseMember(id, r.Bytes(1))
	if err != nil {
		return err
	}
	wallet, err := ParseWallet(id, r.Bytes(2))
	if err != nil {
		return err
	}
	l.State.PutMember(m)
	l.memberID.add(m.Into) // who is one person is loaded together
	for _, from := range m.From {
		l.memberID.add(from)
	}
	l.members[id] = &memberRow{due: r.Int(3), wallet: wallet, place: r.Text(4)}
	l.check = append(l.check, id)
	for _, a := range wallet.Accounts {
		l.State.PutAccount(a)
	}
	return nil
}

// due finds what of the members' has ended. Their rows say who cannot have any.
func (l *Loader) due() error {
	members := slices.DeleteFunc(l.check, func(id string) bool { return l.members[id].due > l.At })
	l.check = nil
	var spilled []string
	for _, id := range members {
		w := l.members[id].wallet
		due, err := w.Due(l.At)
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
		l.Ask("LotsDue", l.lot, spilled, l.At)
	}
	if len(members) > 0 {
		l.Ask("HoldsDue", l.hold, members, l.At)
	}
	return nil
}

func (l *Loader) askWdk() {
	main := func(r Row) error { l.mains.add(r.Int(0)); return nil }
	if keys := l.subs.take(); len(keys) > 0 {
		l.Ask("MainsBySub", main, keys)
	}
	if keys := l.outs.take(); len(keys) > 0 {
		l.Ask("MainsByOut", main, keys)
	}
	if keys := l.outSubs.take(); len(keys) > 0 {
		l.Ask("MainsByOutSub", main, keys)
	}
	if keys := l.reverses.take(); len(keys) > 0 {
		l.Ask("MainsByReverse", main, keys)
	}
	if keys := l.quotes.take(); len(keys) > 0 {
		l.Ask("QuotesByToken", func(r Row) error {
			v, err := Decode[reverse.Quote](r.Bytes(0))
			if err != nil {
				return err
			}
			l.State.Quotes[v.Token] = v
			l.mains.add(v.Main)
			l.bearers(v.GiftCards)
			return nil
		}, keys)
	}
	if keys := l.sold.take(); len(keys) > 0 { // who holds the gift cards that were sold in the orders
		l.Ask("HistoryMembers", l.bearer, keys)
	}
	if l.mode == Locked {
		return
	}
	if mains := l.mains.take(); len(mains) > 0 {
		l.Ask("WdkOrdersByMain", l.wdkOrder, mains)
		l.Ask("ReversesOf", l.reverse, mains)
	}
}

// wdkOrder reads an order, and follows its tenders.
func (l *Loader) wdkOrder(r Row) error {
	o, err := DecodeOrder(r.Bytes(0))
	if err != nil {
		return err
	}
	l.State.WdkOrders[o.Main] = o
	for i := range o.Subs {
		l.sold.add(ledger.SoldIn(o.Subs[i].No))
	}
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

func (l *Loader) reverse(r Row) error {
	v, err := DecodeReverse(r.Bytes(0))
	if err != nil || l.State.WdkOrders[v.Main] == nil { // orders are read first
		return err
	}
	l.State.Reverses[v.ID] = v
	l.bearers(v.GiftCards)
	return nil
}

// bearers finds who holds gift cards.
func (l *Loader) bearers(cards []string) {
	for _, card := range cards {
		l.name(ledger.Ident{Type: ledger.ByCard, Text: card})
	}
}

// askOrders asks for histories of business numbers with their open holds and their tombstones.
func (l *Loader) askOrders() {
	nos := l.orders.take()
	switch {
	case len(nos) == 0:
		return
	case l.mode == Resolving:
		l.Ask("HistoryMembers", l.bearer, nos)
		return
	}
	l.Ask("Histories", func(r Row) error {
		o, err := opOf(r)
		if err != nil {
			return err
		}
		l.State.PutOp(o)
		l.memberID.add(o.Member)
		for i := range o.Postings {
			p := &o.Postings[i]
			l.lotID.add(p.Lot)
			l.vouchers.add(p.Voucher)
			l.orders.add(p.Debt())
		}
		l.pins(o.Pins)
		return nil
	}, nos)
	l.Ask("HoldsOfOrders", l.hold, nos)
	l.Ask("TombsOfOrders", func(r Row) error {
		v, err := TombOf(r)
		l.State.Tombs[v.TombKey] = v
		return err
	}, nos)
}

// bearer reads a row of a member's id.
func (l *Loader) bearer(r Row) error {
	l.memberID.add(r.Text(0))
	return nil
}

func (l *Loader) pins(pins []ledger.Pin) {
	for _, p := range pins {
		l.lotID.add(p.Lot)
	}
}

// hold follows a hold to what it pins, and to its order when it is due: the order's history says that it ends.
func (l *Loader) hold(r Row) error {
	h, err := ParseHold(r.Bytes(0))
	if err != nil || l.State.Holds[h.HoldKey] != nil {
		return err
	}
	l.State.Holds[h.HoldKey] = h
	l.holds[h.HoldKey] = holdRow{h.Member, h.Deadline}
	l.pins(h.Pins)
	l.memberID.add(h.Member)
	if l.At >= h.Deadline {
		l.orders.add(h.Order)
	}
	return nil
}

// askLots looks for lots in the wallets that are there, and asks for the others: most are wanted soon after they were granted. Those
// whose accounts are not there wait while members are on their way, in this round or by the accounts' names.
func (l *Loader) askLots(members bool) error {
	for _, id := range l.lotID.take() {
		w := l.wallet(id.Account)
		switch {
		case l.State.Lots[id] != nil:
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
			l.lotID.next = append(l.lotID.next, id)
			continue
		default:
			l.idents.add(ledger.Ident{Type: AccountName, Text: id.Account})
			if len(l.idents.next) > 0 {
				l.lotID.next = append(l.lotID.next, id)
			}
		}
		l.older.add(id)
	}
	if ids := l.older.take(); len(ids) > 0 {
		accounts, ns := make([]string, len(ids)), make([]int64, len(ids))
		for i, id := range ids {
			accounts[i], ns[i] = id.Account, id.N
		}
		l.Ask("LotsByID", l.lot, accounts, ns)
	}
	return nil
}

// wallet holds the newest lots of an account, nil while its member is not there.
func (l *Loader) wallet(account string) *Wallet {
	if a := l.State.Accounts[account]; a != nil {
		return l.members[a.Member].wallet
	}
	return nil
}

// lot loads a lot of the table.
func (l *Loader) lot(r Row) error {
	l.putLot(l.stored(r))
	return nil
}

// stored reads a lot of the table, and its place.
func (l *Loader) stored(r Row) *ledger.Lot {
	v := lotOf(r)
	l.lots[v.LotID] = lotRow{r.Text(9), lotEnd(v)}
	return v
}

// recent loads a lot of a wallet.
func (l *Loader) recent(v *ledger.Lot) {
	l.lots[v.LotID] = lotRow{end: lotEnd(v)}
	l.putLot(v)
}

func (l *Loader) putLot(v *ledger.Lot) {
	if l.State.Lots[v.LotID] == nil {
		l.State.Lots[v.LotID] = v
		l.memberID.add(v.Member)
	}
}

// lotEnd is when an open lot ends; others do not.
func lotEnd(v *ledger.Lot) int64 {
	if v.Free() <= 0 {
		return math.MaxInt64
	}
	return FarEnd(v.Expires)
}

func (l *Loader) askVouchers() {
	ids := l.vouchers.take()
	switch {
	case len(ids) == 0:
	case l.mode == Resolving:
		l.Ask("VoucherMembers", l.bearer, ids)
	default:
		l.Ask("VouchersByID", l.voucher, ids)
	}
}

func (l *Loader) voucher(r Row) error {
	v, err := ParseVoucher(r.Bytes(0))
	if err != nil {
		return err
	}
	l.State.Vouchers[v.ID] = v
	l.memberID.add(v.Member)
	return nil
}

// wallets asks for what members can show besides their lots: vouchers and open holds. It reports whether there is anybody.
func (l *Loader) wallets(set map[ledger.Ident]struct{}) bool {
	var members []string
	for id := range set {
		if m := l.State.Named(id); m != "" {
			members = append(members, l.State.Group(m)...)
		}
	}
	if len(members) == 0 {
		return false
	}
	slices.Sort(members)
	l.Ask("VouchersOf", l.voucher, members)
	l.Ask("HoldsOf", l.hold, members)
	return true
}

// filter takes out what the stamp says is over: the queries do not know the stamp. Numbers of WDK orders are noted in the order of the
// mains: of two sub-orders with one outer number the newer order's counts.
func (l *Loader) filter() {
	maps.DeleteFunc(l.State.Refusals, func(_ ledger.Digest, v *ledger.Refusal) bool { return l.At >= v.Until })
	maps.DeleteFunc(l.State.Tombs, func(_ ledger.TombKey, v *ledger.Tombstone) bool { return l.At >= v.Until })
	for _, main := range slices.Sorted(maps.Keys(l.State.WdkOrders)) {
		l.State.PutOrder(l.State.WdkOrders[main])
	}
}

// pages loads open lots in spending order: a page of each kind in each account of those who spend, all of those named for all.
func (l *Loader) pages(keys *reverse.Keys) error {
	limits := map[string]int{} // by account
	note := func(set map[ledger.Ident]struct{}, limit int) {
		for id := range set {
			for _, account := range l.State.AccountsOf(l.State.Named(id)) {
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
	open := map[string]*[ledger.Kinds][]*ledger.Lot{}
	put := func(v *ledger.Lot) { open[v.Account][v.Kind] = append(open[v.Account][v.Kind], v) }
	var older []string
	var kinds []int16
	var most []int64
	for account, limit := range limits {
		open[account] = &[ledger.Kinds][]*ledger.Lot{}
		w := l.wallet(account)
		lots, err := w.Open(account, l.At)
		if err != nil {
			return err
		}
		for _, v := range lots {
			put(v)
		}
		if !w.Spilled(l.State.Accounts[account]) {
			continue
		}
		for kind := range ledger.Kinds {
			older, kinds = append(older, account), append(kinds, int16(kind))
			most = append(most, int64(min(limit, math.MaxInt-1)+1)) // one more shows that there are more
		}
	}
	if len(older) > 0 {
		l.Ask("LotsOpen", func(r Row) error {
			put(l.stored(r))
			return nil
		}, older, kinds, most, l.At)
		if err := l.send(); err != nil {
			return err
		}
	}
	for account, limit := range limits {
		complete := true
		for _, list := range open[account] {
			slices.SortFunc(list, SpendingOrder)
			complete = complete && len(list) <= limit
			for _, v := range list[:min(limit, len(list))] {
				if _, ok := l.lots[v.LotID]; ok {
					l.putLot(v)
				} else {
					l.recent(v)
				}
			}
		}
		l.State.Paged[account] = true
		if complete {
			l.State.Complete[account] = true
		}
	}
	return nil
}
