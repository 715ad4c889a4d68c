package migration_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"commitment/internal/migration/catalog"
	"commitment/internal/pgtest"
)

// The migrations make the tables that River's own migrations make. When this fails after
// an upgrade of River, docs/jobs.md says what to do.
func TestJobTablesAreThoseOfRiver(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	rivers, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rivers.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	read := func(db *sql.DB) catalog.Schema {
		s, err := catalog.Read(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	found := 0
	for _, c := range catalog.Compare(read(pgtest.Open(t, pgtest.OwnerURL(t))), read(pgtest.Open(t, url))) {
		table := c.Table
		if table == "" {
			table = c.Name
		}
		switch {
		case !strings.HasPrefix(table, "river_"): // ours
			found++
		case strings.HasPrefix(table, "river_migration"): // which our revisions are instead of
			found++
		default:
			t.Errorf("after River's migrations: %s", c)
		}
	}
	if found == 0 {
		t.Error("the comparison finds nothing at all")
	}
}
