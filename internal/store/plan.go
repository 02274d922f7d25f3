package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// AccountName is the type of the names of accounts: customer ids need none, they are the members' keys.
const AccountName = ledger.ByCustomer

// A Write is one statement of a batch by its name in the store's .sql files, with its parameters after the brand: slices of one
// length, a column each. Elements at one place make a row.
type Write struct {
	Statement string
	Columns   []any
	Rows      int
	All       bool // every row must be written: one that cannot be is another writer's, and the batch runs again (ErrRetry)
}

// Plan is what a batch writes besides its operations and its brand's head, in order: what is given up comes before what takes its place,
// and when something of a member ends next after what the database works that out from.
func (l *Loaded) Plan() ([]Write, error) {
	p := &plan{Loaded: l, wallets: map[string]*Wallet{}}
	for _, step := range []func() error{p.people, p.assets, p.due, p.remembered, p.wdk} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p.writes, nil
}

type plan struct {
	*Loaded
	writes  []Write
	text    []byte             // of one document after another
	wallets map[string]*Wallet // of new members
	spilled []*ledger.Lot      // out of wallets, into their table
}

// write adds a statement if it has rows.
func (p *plan) write(statement string, rows int, columns ...any) *Write {
	if rows == 0 {
		return &Write{}
	}
	p.writes = append(p.writes, Write{Statement: statement, Columns: columns, Rows: rows})
	return &p.writes[len(p.writes)-1]
}

// column is one figure of every row.
func column[T, C any](rows []T, of func(T) C) []C {
	list := make([]C, len(rows))
	for i, row := range rows {
		list[i] = of(row)
	}
	return list
}

// texts are the documents of every row.
func texts[T any](p *plan, rows []T, encode func([]byte, T) []byte) []string {
	return column(rows, func(v T) string {
		p.text = encode(p.text[:0], v)
		return string(p.text)
	})
}

// documents are the texts of every row, of kinds that can fail.
func documents[T any](rows []T, encode func(T) ([]byte, error)) (list []string, err error) {
	for _, v := range rows {
		text, err := encode(v)
		if err != nil {
			return nil, err
		}
		list = append(list, string(text))
	}
	return list, nil
}

// wallet is the wallet of a member; a new member's is empty at first.
func (p *plan) wallet(member string) *Wallet {
	if row := p.members[member]; row != nil {
		return row.wallet
	}
	if p.wallets[member] == nil {
		p.wallets[member] = &Wallet{}
	}
	return p.wallets[member]
}

// name is a row of ident.
type name struct {
	ledger.Ident
	member string
}

// people writes rows of members that changed, or whose accounts or newest lots did, and names that were bound and given up.
func (p *plan) people() error {
	s, c := p.State, &p.State.Changes
	changed := map[string]struct{}{}
	for _, m := range c.Members.List {
		changed[m.ID] = struct{}{}
	}
	for _, v := range c.Lots.List {
		if p.lots[v.LotID].place != "" {
			continue
		}
		changed[v.Member] = struct{}{}
		if err := p.wallet(v.Member).Add(v); err != nil {
			return err
		}
	}
	var names []name
	for _, a := range c.Accounts.List {
		changed[a.Member] = struct{}{}
		if p.wallet(a.Member).Has(a.ID) {
			continue
		}
		names = append(names, name{ledger.Ident{Type: AccountName, Text: a.ID}, a.Member})
		if a.Card != "" {
			names = append(names, name{ledger.Ident{Type: ledger.ByCard, Text: a.Card}, a.Member})
		}
	}
	for _, id := range c.Idents.List {
		names = append(names, name{id, s.Idents[id]})
	}
	if err := p.rows(slices.Sorted(maps.Keys(changed))); err != nil {
		return err
	}
	p.write("Unbind", len(c.Unbound), identColumns(c.Unbound)...)
	p.write("Bind", len(names), append(identColumns(column(names, func(n name) ledger.Ident { return n.Ident })),
		column(names, func(n name) string { return n.member }))...)
	return nil
}

func identColumns(ids []ledger.Ident) []any {
	return []any{
		column(ids, func(id ledger.Ident) int16 { return int16(id.Type) }),
		column(ids, func(id ledger.Ident) string { return id.Outer }),
		column(ids, func(id ledger.Ident) string { return id.Text }),
	}
}

// rows writes members' rows, and puts aside the lots that no longer have room in them.
func (p *plan) rows(members []string) error {
	var created, kept struct{ ids, bodies, wallets, places []string }
	var accounts []*ledger.Account
	for _, id := range members {
		list, m := &created, p.State.Members[id]
		if m == nil {
			return fmt.Errorf("store: something of member %s changed, who is not loaded", id)
		}
		if row := p.members[id]; row != nil {
			list = &kept
			kept.places = append(kept.places, row.place)
		}
		accounts = accounts[:0]
		for _, account := range p.State.Purses[id] {
			accounts = append(accounts, p.State.Accounts[account])
		}
		p.text = AppendMember(p.text[:0], m)
		n := len(p.text)
		text, old, err := p.wallet(id).Append(p.text, accounts)
		if err != nil {
			return fmt.Errorf("member %s: %w", id, err)
		}
		p.text, p.spilled = text, append(p.spilled, old...)
		list.ids = append(list.ids, id)
		list.bodies = append(list.bodies, string(text[:n]))
		list.wallets = append(list.wallets, string(text[n:]))
	}
	p.write("CreateMembers", len(created.ids), created.ids, created.bodies, created.wallets)
	p.write("ChangeMembers", len(kept.ids), kept.ids, kept.bodies, kept.wallets, kept.places).All = true
	return nil
}

// assets writes lots that are no longer in their members' rows, holds and vouchers.
func (p *plan) assets() error {
	c := &p.State.Changes
	kept := slices.DeleteFunc(slices.Clone(c.Lots.List), func(v *ledger.Lot) bool { return p.lots[v.LotID].place == "" })
	account := func(v *ledger.Lot) string { return v.Account }
	number := func(v *ledger.Lot) int64 { return v.N }
	figures := func(lots []*ledger.Lot) []any {
		return []any{
			column(lots, func(v *ledger.Lot) int64 { return FarEnd(v.Expires) }),
			column(lots, func(v *ledger.Lot) int64 { return int64(v.Granted) }),
			column(lots, func(v *ledger.Lot) int64 { return int64(v.Balance) }),
			column(lots, func(v *ledger.Lot) int64 { return int64(v.Held) }),
		}
	}
	p.write("CreateLots", len(p.spilled), append([]any{
		column(p.spilled, account), column(p.spilled, number),
		column(p.spilled, func(v *ledger.Lot) int16 { return int16(v.Kind) }),
		column(p.spilled, func(v *ledger.Lot) string { return v.Member }),
		column(p.spilled, func(v *ledger.Lot) []byte { return v.Origin[:] }),
	}, figures(p.spilled)...)...)
	p.write("ChangeLots", len(kept), append(append([]any{column(kept, account), column(kept, number)}, figures(kept)...),
		column(kept, func(v *ledger.Lot) string { return p.lots[v.LotID].place }))...).All = true

	p.write("EndHolds", len(c.Ended), // before another is opened in its place
		column(c.Ended, func(k ledger.HoldKey) string { return k.Order }),
		column(c.Ended, func(k ledger.HoldKey) int16 { return int16(k.Family) }))
	holds := c.Holds.List
	p.write("SaveHolds", len(holds),
		column(holds, func(h *ledger.Hold) string { return h.Order }),
		column(holds, func(h *ledger.Hold) int16 { return int16(h.Family) }),
		column(holds, func(h *ledger.Hold) string { return h.Member }),
		column(holds, func(h *ledger.Hold) int64 { return h.Deadline }),
		texts(p, holds, AppendHold))
	vouchers := c.Vouchers.List
	p.write("SaveVouchers", len(vouchers),
		column(vouchers, func(v *ledger.Voucher) string { return v.ID }),
		column(vouchers, func(v *ledger.Voucher) string { return v.Member }),
		texts(p, vouchers, AppendVoucher))
	return nil
}

// due sets anew when something of a member ends next, where it has ended, where it ends sooner than was known, and where what was to end
// next does not any more.
func (p *plan) due() error {
	members := map[string]struct{}{}
	for id, row := range p.members {
		if row.due <= p.At {
			members[id] = struct{}{}
		}
	}
	moved := func(member string, was, is int64) {
		due := int64(math.MaxInt64)
		if row := p.members[member]; row != nil {
			due = row.due
		}
		if is < due || was == due && is != was {
			members[member] = struct{}{}
		}
	}
	c := &p.State.Changes
	for _, v := range c.Lots.List {
		was := int64(math.MaxInt64)
		if row, ok := p.lots[v.LotID]; ok {
			was = row.end
		}
		moved(v.Member, was, lotEnd(v))
	}
	for _, h := range c.Holds.List {
		was := int64(math.MaxInt64)
		if row, ok := p.holds[h.HoldKey]; ok {
			was = row.end
		}
		moved(h.Member, was, h.Deadline)
	}
	for _, k := range c.Ended {
		if row, ok := p.holds[k]; ok {
			moved(row.member, row.end, math.MaxInt64)
		}
	}
	ids := slices.Sorted(maps.Keys(members))
	soonest := make([]int64, len(ids)) // in the wallet; the statement looks at the tables
	for i, id := range ids {
		var err error
		if soonest[i], err = p.wallet(id).Soonest(); err != nil {
			return err
		}
	}
	p.write("SetDue", len(ids), ids, soonest)
	return nil
}

// remembered writes refusals and tombstones. The same may be written twice in a batch: the last counts.
func (p *plan) remembered() error {
	c := &p.State.Changes
	refusals := newest(c.Refusals, func(r *ledger.Refusal) ledger.Digest { return r.Request })
	p.write("SaveRefusals", len(refusals),
		column(refusals, func(r *ledger.Refusal) []byte { return r.Request[:] }),
		column(refusals, func(r *ledger.Refusal) []byte { return r.Content[:] }),
		column(refusals, func(r *ledger.Refusal) int64 { return r.Until }),
		texts(p, refusals, AppendRefusal),
		column(refusals, p.printer().RefusalSeal))

	lifted := slices.DeleteFunc(slices.Clone(c.TombsLifted), func(k ledger.TombKey) bool { return p.State.Tombs[k] != nil }) // planted again
	p.write("LiftTombs", len(lifted), tombColumns(lifted)...)
	tombs := newest(c.Tombs, func(v *ledger.Tombstone) ledger.TombKey { return v.TombKey })
	tombs = slices.DeleteFunc(tombs, func(v *ledger.Tombstone) bool { return p.State.Tombs[v.TombKey] == nil }) // lifted again
	p.write("SaveTombs", len(tombs), append(tombColumns(column(tombs, func(v *ledger.Tombstone) ledger.TombKey { return v.TombKey })),
		column(tombs, func(v *ledger.Tombstone) int64 { return v.Signed }),
		column(tombs, func(v *ledger.Tombstone) int64 { return int64(v.Amount) }),
		column(tombs, func(v *ledger.Tombstone) string { return v.Member }),
		column(tombs, func(v *ledger.Tombstone) int64 { return v.Until }), column(tombs, p.printer().TombSeal))...)
	return nil
}

// printer has the brand's pepper.
func (p *plan) printer() Printer {
	pr, _ := p.State.Printer.(Printer) // as Under set it
	return pr
}

// newest is a list with the last entry of each key, in the order of the first.
func newest[T any, K comparable](list []T, key func(T) K) []T {
	at := map[K]int{}
	var out []T
	for _, v := range list {
		if i, ok := at[key(v)]; ok {
			out[i] = v
			continue
		}
		at[key(v)] = len(out)
		out = append(out, v)
	}
	return out
}

func tombColumns(keys []ledger.TombKey) []any {
	return []any{
		column(keys, func(k ledger.TombKey) string { return k.Order }),
		column(keys, func(k ledger.TombKey) string { return k.App }),
		column(keys, func(k ledger.TombKey) int16 { return int16(k.Family) }),
		column(keys, func(k ledger.TombKey) bool { return k.Charge }),
	}
}

// wdk writes WDK orders with their sub-orders, quotes and reverses.
func (p *plan) wdk() error {
	c := &p.State.Wdk
	orders, quotes, reverses := c.Orders.List, c.Quotes.List, c.Reverses.List
	bodies, err := documents(orders, EncodeOrder)
	if err != nil {
		return err
	}
	p.write("SaveWdkOrders", len(orders),
		column(orders, func(o *reverse.Order) int64 { return o.Main }),
		column(orders, func(o *reverse.Order) string { return o.Out }), bodies)
	var nos, mains []int64
	var outs []string
	for _, o := range orders {
		for i := range o.Subs {
			nos, mains, outs = append(nos, o.Subs[i].No), append(mains, o.Main), append(outs, o.Subs[i].Out)
		}
	}
	p.write("SaveSubs", len(nos), nos, mains, outs).All = true // else a number is another order's
	if bodies, err = documents(quotes, func(q *reverse.Quote) ([]byte, error) { return Encode(q) }); err != nil {
		return err
	}
	p.write("SaveQuotes", len(quotes),
		column(quotes, func(q *reverse.Quote) string { return q.Token }),
		column(quotes, func(q *reverse.Quote) string { return q.Store }),
		column(quotes, func(q *reverse.Quote) int64 { return FarEnd(q.Until) }),
		column(quotes, func(q *reverse.Quote) bool { return q.Bound }), bodies, column(quotes, p.printer().QuoteSeal))
	if bodies, err = documents(reverses, EncodeReverse); err != nil {
		return err
	}
	p.write("SaveReverses", len(reverses),
		column(reverses, func(v *reverse.Reverse) int64 { return v.ID }),
		column(reverses, func(v *reverse.Reverse) int64 { return v.Main }),
		column(reverses, func(v *reverse.Reverse) string { return v.Store }),
		column(reverses, (*reverse.Reverse).At),
		column(reverses, func(v *reverse.Reverse) int16 { return int16(v.Status) }), bodies)
	return nil
}

// OpColumns are the columns of operations after brand and sequence number: at, kind, ordinal, request, refund, member, shop, order_no,
// body, moves. What an operation does not have is nil or "". digest is SHA-256 over their texts, each after its length: what the next link
// hashes.
func OpColumns(ops []*ledger.Op) (columns []any, digest [32]byte) {
	bodies := make([]string, len(ops))
	sum := sha256.New()
	var text []byte
	var length [8]byte
	for i, o := range ops {
		text = AppendOp(text[:0], o)
		binary.BigEndian.PutUint64(length[:], uint64(len(text)))
		sum.Write(length[:])
		sum.Write(text)
		bodies[i] = string(text)
	}
	columns = []any{
		column(ops, func(o *ledger.Op) int64 { return o.At }),
		column(ops, func(o *ledger.Op) int16 { return int16(o.Kind) }),
		column(ops, func(o *ledger.Op) int32 { return int32(o.Ordinal) }),
		column(ops, func(o *ledger.Op) []byte { return DigestOrNull(&o.Request) }),
		column(ops, func(o *ledger.Op) []byte { return DigestOrNull(&o.Refund) }),
		column(ops, func(o *ledger.Op) string { return o.Member }),
		column(ops, func(o *ledger.Op) string { return o.Shop }),
		column(ops, func(o *ledger.Op) string { return o.Order }),
		bodies,
		column(ops, func(o *ledger.Op) int16 { return int16(o.Moves()) }),
	}
	return columns, [32]byte(sum.Sum(nil))
}

// DigestOrNull stores no digest as NULL, which no index holds.
func DigestOrNull(d *ledger.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

// NextHash is the hash of the link after prev: SHA-256(prev ‖ digest), digest as OpColumns returns it.
func NextHash(prev, digest [32]byte) [32]byte { return sha256.Sum256(append(prev[:], digest[:]...)) }
