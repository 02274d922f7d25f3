package reverse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// Points come back by cumulative floors: any sequence of partials adds up to the whole.
func TestPointsAddUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fen, points reverse.Amount
		refunds     amounts
		want        amounts // points of each
	}{
		{7, 10, amounts{1, 1, 1, 1, 1, 1, 1}, amounts{1, 1, 2, 1, 2, 1, 2}},
		{7, 10, amounts{3, 4}, amounts{4, 6}},
		{10, 3, amounts{3, 3, 4}, amounts{0, 1, 2}},
		{100, 1, amounts{99, 1}, amounts{0, 1}},
		{1, 100, amounts{1}, amounts{100}},
	} {
		w := setup(t)
		w.verify("P1", 0, tt.points)
		subs := w.take("S1", "W1", 0, amounts{tt.fen}, points(tt.fen, tt.points, "P1"))
		var got amounts
		for _, n := range tt.refunds {
			r := w.reverses(w.must(submission(w.quote("S1", subs...), n, given(reverse.PointTender, n))))[0]
			if r.Status != reverse.Success || r.Channels[0].Flow.IsZero() != (r.Channels[0].Points == 0) {
				t.Errorf("reverse %+v", r)
			}
			got = append(got, r.Channels[0].Points)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%d fen for %d points: -want +got\n%s", tt.fen, tt.points, diff)
		}
		if n := w.left("P1", ledger.Points); n != 0 {
			t.Errorf("%d points left", n)
		}
		w.audit()
	}
}

// With R points left a cell of A fen for P points can give ⌊A·R/P⌋.
func TestPointCap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ fen, points, back, want reverse.Amount }{
		{7, 10, 0, 7}, {7, 10, 1, 6}, {7, 10, 9, 0}, {7, 10, 10, 0}, {10, 3, 1, 6}, {100, 1, 1, 0},
	} {
		w := setup(t)
		w.verify("P1", 0, tt.points)
		subs := w.take("S1", "W1", 0, amounts{tt.fen}, points(tt.fen, tt.points, "P1"))
		if tt.back > 0 {
			if r := w.giveBack("P1", ledger.Points, tt.back); r.Code != ledger.OK {
				t.Fatal(r.Desc())
			}
		}
		q := w.quote("S1", subs...)
		if q.Max != tt.want {
			t.Errorf("%d fen for %d points less %d: max %d, want %d", tt.fen, tt.points, tt.back, q.Max, tt.want)
		}
		if q.Max > 0 {
			w.must(submission(q, q.Max, given(reverse.PointTender, q.Max)))
		}
		w.audit()
	}
}

// A channel takes its cap until it definitely failed, or the whole reverse ended without money.
func TestTakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status reverse.Status
		pay    reverse.PayStatus
		want   reverse.Amount
	}{
		{reverse.Apply, reverse.Waiting, 5},
		{reverse.Refused, reverse.Waiting, 0},
		{reverse.Cancel, reverse.Waiting, 0},
		{reverse.Paying, reverse.Pending, 5},
		{reverse.Paying, reverse.Unknown, 5},
		{reverse.Paying, reverse.PayFailed, 0},
		{reverse.Failed, reverse.Paid, 5},
		{reverse.Failed, reverse.PayFailed, 0},
		{reverse.Success, reverse.Paid, 5},
	} {
		r := reverse.Reverse{Status: tt.status, Channels: []reverse.Channel{{Amount: 5, Status: tt.pay}}}
		if got := r.Takes(0); got != tt.want {
			t.Errorf("%v, %d: takes %d, want %d", tt.status, tt.pay, got, tt.want)
		}
	}
}

// Whatever is quoted, submitted, approved, refused and given back through other doors, in any order: no cap is passed, books balance,
// points round to the whole (audit), and what a quote offers can be had at once.
func TestEveryDoor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := setup(t)
		w.brand.Policy.PointDays = rapid.SampledFrom([]int64{0, 1}).Draw(t, "point days")
		w.now++ // the rules are of a moment
		w.must(&ledger.Grant{Head: of(member), Order: "grant-dated", Amount: 500})
		m := &model{world: w, t: t}
		for i := range rapid.IntRange(2, 4).Draw(t, "spends") {
			m.spend(i)
		}
		for i := range rapid.IntRange(1, 3).Draw(t, "orders") {
			m.order(i)
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			m.step()
		}
		w.audit()
		// At the end all that is left can be had. Where another door took points, a fen more may be left than one quote's floors offer.
		for _, o := range m.orders {
			rounds := 0
			for ; m.whole(o, o.subs); rounds++ {
				if rounds > 100 {
					t.Fatal("there is always something left")
				}
			}
		}
		w.audit()
	})
}

// model remembers what a random history can speak of.
type model struct {
	*world
	t       *rapid.T
	free    map[string]*[2]reverse.Amount // of each spend: fen and points that no order is bound to yet
	spends  []string
	orders  []taken
	quotes  []*reverse.Quote
	waiting []int64
	made    []int64
}

type taken struct {
	store string
	subs  []int64
}

func (m *model) spend(i int) {
	if m.free == nil {
		m.free = map[string]*[2]reverse.Amount{}
	}
	no := "P" + string(rune('1'+i))
	n := [2]reverse.Amount{m.amount(0, 200), m.amount(0, 50)}
	if n[0]+n[1] == 0 {
		return
	}
	m.verify(no, n[0], n[1])
	m.spends = append(m.spends, no)
	m.free[no] = &n
}

func (m *model) amount(from, to reverse.Amount) reverse.Amount {
	return reverse.Amount(rapid.Int64Range(int64(from), int64(to)).Draw(m.t, "amount"))
}

// order takes an order paid by up to six tenders.
func (m *model) order(i int) {
	var tenders []reverse.Tender
	total := reverse.Amount(0)
	for range rapid.IntRange(1, 6).Draw(m.t, "tenders") {
		t := reverse.Tender{Code: rapid.SampledFrom([]string{"10001", "10003", reverse.StoredValue, reverse.PointTender}).Draw(m.t, "code"), Amount: m.amount(0, 60)}
		if t.Asset() {
			if len(m.spends) == 0 {
				continue
			}
			t.Order = rapid.SampledFrom(m.spends).Draw(m.t, "spend")
			free := &m.free[t.Order][t.Family()]
			if *free == 0 {
				continue
			}
			n := m.amount(1, *free)
			*free -= n
			if t.Code == reverse.PointTender {
				t.Points = n
			} else {
				t.Amount = n
			}
		}
		total += t.Amount
		tenders = append(tenders, t)
	}
	lines := split(m.t, total, rapid.IntRange(2, 5).Draw(m.t, "lines"))
	o := taken{store: rapid.SampledFrom([]string{"S1", "S2", "S3"}).Draw(m.t, "store")}
	o.subs = m.take(o.store, "W"+string(rune('1'+i)), lines[0], lines[1:], tenders...)
	m.orders = append(m.orders, o)
}

// step does one random thing.
func (m *model) step() {
	o := rapid.SampledFrom(m.orders).Draw(m.t, "order")
	switch rapid.IntRange(0, 12).Draw(m.t, "step") {
	case 10, 11:
		if len(m.made) > 0 {
			m.settle(rapid.SampledFrom(m.made).Draw(m.t, "reverse"))
		}
	case 12:
		if len(m.waiting) > 0 {
			m.fetch(rapid.SampledFrom(m.waiting).Draw(m.t, "reverse"))
		}
	case 0, 1:
		m.quotes = append(m.quotes, m.quote(o.store, m.some(o.subs)...))
	case 2, 3:
		m.whole(o, m.some(o.subs))
	case 4, 5:
		if len(m.quotes) > 0 {
			m.submit(rapid.SampledFrom(m.quotes).Draw(m.t, "quote"))
		}
	case 6:
		if len(m.waiting) > 0 {
			m.approve(rapid.SampledFrom(m.waiting).Draw(m.t, "reverse"))
		}
	case 7, 8:
		if len(m.spends) > 0 {
			m.elsewhere(rapid.SampledFrom(m.spends).Draw(m.t, "spend"))
		}
	case 9:
		m.now += rapid.SampledFrom([]int64{1, 20 * minute, 24 * 60 * minute}).Draw(m.t, "time")
	}
}

func (m *model) some(subs []int64) []int64 {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(subs), 1, len(subs), rapid.ID[int64]).Draw(m.t, "sub-orders")
}

// whole quotes sub-orders and submits all that is offered, as asked or as quoted: nothing came between, so it must be done. It reports
// whether there was anything.
func (m *model) whole(o taken, subs []int64) bool {
	q := m.quote(o.store, subs...)
	if len(q.Subs) == 0 {
		if q.Max != 0 {
			m.t.Fatalf("%d of nothing", q.Max)
		}
		return false
	}
	wdk, sums := m.orderOf(q), make([]reverse.Amount, 0)
	for t := range wdk.Tenders {
		sums = append(sums, 0)
		for _, row := range q.Cells {
			sums[t] += row[t]
		}
	}
	var channels []reverse.Given
	unique := rapid.Bool().Draw(m.t, "unique")
	for t, n := range sums {
		if n == 0 && rapid.Bool().Draw(m.t, "left out") {
			continue
		}
		g := given(wdk.Tenders[t].Code, n)
		if unique {
			g.Unique = wdk.Unique(t)
		}
		channels = append(channels, g)
	}
	c := submission(q, q.Max, channels...)
	if rapid.Bool().Draw(m.t, "as asked") {
		c.Subs = subs
	}
	m.submitted(q, m.must(c))
	return true
}

func (m *model) orderOf(q *reverse.Quote) *reverse.Order {
	return m.see(func(k *reverse.Keys) { k.Subs[q.Main] = struct{}{} }).WdkOrders[q.Main]
}

// submit tries some amount over some channels of a quote that may be stale; any refusal will do.
func (m *model) submit(q *reverse.Quote) {
	amount := q.Max
	if q.Modifiable() {
		amount = m.amount(0, q.Max+1)
	}
	var channels []reverse.Given
	left := amount
	for t, tender := range m.orderOf(q).Tenders {
		n := reverse.Amount(0)
		for _, row := range q.Cells {
			n += row[t]
		}
		n = min(left, n)
		if rapid.IntRange(0, 3).Draw(m.t, "exact") == 0 {
			n = m.amount(0, left)
		}
		g := given(tender.Code, n)
		if rapid.Bool().Draw(m.t, "unique") {
			g.Unique = m.orderOf(q).Unique(t)
		}
		channels = append(channels, g)
		left -= n
	}
	c := submission(q, amount, channels...)
	if rapid.IntRange(0, 3).Draw(m.t, "clerk") == 0 {
		c.OperatorType = 1
	}
	if r := m.do(c); r.Code == ledger.OK {
		m.submitted(q, r)
	}
}

func (m *model) submitted(q *reverse.Quote, r ledger.Result) {
	sum := reverse.Amount(0)
	for _, r := range m.reverses(r) {
		sum += r.Amount
		m.made = append(m.made, r.ID)
		if r.Status == reverse.Apply {
			m.waiting = append(m.waiting, r.ID)
		}
	}
	if sum == 0 && q.Max > 0 || len(r.Numbers) != len(q.Subs) {
		m.t.Fatalf("%d reverses of %d sub-orders, %d of %d", len(r.Numbers), len(q.Subs), sum, q.Max)
	}
}

// settle says something of a payout; any refusal will do.
func (m *model) settle(id int64) {
	r := m.reverses(ledger.Result{Numbers: []int64{id}})[0]
	for _, ch := range r.Channels {
		if ch.Payout == "" || rapid.Bool().Draw(m.t, "another") {
			continue
		}
		to := rapid.SampledFrom([]reverse.PayStatus{reverse.Paid, reverse.PayFailed, reverse.PayFailed, reverse.Unknown, reverse.Pending}).Draw(m.t, "becomes")
		if rapid.Bool().Draw(m.t, "confirmed") {
			m.do(&reverse.ConfirmRefund{Store: r.Store, Sub: r.Sub, Channels: []reverse.Confirmed{{Code: ch.Code, Amount: ch.Amount}}})
			continue
		}
		m.do(&reverse.SettlePayout{Payout: ch.Payout, Status: to})
	}
}

// fetch has the goods of a reverse picked up, and counts them.
func (m *model) fetch(id int64) {
	r := m.reverses(ledger.Result{Numbers: []int64{id}})[0]
	s := m.see(func(k *reverse.Keys) { k.Subs[r.Sub] = struct{}{} })
	o := s.WdkOrders[r.Main]
	asked := reverse.Quantity(rapid.IntRange(1, 3000).Draw(m.t, "asked"))
	m.do(&reverse.CreateFetch{
		Store: r.Store, Reverse: id, Out: o.Out, Lines: []reverse.FetchLine{{Sub: o.Subs[o.Row(r.Sub)].Out, Expected: asked, Refund: asked}},
	})
	m.do(&reverse.AgreeReverse{Reverse: id, Counted: reverse.Quantity(rapid.IntRange(0, int(asked)+1).Draw(m.t, "counted"))})
}

func (m *model) approve(id int64) {
	m.do(rapid.SampledFrom([]reverse.Command{
		&reverse.AgreeReverse{Reverse: id}, &reverse.AgreeReverse{Reverse: id}, &reverse.RefuseReverse{Reverse: id}, &reverse.CancelReverse{Reverse: id},
	}).Draw(m.t, "verdict"))
}

// elsewhere gives back by another door: reversepoint, undedut or assert.refund.
func (m *model) elsewhere(no string) {
	switch f := ledger.Family(rapid.IntRange(0, 5).Draw(m.t, "door")); f {
	case ledger.Value, ledger.Points:
		if left := m.left(no, f); left > 0 {
			n := m.amount(1, left)
			if r := m.giveBack(no, f, n); r.Code != ledger.OK {
				m.t.Fatalf("%d of %d: %s", n, left, r.Desc())
			}
			wantOver := m.giveBack(no, f, left-n+1)
			if wantOver.Code != ledger.OverRefund && wantOver.Code != ledger.AlreadyReversed {
				m.t.Fatalf("one more than is left: %v", wantOver.Code)
			}
		}
	case ledger.Coupons:
		m.keyed++
		m.do(&ledger.RefundAssets{Order: no, Number: "all-" + no})
	}
}
