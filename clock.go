package recoup

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"time"

	"recoup/internal/clock"
	"recoup/internal/store"
)

// watchEvery is how often the clock is looked at though nothing is stamped. After so many looks the last stamps of the books are looked up, and
// the file is marked as in use.
const (
	watchEvery = time.Second
	aheadEvery = 10
	touchEvery = 60
)

// watchClock begins to watch the clock, unless it is a test's or a demo's: those who try a demo close their lids.
func (n *Node) watchClock(ctx context.Context, o *Options) (err error) {
	steady := o.Steady
	switch {
	case steady == nil && (o.Now != nil || o.Demo):
		return nil
	case steady == nil:
		steady = clock.Steady
	}
	n.clock, err = watch(ctx, n.Store, steady)
	return err
}

// watch makes a watch of the clock over what a store says of the time.
func watch(ctx context.Context, s store.Store, steady func() time.Duration) (*clock.Watch, error) {
	word, err := s.ClockWord(ctx)
	if err != nil {
		return nil, err
	}
	written := time.Time{}
	if file, ok := s.(interface{ Written() time.Time }); ok {
		// Only a file on this machine tells when it was last in use; a server's clock is held against this one anyway.
		latest, err := latest(ctx, s)
		if err != nil {
			return nil, err
		}
		if written = file.Written(); time.UnixMilli(latest).After(written) {
			written = time.UnixMilli(latest)
		}
	}
	return clock.New(steady, written, clock.Word(word)), nil
}

// Trust says for an engine over a store whether a batch may be stamped: commands that write to the books beside a server are held to the same
// clock.
func Trust(ctx context.Context, s store.Store) (func(before, after time.Time, stored, stamp int64) error, error) {
	w, err := watch(ctx, s, clock.Steady)
	if err != nil {
		return nil, err
	}
	return w.Stamp, nil
}

// latest is the last stamp of all brands, in milliseconds since 1970.
func latest(ctx context.Context, s store.Store) (at int64, err error) {
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	for _, b := range snap.Brands {
		head, err := s.Head(ctx, b.ID)
		if err != nil {
			return 0, err
		}
		at = max(at, head.At)
	}
	return at, nil
}

// trust says whether a batch may be stamped.
func (n *Node) trust(before, after time.Time, stored, stamp int64) error {
	if n.clock == nil {
		return nil
	}
	return n.clock.Stamp(before, after, stored, stamp)
}

// keepTime watches the clock until ctx ends, hears what operators say of it, and notes that the database is in use.
func (n *Node) keepTime(ctx context.Context) {
	defer close(n.kept)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	file, _ := n.Store.(interface{ Touch(time.Time) error })
	wrong := false
	for i := range math.MaxInt {
		if wrong || i%aheadEvery == 0 {
			n.lookAhead(ctx)
			n.lookAtLog()
		}
		switch err := n.timeless(ctx); {
		case err != nil && !wrong:
			wrong = true
			n.Metrics.ClockWrong.Set(1)
			n.log.Error("nothing is stamped", slog.Any("error", err))
		case err == nil && wrong:
			wrong = false
			n.Metrics.ClockWrong.Set(0)
			n.log.Warn("stamps go on", slog.Time("clock", n.now()))
		}
		if file != nil && n.clock != nil && !wrong && i%touchEvery == 0 {
			if err := file.Touch(n.now()); err != nil {
				n.log.Warn("the database's file", slog.Any("error", err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// timeless says why nothing can be stamped, nil if all is well. It hears an operator's word first.
func (n *Node) timeless(ctx context.Context) error {
	if n.clock == nil {
		return nil
	}
	check := func() error { return cmp.Or(n.clock.Check(n.now()), n.clock.Ahead(n.now(), n.ahead.Load())) }
	err := check()
	if err == nil {
		return nil
	}
	word, failed := n.Store.ClockWord(ctx)
	if failed != nil {
		return err
	}
	if n.clock.Hear(clock.Word(word), n.now()) {
		n.log.Warn("an operator says that the clock is right", slog.String("by", word.By), slog.String("why", word.Why), slog.Time("clock", n.now()))
	}
	return check()
}

// lookAhead notes how far the last stamps are ahead of the clock.
func (n *Node) lookAhead(ctx context.Context) {
	latest, err := latest(ctx, n.Store)
	if err != nil {
		return // which /readyz tells of
	}
	n.ahead.Store(latest)
	n.Metrics.Ahead.Set(max(0, time.UnixMilli(latest).Sub(n.now()).Seconds()))
}

// lookAtLog tells when the log beside a file is longer than it should be: somebody reads for long, and it cannot begin again.
func (n *Node) lookAtLog() {
	file, ok := n.Store.(interface {
		LogSize() (bytes, promised int64)
	})
	if !ok {
		return
	}
	bytes, promised := file.LogSize()
	n.Metrics.LogBytes.Set(float64(bytes))
	if bytes <= promised {
		n.longLog = false
		return
	}
	n.Metrics.LogOver.Inc()
	if !n.longLog {
		n.longLog = true
		n.log.Warn("the log beside the database is longer than it should be: a backup, an audit or another reader is open for long",
			slog.Int64("bytes", bytes), slog.Int64("promised", promised))
	}
}

// sweepable says whether a brand's sweep may go on: one that would expire what most members have waits for an operator's word, for a wrong
// clock does just that.
func (n *Node) sweepable(ctx context.Context, brand string, due int) (bool, error) {
	const few, shareDefault, word = 20, 20, 24 * time.Hour
	b := n.Auth.Current().Brand(brand)
	if due < few || n.clock == nil || b == nil {
		return true, nil
	}
	share := b.Policy.SweepShare
	if share == 0 {
		share = shareDefault
	}
	now := n.now()
	expire, dated, err := n.Store.DueShare(ctx, brand, now.UnixMilli())
	if err != nil || expire < few || expire*100 <= dated*share {
		return err == nil, err
	}
	said, err := n.Store.ClockWord(ctx)
	if err != nil {
		return false, err
	}
	if said.N > 0 && now.Sub(time.UnixMilli(said.At)).Abs() <= word {
		return true, nil
	}
	n.log.Warn("a large sweep waits for `recoup clock confirm`", slog.String("brand", brand), slog.Int64("members", expire), slog.Int64("of", dated),
		slog.Time("clock", now), slog.String("rule", fmt.Sprintf("sweep-share=%d", share)))
	return false, nil
}
