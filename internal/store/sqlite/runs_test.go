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
		x.merges = append(x.merges, merge{runs.Filter(func(r []run) bool { return len(r) > 0 }).Draw(t, "to")[0], runs.Draw(t, "from"), small.Draw(t, "done"), small.Draw(t, "owed")})
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
