package telemetry_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"commitment/internal/telemetry"
)

func TestJobsAreCountedAndReadFromTheQueue(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	var down error
	jobs := m.RegisterJobs(func(ctx context.Context) (map[string]int64, time.Duration, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the query for the queue's numbers has no deadline")
		}
		return map[string]int64{"available": 3, "discarded": 1}, 90 * time.Second, down
	})
	jobs.Ended("mail", "failed", time.Second)
	jobs.Ended("mail", "completed", 2*time.Second)
	names := []string{"commitment_job_runs_total", "commitment_job_duration_seconds_sum", "commitment_jobs", "commitment_oldest"}
	const runs = `commitment_job_duration_seconds_sum{kind="mail"} 3
commitment_job_runs_total{kind="mail",outcome="completed"} 1
commitment_job_runs_total{kind="mail",outcome="failed"} 1
`
	expect(t, scrape(t, m, names...), runs+`commitment_jobs{state="available"} 3
commitment_jobs{state="discarded"} 1
commitment_oldest_available_job_age_seconds 90
`)
	down = errors.New("the database is down")
	expect(t, scrape(t, m, names...), runs)
}
