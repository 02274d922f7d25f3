// Package auth knows who may do what: apps with their secrets and grants, sessions, brands with their aliases and stores.
//
// It keeps the store's directory whole in memory, so that the hot path reads no database and takes no lock. A change made anywhere,
// by this process or another, is seen within MaxAge.
package auth

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"recoup/internal/store"
)

const (
	// Interval is how often the store is asked whether its directory changed.
	Interval = 2 * time.Second
	// MaxAge is how old the directory may be in a process that is well; Fresh tells when it is older.
	MaxAge = 5 * time.Second
)

// A Cache holds the newest directory. Its methods may be called from many goroutines.
type Cache struct {
	store   store.Directory
	now     func() time.Time
	current atomic.Pointer[Directory]
	checked atomic.Int64 // when the store last answered, in nanoseconds since 1970

	refresh sync.Mutex // one reader at a time, so that an older snapshot never replaces a newer one
}

// New reads the directory and keeps it fresh until ctx ends. The clock dates the readings.
func New(ctx context.Context, dir store.Directory, now func() time.Time) (*Cache, error) {
	c := &Cache{store: dir, now: now}
	if err := c.Refresh(ctx); err != nil {
		return nil, err
	}
	go c.run(ctx)
	return c, nil
}

// run refreshes on the wall clock. An error is not reported from here: the next round tries again, and Fresh tells of it once it
// lasts.
func (c *Cache) run(ctx context.Context) {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		once, cancel := context.WithTimeout(ctx, Interval)
		_ = c.Refresh(once)
		cancel()
	}
}

// Current is the newest directory. It costs one atomic load.
func (c *Cache) Current() *Directory { return c.current.Load() }

// Refresh asks for the store's revision and reads the directory again if it changed. On an error the old one stays.
func (c *Cache) Refresh(ctx context.Context) error {
	c.refresh.Lock()
	defer c.refresh.Unlock()
	// The age counts from before the question: what is written while the store answers is not seen.
	asked := c.now().UnixNano()
	revision, err := c.store.Revision(ctx)
	if err != nil {
		return fmt.Errorf("auth: revision of the directory: %w", err)
	}
	if old := c.current.Load(); old == nil || old.revision != revision {
		snapshot, err := c.store.Snapshot(ctx)
		if err != nil {
			return fmt.Errorf("auth: read the directory: %w", err)
		}
		c.current.Store(index(snapshot))
	}
	c.checked.Store(asked)
	return nil
}

// Fresh is nil unless the store has not answered for more than MaxAge. It is a readiness check: calls go on with what is known.
func (c *Cache) Fresh() error {
	if age := c.now().Sub(time.Unix(0, c.checked.Load())); age > MaxAge {
		return fmt.Errorf("auth: the directory was last checked %s ago", age.Round(time.Second))
	}
	return nil
}
