package cli_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"commitment/internal/pgtest"
)

func TestServeWithDatabaseURL(t *testing.T) {
	t.Parallel()

	t.Run("starts no server of its own", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		database := pgtest.EmptyURL(t)
		p := serve(t, "DATABASE_URL="+database, "COMMITMENT_DATA_DIR="+dir, "COMMITMENT_POSTGRES_BIN="+dir)
		addRow(t, database, "a") // development has created the tables
		left, err := os.ReadDir(dir)
		check(t, err)
		if len(left) > 0 {
			t.Errorf("files of a private server = %v, want none", left)
		}
		if got := p.printed(t, `^  database +(.+)$`); strings.Contains(got, "private") {
			t.Errorf("printed the database as %q, want no private one", got)
		}
	})

	t.Run("never migrates in production", func(t *testing.T) {
		t.Parallel()
		pgtest.URL(t) // creates the role of the service
		empty := pgtest.EmptyURL(t)
		p := serve(t, "DATABASE_URL="+pgtest.AppURL(t, empty), "COMMITMENT_ENV=production", "AUTH=off-in-production")
		if got := get(t, p.base(t)+"/readyz"); got.status != http.StatusServiceUnavailable {
			t.Errorf("GET /readyz with pending migrations = %d, want 503", got.status)
		}
		if got := get(t, p.base(t)+"/healthz"); got.status != http.StatusOK {
			t.Errorf("GET /healthz with pending migrations = %d, want 200", got.status)
		}
		var tables int
		check(t, pgtest.Open(t, empty).QueryRowContext(t.Context(),
			"SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()").Scan(&tables))
		if tables != 0 {
			t.Errorf("tables = %d, want 0", tables)
		}
		p.stderr.WaitFor(t, "migrations are pending")
		apply := exec.CommandContext(t.Context(), "commitment", "migrate", "apply", "--phase", "expand")
		apply.Env = []string{"DATABASE_URL=" + empty, "COMMITMENT_ENV=production"}
		if out, err := apply.CombinedOutput(); err != nil {
			t.Fatalf("migrate apply: %v\n%s", err, out)
		}
		if got := get(t, p.base(t)+"/readyz"); got.status != http.StatusOK {
			t.Errorf("GET /readyz once they are applied = %d, want 200", got.status)
		}
	})
}

// TestServeSaysWhatIsNotReady is about production, where the service starts and
// migrates nothing.
func TestServeSaysWhatIsNotReady(t *testing.T) {
	t.Parallel()
	migrated := pgtest.URL(t)
	u, err := url.Parse(migrated)
	check(t, err)
	wrong := *u
	wrong.User = url.UserPassword(u.User.Username(), "wrong")
	for _, tt := range []struct{ name, url, want string }{
		{"the server can't be reached", "postgres://app:secret@127.0.0.1:1/app", "connection refused at 127.0.0.1:1"},
		{"the password is wrong", wrong.String(), `password authentication failed for user "` + u.User.Username() + `" (SQLSTATE 28P01)`},
		{"migrations are pending", pgtest.AppURL(t, pgtest.EmptyURL(t)), "migrations are pending: run `commitment migrate apply --phase expand`"},
		{"the database is read-only", migrated + "&default_transaction_read_only=on", "the database is read-only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, "DATABASE_URL="+tt.url, "COMMITMENT_ENV=production", "AUTH=off-in-production")
			if got, want := p.stdout.String(), "Commitment is NOT READY: "+tt.want; !strings.Contains(got, want) || strings.Contains(got, "is ready") {
				t.Errorf("printed %q, want %q in it, and not that it is ready", got, want)
			}
			if got := get(t, p.printed(t, `^  curl (\S+)$`)); got.status != http.StatusServiceUnavailable {
				t.Errorf("the printed address responds %d, want 503", got.status)
			}
			p.terminate(t)
			p.exitCode(t)
			if !strings.Contains(p.stderr.String(), `"msg":"not ready","error":`) {
				t.Errorf("log = %q, want a record of what isn't ready", &p.stderr)
			}
		})
	}
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, url, auth, want string }{
		{"a superuser in production", pgtest.OwnerURL(t), "AUTH=off-in-production", "is a superuser: production must not run with such a role"},
		{"production that doesn't say whose requests are served", pgtest.URL(t), "AUTH=on", "AUTH_ISSUER: not set"},
		{"production that serves everybody", pgtest.URL(t), "AUTH=off", "say AUTH=off-in-production"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := spawn(t, t.TempDir(), "DATABASE_URL="+tt.url, "COMMITMENT_ENV=production", tt.auth)
			if code := p.exitCode(t); code == 0 || !strings.Contains(p.stderr.String(), tt.want) {
				t.Errorf("exit code = %d, standard error %q, want %q in it", code, &p.stderr, tt.want)
			}
		})
	}
}

// A service in development prints a command with a token, which works, and without which
// there is nothing to see.
func TestServePrintsAToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := []string{"DATABASE_URL=" + pgtest.EmptyURL(t), "COMMITMENT_DATA_DIR=" + dir, "AUTH=on"}
	p := serve(t, settings...)
	url, printed := p.printed(t, `^  curl (\S+) -H`), p.printed(t, `-H "Authorization: Bearer (\S+)"$`)
	token := exec.CommandContext(t.Context(), "commitment", "token")
	token.Env = settings
	out, err := token.Output()
	check(t, err)
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"none": {"", http.StatusUnauthorized}, "the printed one": {printed, http.StatusOK},
		"one of the command": {strings.TrimSpace(string(out)), http.StatusOK}, "another": {printed + "x", http.StatusUnauthorized},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		check(t, err)
		if tt.token != "" {
			req.Header.Set("Authorization", "Bearer "+tt.token)
		}
		resp, err := client.Do(req)
		check(t, err)
		check(t, resp.Body.Close())
		if resp.StatusCode != tt.want {
			t.Errorf("GET %s with %s = %d, want %d", url, name, resp.StatusCode, tt.want)
		}
	}
}

// addRow inserts a row of the core's own entity.
func addRow(t *testing.T, database, name string) {
	t.Helper()
	_, err := pgtest.Open(t, database).ExecContext(t.Context(), `INSERT INTO idempotency_keys
		(id, created_at, subject, key, fingerprint, status, header, body, expires_at)
		VALUES (gen_random_uuid(), now(), 'row', $1, '', 0, '{}', '', 'infinity')`, name)
	check(t, err)
}

func wantRow(t *testing.T, database, name string) {
	t.Helper()
	var n int
	check(t, pgtest.Open(t, database).QueryRowContext(t.Context(), "SELECT count(*) FROM idempotency_keys WHERE key = $1", name).Scan(&n))
	if n != 1 {
		t.Errorf("rows named %s = %d, want 1", name, n)
	}
}
