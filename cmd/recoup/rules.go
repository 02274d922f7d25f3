package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"recoup/internal/ledger"
)

// A rule is one thing that a brand decides for itself. The table of rules is all that `brand set`, `brand show` and their help know.
type rule struct {
	key    string
	values string // what may be given, for help and errors
	about  string
	get    func(*ledger.Brand) string
	set    func(*ledger.Brand, string) error
}

// rules are what a brand can set, in the order shown.
var rules = []rule{
	text("name", "what people call the brand", func(b *ledger.Brand) *string { return &b.Name }, checkID),
	text("alias", "the callers' own number for the brand: out_brand_id", func(b *ledger.Brand) *string { return &b.Alias }, checkOptional),

	choice("deduction", "which stored value a spend takes first", []string{"real-first", "gift-first", "proportional"},
		func(b *ledger.Brand) *ledger.DeductionOrder { return &b.Policy.Deduction }),
	toggle("direct-debit", "recharge.operate 3 without a hold debits at once", "off", "on", func(b *ledger.Brand) *bool { return &b.Policy.NoDirectDebit }),
	{
		key: "hold-ttl", values: "DURATION", about: "how long a freeze holds, like 30m or 2h",
		get: func(b *ledger.Brand) string { return showSpan(time.Duration(b.Policy.HoldFor()) * time.Millisecond) },
		set: func(b *ledger.Brand, s string) error {
			d, err := parseSpan(s)
			if err != nil {
				return err
			}
			if d < time.Second || d > 30*dayLong {
				return fmt.Errorf("%s is out of range; want 1s to 30d", s)
			}
			b.Policy.HoldTTL = d.Milliseconds()
			return nil
		},
	},

	choice("gift", "when a charge is refunded whose gift was spent: refuse, deduct it elsewhere, absorb the loss", []string{"refuse", "deduct", "absorb"},
		func(b *ledger.Brand) *ledger.GiftPolicy { return &b.Policy.Gift }),
	toggle("recharge-gift", "recharge.operate 1 adds the gift of the recharge rules", "on", "off", func(b *ledger.Brand) *bool { return &b.Policy.RechargeGift }),
	list("recharge", "REAL:GIFT,…", "recharge rules in fen: 10000:1000 gives 1000 for a charge of at least 10000",
		func(b *ledger.Brand) *[]ledger.RechargeRule { return &b.Policy.Recharge }, readRecharge, showRecharge),

	toggle("other-shop", "reversals at another shop than the original's", "forbid", "allow", func(b *ledger.Brand) *bool { return &b.Policy.ForbidOtherShop }),
	window("window-value", "days in which stored value may be given back or a charge refunded", ledger.Value),
	window("window-point", "days in which spent points may be given back", ledger.Points),
	window("window-voucher", "days in which used vouchers may be given back", ledger.Coupons),
	number("grace-days", "days that value and points which expired while spent come back with", 36500, func(b *ledger.Brand) *int64 { return &b.Policy.GraceDays }),
	number("voucher-grace-days", "the same for vouchers", 36500, func(b *ledger.Brand) *int64 { return &b.Policy.VoucherGrace }),
	number("value-days", "days that stored value lives, 0 for ever", 36500, func(b *ledger.Brand) *int64 { return &b.Policy.ValueDays }),
	number("point-days", "days that points live, 0 for ever", 36500, func(b *ledger.Brand) *int64 { return &b.Policy.PointDays }),
	number("sweep-share", "percent of the members with dated lots that may expire at once; more waits for `recoup clock confirm`; 0 means 20", 100, func(b *ledger.Brand) *int64 { return &b.Policy.SweepShare }),
	number("points-per-yuan", "points worth one yuan, 0 means 100", 1_000_000, func(b *ledger.Brand) *int64 { return &b.Policy.PointsPerYuan }),

	list("biz-type", "WORD,…", "further biz_type values of point.reversepoint", func(b *ledger.Brand) *[]string { return &b.BizTypes }, readWord, showWord),
	list("biz-channel", "WORD,…", "further biz_channel values", func(b *ledger.Brand) *[]string { return &b.BizChannels }, readWord, showWord),
	list("outer-type", "WORD,…", "further outer_type values", func(b *ledger.Brand) *[]string { return &b.OuterTypes }, readWord, showWord),
	list("operator-type", "NUMBER,…", "operator_type values with a store clerk's rights, besides 6", func(b *ledger.Brand) *[]int64 { return &b.OperatorTypes },
		readNumber, func(n int64) string { return strconv.FormatInt(n, 10) }),
	list("channel", "CODE:NAME,…", "tenders outside the ledger, besides 10001 to 10004", func(b *ledger.Brand) *[]ledger.Channel { return &b.Channels },
		readChannel, func(c ledger.Channel) string { return c.Code + ":" + c.Name }),
	list("reason", "ID:TEXT,…", "refund reasons; none means 1001 to 1005", func(b *ledger.Brand) *[]ledger.Reason { return &b.Reasons },
		readReason, func(r ledger.Reason) string { return strconv.FormatInt(r.ID, 10) + ":" + r.Text }),
}

// assign sets one rule from KEY=VALUE.
func assign(b *ledger.Brand, pair string) error {
	key, value, ok := strings.Cut(pair, "=")
	if !ok {
		return fmt.Errorf("%q: want KEY=VALUE; `recoup brand set --help` lists the keys", pair)
	}
	i := slices.IndexFunc(rules, func(r rule) bool { return r.key == key })
	if i < 0 {
		return fmt.Errorf("%q: there is no such rule; `recoup brand set --help` lists them", key)
	}
	if err := rules[i].set(b, value); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// rulesHelp lists the rules for help.
func rulesHelp() string {
	var s strings.Builder
	for _, r := range rules {
		fmt.Fprintf(&s, "\n  %s=%s\n      %s", r.key, r.values, r.about)
	}
	return s.String()
}

func text(key, about string, field func(*ledger.Brand) *string, check func(field, s string) error) rule {
	return rule{
		key: key, values: "TEXT", about: about,
		get: func(b *ledger.Brand) string { return *field(b) },
		set: func(b *ledger.Brand, s string) error {
			*field(b) = s
			return check("value", s)
		},
	}
}

// choice is a rule with one word for each value of its type.
func choice[T ~uint8](key, about string, words []string, field func(*ledger.Brand) *T) rule {
	return rule{
		key: key, values: strings.Join(words, "|"), about: about,
		get: func(b *ledger.Brand) string { return words[*field(b)] },
		set: func(b *ledger.Brand, s string) error {
			i := slices.Index(words, s)
			if i < 0 {
				return fmt.Errorf("%q is none of %s", s, strings.Join(words, ", "))
			}
			*field(b) = T(i)
			return nil
		},
	}
}

// toggle is a rule with one word for true and one for false, which is the default.
func toggle(key, about, yes, no string, field func(*ledger.Brand) *bool) rule {
	return rule{
		key: key, values: no + "|" + yes, about: about,
		get: func(b *ledger.Brand) string {
			if *field(b) {
				return yes
			}
			return no
		},
		set: func(b *ledger.Brand, s string) error {
			if s != yes && s != no {
				return fmt.Errorf("%q is neither %s nor %s", s, no, yes)
			}
			*field(b) = s == yes
			return nil
		},
	}
}

func number(key, about string, most int64, field func(*ledger.Brand) *int64) rule {
	return rule{
		key: key, values: "NUMBER", about: about,
		get: func(b *ledger.Brand) string { return strconv.FormatInt(*field(b), 10) },
		set: func(b *ledger.Brand, s string) error {
			n, err := strconv.ParseInt(s, 10, 64)
			if err != nil || n < 0 || n > most {
				return fmt.Errorf("%q is no whole number from 0 to %d", s, most)
			}
			*field(b) = n
			return nil
		},
	}
}

// window is a time limit of reversals, in days here and in milliseconds in the books.
func window(key, about string, f ledger.Family) rule {
	r := number(key, about+", 0 for ever", 36500, func(b *ledger.Brand) *int64 { return &b.Policy.Window[f] })
	inner := r.set
	r.get = func(b *ledger.Brand) string { return strconv.FormatInt(b.Policy.Window[f]/dayLong.Milliseconds(), 10) }
	r.set = func(b *ledger.Brand, s string) error {
		err := inner(b, s)
		b.Policy.Window[f] *= dayLong.Milliseconds()
		return err
	}
	return r
}

// list is a rule with several values, which are set together; the empty text empties it.
func list[T any](key, values, about string, field func(*ledger.Brand) *[]T, read func(string) (T, error), show func(T) string) rule {
	return rule{
		key: key, values: values, about: about,
		get: func(b *ledger.Brand) string {
			var out []string
			for _, v := range *field(b) {
				out = append(out, show(v))
			}
			return strings.Join(out, ",")
		},
		set: func(b *ledger.Brand, s string) error {
			var out []T
			seen := map[string]bool{}
			for part := range strings.SplitSeq(s, ",") {
				if s == "" {
					break
				}
				v, err := read(strings.TrimSpace(part))
				if err != nil {
					return fmt.Errorf("%q: %w", part, err)
				}
				id, _, _ := strings.Cut(show(v), ":")
				if seen[id] {
					return fmt.Errorf("%q comes twice; give it once", id)
				}
				seen[id] = true
				out = append(out, v)
			}
			*field(b) = out
			return nil
		},
	}
}

func readWord(s string) (string, error) { return s, checkID("word", s) }
func showWord(s string) string          { return s }

func readNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("want a whole number")
	}
	return n, nil
}

func readRecharge(s string) (ledger.RechargeRule, error) {
	r, g, ok := strings.Cut(s, ":")
	left, err1 := readNumber(r)
	right, err2 := readNumber(g)
	if !ok || err1 != nil || err2 != nil || left <= 0 || right <= 0 || left > int64(ledger.AmountMax) || right > int64(ledger.AmountMax) {
		return ledger.RechargeRule{}, fmt.Errorf("want REAL:GIFT in fen, each from 1 to %d", ledger.AmountMax)
	}
	return ledger.RechargeRule{Real: ledger.Amount(left), Gift: ledger.Amount(right)}, nil
}

func showRecharge(r ledger.RechargeRule) string { return fmt.Sprintf("%d:%d", r.Real, r.Gift) }

func readChannel(s string) (ledger.Channel, error) {
	code, name, ok := strings.Cut(s, ":")
	if !ok {
		return ledger.Channel{}, fmt.Errorf("want CODE:NAME")
	}
	return ledger.Channel{Code: code, Name: name}, firstErr(checkID("CODE", code), checkID("NAME", name))
}

func readReason(s string) (ledger.Reason, error) {
	id, txt, ok := strings.Cut(s, ":")
	n, err := readNumber(id)
	if !ok || err != nil || n <= 0 {
		return ledger.Reason{}, fmt.Errorf("want ID:TEXT with a whole number above 0")
	}
	return ledger.Reason{ID: n, Text: txt}, checkID("TEXT", txt)
}
