package store

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"recoup/internal/ledger"
)

// A Wallet is what lies in a member's row besides the member: the accounts, and of each the lots granted last. A charge then reads and
// writes one row of one page where it would touch three. Older lots lie in a table of their own, for a row must not grow for ever.
//
// Its text is JSON, an array for each account: the account (AppendAccount), then its lots. Each is a line of its own, so a line feed ends
// it whatever a name holds. Lots are read when they are asked for: a charge only adds one. The zero Wallet is that of a new member.
type Wallet struct {
	Accounts []*ledger.Account // as they were read, in PurseOrder
	recent   []recent          // in the order of their text, then of the first lot
}

// recentMax is how many lots of an account a wallet keeps. One more, and the older half leaves: seldom, and as neighbours.
const recentMax = 16

// recent are the newest lots of an account.
type recent struct {
	account string
	text    string        // of the lots with what parts them, until they are read
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

// What stands in a wallet's text before an account, before a lot and at the end.
const (
	nextAccount = "\n["
	nextLot     = ",\n"
	lastLine    = "\n]"
)

// ParseWallet reads what Append wrote of a member, but for the lots.
func ParseWallet(member string, text []byte) (*Wallet, error) {
	all := string(text)
	n := strings.Count(all, nextAccount+"[")
	w := &Wallet{Accounts: make([]*ledger.Account, 0, n), recent: make([]recent, 0, n)}
	rest, begun := strings.CutPrefix(all, "[")
	for i := range n {
		end := strings.Index(rest[1:], nextAccount+"[") + 1
		if i == n-1 {
			end = len(rest) - len(lastLine)
		}
		one := rest[len(nextAccount):max(end, len(nextAccount))]
		if i < n-1 {
			one = strings.TrimSuffix(one, ",")
		}
		one, closed := strings.CutSuffix(one, "]")
		account, lots, _ := strings.Cut(one, nextLot)
		a, err := ParseAccount(member, account)
		if err != nil {
			return nil, err
		}
		if !closed {
			return nil, fmt.Errorf("%w: the lots of account %s have no end", errText, a.ID)
		}
		w.Accounts = append(w.Accounts, a)
		w.recent = append(w.recent, recent{account: a.ID, text: lots, last: a.Lots})
		rest = rest[end:]
	}
	if !begun || rest != lastLine {
		return nil, fmt.Errorf("%w: a wallet begins with [ and ends with a line of ]", errText)
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
	dst = append(dst, '[')
	for i, a := range accounts {
		if i > 0 {
			dst = append(dst, "],"...)
		}
		dst = AppendAccount(append(dst, nextAccount...), a)
		r := w.of(a.ID, i)
		if r == nil {
			continue
		}
		homes++
		if r.written()+len(r.lots)+len(r.fresh) > recentMax {
			if _, err := w.Lots(a.ID); err != nil {
				return nil, nil, err
			}
			n := len(r.lots) - recentMax/2
			old = append(old, r.lots[:n]...)
			r.lots = r.lots[n:]
		}
		if r.text != "" {
			dst = append(append(dst, nextLot...), r.text...)
		}
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
	if len(accounts) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, lastLine...), old, nil
}

// written is how many lots there are in the text that is not read yet.
func (r *recent) written() int {
	if r.text == "" {
		return 0
	}
	return strings.Count(r.text, nextLot) + 1
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
		for text := range strings.SplitSeq(r.text, nextLot) {
			l, err := parseLot(text)
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
		return !strings.HasPrefix(r.text, "[1,")
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

// lotRow is a lot without its account and member. Most lots are whole, nothing of them is held, and they never end.
func (c *codec) lotRow(l *ledger.Lot) {
	c.row(func() {
		c.must()
		whole(c, &l.N)
		c.must()
		if whole(c, &l.Kind); int(l.Kind) >= ledger.Kinds {
			c.fail("no kind of lot")
		}
		c.must()
		c.ulid(&l.Origin)
		c.must()
		whole(c, &l.Granted)
		usually(c, &l.Balance, l.Granted)
		usually(c, &l.Held, 0)
		usually(c, &l.Expires, ledger.Never)
	})
}

func appendLot(dst []byte, l *ledger.Lot) []byte {
	c := &codec{b: append(dst, nextLot...)}
	c.lotRow(l)
	return c.b
}

// parseLot reads what appendLot wrote, without what parts lots.
func parseLot(text string) (*ledger.Lot, error) {
	c, l := reader(text), &ledger.Lot{}
	c.lotRow(l)
	return l, c.end("lot")
}
