package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration/catalog"
	"commitment/internal/pgtest"
)

// TestReader reads after each statement what a new Reader reads: everything that an
// index's definition depends on is changed once.
func TestReader(t *testing.T) {
	t.Parallel()
	db := pgtest.Open(t, pgtest.EmptyURL(t))
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	var r catalog.Reader
	for _, statement := range []string{
		"CREATE TABLE a (id int PRIMARY KEY, n int, t text)",
		"CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a)",
		"CREATE INDEX i ON a (n) INCLUDE (t)",
		"CREATE INDEX e ON a (lower(t)) WHERE n > 0",
		"ALTER TABLE a RENAME n TO m",
		"ALTER TABLE a RENAME t TO u",
		"ALTER INDEX i RENAME TO j",
		"ALTER INDEX j SET (fillfactor = 50)",
		"ALTER TABLE a RENAME TO c",
		"DROP INDEX j",
		"CREATE INDEX j ON c (u)",
		"ALTER TABLE c ALTER m TYPE bigint",
		"CREATE VIEW v AS SELECT m FROM c",
		"DROP TABLE b",
	} {
		if _, err := tx.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		want, err := catalog.Read(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Read(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %s (-new +again):\n%s", statement, diff)
		}
	}
}
