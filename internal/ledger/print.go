package ledger

import "slices"

// Thing says what kind of document a print is of. Numbers are stored and never reused.
type Thing uint8

// The things whose rows say more than postings do.
const (
	MemberThing  Thing = 1
	AccountThing Thing = 2 // whose it is, its card, its kind, whether it is closed: not what is in it
	VoucherThing Thing = 3
	OrderThing   Thing = 4 // a WDK order
	ReverseThing Thing = 5 // a WDK reverse
)

var thingNames = map[Thing]string{MemberThing: "member", AccountThing: "account", VoucherThing: "voucher", OrderThing: "WDK order", ReverseThing: "reverse"}

func (t Thing) String() string { return thingNames[t] }

// A Print is the keyed digest of a document as the operation's command left it. The row beside the operations must have the last one, so
// nobody can change it unseen; being keyed by the brand's pepper, it tells nothing of a person and stays when the row is erased.
type Print struct {
	Thing  Thing
	ID     string
	Digest Digest
}

// A Printer prints a document as the store keeps it.
type Printer interface{ Print(doc any) Print }

// Leave notes that the command changed a document, so that its last operation gets a print of it.
func (s *State) Leave(doc any) {
	if !slices.Contains(s.left, doc) {
		s.left = append(s.left, doc)
	}
}

// print ends a command. Its documents are printed as they are now, however often it changed them.
func (s *State) print() {
	if len(s.left) > 0 && s.Printer != nil {
		o := s.Changes.Ops[len(s.Changes.Ops)-1] // what changes a document books something
		for _, doc := range s.left {
			o.Prints = append(o.Prints, s.Printer.Print(doc))
		}
	}
	clear(s.left)
	s.left = s.left[:0]
}
