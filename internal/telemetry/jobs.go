package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// jobsTimeout limits the query for a queue's numbers.
const jobsTimeout = 2 * time.Second

// jobBuckets are in seconds, from a row to an hour.
var jobBuckets = []float64{.005, .01, .05, .1, .5, 1, 5, 10, 30, 60, 300, 900, 3600}

// Jobs are the metrics of durable jobs.
type Jobs struct {
	runs      *prometheus.CounterVec
	durations *prometheus.HistogramVec
}

// RegisterJobs adds the metrics of durable jobs. Stats reads how many jobs there are in
// each state, and how long the oldest one has been waiting. It is called once.
func (m *Metrics) RegisterJobs(stats func(context.Context) (states map[string]int64, oldest time.Duration, err error)) *Jobs {
	j := &Jobs{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "commitment_job_runs_total",
			Help: "Runs of jobs by kind and outcome; a failed one is retried, a discarded one isn't.",
		}, []string{"kind", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "commitment_job_duration_seconds",
			Help:    "Time that runs of jobs took.",
			Buckets: jobBuckets,
		}, []string{"kind"}),
	}
	m.registry.MustRegister(j.runs, j.durations, &queueCollector{
		stats: stats,
		jobs: prometheus.NewDesc("commitment_jobs",
			"Jobs in the database by state, except for completed ones. Every process with workers reports the same.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("commitment_oldest_available_job_age_seconds",
			"Time for which the oldest available job has been waiting for a worker.", nil, nil),
	})
	return j
}

// Ended counts a run.
func (j *Jobs) Ended(kind, outcome string, duration time.Duration) {
	j.runs.WithLabelValues(kind, outcome).Inc()
	j.durations.WithLabelValues(kind).Observe(duration.Seconds())
}

// queueCollector reads the numbers of the queue when it is scraped.
type queueCollector struct {
	stats        func(context.Context) (map[string]int64, time.Duration, error)
	jobs, oldest *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *queueCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.jobs
	ch <- c.oldest
}

// Collect reads the numbers. While the database can't be reached there are none.
func (c *queueCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), jobsTimeout)
	defer cancel()
	states, oldest, err := c.stats(ctx)
	if err != nil {
		return
	}
	for state, n := range states {
		ch <- prometheus.MustNewConstMetric(c.jobs, prometheus.GaugeValue, float64(n), state)
	}
	ch <- prometheus.MustNewConstMetric(c.oldest, prometheus.GaugeValue, oldest.Seconds())
}
