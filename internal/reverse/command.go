package reverse

import "recoup/internal/ledger"

// A Command is any wish to change the books: the ledger's, and ours over WDK orders.
type Command interface{ Common() *ledger.Head }

// wish is a command of this package. The set is closed.
type wish interface {
	Command
	Keys(*Keys)
	decide(*State, *ledger.Stamp) ledger.Result
}

// KeysOf adds what a command reads.
func KeysOf(c Command, k *Keys) {
	switch c := c.(type) {
	case ledger.Command:
		c.Keys(k.Keys)
	case wish:
		c.Keys(k)
	}
}

// Decide decides one command: pure, no clock, no I/O. It changes the state in place and notes the changes for the store.
// The error is *ledger.ErrNeedLots only.
func Decide(s *State, c Command, at *ledger.Stamp) (ledger.Result, error) {
	if l, ok := c.(ledger.Command); ok {
		return ledger.Decide(s.State, l, at)
	}
	return ledger.Guard(s.State, c.Common(), at, func() ledger.Result { return c.(wish).decide(s, at) })
}
