package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The scripts in testdata say what the core promises, one line a command with what it answers, and the books in between. The words:
//
//	== title                            begins a new world: shops s1 and s2 of one brand
//	charge order=C1 member=m1 value=9   a command (see commands below); "-> CODE figure=n" is its answer, "-> OK" if left out
//	+31m                                time goes on (s, m, h, d)
//	balance m1 real=600 gift=0          the member's card and points; a kind not named is 0, so is held
//	balance card=G1 real=5              the same of a gift card
//	lot m1#1 real=600 held=5 +30d       one lot; a point lot is m1.p#1; the deadline is counted from now
//	voucher V1 NORMAL left=1 +3d        one voucher
//	ops SPEND EXPIRE                    the operations that the last command booked
//	history C1 charge uncharge          the operations of a business number
//	left C1 charge:70/100 spend:5/5     what can still be undone of a business number's originals, and what each came to
//	book loss=-30                       the sum of a counter account
//	policy gift=deduct grace=3          the brand's rules from now on
//	template T uses=3 days=30           a voucher template
//	{ and }                             the commands between are one batch
//	charges, refunds, undos             many commands alike
//
// In an answer, a figure that is not named is not compared; value:no and point:yes are the flags, V1:OK or V1:CODE the vouchers;
// "replayed" must stand there if and only if the first answer came again.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, way := range []string{"whole", "paged", "pinned"} {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				runScript(t, file, string(text), way)
			})
		}
	}
}

// script is a world that is told what to do line by line.
type script struct {
	*world
	file  string
	line  int
	names map[string]string // ids behind the names that a script gives
	seq   int
	last  int // operations before the last command
	batch []Command
	wants []string // what each command of an open batch must answer
	open  bool
}

func newScript(t failer, file string, line int, paged bool) *script {
	s := &script{world: newWorld(t), file: file, line: line, names: map[string]string{}}
	s.paged = paged
	return s
}

// runScript runs the cases of a file. The ways to load are: everything, what a store loads, the same where pages hold pinned lots.
func runScript(t *testing.T, file, text, way string) {
	t.Helper()
	var lines []string
	title, start := "", 0
	flush := func() {
		if title == "" {
			return
		}
		body, first := lines, start
		t.Run(title, func(t *testing.T) {
			s := newScript(t, file, first, way != "whole")
			s.pins = way == "pinned"
			for _, l := range body {
				s.line++
				s.run(strings.TrimSpace(l))
			}
		})
	}
	for i, l := range strings.Split(text, "\n") {
		if rest, ok := strings.CutPrefix(l, "== "); ok {
			flush()
			title, start, lines = strings.TrimSpace(rest), i+1, nil
			continue
		}
		lines = append(lines, l)
	}
	flush()
}

func (s *script) failf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...))
}

// args are the words of one line.
type args struct {
	s    *script
	verb string
	pos  []string
	kv   map[string]string
	used map[string]bool
}

func (s *script) parse(line string) *args {
	a := &args{s: s, kv: map[string]string{}, used: map[string]bool{}}
	words := strings.Fields(line)
	a.verb = words[0]
	for _, w := range words[1:] {
		if k, v, ok := strings.Cut(w, "="); ok {
			a.kv[k] = v
		} else {
			a.pos = append(a.pos, w)
		}
	}
	return a
}

func (a *args) has(k string) bool { _, ok := a.kv[k]; return ok }

func (a *args) text(k string) string { a.used[k] = true; return a.kv[k] }

func (a *args) or(k, other string) string {
	if a.has(k) {
		return a.text(k)
	}
	return other
}

func (a *args) num(k string) Amount { return Amount(a.int(k)) }

func (a *args) int(k string) int64 {
	v := a.text(k)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		a.s.failf("%s: %v", k, err)
	}
	return n
}

func (a *args) span(k string) int64 {
	if v := a.text(k); v != "" {
		return a.s.span(v)
	}
	return 0
}

// done fails for words that nothing looked at: a script must not promise what is not checked.
func (a *args) done() {
	for k := range a.kv {
		if !a.used[k] {
			a.s.failf("%s does not know %s", a.verb, k)
		}
	}
}

// span reads +31m, -5s, 30d.
func (s *script) span(v string) int64 {
	units := map[byte]int64{'s': second, 'm': 60 * second, 'h': 3600 * second, 'd': day}
	unit := units[v[len(v)-1]]
	n, err := strconv.ParseInt(strings.TrimPrefix(v[:len(v)-1], "+"), 10, 64)
	if unit == 0 || err != nil {
		s.failf("no span of time: %q", v)
	}
	return n * unit
}

// id is the id behind a name of the script.
func (s *script) id(name string) string {
	if id, ok := s.names[name]; ok {
		return id
	}
	return name
}

func (s *script) run(line string) {
	s.t.Helper()
	if i := strings.Index(line, "#"); i == 0 || i > 0 && line[i-1] == ' ' {
		line = strings.TrimSpace(line[:i])
	}
	if line == "" {
		return
	}
	if strings.HasPrefix(line, "+") {
		s.now += s.span(line)
		return
	}
	line, want, _ := strings.Cut(line, "->")
	a := s.parse(line)
	switch a.verb {
	case "{":
		s.open = true
		return
	case "}":
		s.close()
		return
	case "policy":
		s.rules(a)
	case "template":
		s.newTemplate(a)
	case "balance":
		s.balance(a)
	case "lot":
		s.oneLot(a)
	case "voucher":
		s.oneVoucher(a)
	case "ops":
		s.kinds(a, s.ops[s.last:])
	case "history":
		no := a.pos[0]
		a.pos = a.pos[1:]
		s.kinds(a, s.orders[no])
	case "left":
		s.left(a)
	case "book":
		s.book(a)
	case "owed":
		if got := s.accounts[s.id(a.pos[0])+"-p"].Owed; got != a.num("point") {
			s.failf("%d points are owed", got)
		}
	case "level":
		b := *s.brand
		b.Version++
		b.Levels = append(slices.Clone(b.Levels), Level{ID: a.pos[0], Rate: a.int("rate")})
		s.brand = &b
	case "tombs":
		n := 0
		for _, t := range s.tombs {
			if t.Until > s.now && t.App == a.or("app", "till") {
				n++
			}
		}
		if int64(n) != a.int("live") {
			s.failf("%d live tombstones", n)
		}
	case "refunds": // n=1000 of one fen each
		s.many(int(a.int("n")), "refund order="+a.text("order")+" number=k%d value=1")
	case "charges": // n of one fen each, or so many
		s.many(int(a.int("n")), "charge order=k%d value="+a.or("value", "1")+" member="+a.text("member"))
	case "undos": // n reversals of orders that nobody knows
		s.many(int(a.int("n")), "reverse order=u%d number=k%[1]d -> ORIGINAL_NOT_FOUND")
	default:
		c := s.command(a)
		as := a.text("as")
		a.done()
		if s.open {
			s.batch, s.wants = append(s.batch, c), append(s.wants, want)
			return
		}
		s.last = len(s.ops)
		r := s.world.once(c)
		booked := s.ops[s.last:]
		if as != "" {
			s.name(as, r)
		}
		s.expect(want, r)
		s.again(c, r)
		s.last = len(s.ops) - len(booked)
		return
	}
	a.done()
}

// many runs a line many times, its number in it, in batches.
func (s *script) many(n int, line string) {
	for i := range n {
		if i%250 == 0 {
			s.run("{")
		}
		s.run(fmt.Sprintf(line, i))
		if i%250 == 249 || i == n-1 {
			s.run("}")
		}
	}
}

// name gives what a command made the names that a script asked for.
func (s *script) name(as string, r Result) {
	names := strings.Split(as, ",")
	if len(names) != len(r.IDs) {
		s.failf("%d names for %v, answered %v", len(names), r.IDs, r.Code)
	}
	for i, n := range names {
		s.names[n] = r.IDs[i]
	}
}

// close runs a batch.
func (s *script) close() {
	s.t.Helper()
	s.open = false
	s.last = len(s.ops)
	for i, r := range s.world.batch(s.batch...) {
		s.expect(s.wants[i], r)
	}
	s.batch, s.wants = nil, nil
}

// expect compares an answer.
func (s *script) expect(want string, r Result) {
	s.t.Helper()
	words := strings.Fields(want)
	if len(words) == 0 {
		words = []string{"OK"}
	}
	code := r.Code.Word()
	if code == "0" {
		code = "OK"
	}
	if code != words[0] {
		s.failf("answered %s %v (%s)", code, r.Figs, r.Desc())
	}
	replayed := false
	for _, w := range words[1:] {
		if w == "replayed" {
			replayed = true
			continue
		}
		if k, v, ok := strings.Cut(w, ":"); ok && !strings.Contains(w, "=") {
			s.flag(k, v, r)
			continue
		}
		k, v, _ := strings.Cut(w, "=")
		i := slices.IndexFunc(r.Figs, func(f Fig) bool { return f.Name == k })
		if k == "view" || k == "desc" {
			if got := map[string]string{"view": r.View(), "desc": r.Desc()}[k]; got != v {
				s.failf("%s is %q", k, got)
			}
			continue
		}
		if i < 0 {
			s.failf("no figure %s in %v", k, r.Figs)
		}
		got := r.Figs[i].Text
		if r.Figs[i].Unit != Text {
			got = strconv.FormatInt(int64(r.Figs[i].N), 10)
		}
		if got != s.id(v) && strings.ReplaceAll(got, " ", "_") != v {
			s.failf("%s is %s", k, got)
		}
	}
	if replayed != r.Replayed {
		s.failf("replayed is %v", r.Replayed)
	}
	if strings.Contains(r.Desc()+r.View()+r.English(), "{") {
		s.failf("a figure is missing: %s | %s | %s", r.Desc(), r.View(), r.English())
	}
}

func (s *script) flag(k, v string, r Result) {
	s.t.Helper()
	yes := map[bool]string{true: "yes", false: "no"}
	switch k {
	case "value":
		if yes[r.ValueOK] != v {
			s.failf("value flag is %s", yes[r.ValueOK])
		}
		return
	case "point":
		if yes[r.PointOK] != v {
			s.failf("point flag is %s", yes[r.PointOK])
		}
		return
	}
	for _, o := range r.Vouchers {
		if o.ID != s.id(k) {
			continue
		}
		got := o.Code.Word()
		if o.OK {
			got = "OK"
		}
		if got != v {
			s.failf("voucher %s came out %s", k, got)
		}
		return
	}
	s.failf("nothing is said of voucher %s", k)
}

// head makes what every command carries. A request that is not named is a new one; its content is all the words but the request's own.
func (s *script) head(a *args, method string) Head {
	s.seq++
	content := a.or("content", "")
	if content == "" {
		var words []string
		for k, v := range a.kv {
			switch k {
			case "request", "as", "signed", "operator", "reason":
			default:
				words = append(words, k+"="+v)
			}
		}
		slices.Sort(words)
		content = strings.Join(words, " ")
	}
	h := Head{
		App: a.or("app", "till"), Method: method, RequestID: a.or("request", fmt.Sprint("r", s.seq)), Content: digest(content),
		Signed: s.now + a.span("signed"), Shop: a.or("shop", "s1"), ShopAlias: a.text("out_shop"),
		Operator: a.text("operator"), Reason: a.text("reason"),
		Who: Who{Customer: s.id(a.text("member")), Mobile: a.text("mobile"), Card: a.text("card")},
	}
	if h.Shop == "none" {
		h.Shop = ""
	}
	h.Request = digest(h.App, s.brand.ID, method, h.RequestID)
	for _, outer := range []string{"wechat", "alipay"} {
		if a.has(outer) {
			h.Who.OuterType, h.Who.Outer = outer, a.text(outer)
		}
	}
	if h.Who.Mobile != "" {
		h.Who.Digests = append(h.Who.Digests, digest("mobile", h.Who.Mobile))
	}
	if h.Who.Outer != "" {
		h.Who.Digests = append(h.Who.Digests, digest(h.Who.OuterType, h.Who.Outer))
	}
	return h
}

func (s *script) keyed(a *args, method string, amount Amount, vouchers []string) Keyed {
	list := slices.Clone(vouchers)
	slices.Sort(list)
	return Keyed{Refund: digest(method, a.kv["number"]), Original: digest(a.kv["order"], fmt.Sprint(amount), strings.Join(list, ","))}
}

// vouchers is a list of voucher names; nil if the word is absent.
func (s *script) vouchersOf(a *args) []string {
	if !a.has("vouchers") {
		return nil
	}
	list := []string{}
	for v := range strings.SplitSeq(a.text("vouchers"), ",") {
		if v != "" {
			list = append(list, s.id(v))
		}
	}
	return list
}

// command makes the command of a line.
func (s *script) command(a *args) Command {
	h := s.head(a, a.verb)
	order := a.text("order")
	want := func(f Family, k string) []Want {
		if f == Value || a.has(k) {
			return []Want{{Family: f, Amount: a.num(k), Field: k}}
		}
		return []Want{{Family: f, Field: k}}
	}
	family := Value
	if a.has("point") {
		family = Points
	}
	amount := func() Amount { return a.num(map[Family]string{Value: "value", Points: "point"}[family]) }
	switch a.verb {
	case "save", "update":
		c := &SaveMember{Head: h, ID: a.text("id")}
		for k, to := range map[string]**string{"name": &c.Name, "birthday": &c.Birthday, "level": &c.Level} {
			if a.has(k) {
				v := a.text(k)
				*to = &v
			}
		}
		if a.has("frozen") {
			c.Frozen = new(a.text("frozen") == "yes")
		}
		return c
	case "merge": // into member=
		return &MergeMembers{Head: h, From: s.id(a.text("from"))}
	case "unmerge":
		return &UnmergeMembers{Head: h, From: s.id(a.text("from"))}
	case "card": // import of a gift card
		c := &ImportCard{Head: h, Card: a.pos[0], Value: a.num("value"), SoldIn: a.int("sold"), Member: s.id(a.text("owner"))}
		return c
	case "charge": // recharge.operate 1
		return &Charge{Head: h, Order: order, Real: a.num("value"), ByRule: true}
	case "recharge": // recharge.charge.update
		return &Charge{Head: h, Order: order, Real: a.num("real"), Gift: a.num("gift"), Pre: a.num("pre"), ByRule: a.text("trigger") == "yes"}
	case "refund": // recharge.operate 4, uncharge.update
		n := a.num("value")
		return &RefundCharge{Head: h, Order: order, Number: a.text("number"), Amount: n, Keyed: s.keyed(a, a.verb, n, nil)}
	case "freeze": // recharge.operate 2, point.operate 2
		return &Freeze{Head: h, Order: order, Family: family, Amount: amount()}
	case "verify": // recharge.operate 3
		return &Spend{Head: h, Order: order, Wants: want(Value, "value")}
	case "pverify": // point.operate 3
		return &Spend{Head: h, Order: order, Wants: want(Points, "point"), Pools: true}
	case "consume", "decrease": // consumepoint, point.operate 4
		return &Spend{Head: h, Order: order, Wants: want(Points, "point"), Direct: true, Pools: true}
	case "dedut": // recharge.dedut.update
		return &Spend{Head: h, Order: order, Wants: want(Value, "value"), Direct: true}
	case "assert": // assert.verify
		c := &Spend{Head: h, Order: order, Vouchers: s.vouchersOf(a), Report: true}
		if a.has("value") {
			c.Wants = want(Value, "value")
		}
		if a.has("point") {
			c.Wants = append(c.Wants, want(Points, "point")...)
		}
		return c
	case "return": // assert.refund
		v := s.vouchersOf(a)
		return &RefundAssets{Head: h, Order: order, Number: a.text("number"), Vouchers: v, Keyed: s.keyed(a, a.verb, 0, v)}
	case "use": // voucher.status.change NORMAL_ISUSED
		c := &Spend{Head: h, Order: order, Vouchers: s.vouchersOf(a)}
		if a.has("uses") {
			for n := range strings.SplitSeq(a.text("uses"), ",") {
				i, _ := strconv.ParseInt(n, 10, 64)
				c.Uses = append(c.Uses, Amount(i))
			}
		}
		return c
	case "reissue": // voucher.status.change ISUSED_NORMAL
		return &ReissueVouchers{Head: h, Order: order, Vouchers: s.vouchersOf(a)}
	case "reverse", "undedut": // reversepoint, undedut.update
		f, k := Points, "point"
		if a.verb == "undedut" {
			f, k = Value, "value"
		}
		n := a.num(k)
		return &ReverseSpend{Head: h, Order: order, Number: a.text("number"), Family: f, Amount: n, Keyed: s.keyed(a, a.verb, n, nil)}
	case "grant": // extracharge, point.operate 1
		return &Grant{Head: h, Order: order, Amount: a.num("point")}
	case "ungrant": // extra.consume
		return &UndoGrant{Head: h, Order: order, Amount: a.num("point")}
	case "bill": // order.backflow PAID, SUCCESS
		c := &Earn{Head: h, Order: order, Fee: a.num("fee")}
		for _, p := range s.triples(a, "pay") {
			c.Payments = append(c.Payments, Payment{p.name, p.other, p.amount})
		}
		for _, g := range s.triples(a, "goods") {
			c.Goods = append(c.Goods, Good{[]string{g.name}, g.amount})
		}
		return c
	case "unbill": // order.backflow REFUND, CLOSE
		c := &Unearn{Head: h, Order: order}
		for _, f := range s.triples(a, "refunds") {
			c.Refunds = append(c.Refunds, BillRefund{f.name, f.amount, Keyed{digest("unbill", f.name), digest(order, fmt.Sprint(f.amount))}})
		}
		return c
	case "open": // import of a balance
		c := &OpenBalance{Head: h, Real: a.num("real"), Gift: a.num("gift"), Pre: a.num("pre"), Points: a.num("point")}
		if a.has("until") {
			c.Expires = s.now + a.span("until")
		}
		return c
	case "send": // voucher.send
		var codes []string
		if a.has("codes") {
			codes = strings.Split(a.text("codes"), ",")
		}
		return &IssueVouchers{Head: h, Template: a.text("template"), Num: max(1, a.int("num")), Codes: codes}
	case "sweep":
		h.Request = Digest{}
		return &Sweep{Head: h}
	case "giveback", "cancel": // what a WDK reverse does
		h.Request = Digest{}
		return &wdk{Head: h, order: order, card: a.text("card"), amount: amount(), family: family, shop: h.Shop, number: a.text("number")}
	}
	s.failf("no command %q", a.verb)
	return nil
}

// A triple is a word like CASH:60, or STORED_VALUE:40:S1.
type triple struct {
	name, other string
	amount      Amount
}

func (s *script) triples(a *args, k string) (list []triple) {
	if !a.has(k) {
		return nil
	}
	for part := range strings.SplitSeq(a.text(k), ",") {
		words := append(strings.Split(part, ":"), "")
		n, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil {
			s.failf("%s: %v", part, err)
		}
		list = append(list, triple{words[0], words[2], Amount(n)})
	}
	return list
}

// rules publishes new rules.
func (s *script) rules(a *args) {
	s.policy(func(p *Policy) {
		for k, v := range a.kv {
			a.used[k] = true
			on := v == "yes"
			switch k {
			case "gift":
				p.Gift = map[string]GiftPolicy{"refuse": GiftRefuse, "deduct": GiftDeduct, "absorb": GiftAbsorb}[v]
			case "order":
				p.Deduction = map[string]DeductionOrder{"real": RealFirst, "gift": GiftFirst, "proportional": Proportional}[v]
			case "direct":
				p.NoDirectDebit = !on
			case "ttl":
				p.HoldTTL = s.span(v)
			case "rule":
				p.RechargeGift, p.Recharge = true, nil
				for r := range strings.SplitSeq(v, ",") {
					var rule RechargeRule
					if _, err := fmt.Sscanf(r, "%d:%d", &rule.Real, &rule.Gift); err != nil {
						s.failf("%s: %v", r, err)
					}
					p.Recharge = append(p.Recharge, rule)
				}
			case "bygift":
				p.RechargeGift = on
			case "othershop":
				p.ForbidOtherShop = !on
			case "window":
				p.Window[Value] = s.span(v)
			case "pointwindow":
				p.Window[Points] = s.span(v)
			case "voucherwindow":
				p.Window[Coupons] = s.span(v)
			case "grace":
				p.GraceDays = s.span(v) / day
			case "vouchergrace":
				p.VoucherGrace = s.span(v) / day
			case "earn":
				if _, err := fmt.Sscanf(v, "%d:%d", &p.Earn.Points, &p.Earn.Fen); err != nil {
					s.failf("%s: %v", v, err)
				}
			case "pay":
				p.Earn.Pay = strings.Split(v, ",")
			case "without":
				p.Earn.Without = strings.Split(v, ",")
			case "assets":
				p.Earn.Assets = on
			case "earnback", "grantback":
				short := map[string]Shortfall{"default": ShortfallDefault, "refuse": ShortfallRefuse, "debt": ShortfallDebt, "absorb": ShortfallAbsorb}[v]
				if k == "earnback" {
					p.EarnBack = short
				} else {
					p.GrantBack = short
				}
			case "clear":
				n, err := strconv.ParseInt(v, 10, 64)
				if err != nil {
					s.failf("%s: %v", v, err)
				}
				p.PointClear = n
			case "valuedays":
				p.ValueDays = s.span(v) / day
			case "pointdays":
				p.PointDays = s.span(v) / day
			default:
				s.failf("no rule %q", k)
			}
		}
	})
}

func (s *script) newTemplate(a *args) {
	t := &Template{
		ID: a.pos[0], Uses: a.num("uses"), Days: a.span("days") / day, ReissueOnReturn: a.text("reissue") == "yes",
		Stopped: a.text("stopped") == "yes",
	}
	if a.has("start") {
		t.Start = s.now + a.span("start")
	}
	if a.has("end") {
		t.End = s.now + a.span("end")
	}
	if a.has("shops") {
		t.Shops = strings.Split(a.text("shops"), ",")
	}
	s.template(t)
}

// left compares what is left of a number's originals.
func (s *script) left(a *args) {
	state := NewState(s.brand)
	state.Orders[a.pos[0]] = s.orders[a.pos[0]]
	var got []string
	for _, l := range state.Left(a.pos[0]) {
		got = append(got, fmt.Sprintf("%s:%d/%d", l.Kind, l.Left, l.Was))
	}
	if !slices.Equal(got, a.pos[1:]) {
		s.failf("left %s %s", a.pos[0], strings.Join(got, " "))
	}
}

// balance compares an account, every kind of it.
func (s *script) balance(a *args) {
	s.t.Helper()
	var got [4]Amount
	var held, pheld Amount
	if a.has("card") {
		card := a.text("card")
		for _, x := range s.accounts {
			if x.Card == card {
				got, held = x.Balance, Sum(x.Held, Value)
			}
		}
	} else {
		for _, id := range s.purses[s.id(a.pos[0])] {
			switch x := s.accounts[id]; x.Type {
			case MemberCard:
				got[Real], got[Gift], got[Pre], held = x.Balance[Real], x.Balance[Gift], x.Balance[Pre], Sum(x.Held, Value)
			case PointPurse:
				got[Point], pheld = x.Balance[Point], x.Held[Point]
			case OtherCard, GiftCard:
			}
		}
	}
	want := [4]Amount{a.num("real"), a.num("gift"), a.num("pre"), a.num("point")}
	wantHeld, wantPheld := a.num("held"), a.num("pheld")
	if got != want || held != wantHeld || pheld != wantPheld {
		s.failf("balance real=%d gift=%d pre=%d point=%d held=%d pheld=%d", got[Real], got[Gift], got[Pre], got[Point], held, pheld)
	}
}

// oneLot compares a lot.
func (s *script) oneLot(a *args) {
	s.t.Helper()
	owner, no, _ := strings.Cut(a.pos[0], "#")
	account := s.id(owner) + "-1"
	if m, ok := strings.CutSuffix(owner, ".p"); ok {
		account = s.id(m) + "-p"
	}
	n, _ := strconv.ParseInt(no, 10, 64)
	l := s.lots[LotID{account, n}]
	if l == nil {
		s.failf("there is no such lot")
	}
	want := Lot{LotID: l.LotID, Member: l.Member, Origin: l.Origin, Granted: l.Granted, Held: a.num("held")}
	for k := range Use {
		if a.has(k.String()) {
			want.Kind, want.Balance = k, a.num(k.String())
		}
	}
	if len(a.pos) > 1 {
		want.Expires = s.now + s.span(a.pos[1])
	}
	if *l != want {
		s.failf("lot %v=%d held=%d expires in %ds", l.Kind, l.Balance, l.Held, (l.Expires-s.now)/second)
	}
}

// oneVoucher compares a voucher.
func (s *script) oneVoucher(a *args) {
	s.t.Helper()
	v := s.vouchers[s.id(a.pos[0])]
	if v == nil && strings.HasSuffix(a.pos[0], "'") { // the one that V was reissued as
		for _, x := range s.vouchers {
			if x.Replaces == s.id(strings.TrimSuffix(a.pos[0], "'")) {
				v = x
			}
		}
	}
	if v == nil {
		s.failf("there is no such voucher")
	}
	if got := v.Status(s.now).String(); got != a.pos[1] {
		s.failf("voucher is %s", got)
	}
	if a.has("uses") && v.Uses != a.num("uses") {
		s.failf("issued with %d uses", v.Uses)
	}
	if a.has("left") && v.Left != a.num("left") {
		s.failf("%d uses left", v.Left)
	}
	if len(a.pos) > 2 && v.End != s.now+s.span(a.pos[2]) {
		s.failf("ends in %ds", (v.End-s.now)/second)
	}
}

func (s *script) kinds(a *args, ops []*Op) {
	s.t.Helper()
	var got []string
	for _, o := range ops {
		got = append(got, o.Kind.String())
	}
	if !slices.Equal(got, a.pos) {
		s.failf("operations are %v", got)
	}
}

func (s *script) book(a *args) {
	s.t.Helper()
	for k := range a.kv {
		if want := a.num(k); s.audit.books[k] != want {
			s.failf("book %s is %d", k, s.audit.books[k])
		}
	}
}

// wdk stands for a WDK reverse: it asks what a spend has left, gives an amount back, or cancels an unspent gift card.
type wdk struct {
	Head
	order, card, shop, number string
	amount                    Amount
	family                    Family
}

func (c *wdk) Keys(k *Keys) {
	k.order(&c.Head, c.order)
	if c.card != "" {
		k.Idents[Ident{Type: ByCard, Text: c.card}] = struct{}{}
	}
}

func (c *wdk) decide(s *State, at *Stamp) Result {
	if c.order == "" {
		if !s.CardUnspent(c.card) {
			return Refuse(GiftCardUsed, T("card", c.card))
		}
		s.CancelCard(&c.Head, at, c.card, c.shop)
		return Result{}
	}
	spent := s.Spent(c.order, c.family, s.Cards[c.card])
	switch {
	case spent.Held:
		return Refuse(HoldNotVerified, T("order", c.order))
	case !spent.Found:
		return Refuse(OriginalNotFound, T("order", c.order))
	case c.amount > spent.Left:
		return Refuse(ChannelOverCap, T("channel", "STORED_VALUE"), FigOf("max", c.family, spent.Left))
	}
	return Result{Flow: s.GiveBack(&c.Head, at, c.order, c.family, 0, c.amount, c.shop, c.number)}
}
