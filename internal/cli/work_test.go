package cli_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"commitment/internal/pgtest"
)

// expired inserts a key that has expired.
const expired = `INSERT INTO idempotency_keys (id, created_at, tenant_id, subject, key, fingerprint, status, header, body, expires_at)
	VALUES (gen_random_uuid(), now(), gen_random_uuid(), '', 'k', '', 200, '{}', '', now() - interval '1 hour')`

// execute runs statements as the owner of the database.
func execute(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		_, err := db.ExecContext(t.Context(), statement)
		check(t, err)
	}
}

// TestWorkRunsJobs has a worker enqueue the sweep of expired Idempotency-Keys, and run it.
func TestWorkRunsJobs(t *testing.T) {
	t.Parallel()
	owner := pgtest.OwnerURL(t)
	db := pgtest.Open(t, owner)
	database := "DATABASE_URL=" + pgtest.AppURL(t, owner)
	api := serve(t, database, "JOBS_WORKERS=0")
	execute(t, db, expired)
	worker := spawnCommand(t, "work", t.TempDir(), database)
	pgtest.WaitFor(t, "the job is completed", func() bool {
		return pgtest.Value[bool](t, db, "SELECT count(*) = 1 FROM river_job WHERE state = 'completed'")
	})
	if n := pgtest.Value[int](t, db, "SELECT count(*) FROM idempotency_keys"); n != 0 {
		t.Errorf("expired keys = %d, want 0", n)
	}
	base := strings.TrimSuffix(worker.printed(t, `^  metrics +(.+)$`), "/metrics")
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/v1/x": http.StatusNotFound} {
		if got := get(t, base+path); got.status != want {
			t.Errorf("GET %s = %d, want %d", path, got.status, want)
		}
	}
	for _, want := range []string{
		`commitment_job_runs_total{kind="delete_expired_idempotency_keys",outcome="completed"} 1`,
		`commitment_jobs{state="discarded"} 0`,
		`commitment_oldest_available_job_age_seconds 0`,
	} {
		if body := get(t, base+"/metrics").body; !strings.Contains(body, want+"\n") {
			t.Errorf("GET /metrics has no line %s", want)
		}
	}
	if strings.Contains(get(t, api.base(t)+"/metrics").body, "commitment_job") {
		t.Error("a process without workers has metrics of jobs")
	}
	worker.terminate(t)
	if code := worker.exitCode(t); code != 0 {
		t.Errorf("exit code = %d, want 0", code)
	}
}
