package ledger

// IdentType says by what a member is named.
type IdentType uint8

// The identifier types.
const (
	ByCustomer IdentType = iota // customer_id
	ByMobile
	ByOuter // outer_id of an outer_type
	ByCard  // card_id
)

// An Ident is one name of a member of a brand: a customer id, a mobile number, an outer id, a card.
type Ident struct {
	Type  IdentType
	Outer string // outer_type (wechat, alipay, …) for ByOuter
	Text  string
}

// A Member is a customer of one brand. Name, mobile and outer ids are personal data: they live here alone and can be erased
// without touching the chain of operations.
type Member struct {
	ID       string
	Name     string
	Mobile   string
	Gender   string // the number as sent: 0 female, 1 male, 2 other; "" was never given
	Birthday string
	Remark   string
	Channel  string
	Address  string
	Email    string
	Invoice  string // title of invoices
	Level    string // level_id, one of the brand's levels
	Phone    string // landline
	Type     string // customer_type as sent: 0 customer, 1 member; "" was never given
	Tags     []string
	Outer    []Ident // ByOuter identifiers
	Frozen   bool
	Bearer   bool     // owner of an unbound gift card: no person
	Into     string   // the member that it was merged into, and that goes on for it
	Merged   int64    // when, in milliseconds since 1970
	From     []string // those that were merged into it
	Parted   []string // those it was one with, until Since
	Since    int64    // when a merge was undone last, in milliseconds since 1970
	Shop     string
	Created  int64
	Changed  int64
}
