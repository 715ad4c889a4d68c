package migration_test

import (
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// A replay has a session of its own, and leaves the pool those that it keeps.
func TestReplayKeepsThePoolsSessions(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	pid := func() (pid int) {
		if err := db.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	before := pid()
	f := migrate.NewLocalFile("1_a.sql", []byte("CREATE TABLE a (pid int);\nINSERT INTO a VALUES (pg_backend_pid());\n"))
	if err := migration.Replay(t.Context(), db, []migrate.File{f}); err != nil {
		t.Fatal(err)
	}
	if after := pid(); after != before {
		t.Errorf("the pool's session = %d, want %d still", after, before)
	}
	var replayed int
	if err := db.QueryRowContext(t.Context(), "SELECT pid FROM a").Scan(&replayed); err != nil {
		t.Fatal(err)
	}
	if replayed == before {
		t.Errorf("the replay's session = %d, want another", replayed)
	}
}
