package migration_test

import (
	"testing"
	"time"

	"commitment/internal/migration"
)

func TestBlocker(t *testing.T) {
	t.Parallel()
	for want, b := range map[string]migration.Blocker{
		"a prepared transaction":          {},
		"pid 7":                           {PID: 7},
		"pid 7: <insufficient privilege>": {PID: 7, Query: "<insufficient privilege>"},
		"pid 7 (report, ann, idle in transaction, open for 2s): SELECT": {7, "report", "ann", "idle in transaction", 2 * time.Second, "SELECT"},
	} {
		if got := b.String(); got != want {
			t.Errorf("blocker = %q, want %q", got, want)
		}
	}
}
