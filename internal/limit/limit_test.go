package limit

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var noon = time.UnixMilli(1767240000000)

func TestEnter(t *testing.T) {
	l := New(Options{InFlight: 2})
	for i, want := range []bool{true, true, false, false} {
		if l.Enter() != want {
			t.Errorf("call %d of two places: let in is %v", i+1, !want)
		}
	}
	l.Leave()
	if !l.Enter() || l.Enter() {
		t.Error("one place given back")
	}
}

func TestRate(t *testing.T) {
	l := New(Options{})
	call := func(perSecond int, at time.Time) int {
		a, wait := l.EnterApp("1", perSecond, 0, at)
		if (a != nil) == (wait > 0) {
			t.Fatalf("place %v and wait %d", a, wait)
		}
		if a != nil {
			a.Leave()
		}
		return wait
	}
	passed := func(n, perSecond int, at time.Time) (passed int) {
		for range n {
			if call(perSecond, at) == 0 {
				passed++
			}
		}
		return passed
	}
	for _, step := range []struct {
		after           time.Duration
		perSecond, want int
	}{
		{0, 3, 3}, // a new app has its whole second
		{0, 3, 0},
		{time.Second / 3, 3, 1},
		{time.Second, 3, 2},
		{time.Hour, 3, 3},       // nothing is saved up
		{time.Hour, 0, 100},     // no limit
		{2 * time.Hour, 50, 50}, // a new limit holds at once, for what is earned from then on
		{2*time.Hour + time.Second, 50, 50},
		{2*time.Hour + 2*time.Second, 1, 1},
	} {
		got := passed(100, step.perSecond, noon.Add(step.after))
		if step.after == 2*time.Hour {
			if got < 3 || got > 50 {
				t.Errorf("after %v: %d calls passed", step.after, got)
			}
			continue
		}
		if got != step.want {
			t.Errorf("after %v: %d calls passed at %d a second, want %d", step.after, got, step.perSecond, step.want)
		}
	}
	// Who waits as told is let in.
	wait := call(1, noon.Add(2*time.Hour+2*time.Second))
	if wait != 1 || call(1, noon.Add(2*time.Hour+2*time.Second+time.Duration(wait)*time.Second)) != 0 {
		t.Errorf("waiting %d s does not help", wait)
	}
	// Apps do not share.
	if _, wait := l.EnterApp("2", 1, 0, noon); wait != 0 {
		t.Error("another app waits")
	}
}

func TestAppInFlight(t *testing.T) {
	l := New(Options{})
	a, _ := l.EnterApp("1", 0, 2, noon)
	if _, wait := l.EnterApp("1", 0, 2, noon); wait != 0 {
		t.Error("second place")
	}
	if _, wait := l.EnterApp("1", 0, 2, noon); wait != 1 {
		t.Errorf("third: wait %d", wait)
	}
	a.Leave()
	if _, wait := l.EnterApp("1", 0, 2, noon); wait != 0 {
		t.Error("a place given back")
	}
}

// The map of apps stays bounded, and no app with calls in flight or a second running is forgotten while others can go.
func TestAppsBounded(t *testing.T) {
	l := New(Options{InFlight: 4, Apps: 100})
	busy, _ := l.EnterApp("busy", 0, 1, noon)
	at := noon
	for i := range 10_000 {
		at = at.Add(100 * time.Millisecond)
		a, wait := l.EnterApp(fmt.Sprint(i), 1, 0, at)
		if wait > 0 {
			t.Fatal("a new app waits")
		}
		a.Leave()
		if _, wait := l.EnterApp(fmt.Sprint(i), 1, 0, at); wait != 1 {
			t.Fatal("an app was forgotten within its second")
		}
	}
	if len(l.apps) > 100 {
		t.Errorf("%d apps counted", len(l.apps))
	}
	if _, wait := l.EnterApp("busy", 0, 1, at); wait != 1 {
		t.Error("the busy app was forgotten")
	}
	busy.Leave()

	for i := range 1000 { // all in one second: some must go
		a, _ := l.EnterApp(fmt.Sprint("flood", i), 1, 0, at)
		a.Leave()
	}
	if len(l.apps) > 100 {
		t.Errorf("%d apps counted", len(l.apps))
	}
}

func TestLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Options{Large: 1, LargeWait: 2 * time.Second})
		if !l.EnterLarge(t.Context(), "a") {
			t.Fatal("first")
		}
		start := time.Now()
		if l.EnterLarge(t.Context(), "a") || time.Since(start) != 2*time.Second {
			t.Errorf("second was let in or refused after %v", time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if l.EnterLarge(ctx, "a") {
			t.Error("a caller that went away was let in")
		}
		go func() {
			time.Sleep(time.Second)
			l.LeaveLarge("a")
		}()
		if !l.EnterLarge(t.Context(), "a") {
			t.Error("waiting did not help")
		}
	})
}

// One address has half of the slots, so that slow senders shut out nobody elsewhere; what one gives back its next may have.
func TestLargeByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Options{Large: 4, LargeWait: 2 * time.Second})
		for range 2 {
			if !l.EnterLarge(t.Context(), "a") {
				t.Fatal("within its half")
			}
		}
		for range 5 {
			if l.EnterLarge(t.Context(), "a") {
				t.Fatal("beyond its half")
			}
		}
		for _, from := range []string{"b", "c"} {
			if !l.EnterLarge(t.Context(), from) {
				t.Errorf("%s is shut out", from)
			}
		}
		if l.EnterLarge(t.Context(), "d") {
			t.Error("more than there are")
		}
		l.LeaveLarge("a")
		if !l.EnterLarge(t.Context(), "a") {
			t.Error("its slot is free again")
		}
		for _, from := range []string{"a", "a", "b", "c"} {
			l.LeaveLarge(from)
		}
		if len(l.larges) != 0 {
			t.Errorf("%v are remembered", l.larges)
		}
	})
}

func TestWrong(t *testing.T) {
	l := New(Options{Apps: 3})
	count := func(from, app string, n int, at time.Time) (slow int) {
		for range n {
			if l.Wrong(from, app, at) {
				slow++
			}
		}
		return slow
	}
	for _, c := range []struct {
		from, app string
		n         int
		after     time.Duration
		slow      int
	}{
		{"a", "1", wrongBurst, 0, 0},
		{"a", "1", 10, 0, 10},
		{"a", "2", wrongBurst, 0, 0}, // another app of the same address
		{"b", "1", wrongBurst, 0, 0}, // the same app of another address
		{"a", "1", 10, 2 * time.Second, 10 - 2*wrongRate},
		{"a", "1", wrongBurst, time.Minute, 0},
	} {
		if got := count(c.from, c.app, c.n, noon.Add(c.after)); got != c.slow {
			t.Errorf("%s %s after %s: %d of %d are slow, want %d", c.from, c.app, c.after, got, c.n, c.slow)
		}
	}
	l = New(Options{InFlight: 1, Apps: 3})
	for i := range 100 {
		l.Wrong(fmt.Sprint(i), "1", noon)
	}
	if len(l.wrong) > 3 {
		t.Errorf("%d are remembered", len(l.wrong))
	}
	if l.Wrong("z", "1", noon.Add(time.Hour)) {
		t.Error("old ones are not forgotten")
	}
}

func TestConcurrent(t *testing.T) {
	l := New(Options{InFlight: 8})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 1000 {
				if !l.Enter() {
					continue
				}
				if a, wait := l.EnterApp("1", 1_000_000, 4, noon); wait == 0 {
					a.Leave()
				}
				l.Leave()
			}
		})
	}
	wg.Wait()
	if n := l.inFlight.Load(); n != 0 || l.apps["1"].inFlight != 0 {
		t.Errorf("%d places of the node and %d of the app are taken by nobody", n, l.apps["1"].inFlight)
	}
}
