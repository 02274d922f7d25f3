package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sort"
)

// The index of operations by their keys is a hash table on disk that grows by one bucket at a time (linear hashing): a key is found with one
// look-up by row id, and what a run has for one bucket is written together. In a tree each key is compared with others all the way down,
// and written by a statement of its own.

// entry is a key in a bucket: 16 bytes of key, then 6 of the sequence number of its operation, which has 42 bits.
type entry [22]byte

func newEntry(key opKey, seq int64) (e entry) {
	copy(e[:], key[:])
	binary.BigEndian.PutUint16(e[16:], uint16(seq>>32))
	binary.BigEndian.PutUint32(e[18:], uint32(seq))
	return e
}

func (e *entry) key() opKey { return opKey(e[:16]) }

func (e *entry) seq() int64 {
	return int64(binary.BigEndian.Uint16(e[16:]))<<32 | int64(binary.BigEndian.Uint32(e[18:]))
}

// bucket are entries in order of their keys, one after the other.
type bucket []byte

func (b bucket) len() int        { return len(b) / len(entry{}) }
func (b bucket) at(i int) *entry { return (*entry)(b[i*len(entry{}):]) }

// find is the sequence number of a key, 0 when it is not there.
func (b bucket) find(key opKey) int64 {
	i := sort.Search(b.len(), func(i int) bool { return bytes.Compare(b.at(i)[:16], key[:]) >= 0 })
	if i < b.len() && b.at(i).key() == key {
		return b.at(i).seq()
	}
	return 0
}

// merge adds sorted entries. Of a key that is there, what is there stays: it was written before, with a run that was begun again.
func (b bucket) merge(fresh []entry) bucket {
	all := make(bucket, 0, len(b)+len(fresh)*len(entry{}))
	for i := 0; i < b.len(); i++ {
		e := b.at(i)
		for len(fresh) > 0 && bytes.Compare(fresh[0][:16], e[:16]) < 0 {
			all, fresh = append(all, fresh[0][:]...), fresh[1:]
		}
		if len(fresh) > 0 && fresh[0].key() == e.key() {
			fresh = fresh[1:]
		}
		all = append(all, e[:]...)
	}
	for i := range fresh {
		all = append(all, fresh[i][:]...)
	}
	return all
}

// split moves the entries that belong into the last of so many buckets there.
func (b bucket) split(buckets int64) (stay, move bucket) {
	for i := range b.len() {
		if e := b.at(i); bucketOf(e.key(), buckets) == buckets-1 {
			move = append(move, e[:]...)
		} else {
			stay = append(stay, e[:]...)
		}
	}
	return stay, move
}

// bucketKeys is how many keys a bucket has on average: those still to be split have up to twice as many, which fit a page.
const bucketKeys = 80

// buckets is how many there are for a number of keys.
func buckets(keys int64) int64 { return keys/bucketKeys + 1 }

// bucketOf is where a key belongs when there are so many buckets: its low bits, as many as it takes to number them all, and one less where
// that bucket is still to come.
func bucketOf(key opKey, buckets int64) int64 {
	all := upper(buckets)
	place := int64(binary.BigEndian.Uint64(key[:]) & uint64(all-1))
	if place >= buckets {
		place &= all/2 - 1
	}
	return place
}

// upper is the smallest power of two that is no less than a number of buckets.
func upper(buckets int64) int64 { return 1 << bits.Len64(uint64(buckets-1)) }

// bucket reads a bucket. It lies in the engine's memory, and is gone with the next step of the statement.
func (q *reads) bucket(h *head, place int64, read func(bucket)) error {
	q.Keys.int(1, h.serial)
	q.Keys.int(2, place)
	row, err := q.Keys.step()
	if err != nil {
		return err
	}
	if !row {
		read(nil)
		return nil
	}
	read(q.Keys.columnBytes(0))
	q.Keys.reset()
	return nil
}

// indexed is the operation of a key in the index; 0: none.
func (q *reads) indexed(key opKey, h *head) (seq int64, err error) {
	err = q.bucket(h, bucketOf(key, buckets(h.keys)), func(b bucket) { seq = b.find(key) })
	if seq > h.indexed {
		seq = 0 // of a run that is not complete: it is in memory
	}
	return seq, err
}

// index puts keys into the index, and notes in the head how many it has then.
func (w *writes) index(h *head, fresh []entry) error {
	now := buckets(h.keys)
	place := func(e *entry) int64 { return bucketOf(e.key(), now) }
	slices.SortFunc(fresh, func(a, b entry) int { return cmp.Or(cmp.Compare(place(&a), place(&b)), bytes.Compare(a[:], b[:])) })
	for len(fresh) > 0 {
		to, n := place(&fresh[0]), 1
		for n < len(fresh) && place(&fresh[n]) == to {
			n++
		}
		var all bucket
		var was int
		err := w.bucket(h, to, func(b bucket) { all, was = b.merge(fresh[:n]), b.len() })
		if err != nil {
			return err
		}
		if err := w.saveBucket(h, to, all); err != nil {
			return err
		}
		h.keys += int64(all.len() - was)
		fresh = fresh[n:]
	}
	for now++; now <= buckets(h.keys); now++ {
		var stay, move bucket
		from := now - 1 - upper(now)/2
		if err := w.bucket(h, from, func(b bucket) { stay, move = b.split(now) }); err != nil {
			return err
		}
		if err := errors.Join(w.saveBucket(h, from, stay), w.saveBucket(h, now-1, move)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writes) saveBucket(h *head, place int64, b bucket) error {
	w.SaveKeys.int(1, h.serial)
	w.SaveKeys.int(2, place)
	w.SaveKeys.blob(3, b)
	return w.SaveKeys.run()
}

// checkKeys compares the index with the operations whose keys it is to hold.
func (q *reads) checkKeys(ctx context.Context, brand string) error {
	h, err := q.head(brand)
	if err != nil {
		return err
	}
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
			if seq, err := q.indexed(key, &h); err != nil || seq != o.Seq {
				return errors.Join(err, fmt.Errorf("sqlite: brand %s: operation %s (%d) is not found by its keys", brand, o.ID, o.Seq))
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return err
	}
	got, all := 0, int64(0)
	q.AllKeys.int(1, h.serial)
	err = q.AllKeys.each(ctx, func() error {
		b := bucket(q.AllKeys.columnBytes(0))
		all += int64(b.len())
		for i := range b.len() {
			if b.at(i).seq() <= h.indexed {
				got++
			}
		}
		return nil
	})
	if err == nil && (got != want || all != h.keys) {
		err = fmt.Errorf("sqlite: brand %s: the index of operations has %d keys for the %d that there are, and %d in all where %d were counted",
			brand, got, want, all, h.keys)
	}
	return err
}
