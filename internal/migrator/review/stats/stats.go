// Package stats reads the sizes of a production database into a file, without any of
// its rows, and estimates the duration of findings from it.
package stats

import "time"

// Snapshot is the size and traffic of a database.
type Snapshot struct {
	Taken  time.Time `json:"taken"`
	Server string    `json:"server"` // as in "17.10"
	Tables []Table   `json:"tables"` // by name
}

// Table is one table of a snapshot. Partitions count towards their parent.
type Table struct {
	Name       string `json:"name"`
	Rows       int64  `json:"rows"`
	Bytes      int64  `json:"bytes"`       // the table with its TOAST
	IndexBytes int64  `json:"index_bytes"` // all its indexes
	Indexes    int    `json:"indexes"`
	// WritesPerSecond and ReadsPerSecond count rows, on average since the server's
	// statistics were last reset.
	WritesPerSecond float64 `json:"writes_per_second"`
	ReadsPerSecond  float64 `json:"reads_per_second"`
}
