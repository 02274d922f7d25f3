package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"sync"
	"sync/atomic"

	"recoup/internal/ledger"
)

// Operations are found by keys: by request, by refund, and by order number with the place in its history. Keys are as good as random, so each
// of them would change a page of the index that no other of its batch does. So keys of the newest operations stay in memory, and are written
// to the index as a run once there are many. Nothing is lost with the memory: what is not in the index yet follows from the operations
// themselves, which are read again.

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

// keysMax is how many keys are in memory, of all brands, when a brand's are written.
const keysMax = 32768

// errStale: the index has gone on since the snapshot was taken. Take another.
var errStale = errors.New("sqlite: keys older than those in memory")

// newest are the keys of a brand's operations that the index does not hold yet. One goroutine writes, many look up.
type newest struct {
	mu    sync.RWMutex
	from  int64           // keys of the operations after this one
	to    int64           // up to this one are here: those of committed operations, and no others
	young map[opKey]int64 // to sequence numbers

	filters map[run]*filter // of the index
	filling atomic.Bool     // somebody does
}

// newest are the keys of a brand in memory.
func (s *Store) newest(brand int64) *newest {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.keys[brand]
	if n == nil {
		n = &newest{young: map[opKey]int64{}, filters: map[run]*filter{}}
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

// catchUp reads the operations that others have booked, or this process before it was started, and forgets what the index has by now. The
// caller's transaction has read the head.
func (n *newest) catchUp(ctx context.Context, q *reads, h *head) error {
	n.mu.RLock()
	there := n.to >= h.link.Last && n.from >= h.indexed
	n.mu.RUnlock()
	if there {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget(h)
	if n.to >= h.link.Last {
		return nil
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
		}
		n.to = o.Seq
		return nil
	})
}

// forget leaves out what the index has. The caller has the lock.
func (n *newest) forget(h *head) {
	if n.from >= h.indexed {
		return
	}
	young := make(map[opKey]int64, len(n.young))
	for key, seq := range n.young {
		if seq > h.indexed {
			young[key] = seq
		}
	}
	n.from, n.to, n.young = h.indexed, max(n.to, h.indexed), young
}

// find is the operation of a key among those that a snapshot shows and the index does not hold; 0: none.
func (n *newest) find(key opKey, h *head) (seq int64, err error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.from > h.indexed {
		return 0, errStale
	}
	if seq = n.young[key]; seq <= h.indexed || seq > h.link.Last {
		return 0, nil
	}
	return seq, nil
}

// write puts the keys in memory into the index if they are many, goes on with merges there, and notes both in the head. The caller holds the
// writer, so nothing comes or goes meanwhile.
func (n *newest) write(w *writes, h *head, fresh, limit int) error {
	h.index = h.index.clone()
	n.mu.RLock()
	keys, upto := n.young, n.to
	n.mu.RUnlock()
	if len(keys) >= limit && len(keys) > 0 {
		if err := w.addRun(h, keys); err != nil {
			return err
		}
		h.indexed = upto
	}
	return w.merge(h, fresh)
}

// booked takes in the keys that a batch has committed, and forgets those that it put into the index. The caller holds the writer.
func (n *newest) booked(fresh map[opKey]int64, h *head) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.link.Last > n.to { // else a reader has seen them already
		maps.Copy(n.young, fresh)
		n.to = h.link.Last
	}
	n.forget(h)
}
