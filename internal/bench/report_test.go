package bench

import (
	"strings"
	"testing"
)

// A report shows medians, ratios with their spread, the most memory, and every bar.
func TestReport(t *testing.T) {
	t.Parallel()
	r := Report{Machine: "A machine.", Method: "A method."}
	first, second := Line{"charges", "no-op"}, Line{"charges", "PostgreSQL"}
	for i, rate := range []float64{300, 100, 200} {
		r.add(first, Line{}, Sample{PerSecond: 1000, Refused: 1, RSS: rate})
		r.add(second, first, Sample{PerSecond: rate, Ratio: rate / 1000, CPURatio: 1000 / rate, RecoupCPU: float64(50 + i)})
	}
	r.add(second, Line{}, Sample{P50: 1.25, Start: 0.5})
	r.note("Not measured: %s.", "one")
	r.note("Not measured: %s.", "one")
	r.close([]Bar{
		{Name: "ratio", Line: second, Figure: Ratio, Least: 0.2, Format: "%.2f"},
		{Name: "times", Line: second, Figure: Ratio, Inverse: true, Least: 6, Format: "%.1f ×"},
		{Name: "memory", Figure: RSS, Most: 299, Format: "%.0f"},
		{Name: "other", Line: Line{"charges", "SQLite"}, Figure: Ratio, Least: 1, Format: "%.0f"},
	})
	var out strings.Builder
	r.Write(&out)
	const want = `A machine.

A method.

A write of 8 KiB with fdatasync: 0 µs.

| load    | on         | in turns with  | calls/s |          calls × |       processor × | recoup µs/call | postgres µs/call | p50 ms | p99 ms | RSS MB | start s | refused |
|---------|------------|----------------|--------:|-----------------:|------------------:|---------------:|-----------------:|-------:|-------:|-------:|--------:|--------:|
| charges | no-op      |                |    1000 |                – |                 – |              – |                – |      – |      – |    300 |       – |       3 |
| charges | PostgreSQL | charges, no-op |     200 | 0.20 (0.10–0.30) | 5.00 (3.33–10.00) |             51 |                – |   1.25 |      – |      – |    0.50 |       – |

| bar    |  wanted |   got |      reached |
|--------|--------:|------:|-------------:|
| ratio  |  ≥ 0.20 |  0.20 |          yes |
| times  | ≥ 6.0 × | 5.0 × |           no |
| memory |   ≤ 299 |   300 |           no |
| other  |     ≥ 1 |     – | not measured |

Not measured: one.
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
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
