package replay

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// Shown is how many differences a report has in full.
const Shown = 100

// A Report is what a draft would have changed. Amounts are fen and points that would have moved otherwise.
type Report struct {
	Decided int     `json:"decided"` // operations that were decided again
	Untold  int     `json:"untold"`  // of which the books tell too little for that
	Differ  int     `json:"differ"`
	Fen     int64   `json:"fen"`
	Points  int64   `json:"points"`
	Kinds   []*Kind `json:"kinds"` // by kind of operation
	First   []Diff  `json:"first"` // the first hundred
}

// A Kind is the part of a report that one kind of operation has.
type Kind struct {
	Kind    string `json:"kind"`
	Decided int    `json:"decided"`
	Untold  int    `json:"untold"`
	Differ  int    `json:"differ"`
	Fen     int64  `json:"fen"`
	Points  int64  `json:"points"`
}

// A Diff is an operation that would have been another.
type Diff struct {
	Seq    int64  `json:"seq"`
	At     int64  `json:"at"` // milliseconds since 1970
	Kind   string `json:"kind"`
	Member string `json:"member"`
	Order  string `json:"order"`
	Was    string `json:"was"`   // under the rules of its time
	Draft  string `json:"draft"` // under the draft
}

// Run decides again what happened after a moment (milliseconds since 1970). draft makes the rules of the draft out of the rules of any time. It reads
// all operations once and those after the moment twice; its memory grows with those and with the lots of the members they touch. done is told
// how many operations were read, now and then.
func Run(ctx context.Context, s store.Store, brand string, from int64, draft func(ledger.Brand) *ledger.Brand, done func(n int64)) (*Report, error) {
	r := &replayer{world: newWorld(), rules: map[int64]*ledger.Brand{}, drafts: map[int64]*ledger.Brand{}, kinds: map[ledger.OpKind]*Kind{}}
	for b, err := range s.Rules(ctx, brand) {
		if err != nil {
			return nil, err
		}
		r.rules[b.Version], r.drafts[b.Version] = b, draft(*b)
	}
	head, err := s.Head(ctx, brand) // what is booked meanwhile is none of it
	if err != nil {
		return nil, err
	}
	first, err := s.SeqAt(ctx, brand, from-1)
	if err != nil {
		return nil, err
	}
	if err := r.cast(ctx, s, brand, first, head.Last); err != nil {
		return nil, err
	}
	n := int64(0)
	for o, err := range s.Ops(ctx, brand, 0) {
		if err != nil {
			return nil, err
		}
		if o.Seq > head.Last {
			break
		}
		if o.Seq > first {
			r.decide(o)
		}
		r.world.apply(o)
		if n++; n%10_000 == 0 {
			done(n)
		}
	}
	for k := range ledger.OpUngrant + 1 {
		if kind := r.kinds[k]; kind != nil {
			r.report.Kinds = append(r.report.Kinds, kind)
		}
	}
	return &r.report, nil
}

// A replayer is one run.
type replayer struct {
	world         *world
	rules, drafts map[int64]*ledger.Brand // by version
	kinds         map[ledger.OpKind]*Kind
	report        Report
}

// cast finds who takes part: the members and numbers of the operations after one sequence number and up to another.
func (r *replayer) cast(ctx context.Context, s store.Store, brand string, first, last int64) error {
	w, accounts, members := r.world, map[string]bool{}, map[string]bool{}
	for o, err := range s.Ops(ctx, brand, first) {
		if err != nil {
			return err
		}
		if o.Seq > last {
			break
		}
		members[o.Member] = true
		into, _ := o.Merges()
		members[into] = true
		if o.Order != "" {
			w.orders[o.Order] = nil
		}
		for i := range o.Postings {
			accounts[o.Postings[i].Lot.Account] = true
			if v := o.Postings[i].Voucher; v != "" {
				w.vouchers[v] = nil
			}
		}
		for _, p := range o.Pins {
			accounts[p.Lot.Account] = true
		}
	}
	for m, err := range s.Members(ctx, brand) {
		if err != nil {
			return err
		}
		if one := m.IDs(); slices.ContainsFunc(one, func(id string) bool { return members[id] }) { // who is one person takes part together
			for _, id := range one {
				members[id] = true
			}
		}
	}
	for p, err := range s.People(ctx, brand) {
		if err != nil {
			return err
		}
		if !members[p.ID] && !slices.ContainsFunc(p.Accounts, func(a *ledger.Account) bool { return accounts[a.ID] }) {
			continue
		}
		m := *p.Member
		m.Into, m.From = "", nil // until an operation says so
		w.members[p.ID] = &m
		for _, a := range p.Accounts {
			w.putAccount(a)
		}
	}
	for v, err := range s.Vouchers(ctx, brand) {
		if err != nil {
			return err
		}
		if _, ok := w.vouchers[v.ID]; ok {
			fresh := *v
			fresh.Left, fresh.Deleted = 0, false // as before its first operation
			w.vouchers[v.ID] = &fresh
		}
	}
	return nil
}

// decide decides an operation again, twice.
func (r *replayer) decide(o *ledger.Op) {
	rules, draft := r.rules[o.Policy], r.drafts[o.Policy]
	if rules == nil {
		return
	}
	command := r.world.again(o, rules)
	if command == nil {
		return
	}
	k := r.kinds[o.Kind]
	if k == nil {
		k = &Kind{Kind: o.Kind.String()}
		r.kinds[o.Kind] = k
	}
	was, ok := r.outcome(rules, command, o)
	if !ok || !was.like(o) {
		k.Untold++
		r.report.Untold++
		return
	}
	k.Decided++
	r.report.Decided++
	now, ok := r.outcome(draft, command, o)
	if !ok || now.same(was) {
		return
	}
	fen, points := was.from(now)
	k.Differ, k.Fen, k.Points = k.Differ+1, k.Fen+int64(fen), k.Points+int64(points)
	r.report.Differ, r.report.Fen, r.report.Points = r.report.Differ+1, r.report.Fen+int64(fen), r.report.Points+int64(points)
	if len(r.report.First) < Shown {
		r.report.First = append(r.report.First, Diff{o.Seq, o.At, o.Kind.String(), o.Member, o.Order, was.String(), now.String()})
	}
}

// An outcome is what a decision came to.
type outcome struct {
	result ledger.Result
	moved  [ledger.Kinds]ledger.Amount // of all members, by all operations of the decision
	own    [ledger.Kinds]ledger.Amount // by its own operation
	ends   []int64                     // deadlines that it set, of lots and holds
}

// outcome decides a command at the moment of its operation.
func (r *replayer) outcome(b *ledger.Brand, c ledger.Command, o *ledger.Op) (out outcome, ok bool) {
	s, ok := r.world.state(b, o)
	if !ok {
		return out, false
	}
	next := int64(0)
	result, err := ledger.Decide(s, c, &ledger.Stamp{At: o.At, Next: func() int64 { next--; return next }})
	if err != nil {
		return out, false
	}
	out.result = result
	for _, made := range s.Changes.Ops {
		moved := made.Moved("")
		for k, n := range moved {
			out.moved[k] += n
		}
		if made.ID == result.Flow {
			out.own = moved
		}
		for i := range made.Postings {
			if end := made.Postings[i].Expires; end != 0 {
				out.ends = append(out.ends, end)
			}
		}
		if made.HoldEnd != 0 {
			out.ends = append(out.ends, made.HoldEnd)
		}
	}
	return out, true
}

// like reports whether an outcome is what is booked.
func (a outcome) like(o *ledger.Op) bool { return a.result.Code == ledger.OK && a.own == o.Moved("") }

func (a outcome) same(b outcome) bool {
	return a.result.Code == b.result.Code && a.moved == b.moved && slices.Equal(a.ends, b.ends)
}

// from is how much of value and points moves otherwise: what goes from one kind to another counts once.
func (a outcome) from(b outcome) (fen, points ledger.Amount) {
	var up, down ledger.Amount
	for k := range a.moved {
		n := b.moved[k] - a.moved[k]
		switch {
		case ledger.Kind(k) == ledger.Point:
			points = max(n, -n)
		case n > 0:
			up += n
		default:
			down -= n
		}
	}
	return max(up, down), points
}

// String tells the outcome: a refusal with its figures, or what moved and until when.
func (a outcome) String() string {
	if a.result.Code != ledger.OK {
		return a.result.Code.Word() + ": " + a.result.English()
	}
	var parts []string
	for k, n := range a.moved {
		switch {
		case n == 0:
		case ledger.Kind(k) == ledger.Point:
			parts = append(parts, fmt.Sprintf("%+d points", n))
		default:
			parts = append(parts, fmt.Sprintf("%s %s", ledger.Kind(k), ledger.Yuan(n)))
		}
	}
	for _, end := range slices.Compact(slices.Clone(a.ends)) {
		if end < 0 {
			parts = append(parts, "for ever")
			continue
		}
		parts = append(parts, "until "+ledger.Clock(end))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}
