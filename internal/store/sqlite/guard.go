package sqlite

import (
	"fmt"
	"os"
	"sync"
	"time"

	"recoup/internal/store"
)

// guardEvery is how often a guard looks: nothing is acknowledged for longer than that.
const guardEvery = 250 * time.Millisecond

// guard stops a store whose file, or its log, is no longer the one in the folder. Removed or replaced files go on to be written as long as
// they are open, and nobody will ever find in them what was acknowledged.
type guard struct {
	s     *Store
	files map[string]os.FileInfo
	quit  chan struct{}
	done  sync.WaitGroup
}

func startGuard(s *Store) (*guard, error) {
	g := &guard{s: s, files: map[string]os.FileInfo{}, quit: make(chan struct{})}
	for _, name := range []string{s.path, s.path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		g.files[name] = info
	}
	g.done.Go(g.run)
	return g, nil
}

func (g *guard) run() {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for {
		select {
		case <-g.quit:
			return
		case <-tick.C:
		}
		if err := g.look(); err != nil {
			g.s.syncer.fail(err)
			return
		}
	}
}

// look says which file is another, nil if none is.
func (g *guard) look() error {
	for name, opened := range g.files {
		info, err := os.Stat(name)
		if err == nil && os.SameFile(info, opened) {
			continue
		}
		what := "was replaced"
		if err != nil {
			what = "is gone"
		}
		return fmt.Errorf("%w: sqlite: %s %s while it was served, nothing more is booked; restart on the file that is to be served", store.ErrRefused, name, what)
	}
	return nil
}

func (g *guard) stop() {
	close(g.quit)
	g.done.Wait()
}
