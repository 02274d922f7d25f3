package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSorter: records come back in byte order, however many runs and merges it took.
func TestSorter(t *testing.T) {
	for _, tt := range []struct {
		name   string
		memory int
		count  int
		runs   int // at least
	}{
		{"none", 100, 0, 0},
		{"one", 100, 1, 0},
		{"in memory", 1 << 20, 5000, 0},
		{"some runs", 4 << 10, 5000, 2},
		{"runs of runs", 200, 5000, 2},
		{"larger than memory", 1, 500, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			s := newSorter()
			s.memory = tt.memory
			var want [][]byte
			for range tt.count {
				rec := fmt.Appendf(nil, "%d", r.Uint64()>>r.IntN(64))
				want = append(want, rec)
				if err := s.add(rec); err != nil {
					t.Fatal(err)
				}
			}
			if len(s.runs) < tt.runs || len(s.runs) > sortRuns {
				t.Errorf("%d runs", len(s.runs))
			}
			slices.SortFunc(want, bytes.Compare)
			i := 0
			for rec, err := range s.sorted() {
				if err != nil {
					t.Fatal(err)
				}
				if i == len(want) || !bytes.Equal(rec, want[i]) {
					t.Fatalf("record %d is %q", i, rec)
				}
				i++
			}
			if i != len(want) || s.count != int64(len(want)) {
				t.Errorf("%d of %d records, counted %d", i, len(want), s.count)
			}
			dir := s.dir
			if err := s.close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(dir); dir != "" && !os.IsNotExist(err) {
				t.Errorf("%s is left: %v", dir, err)
			}
		})
	}
}

// TestDamagedRun: a temporary file that lost its end is an error, never a shorter history.
func TestDamagedRun(t *testing.T) {
	for length := range int64(len("xrecord")) {
		s := newSorter()
		s.memory = 1
		for range 3 {
			if err := s.add([]byte("record")); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.runs[0].Truncate(length); err != nil {
			t.Fatal(err)
		}
		var found error
		for _, err := range s.sorted() {
			found = cmp.Or(found, err)
		}
		if found == nil {
			t.Errorf("not found at %d bytes", length)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestKeyText: texts come back, and keys sort as the texts do, whatever follows them.
func TestKeyText(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 0xfe, 0xff}), 0, 5).Draw(t, "bytes"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		n, m := rapid.Int64Min(0).Draw(t, "n"), rapid.Int64Min(0).Draw(t, "m")
		x, y := start(nil, lotSection).text(a).number(n).int(-n), start(nil, lotSection).text(b).number(m).int(-m)
		if got, want := bytes.Compare(x, y), cmp.Or(cmp.Compare(a, b), cmp.Compare(n, m)); got != want {
			t.Errorf("%q %d, %q %d: %d", a, n, b, m, got)
		}
		r := &reader{b: x}
		if r.byte() != byte(lotSection) || r.text() != a || r.number() != n || r.int() != -n || r.bad || len(r.b) != 0 {
			t.Errorf("%q is not read back", x)
		}
	})
}

// TestShortRecord: a record that ends too early is seen.
func TestShortRecord(t *testing.T) {
	rec := start(nil, lotSection).text("account").number(7).int(12345).id([16]byte{1})
	for n := range len(rec) {
		r := &reader{b: rec[:n]}
		r.byte()
		r.text()
		r.number()
		r.int()
		r.id()
		if !r.bad {
			t.Errorf("%d of %d bytes are enough", n, len(rec))
		}
	}
}
