package policy

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// Document is a brand's rules. schema.json says what each member means.
type Document struct {
	StoredValue StoredValue `json:"stored_value"`
	Points      Points      `json:"points"`
	Vouchers    Vouchers    `json:"vouchers"`
	Refunds     Refunds     `json:"refunds"`
	Members     Members     `json:"members"`
	Levels      []Level     `json:"levels"`
	Sweep       Sweep       `json:"sweep"`
	Registries  Registries  `json:"registries"`
}

// StoredValue is how stored value is given, spent and taken back.
type StoredValue struct {
	DeductionOrder string `json:"deduction_order"`
	DirectDebit    bool   `json:"direct_debit"`
	HoldSeconds    int64  `json:"hold_seconds"`
	ValidDays      int64  `json:"valid_days"`
	GiftSpent      string `json:"gift_spent"`
	RechargeGift   bool   `json:"recharge_gift"`
	RechargeTiers  []Tier `json:"recharge_tiers"`
	RefundDays     int64  `json:"refund_days"`
}

// A Tier gives Gift fen for a charge of at least Real fen.
type Tier struct {
	Real ledger.Amount `json:"real"`
	Gift ledger.Amount `json:"gift"`
}

// Points is what points are worth, how they are earned and when they end.
type Points struct {
	PerYuan           int64  `json:"per_yuan"`
	ValidDays         int64  `json:"valid_days"`
	ClearDate         string `json:"clear_date"`
	Earn              Earn   `json:"earn"`
	RefundShortfall   string `json:"refund_shortfall"`
	TakeBackShortfall string `json:"take_back_shortfall"`
	RefundDays        int64  `json:"refund_days"`
}

// Earn is what bills earn: Points for every Fen.
type Earn struct {
	Points        ledger.Amount `json:"points"`
	Fen           ledger.Amount `json:"fen"`
	PayMethods    []string      `json:"pay_methods"`
	ExcludedGoods []string      `json:"excluded_goods"`
	MemberAssets  bool          `json:"member_assets"`
}

// Vouchers is how used vouchers come back.
type Vouchers struct {
	RefundDays int64 `json:"refund_days"`
	GraceDays  int64 `json:"grace_days"`
}

// Refunds is where and how long things are given back.
type Refunds struct {
	OtherShop string `json:"other_shop"`
	GraceDays int64  `json:"grace_days"`
	ApplyDays int64  `json:"apply_days"`
}

// Members is how members are merged.
type Members struct {
	UnmergeDays int64 `json:"unmerge_days"`
}

// A Level is a grade of members.
type Level struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	EarnPercent int64  `json:"earn_percent"`
}

// Sweep bounds what expires by itself.
type Sweep struct {
	SharePercent int64 `json:"share_percent"`
}

// Registries are the words that the brand adds to the platform's.
type Registries struct {
	BizTypes      []string  `json:"biz_types"`
	BizChannels   []string  `json:"biz_channels"`
	OuterTypes    []string  `json:"outer_types"`
	OperatorTypes []int64   `json:"operator_types"`
	Channels      []Channel `json:"channels"`
	Reasons       []Reason  `json:"reasons"`
}

// A Channel is a tender outside of the ledger.
type Channel struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// A Reason is why a reverse is asked for.
type Reason struct {
	ID   int64    `json:"id"`
	Text string   `json:"text"`
	Tip  string   `json:"tip,omitempty"`
	Tags []string `json:"tags,omitempty"`
}

// words are the spellings of the ledger's choices.
var (
	deductions = words[ledger.DeductionOrder]{ledger.RealFirst: "real_first", ledger.GiftFirst: "gift_first", ledger.Proportional: "proportional"}
	gifts      = words[ledger.GiftPolicy]{ledger.GiftRefuse: "refuse", ledger.GiftDeduct: "deduct", ledger.GiftAbsorb: "absorb"}
	shortfalls = words[ledger.Shortfall]{ledger.ShortfallRefuse: "refuse", ledger.ShortfallDebt: "debt", ledger.ShortfallAbsorb: "absorb"}
)

type words[T comparable] map[T]string

// of is the choice that a word names; the schema has refused all others.
func (w words[T]) of(word string) (choice T) {
	for c, s := range w {
		if s == word {
			choice = c
		}
	}
	return choice
}

const dayMs = 24 * 60 * 60 * 1000

// Of is the document of a brand's rules.
func Of(b *ledger.Brand) Document {
	p := &b.Policy
	d := Document{
		StoredValue: StoredValue{
			DeductionOrder: deductions[p.Deduction], DirectDebit: !p.NoDirectDebit, HoldSeconds: p.HoldFor() / 1000, ValidDays: p.ValueDays,
			GiftSpent: gifts[p.Gift], RechargeGift: p.RechargeGift, RechargeTiers: []Tier{}, RefundDays: p.Window[ledger.Value] / dayMs,
		},
		Points: Points{
			PerYuan: cmp.Or(p.PointsPerYuan, 100), ValidDays: p.PointDays, ClearDate: clearDate(p.PointClear),
			Earn: Earn{
				Points: p.Earn.Points, Fen: p.Earn.Fen, PayMethods: listed(p.Earn.Pay), ExcludedGoods: listed(p.Earn.Without), MemberAssets: p.Earn.Assets,
			},
			RefundShortfall:   shortfalls[cmp.Or(p.EarnBack, ledger.ShortfallDebt)],
			TakeBackShortfall: shortfalls[cmp.Or(p.GrantBack, ledger.ShortfallRefuse)],
			RefundDays:        p.Window[ledger.Points] / dayMs,
		},
		Vouchers: Vouchers{RefundDays: p.Window[ledger.Coupons] / dayMs, GraceDays: p.VoucherGrace},
		Refunds:  Refunds{OtherShop: "allow", GraceDays: p.GraceDays, ApplyDays: p.ApplyFor() / dayMs},
		Members:  Members{UnmergeDays: p.UnmergeFor() / dayMs},
		Levels:   []Level{},
		Sweep:    Sweep{SharePercent: cmp.Or(p.SweepShare, 20)},
		Registries: Registries{
			BizTypes: listed(b.BizTypes), BizChannels: listed(b.BizChannels), OuterTypes: listed(b.OuterTypes), OperatorTypes: listed(b.OperatorTypes),
			Channels: []Channel{}, Reasons: []Reason{},
		},
	}
	if p.ForbidOtherShop {
		d.Refunds.OtherShop = "forbid"
	}
	for _, r := range p.Recharge {
		d.StoredValue.RechargeTiers = append(d.StoredValue.RechargeTiers, Tier{r.Real, r.Gift})
	}
	for _, l := range b.Levels {
		d.Levels = append(d.Levels, Level{l.ID, l.Name, cmp.Or(l.Rate, 100)})
	}
	for _, c := range b.Channels {
		d.Registries.Channels = append(d.Registries.Channels, Channel{c.Code, c.Name})
	}
	for _, r := range b.Reasons {
		d.Registries.Reasons = append(d.Registries.Reasons, Reason{r.ID, r.Text, r.Tip, r.Tags})
	}
	return d
}

// listed is a list that is written as one when it is empty.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Apply makes the document the brand's rules. It must have been checked. What the document has as the default is kept as such, so that a
// brand which never changed a rule follows the defaults.
func (d *Document) Apply(b *ledger.Brand) {
	v, pt, p := &d.StoredValue, &d.Points, &b.Policy
	p.Deduction, p.NoDirectDebit, p.Gift = deductions.of(v.DeductionOrder), !v.DirectDebit, gifts.of(v.GiftSpent)
	p.HoldTTL, p.ValueDays, p.RechargeGift = unless(v.HoldSeconds*1000, 30*60*1000), v.ValidDays, v.RechargeGift
	p.Recharge = nil
	for _, t := range v.RechargeTiers {
		p.Recharge = append(p.Recharge, ledger.RechargeRule{Real: t.Real, Gift: t.Gift})
	}
	p.Window = [ledger.Families]int64{ledger.Value: v.RefundDays * dayMs, ledger.Points: pt.RefundDays * dayMs, ledger.Coupons: d.Vouchers.RefundDays * dayMs}
	p.PointsPerYuan, p.PointDays, p.PointClear = unless(pt.PerYuan, 100), pt.ValidDays, monthDay(pt.ClearDate)
	p.Earn = ledger.EarnRule{
		Points: pt.Earn.Points, Fen: pt.Earn.Fen, Pay: kept(pt.Earn.PayMethods), Without: kept(pt.Earn.ExcludedGoods), Assets: pt.Earn.MemberAssets,
	}
	p.EarnBack = unless(shortfalls.of(pt.RefundShortfall), ledger.ShortfallDebt)
	p.GrantBack = unless(shortfalls.of(pt.TakeBackShortfall), ledger.ShortfallRefuse)
	p.VoucherGrace, p.GraceDays, p.ForbidOtherShop = d.Vouchers.GraceDays, d.Refunds.GraceDays, d.Refunds.OtherShop == "forbid"
	p.ApplyDays, p.SweepShare = unless(d.Refunds.ApplyDays, 7), unless(d.Sweep.SharePercent, 20)
	p.UnmergeDays = unless(d.Members.UnmergeDays, 30)

	b.Levels, b.Channels, b.Reasons = nil, nil, nil
	for _, l := range d.Levels {
		b.Levels = append(b.Levels, ledger.Level{ID: l.ID, Name: l.Name, Rate: unless(l.EarnPercent, 100)})
	}
	g := &d.Registries
	b.BizTypes, b.BizChannels, b.OuterTypes, b.OperatorTypes = kept(g.BizTypes), kept(g.BizChannels), kept(g.OuterTypes), kept(g.OperatorTypes)
	for _, c := range g.Channels {
		b.Channels = append(b.Channels, ledger.Channel{Code: c.Code, Name: c.Name})
	}
	for _, r := range g.Reasons {
		b.Reasons = append(b.Reasons, ledger.Reason{ID: r.ID, Text: r.Text, Tip: r.Tip, Tags: kept(r.Tags)})
	}
}

// unless is a value, or its zero if it is the default.
func unless[T comparable](v, usual T) (zero T) {
	if v == usual {
		return zero
	}
	return v
}

// kept is a list as a brand has it: none is nil.
func kept[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// clearDate and monthDay are a day of the year as "01-03" and as 103; "" and 0 are none.
func clearDate(day int64) string {
	if day == 0 {
		return ""
	}
	return fmt.Sprintf("%02d-%02d", day/100, day%100)
}

func monthDay(date string) int64 {
	t, err := time.Parse("2006-01-02", "2001-"+date) // no leap year: a day that is not in every year is none
	if err != nil {
		return 0
	}
	return int64(t.Month())*100 + int64(t.Day())
}

// Check says what is wrong with a document that the schema cannot say.
func (d *Document) Check() (problems []Problem) {
	bad := func(path, remedy string) { problems = append(problems, Problem{path, remedy}) }
	if c := d.Points.ClearDate; c != "" && monthDay(c) == 0 {
		bad("points.clear_date", "is no day of every year; want month and day like 01-03")
	}
	if e := d.Points.Earn; (e.Points == 0) != (e.Fen == 0) {
		bad("points.earn", "points and fen belong together; set both, or both to 0 to earn nothing")
	}
	for i, t := range d.StoredValue.RechargeTiers {
		if i > 0 && t.Real <= d.StoredValue.RechargeTiers[i-1].Real {
			bad(fmt.Sprintf("stored_value.recharge_tiers[%d].real", i), "is not above the tier before; put the tiers in order of real")
		}
	}
	g := &d.Registries
	for _, list := range []struct {
		path  string
		names []string
	}{
		{"levels", names(d.Levels, func(l Level) string { return l.ID })},
		{"registries.channels", names(g.Channels, func(c Channel) string { return c.Code })},
		{"registries.reasons", names(g.Reasons, func(r Reason) string { return strconv.FormatInt(r.ID, 10) })},
	} {
		seen := map[string]bool{}
		for i, n := range list.names {
			if seen[n] {
				bad(fmt.Sprintf("%s[%d]", list.path, i), strconv.Quote(n)+" comes twice; give it once")
			}
			seen[n] = true
		}
	}
	for i, c := range g.Channels {
		if t := (reverse.Tender{Code: c.Code}); t.Asset() {
			bad(fmt.Sprintf("registries.channels[%d].code", i), c.Code+" is a member asset; a channel is outside of the ledger")
		}
	}
	return problems
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = name(v)
	}
	return out
}
