package bench

import (
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// A report shows medians, ratios of the rounds, the most memory, and every bar.
func TestReport(t *testing.T) {
	t.Parallel()
	r := Report{Machine: "A machine.", Method: "A method."}
	first, second := Line{"charges", "no-op"}, Line{"charges", "PostgreSQL"}
	for i, rate := range []float64{300, 100, 200} {
		r.add(first, Line{}, Sample{PerSecond: 1000, Refused: 1, RSS: rate})
		r.add(second, first, Sample{PerSecond: rate, Ratio: rate / 1000, RecoupCPU: float64(50 + i)})
	}
	r.add(second, Line{}, Sample{P50: 1.25, Start: 0.5, GatewayCPU: 10, RestCPU: 20})
	r.note("Not measured: %s.", "one")
	r.note("Not measured: %s.", "one")
	r.close([]Bar{
		{Name: "share", Line: second, Figure: Ratio, Least: 0.2, Format: "%.0f %%", Scale: 100},
		{Name: "times", Line: second, Figure: Ratio, Inverse: true, Least: 6, Format: "%.1f ×"},
		{Name: "memory", Figure: RSS, Most: 299, Format: "%.0f"},
		{Name: "other", Line: Line{"charges", "SQLite"}, Figure: Ratio, Least: 1, Format: "%.0f"},
	})
	var out strings.Builder
	r.Write(&out)
	const want = `A machine.

A method.

A write of 8 KiB with fdatasync: 0 µs.

| load    | on         | calls/s |                  share | recoup µs/call | postgres µs/call | p50 ms | p99 ms | RSS MB | refused |
|---------|------------|--------:|-----------------------:|---------------:|-----------------:|-------:|-------:|-------:|--------:|
| charges | no-op      |    1000 |                      – |              – |                – |      – |      – |    300 |       3 |
| charges | PostgreSQL |     200 | 20 % of charges, no-op |             51 |                – |   1.25 |      – |      – |       – |

| load    | on         | gateway µs | core µs | store µs | http, runtime µs | start s |
|---------|------------|-----------:|--------:|---------:|-----------------:|--------:|
| charges | PostgreSQL |         10 |       – |        – |               20 |    0.50 |

| bar    |  wanted |   got |      reached |
|--------|--------:|------:|-------------:|
| share  |  ≥ 20 % |  20 % |          yes |
| times  | ≥ 6.0 × | 5.0 × |           no |
| memory |   ≤ 299 |   300 |           no |
| other  |     ≥ 1 |     – | not measured |

Not measured: one.
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A sample belongs to the innermost function that is ours, also if that was inlined.
func TestSplit(t *testing.T) {
	t.Parallel()
	stack := func(n int64, functions ...string) *profile.Sample {
		s := &profile.Sample{Value: []int64{n, 10 * n}}
		for _, name := range functions {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		return s
	}
	inlined := stack(1, "x", "recoup/internal/engine.(*Engine).run")
	inlined.Location[0].Line = []profile.Line{{Function: &profile.Function{Name: "runtime.memmove"}}, {Function: &profile.Function{Name: "recoup/internal/ledger.Decide"}}}
	got := split(&profile.Profile{Sample: []*profile.Sample{
		stack(3, "crypto/sha256.block", "recoup/internal/top.Sign", "recoup/internal/gateway.(*Gateway).ServeHTTP", "net/http.(*conn).serve"),
		inlined,
		stack(2, "syscall.Write", "recoup/internal/store/postgres.(*batch).Save", "recoup/internal/engine.(*Engine).attempt"),
		stack(1, "recoup/internal/bench.(*Null).Begin", "recoup/internal/engine.(*Engine).attempt"),
		stack(4, "recoup/internal/engine.(*Engine).gather[...]"),
		stack(4, "runtime.gcBgMarkWorker"),
		stack(5, "net/http.(*conn).serve", "recoup.listen"),
	}})
	want := Split{GatewayCPU: 0.15, CoreCPU: 0.25, StoreCPU: 0.15, RestCPU: 0.45}
	for part, share := range want {
		if got[part] != share {
			t.Errorf("%s: %v, want %v", part, got[part], share)
		}
	}
}

// pgbench says its figure in words that differ from version to version.
func TestTPS(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]float64{
		"latency average = 7.3 ms\ntps = 4354.301 (without initial connection time)\n":                       4354.301,
		"tps = 85.5 (including connections establishing)\ntps = 86.1 (excluding connections establishing)\n": 85.5,
		"tps = 12\n": 12,
	} {
		if got, err := tps(said); got != want || err != nil {
			t.Errorf("%q: %v, %v", said, got, err)
		}
	}
	if _, err := tps("connection refused"); err == nil {
		t.Error("no error without a figure")
	}
}
