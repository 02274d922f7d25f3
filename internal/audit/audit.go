// Package audit proves a brand's books, or finds where they do not agree: the hash chain, the double entry, and every balance, hold,
// voucher and refund, derived anew from the operations alone and compared with what the store keeps (semantics.md §10). What operations do not say
// in figures (members, cards, what vouchers are, orders, reverses) they hold prints of; the rest (names, numbers, columns to find rows by) is derived
// from these.
//
// Memory does not grow with history. What the operations say of each thing is sorted, on disk as needed, to lie beside the row that the
// store keeps of it, so that each thing is checked as one group and then forgotten.
package audit

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// A Summary is what an audit went through. Where it found a divergence, the figures tell only how far it came.
type Summary struct {
	Brand    string        `json:"brand"`
	Ops      int64         `json:"operations"`
	Links    int64         `json:"links"`
	Accounts int64         `json:"accounts"`
	Lots     int64         `json:"lots"`
	Holds    int64         `json:"holds"`
	Vouchers int64         `json:"vouchers"`
	Orders   int64         `json:"orders"`
	Reverses int64         `json:"reverses"`
	Balance  Amounts       `json:"balance"` // of every account together
	Held     Amounts       `json:"held"`
	Uses     ledger.Amount `json:"uses"`   // left of every voucher together
	Head     string        `json:"head"`   // hash of the newest link
	Sealed   int64         `json:"sealed"` // the operation up to which the chain is sealed
	// How many divergences there are.
	Divergences int64 `json:"divergences"`
}

// Amounts are a figure of each kind.
type Amounts [ledger.Kinds]ledger.Amount

// MarshalJSON names the kinds.
func (a Amounts) MarshalJSON() ([]byte, error) {
	named := make(map[string]ledger.Amount, len(a))
	for k, n := range a {
		named[ledger.Kind(k).String()] = n
	}
	return json.Marshal(named)
}

// A Stage is a part of an audit.
type Stage string

// The stages, in order.
const (
	Rows       Stage = "rows"       // reading what the store keeps
	Operations Stage = "operations" // reading the operations
	Groups     Stage = "groups"     // comparing
)

// Progress tells how far an audit is.
type Progress struct {
	Stage Stage
	Done  int64
	Total int64 // 0: not known
}

// progressEvery is how many operations or records lie between two reports. The context is looked at then, too.
const progressEvery = 4096

// ErrBusy: the books changed whenever their rows were read. The operations can be read while others write; the rows cannot.
var ErrBusy = errors.New("the books are being written to: stop the service while verify reads, or verify a backup")

// rowsTries is how often an audit waits for a quiet moment to read the rows.
const rowsTries = 3

// audit is the audit of one brand.
type audit struct {
	store  store.Audit
	brand  string
	report func(Progress)
	sum    Summary
	found  []*Divergence
	head   store.Link // the rows are of this moment, and no operation after it is read
	// Hashes that links must have.
	expected [][32]byte
	*spreader
}

// foundMax is how many divergences are told; all are counted.
const foundMax = 100

// Verify audits a brand. It answers where the books diverge, rows that cannot be read among it: first what rows and operations tell by
// themselves, then thing by thing; nil if the books agree. Of more than a hundred it tells the first, and the summary counts them. Each of
// the expected hashes must be a link's: books that were put back to an older copy lack it. An error means that the audit could not be made.
// report may be nil.
func Verify(ctx context.Context, s store.Audit, brand string, report func(Progress), expected ...[32]byte) (sum Summary, found []*Divergence, err error) {
	if report == nil {
		report = func(Progress) {}
	}
	a := &audit{store: s, brand: brand, report: report, sum: Summary{Brand: brand}, spreader: newSpreader(), expected: expected}
	defer func() { err = errors.Join(err, a.close()) }()
	for _, step := range [...]func(context.Context) error{a.rows, a.operations, a.wdkOrders, a.groups} {
		if err := a.damage("the brand", step(ctx)); err != nil {
			return a.sum, a.found, err
		}
	}
	return a.sum, a.found, nil
}

// note takes a divergence, if it is one.
func (a *audit) note(d *Divergence) {
	if d == nil {
		return
	}
	d.Brand = a.brand
	if a.sum.Divergences++; len(a.found) < foundMax {
		a.found = append(a.found, d)
	}
}

// damage notes what cannot be read, and passes other errors on.
func (a *audit) damage(what string, err error) error {
	if bad, ok := errors.AsType[*store.RowError](err); ok {
		a.note(diverge(RowCheck, bad.Table+" "+bad.Key, "a row that can be read and agrees with itself", bad.Err))
		return nil
	}
	if errors.Is(err, store.ErrDamaged) {
		a.note(diverge(RowCheck, what, "to be read to its end", err))
		return nil
	}
	return err
}

// Integrity runs the database's own checks, which know no brands.
func Integrity(ctx context.Context, s store.Audit) (found []*Divergence, err error) {
	wrong, err := s.Integrity(ctx)
	if errors.Is(err, store.ErrDamaged) {
		wrong, err = append(wrong, err.Error()), nil
	}
	for _, text := range wrong {
		found = append(found, diverge(IntegrityCheck, "the database", "no damage, and the schema of this program", text))
	}
	return found, err
}

// rows reads what the store keeps beside the operations, at a moment when nobody writes.
func (a *audit) rows(ctx context.Context) error {
	for range rowsTries {
		before, err := a.store.Head(ctx, a.brand)
		if err != nil {
			return err
		}
		if err := a.readRows(ctx); err != nil {
			return err
		}
		a.head, err = a.store.Head(ctx, a.brand)
		if err != nil {
			return err
		}
		if a.head.Last == before.Last && a.head.Hash == before.Hash {
			a.sum.Head = hex.EncodeToString(a.head.Hash[:])
			return nil
		}
		if err := a.close(); err != nil {
			return err
		}
		a.spreader, a.found, a.sum.Divergences = newSpreader(), nil, 0
	}
	return ErrBusy
}

// readRows reads every row once.
func (a *audit) readRows(ctx context.Context) error {
	a.sum.Holds = 0
	r := &rowReader{audit: a, ctx: ctx}
	for _, read := range [...]func() error{
		func() error { return each(r, "rules", a.store.Rules(ctx, a.brand), a.rules) }, // first: they have the pepper
		func() error { return each(r, "members", a.store.People(ctx, a.brand), a.person) },
		func() error { return each(r, "names", a.store.Names(ctx, a.brand), a.name) },
		func() error { return each(r, "lots", a.store.Lots(ctx, a.brand), a.lot) },
		func() error {
			return each(r, "holds", a.store.Holds(ctx, a.brand), func(h *ledger.Hold) error { a.sum.Holds++; return a.hold(h) })
		},
		func() error { return each(r, "vouchers", a.store.Vouchers(ctx, a.brand), a.voucher) },
		func() error { return each(r, "WDK orders", a.store.WdkOrders(ctx, a.brand), a.wdkOrder) },
		func() error { return each(r, "sub-orders", a.store.SubRows(ctx, a.brand), a.subRow) },
		func() error { return each(r, "reverses", a.store.Reverses(ctx, a.brand), a.reverse) },
		func() error {
			return each(r, "refusals, tombstones and quotes", a.store.Sealed(ctx, a.brand), a.sealed)
		},
	} {
		if err := read(); err != nil {
			return err
		}
	}
	issued, err := a.store.Issued(ctx, a.brand)
	if err != nil {
		return a.damage("counter", err)
	}
	if a.serial<<32+issued < a.issued {
		a.note(diverge(KeyCheck, "the counter of issued numbers", fmt.Sprintf("at least %d, for %d was issued", a.issued-a.serial<<32, a.issued), issued))
	}
	return nil
}

// sealed checks a row that no operation tells of.
func (a *audit) sealed(v *store.Sealed) error {
	if a.ruled && !bytes.Equal(v.Seal, a.printer.Seal(v.Table, v.Fields...)) {
		a.note(diverge(SealCheck, v.Table+" "+v.Key, "the seal of the row", "another: the row was changed, or made by somebody else"))
	}
	return nil
}

// headSeal is the place of the chain that must be as it was sealed; nil if none was.
func (a *audit) headSeal(ctx context.Context) (*store.Link, error) {
	l, mac, err := a.store.HeadSeal(ctx, a.brand)
	switch {
	case err != nil:
		return nil, a.damage("seal of the chain", err)
	case l.Last == 0 && len(mac) == 0:
		if a.store.Sealing() && a.head.Last > 0 {
			a.note(diverge(SealCheck, "seal of the chain", "one, as there is a key", none+"; a service that is started with the key makes it within a second"))
		}
		return nil, nil
	case a.ruled && !bytes.Equal(mac, a.printer.LinkSeal(l)):
		a.note(diverge(SealCheck, "seal of the chain", "the seal of operation "+fmt.Sprint(l.Last), "another: the seal was changed"))
		return nil, nil
	case !a.ruled, l.Last == 0: // nothing can be checked, or nothing was booked
		return nil, nil
	}
	a.sum.Sealed = l.Last
	return &l, nil
}

// rowReader counts rows and looks at the context now and then.
type rowReader struct {
	*audit
	ctx  context.Context
	done int64
}

// each runs through a stream. What of it cannot be read is a divergence.
func each[T any](r *rowReader, what string, seq iter.Seq2[T, error], do func(T) error) error {
	for v, err := range seq {
		if err == nil {
			err = do(v)
		}
		if err := r.damage(what, err); err != nil {
			return err
		}
		if r.done++; r.done%progressEvery == 0 {
			r.report(Progress{Rows, r.done, 0})
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// operations follows the chain up to the head that was read with the rows.
func (a *audit) operations(ctx context.Context) error {
	next, stop := iter.Pull2(a.store.Links(ctx, a.brand))
	defer stop()
	sealed, err := a.headSeal(ctx)
	if err != nil {
		return err
	}
	c := &chain{next: next, note: a.note, expected: a.expected, sealed: sealed}
	defer func() {
		for _, hash := range c.expected {
			a.note(diverge(ChainCheck, "expected head", show(hash)+" on the way to the end", "none such: the books are older than that head, or others"))
		}
	}()
	var beyond *ledger.Op // behind the head: written since, or by nobody who moved the head
	for o, err := range a.store.Ops(ctx, a.brand, 0) {
		if err != nil {
			if err := a.damage("operations", err); err != nil {
				return err
			}
			c.lost = true
			continue
		}
		if o.Seq > a.head.Last && c.seq == a.head.Last {
			beyond = o
			break
		}
		if err := a.damage("links", c.add(o)); err != nil {
			return err
		}
		a.note(check(o))
		if err := a.spread(o); err != nil {
			return err
		}
		if a.sum.Ops++; a.sum.Ops%progressEvery == 0 {
			a.report(Progress{Operations, a.sum.Ops, a.head.Last})
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	a.sum.Links = c.links
	if c.end(a.head) {
		return nil
	}
	link, err, more := next()
	if err != nil || beyond == nil && !more {
		return err
	}
	if now, err := a.store.Head(ctx, a.brand); err != nil || now.Last != a.head.Last {
		return err
	}
	if beyond != nil {
		a.note(diverge(ChainCheck, "end of the operations", a.head.Last, beyond.Seq).at(mark{beyond.Seq, beyond.ID}))
		return nil
	}
	a.note(diverge(ChainCheck, "end of the newest link", a.head.Last, link.Last))
	return nil
}

// wdkOrders checks orders with their reverses. What the reverses say of operations goes on to the groups.
func (a *audit) wdkOrders(ctx context.Context) error {
	orders := &orderAudit{sum: &a.sum, pass: a.books.add}
	return errors.Join(a.compare(ctx, a.orders, map[section]group{orderSection: orders, reverseSection: &reverseAudit{}}), orders.err)
}

// groups checks everything else.
func (a *audit) groups(ctx context.Context) error {
	return a.compare(ctx, a.books, map[section]group{
		lotSection:      &lotAudit{sum: &a.sum},
		balanceSection:  &balanceAudit{},
		historySection:  &historyAudit{},
		reversalSection: &reversalAudit{},
		voucherSection:  &voucherAudit{sum: &a.sum},
		requestSection:  &keyAudit{name: "request"},
		refundSection:   &keyAudit{name: "refund"},
		printSection:    &printAudit{},
		nameSection:     &nameAudit{},
		subSection:      &subAudit{},
		dueSection:      &dueAudit{},
	})
}

// A group checks the records of one section, thing by thing.
type group interface {
	add(r *reader) *Divergence
	end() *Divergence // after the last record
}

// compare hands sorted records to their groups.
func (a *audit) compare(ctx context.Context, s *sorter, groups map[section]group) error {
	var now section
	var g group
	done := int64(0)
	r := &reader{note: a.note}
	for rec, err := range s.sorted() {
		if err != nil {
			return err
		}
		r.b = rec
		if next := section(r.byte()); next != now {
			if g != nil {
				a.note(g.end())
			}
			now, g = next, groups[next]
		}
		a.note(g.add(r))
		if r.bad {
			return errRecord
		}
		if done++; done%progressEvery == 0 {
			a.report(Progress{Groups, done, s.count})
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	if g != nil {
		a.note(g.end())
	}
	return nil
}
