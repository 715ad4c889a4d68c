package dev_test

import (
	"context"
	"strings"
	"testing"

	"commitment/internal/migrator/dev"
	"commitment/internal/pgtest"
)

func TestServer(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	server := open(t, url)

	t.Run("says its version", func(t *testing.T) {
		version, err := server.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var want string
		if err := pgtest.Open(t, url).QueryRowContext(t.Context(), "SHOW server_version").Scan(&want); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(want, version) || version == "" || strings.Contains(version, " ") {
			t.Errorf("version = %q, want the first word of %q", version, want)
		}
	})

	t.Run("makes databases of their own also where the URL names its database behind the question mark", func(t *testing.T) {
		for _, parameter := range []string{"dbname", "database"} {
			path, _, _ := strings.Cut(url, "?")
			server := open(t, path+"?sslmode=disable&"+parameter+"=postgres")
			d, err := server.Database(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { drop(t, d) })
			var name string
			if err := d.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(name, "commitment_dev_") {
				t.Errorf("database = %s, want a throwaway one", name)
			}
		}
	})

	t.Run("clones a database as it is, which goes on on its own", func(t *testing.T) {
		first, err := server.Database(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { drop(t, first) })
		exec(t, first, "CREATE TABLE a ()")
		second, err := first.Clone(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { drop(t, second) })
		exec(t, first, "DROP TABLE a")
		exec(t, second, "SELECT FROM a")
	})

	t.Run("drops a database with its sessions, also when the context has ended", func(t *testing.T) {
		server, err := dev.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		d, err := server.Database(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		other := pgtest.Open(t, d.URL)
		if err := other.PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := d.Drop(ended); err != nil {
			t.Errorf("drop = %v, want success", err)
		}
		if err := server.Close(); err != nil {
			t.Errorf("close = %v, want success", err)
		}
		if err := other.PingContext(t.Context()); err == nil {
			t.Error("the database is there still")
		}
	})
}

func TestUseBaseline(t *testing.T) {
	t.Parallel()
	server := open(t, pgtest.EmptyURL(t))
	if err := server.UseBaseline(t.Context(), "CREATE SCHEMA shared; CREATE TABLE shared.a ()"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d, err := server.Database(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { drop(t, d) })
		exec(t, d, "SELECT FROM shared.a")
	}
	if err := server.UseBaseline(t.Context(), "SELECT 1/0"); err == nil {
		t.Error("a baseline that fails = nil, want an error")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	if _, err := pgtest.Open(t, url).ExecContext(t.Context(), "DO $$ BEGIN CREATE ROLE dev_may_not LOGIN PASSWORD 'secret'; EXCEPTION WHEN duplicate_object THEN END $$"); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(url, "@")
	for name, tt := range map[string]struct{ url, want string }{
		"what is no URL":                     {"host=127.0.0.1 password=secret", "must begin with postgres://"},
		"a role that may not make databases": {"postgres://dev_may_not:secret@" + rest, "may not create databases"},
		"a server that isn't there":          {"postgres://postgres:secret@127.0.0.1:1/postgres", "connect to dev server"},
	} {
		_, err := dev.Open(t.Context(), tt.url)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error = %v, want one with %q and no password", name, err, tt.want)
		}
	}
}

func open(t *testing.T, url string) *dev.Server {
	t.Helper()
	server, err := dev.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return server
}

func exec(t *testing.T, d *dev.Database, statement string) {
	t.Helper()
	if _, err := d.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func drop(t *testing.T, d *dev.Database) {
	t.Helper()
	if err := d.Drop(context.Background()); err != nil {
		t.Error(err)
	}
}
