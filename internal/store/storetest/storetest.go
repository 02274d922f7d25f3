// Package storetest holds stores to the contract of package store.
//
// Run is the suite; Persist adds what stores on disk promise. Nothing is decided here: the tests write changes by hand, so that
// they speak of storing alone.
package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// Opened is a store just opened; it must have worked. It is closed at the end of the test.
func Opened[S store.Store](t testing.TB, s S, err error) S {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Run checks a store. open makes an empty one and has it closed at the end of the test.
func Run(t *testing.T, open func(t testing.TB) store.Store) {
	for _, tt := range []struct {
		name string
		run  func(*bench)
	}{
		{"RoundTrip", roundTrip},
		{"WdkRoundTrip", wdkRoundTrip},
		{"Replay", replay},
		{"History", history},
		{"Debts", debts},
		{"Idents", idents},
		{"SpendingOrder", spendingOrder},
		{"Pages", pages},
		{"Due", due},
		{"DueExactly", dueExactly},
		{"HoldsEnd", holdsEnd},
		{"OlderLots", olderLots},
		{"Wallet", wallet},
		{"Vouchers", vouchers},
		{"Tombstones", tombstones},
		{"Refusals", refusals},
		{"WdkKeys", wdkKeys},
		{"LiveQuotes", liveQuotes},
		{"Purge", purge},
		{"ListsOfReverses", listsOfReverses},
		{"SequenceAndChain", sequenceAndChain},
		{"Retry", retry},
		{"Rollback", rollback},
		{"NothingToSave", nothingToSave},
		{"Outcome", outcome},
		{"NoAliases", noAliases},
		{"Stamp", stamp},
		{"Numbers", numbers},
		{"Concurrent", concurrent},
		{"ReadsDoNotWait", readsDoNotWait},
		{"BrandsApart", brandsApart},
		{"Directory", directory},
		{"AuditOrder", auditOrder},
		{"LongStreams", longStreams},
		{"PagesOfHistory", pagesOfHistory},
		{"Cursors", cursors},
		{"ManyFollowers", manyFollowers},
		{"Reference", func(b *bench) { reference(b, 1, referenceSteps) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(setup(t, open(t)))
		})
	}
}

// noon is when tests begin, in milliseconds.
const noon int64 = 1_800_000_000_000

// bench is a store on trial, with the brands "b1" and "b2".
type bench struct {
	*testing.T
	s   store.Store
	ids *atomic.Uint64 // of operations
}

func setup(t *testing.T, s store.Store) *bench {
	b := &bench{T: t, s: s, ids: &atomic.Uint64{}}
	for _, id := range []string{"b1", "b2"} {
		b.check(s.PutBrand(context.Background(), &ledger.Brand{ID: id, Name: "茶 " + id}, store.Author{}))
	}
	return b
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// equal compares what stores keep: an empty list and none are one.
func (b *bench) equal(what string, got, want any) {
	b.Helper()
	if reflect.DeepEqual(got, want) {
		return // the rule; cmp is slow
	}
	if diff := cmp.Diff(want, got, equality); diff != "" {
		b.Errorf("%s: -want +got\n%s", what, diff)
	}
}

var equality = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreUnexported(ledger.State{}),
	cmpopts.IgnoreFields(ledger.State{}, "Changes"),
	cmpopts.IgnoreFields(reverse.State{}, "Wdk"),
}

// A key adds to what a batch reads.
type key func(*reverse.Keys)

func request(n byte) key     { return func(k *reverse.Keys) { k.Requests[digest(n)] = struct{}{} } }
func refund(n byte) key      { return func(k *reverse.Keys) { k.Refunds[digest(n)] = struct{}{} } }
func order(no string) key    { return func(k *reverse.Keys) { k.Orders[no] = struct{}{} } }
func voucher(id string) key  { return func(k *reverse.Keys) { k.Vouchers[id] = struct{}{} } }
func tombApp(app string) key { return func(k *reverse.Keys) { k.TombApps[app] = struct{}{} } }
func named(id ledger.Ident) key {
	return func(k *reverse.Keys) { k.Idents[id] = struct{}{} }
}
func member(id string) key { return named(customer(id)) }
func spend(id string) key  { return func(k *reverse.Keys) { k.Spends[customer(id)] = struct{}{} } }
func all(id string) key    { return func(k *reverse.Keys) { k.AllLots[customer(id)] = struct{}{} } }
func purse(id string) key  { return func(k *reverse.Keys) { k.Wallets[customer(id)] = struct{}{} } }
func sub(no int64) key     { return func(k *reverse.Keys) { k.Subs[no] = struct{}{} } }
func out(no string) key    { return func(k *reverse.Keys) { k.Outs[no] = struct{}{} } }
func outSub(no string) key { return func(k *reverse.Keys) { k.OutSubs[no] = struct{}{} } }
func quote(tok string) key { return func(k *reverse.Keys) { k.Quotes[tok] = struct{}{} } }
func reversal(id int64) key {
	return func(k *reverse.Keys) { k.Reverses[id] = struct{}{} }
}
func shop(id string) key { return func(k *reverse.Keys) { k.Stores[id] = struct{}{} } }

func customer(id string) ledger.Ident { return ledger.Ident{Type: ledger.ByCustomer, Text: id} }
func mobile(no string) ledger.Ident   { return ledger.Ident{Type: ledger.ByMobile, Text: no} }
func card(no string) ledger.Ident     { return ledger.Ident{Type: ledger.ByCard, Text: no} }
func outer(typ, id string) ledger.Ident {
	return ledger.Ident{Type: ledger.ByOuter, Outer: typ, Text: id}
}

func digest(n byte) ledger.Digest { return ledger.Digest{0: 0xd1, 15: n} }

func keysOf(keys []key) *reverse.Keys {
	k := reverse.NewKeys()
	for _, add := range keys {
		add(k)
	}
	return k
}

func (b *bench) begin(brand string, now int64, keys ...key) store.Batch {
	b.Helper()
	ctx := context.Background()
	k := keysOf(keys)
	resolved, err := b.s.Resolve(ctx, brand, k)
	b.check(err)
	t, err := b.s.Begin(ctx, brand, k, resolved, now)
	b.check(err)
	b.Cleanup(t.Rollback) // a test that fails leaves nothing open
	return t
}

// write commits one batch with the changes that work makes.
func (b *bench) write(brand string, now int64, work func(*draft), keys ...key) {
	b.Helper()
	t := b.begin(brand, now, keys...)
	defer t.Rollback()
	work(b.draft(t))
	b.check(t.Save(context.Background()))
	b.check(t.Commit(context.Background()))
}

// retries saves one batch and wants it refused as another writer's win, with nothing written.
func (b *bench) retries(brand string, work func(*draft), keys ...key) {
	b.Helper()
	before := b.books(brand)
	t := b.begin(brand, noon, keys...)
	work(b.draft(t))
	err := t.Save(context.Background())
	t.Rollback()
	if !errors.Is(err, store.ErrRetry) {
		b.Errorf("Save: %v, want ErrRetry", err)
	}
	b.equal("books after a refused batch", b.books(brand), before)
}

// load reads through Begin, and wants Read to see the same.
func (b *bench) load(brand string, now int64, keys ...key) *reverse.State {
	b.Helper()
	t := b.begin(brand, now, keys...)
	s := t.State()
	t.Rollback()
	read, err := b.s.Read(context.Background(), brand, keysOf(keys), now)
	b.check(err)
	b.equal("Read beside Begin", read, s)
	return s
}

// draft is an open batch whose state is changed by hand.
type draft struct {
	*bench
	*reverse.State
	at int64
}

func (b *bench) draft(t store.Batch) *draft { return &draft{bench: b, State: t.State(), at: t.At()} }

// person adds a member with the card "c-<id>" and a point purse.
func (d *draft) person(id string) {
	m := &ledger.Member{ID: id, Name: "客 " + id, Created: d.at}
	d.PutMember(m)
	d.Changes.Members.Add(m)
	d.account(&ledger.Account{ID: id + "-1", Card: "c-" + id, Member: id, Type: ledger.MemberCard, Created: d.at})
	d.account(&ledger.Account{ID: id + "-p", Member: id, Type: ledger.PointPurse, Created: d.at})
}

func (d *draft) account(a *ledger.Account) {
	d.PutAccount(a)
	d.Changes.Accounts.Add(a)
}

func (d *draft) lot(account string, n int64, kind ledger.Kind, expires int64, balance, held ledger.Amount) ledger.LotID {
	id := ledger.LotID{Account: account, N: n}
	l := &ledger.Lot{
		LotID: id, Kind: kind, Member: owner(account), Origin: ledger.ID{1}, Expires: expires, Granted: balance,
		Balance: balance, Held: held,
	}
	d.Lots[id] = l
	d.Changes.Lots.Add(l)
	if a := d.Accounts[account]; a != nil && n > a.Lots {
		a.Lots = n
		d.Changes.Accounts.Add(a)
	}
	return id
}

// owner is the member of an account that person made.
func owner(account string) string { return account[:strings.LastIndexByte(account, '-')] }

// op books an operation in the history of a business number, over the lots.
func (d *draft) op(orderNo, member string, lots ...ledger.LotID) *ledger.Op {
	o := &ledger.Op{ID: d.id(), Kind: ledger.OpCharge, At: d.at, Policy: d.Brand.Version, Method: "m", Member: member, Order: orderNo}
	if orderNo != "" {
		o.Ordinal = len(d.Orders[orderNo]) + 1
	}
	for _, l := range lots {
		o.Postings = append(o.Postings, ledger.Posting{Lot: l, Amount: 100}, ledger.Posting{Book: "tender:S", Amount: -100})
	}
	d.book(o)
	return o
}

func (d *draft) book(o *ledger.Op) {
	d.PutOp(o)
	d.Changes.Ops = append(d.Changes.Ops, o)
}

func (b *bench) id() (id ledger.ID) {
	binary.BigEndian.PutUint64(id[8:], b.ids.Add(1))
	return id
}

func (d *draft) hold(orderNo string, f ledger.Family, account string, deadline int64, lots ...ledger.LotID) *ledger.Hold {
	h := &ledger.Hold{
		HoldKey: ledger.HoldKey{Order: orderNo, Family: f}, Member: owner(account), Account: account, Op: d.id(),
		Deadline: deadline,
	}
	for _, l := range lots {
		h.Pins = append(h.Pins, ledger.Pin{Lot: l, Amount: 40})
	}
	d.Holds[h.HoldKey] = h
	d.Changes.Holds.Add(h)
	return h
}

// end ends a hold.
func (d *draft) end(orderNo string, f ledger.Family) {
	k := ledger.HoldKey{Order: orderNo, Family: f}
	d.Changes.Holds.Remove(d.Holds[k])
	delete(d.Holds, k)
	d.Changes.Ended = append(d.Changes.Ended, k)
}

func (d *draft) tomb(app, orderNo string, f ledger.Family, until int64) ledger.TombKey {
	t := &ledger.Tombstone{TombKey: ledger.TombKey{App: app, Order: orderNo, Family: f}, Signed: d.at, Amount: 5, Until: until}
	d.Tombs[t.TombKey] = t
	d.Changes.Tombs = append(d.Changes.Tombs, t)
	return t.TombKey
}

func (d *draft) voucher(id, member string) {
	v := &ledger.Voucher{ID: id, Member: member, Template: "t", Uses: 2, Left: 2}
	d.State.Vouchers[id] = v
	d.Changes.Vouchers.Add(v)
}

func (d *draft) bind(id ledger.Ident, member string) {
	d.Idents[id] = member
	d.Changes.Idents.Add(id)
}

func (d *draft) unbind(id ledger.Ident) {
	delete(d.Idents, id)
	d.Changes.Idents.Remove(id)
	d.Changes.Unbound = append(d.Changes.Unbound, id)
}

// wdk takes a WDK order with sub-orders main+1 and main+2, paid with stored value under the ledger order "v-<out>".
func (d *draft) wdk(main int64, outNo, member string) *reverse.Order {
	o := &reverse.Order{
		Main: main, Out: outNo, Store: "s1", At: d.at, PayFee: 300,
		Subs: []reverse.Sub{
			{No: main + 1, Out: outNo + "-1", Fee: 100}, {No: main + 2, Out: outNo + "-2", Fee: 200},
		},
		Tenders: []reverse.Tender{
			{Code: "10001", Name: "支付宝", Amount: 100},
			{Code: reverse.StoredValue, Amount: 200, Customer: member, Order: "v-" + outNo},
		},
		Shares: [][]reverse.Amount{{34, 66}, {66, 134}, {0, 0}},
	}
	d.PutOrder(o)
	d.Wdk.Orders.Add(o)
	return o
}

func (d *draft) quote(token string, main int64, storeID string, until int64, bound bool) {
	q := &reverse.Quote{
		Token: token, App: "a", Store: storeID, Main: main, Subs: []int64{main + 1}, Until: until, Bound: bound,
		Cells: [][]reverse.Amount{{34, 66}}, Max: 100,
	}
	d.Quotes[token] = q
	d.Wdk.Quotes.Add(q)
}

func (d *draft) reverse(id, main int64) *reverse.Reverse {
	r := &reverse.Reverse{
		ID: id, Main: main, Sub: main + 1, Store: "s1", Status: reverse.Apply, Amount: 100,
		Channels: []reverse.Channel{{Code: "10001", Amount: 34}, {Tender: 1, Code: reverse.StoredValue, Amount: 66}},
		History:  []reverse.Event{{At: d.at, Status: reverse.Apply, By: "a"}},
	}
	d.Reverses[id] = r
	d.Wdk.Reverses.Add(r)
	return r
}

// books is everything that the streams tell of a brand.
type books struct {
	Head     store.Link
	Ops      []*ledger.Op
	Links    []store.Link
	Members  []*ledger.Member
	Accounts []*ledger.Account
	Lots     []*ledger.Lot
	Holds    []*ledger.Hold
	Vouchers []*ledger.Voucher
	Orders   []*reverse.Order
	Reverses []*reverse.Reverse
	Refusals []*ledger.Refusal
	Tombs    []*ledger.Tombstone
	Quotes   []*reverse.Quote
	Rules    []*ledger.Brand
	Issued   int64
}

func (b *bench) books(brand string) *books {
	b.Helper()
	ctx := context.Background()
	head, err := b.s.Head(ctx, brand)
	b.check(err)
	issued, err := b.s.Issued(ctx, brand)
	b.check(err)
	return &books{
		Head: head, Ops: collect(b, b.s.Ops(ctx, brand, 0)), Links: collect(b, b.s.Links(ctx, brand)),
		Members: collect(b, b.s.Members(ctx, brand)), Accounts: collect(b, b.s.Accounts(ctx, brand)),
		Lots: collect(b, b.s.Lots(ctx, brand)), Holds: collect(b, b.s.Holds(ctx, brand)),
		Vouchers: collect(b, b.s.Vouchers(ctx, brand)), Orders: collect(b, b.s.WdkOrders(ctx, brand)),
		Reverses: collect(b, b.s.Reverses(ctx, brand)),
		Refusals: collect(b, b.s.Refusals(ctx, brand)), Tombs: collect(b, b.s.Tombs(ctx, brand)),
		Quotes: collect(b, b.s.Quotes(ctx, brand)), Rules: collect(b, b.s.Rules(ctx, brand)), Issued: issued,
	}
}

func collect[T any](b *bench, seq iter.Seq2[T, error]) (list []T) {
	b.Helper()
	for v, err := range seq {
		b.check(err)
		list = append(list, v)
	}
	return list
}

// show is what a state has loaded, one thing a line, sorted: for tests to compare with what people can read.
func show(s *reverse.State) (lines []string) {
	add := func(format string, a ...any) { lines = append(lines, fmt.Sprintf(format, a...)) }
	for id := range s.Members {
		add("member %s %v", id, s.Purses[id])
	}
	for id := range s.Complete {
		add("complete %s", id)
	}
	for id, l := range s.Lots {
		add("lot %s %s %d/%d", id, l.Kind, l.Balance, l.Held)
	}
	for k, h := range s.Holds {
		add("hold %s %s %d", k.Order, k.Family, h.Total())
	}
	for id := range s.Vouchers {
		add("voucher %s", id)
	}
	for no, ops := range s.Orders {
		for _, o := range ops {
			add("op %s/%d seq %d", no, o.Ordinal, o.Seq)
		}
	}
	for k := range s.Tombs {
		add("tomb %s %s %s", k.App, k.Order, k.Family)
	}
	for main := range s.WdkOrders {
		add("wdk %d", main)
	}
	for token := range s.Quotes {
		add("quote %s", token)
	}
	for id := range s.Reverses {
		add("reverse %d", id)
	}
	slices.Sort(lines)
	return lines
}

// shows compares a state with what people can read: lines in any order.
func (b *bench) shows(s *reverse.State, want string) {
	b.Helper()
	var lines []string
	for line := range strings.SplitSeq(want, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	b.equal("loaded", show(s), lines)
}
