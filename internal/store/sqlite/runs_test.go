package sqlite

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func randomKey(r *rand.Rand) (key opKey) {
	binary.BigEndian.PutUint64(key[:], r.Uint64())
	binary.BigEndian.PutUint64(key[8:], r.Uint64())
	return key
}

func anIndex(t *rapid.T) (x index) {
	small := rapid.Int64Range(0, 300)
	runs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) run {
		return run{small.Draw(t, "id"), small.Draw(t, "size"), rapid.Int64Range(0, blockBits).Draw(t, "bits"), rapid.Int64Min(0).Draw(t, "keys")}
	}), 0, 9)
	x.last, x.runs = small.Draw(t, "last"), runs.Draw(t, "runs")
	for range rapid.IntRange(0, 3).Draw(t, "merges") {
		m := merge{to: run{1, 1, blockBits, 1}, from: runs.Draw(t, "from"), owed: small.Draw(t, "owed")}
		m.done = rapid.Int64Range(0, 1<<m.bits()).Draw(t, "done")
		x.merges = append(x.merges, m)
	}
	return x
}

// TestIndexText: what is written down is read again, and a part of it is refused.
func TestIndexText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anIndex(t)
		text := x.text()
		got, err := parseIndex(text)
		if again := got.text(); err != nil || !slices.Equal(again, text) || !slices.Equal(got.runs, x.runs) || len(got.merges) != len(x.merges) {
			t.Fatalf("%+v is read as %+v: %v", x, got, err)
		}
		for i := range len(text) {
			if _, err := parseIndex(text[:i]); err == nil && i > 0 {
				t.Fatalf("%d of %d bytes are taken for an index", i, len(text))
			}
		}
		if _, err := parseIndex(append(text, 0)); err == nil {
			t.Fatal("a byte too many is taken")
		}
	})
}

// FuzzIndex: nothing that is read as an index makes the parser fall or fill the memory.
func FuzzIndex(f *testing.F) {
	f.Add([]byte{0, 0, 0})
	f.Add((&index{last: 3, runs: []run{{1, 0, 2, 300}}, merges: []merge{{to: run{2, 1, 2, 3}, from: []run{{3, 0, 0, 1}}}}}).text())
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := parseIndex(text)
		if err != nil || len(text) == 0 {
			return
		}
		if again, err := parseIndex(x.text()); err != nil || !reflect.DeepEqual(again, x) {
			t.Errorf("%+v is read again as %+v: %v", x, again, err)
		}
	})
}

// TestNewRun: a run takes no place that is in use, and as many blocks as its keys fill.
func TestNewRun(t *testing.T) {
	const turn = 1 << runBits
	x := index{last: turn - 3, runs: []run{{id: turn - 1}}, merges: []merge{{to: run{id: turn}, from: []run{{id: 2}}}}}
	for i, want := range []run{{turn - 2, 1, 0, blockKeys}, {turn + 1, 1, 1, blockKeys + 1}, {turn + 3, 1, 8, 32768}, {turn + 4, 1, blockBits, 1 << 60}} {
		if got := x.newRun(1, want.keys); got != want {
			t.Errorf("the run after %d is %+v, want %+v", i, got, want)
		}
	}
}

// TestMergesDue: eight runs of a size are merged, one merge of a size at a time, and what has the newest keys is looked at first.
func TestMergesDue(t *testing.T) {
	x := index{}
	for range 2*fan - 1 {
		x.runs = append(x.runs, x.newRun(0, 1))
		for size := range int64(sizes) {
			x.begin(size)
		}
	}
	if len(x.merges) != 1 || len(x.merges[0].from) != fan || len(x.runs) != fan-1 {
		t.Fatalf("%+v", x)
	}
	x.end()             // of nothing
	for range 3 * fan { // more than are merged at once
		x.runs = append(x.runs, x.newRun(0, 1))
	}
	for waiting, want := range map[int]int64{0: 20, 2*fan - 1: 20, 4*fan - 1: 60} {
		y := index{runs: x.runs[:waiting]}
		if got := y.pace(&x.merges[0], 10); got != want {
			t.Errorf("with %d runs waiting, %d keys are moved for 10, want %d", waiting, got, want)
		}
	}
	x.merges[0].done++
	x.end()
	x.begin(0)
	if len(x.merges) != 1 || len(x.merges[0].from) != 2*fan {
		t.Errorf("of many runs %+v are merged", x.merges)
	}
	x.merges[0].done++
	x.end()
	var sizes []int64
	for _, s := range (&newest{}).sources(&x) {
		sizes = append(sizes, s.size)
	}
	if len(x.merges) != 0 || len(sizes) != 2*fan+1 || !slices.IsSorted(sizes) || x.keys() != 5*fan-1 {
		t.Errorf("%+v: sizes in the order of looking are %v", x, sizes)
	}
}

// TestFilter: a filter forgets nothing, and passes few that it never saw, in half the room some more.
func TestFilter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 40, 1000, 100_000} {
		f := newFilter(int64(n), filterMax)
		keys := make([]opKey, n)
		for i := range keys {
			keys[i] = randomKey(r)
			f.add(&keys[i])
		}
		for _, tt := range []struct {
			*filter
			passes int
		}{{f, 400}, {f.folded(), 1600}} {
			for i := range keys {
				if len(tt.blocks) > 0 && !tt.has(&keys[i]) {
					t.Fatalf("one of %d keys is forgotten", n)
				}
			}
			passed := 0
			for range 10_000 {
				if key := randomKey(r); len(tt.blocks) > 0 && tt.has(&key) {
					passed++
				}
			}
			if passed > tt.passes {
				t.Errorf("a filter of %d keys in %d blocks passes %d of 10000 others", n, len(tt.blocks), passed)
			}
		}
	}
	for most, want := range map[int]int{1: 1, 3: 2, filterMax: 1 << 17} {
		if f := newFilter(1<<40, most); len(f.blocks) != want {
			t.Errorf("a filter of at most %d blocks has %d", most, len(f.blocks))
		}
	}
}

// TestPublish: filters of runs that are gone are dropped, and the others take no more than their room.
func TestPublish(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	x := index{runs: []run{{id: 1, keys: 10_000}, {id: 2, keys: 1000}}, merges: []merge{{to: run{id: 3, keys: 5000}, from: []run{{id: 4, keys: 5000}}}}}
	n := &newest{filters: map[run]*filter{{id: 9, keys: 5}: newFilter(5, 1)}} // of a run that is gone
	key := randomKey(r)
	for _, s := range n.sources(&x) {
		n.filters[s.run] = newFilter(s.keys, filterMax)
		n.filters[s.run].add(&key)
	}
	for _, most := range []int{1000, 300, 100, 4} {
		of := x.runs[0]
		n.publish(of, n.filters[of], &x, most)
		all := 0
		for of, f := range n.filters {
			if all += len(f.blocks); !f.has(&key) {
				t.Errorf("with %d blocks, %+v has forgotten", most, of)
			}
		}
		if len(n.filters) != 4 || all > most || all < most/4 {
			t.Errorf("%d filters have %d blocks, of %d", len(n.filters), all, most)
		}
	}
	n.publish(x.runs[0], n.filters[x.runs[0]], &x, 1) // less than there can be
}
