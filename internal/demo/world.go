// Package demo makes the small, lively world of `recoup demo`: the brands, members and orders in which the published samples work as
// printed, and some months of trade around them. It is made from a fixed seed through the same engine and commands as any other book.
package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// What the demo listens to. `recoup serve` refuses these.
const (
	AppKey  = "12345678"
	Secret  = "recoup-demo-secret"
	Session = "6100recoupdemosession00000000000000000000000000000000001"

	// QuoteToken is the quote of the published sample of creatrefund.
	QuoteToken = "bdab6446-f0cf-4327-9ae3-fd69ac4d"
)

// The brands of the published samples.
const (
	RefundBrand = "342343043" // document 000
	PointBrand  = "12332"     // document 001
	MainBrand   = "1332"      // documents 002 and 003, and most of the trade
)

// Sizes of the trade around the samples.
const (
	days    = 90
	members = 240
)

// Made reports whether a store holds the demo world already.
func Made(ctx context.Context, s store.Store) (bool, error) {
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	for _, a := range snap.Apps {
		if a.Key == AppKey {
			return true, nil
		}
	}
	return false, nil
}

// Digest makes the keyed digest of a personal identifier, as the API does: the world must be found by it.
type Digest func(b *ledger.Brand, text string) ledger.Digest

// world makes the demo world.
type world struct {
	ctx    context.Context
	store  store.Store
	engine *engine.Engine
	rand   *rand.Rand
	now    time.Time // the made-up clock; runs up to the present
	seq    int
	digest Digest
	brands map[string]*ledger.Brand
}

// Make fills an empty store. The app and session come last: what Made looks for is there only when all is.
func Make(ctx context.Context, s store.Store, digest Digest, now time.Time) error {
	w := &world{ctx: ctx, store: s, digest: digest, rand: rand.New(rand.NewPCG(2026, 11)), brands: map[string]*ledger.Brand{}}
	w.now = now.Add(-days * 24 * time.Hour).Truncate(time.Second)
	w.engine = engine.New(s, engine.Options{BatchMax: 1024, Now: func() time.Time { return w.now }})
	defer w.engine.Close()
	for _, step := range []func() error{w.makeBrands, w.samples, w.trade, w.directory} {
		if err := step(); err != nil {
			return fmt.Errorf("demo world: %w", err)
		}
	}
	return nil
}

func (w *world) makeBrands() error {
	day := func(n int) int64 { return w.now.AddDate(0, 0, n).UnixMilli() }
	templates := map[string]*ledger.Template{}
	for _, t := range []ledger.Template{
		{ID: "T100", Name: "满100减20券", Type: "AMOUNT", Amount: 2000, Threshold: 10000, Days: 60, Description: "满100元可用,每单限用一张"},
		{ID: "T200", Name: "八五折券", Type: "DISCOUNT", Discount: "8.5", Days: 60, Description: "全场八五折"},
		{ID: "T300", Name: "招牌奶茶兑换券", Type: "GIFT", Days: 180, Description: "兑换招牌奶茶一杯", ReissueOnReturn: true},
		{ID: "T400", Name: "早餐十次卡", Type: "MULTI", Uses: 10, Days: 365, Description: "每次可兑换早餐一份"},
	} {
		t.Changed = w.now.UnixMilli()
		templates[t.ID] = &t
	}
	for _, b := range []*ledger.Brand{
		{
			ID: RefundBrand, Name: "样例品牌(核销回退)", Pepper: "recoup-demo-pepper-0",
			Shops:     map[string]*ledger.Shop{"23829323": {ID: "23829323", Name: "样例门店"}},
			Templates: map[string]*ledger.Template{"T1": {ID: "T1", Name: "满50减10券", Type: "AMOUNT", Amount: 1000, Threshold: 5000, Start: day(-1), End: day(3650)}},
		},
		{
			ID: PointBrand, Alias: "33959", Name: "样例品牌(积分回退)", Pepper: "recoup-demo-pepper-1",
			Shops: map[string]*ledger.Shop{"23453435": {ID: "23453435", Alias: "87766897", Name: "样例门店"}},
		},
		{
			ID: MainBrand, Alias: "901332", Name: "云上小馆", Pepper: "recoup-demo-pepper-2",
			Shops: map[string]*ledger.Shop{
				"243545": {ID: "243545", Alias: "S-001", Name: "云上小馆·总店"},
				"243546": {ID: "243546", Alias: "S-002", Name: "云上小馆·东湖店"},
				"243547": {ID: "243547", Alias: "S-003", Name: "云上小馆·西溪店"},
				"2131":   {ID: "2131", Alias: "S-2131", Name: "云上鲜生·2131店", Waterfall: true},
				"2132":   {ID: "2132", Alias: "S-2132", Name: "云上鲜生·2132店", NoAutoAgree: true},
			},
			Templates: templates,
			Policy: ledger.Policy{
				Recharge:  []ledger.RechargeRule{{Real: 10000, Gift: 1000}, {Real: 50000, Gift: 8000}},
				PointDays: 365,
				Earn:      ledger.EarnRule{Points: 1, Fen: 100},
			},
			Levels: []ledger.Level{{ID: "silver", Name: "银卡"}, {ID: "gold", Name: "金卡", Rate: 150}},
		},
	} {
		if err := w.store.PutBrand(w.ctx, b, store.Author{By: "recoup demo", At: w.now.UnixMilli()}); err != nil {
			return err
		}
		w.brands[b.ID] = b
	}
	return nil
}

// head makes the head of a command. Every one has a request of its own.
func (w *world) head(method, shop string, who ledger.Who) ledger.Head {
	w.seq++
	h := ledger.Head{
		App: AppKey, Method: method, Signed: w.now.UnixMilli(), Shop: shop, Operator: "1001", OperatorName: "小王", Who: who,
		RequestID: "demo-" + strconv.Itoa(w.seq),
	}
	h.Request[0] = 0xde
	for i, n := 15, w.seq; n > 0; i, n = i-1, n>>8 {
		h.Request[i] = byte(n)
	}
	h.Content = h.Request
	return h
}

// must decides a command and wants it done.
func (w *world) must(brand string, c reverse.Command) (ledger.Result, error) {
	r, err := w.engine.Submit(w.ctx, brand, c)
	if err != nil {
		return r, err
	}
	if r.Code != ledger.OK {
		return r, fmt.Errorf("%s in brand %s: %s: %s", c.Common().Method, brand, r.Code, r.English())
	}
	return r, nil
}

// run decides commands in order, one after the other.
func (w *world) run(brand string, commands ...reverse.Command) error {
	for _, c := range commands {
		if _, err := w.must(brand, c); err != nil {
			return err
		}
	}
	return nil
}

// crowd decides commands together; a refusal is part of life.
func (w *world) crowd(brand string, commands []reverse.Command) error {
	errs := make([]error, len(commands))
	var wg sync.WaitGroup
	for i, c := range commands {
		wg.Go(func() { _, errs[i] = w.engine.Submit(w.ctx, brand, c) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	customerSave    = "alibaba.alsc.crm.open.customer.save"
	rechargeOperate = "alibaba.alsc.crm.open.recharge.operate"
	pointOperate    = "alibaba.alsc.crm.open.point.operate"
	consumePoint    = "alibaba.alsc.crm.point.consumepoint"
	reversePoint    = "alibaba.alsc.crm.point.reversepoint"
	assertVerify    = "alibaba.alsc.crm.open.assert.verify"
	assertRefund    = "alibaba.alsc.crm.open.assert.refund"
	voucherSend     = "alibaba.alsc.crm.voucher.send"
	orderCreate     = "alibaba.wdk.trade.order.success.create"
	applyRefund     = "alibaba.wdk.reverse.applyrefund"
	creatRefund     = "alibaba.wdk.reverse.creatrefund"
)

func (w *world) save(brand, shop, id, name, mobile, outerType, outer string) *ledger.SaveMember {
	who := ledger.Who{Mobile: mobile, OuterType: outerType, Outer: outer}
	b := w.brands[brand]
	if mobile != "" {
		who.Digests = append(who.Digests, w.digest(b, "mobile:"+mobile))
	}
	if outer != "" {
		who.Digests = append(who.Digests, w.digest(b, "outer:"+outerType+":"+outer))
	}
	return &ledger.SaveMember{Head: w.head(customerSave, shop, who), ID: id, Name: &name}
}

func (w *world) charge(shop, customer, order string, fen ledger.Amount) *ledger.Charge {
	return &ledger.Charge{Head: w.head(rechargeOperate, shop, ledger.Who{Customer: customer}), Order: order, Real: fen, ByRule: true}
}

func (w *world) grant(shop, customer, order string, points ledger.Amount) *ledger.Grant {
	return &ledger.Grant{Head: w.head(pointOperate, shop, ledger.Who{Customer: customer}), Order: order, Amount: points}
}

// samples puts what the four published requests speak of.
func (w *world) samples() error {
	// Document 000: an order verified with value, points and both vouchers.
	const m0 = "34342243"
	verify := &ledger.Spend{
		Head: w.head(assertVerify, "23829323", ledger.Who{Customer: m0}), Order: "43923200230233", Report: true,
		Wants:    []ledger.Want{{Family: ledger.Value, Amount: 6800}, {Family: ledger.Points, Amount: 100}},
		Vouchers: []string{"123", "456"},
	}
	if err := w.run(RefundBrand,
		w.save(RefundBrand, "23829323", m0, "陈晨", "18651822226", "alipay", "20883892193012033"),
		w.charge("23829323", m0, "demo-charge-000", 20000),
		w.grant("23829323", m0, "demo-grant-000", 500),
		&ledger.IssueVouchers{Head: w.head(voucherSend, "23829323", ledger.Who{Customer: m0}), Template: "T1", Num: 2, Codes: []string{"123", "456"}},
		verify,
	); err != nil {
		return err
	}

	// Document 001: points spent under out_biz_id 3231231312312.
	const m1 = "7027365982937563912722"
	if err := w.run(PointBrand,
		w.save(PointBrand, "23453435", m1, "林琳", "13900000001", "wechat", "wx-demo-001"),
		w.grant("23453435", m1, "demo-grant-001", 300),
		&ledger.Spend{
			Head: w.head(consumePoint, "23453435", ledger.Who{Customer: m1}), Order: "3231231312312", Direct: true, Pools: true,
			Wants: []ledger.Want{{Family: ledger.Points, Amount: 60}},
		},
	); err != nil {
		return err
	}

	// Document 002: a member to charge. Document 003: a paid order with a gift card sold in it, and a quote that never expires.
	const m2, sub = "34243334", 5000399193546580981
	if err := w.run(MainBrand,
		w.save(MainBrand, "243545", m2, "小王", "18651822226", "wechat", "435532"),
		w.charge("243545", m2, "demo-charge-002", 50000),
		w.grant("243545", m2, "demo-grant-002", 800),
		&ledger.Spend{
			Head: w.head(assertVerify, "2131", ledger.Who{Customer: m2}), Order: "demo-wdk-pay-1", Report: true,
			Wants: []ledger.Want{{Family: ledger.Value, Amount: 3000}},
		},
		&reverse.TakeOrder{
			Head: w.head(orderCreate, "2131", ledger.Who{}), Store: "2131", Out: "1506864060698825068",
			Subs:   []reverse.Sub{{No: sub, Out: "1506864060698825068-1", Title: "礼品卡100元", Sku: "GC100", Fee: 6000}},
			PayFee: 6000,
			Tenders: []reverse.Tender{
				{Code: "10001", Name: "支付宝", Amount: 3000},
				{Code: reverse.StoredValue, Name: "储值", Amount: 3000, Customer: m2, Order: "demo-wdk-pay-1"},
			},
		},
		&ledger.ImportCard{Head: w.head("import.gift-cards", "", ledger.Who{}), Card: "22076108", Value: 10000, SoldIn: sub},
		&reverse.MakeQuote{
			Head: w.head(applyRefund, "2131", ledger.Who{}), Store: "2131", Subs: []int64{sub}, GiftCards: []string{"22076108"},
			OperatorType: 6, Token: QuoteToken, Never: true,
		},
	); err != nil {
		return err
	}
	return nil
}

var surnames = []string{"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林"}

var given = []string{"伟", "芳", "娜", "敏", "静", "强", "磊", "洋", "艳", "勇", "杰", "娟", "涛", "明", "超", "秀英", "桂兰", "建国", "雨桐", "子涵"}

// trade lets some months of business go by in the main brand, a day at a time.
func (w *world) trade() error {
	shops := []string{"243545", "243546", "243547"}
	ids := make([]string, 0, members)
	spent := []string{} // orders that can be returned
	charged := []string{}
	perDay := members/(days/3) + 1
	for day := range days {
		w.now = w.now.Add(10 * time.Hour)
		var morning, noon, evening []reverse.Command
		for range perDay {
			if len(ids) == members {
				break
			}
			id := strconv.Itoa(880000 + len(ids))
			ids = append(ids, id)
			mobile := fmt.Sprintf("138%08d", 10000+len(ids))
			name := surnames[w.rand.IntN(len(surnames))] + given[w.rand.IntN(len(given))]
			morning = append(morning, w.save(MainBrand, shops[len(ids)%3], id, name, mobile, "wechat", "wx-"+id))
		}
		pick := func() string { return ids[w.rand.IntN(len(ids))] }
		shop := func() string { return shops[w.rand.IntN(len(shops))] }
		for i := range 8 {
			no := fmt.Sprintf("R%03d%02d", day, i)
			noon = append(noon, w.charge(shop(), pick(), no, ledger.Amount(100*(50+w.rand.IntN(450)))))
			charged = append(charged, no)
			noon = append(noon, w.grant(shop(), pick(), "G"+no, ledger.Amount(20+w.rand.IntN(300))))
		}
		for i := range 14 {
			no := fmt.Sprintf("O%03d%02d", day, i)
			c := &ledger.Spend{Head: w.head(assertVerify, shop(), ledger.Who{Customer: pick()}), Order: no, Report: true}
			c.Wants = append(c.Wants, ledger.Want{Family: ledger.Value, Amount: ledger.Amount(500 + w.rand.IntN(8000))})
			if i%4 == 0 {
				c.Wants = append(c.Wants, ledger.Want{Family: ledger.Points, Amount: ledger.Amount(1 + w.rand.IntN(40))})
			}
			evening = append(evening, c)
			spent = append(spent, no)
		}
		for i := range 2 {
			t := []string{"T100", "T200", "T300", "T400"}[w.rand.IntN(4)]
			noon = append(noon, &ledger.IssueVouchers{Head: w.head(voucherSend, shop(), ledger.Who{Customer: pick()}), Template: t, Num: 1})
			if n := len(spent); n > 40 {
				no := spent[w.rand.IntN(n-20)]
				evening = append(evening, &ledger.RefundAssets{
					Head: w.head(assertRefund, shop(), ledger.Who{}), Order: no, Number: fmt.Sprintf("T%03d%02d", day, i), Keyed: w.keyed(),
				})
			}
		}
		if day%6 == 5 {
			no := charged[w.rand.IntN(len(charged)-4)]
			evening = append(evening, &ledger.RefundCharge{
				Head: w.head(rechargeOperate, shop(), ledger.Who{}), Order: no, Number: fmt.Sprintf("U%03d", day), Keyed: w.keyed(),
			})
		}
		for _, part := range [][]reverse.Command{morning, noon, evening} {
			if err := w.crowd(MainBrand, part); err != nil {
				return err
			}
			w.now = w.now.Add(3 * time.Hour)
		}
		if day%4 == 0 {
			if err := w.reverses(day); err != nil {
				return err
			}
		}
		w.now = w.now.Add(5 * time.Hour)
	}
	return nil
}

// keyed gives a made-up refund a key of its own.
func (w *world) keyed() ledger.Keyed {
	w.seq++
	var d ledger.Digest
	d[0] = 0xdf
	for i, n := 15, w.seq; n > 0; i, n = i-1, n>>8 {
		d[i] = byte(n)
	}
	return ledger.Keyed{Refund: d, Original: d}
}

// reverses sells an order in a WDK store and refunds a part of it: at store 2131 at once, at store 2132 it waits for approval.
func (w *world) reverses(day int) error {
	shop := []string{"2131", "2132"}[day/4%2]
	no := fmt.Sprintf("W%03d", day)
	fee := ledger.Amount(1000 + 10*w.rand.IntN(400))
	r, err := w.must(MainBrand, &reverse.TakeOrder{
		Head: w.head(orderCreate, shop, ledger.Who{}), Store: shop, Out: no, PayFee: 2 * fee, Subs: []reverse.Sub{
			{Out: no + "-1", Title: "时令水果", Sku: "F01", Fee: fee}, {Out: no + "-2", Title: "鲜牛奶", Sku: "M02", Fee: fee},
		},
		Tenders: []reverse.Tender{{Code: "10001", Name: "支付宝", Amount: fee}, {Code: "10003", Name: "现金", Amount: fee}},
	})
	if err != nil {
		return err
	}
	token := "demo-quote-" + no
	sub := []int64{r.Numbers[1]}
	if _, err := w.must(MainBrand, &reverse.MakeQuote{
		Head: w.head(applyRefund, shop, ledger.Who{}), Store: shop, Subs: sub, OperatorType: 6, Token: token,
	}); err != nil {
		return err
	}
	s := &reverse.Submit{
		Head: w.head(creatRefund, shop, ledger.Who{}), Store: shop, Subs: sub, Amount: fee, ReasonID: 1001, ReasonText: "不喜欢", OperatorType: 6,
		Channels: []reverse.Given{{Code: "10001", Name: "支付宝", Amount: fee / 2}, {Code: "10003", Name: "现金", Amount: fee - fee/2}},
	}
	s.RequestID = token
	_, err = w.engine.Submit(w.ctx, MainBrand, s)
	return err
}

// directory adds the app and the merchant's session.
func (w *world) directory() error {
	all := []string{RefundBrand, PointBrand, MainBrand}
	if err := w.store.PutSession(w.ctx, &store.Session{Digest: store.TokenDigest(Session), App: AppKey, Merchant: "1", Nick: "演示商家", Brands: all}, store.Author{By: "recoup demo", At: w.now.UnixMilli()}); err != nil {
		return err
	}
	return w.store.PutApp(w.ctx, &store.App{
		Key: AppKey, Name: "demo", Secrets: []string{Secret}, Methods: []string{"*"}, Brands: all, Created: w.now.UnixMilli(),
	}, store.Author{By: "recoup demo", At: w.now.UnixMilli()})
}
