package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	engine "zombiezen.com/go/sqlite"

	"recoup/internal/store"
)

// ErrStale: the log beside the file is of another file.
var ErrStale = errors.New("sqlite: the log beside the database is of another file, as after a restore over one that was not stopped")

// stand is where a brand's books stand by a file.
type stand struct {
	serial int64
	link   store.Link
}

// refuseStale refuses a file that has the log of another beside it. The engine would copy pages of one into the other and lose both. What was
// copied into the file before must be in what file and log say together: the last link of every brand, and every operation after it.
//
// A log that a crash left is its file's and passes. It is read once more here, before anything is written.
func refuseStale(ctx context.Context, path string) error {
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		return nil
	}
	if rolled, err := neverLogged(path); err != nil || rolled {
		return cmp.Or(err, stale(path, errBackup))
	}
	alone, err := stands(ctx, path)
	if err != nil {
		alone = nil // a checkpoint that a crash cut short leaves a file that makes no sense without its log
	}
	c, err := openConn(path, readOnly)
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := c.exec("BeginReading"); err != nil {
		return err
	}
	defer func() { _, _ = c.exec("Rollback") }()
	if err := agrees(ctx, c, alone); err != nil {
		if damaged := engine.ErrCode(err).ToPrimary(); damaged == engine.ResultCorrupt || damaged == engine.ResultNotADB || errors.Is(err, errOther) {
			return stale(path, err)
		}
		return err
	}
	return nil
}

func stale(path string, err error) error {
	return fmt.Errorf("%w: %w; to serve the restored file, stop everything that has it open and move %s-wal and %[3]s-shm away", ErrStale, err, path)
}

// neverLogged reports whether a file says of itself that it is written without a log, as backups do until they are opened. Pages of a log beside
// it would lie over any of its pages. See "Database File Format" of SQLite, 1.3.3.
func neverLogged(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	const version = 18
	var header [version + 1]byte
	n, err := f.ReadAt(header[:], 0)
	if n < len(header) { // no database yet
		return false, nil
	}
	return header[version] == 1, err
}

var errBackup = errors.New("a backup has no log")

var errOther = errors.New("they do not fit together")

// stands reads where the books of a file stand that agrees with itself.
func stands(ctx context.Context, path string) ([]stand, error) {
	conn, err := openFrozen(path)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	if err := agrees(ctx, conn, nil); err != nil {
		return nil, err
	}
	return conn.stands(ctx)
}

func (c *conn) stands(ctx context.Context) (list []stand, err error) {
	err = c.query(ctx, "Stands", func(r store.Row) error {
		s := stand{serial: r.Int(0), link: store.Link{Last: r.Int(1)}}
		copy(s.link.Hash[:], r.Bytes(2))
		list = append(list, s)
		return nil
	})
	return list, err
}

// agrees holds what the file alone said of the books, and what they say of themselves, to what is there with the log.
func agrees(ctx context.Context, c *conn, alone []stand) error {
	together, err := c.stands(ctx)
	if err != nil {
		switch {
		case engine.ErrCode(err).ToPrimary() != engine.ResultError:
			return err
		case len(alone) > 0:
			return fmt.Errorf("%w: %w", errOther, err)
		}
		return nil // no such table: a file that is just being made
	}
	heads := map[int64]store.Link{}
	for _, s := range together {
		heads[s.serial] = s.link
	}
	for _, s := range append(alone, together...) {
		if s.link.Last == 0 {
			continue // nothing was booked, or the page is another's
		}
		head := heads[s.serial]
		if head.Last < s.link.Last {
			return fmt.Errorf("%w: brand %d is at operation %d, and the file had %d", errOther, s.serial, head.Last, s.link.Last)
		}
		found := false
		err := c.query(ctx, "Link", func(r store.Row) error {
			found = [32]byte(r.Bytes(0)) == s.link.Hash
			return nil
		}, s.serial, s.link.Last)
		if err == nil && !found {
			err = fmt.Errorf("%w: brand %d has another link at operation %d", errOther, s.serial, s.link.Last)
		}
		if err != nil {
			return err
		}
		const tail = 10_000
		after, n := max(s.link.Last, head.Last-tail), int64(0)
		if s.link == head {
			after = max(0, head.Last-tail)
		}
		if err := c.query(ctx, "CountOps", func(r store.Row) error { n = r.Int(0); return nil }, s.serial, after); err != nil {
			return err
		}
		if n != head.Last-after {
			return fmt.Errorf("%w: brand %d has %d of %d operations", errOther, s.serial, n, head.Last-after)
		}
	}
	return nil
}
