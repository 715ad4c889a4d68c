// Package stats takes the sizes of a production database into a file, without
// any of its rows, and sizes the findings of a review by them.
package stats

import "time"

// Snapshot is what a database says of its own size and traffic.
type Snapshot struct {
	Taken  time.Time `json:"taken"`
	Server string    `json:"server"` // as in "17.10"
	Tables []Table   `json:"tables"` // by name
}

// Table is one table of a snapshot. Partitions are counted in their parent.
type Table struct {
	Name       string `json:"name"`
	Rows       int64  `json:"rows"`
	Bytes      int64  `json:"bytes"`       // the table with its TOAST
	IndexBytes int64  `json:"index_bytes"` // all its indexes
	Indexes    int    `json:"indexes"`
	// WritesPerSecond and ReadsPerSecond are rows, on average since the server's
	// statistics were last reset.
	WritesPerSecond float64 `json:"writes_per_second"`
	ReadsPerSecond  float64 `json:"reads_per_second"`
}
