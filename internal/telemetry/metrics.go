// Package telemetry is what an operator sees of a running node: metrics for Prometheus and logs as JSON lines.
package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are all the figures of one node, in a registry of their own. Serve them on a private listener only.
type Metrics struct {
	Calls    *prometheus.CounterVec   // labels: method, outcome (result code, or fault_ and the platform's number)
	Latency  *prometheus.HistogramVec // seconds from the first byte read to the answer written; label: method
	InFlight prometheus.Gauge         // calls being answered
	// Calls signed by a secret that is not the newest: who has not heard of a rotation; label: app.
	OldSecret *prometheus.CounterVec

	BatchSize prometheus.Histogram // commands of one transaction
	Queue     prometheus.Gauge     // commands waiting for a batch
	Commit    prometheus.Histogram // seconds from save to durable

	ClockWrong prometheus.Gauge // 1 while nothing is stamped, because the clock cannot be believed
	Ahead      prometheus.Gauge // seconds that the last stamp of a brand is ahead of the clock; the most of all brands, 0 if none is

	LogBytes prometheus.Gauge   // SQLite: length of the log beside the file
	LogOver  prometheus.Counter // SQLite: how often it was found longer than promised, a look every ten seconds

	registry *prometheus.Registry
}

// New makes the metrics of a node, all zero.
func New() *Metrics {
	m := &Metrics{
		Calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "recoup_calls_total", Help: "Calls answered, by method and outcome.",
		}, []string{"method", "outcome"}),
		Latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "recoup_call_seconds", Help: "Time to answer a call, by method.", Buckets: seconds,
		}, []string{"method"}),
		InFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "recoup_calls_in_flight", Help: "Calls being answered.",
		}),
		OldSecret: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "recoup_old_secret_calls_total", Help: "Calls signed by a secret that is being rotated out, by app.",
		}, []string{"app"}),
		BatchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "recoup_batch_commands", Help: "Commands in one transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
		Queue: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "recoup_queue_commands", Help: "Commands waiting for a batch.",
		}),
		Commit: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "recoup_commit_seconds", Help: "Time to save and commit a batch.", Buckets: seconds,
		}),
		ClockWrong: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "recoup_clock_wrong", Help: "1 while the clock cannot be believed and nothing is stamped.",
		}),
		Ahead: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "recoup_stamp_ahead_seconds", Help: "How far the last stamp of a brand is ahead of the clock, the most of all brands.",
		}),
		LogBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "recoup_sqlite_log_bytes", Help: "Length of the log beside the SQLite file.",
		}),
		LogOver: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "recoup_sqlite_log_over_total", Help: "How often the log was found longer than it is said to become, a look every ten seconds.",
		}),
		registry: prometheus.NewRegistry(),
	}
	b := ThisBuild()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "recoup_build_info", Help: "1, with what this binary is.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "date": b.Date},
	})
	build.Set(1)
	m.registry.MustRegister(build, m.Calls, m.OldSecret, m.Latency, m.InFlight, m.BatchSize, m.Queue, m.Commit, m.ClockWrong, m.Ahead, m.LogBytes, m.LogOver,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// seconds are the buckets of both durations: from a call that touches no disk to one that waited for its timeout.
var seconds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Handler serves the metrics in the text format of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}
