package reverse

import (
	"maps"

	"recoup/internal/ledger"
)

// Keys are what a batch reads, of the ledger and of WDK orders.
type Keys struct {
	*ledger.Keys
	Subs     map[int64]struct{}  // sub-order or main numbers: their order with every reverse, and the ledger histories of its member-asset tenders
	Outs     map[string]struct{} // out_order_id: likewise
	OutSubs  map[string]struct{} // out_sub_order_id: likewise
	Quotes   map[string]struct{} // tokens, and the order they quote
	Reverses map[int64]struct{}  // reverse ids: their order likewise
	Stores   map[string]struct{} // stores whose live quotes are to be counted
}

// NewKeys returns empty sets.
func NewKeys() *Keys {
	return &Keys{
		Keys: ledger.NewKeys(), Subs: map[int64]struct{}{}, Outs: map[string]struct{}{}, OutSubs: map[string]struct{}{},
		Quotes: map[string]struct{}{}, Reverses: map[int64]struct{}{}, Stores: map[string]struct{}{},
	}
}

// Merge adds what other keys read.
func (k *Keys) Merge(o *Keys) {
	k.Keys.Merge(o.Keys)
	maps.Copy(k.Subs, o.Subs)
	maps.Copy(k.Outs, o.Outs)
	maps.Copy(k.OutSubs, o.OutSubs)
	maps.Copy(k.Quotes, o.Quotes)
	maps.Copy(k.Reverses, o.Reverses)
	maps.Copy(k.Stores, o.Stores)
}

// head notes what every command reads: its idempotency key.
func (k *Keys) head(h *ledger.Head) {
	if !h.Request.IsZero() {
		k.Requests[h.Request] = struct{}{}
	}
}

// card notes that the account of a gift card is wanted.
func (k *Keys) card(no string) { k.Idents[ledger.Ident{Type: ledger.ByCard, Text: no}] = struct{}{} }

// State is a batch's state of ledger and WDK orders.
type State struct {
	*ledger.State
	WdkOrders  map[int64]*Order // by main number
	SubOf      map[int64]int64  // sub-order → main number
	OutOf      map[string]int64 // out_order_id → main number
	OutSubOf   map[string]int64 // out_sub_order_id → sub-order number
	Quotes     map[string]*Quote
	Reverses   map[int64]*Reverse // every reverse of the loaded orders
	LiveQuotes map[string]int     // by store

	Wdk WdkChanges
}

// WdkChanges is what a batch did to orders, quotes and reverses.
type WdkChanges struct {
	Orders   ledger.Set[*Order]
	Quotes   ledger.Set[*Quote]
	Reverses ledger.Set[*Reverse]
}

// NewState returns an empty state of a brand.
func NewState(b *ledger.Brand) *State {
	return &State{
		State: ledger.NewState(b), WdkOrders: map[int64]*Order{}, SubOf: map[int64]int64{}, OutOf: map[string]int64{},
		OutSubOf: map[string]int64{}, Quotes: map[string]*Quote{}, Reverses: map[int64]*Reverse{}, LiveQuotes: map[string]int{},
	}
}

// PutOrder adds an order with its numbers.
func (s *State) PutOrder(o *Order) {
	s.WdkOrders[o.Main] = o
	s.OutOf[o.Out] = o.Main
	for i := range o.Subs {
		s.SubOf[o.Subs[i].No] = o.Main
		if o.Subs[i].Out != "" {
			s.OutSubOf[o.Subs[i].Out] = o.Subs[i].No
		}
	}
}

// Empty reports whether there is nothing to save.
func (s *State) Empty() bool {
	return s.Changes.Empty() && len(s.Wdk.Orders.List) == 0 && len(s.Wdk.Quotes.List) == 0 && len(s.Wdk.Reverses.List) == 0
}
