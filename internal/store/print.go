package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strconv"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// A Printer prints documents and seals rows with a brand's pepper.
type Printer struct {
	Pepper string
	Serial int64 // the brand's
}

// Print is HMAC-SHA-256, cut to 16 bytes, over kind, id and the text that is stored. It panics on what is no document.
func (pr Printer) Print(doc any) ledger.Print {
	var p ledger.Print
	var text []byte
	var err error
	switch v := doc.(type) {
	case *ledger.Member:
		p.Thing, p.ID, text = ledger.MemberThing, v.ID, AppendMember(nil, v)
	case *ledger.Account:
		p.Thing, p.ID = ledger.AccountThing, v.ID
		text = AppendAccount(nil, &ledger.Account{ID: v.ID, Card: v.Card, Member: v.Member, Type: v.Type, Created: v.Created, SoldIn: v.SoldIn, Closed: v.Closed})
		text = append(text, v.Member...)
	case *ledger.Voucher:
		p.Thing, p.ID, text = ledger.VoucherThing, v.ID, AppendVoucher(nil, v)
	case *reverse.Order:
		p.Thing, p.ID = ledger.OrderThing, strconv.FormatInt(v.Main, 10)
		text, err = EncodeOrder(v)
	case *reverse.Reverse:
		p.Thing, p.ID = ledger.ReverseThing, strconv.FormatInt(v.ID, 10)
		text, err = EncodeReverse(unnamed(v))
	default:
		err = fmt.Errorf("a %T", doc)
	}
	if err != nil {
		panic("store: no print of " + err.Error()) // of words and numbers
	}
	m := hmac.New(sha256.New, []byte(pr.Pepper))
	m.Write([]byte{byte(p.Thing)})
	m.Write([]byte(p.ID))
	m.Write([]byte{0})
	m.Write(text)
	p.Digest = ledger.Digest(m.Sum(nil)[:16])
	return p
}

// unnamed is a reverse without whom its goods are picked up from: that can be erased.
func unnamed(r *reverse.Reverse) *reverse.Reverse {
	if r.Fetch == nil {
		return r
	}
	v, f := *r, *r.Fetch
	f.Buyer, v.Fetch = nil, &f
	return &v
}
