package clock

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A step is so much time by the steady clock, and a move of the other one beside that.
func TestWatch(t *testing.T) {
	const year = 365 * 24 * time.Hour
	type step struct {
		after, jump time.Duration
		word        bool // an operator confirms the clock
		want        string
	}
	for _, tt := range []struct {
		name    string
		written time.Duration // before noon
		never   bool          // nothing was written yet
		steps   []step
	}{
		{"goes on", time.Minute, false, []step{{}, {after: time.Hour}, {after: time.Second, jump: time.Second}, {after: time.Second, jump: -50 * time.Second}}},
		{"jumps ahead and back", time.Minute, false, []step{{}, {time.Second, year, false, "jumped"}, {after: 75 * time.Second, want: "jumped"}, {time.Second, -year, false, ""}}},
		{"jumps back and ahead", time.Minute, false, []step{{}, {time.Second, -7 * 24 * time.Hour, false, "jumped"}, {time.Second, 7 * 24 * time.Hour, false, ""}}},
		{"jumps and is right", time.Minute, false, []step{{}, {time.Second, time.Hour, false, "jumped"}, {after: time.Second, word: true}, {after: time.Hour}}},
		{"jumps again after a word", time.Minute, false, []step{{}, {time.Second, time.Hour, false, "jumped"}, {after: time.Second, word: true}, {time.Second, time.Hour, false, "jumped"}}},
		{"new database", 0, true, []step{{}, {after: time.Hour}}},
		{"starts a year late", year, false, []step{{want: "far ahead"}, {after: time.Hour, want: "far ahead"}, {word: true}, {after: time.Hour}}},
		{"starts a year late, and is set right", time.Minute, false, []step{{0, year, false, "far ahead"}, {time.Minute, -year, false, ""}}},
		{"starts a year early", time.Minute, false, []step{{0, -year, false, "behind"}, {time.Minute, year, false, ""}}},
		{"starts early, and is right", -time.Hour, false, []step{{want: "behind"}, {word: true}, {after: time.Minute}}},
		{"starts after the holidays", 15 * 24 * time.Hour, false, []step{{}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now, steady, n := noon, time.Duration(0), int64(0)
			written := noon.Add(-tt.written)
			if tt.never {
				written = time.Time{}
			}
			w := New(func() time.Duration { return steady }, written, Word{})
			for i, s := range tt.steps {
				steady += s.after
				now = now.Add(s.after + s.jump)
				if s.word {
					n++
					if !w.Hear(Word{N: n, At: now.UnixMilli(), Head: written.UnixMilli()}, now) {
						t.Errorf("step %d: the word was not taken", i)
					}
				}
				err := w.Check(now)
				if (err != nil) != (s.want != "") || err != nil && !strings.Contains(err.Error(), s.want) {
					t.Errorf("step %d at %s: %v, want %q", i, now, err, s.want)
				}
			}
		})
	}
}

func TestStamp(t *testing.T) {
	for _, tt := range []struct {
		name             string
		database, latest time.Duration // against noon
		accepted         bool
		want             string
	}{
		{"all agree", 0, 0, false, ""},
		{"a little apart", 3 * time.Second, 0, false, ""},
		{"the database is ahead", 7 * 24 * time.Hour, 0, false, "the database's are apart"},
		{"the database is behind", -6 * time.Second, 0, false, "the database's are apart"},
		{"the books are behind", 0, -24 * time.Hour, false, ""},
		{"the books are ahead", 0, 7 * 24 * time.Hour, false, "the books are ahead"},
		{"the books are ahead, and that is accepted", 0, 7 * 24 * time.Hour, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			word := Word{}
			latest := noon.Add(max(tt.latest, tt.database)).UnixMilli()
			if tt.accepted {
				word = Word{N: 1, At: noon.UnixMilli(), Head: latest}
			}
			w := New(func() time.Duration { return 0 }, noon, word)
			err := w.Stamp(noon, noon.Add(time.Millisecond), noon.Add(tt.database).UnixMilli(), latest)
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if fault := new(Fault); err != nil && !errors.As(err, &fault) {
				t.Errorf("%T is no fault of a clock", err)
			}
		})
	}
}

// A word about another moment, or an old one, says nothing of the clock.
func TestHear(t *testing.T) {
	w := New(func() time.Duration { return 0 }, noon, Word{N: 3, At: noon.UnixMilli()})
	for _, word := range []Word{{N: 3, At: noon.UnixMilli()}, {N: 4, At: noon.Add(time.Hour).UnixMilli()}} {
		if w.Hear(word, noon) {
			t.Errorf("%+v was taken", word)
		}
	}
	if !w.Hear(Word{N: 4, At: noon.UnixMilli()}, noon.Add(time.Minute)) || w.Word().N != 4 {
		t.Error("a good word was not taken")
	}
}

func TestSteady(t *testing.T) {
	if a := Steady(); a <= 0 && Steady() < a {
		t.Errorf("steady time %s", a)
	}
}
