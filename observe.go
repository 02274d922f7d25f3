package recoup

import "recoup/internal/engine"

// observe turns what the engine measured of a batch into metrics.
func (n *Node) observe(m engine.Measure) {
	n.Metrics.BatchSize.Observe(float64(m.Commands))
	n.Metrics.Queue.Set(float64(m.Waiting))
	n.Metrics.Commit.Observe(m.Commit.Seconds())
}
