package audit

import (
	"fmt"

	"recoup/internal/ledger"
)

// keyAudit finds keys that two operations have.
type keyAudit struct {
	name string // of the kind of key
	key  ledger.Digest
	has  mark // the operation that has it
}

func (a *keyAudit) add(r *reader) *Divergence {
	key, here := ledger.Digest(r.id()), mark{}
	here.seq, here.op = r.number(), r.id()
	if key == a.key && a.has.seq != 0 {
		return diverge(KeyCheck, fmt.Sprintf("operations with the %s key %x", a.name, key), fmt.Sprintf("operation %d alone", a.has.seq),
			fmt.Sprintf("operation %d too", here.seq)).at(here)
	}
	a.key, a.has = key, here
	return nil
}

func (a *keyAudit) end() *Divergence { return nil }
