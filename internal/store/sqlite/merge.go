package sqlite

import "slices"

// fan is how many runs of a size make one of the next: with more of them a key is written again less often, and looked up in more places.
const fan = 8

// haste is how many keys a merge moves for each that is booked, at least. At 1 it would end when as many runs wait as it has merged.
const haste = 2

// sizes is how many sizes are merged: there are not as many keys as the last would have.
const sizes = 16

// merge begins the merges that are due, and goes on with all as far as so many new keys ask for: no batch has to wait for much.
func (w *writes) merge(h *head, fresh int) error {
	x := &h.index
	for size := range int64(sizes) {
		x.begin(size)
	}
	for i := range x.merges {
		m := &x.merges[i]
		m.owed += x.pace(m, fresh)
		for step := max(1, m.to.keys>>m.bits()); m.owed >= step && !m.ended(); m.owed -= step {
			if err := w.move(h.serial, m); err != nil {
				return err
			}
		}
	}
	x.end()
	return nil
}

// pace is how many keys a merge is to move for so many that are booked: the more, the more runs wait for it to end. Where keys in memory have become
// few, as with the thousandth brand, there are soon many.
func (x *index) pace(m *merge, fresh int) int64 {
	_, waiting := x.of(m.to.size - 1)
	return int64(haste * fresh * max(1, waiting/fan))
}

// of tells where the runs of a size begin, and how many they are.
func (x *index) of(size int64) (first, n int) {
	for i := range x.runs {
		switch {
		case x.runs[i].size > size:
			first++
		case x.runs[i].size == size:
			n++
		}
	}
	return first, n
}

// begin begins to merge the oldest runs of a size, if they are enough and no others of their size are being merged.
func (x *index) begin(size int64) {
	first, n := x.of(size)
	if n < fan || slices.ContainsFunc(x.merges, func(m merge) bool { return m.to.size == size+1 }) {
		return
	}
	last := first + min(n, 2*fan)
	from, keys := slices.Clone(x.runs[first:last]), int64(0)
	for _, r := range from {
		keys += r.keys
	}
	to := x.newRun(size+1, keys)
	x.runs = slices.Delete(x.runs, first, last)
	x.merges = append(x.merges, merge{to: to, from: from})
}

// end takes what has been merged among the whole runs.
func (x *index) end() {
	for _, m := range x.merges {
		if m.ended() {
			first, n := x.of(m.to.size)
			x.runs = slices.Insert(x.runs, first+n, m.to)
		}
	}
	x.merges = slices.DeleteFunc(x.merges, func(m merge) bool { return m.ended() })
}

// bits is how many of a key tell its part: so many that of each run the keys of a part lie in one block.
func (m *merge) bits() (bits int64) {
	for i := range m.from {
		bits = max(bits, m.from[i].bits)
	}
	return bits
}

// ended tells whether all parts have moved.
func (m *merge) ended() bool { return m.done == 1<<m.bits() }

// move moves the keys of one part.
func (w *writes) move(brand int64, m *merge) error {
	bits := m.bits()
	blocks := make([]block, 1<<(m.to.bits-bits))
	for i := range blocks {
		blocks[i] = make(block, 0, blockKeys*len(entry{}))
	}
	first := m.done << (m.to.bits - bits)
	for i := range m.from {
		r := &m.from[i]
		parts := int64(1) << (bits - r.bits) // of a block
		place := r.place(brand, m.done/parts)
		err := w.block(place, func(b block) {
			for i := range b.len() {
				if e := b.at(i); part(e.key(), bits) == m.done {
					to := &blocks[part(e.key(), m.to.bits)-first]
					*to = append(*to, e[:]...)
				}
			}
		})
		if err != nil {
			return err
		}
		if (m.done+1)%parts == 0 {
			w.DeleteKeys.int(1, place)
			if err := w.DeleteKeys.run(); err != nil {
				return err
			}
		}
	}
	m.done++
	return w.saveBlocks(brand, &m.to, first, blocks)
}
