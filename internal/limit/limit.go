// Package limit bounds what a node takes on: calls at once, calls of one app a second and at once, and large bodies.
//
// Each node counts for itself. Nothing waits here but for a large body's slot; a call over a limit is refused at once with how many seconds to
// wait.
package limit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Options are the bounds of a node. A field that is 0 has its default.
type Options struct {
	InFlight  int           // calls at once, of all apps; default 4096
	Apps      int           // apps that are counted at once; default and least 2·InFlight
	Large     int           // large bodies at once; default 4, of 1 MiB each and several times that when decoded
	LargeWait time.Duration // how long a large body waits for its slot; default 2 s
}

// A Limiter counts. Its methods may be called from many goroutines.
type Limiter struct {
	max       int64
	inFlight  atomic.Int64
	large     chan struct{}
	largeWait time.Duration

	maxApps int
	mu      sync.Mutex        // guards what follows
	apps    map[string]*App   // by key
	larges  map[string]int    // large bodies of an address, those that wait among them
	wrong   map[string]*tries // wrong signatures, by address and app
}

// New makes a limiter that has counted nothing yet.
func New(o Options) *Limiter {
	if o.InFlight <= 0 {
		o.InFlight = 4096
	}
	if o.Large <= 0 {
		o.Large = 4
	}
	if o.LargeWait <= 0 {
		o.LargeWait = 2 * time.Second
	}
	return &Limiter{
		max:       int64(o.InFlight),
		large:     make(chan struct{}, o.Large),
		largeWait: o.LargeWait,
		maxApps:   max(o.Apps, 2*o.InFlight),
		apps:      make(map[string]*App),
		larges:    make(map[string]int),
		wrong:     make(map[string]*tries),
	}
}

// Enter takes one of the node's places for a call; false: there is none. Leave gives it back.
func (l *Limiter) Enter() bool {
	if l.inFlight.Add(1) > l.max {
		l.inFlight.Add(-1)
		return false
	}
	return true
}

// Leave gives back what Enter took.
func (l *Limiter) Leave() { l.inFlight.Add(-1) }

// EnterLarge takes a slot for a large body from an address; it waits a moment for one, as large bodies are short work. False: there was none.
// LeaveLarge gives it back. Nobody has signed anything yet, so one address has half of the slots at the most: a few slow senders shut out no one
// but their neighbours behind the same address.
func (l *Limiter) EnterLarge(ctx context.Context, from string) bool {
	patience := time.NewTimer(l.largeWait)
	defer patience.Stop()
	again := time.NewTicker(l.largeWait / 20)
	defer again.Stop()
	for !l.mayLarge(from) {
		select {
		case <-patience.C:
			return false
		case <-ctx.Done():
			return false
		case <-again.C:
		}
	}
	select {
	case l.large <- struct{}{}:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	l.forget(from)
	return false
}

func (l *Limiter) mayLarge(from string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.larges[from] >= max(1, cap(l.large)/2) {
		return false
	}
	l.larges[from]++
	return true
}

func (l *Limiter) forget(from string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.larges[from]--; l.larges[from] <= 0 {
		delete(l.larges, from)
	}
}

// LeaveLarge gives back what EnterLarge took.
func (l *Limiter) LeaveLarge(from string) {
	<-l.large
	l.forget(from)
}

// wrongBurst wrong signatures in a row, and wrongRate a second, are anybody's mistake; more are slowed down.
const (
	wrongBurst = 20
	wrongRate  = 2
)

// tries are the wrong signatures of an app from an address.
type tries struct {
	rate *rate.Limiter
	last time.Time
}

// Wrong counts a wrong signature. It reports whether there were so many that the answer should wait.
func (l *Limiter) Wrong(from, app string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := from + " " + app
	t := l.wrong[key]
	if t == nil {
		if len(l.wrong) >= l.maxApps {
			for key, t := range l.wrong {
				if now.Sub(t.last) > wrongBurst/wrongRate*time.Second { // as good as new
					delete(l.wrong, key)
				}
			}
		}
		if len(l.wrong) >= l.maxApps {
			return true // somebody makes up apps or has many addresses
		}
		t = &tries{rate: rate.NewLimiter(wrongRate, wrongBurst)}
		l.wrong[key] = t
	}
	t.last = now
	return !t.rate.AllowN(now, 1)
}

// An App counts the calls of one app. Its fields are under limiter.mu.
type App struct {
	limiter  *Limiter
	inFlight int
	rate     *rate.Limiter // nil before the app has a limit
	perSec   int           // what rate is set to
	fullAt   time.Time     // from then on rate remembers nothing
}

// EnterApp counts a call of an app that may make perSecond calls a second and have inFlight at once; 0 is no limit. wait is 0 if
// the call may go on; the caller then gives the place back by Leave. Otherwise it is how many seconds to wait, at least 1.
func (l *Limiter) EnterApp(key string, perSecond, inFlight int, now time.Time) (a *App, wait int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a = l.apps[key]
	if a == nil {
		l.makeRoom(now)
		a = &App{limiter: l}
		l.apps[key] = a
	}
	if inFlight > 0 && a.inFlight >= inFlight {
		return nil, 1
	}
	if perSecond > 0 && !a.allow(perSecond, now) {
		return nil, 1 // with at least one call a second, the next is never further away
	}
	a.inFlight++
	return a, 0
}

// allow takes a call off the app's second.
func (a *App) allow(perSecond int, now time.Time) bool {
	switch {
	case a.rate == nil:
		a.rate = rate.NewLimiter(rate.Limit(perSecond), perSecond)
	case a.perSec != perSecond:
		a.rate.SetLimitAt(now, rate.Limit(perSecond))
		a.rate.SetBurstAt(now, perSecond)
	}
	a.perSec = perSecond
	a.fullAt = now.Add(time.Second)
	return a.rate.AllowN(now, 1)
}

// Leave ends a call of the app.
func (a *App) Leave() {
	a.limiter.mu.Lock()
	a.inFlight--
	a.limiter.mu.Unlock()
}

// makeRoom forgets apps when the map is full: those that have no call in flight and whose second is over, so that forgetting them
// changes nothing. If there are none, those without a call in flight go too; as no more than half the map can be in flight, some
// always do.
func (l *Limiter) makeRoom(now time.Time) {
	if len(l.apps) < l.maxApps {
		return
	}
	for key, a := range l.apps {
		if a.inFlight == 0 && !now.Before(a.fullAt) {
			delete(l.apps, key)
		}
	}
	if len(l.apps) < l.maxApps {
		return
	}
	for key, a := range l.apps {
		if a.inFlight == 0 {
			delete(l.apps, key)
		}
	}
}
