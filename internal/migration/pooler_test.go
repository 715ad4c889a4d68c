package migration_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgbouncer"
)

func TestApplyThroughPgBouncer(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 5} {
		for _, mode := range []string{"transaction", "statement"} {
			t.Run(fmt.Sprintf("refuses a pool by %s of %d", mode, size), func(t *testing.T) {
				t.Parallel()
				direct := pgtest.EmptyURL(t)
				db := pgtest.Open(t, pgbouncer.Start(t, direct, pgbouncer.Options{PoolMode: mode, PoolSize: size}).URL())
				_, err := migration.Apply(t.Context(), db, files(t, "1_a.sql", createA), migration.ApplyOptions{})
				if !errors.Is(err, migration.ErrPooled) {
					t.Errorf("error = %v, want %v", err, migration.ErrPooled)
				}
				if got := tables(t, pgtest.Open(t, direct)); len(got) != 0 {
					t.Errorf("tables = %v, want none", got)
				}
			})
		}
		t.Run(fmt.Sprintf("works in a pool by session of %d", size), func(t *testing.T) {
			t.Parallel()
			direct := pgtest.EmptyURL(t)
			db := pgtest.Open(t, pgbouncer.Start(t, direct, pgbouncer.Options{PoolMode: "session", PoolSize: size}).URL())
			apply(t, db, files(t, "1_a.sql", createA, "2_i.sql", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON a (id);\n"))
			if got := queryStrings(t, db, "SHOW row_security"); got[0] != "on" {
				t.Errorf("row_security of the pool's session = %s, want on", got[0])
			}
			if diff := cmp.Diff([]string{"a", "atlas_schema_revisions"}, tables(t, pgtest.Open(t, direct))); diff != "" {
				t.Errorf("tables (-want +got):\n%s", diff)
			}
		})
	}
}
