package stats

import (
	"fmt"
	"math"
	"time"
)

// Assumptions about the server. They fit a modest machine with network storage and
// other work to do. A better one is two to five times as fast, so estimates tend to be
// too long.
const (
	// scanRate is how many bytes of a table are read and checked per second.
	scanRate = 200 << 20
	// rewriteRate is how many bytes of a table and its indexes are rewritten per
	// second, including the log.
	rewriteRate = 40 << 20
	// indexRate is how many rows that were read are sorted into a B-tree per second.
	indexRate = 250_000
	// changeRate is how many rows are updated or deleted per second by one statement: each
	// leaves a dead version, and a new entry in every index. 600,000 rows that were
	// checked in 0.7 s and rewritten in 15.5 s took 40.6 s.
	changeRate = 15_000
)

// Estimate is roughly how long something takes, and how many bytes it processes.
type Estimate struct {
	Duration time.Duration
	Bytes    int64
}

// Scan estimates reading the whole table, as checking a constraint does.
func (t Table) Scan() Estimate {
	return Estimate{seconds(float64(t.Bytes) / scanRate), t.Bytes}
}

// Rewrite estimates rewriting the table and all its indexes.
func (t Table) Rewrite() Estimate {
	bytes := t.Bytes + t.IndexBytes
	return Estimate{seconds(float64(bytes) / rewriteRate), bytes}
}

// Change estimates updating or deleting every row in one statement.
func (t Table) Change() Estimate {
	return Estimate{seconds(float64(t.Rows) / changeRate), t.Bytes + t.IndexBytes}
}

// IndexBuild estimates building an index while writes are blocked; CONCURRENTLY takes
// about twice as long.
func (t Table) IndexBuild() Estimate {
	return Estimate{t.Scan().Duration + seconds(float64(t.Rows)/indexRate), t.Bytes}
}

// Plus is the estimate for one after the other.
func (e Estimate) Plus(other Estimate) Estimate {
	return Estimate{e.Duration + other.Duration, e.Bytes + other.Bytes}
}

// String is as in "about 4 min, 38 GB".
func (e Estimate) String() string { return About(e.Duration) + ", " + byteCount(e.Bytes) }

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// About is a duration as in "about 4 min".
func About(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 100*time.Second:
		return fmt.Sprintf("about %.0f s", d.Seconds())
	case d < 100*time.Minute:
		return fmt.Sprintf("about %.0f min", d.Minutes())
	default:
		return fmt.Sprintf("about %.0f h", d.Hours())
	}
}

// byteCount is n in the units of storage, powers of 1,000.
func byteCount(n int64) string {
	units := []string{"kB", "MB", "GB", "TB", "PB"}
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	value, unit := float64(n)/1000, 0
	for math.Round(value) >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, units[unit])
	}
	return fmt.Sprintf("%.0f %s", value, units[unit])
}
