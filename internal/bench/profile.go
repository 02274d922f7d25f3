package bench

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// packages says to which part of a server the work of our packages belongs.
var packages = map[Figure][]string{
	GatewayCPU: {"gateway", "top", "api", "auth", "limit", "telemetry"},
	CoreCPU:    {"ledger", "reverse", "engine", "query"},
	StoreCPU:   {"store", "bench"}, // the store of the no-op limit is ours
}

// A Split is how much of a processor time went to each part; it adds up to 1. RestCPU is what none of our packages asked for: net/http and
// the system below it, the collector, the scheduler.
type Split map[Figure]float64

// CPUSplit has the server profile itself while the load goes on, over whole seconds, and says where its processor time went. addr is that
// of its profiles.
func CPUSplit(ctx context.Context, addr string, d time.Duration) (Split, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", addr, seconds(d)), nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	p, err := profile.Parse(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("profile of %s: %w", addr, err)
	}
	return split(p), nil
}

// split gives every sample to the part of the innermost function that is ours.
func split(p *profile.Profile) Split {
	s, total := Split{}, 0.0
	for _, sample := range p.Sample {
		n := float64(sample.Value[0])
		total += n
		s[partOf(sample)] += n
	}
	for part := range s {
		s[part] /= total
	}
	return s
}

func partOf(sample *profile.Sample) Figure {
	for _, place := range sample.Location { // the innermost comes first
		for _, line := range place.Line {
			for part, ours := range packages {
				if line.Function != nil && slices.Contains(ours, packageOf(line.Function.Name)) {
					return part
				}
			}
		}
	}
	return RestCPU
}

// packageOf is the package of ours that a function is of, by its first folder; "" of others'.
func packageOf(function string) string {
	path, ok := strings.CutPrefix(function, "recoup/internal/")
	if !ok {
		return ""
	}
	return path[:max(0, strings.IndexAny(path, "./"))]
}
