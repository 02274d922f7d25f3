// Package clock says whether the clock that stamps come from can be believed. A wrong one destroys: what it says is over expires for good, and
// whatever is stamped keeps the brand's time ahead when it is right again.
//
// A Watch holds the process's clock against one that nobody sets (Steady) while it runs, and against what the books and the file say when it
// starts. When they disagree it refuses every stamp until the clock is right again, or an operator's word says that it is.
package clock

import (
	"fmt"
	"sync"
	"time"
)

const (
	// Limit is how far the clocks of process and database may be apart: a signature is checked by the one, a deadline by the other.
	Limit = 5 * time.Second
	// JumpMax is how far the process's clock may move against the steady one at once, and the books be ahead of it. What sets clocks right
	// moves them by less.
	JumpMax = time.Minute
	// GapMax is how long nothing may have been written before a start. A shop that was closed for longer confirms its clock.
	GapMax = 30 * 24 * time.Hour
	// WordFor is how far an operator's word may be from the clock that it confirms.
	WordFor = 10 * time.Minute
)

// A Fault says that a clock cannot be believed. Both clocks are told to anybody who asks whether the node is ready: they are no secret.
type Fault struct {
	What    string // in English
	Clock   time.Time
	Against time.Time
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s against %s; nothing is stamped until they agree, or `recoup clock confirm` says that the clock is right",
		f.What, f.Clock.UTC().Format(time.RFC3339), f.Against.UTC().Format(time.RFC3339))
}

// A Word is what an operator said of a clock.
type Word struct {
	N    int64 // of the words so far, from 1; 0: none
	At   int64 // what the clock said that is right, milliseconds since 1970
	Head int64 // stamps up to this one are accepted although they are ahead of it
	By   string
	Why  string
}

// Watch watches one process's clock. Its methods may be called from many goroutines.
type Watch struct {
	steady func() time.Duration

	mu      sync.Mutex
	begun   bool          // the clock was believed once
	wall    time.Time     // what it said then
	at      time.Duration // and the steady one
	written time.Time     // before that: when something was last written; zero: nothing ever was
	word    Word
	fault   *Fault // nil: it is believed
}

// New makes a watch of a clock. written is when the database was last written to, and word the operator's last. Steady goes on whatever is
// done to the clock.
func New(steady func() time.Duration, written time.Time, word Word) *Watch {
	if at := time.UnixMilli(word.At); word.N > 0 && at.After(written) {
		written = at
	}
	return &Watch{steady: steady, written: written, word: word}
}

// Check says whether the clock, which reads now, can be believed.
func (w *Watch) Check(now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fault = w.judge(now); w.fault != nil {
		return w.fault
	}
	w.begun, w.wall, w.at = true, now.Round(0), w.steady()
	return nil
}

func (w *Watch) judge(now time.Time) *Fault {
	now = now.Round(0) // without the monotonic reading, which does not follow the clock
	if w.begun {
		if expected := w.wall.Add(w.steady() - w.at); now.Sub(expected).Abs() > JumpMax {
			return &Fault{"this machine's clock jumped", now, expected}
		}
		return nil
	}
	switch {
	case w.written.IsZero():
	case w.written.Sub(now) > Limit && w.written.UnixMilli() > w.word.Head:
		return &Fault{"this machine's clock is behind what was written last", now, w.written}
	case now.Sub(w.written) > GapMax:
		return &Fault{"this machine's clock is far ahead of what was written last", now, w.written}
	}
	return nil
}

// Stamp says whether a batch may be stamped. The process's clock read before and after the store's was read, which is stored; stamp is what
// the batch would get, which is never below the brand's last.
func (w *Watch) Stamp(before, after time.Time, stored, stamp int64) error {
	if err := w.Check(after); err != nil {
		return err
	}
	there := time.UnixMilli(stored)
	if before.Sub(there) > Limit || there.Sub(after) > Limit {
		return &Fault{"this machine's clock and the database's are apart", after, there}
	}
	return w.Ahead(there, stamp)
}

// Ahead says whether the last stamp of books is ahead of a clock, unless an operator accepted it.
func (w *Watch) Ahead(now time.Time, stamp int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at := time.UnixMilli(stamp); at.Sub(now) > JumpMax && stamp > w.word.Head {
		return &Fault{"the books are ahead of the clock", now, at}
	}
	return nil
}

// Hear takes an operator's word: the clock is right. It reports whether it was a new one that is about the clock as it reads now.
func (w *Watch) Hear(word Word, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if word.N <= w.word.N || now.Sub(time.UnixMilli(word.At)).Abs() > WordFor {
		return false
	}
	w.word, w.fault = word, nil
	w.begun, w.wall, w.at = true, now.Round(0), w.steady()
	return true
}

// Word is the last word that was taken.
func (w *Watch) Word() Word {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.word
}
