package ledger

import (
	"fmt"
	"testing"
)

// BenchmarkDecide is the time of one command within a batch of 256, the loading left out: on many members and on one.
func BenchmarkDecide(b *testing.B) {
	for _, bench := range []struct {
		name, line string
		members    int
	}{
		{"charge/many", "charge order=c%d member=m%d value=10", 256},
		{"charge/one", "charge order=c%d member=m%d value=10", 1},
		{"spend/many", "assert order=s%d member=m%d value=1 point=1", 256},
		{"spend/one", "assert order=s%d member=m%d value=1 point=1", 1},
		{"freeze/many", "freeze order=f%d member=m%d value=1", 256},
		{"freeze/one", "freeze order=f%d member=m%d value=1", 1},
		{"return/many", "return order=v%[1]d number=n%[1]d member=m%[2]d", 256},
		{"return/one", "return order=v%[1]d number=n%[1]d member=m%[2]d", 1},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s := newScript(b, bench.name, 0, true)
			for i := range bench.members {
				s.run(fmt.Sprintf("save mobile=%d as=m%d", i, i))
			}
			var batch []Command
			keys := NewKeys()
			for round := range 3 {
				for i := range 256 {
					m := i % bench.members
					s.world.batch(s.make(fmt.Sprintf("charge order=C%d-%d member=m%d value=10", round, i, m)))
					s.world.batch(s.make(fmt.Sprintf("grant order=G%d-%d member=m%d point=10", round, i, m)))
				}
			}
			for i := range 256 {
				m := i % bench.members
				s.world.batch(s.make(fmt.Sprintf("verify order=v%d member=m%d value=1", i, m)))
				batch = append(batch, s.make(fmt.Sprintf(bench.line, i, m)))
			}
			for _, c := range batch {
				c.Keys(keys)
			}
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				st := s.load(keys)
				at := &Stamp{At: s.now, Salt: 1, Next: func() int64 { return 1 }}
				b.StartTimer()
				for _, c := range batch {
					if r, err := Decide(st, c, at); err != nil || r.Code != OK {
						b.Fatal(r.Code, err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/command")
		})
	}
}
