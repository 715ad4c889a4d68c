package app

import (
	"strings"
	"testing"

	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

// newReadiness returns the readiness of a service on the database at url.
func newReadiness(t *testing.T, url string) *readiness {
	t.Helper()
	dir, err := migration.Embedded()
	check(t, err)
	return &readiness{pool: pgtest.Open(t, url), dir: dir}
}

func TestReadiness(t *testing.T) {
	t.Parallel()

	t.Run("is true on a migrated database", func(t *testing.T) {
		t.Parallel()
		r := newReadiness(t, pgtest.URL(t))
		check(t, r.check(t.Context()))
	})

	t.Run("is false once a shutdown has begun", func(t *testing.T) {
		t.Parallel()
		r := newReadiness(t, pgtest.URL(t))
		check(t, r.check(t.Context()))
		r.close()
		wantError(t, r.check(t.Context()), "shutting down")
	})

	t.Run("is false while migrations are pending, and true as soon as they are applied", func(t *testing.T) {
		t.Parallel()
		r := newReadiness(t, pgtest.EmptyURL(t))
		wantError(t, r.check(t.Context()), "migrations are pending: run `commitment migrate apply`")
		_, err := migration.Apply(t.Context(), r.pool, r.dir, migration.ApplyOptions{})
		check(t, err)
		check(t, r.check(t.Context()))
	})

	t.Run("asks for the migrations until they are current, and then no more", func(t *testing.T) {
		t.Parallel()
		r := newReadiness(t, pgtest.URL(t))
		check(t, r.check(t.Context()))
		_, err := r.pool.ExecContext(t.Context(), "DROP TABLE atlas_schema_revisions")
		check(t, err)
		check(t, r.check(t.Context()))
	})

	t.Run("is false while the database doesn't answer", func(t *testing.T) {
		t.Parallel()
		const nobody = "postgres://127.0.0.1:1/none?connect_timeout=1"
		r := newReadiness(t, nobody)
		wantError(t, r.check(t.Context()), "connect")
		r.current.Store(true)
		wantError(t, r.check(t.Context()), "connect")
	})
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("error = %v, want one with %q", err, text)
	}
}
