package sqlite

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
)

// Most calls are new: what is asked of their keys is only whether they are new. A filter in memory for each run answers that for all but one in
// thirty or less, and no block is read. Filters are made in the background, from what is on disk.

// filter is a Bloom filter over keys of operations, by blocks of a cache line each.
type filter struct {
	blocks [][8]uint64 // as many as some power of two
	keys   int64
}

const (
	filterBits = 9       // for each key, at least, while there is room
	filterMax  = 3 << 16 // blocks of all brands: 12 MiB, for 11 million keys. With more of them more pass, of 20 million a tenth
)

// newFilter is an empty filter for so many keys, of no more than so many blocks.
func newFilter(keys int64, most int) *filter {
	n := 1
	for n*2 <= most && int64(n)*512 < keys*filterBits {
		n *= 2
	}
	return &filter{make([][8]uint64, n), keys}
}

// spot is the block of a key and four bits in it. Keys are as good as random, so they are told by the key itself.
func (f *filter) spot(key *opKey) (block *[8]uint64, at uint64) {
	return &f.blocks[binary.LittleEndian.Uint64(key[8:])&uint64(len(f.blocks)-1)], binary.LittleEndian.Uint64(key[:])
}

func (f *filter) add(key *opKey) {
	block, at := f.spot(key)
	for range 4 {
		block[at>>6&7] |= 1 << (at & 63)
		at >>= 9
	}
}

// has is false for a key that was never added, nearly always, and true for one that was.
func (f *filter) has(key *opKey) bool {
	block, at := f.spot(key)
	for range 4 {
		if block[at>>6&7]&(1<<(at&63)) == 0 {
			return false
		}
		at >>= 9
	}
	return true
}

// folded is the same filter in half the room: more keys pass.
func (f *filter) folded() *filter {
	half := &filter{slices.Clone(f.blocks[:len(f.blocks)/2]), f.keys}
	for i := range half.blocks {
		for j, word := range f.blocks[len(half.blocks)+i] {
			half.blocks[i][j] |= word
		}
	}
	return half
}

// unfiltered are the runs that have no filter yet, whole ones and those that others are merged into. Its filter knows all keys of a merge,
// wherever they are by then.
func (n *newest) unfiltered(x *index) (list []merge) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for _, r := range x.runs {
		if n.filters[r] == nil {
			list = append(list, merge{to: r})
		}
	}
	for _, m := range x.merges {
		if n.filters[m.to] == nil {
			list = append(list, m)
		}
	}
	return list
}

// filters fills filters where sources have none, in the background.
func (s *Store) filters(brand string, n *newest, sources []source) {
	missing := slices.ContainsFunc(sources, func(s source) bool { return s.filter == nil })
	if !missing || !n.filling.CompareAndSwap(false, true) {
		return
	}
	s.background.Go(func() {
		defer n.filling.Store(false)
		_ = s.fillFilters(brand, n) // what failed is tried again with one of the next batches
	})
}

// fillFilters fills one after the other, each from a snapshot of its own: the log cannot begin anew while one is open.
func (s *Store) fillFilters(brand string, n *newest) (err error) {
	for more := true; more && err == nil; {
		err = s.read(func(q *reads) error {
			h, err := q.head(brand)
			if err != nil {
				return err
			}
			missing := n.unfiltered(&h.index)
			if more = len(missing) > 0; !more {
				return nil
			}
			most := filterMax / s.brands()
			f, err := s.fillFilter(q, h.serial, &missing[0], most)
			if err == nil {
				n.publish(missing[0].to, f, &h.index, most)
			}
			return err
		})
	}
	return err
}

// fillFilter makes a filter of all keys of a merge; of a whole run nothing is left to be merged.
func (s *Store) fillFilter(q *reads, brand int64, m *merge, most int) (*filter, error) {
	f := newFilter(m.to.keys, most)
	for _, r := range append([]run{m.to}, m.from...) {
		q.AllKeys.int(1, r.place(brand, 0))
		q.AllKeys.int(2, r.place(brand, 1<<blockBits-1))
		err := q.AllKeys.each(context.Background(), func() error {
			b := block(q.AllKeys.columnBytes(0))
			for i := range b.len() {
				f.add(b.at(i).key())
			}
			select {
			case <-s.quit:
				return errClosed
			default:
				return nil
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return f, nil
}

// publish takes a filter into use, drops those of runs that are gone, and folds others, those with the most room for a key first, until there
// are no more than so many blocks.
func (n *newest) publish(of run, f *filter, x *index, most int) {
	live := map[run]bool{}
	for _, s := range n.sources(x) {
		live[s.run] = true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.filters[of] = f
	maps.DeleteFunc(n.filters, func(r run, _ *filter) bool { return !live[r] })
	for {
		all, widest := 0, run{}
		for r, f := range n.filters {
			all += len(f.blocks)
			if w := n.filters[widest]; len(f.blocks) > 1 && (w == nil || int64(len(f.blocks))*w.keys > int64(len(w.blocks))*f.keys) {
				widest = r
			}
		}
		if all <= most || n.filters[widest] == nil {
			return
		}
		n.filters[widest] = n.filters[widest].folded()
	}
}
