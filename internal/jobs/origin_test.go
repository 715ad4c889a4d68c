package jobs_test

import (
	"context"
	"testing"

	"github.com/riverqueue/river"

	"commitment/internal/identity"
	"commitment/internal/jobs"
	"commitment/internal/txn"
)

// The metadata of a job, which may come from a client, don't make it another tenant's.
func TestMetadataDoNotSayForWhomAJobRuns(t *testing.T) {
	t.Parallel()
	f := open(t)
	start(t, f.options(workersOf(&effectWorker{})))
	theirs := identity.TenantID("globex").String()
	for n, metadata := range []string{
		`{"mine": 1, "tenant": "` + theirs + `", "subject": "root", "traceparent": "x"}`,
		`{"mine": 1, "TENANT": "` + theirs + `", "Subject": "root"}`,
		`{"mine": 1, "tenant": "acme", "subject": 5}`,
	} {
		err := f.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
			_, err := jobs.EnqueueWith(ctx, effectArgs{n}, river.InsertOpts{Metadata: []byte(metadata)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	f.await(t, unfinished, "0\n")
	f.await(t, "SELECT count(*) FROM effects WHERE tenant = '' AND subject = ''", "3\n")
	f.await(t, "SELECT count(*) FROM river_job WHERE metadata = '{\"mine\": 1}'", "3\n")
}
