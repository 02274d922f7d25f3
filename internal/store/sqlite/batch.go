package sqlite

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// batch is one open transaction of the writing connection.
type batch struct {
	s      *Store
	w      *writes // nil when the batch has ended
	loaded *loader
	head   head            // as it will be
	fresh  map[opKey]int64 // keys of this batch's operations
	saved  bool
	token  string
	text   []byte // of one document after another
}

// Begin takes the writer and the file's lock, then reads.
func (s *Store) Begin(ctx context.Context, brand string, keys *reverse.Keys, _ *store.Resolved, now int64) (store.Batch, error) {
	w, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	t := &batch{s: s, w: w, fresh: map[opKey]int64{}}
	if err := w.Begin.run(); err != nil {
		s.writer <- w
		return nil, err
	}
	l, err := s.load(ctx, &w.reads, brand, keys, now)
	if err != nil {
		t.Rollback()
		return nil, err
	}
	t.loaded, t.head = l, l.head
	s.filters(brand, l.keys, l.index)
	return t, nil
}

func (t *batch) State() *reverse.State { return t.loaded.s }
func (t *batch) At() int64             { return t.loaded.at }
func (t *batch) Token() string         { return t.token }

// Save writes the changes into the open transaction.
func (t *batch) Save(context.Context) error {
	if t.w == nil {
		return errors.New("sqlite: batch has ended")
	}
	if t.loaded.s.Empty() {
		return nil
	}
	for _, step := range []func() error{t.saveOps, t.saveMembers, t.saveAssets, t.saveDue, t.saveMemory, t.saveWdk} {
		if err := step(); err != nil {
			return err
		}
	}
	t.saved = true
	return nil
}

// bind sets the brand as the first parameter of a statement.
func (t *batch) bind(q *stmt) *stmt {
	q.int(1, t.head.serial)
	return q
}

// saveOps appends the operations and one link, and moves the head.
func (t *batch) saveOps() error {
	h := &t.head
	h.link.At = t.loaded.at
	t.token = rand.Text()
	ops := t.loaded.s.Changes.Ops
	bodies := make([][]byte, len(ops))
	for i, o := range ops {
		h.link.Last++
		o.Seq = h.link.Last
		if err := t.key(o); err != nil {
			return err
		}
		start := len(t.text)
		t.text = store.AppendOp(t.text, o)
		bodies[i] = t.text[start:len(t.text):len(t.text)]
	}
	if err := t.appendOps(h.link.Last-int64(len(ops))+1, bodies); err != nil {
		return err
	}
	if len(ops) > 0 {
		h.link.Hash = store.ChainHash(h.link.Hash, bodies...)
		q := t.bind(t.w.SaveLink)
		q.int(2, h.link.Last)
		q.blob(3, h.link.Hash[:])
		q.int(4, t.loaded.at)
		if err := q.run(); err != nil {
			return err
		}
		t.token = linkToken(h.link)
	}
	if err := t.loaded.keys.write(t.w, h, len(t.fresh), t.s.limit()); err != nil {
		return err
	}
	q := t.bind(t.w.SaveHead)
	q.int(2, h.link.Last)
	q.blob(3, h.link.Hash[:])
	q.int(4, t.loaded.at)
	q.text(5, t.token)
	q.int(6, h.indexed)
	q.blob(7, h.index.text())
	return q.run()
}

// opsAtOnce is how many operations SaveOps takes.
const opsAtOnce = 8

// appendOps appends the texts of operations from a sequence number on.
func (t *batch) appendOps(seq int64, bodies [][]byte) error {
	for len(bodies) > 0 {
		q, n := t.w.SaveOp, 1
		if len(bodies) >= opsAtOnce {
			q, n = t.w.SaveOps, opsAtOnce
		}
		t.bind(q)
		q.int(2, seq)
		for i, body := range bodies[:n] {
			q.document(int32(3+i), body)
		}
		if err := q.run(); err != nil {
			return fmt.Errorf("operation %d and those after it: %w", seq, err)
		}
		seq, bodies = seq+int64(n), bodies[n:]
	}
	return nil
}

// key notes the keys of an operation. One that is taken is another writer's.
func (t *batch) key(o *ledger.Op) error {
	for _, key := range keysOf(o) {
		seq, twice := t.fresh[key]
		if !twice && !t.loaded.sought(o) {
			var err error
			if seq, err = t.loaded.find(key); err != nil {
				return err
			}
		}
		if seq != 0 {
			return fmt.Errorf("%w: operation %s has a key of operation %d", store.ErrRetry, o.ID, seq)
		}
		t.fresh[key] = o.Seq
	}
	return nil
}

// saveMembers writes rows of members that changed, or whose accounts or newest lots did, and names that were bound and given up.
func (t *batch) saveMembers() error {
	c := &t.loaded.s.Changes
	changed := map[string]struct{}{}
	touch := func(member string) *store.Wallet {
		changed[member] = struct{}{}
		row := t.loaded.rows[member]
		if row == nil { // a new member
			row = &memberRow{due: math.MaxInt64, wallet: &store.Wallet{}}
			t.loaded.rows[member] = row
		}
		return row.wallet
	}
	for _, m := range c.Members.List {
		touch(m.ID)
	}
	for _, a := range c.Accounts.List {
		touch(a.Member)
	}
	for _, l := range c.Lots.List {
		if t.loaded.table[l.LotID] {
			if err := t.saveLot(l); err != nil {
				return err
			}
			continue
		}
		if err := touch(l.Member).Add(l); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		if err := t.saveMember(id, t.loaded.rows[id]); err != nil {
			return fmt.Errorf("member %s: %w", id, err)
		}
	}
	for _, id := range c.Unbound { // before the names are bound again
		q := t.bind(t.w.Unbind)
		q.int(2, int64(id.Type))
		q.text(3, id.Outer)
		q.text(4, id.Text)
		if err := q.run(); err != nil {
			return err
		}
	}
	for _, id := range c.Idents.List {
		if err := t.name(id, t.loaded.s.Idents[id]); err != nil {
			return err
		}
	}
	for _, a := range c.Accounts.List {
		if t.loaded.rows[a.Member].wallet.Has(a.ID) {
			continue
		}
		if err := t.name(ledger.Ident{Type: accountName, Text: a.ID}, a.Member); err != nil {
			return err
		}
		if a.Card == "" {
			continue
		}
		if err := t.name(ledger.Ident{Type: ledger.ByCard, Text: a.Card}, a.Member); err != nil {
			return err
		}
	}
	return nil
}

// saveMember writes a member's row, and the lots that have no place in it any more.
func (t *batch) saveMember(id string, row *memberRow) error {
	m := t.loaded.s.Members[id]
	if m == nil {
		return errors.New("something of a member changed who is not loaded")
	}
	purse := t.loaded.s.Purses[id]
	accounts := make([]*ledger.Account, len(purse))
	for i, account := range purse {
		accounts[i] = t.loaded.s.Accounts[account]
	}
	t.text = store.AppendMember(t.text[:0], m)
	n := len(t.text)
	text, old, err := row.wallet.Append(t.text, accounts)
	if err != nil {
		return err
	}
	t.text = text
	q := t.w.CreateMember
	if row.place != 0 {
		q = t.w.ChangeMember
		q.int(2, row.place)
	} else {
		q.text(2, id)
	}
	t.bind(q)
	q.document(3, text[:n])
	q.document(4, text[n:])
	if err := q.run(); err != nil {
		return err
	}
	for _, l := range old {
		if err := t.saveLot(l); err != nil {
			return err
		}
	}
	return nil
}

// saveLot writes a lot that has left its member's row.
func (t *batch) saveLot(l *ledger.Lot) error {
	q := t.bind(t.w.SaveLot)
	q.text(2, l.Account)
	q.int(3, l.N)
	q.int(4, int64(l.Kind))
	q.text(5, l.Member)
	q.blob(6, l.Origin[:])
	q.int(7, farEnd(l.Expires))
	q.int(8, int64(l.Granted))
	q.int(9, int64(l.Balance))
	q.int(10, int64(l.Held))
	if err := q.run(); err != nil {
		return fmt.Errorf("lot %s: %w", l.LotID, err)
	}
	return nil
}

// name gives a member a name.
func (t *batch) name(id ledger.Ident, member string) error {
	q := t.bind(t.w.Bind)
	q.int(2, int64(id.Type))
	q.text(3, id.Outer)
	q.text(4, id.Text)
	q.text(5, member)
	if err := q.run(); err != nil {
		return fmt.Errorf("name of member %s: %w", member, err)
	}
	return nil
}

// saveDue tells rows anew when something of their member ends next: it has ended, or ends sooner than was known, or what was to end then
// is gone.
func (t *batch) saveDue() error {
	members := map[string]struct{}{}
	for id, row := range t.loaded.rows {
		if row.due <= t.loaded.at {
			members[id] = struct{}{}
		}
	}
	moved := func(member string, end int64, open bool) {
		if row := t.loaded.rows[member]; row == nil || open && end < row.due || !open && end == row.due {
			members[member] = struct{}{}
		}
	}
	c := &t.loaded.s.Changes
	for _, l := range c.Lots.List {
		if l.Expires != ledger.Never {
			moved(l.Member, l.Expires, l.Free() > 0)
		}
	}
	for _, h := range c.Holds.List {
		if was, ok := t.loaded.holds[h.HoldKey]; ok {
			moved(was.Member, was.Deadline, false)
		}
		moved(h.Member, h.Deadline, true)
	}
	for _, k := range c.Ended {
		if was, ok := t.loaded.holds[k]; ok {
			moved(was.Member, was.Deadline, false)
		}
	}
	for id := range members {
		row := t.loaded.rows[id]
		if row == nil {
			return fmt.Errorf("member %s has something that ends, and is not loaded", id)
		}
		soonest, err := row.wallet.Soonest()
		if err != nil {
			return err
		}
		q := t.bind(t.w.SetDue)
		q.text(2, id)
		q.int(3, soonest)
		if err := q.run(); err != nil {
			return fmt.Errorf("member %s: %w", id, err)
		}
	}
	return nil
}

// saveAssets writes holds and vouchers.
func (t *batch) saveAssets() error {
	c := &t.loaded.s.Changes
	for _, k := range c.Ended { // before another is opened in its place
		q := t.bind(t.w.EndHold)
		q.text(2, k.Order)
		q.int(3, int64(k.Family))
		if err := q.run(); err != nil {
			return err
		}
	}
	for _, h := range c.Holds.List {
		q := t.bind(t.w.SaveHold)
		q.text(2, h.Order)
		q.int(3, int64(h.Family))
		q.text(4, h.Member)
		q.int(5, h.Deadline)
		t.text = store.AppendHold(t.text[:0], h)
		q.document(6, t.text)
		if err := q.run(); err != nil {
			return fmt.Errorf("hold of order %s: %w", h.Order, err)
		}
	}
	for _, v := range c.Vouchers.List {
		q := t.bind(t.w.SaveVoucher)
		q.text(2, v.ID)
		q.text(3, v.Member)
		t.text = store.AppendVoucher(t.text[:0], v)
		q.document(4, t.text)
		if err := q.run(); err != nil {
			return fmt.Errorf("voucher %s: %w", v.ID, err)
		}
	}
	return nil
}

// farEnd turns Never into the last moment there is, so that the index puts it last.
func farEnd(deadline int64) int64 {
	if deadline == ledger.Never {
		return math.MaxInt64
	}
	return deadline
}

// saveMemory writes what is remembered for a while.
func (t *batch) saveMemory() error {
	c := &t.loaded.s.Changes
	for _, r := range c.Refusals {
		q := t.bind(t.w.SaveRefusal)
		q.blob(2, r.Request[:])
		q.blob(3, r.Content[:])
		q.int(4, r.Until)
		t.text = store.AppendResult(t.text[:0], &r.Result)
		q.document(5, t.text)
		if err := q.run(); err != nil {
			return err
		}
	}
	for _, v := range c.Tombs {
		q := t.bind(t.w.SaveTomb)
		bindTomb(q, &v.TombKey)
		q.int(6, v.Signed)
		q.int(7, int64(v.Amount))
		q.text(8, v.Member)
		q.int(9, v.Until)
		if err := q.run(); err != nil {
			return err
		}
	}
	for i := range c.TombsLifted {
		if t.loaded.s.Tombs[c.TombsLifted[i]] != nil {
			continue // planted again
		}
		q := t.bind(t.w.LiftTomb)
		bindTomb(q, &c.TombsLifted[i])
		if err := q.run(); err != nil {
			return err
		}
	}
	return nil
}

func bindTomb(q *stmt, k *ledger.TombKey) {
	q.text(2, k.Order)
	q.text(3, k.App)
	q.int(4, int64(k.Family))
	q.int(5, flag(k.Charge))
}

func flag(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

func (t *batch) saveWdk() error {
	c := &t.loaded.s.Wdk
	for _, o := range c.Orders.List {
		if err := t.saveOrder(o); err != nil {
			return fmt.Errorf("WDK order %d: %w", o.Main, err)
		}
	}
	for _, v := range c.Quotes.List {
		text, err := store.Encode(v)
		if err != nil {
			return err
		}
		q := t.bind(t.w.SaveQuote)
		q.text(2, v.Token)
		q.text(3, v.Store)
		q.int(4, farEnd(v.Until))
		q.int(5, flag(v.Bound))
		q.document(6, text)
		if err := q.run(); err != nil {
			return err
		}
	}
	for _, v := range c.Reverses.List {
		text, err := store.EncodeReverse(v)
		if err != nil {
			return err
		}
		q := t.bind(t.w.SaveReverse)
		q.int(2, v.ID)
		q.int(3, v.Main)
		q.document(4, text)
		if err := q.run(); err != nil {
			return fmt.Errorf("reverse %d: %w", v.ID, err)
		}
	}
	return nil
}

func (t *batch) saveOrder(o *reverse.Order) error {
	text, err := store.EncodeOrder(o)
	if err != nil {
		return err
	}
	q := t.bind(t.w.SaveWdkOrder)
	q.int(2, o.Main)
	q.text(3, o.Out)
	q.document(4, text)
	if err := q.run(); err != nil {
		return err
	}
	for i := range o.Subs {
		q := t.bind(t.w.SaveSub)
		q.int(2, o.Subs[i].No)
		q.int(3, o.Main)
		q.textOrNull(4, o.Subs[i].Out)
		if err := q.run(); err != nil {
			return err
		}
		if t.w.c.changes() == 0 {
			return fmt.Errorf("%w: sub-order %d is another order's", store.ErrRetry, o.Subs[i].No)
		}
	}
	return nil
}

// Commit returns when the log is synced.
func (t *batch) Commit(context.Context) error {
	if t.w == nil {
		return errors.New("sqlite: batch has ended")
	}
	defer t.Rollback()
	var err error
	if t.saved {
		err = t.s.commit(t.w)
	}
	switch {
	case err == nil:
		if t.saved {
			t.s.checkpoints.wrote(t.w)
			t.loaded.keys.booked(t.fresh, &t.head)
		}
		commit := t.s.syncer.seen() // ours, or the last before us if we only read
		t.Rollback()                // gives the writer to the next batch
		if err = t.s.syncer.wait(commit); err == nil {
			return nil
		}
	case busy(err): // the engine keeps the transaction open, and Rollback undoes it
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnknown, err)
}

// Rollback gives the writer back.
func (t *batch) Rollback() {
	if t.w == nil {
		return
	}
	w := t.w
	t.w = nil
	if w.c.inTransaction() {
		_ = w.Rollback.run() // it fails only when the engine has rolled back by itself
	}
	t.s.writer <- w
}

func linkToken(l store.Link) string { return fmt.Sprintf("%d.%x", l.Last, l.Hash) }

// Outcome looks for the batch's link, or for its token in the brand's head when it has no link. Where another batch came after one
// without a link, the answer is no: such a batch holds only what may be written twice.
func (s *Store) Outcome(ctx context.Context, brand, token string) (committed bool, err error) {
	err = s.write(ctx, func(w *writes) error { // behind whatever is still being written
		h, err := w.head(brand)
		if err != nil {
			return err
		}
		var last int64
		if _, err := fmt.Sscanf(token, "%d.", &last); err != nil {
			committed = h.token == token && token != ""
			return nil
		}
		w.Link.int(1, h.serial)
		w.Link.int(2, last)
		return w.Link.each(ctx, func() error {
			committed = linkToken(store.Link{Last: last, Hash: [32]byte(w.Link.columnBytes(0))}) == token
			return nil
		})
	})
	return committed, err
}
