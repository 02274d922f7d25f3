package ledger

import (
	"errors"
	"fmt"
	"slices"
)

// LotPage is how many open lots per account and kind a store loads for a spend, in spending order. A lot is open while it has a
// balance; a store may leave out of the page what is pinned whole or due, for neither can be spent.
const LotPage = 64

// ErrNeedLots asks for the batch to be loaded again with every open lot of a member: the first page did not reach.
type ErrNeedLots struct{ Member string }

func (e *ErrNeedLots) Error() string { return "ledger: need all open lots of member " + e.Member }

var errUnbalanced = errors.New("ledger: operation does not balance")

// A Refusal is a remembered refusal of a debit, so that a delayed duplicate cannot debit later (semantics.md §3).
type Refusal struct {
	Request Digest
	Content Digest
	Result  Result
	Until   int64  // milliseconds since 1970; forgotten when stamp ≥ Until
	Order   string // the business number that was refused
	Method  string
	App     string
	Shop    string // as the caller named it: shop_id or out_shop_id
}

// At is when it was refused, in milliseconds since 1970.
func (r *Refusal) At() int64 { return r.Until - remember }

// TombKey names a tombstone.
type TombKey struct {
	App    string
	Order  string
	Family Family
	Charge bool // direction: it stands against charges and grants, else against spends and freezes
}

// A Tombstone remembers an undo that came before its original.
type Tombstone struct {
	TombKey
	Signed int64  // the undo's signed timestamp
	Amount Amount // 0: the undo named none
	Member string
	Until  int64
}

// TombstonesMax bounds the numbers for which an app has live tombstones in a brand.
const TombstonesMax = 1000

// How long refusals and tombstones are kept: twice the signature window.
const remember = 20 * 60 * second

// State is what a batch loaded, and what its decisions changed. A store fills the maps; Decide reads and changes them in place
// and notes every change; the store then saves Changes. It belongs to one goroutine.
type State struct {
	Brand *Brand

	Members   map[string]*Member
	Idents    map[Ident]string    // identifiers that name a member: its id
	Accounts  map[string]*Account // by account id
	Purses    map[string][]string // account ids of a member, in order of creation
	Cards     map[string]string   // card_id → account id
	Lots      map[LotID]*Lot
	Complete  map[string]bool // accounts of which every open lot is loaded
	Paged     map[string]bool // accounts of which the first LotPage open lots of each kind are loaded
	Holds     map[HoldKey]*Hold
	Vouchers  map[string]*Voucher
	Orders    map[string][]*Op // history of a business number, by ordinal
	Requests  map[Digest]*Op
	Refunds   map[Digest]*Op
	Refusals  map[Digest]*Refusal
	Tombs     map[TombKey]*Tombstone
	TombCount map[string]int // numbers with live tombstones, by app

	Printer Printer // nil: no document is printed

	Changes Changes

	// Owned by Decide: indexes over what was loaded, made once a batch.
	shelves   map[string]*shelf  // lots by account
	byMember  map[string][]*Hold // holds that were open before this batch: those of this batch cannot be due in it
	settled   map[string]bool    // members with nothing left to expire at this stamp
	unsettled []string           // members to settle again after the command
	freed     []*Lot             // points that came to an account that owes
	left      []any              // documents that the command changed
	need      *ErrNeedLots
}

// Changes is what a batch did, for the store to save. Every entity appears once, in the order of its first change, and says how it is at
// the end of the batch: but for identifiers, what is to be saved is never also to be deleted.
type Changes struct {
	Ops         []*Op
	Members     Set[*Member]
	Unbound     []Ident    // given up by the member they named
	Idents      Set[Ident] // then bound to a member, maybe after another gave it up: State.Idents tells which
	Accounts    Set[*Account]
	Lots        Set[*Lot]
	Holds       Set[*Hold] // open
	Ended       []HoldKey  // ended, and none is open under the key
	Vouchers    Set[*Voucher]
	Refusals    []*Refusal
	Tombs       []*Tombstone
	TombsLifted []TombKey
}

// without is a list less every occurrence of x.
func without[T comparable](list []T, x T) []T {
	return slices.DeleteFunc(list, func(y T) bool { return y == x })
}

// Empty reports whether there is nothing to save.
func (c *Changes) Empty() bool {
	return len(c.Ops) == 0 && len(c.Refusals) == 0 && len(c.Tombs) == 0 && len(c.TombsLifted) == 0
}

// Set is a list of distinct things in order of first addition.
type Set[T comparable] struct {
	List []T
	has  map[T]struct{}
}

// Add puts x into the set.
func (s *Set[T]) Add(x T) {
	if _, ok := s.has[x]; ok {
		return
	}
	if s.has == nil {
		s.has = map[T]struct{}{}
	}
	s.has[x] = struct{}{}
	s.List = append(s.List, x)
}

// Remove takes x out of the set.
func (s *Set[T]) Remove(x T) {
	if _, ok := s.has[x]; !ok {
		return
	}
	delete(s.has, x)
	for i := range s.List {
		if s.List[i] == x {
			s.List = slices.Delete(s.List, i, i+1)
			return
		}
	}
}

// NewState returns an empty state of a brand.
func NewState(b *Brand) *State {
	return &State{
		Brand: b, Members: map[string]*Member{}, Idents: map[Ident]string{}, Accounts: map[string]*Account{},
		Purses: map[string][]string{}, Cards: map[string]string{}, Lots: map[LotID]*Lot{}, Complete: map[string]bool{}, Paged: map[string]bool{},
		Holds: map[HoldKey]*Hold{}, Vouchers: map[string]*Voucher{}, Orders: map[string][]*Op{},
		Requests: map[Digest]*Op{}, Refunds: map[Digest]*Op{}, Refusals: map[Digest]*Refusal{},
		Tombs: map[TombKey]*Tombstone{}, TombCount: map[string]int{},
	}
}

// Grow makes room in an empty state for as many commands, each of a member with an account or two.
func (s *State) Grow(commands int) {
	s.Members, s.Idents = make(map[string]*Member, commands), make(map[Ident]string, 2*commands)
	s.Accounts, s.Purses, s.Cards = make(map[string]*Account, 2*commands), make(map[string][]string, commands), make(map[string]string, commands)
	s.Lots, s.Orders, s.Requests = make(map[LotID]*Lot, commands), make(map[string][]*Op, commands), make(map[Digest]*Op, commands)
}

// PutMember, PutAccount and PutOp keep the maps that belong together in step. Stores fill the state through them.
func (s *State) PutMember(m *Member) {
	s.Members[m.ID] = m
	s.Idents[Ident{Type: ByCustomer, Text: m.ID}] = m.ID
}

// PutAccount adds an account, its card and its owner's list.
func (s *State) PutAccount(a *Account) {
	if _, ok := s.Accounts[a.ID]; !ok {
		s.Purses[a.Member] = append(s.Purses[a.Member], a.ID)
	}
	s.Accounts[a.ID] = a
	if a.Card != "" {
		s.Cards[a.Card] = a.ID
		s.Idents[Ident{Type: ByCard, Text: a.Card}] = a.Member
	}
}

// PutOp adds an operation to the indexes it is found by. Histories must be added in order of their ordinals; adding one twice is harmless.
func (s *State) PutOp(o *Op) {
	if h := s.Orders[o.Order]; o.Order != "" && o.Ordinal == len(h)+1 {
		s.Orders[o.Order] = append(h, o)
	}
	s.IndexOp(o)
}

// IndexOp adds an operation to the request and refund indexes alone.
func (s *State) IndexOp(o *Op) {
	if !o.Request.IsZero() {
		s.Requests[o.Request] = o
	}
	if !o.Refund.IsZero() {
		s.Refunds[o.Refund] = o
	}
}

// account returns the loaded account that a posting's lot lies in.
func (s *State) account(id string) *Account {
	a := s.Accounts[id]
	if a == nil {
		panic(fmt.Sprintf("ledger: account %s not loaded", id))
	}
	return a
}

// lot returns a loaded lot.
func (s *State) lot(id LotID) *Lot {
	l := s.Lots[id]
	if l == nil {
		panic(fmt.Sprintf("ledger: lot %s not loaded", id))
	}
	return l
}
