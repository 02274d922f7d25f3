package store

import (
	"crypto/sha256"
	"encoding/binary"

	"recoup/internal/ledger"
)

// AppendOp appends the canonical text of an operation to dst: everything but its sequence number. This one text is what is stored
// and what is hashed; columns beside it are copies to find it by. Result.Replayed is no part of it.
//
//go:noinline // copied into another package, it would make eight things on the heap that it makes none of here
func AppendOp(dst []byte, o *ledger.Op) []byte {
	c := &codec{b: dst}
	c.op(o)
	return c.b
}

// ParseOp reads what AppendOp wrote. Seq is left 0. An unknown field is an error: a fact is never read in part.
func ParseOp(text []byte) (*ledger.Op, error) {
	c, o := reader(string(text)), &ledger.Op{}
	c.op(o)
	return o, c.end("operation")
}

func (c *codec) op(o *ledger.Op) {
	c.object(func() {
		c.id("id", &o.ID)
		num(c, "k", &o.Kind)
		num(c, "at", &o.At)
		num(c, "v", &o.Policy)
		c.text("app", &o.App)
		c.text("by", &o.Method)
		c.text("m", &o.Member)
		c.text("sh", &o.Shop)
		c.text("o", &o.Order)
		num(c, "n", &o.Ordinal)
		c.text("no", &o.Number)
		c.digest("rq", &o.Request)
		c.digest("ct", &o.Content)
		num(c, "sg", &o.Signed)
		c.digest("rf", &o.Refund)
		c.digest("og", &o.Original)
		c.text("op", &o.Operator)
		c.text("on", &o.OperatorName)
		c.text("why", &o.Reason)
		list(c, "who", &o.Idents, c.hex)
		objects(c, "p", &o.Postings, c.posting)
		objects(c, "pin", &o.Pins, c.pin)
		num(c, "until", &o.HoldEnd)
		num(c, "fee", &o.Fee)
		objects(c, "bal", &o.After, c.balances)
		c.text("ch", &o.Change)
		objects(c, "fp", &o.Prints, c.print)
		c.part("r", func() { c.result(&o.Result) })
	})
}

func (c *codec) posting(p *ledger.Posting) {
	c.lot("l", &p.Lot)
	c.text("v", &p.Voucher)
	c.text("b", &p.Book)
	num(c, "k", &p.Kind)
	num(c, "a", &p.Amount)
	c.id("of", &p.Of)
	num(c, "e", &p.Expires)
}

func (c *codec) pin(p *ledger.Pin) {
	c.lot("l", &p.Lot)
	num(c, "a", &p.Amount)
}

func (c *codec) balances(b *ledger.Balances) {
	c.text("a", &b.Account)
	c.sums("s", &b.Sums)
}

func (c *codec) print(p *ledger.Print) {
	num(c, "k", &p.Thing)
	c.text("id", &p.ID)
	c.digest("d", &p.Digest)
}

func (c *codec) result(r *ledger.Result) {
	num(c, "c", &r.Code)
	objects(c, "f", &r.Figs, func(f *ledger.Fig) {
		c.text("n", &f.Name)
		num(c, "u", &f.Unit)
		num(c, "a", &f.N)
		c.text("t", &f.Text)
	})
	c.id("flow", &r.Flow)
	c.flag("vok", &r.ValueOK)
	c.flag("pok", &r.PointOK)
	objects(c, "vs", &r.Vouchers, func(v *ledger.VoucherOutcome) {
		c.text("id", &v.ID)
		c.flag("ok", &v.OK)
		num(c, "c", &v.Code)
	})
	list(c, "ids", &r.IDs, c.quoted)
	list(c, "nos", &r.Numbers, func(n *int64) { whole(c, n) })
}

// ChainHash is the hash of the next link of a brand's chain: SHA-256(prev ‖ SHA-256(the batch's canonical operations, each after
// its length in 8 bytes, big end first)).
func ChainHash(prev [32]byte, bodies ...[]byte) [32]byte {
	batch := sha256.New()
	var length [8]byte
	for _, b := range bodies {
		binary.BigEndian.PutUint64(length[:], uint64(len(b)))
		batch.Write(length[:])
		batch.Write(b)
	}
	link := sha256.New()
	link.Write(prev[:])
	link.Write(batch.Sum(nil))
	return [32]byte(link.Sum(nil))
}
