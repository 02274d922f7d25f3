package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A world is a brand with all its books in memory: what a store does, in the plainest way. Time and names are its own. After every
// batch an auditor that knows only the operations checks everything the core keeps beside them.
type world struct {
	t     failer
	brand *Brand
	now   int64
	next  int64 // issued numbers
	salt  uint64
	paged bool // load as a store does: what the keys lead to, a page of lots; else everything
	pins  bool // a page holds lots that are pinned whole
	due   bool // a page holds lots that are due
	needs int  // how often a batch had to be loaded again

	members  map[string]*Member
	idents   map[Ident]string // mobiles and outer ids
	accounts map[string]*Account
	purses   map[string][]string
	lots     map[LotID]*Lot
	holds    map[HoldKey]*Hold
	vouchers map[string]*Voucher
	ops      []*Op
	orders   map[string][]*Op
	requests map[Digest]*Op
	refunds  map[Digest]*Op
	refusals map[Digest]*Refusal
	tombs    map[TombKey]*Tombstone

	audit *auditor
}

// morning is when every world begins: 2026-01-01 08:00:00 GMT+8.
const morning = int64(1767225600000)

// failer is what a world needs of a test: testing.T and rapid.T both have it.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newWorld(t failer) *world {
	return &world{
		t: t, now: morning,
		brand: &Brand{
			ID: "b", Serial: 1, Version: 1,
			Shops:     map[string]*Shop{"s1": {ID: "s1", Alias: "out1"}, "s2": {ID: "s2", Alias: "out2"}},
			Templates: map[string]*Template{},
		},
		members: map[string]*Member{}, idents: map[Ident]string{}, accounts: map[string]*Account{}, purses: map[string][]string{},
		lots: map[LotID]*Lot{}, holds: map[HoldKey]*Hold{}, vouchers: map[string]*Voucher{}, orders: map[string][]*Op{},
		requests: map[Digest]*Op{}, refunds: map[Digest]*Op{}, refusals: map[Digest]*Refusal{}, tombs: map[TombKey]*Tombstone{},
		audit: newAuditor(),
	}
}

// policy publishes a new version of the brand's rules: a Brand is never changed once published.
func (w *world) policy(change func(*Policy)) {
	b := *w.brand
	b.Version++
	change(&b.Policy)
	w.brand = &b
}

// template adds a voucher template.
func (w *world) template(t *Template) {
	b := *w.brand
	b.Version++
	b.Templates = maps.Clone(b.Templates)
	b.Templates[t.ID] = t
	w.brand = &b
}

func clone[T any](p *T) *T { c := *p; return &c }

func digest(parts ...string) Digest {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return Digest(sum[:16])
}

// load makes the state of one batch out of copies.
func (w *world) load(k *Keys) *State {
	s := NewState(w.brand)
	if !w.paged {
		k = w.everything(k)
	}
	l := loader{w, s, map[string]bool{}, map[string]bool{}}
	for d := range k.Requests {
		if o := w.requests[d]; o != nil {
			s.IndexOp(o)
		}
		if r := w.refusals[d]; r != nil {
			s.Refusals[d] = clone(r)
		}
	}
	for d := range k.Refunds {
		if o := w.refunds[d]; o != nil {
			s.IndexOp(o)
		}
	}
	for no := range k.Orders {
		l.order(no)
	}
	for id := range k.Vouchers {
		l.voucher(id)
	}
	for id := range k.Idents {
		l.ident(id)
	}
	for id := range k.Spends {
		l.lotsOf(l.ident(id), LotPage)
	}
	for id := range k.AllLots {
		l.lotsOf(l.ident(id), 0)
	}
	for app := range k.TombApps {
		numbers := map[string]bool{}
		for _, t := range w.tombs {
			if t.App == app && t.Until > w.now && !numbers[t.Order] {
				numbers[t.Order] = true
				s.TombCount[app]++
			}
		}
	}
	return s
}

// everything widens keys to the whole world.
func (w *world) everything(k *Keys) *Keys {
	all := *k
	all.Orders, all.Vouchers, all.Idents = maps.Clone(k.Orders), maps.Clone(k.Vouchers), maps.Clone(k.Idents)
	all.AllLots = map[Ident]struct{}{}
	for no := range w.orders {
		all.Orders[no] = struct{}{}
	}
	for v := range w.vouchers {
		all.Vouchers[v] = struct{}{}
	}
	for id := range w.idents {
		all.Idents[id] = struct{}{}
	}
	for m := range w.members {
		all.AllLots[Ident{Type: ByCustomer, Text: m}] = struct{}{}
	}
	return &all
}

// loader follows keys to rows.
type loader struct {
	*world
	s       *State
	members map[string]bool
	orders  map[string]bool
}

func (l loader) ident(id Ident) string {
	m := l.idents[id]
	switch id.Type {
	case ByCustomer:
		m = id.Text
	case ByCard:
		for _, a := range l.accounts {
			if a.Card == id.Text {
				m = a.Member
			}
		}
	case ByMobile, ByOuter:
	}
	if l.world.members[m] == nil {
		return ""
	}
	l.s.Idents[id] = m
	l.member(m)
	return m
}

// member loads a member with accounts, and what is due.
func (l loader) member(id string) {
	m := l.world.members[id]
	if m == nil || l.members[id] {
		return
	}
	l.members[id] = true
	c := clone(m)
	c.Outer = slices.Clone(m.Outer)
	l.s.PutMember(c)
	for _, a := range l.purses[id] {
		l.s.PutAccount(clone(l.accounts[a]))
	}
	for _, one := range append([]string{m.Into}, m.From...) {
		l.member(one)
	}
	for _, x := range l.lots {
		if x.Member == id && x.Due(l.now) {
			l.lot(x.LotID)
		}
	}
	for _, h := range l.holds {
		if h.Member == id && l.now >= h.Deadline {
			l.order(h.Order)
		}
	}
}

func (l loader) lot(id LotID) {
	if x := l.lots[id]; x != nil && l.s.Lots[id] == nil {
		l.s.Lots[id] = clone(x)
		l.member(x.Member)
	}
}

func (l loader) voucher(id string) {
	if v := l.vouchers[id]; v != nil && l.s.Vouchers[id] == nil {
		l.s.Vouchers[id] = clone(v)
		l.member(v.Member)
	}
}

func (l loader) order(no string) {
	if l.orders[no] {
		return
	}
	l.orders[no] = true
	for _, o := range l.world.orders[no] {
		l.s.PutOp(o)
		l.member(o.Member)
		for _, p := range o.Postings {
			l.lot(p.Lot)
			l.voucher(p.Voucher)
			l.order(p.Debt())
		}
		for _, p := range o.Pins {
			l.lot(p.Lot)
		}
	}
	for k, h := range l.holds {
		if k.Order == no {
			l.s.Holds[k] = clone(h)
			for _, p := range h.Pins {
				l.lot(p.Lot)
			}
		}
	}
	for k, t := range l.tombs {
		if k.Order == no {
			l.s.Tombs[k] = clone(t)
		}
	}
}

// lotsOf loads the first open lots of each kind in spending order; limit 0 is all.
func (l loader) lotsOf(member string, limit int) {
	for _, a := range l.s.AccountsOf(l.s.Root(member)) {
		var open [Kinds][]*Lot
		for _, x := range l.lots {
			if x.Account == a && (x.Free() > 0 || l.pins && x.Balance > 0) && (l.due || !x.Due(l.now)) {
				open[x.Kind] = append(open[x.Kind], x)
			}
		}
		l.s.Paged[a] = true
		complete := true
		for _, lots := range open {
			slices.SortFunc(lots, (*Lot).before)
			if limit > 0 && len(lots) > limit {
				lots, complete = lots[:limit], false
			}
			for _, x := range lots {
				l.lot(x.LotID)
			}
		}
		if complete {
			l.s.Complete[a] = true
		}
	}
}

// batch decides commands in order as one transaction, saves what they changed and audits.
func (w *world) batch(commands ...Command) []Result {
	w.t.Helper()
	keys := NewKeys()
	for _, c := range commands {
		c.Keys(keys)
	}
	w.salt++
	for range 50 {
		s := w.load(keys)
		next := w.next
		at := &Stamp{At: w.now, Salt: w.salt, Next: func() int64 { next++; return w.brand.Serial<<32 + next }}
		results, err := decideAll(s, commands, at)
		if need := new(ErrNeedLots); errors.As(err, &need) {
			w.needs++
			keys.AllLots[Ident{Type: ByCustomer, Text: need.Member}] = struct{}{}
			continue
		}
		w.next = next
		w.save(s)
		if err := w.audit.check(w); err != nil {
			w.t.Fatalf("after %s: %v", describe(commands), err)
		}
		return results
	}
	w.t.Fatalf("%s: lots are never enough", describe(commands))
	return nil
}

func decideAll(s *State, commands []Command, at *Stamp) ([]Result, error) {
	results := make([]Result, len(commands))
	for i, c := range commands {
		r, err := Decide(s, c, at)
		if err != nil {
			return nil, err
		}
		results[i] = r
	}
	return results, nil
}

// do runs one command, then once more: the same request again must change nothing.
func (w *world) do(c Command) Result {
	w.t.Helper()
	r := w.once(c)
	w.again(c, r)
	return r
}

// once runs one command. A refusal moves nothing but what was due anyway and what that repays, and takes no number.
func (w *world) once(c Command) Result {
	w.t.Helper()
	before := len(w.ops)
	r := w.batch(c)[0]
	for _, o := range w.ops[before:] {
		repaid := o.Kind == OpDebt && o.Order == ""
		if r.Code != OK && r.Code != Partial && o.Kind != OpExpire && o.Kind != OpHoldExpire && !repaid {
			w.t.Fatalf("%s: refused with %v, and booked %s", describe([]Command{c}), r.Code, text(o))
		}
	}
	return r
}

// again repeats a command that answered r: invariant 6.
func (w *world) again(c Command, r Result) {
	w.t.Helper()
	if _, ok := c.(*wdk); ok { // its own replay is the reverse's business
		return
	}
	booked := !r.Flow.IsZero()
	if f := w.refusals[c.Common().Request]; f != nil && f.Until > w.now {
		booked = true
	}
	ops, refusals, tombs, next := len(w.ops), len(w.refusals), len(w.tombs), w.next
	r2 := w.batch(c)[0]
	switch {
	case len(w.ops) != ops || len(w.refusals) != refusals || len(w.tombs) != tombs || w.next != next:
		w.t.Fatalf("%s: the same request again changed something", describe([]Command{c}))
	case r2.Code != r.Code || r2.Flow != r.Flow:
		w.t.Fatalf("%s: answered %v, and again %v", describe([]Command{c}), r.Code, r2.Code)
	case !r2.Replayed && r.Code != IdempotentMismatch && booked && !c.Common().Request.IsZero():
		w.t.Fatalf("%s: decided twice", describe([]Command{c}))
	}
	a, b := r, r2
	a.Replayed, b.Replayed = false, false
	if x, y := text(a), text(b); x != y {
		w.t.Fatalf("%s: answered %s, and again %s", describe([]Command{c}), x, y)
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func describe(commands []Command) string {
	var parts []string
	for _, c := range commands {
		parts = append(parts, strings.TrimPrefix(fmt.Sprintf("%T", c), "*ledger.")+text(c))
	}
	return strings.Join(parts, "; ")
}

// save takes over what a batch changed, from its Changes alone.
func (w *world) save(s *State) {
	w.t.Helper()
	c := &s.Changes
	w.disjoint(c)
	for _, id := range c.Unbound {
		delete(w.idents, id)
	}
	for _, id := range c.Idents.List {
		if w.idents[id] != "" {
			w.t.Fatalf("%v is bound twice", id)
		}
		w.idents[id] = s.Idents[id]
	}
	for _, m := range c.Members.List {
		w.members[m.ID] = m
	}
	for _, a := range c.Accounts.List {
		if w.accounts[a.ID] == nil {
			w.purses[a.Member] = append(w.purses[a.Member], a.ID)
		}
		w.accounts[a.ID] = a
	}
	for _, l := range c.Lots.List {
		w.lots[l.LotID] = l
	}
	for _, k := range c.Ended {
		delete(w.holds, k)
	}
	for _, h := range c.Holds.List {
		w.holds[h.HoldKey] = h
	}
	for _, v := range c.Vouchers.List {
		w.vouchers[v.ID] = v
	}
	for _, r := range c.Refusals {
		w.refusals[r.Request] = r
	}
	for _, k := range c.TombsLifted {
		delete(w.tombs, k)
	}
	for _, t := range c.Tombs {
		w.tombs[t.TombKey] = t
	}
	for _, o := range c.Ops {
		o.Seq = int64(len(w.ops)) + 1
		w.ops = append(w.ops, o)
		if o.Order != "" {
			w.orders[o.Order] = append(w.orders[o.Order], o)
		}
		if !o.Request.IsZero() {
			w.requests[o.Request] = o
		}
		if !o.Refund.IsZero() {
			w.refunds[o.Refund] = o
		}
	}
}

// disjoint checks the promise of Changes: everything once, and nothing both saved and deleted.
func (w *world) disjoint(c *Changes) {
	w.t.Helper()
	var keys []any
	for _, list := range [][]any{
		keysOf("ident", c.Idents.List, func(id Ident) Ident { return id }), keysOf("unbound", c.Unbound, func(id Ident) Ident { return id }),
		keysOf("member", c.Members.List, func(m *Member) string { return m.ID }),
		keysOf("account", c.Accounts.List, func(a *Account) string { return a.ID }),
		keysOf("lot", c.Lots.List, func(l *Lot) LotID { return l.LotID }),
		keysOf("hold", c.Holds.List, func(h *Hold) HoldKey { return h.HoldKey }), keysOf("hold", c.Ended, func(k HoldKey) HoldKey { return k }),
		keysOf("voucher", c.Vouchers.List, func(v *Voucher) string { return v.ID }),
		keysOf("refusal", c.Refusals, func(r *Refusal) Digest { return r.Request }),
		keysOf("tombstone", c.Tombs, func(t *Tombstone) TombKey { return t.TombKey }), keysOf("tombstone", c.TombsLifted, func(k TombKey) TombKey { return k }),
	} {
		keys = append(keys, list...)
	}
	seen := map[any]bool{}
	for _, k := range keys {
		if seen[k] {
			w.t.Fatalf("%v stands twice in the changes", k)
		}
		seen[k] = true
	}
}

// keysOf names what changed.
func keysOf[T, K any](what string, list []T, key func(T) K) (keys []any) {
	for _, x := range list {
		keys = append(keys, fmt.Sprint(what, " ", key(x)))
	}
	return keys
}

// An auditor keeps a second, naive set of books from the operations alone, and compares.
type auditor struct {
	seen     int
	balance  map[LotID]Amount
	held     map[LotID]Amount
	granted  map[LotID]Amount
	kind     map[LotID]Kind
	expires  map[LotID]int64
	holds    map[HoldKey]map[LotID]Amount
	uses     map[string]Amount
	left     map[leftKey]Amount // what an operation took or gave of a lot, less its reversals
	books    map[string]Amount  // counter accounts
	accounts map[string]*sums
	ordinal  map[string]int
	total    map[string]Amount
	requests map[Digest]bool
	refunds  map[Digest]bool
	lastAt   int64
}

type leftKey struct {
	op      ID
	lot     LotID
	voucher string
}

type sums struct {
	Balance, Held, Granted, Used, Expired [Kinds]Amount
	Owed                                  Amount
}

func newAuditor() *auditor {
	return &auditor{
		balance: map[LotID]Amount{}, held: map[LotID]Amount{}, granted: map[LotID]Amount{}, kind: map[LotID]Kind{}, expires: map[LotID]int64{},
		holds: map[HoldKey]map[LotID]Amount{}, uses: map[string]Amount{}, left: map[leftKey]Amount{}, books: map[string]Amount{},
		accounts: map[string]*sums{}, ordinal: map[string]int{}, total: map[string]Amount{}, requests: map[Digest]bool{}, refunds: map[Digest]bool{},
	}
}

func currency(k Kind) string {
	if k.Family() == Value {
		return "fen"
	}
	return k.String()
}

func (a *auditor) account(id string) *sums {
	if a.accounts[id] == nil {
		a.accounts[id] = &sums{}
	}
	return a.accounts[id]
}

// add books one operation.
func (a *auditor) add(o *Op) error {
	if o.At < a.lastAt {
		return errors.New("time runs backwards")
	}
	a.lastAt = o.At
	if o.Order != "" {
		if a.ordinal[o.Order]++; o.Ordinal != a.ordinal[o.Order] {
			return fmt.Errorf("ordinal %d of %s, want %d", o.Ordinal, o.Order, a.ordinal[o.Order])
		}
	}
	if !o.Request.IsZero() {
		if a.requests[o.Request] {
			return errors.New("the request was booked before")
		}
		a.requests[o.Request] = true
	}
	if !o.Refund.IsZero() {
		if a.refunds[o.Refund] {
			return errors.New("the refund number was booked before")
		}
		a.refunds[o.Refund] = true
	}
	for _, p := range o.Pins {
		a.held[p.Lot] += p.Amount
		a.account(p.Lot.Account).Held[a.kind[p.Lot]] += p.Amount
		key := HoldKey{o.Order, a.kind[p.Lot].Family()}
		if a.holds[key] == nil {
			a.holds[key] = map[LotID]Amount{}
		}
		if a.holds[key][p.Lot] += p.Amount; a.holds[key][p.Lot] == 0 {
			delete(a.holds[key], p.Lot)
		}
		if len(a.holds[key]) == 0 {
			delete(a.holds, key)
		}
	}
	per := map[string]Amount{}
	for _, p := range o.Postings {
		if p.Amount == 0 {
			return errors.New("a posting of nothing")
		}
		per[currency(p.Kind)] += p.Amount
		a.total[currency(p.Kind)] += p.Amount
		switch {
		case !p.Lot.IsZero():
			a.lot(o, p)
		case p.Voucher != "":
			a.uses[p.Voucher] += p.Amount
		default:
			a.books[p.Book] += p.Amount
			if p.Owes() != "" {
				a.account(p.Owes()).Owed -= p.Amount
			}
			continue
		}
		k := leftKey{o.ID, p.Lot, p.Voucher}
		if p.Of.IsZero() {
			a.left[k] += p.Amount
			continue
		}
		k.op = p.Of
		was := a.left[k]
		a.left[k] += p.Amount
		if now := a.left[k]; was == 0 || (was > 0) == (p.Amount > 0) || (now != 0 && (now > 0) != (was > 0)) {
			return fmt.Errorf("reversal of %d where %d was left (%v %v)", p.Amount, was, p.Lot, p.Voucher)
		}
	}
	if err := a.order(o); err != nil {
		return err
	}
	for unit, n := range per {
		if n != 0 {
			return fmt.Errorf("%s do not balance: %d", unit, n)
		}
	}
	for _, b := range o.After {
		if b.Sums != a.account(b.Account).Balance {
			return fmt.Errorf("balances after on %s: %v, want %v", b.Account, b.Sums, a.account(b.Account).Balance)
		}
	}
	return nil
}

// order checks what a freeze or a direct debit took: nothing that was due, and no lot while an earlier one of its kind had something left.
func (a *auditor) order(o *Op) error {
	took := map[LotID]bool{}
	switch o.Kind {
	case OpFreeze:
		for _, p := range o.Pins {
			took[p.Lot] = true
		}
	case OpSpend:
		for _, p := range o.Postings {
			if !p.Lot.IsZero() {
				took[p.Lot] = true
			}
		}
		for _, p := range o.Pins { // captured: chosen when it was held
			delete(took, p.Lot)
		}
	default:
		return nil
	}
	lot := func(id LotID) *Lot { return &Lot{LotID: id, Expires: a.expires[id]} }
	for id := range took {
		if e := a.expires[id]; e != Never && o.At >= e {
			return fmt.Errorf("lot %v was due", id)
		}
		for other, balance := range a.balance {
			if other.Account == id.Account && a.kind[other] == a.kind[id] && balance > a.held[other] && lot(other).before(lot(id)) < 0 {
				return fmt.Errorf("lot %v was taken before %v", id, other)
			}
		}
	}
	return nil
}

func (a *auditor) lot(o *Op, p Posting) {
	s := a.account(p.Lot.Account)
	if _, known := a.balance[p.Lot]; !known {
		a.kind[p.Lot], a.granted[p.Lot] = p.Kind, p.Amount
		s.Granted[p.Kind] += p.Amount
	}
	a.balance[p.Lot] += p.Amount
	s.Balance[p.Kind] += p.Amount
	switch o.Kind {
	case OpSpend, OpRefund:
		s.Used[p.Kind] -= p.Amount
	case OpUnearn, OpUngrant, OpDebt:
		if p.Kind == Point {
			s.Used[p.Kind] -= p.Amount
		}
	case OpExpire:
		s.Expired[p.Kind] -= p.Amount
	}
	if p.Expires == -1 {
		a.expires[p.Lot] = Never
	} else if p.Expires != 0 {
		a.expires[p.Lot] = p.Expires
	}
}

// check books what is new and compares every projection with what the operations say: invariants 1 to 4, 6 and 9.
func (a *auditor) check(w *world) error {
	for ; a.seen < len(w.ops); a.seen++ {
		o := w.ops[a.seen]
		if err := a.add(o); err != nil {
			return fmt.Errorf("operation %d (kind %d, order %q): %w\n%s", o.Seq, o.Kind, o.Order, err, text(o))
		}
	}
	for unit, n := range a.total {
		if n != 0 {
			return fmt.Errorf("all %s do not balance: %d", unit, n)
		}
	}
	if len(w.lots) != len(a.balance) {
		return fmt.Errorf("%d lots, the operations tell of %d", len(w.lots), len(a.balance))
	}
	for id, l := range w.lots {
		want := Lot{
			LotID: id, Kind: a.kind[id], Member: l.Member, Origin: l.Origin, Expires: a.expires[id], Granted: a.granted[id],
			Balance: a.balance[id], Held: a.held[id],
		}
		if *l != want {
			return fmt.Errorf("lot %v is %+v, the operations say %+v", id, *l, want)
		}
		if l.Held < 0 || l.Held > l.Balance || l.Balance > l.Granted {
			return fmt.Errorf("lot %v out of range: %+v", id, *l)
		}
	}
	for id, acc := range w.accounts {
		if got, want := (sums{acc.Balance, acc.Held, acc.Granted, acc.Used, acc.Expired, acc.Owed}), *a.account(id); got != want {
			return fmt.Errorf("account %s is %+v, the operations say %+v", id, got, want)
		}
		if free := acc.Balance[Point] - acc.Held[Point]; acc.Owed < 0 || acc.Owed > 0 && free > 0 {
			return fmt.Errorf("account %s owes %d points and has %d free", id, acc.Owed, free)
		}
	}
	for no, history := range w.orders {
		if err := checkBill(history); err != nil {
			return fmt.Errorf("bill %s: %w", no, err)
		}
	}
	if len(w.holds) != len(a.holds) {
		return fmt.Errorf("%d holds, the operations tell of %d", len(w.holds), len(a.holds))
	}
	for k, h := range w.holds {
		pins := map[LotID]Amount{}
		for _, p := range h.Pins {
			pins[p.Lot] += p.Amount
		}
		if !maps.Equal(pins, a.holds[k]) {
			return fmt.Errorf("hold %v pins %v, the operations say %v", k, pins, a.holds[k])
		}
	}
	if len(w.vouchers) != len(a.uses) {
		return fmt.Errorf("%d vouchers, the operations tell of %d", len(w.vouchers), len(a.uses))
	}
	for id, v := range w.vouchers {
		if v.Left != a.uses[id] || v.Left < 0 || v.Left > v.Uses {
			return fmt.Errorf("voucher %s has %d of %d uses left, the operations say %d", id, v.Left, v.Uses, a.uses[id])
		}
	}
	return nil
}

// checkBill wants what a bill earned to be taken back in proportion to what was refunded of it, whatever became of the points: nobody ends
// with points of a bill that was given back.
func checkBill(history []*Op) error {
	var earned, fee, refunded, back Amount
	for _, o := range history {
		switch o.Kind {
		case OpEarn:
			if earned > 0 {
				return errors.New("earned twice")
			}
			earned, fee = o.Postings[0].Amount, o.Fee
		case OpUnearn:
			refunded += o.Fee
			for _, p := range o.Postings {
				if strings.HasPrefix(p.Book, "earn:") {
					back += p.Amount
				}
			}
		}
	}
	if earned == 0 {
		if back != 0 {
			return fmt.Errorf("%d points taken back of none", back)
		}
		return nil
	}
	if want := MulDiv(earned, min(refunded, fee), fee); back != want {
		return fmt.Errorf("%d of %d fen refunded: %d of %d points taken back, want %d", refunded, fee, back, earned, want)
	}
	return nil
}

// portrait is everything of a world that two ways to the same books must share: lots, holds, vouchers, operations but for their ids.
func (w *world) portrait(ops bool) string {
	var b strings.Builder
	name := map[ID]string{}
	for _, o := range w.ops {
		name[o.ID] = fmt.Sprint("op", o.Seq)
	}
	for _, id := range slices.SortedFunc(maps.Keys(w.lots), LotID.compare) {
		l := *w.lots[id]
		fmt.Fprintf(&b, "lot %v %v %v granted=%d balance=%d held=%d expires=%d\n", id, l.Kind, l.Member, l.Granted, l.Balance, l.Held, l.Expires)
	}
	for _, k := range slices.SortedFunc(maps.Keys(w.holds), compareHolds) {
		h := w.holds[k]
		fmt.Fprintf(&b, "hold %v of %s until %d: %v\n", k, h.Member, h.Deadline, h.Pins)
	}
	for _, id := range slices.Sorted(maps.Keys(w.vouchers)) {
		v := *w.vouchers[id]
		v.Origin = ID{}
		fmt.Fprintf(&b, "voucher %+v\n", v)
	}
	if !ops {
		return b.String()
	}
	for _, o := range w.ops {
		fmt.Fprintf(&b, "op%d %d at %d %s %s %q/%d %s: pins %v until %d result %v ok %v %v\n",
			o.Seq, o.Kind, o.At, o.Member, o.Shop, o.Order, o.Ordinal, o.Number, o.Pins, o.HoldEnd, o.Result.Code, o.Result.ValueOK, o.Result.PointOK)
		for _, p := range o.Postings {
			fmt.Fprintf(&b, "  %v %s %s %v %d of %s until %d\n", p.Lot, p.Voucher, p.Book, p.Kind, p.Amount, name[p.Of], p.Expires)
		}
		fmt.Fprintf(&b, "  after %v\n", o.After)
	}
	for _, id := range slices.SortedFunc(maps.Keys(w.idents), func(a, b Ident) int { return cmp.Compare(a.Text, b.Text) }) {
		fmt.Fprintf(&b, "%v is %s\n", id, w.idents[id])
	}
	return b.String()
}
