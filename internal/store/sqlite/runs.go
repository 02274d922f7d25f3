package sqlite

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// The index of operations by their keys is a log-structured merge tree. Keys of operations that follow each other go to the disk as a run,
// and runs of one size are merged into a larger one. Every key is written again as often as there are sizes, which is once more for eight
// times as many keys. In one table, tree or hash table, keys of a batch would each change a page of their own as soon as there are more pages
// than keys that are written together, so a charge would cost the more the longer the history is.

// entry is a key in a run: 16 bytes of key, then 6 of the sequence number of its operation, which has 42 bits.
type entry [22]byte

func newEntry(key opKey, seq int64) (e entry) {
	copy(e[:], key[:])
	binary.BigEndian.PutUint16(e[16:], uint16(seq>>32))
	binary.BigEndian.PutUint32(e[18:], uint32(seq))
	return e
}

func (e *entry) key() *opKey { return (*opKey)(e[:16]) }

func (e *entry) seq() int64 {
	return int64(binary.BigEndian.Uint16(e[16:]))<<32 | int64(binary.BigEndian.Uint32(e[18:]))
}

// block are entries, one after the other, in no order: a look-up reads one block of a run, and reading it through takes less than finding it.
type block []byte

func (b block) len() int        { return len(b) / len(entry{}) }
func (b block) at(i int) *entry { return (*entry)(b[i*len(entry{}):]) }

// find is the sequence number of a key, 0 when it is not there.
func (b block) find(key opKey) int64 {
	for i := range b.len() {
		if e := b.at(i); *e.key() == key {
			return e.seq()
		}
	}
	return 0
}

// run are the keys of operations that follow each other, in blocks on disk: a key is in the block whose number its first bits are. No key is
// ever added, so what is known of a run is known of it in every snapshot.
type run struct {
	id   int64 // never that of another, so that what is remembered of a run is not taken for another's
	size int64 // how often its keys were merged
	bits int64 // its blocks are as many as numbers have so many bits
	keys int64
}

const (
	blockKeys = 160 // keys of a block on average, at most: nearly always a block fits a page
	blockBits = 22  // of the number of a block, at most
	runBits   = 20  // of the number of a run in its place: after a million of them places come again
)

// shelf is the number of a run in the places of its blocks.
func (r *run) shelf() int64 { return r.id % (1 << runBits) }

// place is the row of a block.
func (r *run) place(brand, block int64) int64 {
	return brand<<(runBits+blockBits) | r.shelf()<<blockBits | block
}

// part is the number that the first bits of a key are.
func part(key *opKey, bits int64) int64 {
	return int64(binary.BigEndian.Uint64(key[:8]) >> (64 - bits))
}

// index tells where the keys of a brand's older operations are on disk.
type index struct {
	last   int64   // id of the newest run
	runs   []run   // whole, by size, of a size the oldest first: those with the newest keys are the last
	merges []merge // under way, of different sizes
}

// clone is an index that changes by itself.
func (x *index) clone() index { return index{x.last, slices.Clone(x.runs), slices.Clone(x.merges)} }

// merge is a run that others are merged into, part by part.
type merge struct {
	to   run
	from []run
	done int64 // parts: where the first bits of a key are a smaller number, it has moved
	owed int64 // keys that are to be moved before it goes on with a part
}

// newRun is a run for so many keys.
func (x *index) newRun(size, keys int64) run {
	r := run{id: x.last + 1, size: size, keys: keys}
	taken := func(other run) bool { return other.shelf() == r.shelf() }
	for slices.ContainsFunc(x.runs, taken) || slices.ContainsFunc(x.merges, func(m merge) bool {
		return taken(m.to) || slices.ContainsFunc(m.from, taken)
	}) {
		r.id++
	}
	x.last = r.id
	for r.bits < blockBits && keys > blockKeys<<r.bits {
		r.bits++
	}
	return r
}

// keys is how many there are.
func (x *index) keys() (n int64) {
	for i := range x.runs {
		n += x.runs[i].keys
	}
	for i := range x.merges {
		n += x.merges[i].to.keys
	}
	return n
}

// pen writes numbers down, or reads what was written.
type pen struct {
	text  []byte // written so far, or still to be read
	reads bool
	err   error
}

var errIndex = errors.New("sqlite: the index of operations cannot be read")

func (p *pen) number(n *int64) {
	if !p.reads {
		p.text = binary.AppendUvarint(p.text, uint64(*n))
		return
	}
	v, size := binary.Uvarint(p.text)
	if size <= 0 || v > math.MaxInt64 {
		v, size, p.text, p.err = 0, 0, nil, errIndex
	}
	*n, p.text = int64(v), p.text[size:]
}

func list[T any](p *pen, of *[]T, each func(*T, *pen)) {
	n := int64(len(*of))
	p.number(&n)
	if p.reads && n > int64(len(p.text)) { // each takes some
		n, p.text, p.err = 0, nil, errIndex
	}
	if p.reads {
		*of = make([]T, n)
	}
	for i := range *of {
		each(&(*of)[i], p)
	}
}

func (x *index) numbers(p *pen) {
	p.number(&x.last)
	list(p, &x.runs, (*run).numbers)
	list(p, &x.merges, (*merge).numbers)
}

func (m *merge) numbers(p *pen) {
	m.to.numbers(p)
	list(p, &m.from, (*run).numbers)
	p.number(&m.done)
	p.number(&m.owed)
	if bits := m.bits(); bits > m.to.bits || m.done > 1<<bits {
		p.err = errIndex
	}
}

func (r *run) numbers(p *pen) {
	p.number(&r.id)
	p.number(&r.size)
	p.number(&r.bits)
	p.number(&r.keys)
	if r.bits > blockBits {
		r.bits, p.err = 0, errIndex
	}
}

// text is an index as it is written down.
func (x *index) text() []byte {
	var p pen
	x.numbers(&p)
	return p.text
}

// parseIndex reads what was written down; nothing is the empty index.
func parseIndex(text []byte) (x index, err error) {
	if len(text) == 0 {
		return x, nil
	}
	p := pen{text: text, reads: true}
	x.numbers(&p)
	if p.err == nil && len(p.text) > 0 {
		p.err = errIndex
	}
	return x, p.err
}

// source is where the index holds the keys of one part after another: a run, or what a merge has left of one or made of it so far.
type source struct {
	run
	of, from, to int64   // the first bits of its keys, as many as of, are a number from one up to another
	filter       *filter // nil: any key may be here
}

// sources are all there are: of the runs those with the newest operations first, for what is undone is mostly young.
func (n *newest) sources(x *index) []source {
	n.mu.RLock()
	defer n.mu.RUnlock()
	list := make([]source, 0, len(x.runs)+len(x.merges)*(fan+1))
	for _, r := range slices.Backward(x.runs) {
		list = append(list, source{r, 0, 0, 1, n.filters[r]})
	}
	for _, m := range slices.Backward(x.merges) {
		all, bits := n.filters[m.to], m.bits()
		list = append(list, source{m.to, bits, 0, m.done, all})
		for _, r := range slices.Backward(m.from) {
			list = append(list, source{r, bits, m.done, 1 << bits, cmp.Or(n.filters[r], all)})
		}
	}
	return list
}

// holds tells whether a key would be here, if it is in the run or the merge at all.
func (s *source) holds(key *opKey) bool {
	at := part(key, s.of)
	return at >= s.from && at < s.to
}

// may tells whether a key may be here.
func (s *source) may(key *opKey) bool {
	return s.holds(key) && (s.filter == nil || s.filter.has(key))
}

// block reads a block. It lies in the engine's memory, and is gone with the next step of the statement.
func (q *reads) block(place int64, read func(block)) error {
	q.Keys.int(1, place)
	row, err := q.Keys.step()
	if err != nil || !row {
		return err
	}
	read(q.Keys.columnBytes(0))
	q.Keys.reset()
	return nil
}

// indexed is the operation of a key in the index; 0: none.
func (q *reads) indexed(key opKey, brand int64, sources []source) (seq int64, err error) {
	for i := range sources {
		s := &sources[i]
		if !s.may(&key) {
			continue
		}
		err = q.block(s.place(brand, part(&key, s.bits)), func(b block) { seq = b.find(key) })
		if err != nil || seq != 0 {
			return seq, err
		}
	}
	return 0, nil
}

// addRun writes keys as a run.
func (w *writes) addRun(h *head, keys map[opKey]int64) error {
	r := h.index.newRun(0, int64(len(keys)))
	blocks := make([]block, 1<<r.bits)
	for key, seq := range keys {
		e, at := newEntry(key, seq), part(&key, r.bits)
		blocks[at] = append(blocks[at], e[:]...)
	}
	h.index.runs = append(h.index.runs, r)
	return w.saveBlocks(h.serial, &r, 0, blocks)
}

// saveBlocks writes blocks of a run, from the first of them on.
func (w *writes) saveBlocks(brand int64, r *run, first int64, blocks []block) error {
	for i, b := range blocks {
		if len(b) == 0 {
			continue
		}
		w.SaveKeys.int(1, r.place(brand, first+int64(i)))
		w.SaveKeys.blob(2, b)
		if err := w.SaveKeys.run(); err != nil {
			return err
		}
	}
	return nil
}

// checkKeys compares the index with the operations whose keys it is to hold.
func (q *reads) checkKeys(ctx context.Context, brand string) error {
	h, err := q.head(brand)
	if err != nil {
		return err
	}
	sources := (&newest{}).sources(&h.index)
	want := 0
	q.Ops.int(1, h.serial)
	q.Ops.int(2, 0)
	err = q.Ops.each(ctx, func() error {
		o, err := op(q.Ops)
		if err != nil {
			return err
		}
		if o.Seq > h.indexed {
			return errStop
		}
		for _, key := range keysOf(o) {
			want++
			if seq, err := q.indexed(key, h.serial, sources); err != nil || seq != o.Seq {
				return errors.Join(err, fmt.Errorf("sqlite: brand %s: operation %s (%d) is not found by its keys", brand, o.ID, o.Seq))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return err
	}
	got := 0
	shelves := map[int64]*source{}
	for i := range sources {
		shelves[sources[i].shelf()] = &sources[i]
	}
	q.AllKeys.int(1, (&run{}).place(h.serial, 0))
	q.AllKeys.int(2, (&run{}).place(h.serial+1, 0)-1)
	err = q.AllKeys.each(ctx, func() error {
		b, place, live := block(q.AllKeys.columnBytes(0)), q.AllKeys.columnInt(1), 0
		s := shelves[place>>blockBits%(1<<runBits)]
		for i := range b.len() {
			if s != nil && s.holds(b.at(i).key()) {
				live++
			}
		}
		if got += live; s == nil || live == 0 && s.bits >= s.of { // a block of several parts stays until the last has moved
			return fmt.Errorf("sqlite: brand %s: the index of operations has keys at %d that no longer count", brand, place)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if counted := h.index.keys(); got != want || counted != int64(want) {
		return fmt.Errorf("sqlite: brand %s: the index of operations has %d keys for the %d that there are, and counts %d", brand, got, want, counted)
	}
	return nil
}
