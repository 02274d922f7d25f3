package ledger

import "maps"

// Who names the member of a call by any of the identifiers it may carry. The empty string is absent.
type Who struct {
	Customer  string // customer_id
	Mobile    string
	OuterType string
	Outer     string
	Card      string   // card_id: the account to use; empty means the member card
	Digests   []Digest // keyed digests of mobile and outer id, in that order, of those given; kept with the operation
}

// Idents lists the identifiers given.
func (w *Who) Idents() []Ident {
	out := make([]Ident, 0, 4)
	if w.Customer != "" {
		out = append(out, Ident{Type: ByCustomer, Text: w.Customer})
	}
	if w.Mobile != "" {
		out = append(out, Ident{Type: ByMobile, Text: w.Mobile})
	}
	if w.Outer != "" {
		out = append(out, Ident{Type: ByOuter, Outer: w.OuterType, Text: w.Outer})
	}
	if w.Card != "" {
		out = append(out, Ident{Type: ByCard, Text: w.Card})
	}
	return out
}

// Head is what every command carries: who asks, for whom, under which keys.
type Head struct {
	App          string
	Method       string
	RequestID    string
	Request      Digest // app, brand, method, request_id
	Content      Digest // normalised fields as sent, without operator, reason and remark
	Signed       int64  // the caller's signed timestamp, milliseconds since 1970
	Shop         string // shop_id, "" if not given
	ShopAlias    string // out_shop_id, "" if not given
	Operator     string
	OperatorName string
	Reason       string
	Who          Who
	Mismatch     Code // refusal when the request key comes again with other content; 0 means IdempotentMismatch
}

// Common gives access to the head of any command.
func (h *Head) Common() *Head { return h }

// A Command is one wish to change the books of one brand. The set is closed: decide is ours alone.
type Command interface {
	Common() *Head
	Keys(*Keys)                   // what it reads
	decide(*State, *Stamp) Result // one straight function: look up, limits, then changes that cannot fail
}

// Keys are what a batch of commands reads, as sets. The store loads all of it at once.
type Keys struct {
	Requests map[Digest]struct{} // idempotency keys: operations and remembered refusals
	Refunds  map[Digest]struct{} // refund keys
	Orders   map[string]struct{} // business numbers: whole history, open holds, tombstones, the lots and vouchers touched, and the members of all these
	Unnamed  map[string]struct{} // of Orders those whose commands name no member: only the history tells whom they are about
	Idents   map[Ident]struct{}  // members with their accounts, and what is due of them: lots, and holds with the histories of their numbers
	Spends   map[Ident]struct{}  // members whose open lots are wanted too, a page per account and kind in spending order
	AllLots  map[Ident]struct{}  // members whose open lots are wanted to the last (after ErrNeedLots)
	Vouchers map[string]struct{} // voucher ids
	TombApps map[string]struct{} // apps whose numbers with live tombstones are to be counted
	Wallets  map[Ident]struct{}  // reads only: members with every open lot and all their vouchers
}

// NewKeys returns empty sets.
func NewKeys() *Keys {
	return &Keys{
		Requests: map[Digest]struct{}{}, Refunds: map[Digest]struct{}{}, Orders: map[string]struct{}{},
		Unnamed: map[string]struct{}{}, Idents: map[Ident]struct{}{}, Spends: map[Ident]struct{}{}, AllLots: map[Ident]struct{}{},
		Vouchers: map[string]struct{}{}, TombApps: map[string]struct{}{}, Wallets: map[Ident]struct{}{},
	}
}

// Merge adds what other keys read.
func (k *Keys) Merge(o *Keys) {
	maps.Copy(k.Requests, o.Requests)
	maps.Copy(k.Refunds, o.Refunds)
	maps.Copy(k.Orders, o.Orders)
	maps.Copy(k.Unnamed, o.Unnamed)
	maps.Copy(k.Idents, o.Idents)
	maps.Copy(k.Spends, o.Spends)
	maps.Copy(k.AllLots, o.AllLots)
	maps.Copy(k.Vouchers, o.Vouchers)
	maps.Copy(k.TombApps, o.TombApps)
	maps.Copy(k.Wallets, o.Wallets)
}

// add notes what every command reads: its idempotency key and its member.
func (k *Keys) add(h *Head) {
	if !h.Request.IsZero() {
		k.Requests[h.Request] = struct{}{}
	}
	for _, id := range h.Who.Idents() {
		k.Idents[id] = struct{}{}
	}
}

// spend notes that open lots of the command's member are wanted.
func (k *Keys) spend(h *Head) {
	for _, id := range h.Who.Idents() {
		k.Spends[id] = struct{}{}
	}
}

// order notes the business number of a command.
func (k *Keys) order(h *Head, no string) {
	if no == "" {
		return
	}
	k.Orders[no] = struct{}{}
	if len(h.Who.Idents()) == 0 {
		k.Unnamed[no] = struct{}{}
	}
}

// undo notes what every reversal reads.
func (k *Keys) undo(h *Head, order string, refund Digest) {
	k.add(h)
	k.order(h, order)
	k.TombApps[h.App] = struct{}{}
	if !refund.IsZero() {
		k.Refunds[refund] = struct{}{}
	}
}
