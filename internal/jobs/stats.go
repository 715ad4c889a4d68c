package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivertype"
)

// Stats are the numbers of a queue.
type Stats struct {
	// Jobs are how many there are in each state, except for completed ones, which would
	// take long to count.
	Jobs map[string]int64
	// OldestAvailable is how long ago the oldest available job could have been run.
	OldestAvailable time.Duration
}

// Stats reads the numbers of all jobs, whoever runs them.
func (r *Runner) Stats(ctx context.Context) (Stats, error) {
	s := Stats{Jobs: map[string]int64{}}
	for _, state := range rivertype.JobStates() {
		if state != rivertype.JobStateCompleted {
			s.Jobs[string(state)] = 0
		}
	}
	const query = `SELECT state::text, count(*), greatest(extract(epoch FROM now() - min(scheduled_at)), 0)::float8
		FROM river_job WHERE state <> 'completed' GROUP BY state`
	rows, _ := r.options.Pool.Query(ctx, query) // ForEachRow returns the error
	var state string
	var n int64
	var age float64
	_, err := pgx.ForEachRow(rows, []any{&state, &n, &age}, func() error {
		s.Jobs[state] = n
		if state == string(rivertype.JobStateAvailable) {
			s.OldestAvailable = time.Duration(age * float64(time.Second))
		}
		return nil
	})
	if err != nil {
		return Stats{}, fmt.Errorf("count jobs: %w", err)
	}
	return s, nil
}
