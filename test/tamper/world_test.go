// Package tamper edits databases by hand, every column of every table, and wants verify to notice.
package tamper

import (
	"fmt"
	"testing"
	"time"

	"recoup"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/seal"
	"recoup/internal/store"
)

const brand = "b1"

// keys are those of the installation, which who edits the database does not have.
var keys = func() seal.Keys {
	ks, err := seal.Parse(seal.New())
	if err != nil {
		panic(err)
	}
	return ks
}()

// world is a brand in which everything happens that leaves a row.
type world struct {
	testing.TB
	store  store.Store
	engine *engine.Engine
	now    time.Time
	n      int
}

// fill makes a database with rows in every table.
func fill(t testing.TB, dsn string) {
	t.Helper()
	s, err := recoup.Database{DSN: dsn, Keys: keys}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, store: s, now: time.Now().Truncate(time.Second).Add(-time.Hour)}
	by := store.Author{By: "小王", From: "m1", Why: "开业", At: w.now.UnixMilli()}
	rules := &ledger.Brand{
		ID: brand, Name: "茶", Alias: "901", Pepper: "0123456789abcdef",
		Policy:    ledger.Policy{ValueDays: 30, HoldTTL: 3_600_000 * 24},
		Shops:     map[string]*ledger.Shop{"s1": {ID: "s1", Alias: "S-1", NoAutoAgree: true}, "s2": {ID: "s2"}},
		Templates: map[string]*ledger.Template{"ten": {ID: "ten", Uses: 10, Days: 20}},
	}
	ctx := t.Context()
	w.check(s.PutBrand(ctx, rules, by))
	w.check(s.PutApp(ctx, &store.App{Key: "1", Name: "till", Secrets: []string{"secret-of-the-till"}, Methods: []string{"*"}, Brands: []string{brand}, Created: 7}, by))
	w.check(s.PutSession(ctx, &store.Session{Digest: store.TokenDigest("t"), App: "1", Merchant: "m", Nick: "n", Brands: []string{brand}, Expires: 9}, by))
	w.check(s.SayClock(ctx, &store.ClockWord{At: w.now.UnixMilli(), Head: 1}, by))
	w.engine = engine.New(s, engine.Options{Now: func() time.Time { return w.now }})
	name, gender, frozen := "王芳", int64(1), true
	for i := range 2 {
		w.must(&ledger.SaveMember{
			Head: w.head(ledger.Who{Mobile: fmt.Sprintf("1380000000%d", i), OuterType: "wechat", Outer: fmt.Sprint("open", i)}), ID: fmt.Sprint("m", i+1),
			Name: &name, Gender: &gender, Birthday: &name, Remark: &name, Channel: &name,
		})
	}
	one, two := ledger.Who{Customer: "m1"}, ledger.Who{Customer: "m2"}
	for i := range 20 { // more than a wallet keeps
		w.must(&ledger.Charge{Head: w.head(one), Order: fmt.Sprint("C", i), Real: 1000, Gift: 100})
	}
	w.must(&ledger.Charge{Head: w.head(two), Order: "D1", Real: 5000})
	w.must(&ledger.Grant{Head: w.head(one), Order: "G1", Amount: 500})
	w.must(&ledger.IssueVouchers{Head: w.head(one), Template: "ten", Num: 1, Codes: []string{"v1"}})
	w.must(&ledger.ImportCard{Head: w.head(ledger.Who{}), Card: "GC1", Value: 700, SoldIn: 5})
	w.must(w.spend(one, "O1", 6800))
	w.must(&ledger.ReverseSpend{Head: w.head(one), Order: "O1", Number: "N1", Family: ledger.Value, Amount: 800, Keyed: w.keyed()})
	w.must(&ledger.Freeze{Head: w.head(one), Order: "F1", Family: ledger.Value, Amount: 700})
	w.must(&ledger.RefundCharge{Head: w.head(two), Order: "D1", Number: "N3", Amount: 1000, Keyed: w.keyed()})
	w.must(w.spend(two, "P1", 600))
	take := &reverse.TakeOrder{Head: w.head(ledger.Who{}), Store: "s1", Out: "W1", PayFee: 2000, Tenders: []reverse.Tender{
		{Code: "10001", Amount: 1400}, {Code: reverse.StoredValue, Amount: 600, Customer: "m2", Order: "P1"},
	}, Subs: []reverse.Sub{{Out: "W1-1", Title: "果", Fee: 1000}, {Out: "W1-2", Title: "茶", Fee: 1000}}}
	subs := w.must(take).Numbers[1:]
	for i, sub := range subs {
		token := fmt.Sprint("token", i)
		w.must(&reverse.MakeQuote{Head: w.head(ledger.Who{}), Store: "s1", Subs: []int64{sub}, OperatorType: 6, Token: token})
		if i == 0 {
			c := &reverse.Submit{
				Head: w.head(ledger.Who{}), Store: "s1", Subs: []int64{sub}, Amount: 1000, ReasonID: 1001, ReasonText: "不喜欢", OperatorType: 6,
				Channels: []reverse.Given{{Code: "10001", Amount: 700}, {Code: reverse.StoredValue, Amount: 300}},
			}
			c.RequestID, c.Operator, c.OperatorName, c.Proofs = token, "7", "小李", []string{"p"}
			w.must(c)
		}
	}
	w.must(&ledger.SaveMember{Head: w.head(two), Frozen: &frozen})
	if r := w.do(w.spend(one, "O9", 9_999_999)); r.Code != ledger.InsufficientBalance { // which is remembered
		t.Fatal(r.English())
	}
	undo := &ledger.RefundAssets{Head: w.head(one), Order: "never", Number: "N9", Keyed: w.keyed()}
	if r := w.do(undo); r.Code != ledger.OriginalNotFound { // which plants a tombstone
		t.Fatal(r.English())
	}
	w.engine.Close()
	l, ok, err := s.Take(ctx, "figures", brand, "me", w.now.UnixMilli(), 1000)
	if err != nil || !ok {
		t.Fatal(err, ok)
	}
	w.check(s.Advance(ctx, l, 3, func(rows store.Rows) error { return rows.Put("k", `{"n":1}`) }))
	n, err := recoup.Open(ctx, recoup.Options{Store: s}) // which seals
	w.check(err)
	n.Close()
	w.check(s.Close())
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) do(c reverse.Command) ledger.Result {
	w.Helper()
	r, err := w.engine.Submit(w.Context(), brand, c)
	w.check(err)
	return r
}

func (w *world) must(c reverse.Command) ledger.Result {
	w.Helper()
	r := w.do(c)
	if r.Code != ledger.OK {
		w.Fatalf("%T: %s", c, r.English())
	}
	return r
}

func (w *world) digest() ledger.Digest {
	w.n++
	return ledger.Digest{0: 'd', 14: byte(w.n >> 8), 15: byte(w.n)}
}

func (w *world) head(who ledger.Who) ledger.Head {
	d := w.digest()
	w.now = w.now.Add(time.Second)
	return ledger.Head{
		App: "1", Method: "m", RequestID: fmt.Sprint("r", w.n), Request: d, Content: d, Signed: w.now.UnixMilli(), Shop: "s1", Operator: "9", OperatorName: "小王",
		Reason: "why", Who: who,
	}
}

func (w *world) keyed() ledger.Keyed {
	d := w.digest()
	return ledger.Keyed{Refund: d, Original: d}
}

func (w *world) spend(who ledger.Who, order string, value ledger.Amount) *ledger.Spend {
	return &ledger.Spend{Head: w.head(who), Order: order, Wants: []ledger.Want{{Family: ledger.Value, Amount: value}}}
}
