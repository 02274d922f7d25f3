// Package memstore keeps the books in memory. It is the reference that other stores are judged by, the store of simulations, and
// the double that fails on command.
package memstore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// A Step is a write that a Hook can make fail.
type Step string

// The steps. A Hook is called before each.
const (
	SaveStep    Step = "save"
	CommitStep  Step = "commit"
	NumbersStep Step = "numbers"
	PurgeStep   Step = "purge"
	PutStep     Step = "put" // a brand, app or session is written or deleted
)

// A Hook decides what becomes of a write: whether it takes effect, and which error its caller gets. (false, error): the write failed.
// (true, error): it was written and reported as failed. (false, nil): it was lost and reported as done. An error of a commit that took effect
// reaches the caller as store.ErrUnknown.
type Hook func(step Step) (apply bool, err error)

// Store is a store.Store in memory. The zero value is not ready: call Open.
type Store struct {
	writer chan struct{} // holds one token while no batch is open and nothing is being written

	mu       sync.RWMutex // guards all that follows, and the books behind it
	hook     Hook
	brands   map[string]*books
	apps     map[string]*store.App
	sessions map[string]*store.Session
	journal  []*store.Entry
	revision int64
}

// books are what is kept of one brand. Entities are replaced, never changed.
type books struct {
	rules     *ledger.Brand   // the newest of published
	published []*ledger.Brand // every version, by version
	counter   int64
	head      store.Link // At moves with every batch, Last and Hash with those that book operations
	links     []store.Link
	committed map[string]bool // tokens

	ops       []*ledger.Op // by sequence number, from 1
	ids       map[ledger.ID]bool
	requests  map[ledger.Digest]*ledger.Op
	refunds   map[ledger.Digest]*ledger.Op
	histories map[string][]*ledger.Op
	members   map[string]*ledger.Member
	idents    map[ledger.Ident]string // mobiles and outer ids
	accounts  map[string]*ledger.Account
	purses    map[string][]string // account ids of a member, in store.PurseOrder
	cards     map[string]string
	lots      map[ledger.LotID]*ledger.Lot
	open      map[string]map[ledger.LotID]bool // open lots of an account
	holds     map[ledger.HoldKey]*ledger.Hold
	vouchers  map[string]*ledger.Voucher
	refusals  map[ledger.Digest]*ledger.Refusal
	tombs     map[ledger.TombKey]*ledger.Tombstone
	wdkOrders map[int64]*reverse.Order
	subs      map[int64]int64  // sub-order → main number
	outs      map[string]int64 // out_order_id → main number
	quotes    map[string]*reverse.Quote
	reverses  map[int64]*reverse.Reverse
	cursors   map[string]*cursor
}

func newBooks(rules *ledger.Brand) *books {
	return &books{
		rules: rules, published: []*ledger.Brand{rules}, committed: map[string]bool{}, ids: map[ledger.ID]bool{}, requests: map[ledger.Digest]*ledger.Op{},
		refunds: map[ledger.Digest]*ledger.Op{}, histories: map[string][]*ledger.Op{}, members: map[string]*ledger.Member{},
		idents: map[ledger.Ident]string{}, accounts: map[string]*ledger.Account{}, purses: map[string][]string{},
		cards: map[string]string{}, lots: map[ledger.LotID]*ledger.Lot{}, open: map[string]map[ledger.LotID]bool{},
		holds: map[ledger.HoldKey]*ledger.Hold{}, vouchers: map[string]*ledger.Voucher{},
		refusals: map[ledger.Digest]*ledger.Refusal{}, tombs: map[ledger.TombKey]*ledger.Tombstone{},
		wdkOrders: map[int64]*reverse.Order{}, subs: map[int64]int64{}, outs: map[string]int64{},
		quotes: map[string]*reverse.Quote{}, reverses: map[int64]*reverse.Reverse{}, cursors: map[string]*cursor{},
	}
}

var _ store.Store = (*Store)(nil)

// Open makes an empty store.
func Open() *Store {
	s := &Store{
		writer: make(chan struct{}, 1), brands: map[string]*books{}, apps: map[string]*store.App{},
		sessions: map[string]*store.Session{},
	}
	s.writer <- struct{}{}
	return s
}

// Lanes: there is one writer.
func (s *Store) Lanes() int { return 1 }

// SetHook makes writes ask the hook from now on; nil lets all pass.
func (s *Store) SetHook(h Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = h
}

func (s *Store) ask(step Step) (apply bool, err error) {
	s.mu.RLock()
	h := s.hook
	s.mu.RUnlock()
	if h == nil {
		return true, nil
	}
	return h(step)
}

// lock waits for the right to write.
func (s *Store) lock(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	default:
	}
	select {
	case <-s.writer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) unlock() { s.writer <- struct{}{} }

// write runs one write outside of a batch.
func (s *Store) write(ctx context.Context, step Step, do func() error) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	apply, fault := s.ask(step)
	if apply {
		s.mu.Lock()
		err := do()
		s.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return fault
}

// read looks at the books of a brand.
func read[T any](s *Store, brand string, look func(*books) (T, error)) (v T, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.brand(brand)
	if err != nil {
		return v, err
	}
	return look(b)
}

// brand finds the books of a brand. The caller holds mu.
func (s *Store) brand(id string) (*books, error) {
	if b := s.brands[id]; b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("%w: %q", store.ErrNoBrand, id)
}

// Resolve has nothing to find: there is one writer.
func (s *Store) Resolve(context.Context, string, *reverse.Keys) (*store.Resolved, error) {
	return nil, nil
}

// Begin waits for the batch before it to end.
func (s *Store) Begin(ctx context.Context, brand string, keys *reverse.Keys, _ *store.Resolved, now int64) (store.Batch, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.brand(brand)
	if err != nil {
		s.unlock()
		return nil, err
	}
	at := max(now, b.head.At)
	return &batch{s: s, b: b, at: at, clock: now, state: b.load(keys, at)}, nil
}

// Read never waits for a batch.
func (s *Store) Read(_ context.Context, brand string, keys *reverse.Keys, now int64) (*reverse.State, error) {
	return read(s, brand, func(b *books) (*reverse.State, error) { return b.load(keys, max(now, b.head.At)), nil })
}

// Outcome remembers every batch.
func (s *Store) Outcome(_ context.Context, brand, token string) (bool, error) {
	return read(s, brand, func(b *books) (bool, error) { return b.committed[token], nil })
}

// Numbers counts up.
func (s *Store) Numbers(ctx context.Context, brand string, n int64) (first int64, err error) {
	err = s.write(ctx, NumbersStep, func() error {
		b, err := s.brand(brand)
		if err != nil {
			return err
		}
		if first, err = store.NumberRange(b.rules.Serial, b.counter, n); err != nil {
			return err
		}
		b.counter += n
		return nil
	})
	if err != nil {
		return 0, err
	}
	return first, nil
}

// Due looks at every open lot and hold.
func (s *Store) Due(_ context.Context, brand string, now int64, limit int) ([]string, error) {
	return read(s, brand, func(b *books) ([]string, error) {
		due := map[string]bool{}
		for _, l := range b.lots {
			if l.Due(now) {
				due[l.Member] = true
			}
		}
		for _, h := range b.holds {
			if now >= h.Deadline {
				due[h.Member] = true
			}
		}
		ids := sorted(due)
		return ids[:min(limit, len(ids))], nil
	})
}

// DueShare counts members by what their lots say.
func (s *Store) DueShare(_ context.Context, brand string, now int64) (due, dated int64, err error) {
	type counts struct{ due, dated int64 }
	n, err := read(s, brand, func(b *books) (n counts, err error) {
		members := map[string]bool{} // that have dated lots: whether some are due
		for _, l := range b.lots {
			if l.Expires != ledger.Never && l.Free() > 0 {
				members[l.Member] = members[l.Member] || l.Due(now)
			}
		}
		for _, some := range members {
			n.dated++
			if some {
				n.due++
			}
		}
		return n, nil
	})
	return n.due, n.dated, err
}

// Writable: memory always is.
func (s *Store) Writable(context.Context) error { return nil }

// Purge forgets what is over.
func (s *Store) Purge(ctx context.Context, now int64, limit int) error {
	return s.write(ctx, PurgeStep, func() error {
		for _, b := range s.brands {
			purge(b.refusals, limit, func(r *ledger.Refusal) bool { return now >= r.Until })
			purge(b.tombs, limit, func(t *ledger.Tombstone) bool { return now >= t.Until })
			purge(b.quotes, limit, func(q *reverse.Quote) bool {
				return !q.Bound && q.Until != ledger.Never && now >= q.Until+store.QuoteKept
			})
		}
		return nil
	})
}

func purge[K comparable, V any](m map[K]V, limit int, over func(V) bool) {
	for k, v := range m {
		if limit <= 0 {
			return
		}
		if over(v) {
			delete(m, k)
			limit--
		}
	}
}

// Close has nothing to release.
func (s *Store) Close() error { return nil }

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// batch is one open transaction: it holds the writer's token.
type batch struct {
	s     *Store
	b     *books
	at    int64
	clock int64
	state *reverse.State
	saved func() // makes the batch part of the books; nil before Save and when there is nothing to save
	token string
	ended bool
}

func (t *batch) State() *reverse.State { return t.state }
func (t *batch) At() int64             { return t.at }
func (t *batch) Clock() int64          { return t.clock }
func (t *batch) Token() string         { return t.token }

// Save checks what a database's unique keys would, and copies what is to be written.
func (t *batch) Save(context.Context) error {
	if t.state.Empty() {
		return nil
	}
	apply, fault := t.s.ask(SaveStep)
	if apply {
		t.s.mu.RLock()
		saved, err := t.b.save(t.state, t.at)
		t.s.mu.RUnlock()
		if err != nil {
			return err
		}
		t.saved, t.token = saved, rand.Text()
	}
	return fault
}

// Commit puts the copies in place, all at once.
func (t *batch) Commit(context.Context) error {
	if t.ended {
		return errors.New("memstore: batch has ended")
	}
	defer t.Rollback()
	if t.saved == nil {
		return nil
	}
	apply, fault := t.s.ask(CommitStep)
	if apply {
		t.s.mu.Lock()
		t.saved()
		t.b.committed[t.token] = true
		t.s.mu.Unlock()
		if fault != nil && !errors.Is(fault, store.ErrUnknown) {
			fault = fmt.Errorf("%w: %w", store.ErrUnknown, fault)
		}
	}
	return fault
}

// Rollback lets the next batch in.
func (t *batch) Rollback() {
	if !t.ended {
		t.ended = true
		t.s.unlock()
	}
}

// PutBrand creates a brand or publishes new rules.
func (s *Store) PutBrand(ctx context.Context, b *ledger.Brand, by store.Author) error {
	return s.write(ctx, PutStep, func() error {
		have := s.brands[b.ID]
		switch {
		case have == nil && b.Version == 0:
			serial := int64(len(s.brands)) + 1
			if serial > store.SerialMax {
				return store.ErrSerials
			}
			b.Serial, b.Version = serial, 1
		case have == nil:
			return fmt.Errorf("%w: %q", store.ErrNoBrand, b.ID)
		case have.rules.Version != b.Version:
			return fmt.Errorf("%w: brand %q is at version %d", store.ErrRetry, b.ID, have.rules.Version)
		default:
			b.Serial, b.Version = have.rules.Serial, b.Version+1
		}
		rules := clone(b)
		var before any
		if have == nil {
			s.brands[b.ID] = newBooks(rules)
		} else {
			before = have.rules
			have.rules = rules
			have.published = append(have.published, rules)
		}
		return s.told(by, "rules", store.RulesKey(rules), before, rules)
	})
}

// PutApp writes an app.
func (s *Store) PutApp(ctx context.Context, a *store.App, by store.Author) error {
	return s.write(ctx, PutStep, func() error {
		before := something(s.apps[a.Key])
		s.apps[a.Key] = clone(a)
		return s.told(by, "app", a.Key, before, a)
	})
}

// PutSession writes a session.
func (s *Store) PutSession(ctx context.Context, v *store.Session, by store.Author) error {
	return s.write(ctx, PutStep, func() error {
		before := something(s.sessions[v.Digest])
		s.sessions[v.Digest] = clone(v)
		return s.told(by, "session", v.Digest, before, v)
	})
}

// DeleteApp takes an app away.
func (s *Store) DeleteApp(ctx context.Context, key string, by store.Author) error {
	return s.write(ctx, PutStep, func() error {
		before := something(s.apps[key])
		delete(s.apps, key)
		return s.told(by, "app", key, before, nil)
	})
}

// something is a thing, or plain nil.
func something[T any](v *T) any {
	if v == nil {
		return nil
	}
	return v
}

// told adds the entry of a change.
func (s *Store) told(by store.Author, what, key string, before, after any) error {
	e, err := store.NewEntry(by, what, key, before, after)
	if err != nil {
		return err
	}
	return s.append(e)
}

func (s *Store) append(e *store.Entry) error {
	last := &store.Entry{}
	if n := len(s.journal); n > 0 {
		last = s.journal[n-1]
	}
	_, err := e.After(last.N, last.Hash)
	s.journal = append(s.journal, clone(e))
	s.revision++
	return err
}

// Note adds an act to the journal.
func (s *Store) Note(ctx context.Context, e *store.Entry) error {
	return s.write(ctx, PutStep, func() error { return s.append(e) })
}

// Journal streams the entries.
func (s *Store) Journal(_ context.Context, after int64) iter.Seq2[*store.Entry, error] {
	s.mu.RLock()
	entries := slices.Clone(s.journal[min(int(after), len(s.journal)):])
	s.mu.RUnlock()
	return func(yield func(*store.Entry, error) bool) {
		for _, e := range entries {
			if !yield(clone(e), nil) {
				return
			}
		}
	}
}

// Sealed is empty: memory is nobody's to change.
func (s *Store) Sealed(context.Context, string) iter.Seq2[*store.Sealed, error] {
	return func(func(*store.Sealed, error) bool) {}
}

// HeadSeal is none.
func (s *Store) HeadSeal(context.Context, string) (store.Link, []byte, error) {
	return store.Link{}, nil, nil
}

// JournalSeal is none.
func (s *Store) JournalSeal(context.Context) (n int64, hash [32]byte, good bool, err error) {
	return 0, hash, false, nil
}

// Sealing is not wanted.
func (s *Store) Sealing() bool { return false }

// Things lists the directory.
func (s *Store) Things(context.Context) (things []store.Thing, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	add := func(what, key string, v any) {
		state, fault := store.State(v)
		things, err = append(things, store.Thing{What: what, Key: key, State: state}), errors.Join(err, fault)
	}
	for key, a := range s.apps {
		add("app", key, a)
	}
	for digest, v := range s.sessions {
		add("session", digest, v)
	}
	for _, b := range s.brands {
		for _, r := range b.published {
			add("rules", store.RulesKey(r), r)
		}
		things = append(things, store.BrandThing(b.rules))
	}
	return append(things, store.RevisionThing(s.revision)), err
}

// ClockWord reads the last word.
func (s *Store) ClockWord(context.Context) (w store.ClockWord, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, e := range s.journal {
		w = cmp.Or(e.ClockWord(), w)
	}
	return w, nil
}

// SayClock adds a word.
func (s *Store) SayClock(ctx context.Context, w *store.ClockWord, by store.Author) error {
	return s.write(ctx, PutStep, func() error {
		e := w.Entry(by)
		err := s.append(e)
		*w = e.ClockWord()
		return err
	})
}

// DeleteSession takes a session away; one that is not there is no error.
func (s *Store) DeleteSession(ctx context.Context, digest string, by store.Author) error {
	return s.write(ctx, PutStep, func() error {
		before := something(s.sessions[digest])
		delete(s.sessions, digest)
		return s.told(by, "session", digest, before, nil)
	})
}

// Snapshot copies the directory.
func (s *Store) Snapshot(context.Context) (*store.Snapshot, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	snap := &store.Snapshot{Revision: s.revision}
	for _, id := range sorted(s.brands) {
		snap.Brands = append(snap.Brands, clone(s.brands[id].rules))
	}
	for _, key := range sorted(s.apps) {
		snap.Apps = append(snap.Apps, clone(s.apps[key]))
	}
	for _, token := range sorted(s.sessions) {
		snap.Sessions = append(snap.Sessions, clone(s.sessions[token]))
	}
	return snap, nil
}

// Revision is the directory's version.
func (s *Store) Revision(context.Context) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.revision, nil
}

// stream copies out what pick listed of a brand at one moment.
func stream[T any](s *Store, brand string, pick func(*books) []*T) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		all, err := read(s, brand, func(b *books) ([]*T, error) { return pick(b), nil })
		if err != nil {
			yield(nil, err)
			return
		}
		for _, v := range all {
			if !yield(clone(v), nil) {
				return
			}
		}
	}
}

// inOrder lists the values of a map by their keys.
func inOrder[K cmp.Ordered, V any](m map[K]*V) []*V {
	all := make([]*V, 0, len(m))
	for _, k := range sorted(m) {
		all = append(all, m[k])
	}
	return all
}

// Ops streams operations.
func (s *Store) Ops(_ context.Context, brand string, after int64) iter.Seq2[*ledger.Op, error] {
	return stream(s, brand, func(b *books) []*ledger.Op {
		return b.ops[min(max(after, 0), int64(len(b.ops))):]
	})
}

// Links streams the chain.
func (s *Store) Links(_ context.Context, brand string) iter.Seq2[store.Link, error] {
	return func(yield func(store.Link, error) bool) {
		links, err := read(s, brand, func(b *books) ([]store.Link, error) { return b.links, nil })
		if err != nil {
			yield(store.Link{}, err)
			return
		}
		for _, l := range links {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// Head is the newest link, with the last stamp.
func (s *Store) Head(_ context.Context, brand string) (store.Link, error) {
	return read(s, brand, func(b *books) (store.Link, error) { return b.head, nil })
}

// Accounts streams accounts by id.
func (s *Store) Accounts(_ context.Context, brand string) iter.Seq2[*ledger.Account, error] {
	return stream(s, brand, func(b *books) []*ledger.Account { return inOrder(b.accounts) })
}

// Lots streams lots by account and number.
func (s *Store) Lots(_ context.Context, brand string) iter.Seq2[*ledger.Lot, error] {
	return stream(s, brand, func(b *books) []*ledger.Lot {
		return slices.SortedFunc(maps.Values(b.lots), func(x, y *ledger.Lot) int {
			return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.N, y.N))
		})
	})
}

// Holds streams open holds by order and family.
func (s *Store) Holds(_ context.Context, brand string) iter.Seq2[*ledger.Hold, error] {
	return stream(s, brand, func(b *books) []*ledger.Hold {
		return slices.SortedFunc(maps.Values(b.holds), func(x, y *ledger.Hold) int {
			return cmp.Or(cmp.Compare(x.Order, y.Order), cmp.Compare(x.Family, y.Family))
		})
	})
}

// Vouchers streams vouchers by id.
func (s *Store) Vouchers(_ context.Context, brand string) iter.Seq2[*ledger.Voucher, error] {
	return stream(s, brand, func(b *books) []*ledger.Voucher { return inOrder(b.vouchers) })
}

// Members streams members by id.
func (s *Store) Members(_ context.Context, brand string) iter.Seq2[*ledger.Member, error] {
	return stream(s, brand, func(b *books) []*ledger.Member { return inOrder(b.members) })
}

// WdkOrders streams WDK orders by main number.
func (s *Store) WdkOrders(_ context.Context, brand string) iter.Seq2[*reverse.Order, error] {
	return stream(s, brand, func(b *books) []*reverse.Order { return inOrder(b.wdkOrders) })
}

// Reverses streams reverses by id.
func (s *Store) Reverses(_ context.Context, brand string) iter.Seq2[*reverse.Reverse, error] {
	return stream(s, brand, func(b *books) []*reverse.Reverse { return inOrder(b.reverses) })
}

// Refusals streams refusals by request.
func (s *Store) Refusals(_ context.Context, brand string) iter.Seq2[*ledger.Refusal, error] {
	return stream(s, brand, func(b *books) []*ledger.Refusal {
		return slices.SortedFunc(maps.Values(b.refusals), func(x, y *ledger.Refusal) int {
			return bytes.Compare(x.Request[:], y.Request[:])
		})
	})
}

// Tombs streams tombstones by order, app, family and direction.
func (s *Store) Tombs(_ context.Context, brand string) iter.Seq2[*ledger.Tombstone, error] {
	return stream(s, brand, func(b *books) []*ledger.Tombstone {
		return slices.SortedFunc(maps.Values(b.tombs), func(x, y *ledger.Tombstone) int {
			return cmp.Or(cmp.Compare(x.Order, y.Order), cmp.Compare(x.App, y.App), cmp.Compare(x.Family, y.Family), direction(x)-direction(y))
		})
	})
}

// direction puts tombstones against spends before those against charges.
func direction(t *ledger.Tombstone) int {
	if t.Charge {
		return 1
	}
	return 0
}

// Quotes streams quotes by token.
func (s *Store) Quotes(_ context.Context, brand string) iter.Seq2[*reverse.Quote, error] {
	return stream(s, brand, func(b *books) []*reverse.Quote { return inOrder(b.quotes) })
}

// Rules streams every version of a brand's rules.
func (s *Store) Rules(_ context.Context, brand string) iter.Seq2[*ledger.Brand, error] {
	return stream(s, brand, func(b *books) []*ledger.Brand { return b.published })
}

// Issued is the brand's counter.
func (s *Store) Issued(_ context.Context, brand string) (int64, error) {
	return read(s, brand, func(b *books) (int64, error) { return b.counter, nil })
}

// Brands lists the brands.
func (s *Store) Brands(context.Context) ([]string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return sorted(s.brands), nil
}

// People streams members by id, each with its accounts.
func (s *Store) People(_ context.Context, brand string) iter.Seq2[*store.Person, error] {
	return stream(s, brand, func(b *books) (people []*store.Person) {
		due := map[string]int64{}
		end := func(member string, at int64) {
			if was, ok := due[member]; !ok || at < was {
				due[member] = at
			}
		}
		for _, l := range b.lots {
			if l.Free() > 0 && l.Expires != ledger.Never {
				end(l.Member, l.Expires)
			}
		}
		for _, h := range b.holds {
			end(h.Member, h.Deadline)
		}
		for _, m := range inOrder(b.members) {
			p := &store.Person{Member: m, Due: math.MaxInt64}
			if at, ok := due[m.ID]; ok {
				p.Due = at
			}
			for _, a := range b.purses[m.ID] {
				p.Accounts = append(p.Accounts, b.accounts[a])
			}
			people = append(people, p)
		}
		return people
	})
}

// Names streams what members are named by.
func (s *Store) Names(_ context.Context, brand string) iter.Seq2[store.Name, error] {
	return values(stream(s, brand, func(b *books) (names []*store.Name) {
		for id, member := range b.idents {
			names = append(names, &store.Name{Ident: id, Member: member})
		}
		for card, account := range b.cards {
			names = append(names, &store.Name{Ident: ledger.Ident{Type: ledger.ByCard, Text: card}, Member: b.accounts[account].Member})
		}
		for _, a := range b.accounts {
			names = append(names, &store.Name{Ident: ledger.Ident{Type: store.AccountName, Text: a.ID}, Member: a.Member})
		}
		return names
	}))
}

// SubRows streams numbers of sub-orders.
func (s *Store) SubRows(_ context.Context, brand string) iter.Seq2[store.SubRow, error] {
	return values(stream(s, brand, func(b *books) (rows []*store.SubRow) {
		for no, main := range b.subs {
			o := b.wdkOrders[main]
			rows = append(rows, &store.SubRow{No: no, Main: main, Out: o.Subs[o.Row(no)].Out})
		}
		return rows
	}))
}

// values are what pointers lead to.
func values[T any](seq iter.Seq2[*T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range seq {
			var value T
			if v != nil {
				value = *v
			}
			if !yield(value, err) {
				return
			}
		}
	}
}

// Integrity has nothing to check.
func (s *Store) Integrity(context.Context) ([]string, error) { return nil, nil }
