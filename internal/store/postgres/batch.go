package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// batch is one open transaction.
type batch struct {
	s      *Store
	conn   *pgxpool.Conn // nil when the batch has ended
	loaded *loader
	saved  bool
	token  string
}

// locksMax bounds how often a batch starts again because its keys lead beyond what it has locked.
const locksMax = 10

// Begin locks what the keys were resolved to and reads. When the keys turn out to lead further, it starts again with that too.
func (s *Store) Begin(ctx context.Context, brand string, keys *reverse.Keys, resolved *store.Resolved, now int64) (store.Batch, error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return nil, err
	}
	if resolved == nil {
		if resolved, err = s.Resolve(ctx, brand, keys); err != nil {
			return nil, err
		}
	}
	for range locksMax {
		l := newLoader(s, serial, locked)
		l.clock = s.clock(now)
		t, err := s.lock(ctx, l, keys, resolved)
		if !errors.Is(err, errUnlocked) {
			return t, told(err)
		}
		resolved = l.resolved()
	}
	return nil, fmt.Errorf("%w: the keys lead further and further", store.ErrRetry)
}

func (s *Store) lock(ctx context.Context, l *loader, keys *reverse.Keys, r *store.Resolved) (store.Batch, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	t := &batch{s: s, conn: conn, loaded: l}
	l.conn = conn.Conn()
	s.begin(l.trip)
	if s.distributed {
		l.trip.Queue(stayPut, l.brand)
	}
	l.lock(r)
	if err := l.load(ctx, keys); err != nil {
		t.Rollback()
		return nil, err
	}
	return t, nil
}

func (t *batch) State() *reverse.State { return t.loaded.s }
func (t *batch) At() int64             { return t.loaded.at }
func (t *batch) Token() string         { return t.token }

// Rollback gives the connection back.
func (t *batch) Rollback() {
	if t.conn == nil {
		return
	}
	rollback(t.conn.Conn())
	t.conn.Release()
	t.conn = nil
}

// Save writes the changes into the open transaction: one trip, the head last.
func (t *batch) Save(ctx context.Context) error {
	if t.conn == nil {
		return errors.New("postgres: batch has ended")
	}
	if t.loaded.s.Empty() {
		return nil
	}
	w := &saver{batch: t, wallets: map[string]*store.Wallet{}}
	if err := w.members(); err != nil {
		return err
	}
	w.assets()
	if err := w.due(); err != nil {
		return err
	}
	w.remembered()
	if err := w.wdk(); err != nil {
		return err
	}
	w.ops()
	w.planted()
	if err := w.send(ctx); err != nil {
		return told(err)
	}
	if err := w.overtaken(ctx); err != nil {
		return told(err)
	}
	t.saved = true
	return nil
}

// saver gathers the statements of one Save.
type saver struct {
	*batch
	trip    pgx.Batch
	text    []byte                   // of one document after another
	wallets map[string]*store.Wallet // of new members
	spilled []*ledger.Lot            // out of wallets, into their table
	memory  int64                    // of the head, after
}

// do queues a statement of this brand.
func (w *saver) do(text string, args ...any) *pgx.QueuedQuery {
	return w.trip.Queue(text, append([]any{w.loaded.brand}, args...)...)
}

func (w *saver) send(ctx context.Context) error {
	trip := w.trip
	w.trip = pgx.Batch{}
	return w.conn.Conn().SendBatch(ctx, &trip).Close()
}

// document is the text of one entity.
func document[T any](w *saver, encode func([]byte, T) []byte, v T) string {
	w.text = encode(w.text[:0], v)
	return string(w.text)
}

// all wants so many rows written: one that is missing is another's.
func all(n int) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != int64(n) {
			return fmt.Errorf("%w: %d rows of %d were there to be written", store.ErrRetry, tag.RowsAffected(), n)
		}
		return nil
	}
}

// ops appends the operations and one link, and moves the head.
func (w *saver) ops() {
	c := &w.loaded.s.Changes
	n := len(c.Ops)
	var (
		ordinals          = make([]int32, n)
		requests, refunds = make([][]byte, n), make([][]byte, n)
		orders, members   = make([]*string, n), make([]string, n)
		bodies            = make([]string, n)
		digest            = sha256.New()
		length            [8]byte
	)
	for i, o := range c.Ops {
		w.text = store.AppendOp(w.text[:0], o)
		binary.BigEndian.PutUint64(length[:], uint64(len(w.text)))
		digest.Write(length[:]) // as store.ChainHash does
		digest.Write(w.text)
		ordinals[i], members[i], bodies[i] = int32(o.Ordinal), o.Member, string(w.text)
		requests[i], refunds[i] = digestOrNull(&o.Request), digestOrNull(&o.Refund)
		if o.Order != "" {
			orders[i] = &o.Order
		}
	}
	moves := int64(0)
	if len(c.Tombs)+len(c.Refusals) > 0 {
		moves = 1
	}
	w.do(sql.MoveHead, int64(n), digest.Sum(nil), w.loaded.at, moves).Query(func(rows pgx.Rows) error {
		return each(rows, func(r row) error {
			link := store.Link{Last: r.int(0)}
			for i, o := range c.Ops {
				o.Seq = link.Last - int64(n-1-i)
			}
			w.memory = r.int(1) - moves
			r.digest(2, link.Hash[:])
			w.token = tokenOf(n > 0, link)
			return nil
		})
	})
	if n > 0 {
		w.do(sql.SaveLink)
		w.do(sql.SaveOps, int64(n), ordinals, requests, refunds, orders, members, bodies)
	}
}

func digestOrNull(d *ledger.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

// wallet is the wallet of a member; a new member's is empty at first.
func (w *saver) wallet(member string) *store.Wallet {
	if row, ok := w.loaded.rows[member]; ok {
		return row.wallet
	}
	if w.wallets[member] == nil {
		w.wallets[member] = &store.Wallet{}
	}
	return w.wallets[member]
}

// members writes rows of members that changed, or whose accounts or newest lots did, and names that were bound and given up.
func (w *saver) members() error {
	s, c := w.loaded.s, &w.loaded.s.Changes
	changed := map[string]struct{}{}
	for _, m := range c.Members.List {
		changed[m.ID] = struct{}{}
	}
	for _, l := range c.Lots.List {
		if w.loaded.known[l.LotID].place != "" {
			continue
		}
		changed[l.Member] = struct{}{}
		if err := w.wallet(l.Member).Add(l); err != nil {
			return err
		}
	}
	var names struct {
		types                  []int16
		outers, texts, bearers []string
	}
	bind := func(id ledger.Ident, member string) {
		names.types, names.outers = append(names.types, int16(id.Type)), append(names.outers, id.Outer)
		names.texts, names.bearers = append(names.texts, id.Text), append(names.bearers, member)
	}
	for _, a := range c.Accounts.List {
		changed[a.Member] = struct{}{}
		if _, ok := w.loaded.names[a.ID]; ok {
			continue
		}
		bind(ledger.Ident{Type: accountName, Text: a.ID}, a.Member)
		if a.Card != "" {
			bind(ledger.Ident{Type: ledger.ByCard, Text: a.Card}, a.Member)
		}
	}
	var created, kept struct{ ids, bodies, wallets, places []string }
	var accounts []*ledger.Account
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		list := &created
		if row, ok := w.loaded.rows[id]; ok {
			list = &kept
			kept.places = append(kept.places, row.place)
		}
		if s.Members[id] == nil {
			return fmt.Errorf("postgres: an account or a lot of member %s changed, who is not loaded", id)
		}
		list.ids = append(list.ids, id)
		list.bodies = append(list.bodies, document(w, store.AppendMember, s.Members[id]))
		accounts = accounts[:0]
		for _, account := range s.Purses[id] {
			accounts = append(accounts, s.Accounts[account])
		}
		text, old, err := w.wallet(id).Append(w.text[:0], accounts)
		if err != nil {
			return err
		}
		list.wallets = append(list.wallets, string(text))
		w.text, w.spilled = text, append(w.spilled, old...)
	}
	if len(created.ids) > 0 {
		w.do(sql.CreateMembers, created.ids, created.bodies, created.wallets)
	}
	if len(kept.ids) > 0 {
		w.do(sql.ChangeMembers, kept.ids, kept.bodies, kept.wallets, kept.places).Exec(all(len(kept.ids)))
	}
	if n := len(c.Unbound); n > 0 { // before the names are bound again
		types, outers, texts := make([]int16, n), make([]string, n), make([]string, n)
		for i, id := range c.Unbound {
			types[i], outers[i], texts[i] = int16(id.Type), id.Outer, id.Text
		}
		w.do(sql.Unbind, types, outers, texts)
	}
	for _, id := range c.Idents.List {
		bind(id, s.Idents[id])
	}
	if len(names.types) > 0 {
		w.do(sql.Bind, names.types, names.outers, names.texts, names.bearers)
	}
	return nil
}

// accountName is the type of the names of accounts: customer ids need none, they are the members' keys.
const accountName = ledger.ByCustomer

// lotRows are the columns of lots.
type lotRows struct {
	accounts, members                []string
	kinds                            []int16
	places                           []string
	origins                          [][]byte
	ns, expires, granted, left, held []int64
}

func (r *lotRows) add(l *ledger.Lot) {
	r.accounts, r.members, r.kinds = append(r.accounts, l.Account), append(r.members, l.Member), append(r.kinds, int16(l.Kind))
	r.origins, r.ns, r.expires = append(r.origins, l.Origin[:]), append(r.ns, l.N), append(r.expires, farEnd(l.Expires))
	r.granted, r.left, r.held = append(r.granted, int64(l.Granted)), append(r.left, int64(l.Balance)), append(r.held, int64(l.Held))
}

// assets writes lots that have left their members' wallets, holds and vouchers.
func (w *saver) assets() {
	c := &w.loaded.s.Changes
	var created, kept lotRows
	for _, l := range w.spilled {
		created.add(l)
	}
	for _, l := range c.Lots.List {
		if place := w.loaded.known[l.LotID].place; place != "" {
			kept.add(l)
			kept.places = append(kept.places, place)
		}
	}
	if r := &created; len(r.ns) > 0 {
		w.do(sql.CreateLots, r.accounts, r.ns, r.kinds, r.members, r.origins, r.expires, r.granted, r.left, r.held)
	}
	if r := &kept; len(r.ns) > 0 {
		w.do(sql.ChangeLots, r.accounts, r.ns, r.expires, r.granted, r.left, r.held, r.places).Exec(all(len(r.ns)))
	}
	if len(c.Ended) > 0 { // before another is opened in its place
		var orders []string
		var families []int16
		for _, k := range c.Ended {
			orders, families = append(orders, k.Order), append(families, int16(k.Family))
		}
		w.do(sql.EndHolds, orders, families)
	}
	if len(c.Holds.List) > 0 {
		var orders, members, bodies []string
		var families []int16
		var deadlines []int64
		for _, h := range c.Holds.List {
			orders, families, members = append(orders, h.Order), append(families, int16(h.Family)), append(members, h.Member)
			deadlines, bodies = append(deadlines, h.Deadline), append(bodies, document(w, store.AppendHold, h))
		}
		w.do(sql.SaveHolds, orders, families, members, deadlines, bodies)
	}
	if len(c.Vouchers.List) > 0 {
		var ids, members, bodies []string
		for _, v := range c.Vouchers.List {
			ids, members, bodies = append(ids, v.ID), append(members, v.Member), append(bodies, document(w, store.AppendVoucher, v))
		}
		w.do(sql.SaveVouchers, ids, members, bodies)
	}
}

// due has the rows of members told anew when something of theirs ends next: of those it has ended for, of those who got something that
// ends sooner, and of those whose next end is none any more. It runs behind what writes members, lots and holds.
func (w *saver) due() error {
	members := map[string]struct{}{}
	for id, row := range w.loaded.rows {
		if row.due <= w.loaded.at {
			members[id] = struct{}{}
		}
	}
	moved := func(member string, was, is int64) {
		due := int64(math.MaxInt64)
		if row, ok := w.loaded.rows[member]; ok {
			due = row.due
		}
		if is < due || was == due && is != was {
			members[member] = struct{}{}
		}
	}
	c := &w.loaded.s.Changes
	for _, l := range c.Lots.List {
		was := int64(math.MaxInt64)
		if row, ok := w.loaded.known[l.LotID]; ok {
			was = row.end
		}
		moved(l.Member, was, lotEnd(l))
	}
	for _, h := range c.Holds.List {
		was := int64(math.MaxInt64)
		if row, ok := w.loaded.ends[h.HoldKey]; ok {
			was = row.end
		}
		moved(h.Member, was, h.Deadline)
	}
	for _, k := range c.Ended {
		if row, ok := w.loaded.ends[k]; ok {
			moved(row.member, row.end, math.MaxInt64)
		}
	}
	if len(members) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(members))
	soonest := make([]int64, len(ids))
	for i, id := range ids {
		var err error
		if soonest[i], err = w.wallet(id).Soonest(); err != nil {
			return err
		}
	}
	w.do(sql.SetDue, ids, soonest)
	return nil
}

// farEnd turns Never into the last moment there is, so that an index puts it last.
func farEnd(deadline int64) int64 {
	if deadline == ledger.Never {
		return math.MaxInt64
	}
	return deadline
}

// tombRows are the keys of tombstones.
type tombRows struct {
	orders, apps []string
	families     []int16
	charges      []bool
}

func (r *tombRows) add(k *ledger.TombKey) {
	r.orders, r.apps = append(r.orders, k.Order), append(r.apps, k.App)
	r.families, r.charges = append(r.families, int16(k.Family)), append(r.charges, k.Charge)
}

// remembered writes refusals and tombstones. The same may be written twice in a batch: the last counts.
func (w *saver) remembered() {
	c := &w.loaded.s.Changes
	refusals := map[ledger.Digest]*ledger.Refusal{}
	for _, r := range c.Refusals {
		refusals[r.Request] = r
	}
	if len(refusals) > 0 {
		var requests, contents [][]byte
		var untils []int64
		var results []string
		for _, r := range refusals {
			requests, contents = append(requests, r.Request[:]), append(contents, r.Content[:])
			untils, results = append(untils, r.Until), append(results, document(w, store.AppendResult, &r.Result))
		}
		w.do(sql.SaveRefusals, requests, contents, untils, results)
	}
	var lifted tombRows
	for i := range c.TombsLifted {
		if w.loaded.s.Tombs[c.TombsLifted[i]] == nil { // else planted again
			lifted.add(&c.TombsLifted[i])
		}
	}
	if len(lifted.orders) > 0 {
		w.do(sql.LiftTombs, lifted.orders, lifted.apps, lifted.families, lifted.charges)
	}
	tombs := map[ledger.TombKey]*ledger.Tombstone{}
	for _, v := range c.Tombs {
		if w.loaded.s.Tombs[v.TombKey] != nil { // else lifted again
			tombs[v.TombKey] = v
		}
	}
	if len(tombs) > 0 {
		var keys tombRows
		var signed, amounts, untils []int64
		var members []string
		for _, v := range tombs {
			keys.add(&v.TombKey)
			signed, amounts = append(signed, v.Signed), append(amounts, int64(v.Amount))
			members, untils = append(members, v.Member), append(untils, v.Until)
		}
		w.do(sql.SaveTombs, keys.orders, keys.apps, keys.families, keys.charges, signed, amounts, members, untils)
	}
}

func (w *saver) wdk() error {
	c := &w.loaded.s.Wdk
	if len(c.Orders.List) > 0 {
		var mains, nos, of []int64
		var outs, bodies, outSubs []string
		for _, o := range c.Orders.List {
			text, err := store.EncodeOrder(o)
			if err != nil {
				return err
			}
			mains, outs, bodies = append(mains, o.Main), append(outs, o.Out), append(bodies, string(text))
			for i := range o.Subs {
				nos, of, outSubs = append(nos, o.Subs[i].No), append(of, o.Main), append(outSubs, o.Subs[i].Out)
			}
		}
		w.do(sql.SaveWdkOrders, mains, outs, bodies)
		w.do(sql.SaveSubs, nos, of, outSubs).Exec(all(len(nos))) // else a number is another order's
	}
	if len(c.Quotes.List) > 0 {
		var tokens, stores, bodies []string
		var untils []int64
		var bound []bool
		for _, v := range c.Quotes.List {
			text, err := store.Encode(v)
			if err != nil {
				return err
			}
			tokens, stores, bodies = append(tokens, v.Token), append(stores, v.Store), append(bodies, string(text))
			untils, bound = append(untils, farEnd(v.Until)), append(bound, v.Bound)
		}
		w.do(sql.SaveQuotes, tokens, stores, untils, bound, bodies)
	}
	if len(c.Reverses.List) > 0 {
		var ids, mains []int64
		var bodies []string
		for _, v := range c.Reverses.List {
			text, err := store.EncodeReverse(v)
			if err != nil {
				return err
			}
			ids, mains, bodies = append(ids, v.ID), append(mains, v.Main), append(bodies, string(text))
		}
		w.do(sql.SaveReverses, ids, mains, bodies)
	}
	return nil
}

// planted looks, behind the head, whether what this batch remembers came too late: an original or an answer that another batch booked
// after this one had read.
func (w *saver) planted() {
	c := &w.loaded.s.Changes
	late := func(rows pgx.Rows) error {
		return each(rows, func(row) error {
			return fmt.Errorf("%w: booked while this batch was about to remember that it was not", store.ErrRetry)
		})
	}
	if len(c.Tombs) > 0 {
		var orders []string
		for _, v := range c.Tombs {
			orders = append(orders, v.Order)
		}
		w.do(sql.Overtaken, orders, w.loaded.seq, int64(len(c.Ops))).Query(late)
	}
	if len(c.Refusals) > 0 {
		var requests [][]byte
		for _, r := range c.Refusals {
			requests = append(requests, r.Request[:])
		}
		w.do(sql.Answered, requests, w.loaded.seq, int64(len(c.Ops))).Query(late)
	}
}

// overtaken looks whether another batch remembered something about what this one books, after this one had read. A tombstone and its
// original share no row: it is the head, which both must write, that tells the second of the first.
func (w *saver) overtaken(ctx context.Context) error {
	s := w.loaded.s
	if w.memory == w.loaded.memory || len(s.Changes.Ops) == 0 {
		return nil
	}
	var orders []string
	var requests [][]byte
	for _, o := range s.Changes.Ops {
		if o.Order != "" {
			orders = append(orders, o.Order)
		}
		if !o.Request.IsZero() {
			requests = append(requests, o.Request[:])
		}
	}
	w.do(sql.TombsOfOrders, orders).Query(func(rows pgx.Rows) error {
		return each(rows, func(r row) error {
			if v := tombOf(r); v.Until > w.loaded.at && s.Tombs[v.TombKey] == nil {
				return fmt.Errorf("%w: a tombstone for order %s came in between", store.ErrRetry, v.Order)
			}
			return nil
		})
	})
	w.do(sql.Refusals, requests).Query(func(rows pgx.Rows) error {
		return each(rows, func(r row) error {
			v, err := refusalOf(r)
			if err == nil && v.Until > w.loaded.at && s.Refusals[v.Request] == nil {
				err = fmt.Errorf("%w: the request was refused in between", store.ErrRetry)
			}
			return err
		})
	})
	return w.send(ctx)
}

// Commit returns when the server has made the transaction durable.
func (t *batch) Commit(ctx context.Context) error {
	if t.conn == nil {
		return errors.New("postgres: batch has ended")
	}
	defer t.Rollback()
	if !t.saved {
		return nil
	}
	tag, err := t.conn.Exec(ctx, "COMMIT")
	var e *pgconn.PgError
	switch {
	case err == nil && tag.String() == "COMMIT":
		return nil
	case err == nil:
		return fmt.Errorf("postgres: the transaction ended in %s", tag)
	case !t.s.citus && errors.As(err, &e) && e.Severity == "ERROR" && e.Code[:2] != "57": // the server refused, and goes on
		return told(err) // while a coordinator says so, too, when it lost the worker that may have committed
	}
	return fmt.Errorf("%w: %w", store.ErrUnknown, err)
}

// tokenOf names a batch by its link, if it booked operations.
func tokenOf(linked bool, l store.Link) string {
	if !linked {
		return ""
	}
	return fmt.Sprintf("%d.%x", l.Last, l.Hash)
}
