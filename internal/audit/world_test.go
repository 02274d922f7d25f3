package audit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

const brand = "b1"

// world is a brand in which commands are decided one after the other, or many at a time, under a clock of its own.
type world struct {
	testing.TB
	store  store.Store
	engine *engine.Engine
	now    time.Time
	seq    int
	rand   *rand.Rand
}

func newWorld(t testing.TB, s store.Store, policy ledger.Policy, seed uint64) *world {
	w := &world{TB: t, store: s, now: time.UnixMilli(1_800_000_000_000), rand: rand.New(rand.NewPCG(seed, 1))}
	w.check(s.PutBrand(context.Background(), &ledger.Brand{
		ID: brand, Name: "茶", Policy: policy,
		Shops: map[string]*ledger.Shop{"s1": {ID: "s1"}, "s2": {ID: "s2", NoAutoAgree: true, Waterfall: true}},
		Templates: map[string]*ledger.Template{
			"one": {ID: "one", Days: 30}, "ten": {ID: "ten", Uses: 10, Days: 2}, "new": {ID: "new", Uses: 3, Days: 30, ReissueOnReturn: true},
		},
	}, store.Author{}))
	w.engine = engine.New(s, engine.Options{Now: func() time.Time { return w.now }})
	t.Cleanup(w.engine.Close)
	return w
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) do(c reverse.Command) ledger.Result {
	w.Helper()
	r, err := w.engine.Submit(context.Background(), brand, c)
	w.check(err)
	return r
}

// must wants the command done.
func (w *world) must(c reverse.Command) ledger.Result {
	w.Helper()
	r := w.do(c)
	if r.Code != ledger.OK {
		w.Fatalf("%T: %s", c, r.English())
	}
	return r
}

func (w *world) digest(tag byte) ledger.Digest {
	w.seq++
	return ledger.Digest{0: tag, 12: byte(w.seq >> 24), 13: byte(w.seq >> 16), 14: byte(w.seq >> 8), 15: byte(w.seq)}
}

func (w *world) head(shop, customer string) ledger.Head {
	h := ledger.Head{App: "a", Method: "m", Signed: w.now.UnixMilli(), Shop: shop, Who: ledger.Who{Customer: customer}, Request: w.digest('q')}
	h.Content = h.Request
	return h
}

func (w *world) keyed() ledger.Keyed {
	d := w.digest('r')
	return ledger.Keyed{Refund: d, Original: d}
}

func (w *world) member(id string) {
	w.Helper()
	w.must(&ledger.SaveMember{Head: w.head("s1", ""), ID: id})
}

func (w *world) charge(shop, id, order string, real, gift ledger.Amount) *ledger.Charge {
	return &ledger.Charge{Head: w.head(shop, id), Order: order, Real: real, Gift: gift}
}

func (w *world) spend(shop, id, order string, value, points ledger.Amount, vouchers ...string) *ledger.Spend {
	c := &ledger.Spend{Head: w.head(shop, id), Order: order, Report: true, Vouchers: vouchers}
	if value > 0 {
		c.Wants = append(c.Wants, ledger.Want{Family: ledger.Value, Amount: value})
	}
	if points > 0 {
		c.Wants = append(c.Wants, ledger.Want{Family: ledger.Points, Amount: points})
	}
	return c
}

func (w *world) refund(shop, order string) *ledger.RefundAssets {
	return &ledger.RefundAssets{Head: w.head(shop, ""), Order: order, Number: "n" + strconv.Itoa(w.seq), Keyed: w.keyed()}
}

func (w *world) take(shop, out string, post ledger.Amount, tenders []reverse.Tender, fees ...ledger.Amount) *reverse.TakeOrder {
	c := &reverse.TakeOrder{Head: w.head(shop, ""), Store: shop, Out: out, PostFee: post, PayFee: post, Tenders: tenders}
	for i, fee := range fees {
		c.Subs = append(c.Subs, reverse.Sub{Out: out + "-" + strconv.Itoa(i+1), Title: "果", Fee: fee})
		c.PayFee += fee
	}
	return c
}

// back quotes sub-orders and submits what is offered, or a part of it. It tells the ids of the reverses, none if refused.
func (w *world) back(shop string, part func(ledger.Amount) ledger.Amount, subs ...int64) []int64 {
	w.Helper()
	token := fmt.Sprintf("token-%d", w.seq)
	if r := w.do(&reverse.MakeQuote{Head: w.head(shop, ""), Store: shop, Subs: subs, OperatorType: 6, Token: token}); r.Code != ledger.OK {
		return nil
	}
	keys := reverse.NewKeys()
	keys.Quotes[token] = struct{}{}
	s, err := w.store.Read(context.Background(), brand, keys, w.now.UnixMilli())
	w.check(err)
	q := s.Quotes[token]
	if q.Max == 0 {
		return nil
	}
	c := &reverse.Submit{Head: w.head(shop, ""), Store: shop, Subs: subs, Amount: q.Max, ReasonID: 1001, ReasonText: "不喜欢", OperatorType: 6}
	c.RequestID = token
	o := s.WdkOrders[q.Main]
	if len(subs) == 1 {
		c.Amount = max(1, part(q.Max))
	}
	rest := c.Amount
	for t := range o.Tenders {
		offer := ledger.Amount(0)
		for _, row := range q.Cells {
			offer += row[t]
		}
		n := min(rest, offer)
		rest -= n
		c.Channels = append(c.Channels, reverse.Given{Code: o.Tenders[t].Code, Amount: n})
	}
	return w.do(c).Numbers
}

func whole(n ledger.Amount) ledger.Amount { return n }

// sample is a small history with a little of everything.
func sample(t testing.TB, s store.Store) *world {
	w := newWorld(t, s, ledger.Policy{}, 1)
	w.member("m1")
	w.member("m2")
	w.must(w.charge("s1", "m1", "C1", 10000, 1000))
	w.must(w.charge("s1", "m1", "C2", 5000, 0))
	w.must(w.charge("s1", "m2", "C3", 3000, 0))
	w.must(&ledger.Grant{Head: w.head("s1", "m1"), Order: "G1", Amount: 500})
	w.must(&ledger.IssueVouchers{Head: w.head("s1", "m1"), Template: "ten", Num: 1, Codes: []string{"v1"}})
	w.now = w.now.Add(time.Minute)
	w.must(w.spend("s1", "m1", "O1", 6800, 100, "v1"))
	w.must(&ledger.ReverseSpend{Head: w.head("s2", "m1"), Order: "O1", Number: "N1", Family: ledger.Value, Amount: 800, Keyed: w.keyed()})
	w.must(&ledger.ReverseSpend{Head: w.head("s1", "m1"), Order: "O1", Number: "N2", Family: ledger.Points, Amount: 30, Keyed: w.keyed()})
	w.must(w.spend("s1", "m1", "O2", 9300, 0))
	w.must(w.refund("s1", "O2"))
	w.must(&ledger.Freeze{Head: w.head("s1", "m1"), Order: "F1", Family: ledger.Value, Amount: 700})
	w.must(&ledger.Freeze{Head: w.head("s1", "m2"), Order: "F2", Family: ledger.Value, Amount: 400})
	w.must(w.spend("s1", "m2", "F2", 300, 0))
	w.must(&ledger.RefundCharge{Head: w.head("s1", "m1"), Order: "C2", Number: "N3", Amount: 1000, Keyed: w.keyed()})
	w.must(w.spend("s1", "m2", "P1", 600, 0))
	w.must(w.spend("s1", "m1", "P2", 0, 33))
	r := w.must(w.take("s1", "W1", 100, []reverse.Tender{
		{Code: "10001", Amount: 1300},
		{Code: reverse.StoredValue, Amount: 500, Customer: "m2", Order: "P1"},
		{Code: reverse.PointTender, Amount: 300, Points: 31, Customer: "m1", Order: "P2"},
	}, 1000, 1000))
	for _, sub := range r.Numbers[1:] {
		if len(w.back("s1", func(n ledger.Amount) ledger.Amount { return n * 2 / 3 }, sub)) == 0 || len(w.back("s1", whole, sub)) == 0 {
			t.Fatal("no reverse")
		}
	}
	return w
}

// live lets a random history happen: any command, at any time, refused or not.
func (w *world) live(steps int) {
	w.Helper()
	members := []string{"m1", "m2", "m3", "m4"}
	for _, id := range members {
		w.member(id)
	}
	var orders, charges, bills, grants []string
	var reverses []int64
	vouchers := map[string][]string{} // by member
	var subs []int64
	pick := func(list []string) string {
		if len(list) == 0 {
			return "nothing"
		}
		return list[w.rand.IntN(len(list))]
	}
	for i := range steps {
		id, shop, order := pick(members), pick([]string{"s1", "s1", "s2"}), "o"+strconv.Itoa(i)
		amount := ledger.Amount(1 + w.rand.IntN(3000))
		family := ledger.Family(w.rand.IntN(2))
		switch w.rand.IntN(20) {
		case 16: // a bill, which another command may have paid
			bill := pick([]string{order, pick(orders)})
			w.do(&ledger.Earn{Head: w.head(shop, id), Order: bill, Fee: amount})
			bills = append(bills, bill)
		case 17:
			f := ledger.BillRefund{Number: order, Amount: amount / 3, Keyed: w.keyed()}
			w.do(&ledger.Unearn{Head: w.head(shop, ""), Order: pick(bills), Refunds: []ledger.BillRefund{f}})
		case 18:
			if w.rand.IntN(2) == 0 {
				w.do(&ledger.UndoGrant{Head: w.head(shop, id), Order: pick(grants), Amount: amount})
			} else {
				w.do(&ledger.ReissueVouchers{Head: w.head(shop, ""), Order: pick(orders), Vouchers: []string{pick(vouchers[id])}})
			}
		case 19:
			if len(reverses) > 0 {
				w.settle(reverses[w.rand.IntN(len(reverses))])
			}
		case 0, 1:
			w.do(w.charge(shop, id, order, amount*3, ledger.Amount(w.rand.IntN(500))))
			charges = append(charges, order)
		case 2:
			w.do(&ledger.Grant{Head: w.head(shop, id), Order: order, Amount: amount})
			grants = append(grants, order)
		case 3:
			t := pick([]string{"one", "ten", "new"})
			vouchers[id] = append(vouchers[id], w.do(&ledger.IssueVouchers{Head: w.head(shop, id), Template: t, Num: 2}).IDs...)
		case 4, 5:
			w.do(&ledger.Freeze{Head: w.head(shop, id), Order: order, Family: family, Amount: amount})
			orders = append(orders, order)
		case 6, 7:
			c := w.spend(shop, id, order, amount, ledger.Amount(w.rand.IntN(2))*amount/3)
			if w.rand.IntN(2) == 0 {
				c.Vouchers = []string{pick(vouchers[id])}
			}
			w.do(c)
			orders = append(orders, order)
		case 8: // capture, or spend again
			w.do(w.spend(shop, id, pick(orders), amount/2, 0))
		case 9:
			w.do(w.refund(shop, pick(orders)))
		case 10, 11:
			w.do(&ledger.ReverseSpend{Head: w.head(shop, ""), Order: pick(orders), Number: order, Family: family, Amount: amount / 4, Keyed: w.keyed()})
		case 12:
			w.do(&ledger.RefundCharge{Head: w.head(shop, ""), Order: pick(charges), Number: order, Amount: amount / 2, Keyed: w.keyed()})
		case 13:
			c := w.take(shop, order, amount/9, nil, amount, amount/2+1)
			c.Tenders = []reverse.Tender{{Code: "10001", Amount: c.PayFee}}
			if pay := w.do(w.spend(shop, id, "p"+order, amount/2+1, 0)); pay.Code == ledger.OK {
				c.Tenders[0].Amount -= amount/2 + 1
				c.Tenders = append(c.Tenders, reverse.Tender{Code: reverse.StoredValue, Amount: amount/2 + 1, Customer: id, Order: "p" + order})
			}
			if pay := w.do(w.spend(shop, id, "q"+order, 0, amount/7+1)); pay.Code == ledger.OK {
				c.Tenders[0].Amount -= amount / 3
				c.Tenders = append(c.Tenders, reverse.Tender{Code: reverse.PointTender, Amount: amount / 3, Points: amount/7 + 1, Customer: id, Order: "q" + order})
			}
			if r := w.do(c); r.Code == ledger.OK {
				subs = append(subs, r.Numbers[1:]...)
			}
		case 14:
			if len(subs) == 0 {
				continue
			}
			part := func(n ledger.Amount) ledger.Amount { return 1 + ledger.Amount(w.rand.Int64N(int64(n))) }
			for _, id := range w.back(shop, part, subs[w.rand.IntN(len(subs))]) {
				reverses = append(reverses, id)
				switch w.rand.IntN(3) {
				case 0:
					w.do(&reverse.AgreeReverse{Head: w.head(shop, ""), Reverse: id})
				case 1:
					w.do(&reverse.RefuseReverse{Head: w.head(shop, ""), Reverse: id})
				}
			}
		case 15:
			w.now = w.now.Add(time.Duration(w.rand.IntN(40)) * time.Hour)
			w.do(&ledger.Sweep{Head: ledger.Head{Method: "sweep", Who: ledger.Who{Customer: id}}})
		}
		w.now = w.now.Add(time.Duration(w.rand.IntN(10)) * time.Minute)
	}
}

// settle has a reverse picked up and counted if it waits, and says something of its payouts.
func (w *world) settle(id int64) {
	w.Helper()
	keys := reverse.NewKeys()
	keys.Reverses[id] = struct{}{}
	s, err := w.store.Read(context.Background(), brand, keys, w.now.UnixMilli())
	w.check(err)
	r := s.Reverses[id]
	o := s.WdkOrders[r.Main]
	lines := []reverse.FetchLine{{Sub: o.Subs[o.Row(r.Sub)].Out, Expected: 2000, Refund: 1500}}
	w.do(&reverse.CreateFetch{
		Head: w.head(r.Store, ""), Store: r.Store, Reverse: id, Out: o.Out, Lines: lines,
		Fetch: reverse.Fetch{Type: 1, Buyer: &reverse.Buyer{Name: "张三", Phone: "18888888888", Address: "杭州"}},
	})
	w.do(&reverse.AgreeReverse{Head: w.head(r.Store, ""), Reverse: id, Counted: reverse.Quantity(1 + w.rand.IntN(1500))})
	for i := range r.Channels {
		to := []reverse.PayStatus{reverse.Paid, reverse.PayFailed, reverse.Unknown, reverse.Pending}[w.rand.IntN(4)]
		w.do(&reverse.SettlePayout{Head: w.head(r.Store, ""), Payout: fmt.Sprintf("%d-%d", id, i+1), Status: to})
	}
}
