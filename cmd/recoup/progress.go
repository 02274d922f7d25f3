package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

// progress tells a person at a terminal how far a long work is. Elsewhere it is silent.
type progress struct {
	out   io.Writer // nil: silent
	verb  string
	done  int
	total int
	shown time.Time
}

func newProgress(e *env, verb string, total int) *progress {
	p := &progress{verb: verb, total: total, shown: time.Now()}
	if f, ok := e.stderr.(*os.File); ok && isTerminal(f) {
		p.out = f
	}
	return p
}

// isTerminal reports whether a person is likely to read a file as it is written.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && runtime.GOOS != "windows"
}

// step counts one more done.
func (p *progress) step() { p.at(int64(p.done) + 1) }

// at says how many are done. Work that is over at once shows nothing.
func (p *progress) at(done int64) {
	p.done = int(done)
	if p.out == nil || time.Since(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = time.Now()
	fmt.Fprintf(p.out, "\r%s %d of %d", p.verb, p.done, p.total)
}

// end clears the line.
func (p *progress) end() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
