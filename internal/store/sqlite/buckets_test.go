package sqlite

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func randomKey(r *rand.Rand) (key opKey) {
	binary.BigEndian.PutUint64(key[:], r.Uint64())
	binary.BigEndian.PutUint64(key[8:], r.Uint64())
	return key
}

// TestBucketOf: with one bucket more, keys move out of one bucket, into the new one, and about half of them do.
func TestBucketOf(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([]opKey, 20_000)
	for i := range keys {
		keys[i] = randomKey(r)
	}
	for n := int64(1); n < 70; n++ {
		from, moved, stayed := n-upper(n+1)/2, 0, 0
		for _, key := range keys {
			was, is := bucketOf(key, n), bucketOf(key, n+1)
			switch {
			case was < 0 || was >= n:
				t.Fatalf("bucket %d of %d", was, n)
			case is == n && was == from:
				moved++
			case is != was:
				t.Fatalf("the bucket after %d moves a key from %d to %d", n, was, is)
			case was == from:
				stayed++
			}
		}
		if moved < stayed/2 || stayed < moved/2 {
			t.Errorf("the bucket after %d takes %d of %d", n, moved, moved+stayed)
		}
	}
}

// TestBucket: a bucket is a map of keys to numbers, in which the first number stays.
func TestBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.Custom(func(t *rapid.T) (key opKey) { // few, so that some come twice
			key[0], key[7], key[15] = rapid.Byte().Draw(t, "first"), rapid.Byte().Draw(t, "low"), rapid.ByteRange(0, 1).Draw(t, "last")
			return key
		})
		seq := rapid.Int64Range(1, 1<<42-1)
		model := map[opKey]int64{}
		var b bucket
		for range rapid.IntRange(0, 8).Draw(t, "runs") {
			run := rapid.MapOf(key, seq).Draw(t, "run")
			var fresh []entry
			for _, k := range slices.SortedFunc(maps.Keys(run), func(a, b opKey) int { return bytes.Compare(a[:], b[:]) }) {
				fresh = append(fresh, newEntry(k, run[k]))
				if model[k] == 0 {
					model[k] = run[k]
				}
			}
			b = b.merge(fresh)
		}
		if b.len() != len(model) {
			t.Fatalf("%d keys, want %d", b.len(), len(model))
		}
		n := rapid.Int64Range(2, 40).Draw(t, "buckets")
		stay, move := b.split(n)
		if stay.len()+move.len() != len(model) {
			t.Fatalf("%d keys stay and %d move of %d", stay.len(), move.len(), len(model))
		}
		for k, want := range model {
			half := stay
			if bucketOf(k, n) == n-1 {
				half = move
			}
			if b.find(k) != want || half.find(k) != want {
				t.Fatalf("%x is %d, in its half %d, want %d", k, b.find(k), half.find(k), want)
			}
		}
		if other := key.Draw(t, "other"); b.find(other) != model[other] {
			t.Fatalf("%x is %d, want %d", other, b.find(other), model[other])
		}
	})
}

// TestFilter: a filter forgets nothing, and passes few that it never saw.
func TestFilter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 40, 1000, 100_000} {
		f := newFilter(int64(n), 1)
		keys := make([]opKey, n)
		for i := range keys {
			keys[i] = randomKey(r)
			f.add(keys[i])
		}
		for _, key := range keys {
			if !f.has(key) {
				t.Fatalf("one of %d keys is forgotten", n)
			}
		}
		passed := 0
		for range 10_000 {
			if f.has(randomKey(r)) {
				passed++
			}
		}
		if passed > 300 {
			t.Errorf("a filter of %d keys passes %d of 10000 others", n, passed)
		}
		if f.full() {
			t.Errorf("a filter for %d keys is full with them", n)
		}
	}
	for brands, want := range map[int]int{1: filterMax, 2: filterMax / 2, 3: filterMax / 4, 2 * filterMax: 1} {
		if f := newFilter(1<<40, brands); len(f.blocks) != want {
			t.Errorf("a filter of %d brands has %d blocks, want %d", brands, len(f.blocks), want)
		}
	}
}
