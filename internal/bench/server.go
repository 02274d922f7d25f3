package bench

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/store"
)

// App is the caller of measurements.
var App = store.App{Key: "20002000", Name: "bench", Secrets: []string{"bench-secret"}, Methods: []string{"*"}, Brands: []string{Brand}}

// Prepare puts the directory of a measurement into a store, and members with 100 yuan each.
func Prepare(ctx context.Context, s store.Store, members int64) error {
	b := &ledger.Brand{ID: Brand, Name: "bench", Pepper: "bench", Shops: map[string]*ledger.Shop{Shop: {ID: Shop}}}
	if err := s.PutBrand(ctx, b); err != nil {
		return err
	}
	app := App
	if err := s.PutApp(ctx, &app); err != nil {
		return err
	}
	if members == 0 {
		return nil
	}
	e := engine.New(s, engine.Options{BatchMax: 1000, QueueMax: 4096})
	defer e.Close()
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	next := make(chan int64, 2048)
	for range 2048 {
		wg.Go(func() {
			for i := range next {
				err := prepareMember(ctx, e, i)
				mu.Lock()
				if failed == nil {
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	for i := range members {
		next <- i
	}
	close(next)
	wg.Wait()
	return failed
}

func prepareMember(ctx context.Context, e *engine.Engine, i int64) error {
	id := MemberID(i)
	who := ledger.Who{Customer: id}
	if _, err := e.Submit(ctx, Brand, &ledger.SaveMember{Head: ledger.Head{Who: who, Method: "bench"}, ID: id}); err != nil {
		return err
	}
	r, err := e.Submit(ctx, Brand, &ledger.Charge{Head: ledger.Head{Who: who, Method: "bench"}, Order: "prepare-" + id, Real: 10000})
	if err == nil && r.Code != ledger.OK {
		err = fmt.Errorf("bench: preparing member %s: %s", id, r.Code)
	}
	return err
}

// CPU is the processor time a process has used, as the kernel counts it; 0 where the kernel does not tell.
func CPU(pid int) time.Duration {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, rest, ok := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // the kernel's tick is 100 Hz in this interface
}

// RSS is the memory a process has resident, in bytes.
func RSS(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
