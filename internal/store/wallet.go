package store

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"recoup/internal/ledger"
)

// A Wallet is what lies in a member's row besides the member: the accounts, and of each the lots granted last. A charge then reads and
// writes one row of one page where it would touch three. Older lots lie in a table of their own, for a row must not grow for ever.
//
// Its text is a line for each account, followed by a line for each of its lots. Lots are read when they are asked for: a charge only
// adds one. The zero Wallet is that of a new member.
type Wallet struct {
	Accounts []*ledger.Account // as they were read, in PurseOrder
	recent   []recent          // in the order of their text, then of the first lot
}

// recentMax is how many lots of an account a wallet keeps. One more, and the older half leaves: seldom, and as neighbours.
const recentMax = 16

// recent are the newest lots of an account.
type recent struct {
	account string
	text    string        // the lines, until they are read
	lots    []*ledger.Lot // read, by number
	fresh   []*ledger.Lot // added, by number
	last    int64         // number of the newest lot when the text was written
}

// of are the newest lots of an account, nil when it has none here. Most members have two accounts, which are found without a map. nth is
// where to look first.
func (w *Wallet) of(account string, nth int) *recent {
	if nth < len(w.recent) && w.recent[nth].account == account {
		return &w.recent[nth]
	}
	for i := range w.recent {
		if w.recent[i].account == account {
			return &w.recent[i]
		}
	}
	return nil
}

// Has reports whether an account was in the wallet when that was read.
func (w *Wallet) Has(account string) bool {
	return slices.ContainsFunc(w.Accounts, func(a *ledger.Account) bool { return a.ID == account })
}

// ParseWallet reads what Append wrote of a member, but for the lots.
func ParseWallet(member string, text []byte) (*Wallet, error) {
	rest := string(text)
	n := strings.Count(rest, "\n[") + 1
	w := &Wallet{Accounts: make([]*ledger.Account, 0, n), recent: make([]recent, 0, n)}
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		a, err := parseAccount(member, line)
		if err != nil {
			return nil, err
		}
		end := 0 // of its lots
		if after != "" && after[0] != '[' {
			if end = strings.Index(after, "\n[") + 1; end == 0 {
				end = len(after)
			}
		}
		w.Accounts = append(w.Accounts, a)
		w.recent = append(w.recent, recent{account: a.ID, text: after[:end], last: a.Lots})
		rest = after[end:]
	}
	slices.SortFunc(w.Accounts, PurseOrder)
	return w, nil
}

// WalletOf reads the wallet that an account lies in, and the account.
func WalletOf(member string, text []byte, account string) (*Wallet, *ledger.Account, error) {
	w, err := ParseWallet(member, text)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(w.Accounts, func(a *ledger.Account) bool { return a.ID == account })
	if i < 0 {
		return nil, nil, fmt.Errorf("store: account %s is not in its member's wallet", account)
	}
	return w, w.Accounts[i], nil
}

// Append appends the text of the accounts with their lots, as they are now, and hands out the lots that have no place any more: they
// belong into the table of lots from here on.
func (w *Wallet) Append(dst []byte, accounts []*ledger.Account) (text []byte, old []*ledger.Lot, err error) {
	homes := 0
	for i, a := range accounts {
		dst = append(AppendAccount(dst, a), '\n')
		r := w.of(a.ID, i)
		if r == nil {
			continue
		}
		homes++
		if strings.Count(r.text, "\n")+len(r.lots)+len(r.fresh) > recentMax {
			if _, err := w.Lots(a.ID); err != nil {
				return nil, nil, err
			}
			n := len(r.lots) - recentMax/2
			old = append(old, r.lots[:n]...)
			r.lots = r.lots[n:]
		}
		dst = append(dst, r.text...)
		for _, l := range r.lots {
			dst = appendLot(dst, l)
		}
		for _, l := range r.fresh {
			dst = appendLot(dst, l)
		}
	}
	if homes != len(w.recent) {
		return nil, nil, errors.New("store: a lot of an account that is not the member's")
	}
	return dst, old, nil
}

// Add puts a lot into its account: a new one, or how one of the newest is now.
func (w *Wallet) Add(l *ledger.Lot) error {
	r := w.of(l.Account, 0)
	if r == nil {
		w.recent = append(w.recent, recent{account: l.Account})
		r = &w.recent[len(w.recent)-1]
	}
	list := &r.fresh
	if l.N <= r.last { // else there is no need to read the others
		if _, err := w.Lots(l.Account); err != nil {
			return err
		}
		list = &r.lots
	}
	at, found := slices.BinarySearchFunc(*list, l, byNumber)
	if found {
		(*list)[at] = l
	} else {
		*list = slices.Insert(*list, at, l)
	}
	return nil
}

// Lots are the newest lots of an account, by number. Who changes them changes the wallet.
func (w *Wallet) Lots(account string) ([]*ledger.Lot, error) {
	r := w.of(account, 0)
	if r == nil {
		return nil, nil
	}
	if r.text != "" {
		i := slices.IndexFunc(w.Accounts, func(a *ledger.Account) bool { return a.ID == account })
		if i < 0 {
			return nil, errors.New("store: lots of account " + account + ", which is not in the wallet")
		}
		for line := range strings.Lines(r.text) {
			l, err := parseLot(line)
			if err != nil {
				return nil, err
			}
			l.Account, l.Member = account, w.Accounts[i].Member
			r.lots = append(r.lots, l)
		}
		r.text = ""
	}
	r.lots = append(r.lots, r.fresh...) // whose numbers are greater
	if n := len(r.lots); n > 0 {
		r.fresh, r.last = nil, max(r.last, r.lots[n-1].N)
	}
	return r.lots, nil
}

// Lot is one of the newest lots, nil when it is not among them.
func (w *Wallet) Lot(id ledger.LotID) (*ledger.Lot, error) {
	lots, err := w.Lots(id.Account)
	if err != nil {
		return nil, err
	}
	at, ok := slices.BinarySearchFunc(lots, &ledger.Lot{LotID: id}, byNumber)
	if !ok {
		return nil, nil
	}
	return lots[at], nil
}

// Spilled reports whether an account may have lots that are not in the wallet.
func (w *Wallet) Spilled(a *ledger.Account) bool {
	r := w.of(a.ID, 0)
	switch {
	case a.Lots == 0:
		return false
	case r == nil:
		return true
	case r.text != "":
		return !strings.HasPrefix(r.text, "1 ")
	case len(r.lots) > 0:
		return r.lots[0].N > 1
	case len(r.fresh) > 0:
		return r.fresh[0].N > 1
	}
	return true
}

// Open are the newest lots of an account of which something can be spent: open, and not due.
func (w *Wallet) Open(account string, at int64) (open []*ledger.Lot, err error) {
	lots, err := w.Lots(account)
	for _, l := range lots {
		if l.Free() > 0 && !l.Due(at) {
			open = append(open, l)
		}
	}
	return open, err
}

// Due are the lots in the wallet that have to be expired.
func (w *Wallet) Due(at int64) (due []*ledger.Lot, err error) {
	for _, a := range w.Accounts {
		lots, err := w.Lots(a.ID)
		if err != nil {
			return nil, err
		}
		for _, l := range lots {
			if l.Due(at) {
				due = append(due, l)
			}
		}
	}
	return due, nil
}

// Soonest is when the next of the lots in the wallet expires, math.MaxInt64 for never.
func (w *Wallet) Soonest() (int64, error) {
	soonest := int64(math.MaxInt64)
	for i := range w.recent {
		lots, err := w.Lots(w.recent[i].account)
		if err != nil {
			return 0, err
		}
		for _, l := range lots {
			if l.Free() > 0 && l.Expires != ledger.Never {
				soonest = min(soonest, l.Expires)
			}
		}
	}
	return soonest, nil
}

func byNumber(a, b *ledger.Lot) int { return cmp.Compare(a.N, b.N) }

// appendLot appends the line of a lot: number, kind, origin, granted, balance, held, deadline. What is as with most lots is left out from the
// end: all of it is there, nothing is held, it never ends.
func appendLot(dst []byte, l *ledger.Lot) []byte {
	dst = strconv.AppendInt(dst, l.N, 10)
	dst = strconv.AppendInt(append(dst, ' '), int64(l.Kind), 10)
	dst = l.Origin.Append(append(dst, ' '))
	figures, usual := [...]int64{int64(l.Granted), int64(l.Balance), int64(l.Held), l.Expires}, [...]int64{0, int64(l.Granted), 0, ledger.Never}
	n := len(figures)
	for n > 1 && figures[n-1] == usual[n-1] {
		n--
	}
	for _, figure := range figures[:n] {
		dst = strconv.AppendInt(append(dst, ' '), figure, 10)
	}
	return append(dst, '\n')
}

// parseLot reads what appendLot wrote.
func parseLot(line string) (*ledger.Lot, error) {
	r := &scanner{s: line}
	l := &ledger.Lot{Expires: ledger.Never}
	l.N = r.int()
	r.expect(' ')
	l.Kind = ledger.Kind(r.small(int64(ledger.Kinds) - 1))
	r.expect(' ')
	l.Origin = r.word()
	r.expect(' ')
	l.Granted = ledger.Amount(r.int())
	l.Balance = l.Granted
	for _, n := range [...]*int64{(*int64)(&l.Balance), (*int64)(&l.Held), &l.Expires} {
		if !strings.HasPrefix(r.s[r.i:], " ") {
			break
		}
		r.expect(' ')
		*n = r.int()
	}
	r.expect('\n')
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("lot: %w", err)
	}
	return l, nil
}

// word reads an id without quotes.
func (r *scanner) word() ledger.ID {
	from := r.i
	for r.i < len(r.s) && r.s[r.i] != ' ' {
		r.i++
	}
	id, ok := ledger.ParseID(r.s[from:r.i])
	if !ok {
		r.fail("not an id")
	}
	return id
}
