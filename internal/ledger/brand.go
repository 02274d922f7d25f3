package ledger

import (
	"cmp"
	"time"
)

// A Brand is the tenant with the rules it works by. The rules are data with a version: every change makes a new version,
// and an operation records the one it was decided under (semantics.md P6). A Brand is never changed once published.
// Zero values are the documented defaults.
type Brand struct {
	ID      string // brand_id
	Alias   string // out_brand_id
	Name    string
	Serial  int64 // upper 21 bits of every number the brand issues
	Version int64
	Closed  bool   `json:",omitempty"` // no call is answered; what is booked stays
	Pepper  string // secret that keys the digests of mobile numbers and outer ids; never shown

	Shops     map[string]*Shop     // by shop_id
	Templates map[string]*Template // by voucher_template_id
	Levels    []Level              `json:",omitempty"` // grades of members, from the lowest
	Policy    Policy

	// Registries: the enum values the brand adds to the platform's own.
	BizTypes      []string // of reversepoint
	BizChannels   []string
	OuterTypes    []string
	OperatorTypes []int64   // WDK: types with a store clerk's rights, besides 6
	Channels      []Channel // WDK: external tenders, besides 10001 to 10004
	Reasons       []Reason  // WDK: refund reasons; empty means 1001 to 1005
}

// A Shop is a place of business; as a WDK store its shop_id is the store_id.
type Shop struct {
	ID    string
	Alias string // out_shop_id
	Name  string

	// WDK store policies.
	Waterfall   bool // fill channels that were not given, in quote order; default strict
	NoAutoAgree bool // reverses wait for approval; default: store clerks agree at once

	Open, Close int64 `json:",omitempty"` // when goods are picked up, in minutes of the day, GMT+8; both 0: 09:00 to 21:00
}

// Hours is when the shop has goods picked up, in minutes of the day.
func (s *Shop) Hours() (open, end int64) {
	if s.Open == 0 && s.Close == 0 {
		return 9 * 60, 21 * 60
	}
	return s.Open, s.Close
}

// ShopByAlias finds a shop by its out_shop_id, nil if there is none.
func (b *Brand) ShopByAlias(alias string) *Shop {
	for _, s := range b.Shops {
		if s.Alias == alias {
			return s
		}
	}
	return nil
}

// A Template says what a voucher is worth and when.
type Template struct {
	ID              string
	Name            string
	Type            string   // AMOUNT, DISCOUNT, GIFT, MULTI
	Amount          Amount   // face value in fen
	Discount        string   // "8.5" = 15 % off, in the platform's notation
	Threshold       Amount   // least order sum in fen
	Uses            Amount   // per instance; 0 means 1
	Days            int64    // valid for so many days from issue; 0: Start to End
	Start, End      int64    // milliseconds since 1970; End Never: no end
	Shops           []string // shop_ids where it may be used; empty: everywhere
	Description     string
	ReissueOnReturn bool // a returned voucher gets a new code
	Stopped         bool // no longer issued
	Changed         int64
}

// A Level is a grade of members.
type Level struct {
	ID   string // level_id
	Name string
	Rate int64 // percent of the points that its members earn; 0 means 100
}

// Level finds a grade by its id and tells its place, from 1; nil and 0 if there is none.
func (b *Brand) Level(id string) (*Level, int64) {
	for i := range b.Levels {
		if b.Levels[i].ID == id {
			return &b.Levels[i], int64(i + 1)
		}
	}
	return nil, 0
}

// A Channel is a tender outside the ledger.
type Channel struct{ Code, Name string }

// A Reason is why a reverse is asked for.
type Reason struct {
	ID   int64
	Text string
	Tip  string
	Tags []string
}

// DeductionOrder says which kind of stored value a spend takes first.
type DeductionOrder uint8

// The deduction orders. On the wire they are 1, 2 and 0.
const (
	RealFirst DeductionOrder = iota
	GiftFirst
	Proportional
)

// GiftPolicy says what a charge refund does when the gift of that charge was spent.
type GiftPolicy uint8

// The gift policies.
const (
	GiftRefuse GiftPolicy = iota // GIFT_SPENT with the amount refundable now
	GiftDeduct                   // take it from the member's other gift, then real lots
	GiftAbsorb                   // book it as the brand's loss
)

// Policy is what a brand decides for itself. Durations are milliseconds.
type Policy struct {
	Deduction       DeductionOrder
	NoDirectDebit   bool  // recharge.operate 3 needs a hold
	HoldTTL         int64 // 0 means 30 minutes
	Gift            GiftPolicy
	RechargeGift    bool // recharge.operate 1 grants gift by Recharge
	Recharge        []RechargeRule
	ForbidOtherShop bool            // reversals only at the shop of the original
	Window          [Families]int64 // reversals so long after the original; 0: no limit
	GraceDays       int64           // lots that expired while spent come back with so many days
	VoucherGrace    int64           // days, likewise for vouchers
	ValueDays       int64           // lots of stored value live so many days; 0: for ever
	PointDays       int64           // clear rule: points live so many days; 0: for ever
	PointClear      int64           // clear rule: month*100 + day on which points of before end, in GMT+8; 0: none. The earlier of the two counts
	Earn            EarnRule        // what bills earn
	EarnBack        Shortfall       // points that a refunded bill should give back and that are spent; default: owed
	GrantBack       Shortfall       // likewise for extra.consume; default: refused
	ApplyDays       int64           // WDK: reverses that wait for approval are cancelled after so many days; 0 means 7
	SweepShare      int64           // percent of the members with dated lots that may expire at once without an operator's word; 0 means 20
	UnmergeDays     int64           // a merge of members can be undone for so many days; 0 means 30
	PointsPerYuan   int64           // deduction rule: points worth one yuan; 0 means 100
}

// An EarnRule says what a paid bill earns: Points for every Fen, whole points only, times the rate of the member's level.
type EarnRule struct {
	Points, Fen Amount   // Fen 0: nothing is earned
	Pay         []string // payment methods that earn; none: all that are not the ledger's own
	Without     []string // goods that earn nothing, by sku, spu or class; what is of class GIFT_CARD never does
	Assets      bool     // what is paid with points, vouchers and given value earns too
}

// Shortfall says what becomes of points that are to be taken back and are not there.
type Shortfall uint8

// The shortfall policies.
const (
	ShortfallDefault Shortfall = iota
	ShortfallRefuse            // INSUFFICIENT_POINT
	ShortfallDebt              // owed: later points repay it first
	ShortfallAbsorb            // the brand's loss
)

// A RechargeRule gives Gift fen for a charge of at least Real fen; the largest Real that fits applies.
type RechargeRule struct{ Real, Gift Amount }

const (
	second = int64(1000)
	day    = 24 * 60 * 60 * second
)

// HoldFor is how long a hold lives.
func (p *Policy) HoldFor() int64 {
	if p.HoldTTL > 0 {
		return p.HoldTTL
	}
	return 30 * 60 * second
}

// UnmergeFor is how long after a merge of members it can be undone.
func (p *Policy) UnmergeFor() int64 { return cmp.Or(p.UnmergeDays, 30) * day }

// ApplyFor is how long a reverse may wait for approval.
func (p *Policy) ApplyFor() int64 { return cmp.Or(p.ApplyDays, 7) * day }

// GiftFor is the gift that a charge of so many fen earns.
func (p *Policy) GiftFor(real Amount) Amount {
	var best RechargeRule
	for _, r := range p.Recharge {
		if r.Real <= real && r.Real >= best.Real {
			best = r
		}
	}
	return best.Gift
}

// pointsEnd is when points that are credited now end: by the days they live or by the day of the year that clears them, whichever comes
// first.
func (p *Policy) pointsEnd(at int64) int64 {
	end := deadline(at, p.PointDays)
	if p.PointClear == 0 {
		return end
	}
	now := time.UnixMilli(at).In(gmt8)
	clear := time.Date(now.Year(), time.Month(p.PointClear/100), int(p.PointClear%100), 0, 0, 0, 0, gmt8)
	if !clear.After(now) {
		clear = time.Date(now.Year()+1, time.Month(p.PointClear/100), int(p.PointClear%100), 0, 0, 0, 0, gmt8)
	}
	if ms := clear.UnixMilli(); end == Never || ms < end {
		return ms
	}
	return end
}

// deadline is the moment so many days after another, or Never for 0 days.
func deadline(at, days int64) int64 {
	if days == 0 {
		return Never
	}
	return at + days*day
}
