package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// A chain follows a brand's hash chain beside its operations. It hashes a batch as it comes, as store.ChainHash does with a whole
// one: what a damaged link calls a batch may be all of history.
type chain struct {
	next func() (store.Link, error, bool) // pulls the links

	seq   int64 // of the last operation
	at    int64 // stamp of the newest link
	hash  [32]byte
	link  store.Link // the open batch's, when open
	open  bool
	first int64 // of the open batch
	batch hash.Hash
	links int64
	body  []byte // owned by add
}

// add takes the next operation.
func (c *chain) add(o *ledger.Op) (*Divergence, error) {
	here := mark{o.Seq, o.ID}
	if o.Seq != c.seq+1 {
		return diverge(ChainCheck, fmt.Sprintf("sequence number after %d", c.seq), c.seq+1, o.Seq).at(here), nil
	}
	c.seq = o.Seq
	if !c.open {
		link, err, ok := c.next()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return diverge(ChainCheck, fmt.Sprintf("link over operation %d", o.Seq), "a link", none).at(here), nil
		case link.Last < o.Seq:
			return diverge(ChainCheck, fmt.Sprintf("end of the link over operation %d", o.Seq), fmt.Sprintf("at least %d", o.Seq), link.Last).at(here), nil
		case link.At < c.at:
			return diverge(ChainCheck, fmt.Sprintf("stamp of the link over operation %d", o.Seq), fmt.Sprintf("at least %d", c.at), link.At).at(here), nil
		}
		if c.batch == nil {
			c.batch = sha256.New()
		}
		c.batch.Reset()
		c.link, c.at, c.open, c.first = link, link.At, true, o.Seq
		c.links++
	}
	if o.At > c.link.At {
		return diverge(ChainCheck, fmt.Sprintf("stamp of operation %d", o.Seq), fmt.Sprintf("at most %d, that of its link", c.link.At), o.At).at(here), nil
	}
	c.body = store.AppendOp(c.body[:0], o)
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(c.body)))
	c.batch.Write(length[:])
	c.batch.Write(c.body)
	if o.Seq < c.link.Last {
		return nil, nil
	}
	link := sha256.New()
	link.Write(c.hash[:])
	link.Write(c.batch.Sum(nil))
	c.hash, c.open = [32]byte(link.Sum(nil)), false
	if c.hash != c.link.Hash {
		return diverge(ChainCheck, fmt.Sprintf("hash of operations %d to %d", c.first, o.Seq), show(c.link.Hash), show(c.hash)).at(here), nil
	}
	return nil, nil
}

// end compares the chain with the brand's head.
func (c *chain) end(head store.Link) *Divergence {
	switch {
	case c.seq < head.Last:
		return diverge(ChainCheck, fmt.Sprintf("operation %d", c.seq+1), "an operation", none)
	case c.open:
		return diverge(ChainCheck, fmt.Sprintf("end of the link over operation %d", c.first), c.seq, c.link.Last)
	case c.hash != head.Hash:
		return diverge(ChainCheck, fmt.Sprintf("hash of the head, at operation %d", head.Last), show(c.hash), show(head.Hash))
	case head.At < c.at:
		return diverge(ChainCheck, "stamp of the head", fmt.Sprintf("at least %d", c.at), head.At)
	}
	return nil
}

func show(h [32]byte) string { return hex.EncodeToString(h[:]) }
