package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The properties of semantics.md §10 over random histories. A history is drawn as lines of the script language, so that what rapid
// shrinks a failure to can be read, and pasted into testdata.

// people begins a random history: three members with points and value, vouchers, a bearer's gift card.
func people(s *script) {
	for _, line := range []string{
		"template T", "template M uses=3", "template R reissue=yes", "template D days=2d",
		"save as=m1 mobile=131", "save as=m2 mobile=132 wechat=w2", "save as=m3 mobile=133",
		"recharge order=C0 member=m1 real=200 gift=50 pre=20", "grant order=G0 member=m1 point=200",
		"recharge order=C9 member=m2 real=100 gift=30", "grant order=G9 member=m2 point=50",
		"policy earn=1:1", "send template=T num=2 member=m1", "send template=M member=m1", "send template=R member=m1", "send template=D member=m1",
		"send template=T member=m2", "card B1 value=100",
	} {
		s.run(line)
	}
}

func pick(t *rapid.T, label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }

// drawWho names the member of a line: mostly by id, sometimes otherwise, not at all, or by two identifiers that may contradict.
func drawWho(t *rapid.T) string {
	return pick(t, "who", " member=m1", " member=m1", " member=m1", " member=m1", " member=m2", " member=m3", " mobile=131", " wechat=w2",
		" member=m1 mobile=131", " member=m1 mobile=132", " card=B1", " member=m1 card=B1", "", " member=m1 mobile=139")
}

func drawSome(t *rapid.T, name string, zero bool) string {
	n := rapid.IntRange(1, 60).Draw(t, name)
	if zero && n > 40 || n == 60 {
		return ""
	}
	return fmt.Sprintf(" %s=%d", name, n)
}

func drawVouchers(t *rapid.T, s *script) string {
	ids := append(slices.Sorted(maps.Keys(s.vouchers)), "zz")
	n := rapid.IntRange(1, 3).Draw(t, "vouchers")
	var list []string
	for range n {
		list = append(list, rapid.SampledFrom(ids).Draw(t, "voucher"))
	}
	return " vouchers=" + strings.Join(list, ",")
}

// drawOriginal draws what is to be undone: mostly a number that is known, and mostly one of the right kind.
func drawOriginal(t *rapid.T, s *script, kind string) string {
	var known []string
	for no := range s.orders {
		if strings.HasPrefix(no, kind) {
			known = append(known, no)
		}
	}
	slices.Sort(known)
	if len(known) == 0 || rapid.IntRange(0, 9).Draw(t, "stray") == 0 {
		known = []string{"C1", "S1", "S2", "C7"}
	}
	return " order=" + rapid.SampledFrom(known).Draw(t, "original")
}

// drawCommand draws the line of one command.
func drawCommand(t *rapid.T, s *script) string {
	charges := []string{"C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"}
	spends := []string{"S1", "S2", "S3", "S4", "S5"}
	if rapid.IntRange(0, 9).Draw(t, "astray") == 0 {
		charges, spends = append(charges, "S1"), append(spends, "C1", "G1")
	}
	charge := " order=" + rapid.SampledFrom(charges).Draw(t, "charge")
	spend := " order=" + rapid.SampledFrom(spends).Draw(t, "order")
	undo := drawOriginal(t, s, "S")
	number := fmt.Sprintf(" number=R%d", rapid.IntRange(1, 20).Draw(t, "number"))
	tail := pick(t, "tail", "", "", "", "", " shop=s2", " app=other", " signed=-5s", " signed=+5s")
	who := drawWho(t)
	family := pick(t, "family", "value", "value", "point")
	switch verb := pick(t, "verb", "charge", "charge", "recharge", "refund", "refund", "freeze", "freeze", "verify", "verify", "pverify",
		"assert", "assert", "assert", "return", "return", "use", "reissue", "undedut", "undedut", "reverse", "reverse", "consume", "consume", "dedut",
		"grant", "ungrant", "bill", "bill", "unbill", "unbill", "send", "update", "sweep", "giveback", "merge", "unmerge"); verb {
	case "charge":
		return verb + charge + who + fmt.Sprintf(" value=%d", rapid.IntRange(1, 200).Draw(t, "value")) + tail
	case "recharge":
		return verb + charge + who + fmt.Sprintf(" real=%d", rapid.IntRange(1, 60).Draw(t, "real")) + drawSome(t, "gift", true) + drawSome(t, "pre", true) + tail
	case "refund":
		return verb + drawOriginal(t, s, "C") + number + pick(t, "as", "", "", who) + drawSome(t, "value", true) + tail
	case "freeze":
		return verb + spend + who + fmt.Sprintf(" %s=%d", family, rapid.IntRange(1, 60).Draw(t, "amount")) + tail
	case "verify", "dedut":
		return verb + spend + who + drawSome(t, "value", true) + tail
	case "pverify", "consume":
		return verb + spend + who + drawSome(t, "point", true) + tail
	case "assert":
		parts := rapid.IntRange(1, 7).Draw(t, "parts")
		line := verb + spend + who
		if parts&1 != 0 {
			line += drawSome(t, "value", false)
		}
		if parts&2 != 0 {
			line += drawSome(t, "point", false)
		}
		if parts&4 != 0 {
			line += drawVouchers(t, s)
		}
		return line + tail
	case "return":
		line := verb + undo + number + pick(t, "as", "", "", who)
		if rapid.Bool().Draw(t, "listed") {
			line += drawVouchers(t, s)
		}
		return line + tail
	case "use":
		return verb + spend + who + drawVouchers(t, s) + pick(t, "uses", "", "", " uses=2,1,2") + tail
	case "reissue":
		return verb + undo + pick(t, "as", "", "", who) + drawVouchers(t, s) + tail
	case "undedut":
		return verb + undo + number + pick(t, "as", "", "", who) + drawSome(t, "value", true) + tail
	case "reverse":
		return verb + undo + number + pick(t, "as", "", "", who) + drawSome(t, "point", true) + tail
	case "grant":
		return verb + " order=" + pick(t, "grant", "G1", "G2", "S1") + who + fmt.Sprintf(" point=%d", rapid.IntRange(1, 99).Draw(t, "point")) + tail
	case "ungrant":
		return verb + " order=" + pick(t, "grant", "G0", "G1", "G2", "S1", "B1") + pick(t, "as", "", who) + fmt.Sprintf(" point=%d", rapid.IntRange(1, 120).Draw(t, "point")) + tail
	case "bill":
		return verb + " order=" + pick(t, "bill", "B1", "B2", "B3", "S1", "S2") + who + fmt.Sprintf(" fee=%d", rapid.IntRange(1, 90).Draw(t, "fee")) +
			pick(t, "pay", "", "", " pay=CASH:30", " pay=STORED_VALUE:40:S1,CASH:9", " pay=POINT:20,10001:50,STORED_VALUE:30") +
			pick(t, "goods", "", "", " goods=cup:7,GIFT_CARD:5") + tail
	case "unbill":
		line := verb + " order=" + pick(t, "bill", "B1", "B2", "B3", "S1", "S2") + pick(t, "as", "", "", who)
		if refund := fmt.Sprintf("b%d:%d", rapid.IntRange(1, 9).Draw(t, "refund"), rapid.IntRange(1, 50).Draw(t, "fee")); rapid.IntRange(0, 7).Draw(t, "all") > 0 {
			line += " refunds=" + refund + pick(t, "more", "", "", ",b0:3")
		}
		return line + tail
	case "send":
		return verb + " template=" + pick(t, "template", "T", "M", "R", "D") + who
	case "update":
		return verb + pick(t, "of", " member=m1", " member=m2") +
			pick(t, "change", " frozen=yes", " frozen=no", " frozen=no", " mobile=131", " mobile=139", " mobile=138", " wechat=w1")
	case "sweep":
		return verb + who
	case "merge":
		return verb + pick(t, "members", " member=m1 from=m2", " member=m2 from=m1", " member=m1 from=m1")
	case "unmerge":
		return verb + pick(t, "from", " from=m2", " from=m1")
	}
	return "giveback" + undo + number + fmt.Sprintf(" %s=%d", family, rapid.IntRange(1, 20).Draw(t, "amount"))
}

// drawRules draws a change of the brand's rules, and drawTime how long nothing happens; "" for none.
func drawRules(t *rapid.T) string {
	return pick(t, "rules", "", "", "", "policy gift=refuse", "policy gift=deduct", "policy gift=absorb", "policy order=real", "policy order=gift",
		"policy order=proportional", "policy direct=no", "policy direct=yes", "policy grace=2d vouchergrace=2d", "policy grace=0d vouchergrace=0d",
		"policy valuedays=1d pointdays=2d", "policy valuedays=0d pointdays=0d", "policy rule=50:7", "policy othershop=no", "policy othershop=yes",
		"policy window=1d pointwindow=1d", "policy window=0d pointwindow=0d", "policy ttl=36h", "policy ttl=30m",
		"policy earn=3:2", "policy earn=1:10 without=cup", "policy earn=2:1 pay=CASH", "policy assets=yes", "policy assets=no", "policy earnback=refuse",
		"policy earnback=debt", "policy earnback=absorb", "policy grantback=debt", "policy grantback=refuse", "policy clear=103")
}

func drawTime(t *rapid.T) string {
	return pick(t, "time", "", "", "", "", "", "+1s", "+31m", "+1d", "+3d")
}

// make turns a line into a command without running it.
func (s *script) make(line string) Command {
	c := s.command(s.parse(line))
	return c
}

// TestBooks: whatever is asked, in whatever order, with retries and conflicting retries, alone or in batches: the auditor agrees after
// every step (invariants 1 to 4 and 9), and a replay changes nothing (6).
func TestBooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newScript(t, "history", 0, rapid.Bool().Draw(t, "paged"))
		people(s)
		var past []Command
		first := map[Digest]Result{}
		steps := rapid.IntRange(5, 40).Draw(t, "steps")
		for range steps {
			if line := drawTime(t); line != "" {
				s.run(line)
			}
			if line := drawRules(t); line != "" {
				s.run(line)
			}
			switch rapid.IntRange(0, 9).Draw(t, "way") {
			case 0: // an old request again
				if len(past) == 0 {
					continue
				}
				c := rapid.SampledFrom(past).Draw(t, "again")
				checkRetry(t, s, c, first)
			case 1: // an old request key with new content
				if len(past) == 0 {
					continue
				}
				c := s.make(drawCommand(t, s))
				h := rapid.SampledFrom(past).Draw(t, "stolen").Common()
				c.Common().Request = h.Request
				s.do(c)
			case 2, 3: // a batch
				var batch []Command
				for range rapid.IntRange(1, 6).Draw(t, "batch") {
					batch = append(batch, s.make(drawCommand(t, s)))
				}
				s.world.batch(batch...)
			default:
				c := s.make(drawCommand(t, s))
				r := s.do(c)
				checkAvailable(t, s, c, r)
				if req := c.Common().Request; !req.IsZero() && r.Code != IdempotentMismatch {
					past = append(past, c)
					if !r.Flow.IsZero() {
						first[req] = r
					}
				}
			}
		}
	})
}

// checkRetry sends a request of long ago again: what was booked under it answers, and nothing moves.
func checkRetry(t *rapid.T, s *script, c Command, first map[Digest]Result) {
	ops := len(s.ops)
	booked := s.requests[c.Common().Request]
	r := s.do(c)
	want, ok := first[c.Common().Request]
	if !ok || booked == nil || booked.ID != want.Flow {
		return
	}
	if r.Code != want.Code || r.Flow != want.Flow || len(s.ops) != ops {
		t.Fatalf("%s: first %v, later %v", describe([]Command{c}), want.Code, r.Code)
	}
}

// checkAvailable compares what a refusal says is available with the auditor's books.
func checkAvailable(t *rapid.T, s *script, c Command, r Result) {
	i := slices.IndexFunc(r.Figs, func(f Fig) bool { return f.Name == "available" })
	if i < 0 || c.Common().Who.Card != "" || r.Replayed {
		return
	}
	st := s.load(NewKeys())
	h := c.Common()
	maps.Copy(st.Idents, s.idents)
	for id := range s.members {
		st.Idents[Ident{Type: ByCustomer, Text: id}] = id
	}
	found := ""
	for _, id := range h.Who.Idents() {
		if m := st.Idents[id]; m != "" {
			found = m
		}
	}
	account, f := found+"-1", Value
	if r.Code == InsufficientPoint {
		account, f = found+"-p", Points
	}
	sum := Amount(0)
	for id, balance := range s.audit.balance {
		if id.Account == account && s.audit.kind[id].Family() == f {
			sum += balance - s.audit.held[id]
			if e := s.audit.expires[id]; e != Never && s.now >= e && balance > s.audit.held[id] {
				t.Fatalf("lot %v is due and was not expired before the refusal", id)
			}
		}
	}
	if found != "" && r.Figs[i].N != sum {
		t.Fatalf("%s: available %d, the books say %d", describe([]Command{c}), r.Figs[i].N, sum)
	}
}

// TestBatchOfMany: a batch of N is N batches of one under the same stamp: the same answers, operations, lots, holds, vouchers.
func TestBatchOfMany(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		one := newScript(t, "one", 0, false)
		many := newScript(t, "many", 0, rapid.Bool().Draw(t, "paged"))
		people(one)
		people(many)
		for range rapid.IntRange(1, 6).Draw(t, "batches") {
			for _, line := range []string{drawTime(t), drawRules(t)} {
				if line != "" {
					one.run(line)
					many.run(line)
				}
			}
			var batch []Command
			for range rapid.IntRange(1, 12).Draw(t, "batch") {
				line := drawCommand(t, one)
				if len(batch) > 0 && rapid.IntRange(0, 7).Draw(t, "retry") == 0 {
					batch = append(batch, rapid.SampledFrom(batch).Draw(t, "again"))
					continue
				}
				many.make(line) // keeps the request ids of both in step
				batch = append(batch, one.make(line))
			}
			together := many.world.batch(batch...)
			for i, c := range batch {
				r := one.world.batch(c)[0]
				r.Flow, together[i].Flow = ID{}, ID{}
				if a, b := text(r), text(together[i]); a != b {
					t.Fatalf("%s: alone %s, in the batch %s", describe(batch[i:i+1]), a, b)
				}
			}
			if a, b := one.portrait(true), many.portrait(true); a != b {
				t.Fatalf("after %s\nalone:\n%s\nin the batch:\n%s", describe(batch), a, b)
			}
		}
	})
}

// TestPages: with a page of lots loaded a batch comes to what it comes to with all lots loaded, or asks for more.
func TestPages(t *testing.T) {
	t.Parallel()
	needs, batches := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		whole := newScript(t, "whole", 0, false)
		paged := newScript(t, "paged", 0, true)
		paged.pins, paged.due = rapid.Bool().Draw(t, "pins"), rapid.Bool().Draw(t, "due")
		both := func(line string) {
			whole.run(line)
			paged.run(line)
		}
		both("save as=m1 mobile=131")
		both("save as=m2 mobile=132")
		// Many small lots of several deadlines, so that a page is a part of them.
		for i := range rapid.IntRange(1, 4).Draw(t, "seasons") {
			both(fmt.Sprintf("policy valuedays=%dd pointdays=%dd", rapid.IntRange(0, 9).Draw(t, "days"), rapid.IntRange(0, 9).Draw(t, "days")))
			both("{")
			for j := range rapid.IntRange(20, 60).Draw(t, "lots") {
				both(fmt.Sprintf("recharge order=c%d-%d member=m1 real=2 gift=1", i, j))
				both(fmt.Sprintf("grant order=g%d-%d member=m1 point=2", i, j))
			}
			both("}")
			both(pick(t, "time", "", "+1d", "+2d"))
		}
		for range rapid.IntRange(1, 8).Draw(t, "batches") {
			for _, line := range []string{drawTime(t), drawRules(t)} {
				if line != "" {
					both(line)
				}
			}
			var a, b []Command
			for range rapid.IntRange(1, 4).Draw(t, "batch") {
				line := drawBig(t)
				a, b = append(a, whole.make(line)), append(b, paged.make(line))
			}
			x, y := whole.world.batch(a...), paged.world.batch(b...)
			if text(x) != text(y) {
				t.Fatalf("%s: whole %s, paged %s", describe(a), text(x), text(y))
			}
			batches++
		}
		if p, q := whole.portrait(true), paged.portrait(true); p != q {
			t.Fatalf("whole:\n%s\npaged:\n%s", p, q)
		}
		needs += paged.needs
	})
	if needs == 0 || needs >= batches {
		t.Fatalf("%d of %d batches needed more lots: the pages are not tried", needs, batches)
	}
}

// drawBig draws commands that go through many lots.
func drawBig(t *rapid.T) string {
	spend := " order=" + pick(t, "order", "S1", "S2", "S3", "S4")
	number := " number=" + pick(t, "number", "R1", "R2", "R3", "R4", "R5")
	n := rapid.IntRange(1, 250).Draw(t, "amount")
	if rapid.Bool().Draw(t, "much") { // what is drawn is small more often than not
		n = 251 - n
	}
	switch verb := pick(t, "verb", "freeze", "pfreeze", "verify", "assert", "consume", "return", "undedut", "reverse", "refund", "charge"); verb {
	case "freeze":
		return fmt.Sprintf("freeze%s member=m1 value=%d", spend, n)
	case "pfreeze":
		return fmt.Sprintf("freeze%s member=m1 point=%d", spend, n)
	case "verify":
		return fmt.Sprintf("verify%s%s value=%d", spend, pick(t, "who", " member=m1", " member=m1", ""), n)
	case "assert":
		return fmt.Sprintf("assert%s member=m1 value=%d point=%d", spend, n, n/2+1)
	case "consume":
		return fmt.Sprintf("consume%s member=m1 point=%d", spend, n)
	case "undedut":
		return fmt.Sprintf("undedut%s%s value=%d", spend, number, n)
	case "reverse":
		return fmt.Sprintf("reverse%s%s point=%d", spend, number, n)
	case "refund":
		return fmt.Sprintf("refund order=%s%s%s", pick(t, "charge", "c0-0", "c0-5", "c1-3", "S1"), number, pick(t, "part", "", " value=1"))
	case "charge":
		return fmt.Sprintf("charge order=X%d member=m1 value=3", n)
	}
	return "return" + spend + number
}

// drawHistory runs a few commands on two worlds alike, without a clock, and leaves nothing due.
func drawHistory(t *rapid.T, worlds ...*script) {
	for _, s := range worlds {
		people(s)
	}
	run := func(line string) {
		for _, s := range worlds {
			s.world.batch(s.make(line))
		}
	}
	rules := pick(t, "gift", "policy gift=refuse", "policy gift=deduct", "policy gift=absorb")
	for _, line := range []string{rules, pick(t, "order", "policy order=real", "policy order=gift", "policy order=proportional")} {
		for _, s := range worlds {
			s.run(line)
		}
	}
	for range rapid.IntRange(0, 12).Draw(t, "history") {
		run(drawCommand(t, worlds[0]))
	}
	for _, s := range worlds { // only what follows is in question: everybody can spend again
		s.run("update member=m1 frozen=no")
		s.run("policy direct=yes")
	}
}

// TestPartials: any order of partials that adds up to the whole leaves the same lots as one whole reversal (invariant 5), of spends
// through every door and of charges under every gift policy.
func TestPartials(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole, parts := newScript(t, "whole", 0, false), newScript(t, "parts", 0, false)
		drawHistory(t, whole, parts)
		both := func(line string) Result {
			parts.world.batch(parts.make(line))
			return whole.world.batch(whole.make(line))[0]
		}
		value, point := rapid.IntRange(1, 60).Draw(t, "value"), rapid.IntRange(1, 60).Draw(t, "point")
		if rapid.Bool().Draw(t, "of a charge") {
			both(fmt.Sprintf("recharge order=Z member=m1 real=%d gift=%d pre=%d", value, point, rapid.IntRange(0, 30).Draw(t, "pre")))
			if rapid.Bool().Draw(t, "spent") {
				both(fmt.Sprintf("verify order=Y member=m1 value=%d", rapid.IntRange(1, 80).Draw(t, "spend")))
			}
			if whole.world.batch(whole.make("refund order=Z number=N"))[0].Code != OK {
				return
			}
			for i, n := range drawSplit(t, value) {
				if r := parts.world.batch(parts.make(fmt.Sprintf("refund order=Z number=n%d value=%d", i, n)))[0]; r.Code != OK {
					t.Fatalf("the whole can be refunded, part %d of %d cannot: %v", i, n, r.Code)
				}
			}
		} else {
			if rapid.Bool().Draw(t, "held") {
				both(fmt.Sprintf("freeze order=Z member=m1 value=%d", value+rapid.IntRange(0, 5).Draw(t, "more")))
			}
			if both(fmt.Sprintf("assert order=Z member=m1 value=%d point=%d", value, point)).Code != OK {
				return
			}
			whole.world.batch(whole.make("return order=Z number=N"))
			i := 0
			for _, n := range drawSplit(t, value) {
				parts.run(fmt.Sprintf("%s order=Z number=n%d value=%d", pick(t, "door", "undedut", "giveback"), i, n))
				i++
			}
			for _, n := range drawSplit(t, point) {
				parts.run(fmt.Sprintf("reverse order=Z number=n%d point=%d", i, n))
				i++
			}
		}
		if a, b := whole.portrait(false), parts.portrait(false); a != b {
			t.Fatalf("whole:\n%s\nin parts:\n%s", a, b)
		}
	})
}

// drawSplit draws parts that add up to a whole.
func drawSplit(t *rapid.T, whole int) (parts []int) {
	for whole > 0 {
		n := rapid.IntRange(1, whole).Draw(t, "part")
		parts = append(parts, n)
		whole -= n
	}
	return parts
}

// TestIdentity: to spend and to give all of it back leaves lots, holds and vouchers as they were (invariant 7), and so does a hold that
// is released.
func TestIdentity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newScript(t, "history", 0, rapid.Bool().Draw(t, "paged"))
		drawHistory(t, s)
		before := s.portrait(false)
		value, point := rapid.IntRange(1, 80).Draw(t, "value"), rapid.IntRange(1, 80).Draw(t, "point")
		held := false
		for _, f := range []string{fmt.Sprintf("value=%d", value), fmt.Sprintf("point=%d", point)} {
			if rapid.Bool().Draw(t, "held") {
				held = s.world.batch(s.make("freeze order=Z member=m1 " + f))[0].Code == OK || held
			}
		}
		const bare = "assert order=Z member=m1"
		line := bare
		if rapid.Bool().Draw(t, "value") {
			line += fmt.Sprintf(" value=%d", rapid.IntRange(1, value).Draw(t, "captured"))
		}
		if rapid.Bool().Draw(t, "point") {
			line += fmt.Sprintf(" point=%d", rapid.IntRange(1, point).Draw(t, "captured"))
		}
		if rapid.Bool().Draw(t, "vouchers") {
			for _, id := range slices.Sorted(maps.Keys(s.vouchers)) {
				if v := s.vouchers[id]; v.Template != "R" && v.Member == s.id("m1") && v.Status(s.now) == Normal {
					line += " vouchers=" + id
					break
				}
			}
		}
		spent := line != bare && s.world.batch(s.make(line))[0].Code == OK
		r := s.world.batch(s.make("return order=Z number=N"))[0]
		if line != bare && (spent || held) != (r.Code == OK) {
			t.Fatalf("%s: returned with %v", line, r.Code)
		}
		if after := s.portrait(false); before != after {
			t.Fatalf("%s\nbefore:\n%s\nafter:\n%s", line, before, after)
		}
	})
}
