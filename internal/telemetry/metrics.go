package telemetry

import (
	"database/sql"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// buckets are in seconds: from a read of one row to the default timeout of a
// request.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// Metrics are the service's numbers, in a registry of their own. It is safe for
// concurrent use.
type Metrics struct {
	registry            *prometheus.Registry
	requests            *prometheus.CounterVec
	durations           *prometheus.HistogramVec
	inFlight            prometheus.Gauge
	transactions        *prometheus.CounterVec
	retries             prometheus.Counter
	afterCommitFailures prometheus.Counter
}

// NewMetrics returns metrics that all stand at zero, with those of the Go runtime
// and the process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests by the class of their answer's status; aborted ones had no whole answer.",
		}, []string{"method", "route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time from a request's header to the end of its handler.",
			Buckets: buckets,
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight",
			Help: "Requests that are being handled now.",
		}),
		transactions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "commitment_transactions_total",
			Help: "Units of work that reached the database, by how they ended.",
		}, []string{"outcome", "mode"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "commitment_retries_total",
			Help: "Times that work was run again because PostgreSQL had rolled it back for no fault of its own.",
		}),
		afterCommitFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "commitment_after_commit_failures_total",
			Help: "After-commit functions that failed. Their transactions stay committed.",
		}),
	}
	m.registry.MustRegister(m.requests, m.durations, m.inFlight, m.transactions, m.retries, m.afterCommitFailures,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// A series that is first seen at 1 has no rate: the rare ones begin at 0.
	for _, outcome := range []string{"committed", "rolled_back", "unknown"} {
		m.transactions.WithLabelValues(outcome, "read")
		m.transactions.WithLabelValues(outcome, "write")
	}
	return m
}

// TransactionEnded counts a unit of work. Outcome is "committed", "rolled_back"
// or "unknown".
func (m *Metrics) TransactionEnded(outcome string, readOnly bool) {
	mode := "write"
	if readOnly {
		mode = "read"
	}
	m.transactions.WithLabelValues(outcome, mode).Inc()
}

// Retried counts a time that work was run again.
func (m *Metrics) Retried() { m.retries.Inc() }

// AfterCommitFailed counts an after-commit function that failed.
func (m *Metrics) AfterCommitFailed() { m.afterCommitFailures.Inc() }

// RegisterPool adds the state of a pool: connections open, in use and idle, waits
// and closings. It is called once.
func (m *Metrics) RegisterPool(db *sql.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(db, "main"))
}

// Handler serves the metrics in the formats of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}
