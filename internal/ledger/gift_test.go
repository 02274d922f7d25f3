package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestGiftsNeitherLeakNorConvert: charges with gifts, spends, holds, refunds and returns in any order under any gift policy never leave
// the member with more of a kind than was given and not taken back; and with exactly that once everything that was spent is returned.
func TestGiftsNeitherLeakNorConvert(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newScript(t, "gifts", 0, rapid.Bool().Draw(t, "paged"))
		s.run("save as=m1 mobile=131")
		var charges, spends []string
		refunds := 0
		next := func(list *[]string, kind string) string {
			no := fmt.Sprintf("%s%d", kind, len(*list)+1)
			*list = append(*list, no)
			return no
		}
		// right is what the member was given of each kind, less what refunds took back: real as asked, gift and pre in proportion.
		right := func() (sum [Kinds]Amount) {
			for _, no := range charges {
				var given [Kinds]Amount
				back, base := Amount(0), Real
				for _, o := range s.orders[no] {
					for _, p := range o.Postings {
						switch {
						case p.Lot.IsZero():
						case o.Kind == OpCharge:
							given[p.Kind] = p.Amount
							base = principal(&given)
						case p.Kind == base:
							back -= p.Amount
						}
					}
				}
				for k := range sum {
					if given[base] > 0 {
						sum[k] += given[k] - MulDiv(given[k], back, given[base])
					}
				}
			}
			return sum
		}
		check := func(after string, exact bool) {
			var got [Kinds]Amount
			for _, l := range s.lots {
				got[l.Kind] += l.Balance
			}
			want := right()
			for k := range got {
				if got[k] > want[k] || exact && got[k] != want[k] {
					t.Fatalf("after %s: %d %s, entitled to %d", after, got[k], Kind(k), want[k])
				}
			}
		}
		amount := func(name string) string { return fmt.Sprintf(" value=%d", rapid.IntRange(1, 80).Draw(t, name)) }
		for range rapid.IntRange(3, 30).Draw(t, "steps") {
			s.run(pick(t, "gift", "policy gift=refuse", "policy gift=deduct", "policy gift=absorb", "policy gift=deduct", "policy gift=absorb"))
			s.run(pick(t, "order", "policy order=real", "policy order=gift", "policy order=gift", "policy order=proportional"))
			lines := []string{}
			for range rapid.IntRange(1, 3).Draw(t, "batch") {
				switch verb := pick(t, "verb", "recharge", "recharge", "verify", "verify", "freeze", "refund", "refund", "undedut", "undedut", "return"); {
				case verb == "recharge":
					lines = append(lines, fmt.Sprintf("recharge order=%s member=m1 real=%d gift=%d pre=%d", next(&charges, "C"),
						rapid.IntRange(0, 100).Draw(t, "real"), rapid.IntRange(1, 60).Draw(t, "given"), rapid.IntRange(0, 1).Draw(t, "pre")*20))
				case verb == "verify" || verb == "freeze":
					lines = append(lines, verb+" order="+next(&spends, "S")+" member=m1"+amount("spent"))
				case verb == "refund" && len(charges)+len(spends) > 0:
					refunds++
					line := fmt.Sprintf("refund number=R%d order=%s", refunds, rapid.SampledFrom(slices.Concat(charges, spends)).Draw(t, "charge"))
					lines = append(lines, line+pick(t, "part", "", amount("refunded")))
				case len(spends) > 0 && verb != "refund":
					refunds++
					line := fmt.Sprintf("%s number=R%d order=%s", verb, refunds, rapid.SampledFrom(spends).Draw(t, "spend"))
					if verb == "undedut" {
						line += pick(t, "part", "", amount("returned"))
					}
					lines = append(lines, line)
				}
			}
			var batch []Command
			for _, line := range lines {
				batch = append(batch, s.make(line))
			}
			s.world.batch(batch...)
			check(strings.Join(lines, "; "), false)
		}
		for _, no := range spends {
			refunds++
			s.world.batch(s.make(fmt.Sprintf("return number=R%d order=%s", refunds, no)))
		}
		check("everything came back", true)
	})
}
