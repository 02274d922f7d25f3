package sqlite

import (
	"hash/maphash"
	"sync/atomic"
)

// places remembers where members' rows are: one look-up by row id in place of one by the index and another. Rows never move, and
// a row says whose it is; so nothing here need be right, and any number of goroutines may use it.
type places struct {
	groups [1 << 15]group
	seed   maphash.Seed
}

// group is the places of members whose hashes end alike, in as many bytes as a processor fetches at once: 16 bits of hash and 48 of place each.
type group [8]atomic.Uint64

// placeBits are those of the place.
const placeBits = 1<<48 - 1

func newPlaces() *places { return &places{seed: maphash.MakeSeed()} }

// group is where a member's place is remembered, and the bits by which it is told from others' there.
func (p *places) group(brand int64, id string) (g *group, tag uint64) {
	h := maphash.String(p.seed, id) + uint64(brand)
	return &p.groups[h%uint64(len(p.groups))], h &^ placeBits
}

// get is where a member's row probably is, 0 if that is not known.
func (p *places) get(brand int64, id string) int64 {
	g, tag := p.group(brand, id)
	for i := range g {
		if v := g[i].Load(); v&^placeBits == tag {
			return int64(v & placeBits)
		}
	}
	return 0
}

// put remembers a place. In a full group it takes another's.
func (p *places) put(brand int64, id string, place int64) {
	if place > placeBits {
		return
	}
	g, tag := p.group(brand, id)
	at := &g[place%int64(len(g))]
	for i := range g {
		if v := g[i].Load(); v == 0 || v&^placeBits == tag {
			at = &g[i]
			break
		}
	}
	at.Store(tag | uint64(place))
}
