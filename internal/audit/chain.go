package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// A chain follows a brand's hash chain beside its operations. It hashes a batch as it comes, as store.ChainHash does with a whole
// one: what a damaged link calls a batch may be all of history. After a divergence it goes on from what the store has.
type chain struct {
	next func() (store.Link, error, bool) // pulls the links
	note func(*Divergence)

	seq   int64 // of the last operation
	at    int64 // stamp of the newest link
	hash  [32]byte
	link  store.Link // the open batch's, when open
	open  bool
	lost  bool  // an operation of the open batch is missing, which was told
	ended bool  // there are no more links, which was told
	first int64 // of the open batch
	batch hash.Hash
	links int64
	body  []byte // owned by add

	expected [][32]byte  // hashes that have not come yet
	sealed   *store.Link // the link that was sealed last, until it has come
}

// add takes the next operation.
func (c *chain) add(o *ledger.Op) error {
	here := mark{o.Seq, o.ID}
	if o.Seq != c.seq+1 {
		if !c.lost || o.Seq <= c.seq {
			c.note(diverge(ChainCheck, fmt.Sprintf("sequence number after %d", c.seq), c.seq+1, o.Seq).at(here))
		}
		if c.lost = true; c.open && o.Seq > c.link.Last {
			c.hash, c.open = c.link.Hash, false
		}
	}
	c.seq = o.Seq
	if !c.open {
		if err := c.begin(here); err != nil || c.ended {
			return err
		}
	}
	if o.At > c.link.At {
		c.note(diverge(ChainCheck, fmt.Sprintf("stamp of operation %d", o.Seq), fmt.Sprintf("at most %d, that of its link", c.link.At), o.At).at(here))
	}
	c.body = store.AppendOp(c.body[:0], o)
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(c.body)))
	c.batch.Write(length[:])
	c.batch.Write(c.body)
	if o.Seq < c.link.Last {
		return nil
	}
	link := sha256.New()
	link.Write(c.hash[:])
	link.Write(c.batch.Sum(nil))
	if h := [32]byte(link.Sum(nil)); h != c.link.Hash && !c.lost {
		c.note(diverge(ChainCheck, fmt.Sprintf("hash of operations %d to %d", c.first, o.Seq), show(c.link.Hash), show(h)).at(here))
	}
	c.hash, c.open, c.lost = c.link.Hash, false, false
	if c.sealed != nil && c.sealed.Last <= c.link.Last {
		if *c.sealed != (store.Link{Last: c.link.Last, Hash: c.hash}) {
			c.note(diverge(SealCheck, fmt.Sprintf("link that ends with operation %d", c.sealed.Last), show(c.sealed.Hash)+", which was sealed",
				fmt.Sprintf("%s at %d: the chain was made anew", show(c.hash), c.link.Last)).at(here))
		}
		c.sealed = nil
	}
	c.expected = slices.DeleteFunc(c.expected, func(h [32]byte) bool { return h == c.hash })
	return nil
}

// begin opens the batch that an operation is the first of.
func (c *chain) begin(here mark) error {
	for !c.ended {
		link, err, ok := c.next()
		switch {
		case err != nil:
			return err
		case !ok:
			c.ended = true
			c.note(diverge(ChainCheck, fmt.Sprintf("link over operation %d", here.seq), "a link", none).at(here))
			return nil
		case link.Last < here.seq && !c.lost:
			c.note(diverge(ChainCheck, fmt.Sprintf("end of the link over operation %d", here.seq), fmt.Sprintf("at least %d", here.seq), link.Last).at(here))
		case link.At < c.at:
			c.note(diverge(ChainCheck, fmt.Sprintf("stamp of the link over operation %d", here.seq), fmt.Sprintf("at least %d", c.at), link.At).at(here))
		}
		c.links++
		if link.Last < here.seq { // of operations that are missing
			c.hash, c.at, c.lost = link.Hash, max(c.at, link.At), false
			continue
		}
		if c.batch == nil {
			c.batch = sha256.New()
		}
		c.batch.Reset()
		c.link, c.at, c.open, c.first = link, max(c.at, link.At), true, here.seq
		return nil
	}
	return nil
}

// end compares the chain with the brand's head, and reports whether something was wrong.
func (c *chain) end(head store.Link) bool {
	var d *Divergence
	if c.sealed != nil {
		c.note(diverge(SealCheck, "end of the operations", fmt.Sprintf("at least %d, which was sealed", c.sealed.Last), c.seq))
	}
	switch {
	case c.seq < head.Last:
		d = diverge(ChainCheck, fmt.Sprintf("operation %d", c.seq+1), "an operation", none)
	case c.ended:
		return true
	case c.open:
		d = diverge(ChainCheck, fmt.Sprintf("end of the link over operation %d", c.first), c.seq, c.link.Last)
	case c.hash != head.Hash:
		d = diverge(ChainCheck, fmt.Sprintf("hash of the head, at operation %d", head.Last), show(c.hash), show(head.Hash))
	case head.At < c.at:
		d = diverge(ChainCheck, "stamp of the head", fmt.Sprintf("at least %d", c.at), head.At)
	}
	c.note(d)
	return d != nil
}

func show(h [32]byte) string { return hex.EncodeToString(h[:]) }
