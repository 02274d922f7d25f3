package sqlite

import (
	"hash/maphash"
	"sync/atomic"
)

// places remembers where members' rows are: one look-up by row id in place of one by the index and another. Rows never move, and
// a row says whose it is; so nothing here need be right, and any number of goroutines may use it.
type places struct {
	seed  maphash.Seed
	slots [1 << 18]atomic.Uint64 // 16 bits of hash, 48 of place
}

func newPlaces() *places { return &places{seed: maphash.MakeSeed()} }

// slot is where a member's place is remembered, and the bits by which it is told from others' there.
func (p *places) slot(brand int64, id string) (slot *atomic.Uint64, tag uint64) {
	h := maphash.String(p.seed, id) + uint64(brand)
	return &p.slots[h%uint64(len(p.slots))], h &^ (1<<48 - 1)
}

// get is where a member's row probably is, 0 if that is not known.
func (p *places) get(brand int64, id string) int64 {
	slot, tag := p.slot(brand, id)
	v := slot.Load()
	if v&^(1<<48-1) != tag {
		return 0
	}
	return int64(v & (1<<48 - 1))
}

func (p *places) put(brand int64, id string, place int64) {
	if place>>48 == 0 {
		slot, tag := p.slot(brand, id)
		slot.Store(tag | uint64(place))
	}
}
