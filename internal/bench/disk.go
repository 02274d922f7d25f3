package bench

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"time"
)

// syncs is how many writes SyncTime measures.
const syncs = 200

// SyncTime is how long the file system of a folder takes to write a page of 8 KiB and put it on the disk: the median of many.
func SyncTime(dir string) (_ time.Duration, err error) {
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	took := make([]time.Duration, 0, syncs)
	page := make([]byte, 8<<10)
	for n := range syncs + 1 {
		page[0] = byte(n)
		start := time.Now()
		_, err := f.WriteAt(page, 0)
		if err := cmp.Or(err, syncData(f)); err != nil {
			return 0, err
		}
		if n > 0 { // the first one makes the file longer
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
