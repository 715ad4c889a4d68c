package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Replica is the state of a replica of the database.
type Replica struct {
	Name     string
	Up       bool
	Lag      time.Duration
	LagBytes uint64
}

// RegisterReplicas adds the replicas, and the reads that they might serve. It is called
// once.
func (m *Metrics) RegisterReplicas(read func() []Replica) {
	m.registry.MustRegister(m.reads, replicaCollector{read})
	m.reads.WithLabelValues("replica", "") // from 0
}

// ReadServed counts a transaction that a replica might have served. The target is
// "replica" or "primary", and the reason one of few.
func (m *Metrics) ReadServed(target, reason string) { m.reads.WithLabelValues(target, reason).Inc() }

var (
	replicaUp = prometheus.NewDesc("commitment_replica_up",
		"Whether the replica serves reads.", []string{"replica"}, nil)
	replicaLag = prometheus.NewDesc("commitment_replica_lag_seconds",
		"How far the replica is behind the primary, in time.", []string{"replica"}, nil)
	replicaLagBytes = prometheus.NewDesc("commitment_replica_lag_bytes",
		"How much of the primary's log the replica hasn't replayed.", []string{"replica"}, nil)
)

// replicaCollector reads the state of the replicas when it is collected.
type replicaCollector struct{ read func() []Replica }

// Describe implements [prometheus.Collector].
func (replicaCollector) Describe(descs chan<- *prometheus.Desc) {
	descs <- replicaUp
	descs <- replicaLag
	descs <- replicaLagBytes
}

// Collect implements [prometheus.Collector]. The lag of a replica that isn't up isn't
// known, unless that is why.
func (c replicaCollector) Collect(metrics chan<- prometheus.Metric) {
	for _, r := range c.read() {
		up := 0.0
		if r.Up {
			up = 1
		}
		metrics <- prometheus.MustNewConstMetric(replicaUp, prometheus.GaugeValue, up, r.Name)
		if r.Up || r.Lag > 0 {
			metrics <- prometheus.MustNewConstMetric(replicaLag, prometheus.GaugeValue, r.Lag.Seconds(), r.Name)
			metrics <- prometheus.MustNewConstMetric(replicaLagBytes, prometheus.GaugeValue, float64(r.LagBytes), r.Name)
		}
	}
}
