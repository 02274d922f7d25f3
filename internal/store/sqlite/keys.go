package sqlite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sync"

	"recoup/internal/ledger"
)

// Operations are found by keys: by request, by refund, and by order number with the place in its history. Keys are as good as random, so
// each of them would change a page of the index that no other of its batch does, and a page is written whole, twice. So keys of the
// newest operations stay in memory, and are written in their order once there are many: then they share pages. Nothing is lost with the
// memory: what is not in the index yet follows from the operations themselves, which are read again.

// opKey is a key of an operation: 16 bytes, as good as random. What it is made of is in the operation.
type opKey = ledger.Digest

// requestKey and refundKey are told apart: a request may have the number of another's refund.
func requestKey(d ledger.Digest) opKey { return d }

func refundKey(d ledger.Digest) opKey {
	for i := range d {
		d[i] = ^d[i]
	}
	return d
}

func orderKey(no string, ordinal int) opKey {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 64), uint64(ordinal))
	sum := sha256.Sum256(append(b, no...))
	return opKey(sum[:16])
}

// keysOf are the keys of an operation.
func keysOf(o *ledger.Op) []opKey {
	keys := make([]opKey, 0, 3)
	if !o.Request.IsZero() {
		keys = append(keys, requestKey(o.Request))
	}
	if !o.Refund.IsZero() {
		keys = append(keys, refundKey(o.Refund))
	}
	if o.Order != "" {
		keys = append(keys, orderKey(o.Order, o.Ordinal))
	}
	return keys
}

const (
	keysMax  = 131072 // keys in memory, of all brands, at which a brand's begin to be written
	keysStep = 16     // keys that a batch writes besides four for each of its operations, while there are some to be written
)

// errStale: the index has gone on since the snapshot was taken. Take another.
var errStale = errors.New("sqlite: keys older than those in memory")

// newest are the keys of a brand's operations that the index does not hold yet. One goroutine writes, many look up.
type newest struct {
	mu    sync.RWMutex
	from  int64           // keys of the operations after this one
	to    int64           // up to this one are here: those of committed operations, and no others
	young map[opKey]int64 // to sequence numbers
	run   *run            // nil: none is being written

	filter  *filter // of every key up to to; nil until it is filled
	growing *filter // the next one, while it is being filled
	filling bool    // somebody does
}

// run are keys that are being written to the index, a few with every batch.
type run struct {
	keys  map[opKey]int64
	upto  int64   // last of their operations
	order []opKey // in which they are written; nil until they are sorted
	next  int     // in order
}

// newest are the keys of a brand in memory.
func (s *Store) newest(brand int64) *newest {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.keys[brand]
	if n == nil {
		n = &newest{young: map[opKey]int64{}}
		s.keys[brand] = n
	}
	return n
}

// limit is how many keys a brand may keep.
func (s *Store) limit() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keysMax / max(1, len(s.keys))
}

// brands is how many brands share the memory.
func (s *Store) brands() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.keys)
}

// catchUp reads the operations that others have booked, or this process before it was started. The caller's transaction has read the head.
func (n *newest) catchUp(ctx context.Context, q *reads, h *head) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.to >= h.link.Last {
		return nil
	}
	if n.to < h.indexed {
		n.from, n.to, n.young, n.run, n.filter, n.growing = h.indexed, h.indexed, map[opKey]int64{}, nil, nil, nil
	}
	q.Ops.int(1, h.serial)
	q.Ops.int(2, n.to)
	return q.Ops.each(ctx, func() error {
		o, err := op(q.Ops)
		if err != nil {
			return err
		}
		for _, key := range keysOf(o) {
			n.young[key] = o.Seq
			n.learn(key)
		}
		n.to = o.Seq
		return nil
	})
}

// find is the operation of a key among those that a snapshot shows and the index does not hold; 0: none.
func (n *newest) find(key opKey, h *head) (seq int64, err error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.from > h.indexed {
		return 0, errStale
	}
	seq, ok := n.young[key]
	if !ok && n.run != nil {
		seq = n.run.keys[key]
	}
	if seq <= h.indexed || seq > h.link.Last {
		return 0, nil
	}
	return seq, nil
}

// write puts the next keys of a run into the index, says how many, and notes in the head how far the index has come. The caller holds the
// writer.
func (n *newest) write(w *writes, h *head, operations int) (written int, err error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.run == nil {
		return 0, nil
	}
	keys := n.run.order[n.run.next:]
	keys = keys[:min(len(keys), 4*operations+keysStep)]
	fresh := make([]entry, len(keys))
	for i, key := range keys {
		fresh[i] = newEntry(key, n.run.keys[key])
	}
	if err := w.index(h, fresh); err != nil {
		return 0, err
	}
	if written = len(keys); written > 0 && n.run.next+written == len(n.run.order) {
		h.indexed = max(h.indexed, n.run.upto)
	}
	return written, nil
}

// booked takes in what a batch has committed: its operations' keys, and how many of the run it has written. The caller holds the writer.
func (n *newest) booked(fresh map[opKey]int64, h *head, written, limit int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.link.Last > n.to { // else a reader has seen them already
		for key, seq := range fresh {
			n.young[key] = seq
			n.learn(key)
		}
		n.to = h.link.Last
	}
	if n.run != nil {
		if n.run.next += written; written > 0 && n.run.next == len(n.run.order) {
			n.from, n.run = n.run.upto, nil
		}
	}
	if n.run == nil && len(n.young) >= limit {
		n.run = &run{keys: n.young, upto: n.to}
		n.young = make(map[opKey]int64, len(n.young))
		go n.sort(n.run, buckets(h.keys))
	}
}

// sort puts the keys of a run in the order of the buckets that there are.
func (n *newest) sort(r *run, buckets int64) {
	type placed struct {
		place int64
		key   opKey
	}
	keys := make([]placed, 0, len(r.keys))
	for key := range r.keys {
		keys = append(keys, placed{bucketOf(key, buckets), key})
	}
	slices.SortFunc(keys, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	order := make([]opKey, len(keys))
	for i := range keys {
		order[i] = keys[i].key
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	r.order = order
}
