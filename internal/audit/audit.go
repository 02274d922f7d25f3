// Package audit proves a brand's books, or finds where they do not agree: the hash chain, the double entry, and every balance, hold,
// voucher and refund, derived anew from the operations alone and compared with what the store keeps (semantics.md §10).
//
// Memory does not grow with history. What the operations say of each thing is sorted, on disk as needed, to lie beside the row that the
// store keeps of it, so that each thing is checked as one group and then forgotten.
package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
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
	Uses     ledger.Amount `json:"uses"` // left of every voucher together
	Head     string        `json:"head"` // hash of the newest link
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
	head   store.Link // the rows are of this moment, and no operation after it is read
	*spreader
}

// Verify audits a brand. It answers the first divergence, in the order of the operations as far as they tell by themselves and then
// thing by thing; nil if the books agree. An error means that the audit could not be made. report may be nil.
func Verify(ctx context.Context, s store.Audit, brand string, report func(Progress)) (sum Summary, d *Divergence, err error) {
	if report == nil {
		report = func(Progress) {}
	}
	a := &audit{store: s, brand: brand, report: report, sum: Summary{Brand: brand}, spreader: newSpreader()}
	defer func() { err = errors.Join(err, a.close()) }()
	for _, step := range [...]func(context.Context) (*Divergence, error){a.rows, a.operations, a.wdkOrders, a.groups} {
		if d, err := step(ctx); d != nil || err != nil {
			if d != nil {
				d.Brand = brand
			}
			return a.sum, d, err
		}
	}
	return a.sum, nil, nil
}

// Integrity runs the database's own check, which knows no brands.
func Integrity(ctx context.Context, s store.Audit) (*Divergence, error) {
	err := s.Integrity(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return diverge(IntegrityCheck, "the database", "no damage", err), nil
	}
	return nil, nil
}

// rows reads what the store keeps beside the operations, at a moment when nobody writes.
func (a *audit) rows(ctx context.Context) (*Divergence, error) {
	for range rowsTries {
		before, err := a.store.Head(ctx, a.brand)
		if err != nil {
			return nil, err
		}
		if err := a.readRows(ctx); err != nil {
			return nil, err
		}
		a.head, err = a.store.Head(ctx, a.brand)
		if err != nil {
			return nil, err
		}
		if a.head.Last == before.Last && a.head.Hash == before.Hash {
			a.sum.Head = hex.EncodeToString(a.head.Hash[:])
			return nil, nil
		}
		if err := a.close(); err != nil {
			return nil, err
		}
		a.spreader = newSpreader()
	}
	return nil, ErrBusy
}

// readRows reads every row once.
func (a *audit) readRows(ctx context.Context) error {
	done := int64(0)
	tick := func() error {
		if done++; done%progressEvery == 0 {
			a.report(Progress{Rows, done, 0})
			return ctx.Err()
		}
		return nil
	}
	for _, read := range [...]func() error{
		func() error { return each(a.store.Accounts(ctx, a.brand), tick, a.account) },
		func() error { return each(a.store.Lots(ctx, a.brand), tick, a.lot) },
		func() error {
			a.sum.Holds = 0
			return each(a.store.Holds(ctx, a.brand), tick, func(h *ledger.Hold) error { a.sum.Holds++; return a.hold(h) })
		},
		func() error { return each(a.store.Vouchers(ctx, a.brand), tick, a.voucher) },
		func() error { return each(a.store.WdkOrders(ctx, a.brand), tick, a.wdkOrder) },
		func() error { return each(a.store.Reverses(ctx, a.brand), tick, a.reverse) },
	} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

// each runs through a stream.
func each[T any](seq iter.Seq2[T, error], tick func() error, do func(T) error) error {
	for v, err := range seq {
		if err != nil {
			return err
		}
		if err := do(v); err != nil {
			return err
		}
		if err := tick(); err != nil {
			return err
		}
	}
	return nil
}

// operations follows the chain up to the head that was read with the rows.
func (a *audit) operations(ctx context.Context) (*Divergence, error) {
	next, stop := iter.Pull2(a.store.Links(ctx, a.brand))
	defer stop()
	c := &chain{next: next}
	var beyond *ledger.Op // behind the head: written since, or by nobody who moved the head
	for o, err := range a.store.Ops(ctx, a.brand, 0) {
		if err != nil {
			return nil, err
		}
		if o.Seq > a.head.Last && c.seq == a.head.Last {
			beyond = o
			break
		}
		if d, err := c.add(o); d != nil || err != nil {
			return d, err
		}
		if d := check(o); d != nil {
			return d, nil
		}
		if err := a.spread(o); err != nil {
			return nil, err
		}
		if a.sum.Ops++; a.sum.Ops%progressEvery == 0 {
			a.report(Progress{Operations, a.sum.Ops, a.head.Last})
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	a.sum.Links = c.links
	if d := c.end(a.head); d != nil {
		return d, nil
	}
	link, err, more := next()
	if err != nil || beyond == nil && !more {
		return nil, err
	}
	if now, err := a.store.Head(ctx, a.brand); err != nil || now.Last != a.head.Last {
		return nil, err
	}
	if beyond != nil {
		return diverge(ChainCheck, "end of the operations", a.head.Last, beyond.Seq).at(mark{beyond.Seq, beyond.ID}), nil
	}
	return diverge(ChainCheck, "end of the newest link", a.head.Last, link.Last), nil
}

// wdkOrders checks orders with their reverses. What the reverses say of operations goes on to the groups.
func (a *audit) wdkOrders(ctx context.Context) (*Divergence, error) {
	orders := &orderAudit{sum: &a.sum, pass: a.books.add}
	d, err := a.compare(ctx, a.orders, map[section]group{orderSection: orders, reverseSection: &reverseAudit{}})
	return d, errors.Join(err, orders.err)
}

// groups checks everything else.
func (a *audit) groups(ctx context.Context) (*Divergence, error) {
	return a.compare(ctx, a.books, map[section]group{
		lotSection:      &lotAudit{sum: &a.sum},
		balanceSection:  &balanceAudit{},
		historySection:  &historyAudit{},
		reversalSection: &reversalAudit{},
		voucherSection:  &voucherAudit{sum: &a.sum},
		requestSection:  &keyAudit{name: "request"},
		refundSection:   &keyAudit{name: "refund"},
	})
}

// A group checks the records of one section, thing by thing.
type group interface {
	add(r *reader) *Divergence
	end() *Divergence // after the last record
}

// compare hands sorted records to their groups.
func (a *audit) compare(ctx context.Context, s *sorter, groups map[section]group) (*Divergence, error) {
	var now section
	var g group
	done := int64(0)
	r := &reader{}
	for rec, err := range s.sorted() {
		if err != nil {
			return nil, err
		}
		r.b = rec
		if next := section(r.byte()); next != now {
			if g != nil {
				if d := g.end(); d != nil {
					return d, nil
				}
			}
			now, g = next, groups[next]
		}
		d := g.add(r)
		if r.bad {
			return nil, errRecord
		}
		if d != nil {
			return d, nil
		}
		if done++; done%progressEvery == 0 {
			a.report(Progress{Groups, done, s.count})
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	if g != nil {
		return g.end(), nil
	}
	return nil, nil
}
