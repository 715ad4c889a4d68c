package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"commitment/internal/pgtest"
)

// addUnknown records a migration of another program.
const addUnknown = `INSERT INTO atlas_schema_revisions
	(version, description, type, applied, total, executed_at, execution_time, hash, operator_version)
	VALUES ('20200101000000', 'add_boats', 2, 1, 1, now(), 0, '', '')`

func TestMigrateNamesUnknownMigrations(t *testing.T) {
	t.Parallel()
	const unknown = "has migrations that this program doesn't have: 20200101000000_add_boats"

	t.Run("in the log, if its own are applied", func(t *testing.T) {
		t.Parallel()
		url := pgtest.OwnerURL(t)
		_, err := pgtest.Open(t, url).ExecContext(t.Context(), addUnknown)
		check(t, err)
		var log bytes.Buffer
		check(t, (&Database{URL: url}).migrate(t.Context(), slog.New(slog.NewTextHandler(&log, nil))))
		if !strings.Contains(log.String(), unknown) {
			t.Errorf("log = %q, want %q in it", &log, unknown)
		}
	})

	t.Run("in the error, if its own can't be", func(t *testing.T) {
		t.Parallel()
		url := pgtest.OwnerURL(t)
		_, err := pgtest.Open(t, url).ExecContext(t.Context(), "DELETE FROM atlas_schema_revisions; "+addUnknown)
		check(t, err)
		err = (&Database{URL: url}).migrate(t.Context(), slog.New(slog.DiscardHandler))
		wantError(t, err, unknown)
		wantError(t, err, "Set DATABASE_URL to another database")
	})

	t.Run("and is silent if there are none", func(t *testing.T) {
		t.Parallel()
		var log bytes.Buffer
		check(t, (&Database{URL: pgtest.OwnerURL(t)}).migrate(t.Context(), slog.New(slog.NewTextHandler(&log, nil))))
		if log.Len() > 0 {
			t.Errorf("log = %q, want nothing", &log)
		}
	})
}
