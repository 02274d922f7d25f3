package ledger

import "strconv"

// Kind says what a lot or a posting counts in.
type Kind uint8

// The kinds. Real, Gift and Pre are fen of stored value; Point is points; Use is uses of a voucher.
const (
	Real  Kind = iota // 实储: paid for by the member
	Gift              // 赠储: given by the brand
	Pre               // 预储: credited in advance
	Point             // 积分
	Use               // uses of voucher instances
	kinds
)

// Kinds is the number of kinds that live in lots (Use lives in vouchers).
const Kinds = int(Use)

var kindNames = [kinds]string{"real", "gift", "pre", "point", "use"}

func (k Kind) String() string { return kindNames[k] }

// Family groups the kinds that one order number speaks of together (semantics.md §3, order numbers).
type Family uint8

// The asset families.
const (
	Value   Family = iota // real, gift and pre lots
	Points                // point lots
	Coupons               // vouchers
	Families
)

var familyNames = [Families]string{"value", "point", "voucher"}

func (f Family) String() string { return familyNames[f] }

// Family returns the family the kind belongs to.
func (k Kind) Family() Family {
	switch k {
	case Real, Gift, Pre:
		return Value
	case Point:
		return Points
	case Use:
		return Coupons
	}
	return Families
}

// LotID names a lot: the account it lies in and its number there, from 1 in order of creation.
// The text is "account#number".
type LotID struct {
	Account string
	N       int64
}

func (l LotID) String() string { return l.Account + "#" + strconv.FormatInt(l.N, 10) }

// IsZero reports whether the id names no lot.
func (l LotID) IsZero() bool { return l.Account == "" }

// Never is the deadline of what does not expire.
const Never int64 = 0

// A Lot is a parcel of value or points with one origin, kind and expiry.
// Invariants: 0 ≤ Held ≤ Balance; Balance = granted − spent + returned − expired − voided.
type Lot struct {
	LotID
	Kind    Kind
	Member  string
	Origin  ID     // the operation that granted it
	Expires int64  // deadline in milliseconds since 1970, or Never; expired when stamp ≥ deadline
	Granted Amount // as first credited
	Balance Amount // holds included
	Held    Amount // pinned by open holds
}

// Free is what of the lot can be spent, voided or expired: the balance less what holds pin.
func (l *Lot) Free() Amount { return l.Balance - l.Held }

// Due reports whether something of the lot has to be expired at the given moment.
// What a hold pins does not expire before the hold ends.
func (l *Lot) Due(at int64) bool { return l.Expires != Never && at >= l.Expires && l.Free() > 0 }

// before is the spending order within a kind: earliest deadline first, what never expires last, then oldest.
func (l *Lot) before(m *Lot) int {
	switch a, b := l.Expires, m.Expires; {
	case a == b:
	case a == Never:
		return 1
	case b == Never, a < b:
		return -1
	default:
		return 1
	}
	if l.N != m.N {
		if l.N < m.N {
			return -1
		}
		return 1
	}
	return 0
}

// AccountType says what kind of purse an account is.
type AccountType uint8

// The account types.
const (
	MemberCard AccountType = iota // a member's default card
	OtherCard                     // a further card of a member
	GiftCard                      // a gift card; its owner may be a bearer
	PointPurse                    // a member's points
)

// An Account is where a member's stored value or points live. Its sums are a projection of its lots.
type Account struct {
	ID      string // also the account_id on the wire
	Card    string // card_id; "" for a point purse
	Member  string
	Type    AccountType
	Lots    int64         // lots ever created: the number of the newest
	Balance [Kinds]Amount // holds included
	Held    [Kinds]Amount
	Granted [Kinds]Amount // total ever granted
	Used    [Kinds]Amount // spent less returned; points also what was taken back
	Expired [Kinds]Amount
	Owed    Amount // points that a refund should have taken back and that were not there: later points repay them first
	SoldIn  int64  // gift cards: the WDK sub-order that sold it, 0 if none
	Closed  bool   // a cancelled gift card
	Created int64
	Changed int64
}

// Sum adds a per-kind figure over the kinds of a family.
func Sum(per [Kinds]Amount, f Family) Amount {
	if f == Points {
		return per[Point]
	}
	return per[Real] + per[Gift] + per[Pre]
}

// room is what may still be credited, so that no refund of what was spent can lift the balance above its bound.
func (a *Account) room(f Family) Amount { return BalanceMax - Sum(a.Balance, f) - Sum(a.Used, f) }

// Available is what can be spent: the balance less holds. It is exact once what is due has been expired.
func (a *Account) Available(f Family) Amount { return Sum(a.Balance, f) - Sum(a.Held, f) }
