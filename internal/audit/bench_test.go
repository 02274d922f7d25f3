package audit_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"recoup/internal/audit"
	"recoup/internal/ledger"
)

// BenchmarkVerify tells how many operations a second an audit reads.
func BenchmarkVerify(b *testing.B) {
	const members, rounds = 1000, 40
	for name, open := range stores {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b), ledger.Policy{}, 1)
			for i := range members {
				w.member(fmt.Sprint("m", i))
			}
			for round := range rounds {
				var all sync.WaitGroup
				for i := range members {
					id, order := fmt.Sprint("m", i), fmt.Sprintf("o%d-%d", round, i)
					pay, spend := w.charge("s1", id, "c"+order, 1000, 0), w.spend("s1", id, order, 400, 0)
					all.Go(func() {
						for _, c := range []ledger.Command{pay, spend} {
							if _, err := w.engine.Submit(context.Background(), brand, c); err != nil {
								b.Error(err)
							}
						}
					})
				}
				all.Wait()
			}
			var ops int64
			b.ReportAllocs()
			for b.Loop() {
				sum, d, err := audit.Verify(context.Background(), w.store, brand, nil)
				if d != nil || err != nil {
					b.Fatal(d, err)
				}
				ops += sum.Ops
			}
			b.ReportMetric(float64(ops)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}
