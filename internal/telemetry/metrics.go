package telemetry

import (
	"context"
	"database/sql"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// buckets are in seconds, from a read of one row to the default request timeout.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// Metrics are the service's metrics, in a registry of their own. It is safe for
// concurrent use.
type Metrics struct {
	// TraceID returns the id of the trace that is an example of a request's duration, or
	// "". It is set before Handler is called. Nil has no examples.
	TraceID func(context.Context) string

	registry            *prometheus.Registry
	requests            *prometheus.CounterVec
	durations           *prometheus.HistogramVec
	inFlight            prometheus.Gauge
	transactions        *prometheus.CounterVec
	retries             prometheus.Counter
	afterCommitFailures prometheus.Counter
	acrossTenants       *prometheus.CounterVec
	reads               *prometheus.CounterVec // registered with the replicas
}

// NewMetrics returns metrics that start at zero, including those of the Go runtime and
// the process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Requests by class of response status; \"aborted\" is a response that wasn't completed.",
		}, []string{"method", "route", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time from the request's header to the end of its handler.",
			Buckets: buckets,
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight",
			Help: "Requests being handled.",
		}),
		transactions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "commitment_transactions_total",
			Help: "Transactions by outcome and mode.",
		}, []string{"outcome", "mode"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "commitment_retries_total",
			Help: "Retries of transactions that PostgreSQL rolled back, such as for a serialization failure or a deadlock.",
		}),
		afterCommitFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "commitment_after_commit_failures_total",
			Help: "Failed after-commit functions. Their transactions stay committed.",
		}),
		acrossTenants: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "commitment_work_across_tenants_total",
			Help: "Units of work that saw the rows of all tenants, by reason.",
		}, []string{"reason"}),
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "commitment_reads_total",
			Help: "Transactions that a replica might have served, by the server that did, and why the primary did.",
		}, []string{"target", "reason"}),
	}
	m.registry.MustRegister(m.requests, m.durations, m.inFlight, m.transactions, m.retries, m.afterCommitFailures, m.acrossTenants,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// rate() doesn't see the increase of a series that first appears as 1: begin at 0.
	for _, outcome := range []string{"committed", "rolled_back", "unknown"} {
		m.transactions.WithLabelValues(outcome, "read")
		m.transactions.WithLabelValues(outcome, "write")
	}
	return m
}

// TransactionEnded counts a transaction. Outcome is "committed", "rolled_back" or
// "unknown".
func (m *Metrics) TransactionEnded(outcome string, readOnly bool) {
	mode := "write"
	if readOnly {
		mode = "read"
	}
	m.transactions.WithLabelValues(outcome, mode).Inc()
}

// Retried counts a retry.
func (m *Metrics) Retried() { m.retries.Inc() }

// AfterCommitFailed counts a failed after-commit function.
func (m *Metrics) AfterCommitFailed() { m.afterCommitFailures.Inc() }

// WorkedAcrossTenants counts work that sees the rows of all tenants. The reason is one of
// few.
func (m *Metrics) WorkedAcrossTenants(reason string) { m.acrossTenants.WithLabelValues(reason).Inc() }

// RegisterPool adds the statistics of a connection pool. It is called once.
func (m *Metrics) RegisterPool(db *sql.DB) {
	m.registry.MustRegister(collectors.NewDBStatsCollector(db, "main"))
}

// Handler serves the metrics in Prometheus's formats. Only that of OpenMetrics has
// exemplars. It writes the bounds of buckets in another way, so it is offered for
// exemplars alone.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: m.TraceID != nil})
}
