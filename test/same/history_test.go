package same

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// A history draws what happens in a brand, step by step. It is a function of its seed and of the results it is told, so two worlds in
// which the same happens are asked for the same things.
//
// Numbers and names come from small pools on purpose: they are to collide.
type history struct {
	rand  *rand.Rand
	steps int
	n     int       // numbers used
	now   time.Time // of the step

	merged   []string // members that were merged into others
	members  []string
	mobiles  []string
	cards    []string // gift cards
	charges  []string // numbers; whether they were booked is not known here
	grants   []string
	spends   []string
	bills    []string
	vouchers []voucher
	orders   []order
	quotes   []*reverse.Quote // offered, not submitted
	tokens   []string         // asked for; what they offer is yet to be read
	reverses []int64
	past     []func() reverse.Command // of earlier steps, made anew to be sent again
}

type voucher struct{ member, id string }

// order is a WDK order that was taken.
type order struct {
	shop  string
	out   string
	subs  []int64
	codes []string // of its tenders
}

// A step is what happens under one moment of the clock.
type step struct {
	rules    func(b *ledger.Brand)   // what the brand changes before, nil for nothing
	purge    bool                    // housekeeping before
	commands []reverse.Command       // in order
	learn    []func(r ledger.Result) // for each of them, nil if nothing is learnt
	request  map[ledger.Digest]bool  // keys used: duplicates within a step would wait for each other
	made     []func() reverse.Command
}

// morning is when every history begins: 2026-01-01 08:00:00 GMT+8.
var morning = time.UnixMilli(1767225600000)

func newHistory(seed uint64) *history {
	return &history{rand: rand.New(rand.NewPCG(seed, 7)), now: morning}
}

// brand is where it happens.
func brand() *ledger.Brand {
	return &ledger.Brand{
		ID: "b", Name: "茶",
		Shops: map[string]*ledger.Shop{
			"s1": {ID: "s1", Alias: "out1"}, "s2": {ID: "s2", Alias: "out2", Waterfall: true}, "s3": {ID: "s3", NoAutoAgree: true},
		},
		Templates: map[string]*ledger.Template{
			"one": {ID: "one", Days: 30}, "ten": {ID: "ten", Uses: 10, Days: 2}, "new": {ID: "new", Uses: 3, Days: 30, ReissueOnReturn: true},
		},
	}
}

// rules are what a brand changes, now and then.
var rules = []func(b *ledger.Brand){
	func(b *ledger.Brand) { b.Policy.Deduction = ledger.RealFirst },
	func(b *ledger.Brand) { b.Policy.Deduction = ledger.GiftFirst },
	func(b *ledger.Brand) { b.Policy.Deduction = ledger.Proportional },
	func(b *ledger.Brand) { b.Policy.Gift = ledger.GiftDeduct },
	func(b *ledger.Brand) { b.Policy.Gift = ledger.GiftAbsorb },
	func(b *ledger.Brand) { b.Policy.NoDirectDebit = !b.Policy.NoDirectDebit },
	func(b *ledger.Brand) { b.Policy.ForbidOtherShop = !b.Policy.ForbidOtherShop },
	func(b *ledger.Brand) { b.Policy.ValueDays, b.Policy.PointDays = 1, 2 },
	func(b *ledger.Brand) { b.Policy.ValueDays, b.Policy.PointDays = 3, 1 },
	func(b *ledger.Brand) { b.Policy.ValueDays, b.Policy.PointDays = 0, 0 },
	func(b *ledger.Brand) { b.Policy.Earn = ledger.EarnRule{Points: 1, Fen: 2} },
	func(b *ledger.Brand) {
		b.Policy.EarnBack, b.Policy.GrantBack = ledger.ShortfallDebt, ledger.ShortfallDebt
	},
	func(b *ledger.Brand) {
		b.Policy.EarnBack, b.Policy.GrantBack = ledger.ShortfallRefuse, ledger.ShortfallAbsorb
	},
	func(b *ledger.Brand) { b.Policy.GraceDays, b.Policy.VoucherGrace = 2, 3 },
	func(b *ledger.Brand) { b.Policy.Window = [ledger.Families]int64{ledger.Points: day} },
	func(b *ledger.Brand) { b.Policy.Window = [ledger.Families]int64{} },
	func(b *ledger.Brand) {
		b.Policy.RechargeGift, b.Policy.Recharge = true, []ledger.RechargeRule{{Real: 500, Gift: 50}}
	},
}

const day = int64(24 * 60 * 60 * 1000)

// next draws a step. The first one is how the world is populated, with lots that do not expire; those after it do, until the brand says
// otherwise.
func (h *history) next() *step {
	s := &step{request: map[ledger.Digest]bool{}}
	if h.steps++; h.steps == 1 {
		h.populate(s)
		return s
	}
	h.now = h.now.Add(pick(h, 0, time.Second, time.Second, time.Minute, time.Minute, time.Minute, 10*time.Minute, 31*time.Minute, 25*time.Hour, 80*time.Hour))
	switch {
	case h.steps == 2:
		s.rules = func(b *ledger.Brand) { b.Policy.ValueDays, b.Policy.PointDays = 3, 2 }
	case h.rand.IntN(3) == 0:
		s.rules = pick(h, rules...)
	}
	s.purge = h.rand.IntN(8) == 0
	size := 1 + h.rand.IntN(12)
	switch h.rand.IntN(8) {
	case 0:
		size = 100 + h.rand.IntN(300)
	case 1, 2, 3:
		size = 12 + h.rand.IntN(60)
	}
	for range size {
		h.something(s)
	}
	h.past = append(h.past, s.made...)
	return s
}

func (h *history) populate(s *step) {
	for i := range 8 {
		id, mobile := "m"+strconv.Itoa(i), "13"+strconv.Itoa(i)
		h.members, h.mobiles = append(h.members, id), append(h.mobiles, mobile)
		s.add(func(head ledger.Head) reverse.Command {
			head.Who.Mobile = mobile
			return &ledger.SaveMember{Head: head, ID: id}
		}, h.head("save", ledger.Who{}))
		charges, real := 1, ledger.Amount(5000)
		if i == 0 {
			charges, real = 2*ledger.LotPage, 3 // so many small lots that a page of them is not enough
		}
		for range charges {
			order := h.number("C", &h.charges)
			s.add(func(head ledger.Head) reverse.Command {
				return &ledger.Charge{Head: head, Order: order, Real: real, Gift: 2, Pre: 1}
			}, h.head("charge", ledger.Who{Customer: id}))
		}
		grant := h.number("G", &h.grants)
		s.add(func(head ledger.Head) reverse.Command {
			return &ledger.Grant{Head: head, Order: grant, Amount: 2000}
		}, h.head("grant", ledger.Who{Customer: id}))
	}
	h.past = append(h.past, s.made...)
}

// makers are what may happen, and how often.
var makers = []struct {
	weight int
	make   func(*history, *step)
}{
	{10, (*history).charge},
	{5, (*history).refundCharge},
	{4, (*history).grant},
	{3, (*history).ungrant},
	{5, (*history).bill},
	{4, (*history).unbill},
	{2, (*history).reissue},
	{2, (*history).fetch},
	{4, (*history).payout},
	{8, (*history).freeze},
	{12, (*history).spend},
	{5, (*history).capture},
	{6, (*history).refundAssets},
	{8, (*history).reverseSpend},
	{5, (*history).saveMember},
	{2, (*history).merge},
	{1, (*history).unmerge},
	{4, (*history).issue},
	{2, (*history).giftCard},
	{3, (*history).sweep},
	{5, (*history).takeOrder},
	{6, (*history).quote},
	{8, (*history).submit},
	{4, (*history).decideReverse},
	{3, (*history).inOneGo},
	{8, (*history).again},
}

func (h *history) something(s *step) {
	total := 0
	for _, m := range makers {
		total += m.weight
	}
	n := h.rand.IntN(total)
	for _, m := range makers {
		if n -= m.weight; n < 0 {
			m.make(h, s)
			return
		}
	}
}

// add makes a command, and keeps how it is made.
func (s *step) add(make func(head ledger.Head) reverse.Command, head ledger.Head, learn ...func(r ledger.Result)) {
	if s.request[head.Request] && !head.Request.IsZero() {
		return
	}
	s.request[head.Request] = true
	again := func() reverse.Command { return make(head) }
	s.commands, s.made = append(s.commands, again()), append(s.made, again)
	var l func(ledger.Result)
	if len(learn) > 0 {
		l = learn[0]
	}
	s.learn = append(s.learn, l)
}

func pick[T any](h *history, list ...T) T { return list[h.rand.IntN(len(list))] }

// of picks one of a pool that may be empty.
func of[T any](h *history, list []T, none T) T {
	if len(list) == 0 {
		return none
	}
	return pick(h, list...)
}

func digest(parts ...any) ledger.Digest {
	sum := sha256.Sum256([]byte(fmt.Sprintln(parts...)))
	return ledger.Digest(sum[:16])
}

// number makes a new business number and puts it into its pool. Now and then it is an old one, of whatever pool, or one whose undo may
// have come before.
func (h *history) number(letter string, pool *[]string) string {
	switch n := h.rand.IntN(16); {
	case n == 0 && len(h.charges) > 0:
		return pick(h, slices.Concat(h.charges, h.spends, h.grants)...)
	case n < 3:
		return h.unheard()
	}
	h.n++
	no := letter + strconv.Itoa(h.n)
	*pool = append(*pool, no)
	return no
}

// unheard is a number of few that are undone before anybody has used them.
func (h *history) unheard() string { return "X" + strconv.Itoa(h.rand.IntN(30)) }

// known picks a number to undo or to go on with: mostly a newer one, and sometimes one that nobody has heard of.
func (h *history) known(pool []string) string {
	if len(pool) == 0 || h.rand.IntN(12) == 0 {
		return h.unheard()
	}
	if newer := len(pool) - 20; newer > 0 && h.rand.IntN(3) > 0 {
		pool = pool[newer:]
	}
	return pick(h, pool...)
}

// head begins a request of its own.
func (h *history) head(method string, who ledger.Who) ledger.Head {
	h.n++
	shop := pick(h, "s1", "s1", "s1", "s2", "s3", "")
	head := ledger.Head{
		App: pick(h, "till", "till", "till", "web"), Method: method, RequestID: strconv.Itoa(h.n), Request: digest("request", h.n),
		Signed: h.now.UnixMilli() - pick(h, int64(0), 0, 0, 5000), Shop: shop, Operator: "o", Who: who,
	}
	head.Content = head.Request
	if shop == "" && h.rand.IntN(2) == 0 {
		head.ShopAlias = "out1"
	}
	return head
}

// who names a member: mostly by id, sometimes otherwise, by two names that may contradict, or not at all. One member is hot.
func (h *history) who() ledger.Who {
	id := of(h, h.members, "m0")
	if h.rand.IntN(3) == 0 {
		id = "m0"
	}
	mobile := of(h, h.mobiles, "130")
	switch h.rand.IntN(14) {
	case 0, 1:
		return ledger.Who{Mobile: mobile, Digests: []ledger.Digest{digest("mobile", mobile)}}
	case 2:
		return ledger.Who{Customer: id, Mobile: mobile, Digests: []ledger.Digest{digest("mobile", mobile)}}
	case 3:
		outer := pick(h, outers...)
		return ledger.Who{OuterType: "wechat", Outer: outer, Digests: []ledger.Digest{digest("outer", outer)}}
	case 4:
		return ledger.Who{Card: of(h, h.cards, "no card")}
	case 5:
		return ledger.Who{Customer: id, Card: of(h, h.cards, "no card")}
	case 6:
		return ledger.Who{}
	}
	return ledger.Who{Customer: id}
}

// outers are all the outer ids there are.
var outers = []string{"w0", "w1", "w2", "w3", "w4"}

func (h *history) amount(most int) ledger.Amount { return ledger.Amount(1 + h.rand.IntN(most)) }

// keyed are the keys of a reversal; its number is an old one now and then.
func (h *history) keyed(method, order string, amount ledger.Amount) (number string, k ledger.Keyed) {
	h.n++
	number = "N" + strconv.Itoa(h.n)
	if h.rand.IntN(10) == 0 {
		number = "N" + strconv.Itoa(h.rand.IntN(h.n))
	}
	return number, ledger.Keyed{Refund: digest(method, number), Original: digest("original", order, amount)}
}

func (h *history) charge(s *step) {
	order, real, gift, pre := h.number("C", &h.charges), h.amount(1500), ledger.Amount(0), ledger.Amount(0)
	if h.rand.IntN(3) == 0 {
		gift, pre = h.amount(90), h.amount(40)-1
	}
	if h.rand.IntN(3) > 0 {
		real = h.amount(20) // many small lots
	}
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.Charge{Head: head, Order: order, Real: real, Gift: gift, Pre: pre, ByRule: gift == 0}
	}, h.head("charge", h.who()))
}

func (h *history) refundCharge(s *step) {
	order, amount := h.known(h.charges), pick(h, 0, h.amount(20), h.amount(900))
	number, keyed := h.keyed("uncharge", order, amount)
	who := pick(h, ledger.Who{}, ledger.Who{}, h.who())
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.RefundCharge{Head: head, Order: order, Number: number, Amount: amount, Keyed: keyed}
	}, h.head("uncharge", who))
}

func (h *history) grant(s *step) {
	order, amount := h.number("G", &h.grants), h.amount(500)
	s.add(func(head ledger.Head) reverse.Command { return &ledger.Grant{Head: head, Order: order, Amount: amount} }, h.head("grant", h.who()))
}

func (h *history) ungrant(s *step) {
	order, amount := h.known(h.grants), h.amount(600)
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.UndoGrant{Head: head, Order: order, Amount: amount}
	}, h.head("ungrant", pick(h, ledger.Who{}, h.who())))
}

// bill tells what was paid, of a number that may have paid with assets.
func (h *history) bill(s *step) {
	order, fee := pick(h, h.known(h.spends), h.number("B", &h.bills)), h.amount(900)
	h.bills = append(h.bills, order)
	paid := []ledger.Payment{{Method: "STORED_VALUE", Number: h.known(h.spends), Amount: fee / 2}, {Method: "CASH", Amount: fee - fee/2}}
	if h.rand.IntN(2) == 0 {
		paid = nil
	}
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.Earn{Head: head, Order: order, Fee: fee, Payments: slices.Clone(paid)}
	}, h.head("bill", h.who()))
}

func (h *history) unbill(s *step) {
	order, amount := h.known(h.bills), h.amount(400)
	number, keyed := h.keyed("unbill", order, amount)
	refunds := []ledger.BillRefund{{Number: number, Amount: amount, Keyed: keyed}}
	if h.rand.IntN(6) == 0 {
		refunds = nil
	}
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.Unearn{Head: head, Order: order, Refunds: slices.Clone(refunds)}
	}, h.head("unbill", pick(h, ledger.Who{}, ledger.Who{}, h.who())))
}

func (h *history) reissue(s *step) {
	order, vouchers := h.known(h.spends), h.some()
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.ReissueVouchers{Head: head, Order: order, Vouchers: slices.Clone(vouchers)}
	}, h.head("reissue", ledger.Who{}), func(r ledger.Result) {
		for _, id := range r.IDs {
			h.vouchers = append(h.vouchers, voucher{of(h, h.members, "m0"), id})
		}
	})
}

// fetch has the goods of a reverse picked up, and approves it by what was counted. Nobody knows its order's number: it is refused now and then.
func (h *history) fetch(s *step) {
	id, o := of(h, h.reverses, 1), of(h, h.orders, order{out: "none"})
	counted := reverse.Quantity(h.amount(1100))
	s.add(func(head ledger.Head) reverse.Command {
		return &reverse.CreateFetch{
			Head: head, Store: o.shop, Reverse: id, Out: o.out, Lines: []reverse.FetchLine{{Sub: o.out + "-0", Expected: 1000, Refund: 1000}},
			Fetch: reverse.Fetch{Type: 1, Buyer: &reverse.Buyer{Name: "张三"}},
		}
	}, h.head("fetch", ledger.Who{}))
	s.add(func(head ledger.Head) reverse.Command {
		return &reverse.AgreeReverse{Head: head, Reverse: id, Counted: counted}
	}, h.head("counted", ledger.Who{}))
}

func (h *history) payout(s *step) {
	payout := strconv.FormatInt(of(h, h.reverses, 1), 10) + "-" + strconv.Itoa(1+h.rand.IntN(3))
	to := pick(h, reverse.Paid, reverse.Paid, reverse.PayFailed, reverse.Unknown, reverse.Pending)
	s.add(func(head ledger.Head) reverse.Command {
		return &reverse.SettlePayout{Head: head, Payout: payout, Status: to}
	}, h.head("payout", ledger.Who{}))
}

func (h *history) freeze(s *step) {
	order, family, amount := h.number("S", &h.spends), ledger.Family(h.rand.IntN(2)), h.amount(300)
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.Freeze{Head: head, Order: order, Family: family, Amount: amount}
	}, h.head("freeze", h.who()))
}

// wants is what a spend asks for, of one family or of both.
func (h *history) wants(value, points int) (list []ledger.Want) {
	n := h.rand.IntN(4)
	if n != 3 {
		list = append(list, ledger.Want{Family: ledger.Value, Amount: pick(h, 0, h.amount(value), h.amount(value)), Field: "value"})
	}
	if n >= 2 {
		list = append(list, ledger.Want{Family: ledger.Points, Amount: h.amount(points), Field: "point"})
	}
	return list
}

// some picks vouchers, mostly of one member.
func (h *history) some() (list []string) {
	if len(h.vouchers) == 0 {
		return nil
	}
	v := pick(h, h.vouchers...)
	list = append(list, v.id)
	for range h.rand.IntN(2) {
		list = append(list, pick(h, h.vouchers...).id)
	}
	return list
}

func (h *history) spend(s *step) {
	order, wants := h.number("S", &h.spends), h.wants(400, 200)
	var vouchers []string
	who := h.who()
	if h.rand.IntN(3) == 0 {
		if vouchers = h.some(); vouchers != nil {
			i := slices.IndexFunc(h.vouchers, func(v voucher) bool { return v.id == vouchers[0] })
			who = ledger.Who{Customer: h.vouchers[i].member}
		}
	}
	direct, report, pools := h.rand.IntN(4) == 0, h.rand.IntN(2) == 0, h.rand.IntN(4) == 0
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.Spend{
			Head: head, Order: order, Wants: slices.Clone(wants), Vouchers: slices.Clone(vouchers), Direct: direct, Report: report, Pools: pools,
		}
	}, h.head("spend", who))
}

// capture goes on with a number that was frozen, or spent.
func (h *history) capture(s *step) {
	order, wants := h.known(h.spends), h.wants(250, 250)
	who := pick(h, ledger.Who{}, ledger.Who{}, h.who())
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.Spend{Head: head, Order: order, Wants: slices.Clone(wants)}
	}, h.head("spend", who))
}

func (h *history) refundAssets(s *step) {
	order := h.known(h.spends)
	var vouchers []string
	if h.rand.IntN(4) == 0 {
		vouchers = h.some()
	}
	number, keyed := h.keyed("refund", order, 0)
	who := pick(h, ledger.Who{}, ledger.Who{}, ledger.Who{}, h.who())
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.RefundAssets{Head: head, Order: order, Number: number, Vouchers: slices.Clone(vouchers), Keyed: keyed}
	}, h.head("refund", who))
}

func (h *history) reverseSpend(s *step) {
	order, family, amount := h.known(h.spends), ledger.Family(h.rand.IntN(2)), pick(h, 0, h.amount(100), h.amount(100), h.amount(900))
	number, keyed := h.keyed("reverse", order, amount)
	who := pick(h, ledger.Who{}, ledger.Who{}, ledger.Who{}, h.who())
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.ReverseSpend{Head: head, Order: order, Number: number, Family: family, Amount: amount, Keyed: keyed}
	}, h.head("reverse", who))
}

// saveMember renames a member, freezes one, rebinds a mobile number or an outer id, or creates somebody.
func (h *history) saveMember(s *step) {
	who := h.who()
	who.Card = ""
	var name *string
	var frozen *bool
	switch h.rand.IntN(5) {
	case 0:
		name = new(string)
		*name = "名" + strconv.Itoa(h.rand.IntN(9))
	case 1:
		frozen = new(bool)
		*frozen = h.rand.IntN(4) == 0
	case 2:
		who.Mobile = "13" + strconv.Itoa(h.rand.IntN(12))
		h.mobiles = append(h.mobiles, who.Mobile)
	case 3:
		who.OuterType, who.Outer = "wechat", pick(h, outers...)
	case 4:
		if h.rand.IntN(3) == 0 {
			who = ledger.Who{Mobile: "15" + strconv.Itoa(h.rand.IntN(20))}
			h.mobiles = append(h.mobiles, who.Mobile)
		}
	}
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.SaveMember{Head: head, Name: name, Frozen: frozen}
	}, h.head("save", who), func(r ledger.Result) {
		if r.Code == ledger.OK && !slices.Contains(h.members, r.IDs[0]) {
			h.members = append(h.members, r.IDs[0])
		}
	})
}

func (h *history) merge(s *step) {
	from := of(h, h.members, "m0")
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.MergeMembers{Head: head, From: from}
	}, h.head("merge", ledger.Who{Customer: of(h, h.members, "m1")}), func(r ledger.Result) {
		if r.Code == ledger.OK && !r.Replayed {
			h.merged = append(h.merged, from)
		}
	})
}

func (h *history) unmerge(s *step) {
	from := of(h, h.merged, "m0")
	s.add(func(head ledger.Head) reverse.Command { return &ledger.UnmergeMembers{Head: head, From: from} }, h.head("unmerge", ledger.Who{}))
}

func (h *history) issue(s *step) {
	template, num, member := pick(h, "one", "ten", "new", "none"), int64(1+h.rand.IntN(3)), of(h, h.members, "m0")
	var codes []string
	if h.rand.IntN(3) == 0 {
		codes = []string{"V" + strconv.Itoa(h.rand.IntN(60))}
		h.vouchers = append(h.vouchers, voucher{member, codes[0]})
	}
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.IssueVouchers{Head: head, Template: template, Num: num, Codes: slices.Clone(codes)}
	}, h.head("issue", ledger.Who{Customer: member}), func(r ledger.Result) {
		for _, id := range r.IDs {
			h.vouchers = append(h.vouchers, voucher{member, id})
		}
	})
}

func (h *history) giftCard(s *step) {
	card, value, member := "G"+strconv.Itoa(h.rand.IntN(40)), h.amount(900), pick(h, "", "", of(h, h.members, ""))
	h.cards = append(h.cards, card)
	var sold int64
	if o := of(h, h.orders, order{}); len(o.subs) > 0 {
		sold = pick(h, o.subs...)
	}
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.ImportCard{Head: head, Card: card, Value: value, SoldIn: sold, Member: member}
	}, h.head("import", ledger.Who{}))
}

// sweep is housekeeping: nobody's request.
func (h *history) sweep(s *step) {
	member := of(h, h.members, "m0")
	s.add(func(ledger.Head) reverse.Command {
		return &ledger.Sweep{Head: ledger.Head{Method: "sweep", Who: ledger.Who{Customer: member}}}
	}, ledger.Head{})
}

// takeOrder takes an order that was paid in cash, and maybe in assets that somebody spent for it, or did not.
func (h *history) takeOrder(s *step) {
	h.n++
	out := "W" + strconv.Itoa(h.n)
	if h.rand.IntN(12) == 0 {
		out = "W" + strconv.Itoa(h.rand.IntN(h.n))
	}
	shop := pick(h, "s1", "s2", "s3")
	c := reverse.TakeOrder{Store: shop, Out: out, PostFee: pick(h, 0, h.amount(90)), Gone: h.rand.IntN(2) == 0}
	c.PayFee = c.PostFee
	for i := range 1 + h.rand.IntN(3) {
		fee := h.amount(500)
		c.Subs = append(c.Subs, reverse.Sub{Out: out + "-" + strconv.Itoa(i), Title: "果", Fee: fee})
		c.PayFee += fee
	}
	rest := c.PayFee
	part := func() ledger.Amount {
		n := min(rest, h.amount(120))
		rest -= n
		return n
	}
	if h.rand.IntN(2) == 0 {
		c.Tenders = append(c.Tenders, reverse.Tender{Code: reverse.StoredValue, Amount: part(), Order: h.known(h.spends)})
	}
	if h.rand.IntN(3) == 0 {
		c.Tenders = append(c.Tenders, reverse.Tender{Code: reverse.PointTender, Amount: part(), Points: h.amount(40), Order: h.known(h.spends)})
	}
	if h.rand.IntN(6) == 0 {
		c.Tenders = append(c.Tenders, reverse.Tender{Code: reverse.GiftCard, Amount: part(), Card: of(h, h.cards, "no card"), Order: h.known(h.spends)})
	}
	if h.rand.IntN(20) > 0 {
		c.Tenders = append(c.Tenders, reverse.Tender{Code: pick(h, "10001", "10003"), Amount: rest})
	}
	content := digest("content", out, len(c.Subs), c.PayFee)
	s.add(func(head ledger.Head) reverse.Command {
		t := c
		t.Head, t.Content = head, content
		t.Subs, t.Tenders = slices.Clone(c.Subs), slices.Clone(c.Tenders)
		return &t
	}, h.head("order", ledger.Who{}), func(r ledger.Result) {
		if r.Code == ledger.OK {
			o := order{shop: shop, out: out, subs: r.Numbers[1:]}
			for _, t := range c.Tenders {
				o.codes = append(o.codes, t.Code)
			}
			h.orders = append(h.orders, o)
		}
	})
}

func (h *history) quote(s *step) {
	o := of(h, h.orders, order{shop: "s1", subs: []int64{1}})
	subs := []int64{pick(h, o.subs...)}
	if h.rand.IntN(4) == 0 {
		subs = slices.Clone(o.subs)
	}
	var cards []string
	if h.rand.IntN(8) == 0 {
		cards = []string{of(h, h.cards, "no card")}
	}
	h.n++
	token := "t" + strconv.Itoa(h.n)
	s.add(func(head ledger.Head) reverse.Command {
		return &reverse.MakeQuote{Head: head, Store: o.shop, Subs: slices.Clone(subs), GiftCards: slices.Clone(cards), OperatorType: 6, Token: token}
	}, h.head("quote", ledger.Who{}), func(r ledger.Result) {
		if r.Code == ledger.OK {
			h.tokens = append(h.tokens, token)
		}
	})
}

// submit commits a quote, as offered or a part of it.
func (h *history) submit(s *step) {
	if len(h.quotes) == 0 {
		return
	}
	i := h.rand.IntN(len(h.quotes))
	q := h.quotes[i]
	if h.rand.IntN(4) > 0 {
		h.quotes = slices.Delete(h.quotes, i, i+1)
	}
	amount := q.Max
	if q.Modifiable() && amount > 1 && h.rand.IntN(2) == 0 {
		amount = h.amount(int(amount))
	}
	amount += pick(h, 0, 0, 0, 0, 0, 0, 0, ledger.Amount(1)) // over the cap, now and then
	channels := h.channels(q, amount)
	operator := pick(h, int64(6), 6, 6, 1)
	head := h.head("submit", ledger.Who{})
	head.App, head.RequestID, head.Mismatch = q.App, q.Token, ledger.RequestIDConflict
	head.Request, head.Content = digest("submit", q.App, q.Token), digest("content", amount)
	s.add(func(head ledger.Head) reverse.Command {
		return &reverse.Submit{
			Head: head, Store: q.Store, Subs: slices.Clone(q.Subs), GiftCards: slices.Clone(q.GiftCards), Amount: amount,
			Channels: slices.Clone(channels), ReasonID: 1001, ReasonText: "不喜欢", OperatorType: operator,
		}
	}, head, func(r ledger.Result) { h.reverses = append(h.reverses, r.Numbers...) })
}

// channels spreads an amount over the tenders of a quote's order, each as far as it goes; the last one may stay unsaid, for a waterfall
// store to fill.
func (h *history) channels(q *reverse.Quote, amount ledger.Amount) (list []reverse.Given) {
	i := slices.IndexFunc(h.orders, func(o order) bool { return slices.Contains(o.subs, q.Subs[0]) })
	for t, code := range h.orders[i].codes {
		offer := ledger.Amount(0)
		for _, row := range q.Cells {
			offer += row[t]
		}
		n := min(amount, offer)
		amount -= n
		list = append(list, reverse.Given{Code: code, Amount: n})
	}
	if h.rand.IntN(3) == 0 {
		list = list[:len(list)-1]
	}
	return list
}

// inOneGo pays, takes an order, quotes and submits within one step, without having seen an answer: the numbers are the caller's own.
func (h *history) inOneGo(s *step) {
	member := of(h, h.members, "m0")
	paid, out, points := h.number("S", &h.spends), h.number("W", new([]string)), h.amount(30)
	no, fee, value := int64(1_000_000+h.n), 200+h.amount(200), 1+h.amount(150)
	s.add(func(head ledger.Head) reverse.Command {
		return &ledger.Spend{Head: head, Order: paid, Report: true, Wants: []ledger.Want{
			{Family: ledger.Value, Amount: value, Field: "value"}, {Family: ledger.Points, Amount: points, Field: "point"},
		}}
	}, h.head("spend", ledger.Who{Customer: member}))
	s.add(func(head ledger.Head) reverse.Command {
		head.Content = digest("content", out)
		return &reverse.TakeOrder{
			Head: head, Store: "s2", Out: out, PayFee: fee, Subs: []reverse.Sub{{No: no, Out: out + "-1", Title: "茶", Fee: fee}},
			Tenders: []reverse.Tender{
				{Code: reverse.StoredValue, Amount: value, Order: paid},
				{Code: reverse.PointTender, Amount: 20, Points: points, Order: paid},
				{Code: "10001", Amount: fee - value - 20},
			},
		}
	}, h.head("order", ledger.Who{}), func(r ledger.Result) {
		if r.Code == ledger.OK {
			h.orders = append(h.orders, order{"s2", out, r.Numbers[1:], []string{reverse.StoredValue, reverse.PointTender, "10001"}})
		}
	})
	var cards []string // sold with it, and refunded with it
	if h.rand.IntN(2) == 0 {
		card := "S" + out
		h.cards, cards = append(h.cards, card), []string{card}
		s.add(func(head ledger.Head) reverse.Command {
			return &ledger.ImportCard{Head: head, Card: card, Value: 100, SoldIn: no}
		}, h.head("import", ledger.Who{}))
	}
	for range 1 + h.rand.IntN(2) {
		h.n++
		token, amount := "t"+strconv.Itoa(h.n), h.amount(int(fee))
		quote := h.head("quote", ledger.Who{})
		s.add(func(head ledger.Head) reverse.Command {
			return &reverse.MakeQuote{Head: head, Store: "s2", OutSubs: []string{out + "-1"}, GiftCards: cards, OperatorType: 6, Token: token}
		}, quote)
		submit := h.head("submit", ledger.Who{})
		submit.App, submit.RequestID, submit.Mismatch = quote.App, token, ledger.RequestIDConflict
		s.add(func(head ledger.Head) reverse.Command {
			return &reverse.Submit{
				Head: head, Store: "s2", Subs: []int64{no}, GiftCards: cards, Amount: amount, ReasonID: 1001, ReasonText: "不喜欢", OperatorType: 6,
			}
		}, submit, func(r ledger.Result) { h.reverses = append(h.reverses, r.Numbers...) })
	}
}

func (h *history) decideReverse(s *step) {
	id := of(h, h.reverses, 1)
	n := h.rand.IntN(4)
	s.add(func(head ledger.Head) reverse.Command {
		switch n {
		case 0:
			return &reverse.RefuseReverse{Head: head, Reverse: id}
		case 1:
			return &reverse.CancelReverse{Head: head, Reverse: id}
		}
		return &reverse.AgreeReverse{Head: head, Reverse: id}
	}, h.head("decide", ledger.Who{}))
}

// again sends an old request, now and then with other content, or signed anew.
func (h *history) again(s *step) {
	if len(h.past) == 0 {
		return
	}
	old := pick(h, h.past...)
	n := h.rand.IntN(4)
	head := *old().Common()
	if head.Request.IsZero() {
		return
	}
	switch n {
	case 0:
		head.Content = digest("another content", h.n)
	case 1:
		head.Signed = h.now.UnixMilli()
	}
	s.add(func(head ledger.Head) reverse.Command {
		c := old()
		*c.Common() = head
		return c
	}, head)
}
