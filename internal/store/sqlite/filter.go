package sqlite

import (
	"context"
	"encoding/binary"
	"math/bits"
)

// Most calls are new: what is asked of their keys is only whether they are new. A filter in memory answers that for all but one in a hundred,
// and no page is looked at. It is filled anew after every start, while the store is at work, and is not asked before it is whole.

// filter is a Bloom filter over keys of operations, by blocks of a cache line each.
type filter struct {
	blocks [][8]uint64
	most   int // blocks that it may have
	keys   int
}

const (
	filterBits = 12      // for each key, at most a hundredth of those that are not there pass
	filterMax  = 1 << 17 // blocks of all brands: 8 MiB, 5.6 million keys. With more of them more pass, of 20 million a quarter
)

func newFilter(keys int64, brands int) *filter {
	most := filterMax >> bits.Len(uint(brands-1))
	blocks := uint64(max(1, keys)) * filterBits / 512
	return &filter{blocks: make([][8]uint64, max(1, min(most, 1<<bits.Len64(blocks)))), most: most}
}

// full reports whether a larger filter is due.
func (f *filter) full() bool {
	return f.keys*filterBits > len(f.blocks)*512 && len(f.blocks) < f.most
}

// spot is the block of a key and four bits in it. Keys are as good as random, so they are told by the key itself.
func (f *filter) spot(key *opKey) (block *[8]uint64, at uint64) {
	return &f.blocks[binary.LittleEndian.Uint64(key[8:])&uint64(len(f.blocks)-1)], binary.LittleEndian.Uint64(key[:])
}

func (f *filter) add(key opKey) {
	block, at := f.spot(&key)
	for range 4 {
		block[at>>6&7] |= 1 << (at & 63)
		at >>= 9
	}
	f.keys++
}

// has is false for a key that was never added, nearly always, and true for one that was.
func (f *filter) has(key opKey) bool {
	block, at := f.spot(&key)
	for range 4 {
		if block[at>>6&7]&(1<<(at&63)) == 0 {
			return false
		}
		at >>= 9
	}
	return true
}

// learn adds a key of an operation that is booked. The caller holds the lock.
func (n *newest) learn(key opKey) {
	if n.filter != nil {
		n.filter.add(key)
	}
	if n.growing != nil {
		n.growing.add(key)
	}
}

// unheard reports whether a key is certainly no operation's, wherever those are kept.
func (n *newest) unheard(key opKey) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.filter != nil && !n.filter.has(key)
}

// needsFilter reports whether somebody should fill a filter, and that it will be the caller.
func (n *newest) needsFilter() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.filling || n.filter != nil && !n.filter.full() {
		return false
	}
	n.filling = true
	return true
}

// filters fills filters where they are missing or full, in the background.
func (s *Store) filters(brand string, n *newest) {
	if !n.needsFilter() {
		return
	}
	s.background.Go(func() {
		err := s.fillFilter(brand, n)
		n.mu.Lock()
		defer n.mu.Unlock()
		n.filling = false
		if err == nil && n.growing != nil {
			n.filter = n.growing
		}
		n.growing = nil // what failed is begun again with one of the next batches
	})
}

// fillFilter adds every key there is, while others add those of what they book.
func (s *Store) fillFilter(brand string, n *newest) error {
	return s.read(func(q *reads) error {
		h, err := q.head(brand)
		if err != nil {
			return err
		}
		f, err := n.startFilter(&h, s.brands())
		if err != nil {
			return err
		}
		q.AllKeys.int(1, h.serial)
		return q.AllKeys.each(context.Background(), func() error {
			select {
			case <-s.quit:
				return errClosed
			default:
			}
			n.mu.Lock()
			defer n.mu.Unlock()
			if n.growing != f {
				return errStale
			}
			b := bucket(q.AllKeys.columnBytes(0))
			for i := range b.len() {
				f.add(b.at(i).key())
			}
			return nil
		})
	})
}

// startFilter makes an empty filter and adds what is in memory: with what the index has in the snapshot, and with what is booked from now
// on, that is all.
func (n *newest) startFilter(h *head, brands int) (*filter, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.from > h.indexed || n.to < h.indexed {
		return nil, errStale
	}
	f := newFilter(2*(h.keys+int64(len(n.young))), brands)
	for key := range n.young {
		f.add(key)
	}
	if n.run != nil {
		for key := range n.run.keys {
			f.add(key)
		}
	}
	n.growing = f
	return f, nil
}
