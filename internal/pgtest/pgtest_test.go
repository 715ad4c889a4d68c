package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestDatabases(t *testing.T) {
	t.Parallel()

	t.Run("are migrated", func(t *testing.T) {
		t.Parallel()
		if n := count(t, Open(t, URL(t)), "SELECT count(*) FROM atlas_schema_revisions"); n == 0 {
			t.Errorf("revisions = %d, want some", n)
		}
	})

	t.Run("are empty when asked for", func(t *testing.T) {
		t.Parallel()
		const tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
		if n := count(t, Open(t, EmptyURL(t)), tables); n != 0 {
			t.Errorf("tables = %d, want 0", n)
		}
	})

	t.Run("are each test's own", func(t *testing.T) {
		t.Parallel()
		first, second := Open(t, OwnerURL(t)), Open(t, OwnerURL(t))
		const create = `CREATE TABLE own ()`
		if _, err := first.ExecContext(t.Context(), create); err != nil {
			t.Fatal(err)
		}
		if n := count(t, second, "SELECT count(*) FROM pg_class WHERE relname = 'own'"); n != 0 {
			t.Errorf("tables in the other database = %d, want 0", n)
		}
	})

	t.Run("are dropped when the test ends, with the sessions on them", func(t *testing.T) {
		t.Parallel()
		var name string
		t.Run("a test", func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), URL(t)) // left open
			if err != nil {
				t.Fatal(err)
			}
			name = conn.Config().Database
		})
		if n := countDatabases(t, name); n != 0 {
			t.Errorf("databases named %s = %d, want 0", name, n)
		}
	})
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	s := reach(t)

	t.Run("is built once", func(t *testing.T) {
		t.Parallel()
		name, err := s.template()
		if err != nil {
			t.Fatal(err)
		}
		err = s.ensureTemplate(name, func(context.Context, string) error {
			return errors.New("built again")
		})
		if err != nil {
			t.Error(err)
		}
	})

	t.Run("is built anew when a killed process left it unfinished", func(t *testing.T) {
		t.Parallel()
		name := "commitment_template_" + strings.ToLower(rand.Text())
		t.Cleanup(func() { dropDatabase(t, s, name) })
		killed := errors.New("killed")
		err := s.ensureTemplate(name, func(context.Context, string) error { return killed })
		if !errors.Is(err, killed) {
			t.Fatalf("error = %v, want %v", err, killed)
		}
		built := false
		err = s.ensureTemplate(name, func(context.Context, string) error { built = true; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if !built {
			t.Error("built = false, want true")
		}
	})

	t.Run("takes no connections", func(t *testing.T) {
		t.Parallel()
		name, err := s.template()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pgx.Connect(t.Context(), s.url(name)); err == nil {
			t.Error("connect = nil, want an error")
		}
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	given, err := url.Parse("postgres://ann@db/app?dbname=app&database=app&sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := address(*given, "mine"), "postgres://ann@db/mine?sslmode=disable"; got != want {
		t.Errorf("address = %s, want %s", got, want)
	}
}

func BenchmarkURL(b *testing.B) {
	reach(b)
	for b.Loop() {
		URL(b)
	}
}

func count(t *testing.T, db *sql.DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func countDatabases(t *testing.T, name string) int {
	t.Helper()
	return count(t, Open(t, reach(t).admin), "SELECT count(*) FROM pg_database WHERE datname = $1", name)
}

func dropDatabase(t *testing.T, s *server, name string) {
	t.Helper()
	if err := s.run(func(ctx context.Context, conn *pgx.Conn) error { return drop(ctx, conn, name) }); err != nil {
		t.Error(err)
	}
}
