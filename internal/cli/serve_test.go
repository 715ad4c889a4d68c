package cli_test

import (
	"encoding/json"
	"fmt"
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
		p := serve(t, "DATABASE_URL="+pgtest.EmptyURL(t), "COMMITMENT_DATA_DIR="+dir, "COMMITMENT_POSTGRES_BIN="+dir)
		openAccount(t, p, "Ann") // development has made the tables
		left, err := os.ReadDir(dir)
		check(t, err)
		if len(left) > 0 {
			t.Errorf("files of a private server = %v, want none", left)
		}
		if got := p.printed(t, `^  database +(.+)$`); strings.Contains(got, "private") {
			t.Errorf("printed the database as %q, want no word of a private one", got)
		}
	})

	t.Run("never migrates in production", func(t *testing.T) {
		t.Parallel()
		empty := pgtest.EmptyURL(t)
		p := serve(t, "DATABASE_URL="+empty, "COMMITMENT_ENV=production")
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
		eventually(t, "the log has the reason", func() bool { return strings.Contains(p.stderr.String(), "migrations are pending") })
		apply := exec.CommandContext(t.Context(), "commitment", "migrate", "apply")
		apply.Env = []string{"DATABASE_URL=" + empty, "COMMITMENT_ENV=production"}
		if out, err := apply.CombinedOutput(); err != nil {
			t.Fatalf("migrate apply: %v\n%s", err, out)
		}
		if got := get(t, p.base(t)+"/readyz"); got.status != http.StatusOK {
			t.Errorf("GET /readyz once they are applied = %d, want 200", got.status)
		}
	})

	t.Run("echoes SQL with its arguments when DEBUG is true, and never the password", func(t *testing.T) {
		t.Parallel()
		database := pgtest.URL(t)
		p := serve(t, "DATABASE_URL="+database, "DEBUG=true")
		openAccount(t, p, "an argument")
		p.terminate(t)
		p.exitCode(t) // by then all that it logs is there
		if !echoed(t, p.stderr.String(), `INSERT INTO "accounts"`, "an argument") {
			t.Errorf("log = %q, want the INSERT with its arguments", &p.stderr)
		}
		u, err := url.Parse(database)
		check(t, err)
		password, given := u.User.Password()
		if said := p.stdout.String() + p.stderr.String(); given && strings.Contains(said, password) {
			t.Errorf("said %q, which has the password %s in it", said, password)
		}
	})

	t.Run("echoes nothing unless it is asked to", func(t *testing.T) {
		t.Parallel()
		p := serve(t, "DATABASE_URL="+pgtest.URL(t))
		openAccount(t, p, "Ann")
		p.terminate(t)
		p.exitCode(t)
		if got := p.stderr.String(); strings.Contains(got, "INSERT") {
			t.Errorf("log = %q, want no statements", got)
		}
	})
}

// TestServeSaysWhatIsNotReady is about production, where nothing is started or
// migrated, and the service waits for what others do.
func TestServeSaysWhatIsNotReady(t *testing.T) {
	t.Parallel()
	migrated := pgtest.URL(t)
	u, err := url.Parse(migrated)
	check(t, err)
	stranger := *u
	stranger.User = url.UserPassword(u.User.Username(), "wrong")
	for _, tt := range []struct{ name, url, want string }{
		{"the server can't be reached", "postgres://app:secret@127.0.0.1:1/app", "connection refused at 127.0.0.1:1"},
		{"the password is wrong", stranger.String(), `password authentication failed for user "` + u.User.Username() + `" (SQLSTATE 28P01)`},
		{"migrations are pending", pgtest.EmptyURL(t), "migrations are pending: run `commitment migrate apply`"},
		{"the database takes no writes", migrated + "&default_transaction_read_only=on", "the database is read-only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, "DATABASE_URL="+tt.url, "COMMITMENT_ENV=production")
			if got, want := p.stdout.String(), "Commitment is NOT READY: "+tt.want; !strings.Contains(got, want) || strings.Contains(got, "is ready") {
				t.Errorf("printed %q, want %q in it, and no word of being ready", got, want)
			}
			if got := get(t, p.printed(t, `^  curl (\S+)$`)); got.status != http.StatusServiceUnavailable {
				t.Errorf("the address that is printed answers %d, want 503", got.status)
			}
			p.terminate(t)
			p.exitCode(t)
			if !strings.Contains(p.stderr.String(), `"msg":"not ready","error":`) {
				t.Errorf("log = %q, want a record of what isn't ready", &p.stderr)
			}
		})
	}
}

// TestServeShutsDown holds a request in flight by locking the account that it
// is to change.
func TestServeShutsDown(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	db := pgtest.Open(t, database)
	p := serve(t, "DATABASE_URL="+database, "HTTP_SHUTDOWN_DELAY=3s", "DB_LOCK_TIMEOUT=0s")
	mint := openAccount(t, p, "mint")
	ann := openAccount(t, p, "Ann")

	lock, err := db.BeginTx(t.Context(), nil)
	check(t, err)
	defer func() { _ = lock.Rollback() }()
	_, err = lock.ExecContext(t.Context(), "SELECT FROM accounts WHERE id = $1 FOR UPDATE", mint)
	check(t, err)
	transfers := p.base(t) + "/v1/transfers"
	answers := make(chan answer, 1)
	go func() {
		a, err := send(t.Context(), http.MethodPost, transfers, fmt.Sprintf(`{"from":%q,"to":%q,"amount":100}`, mint, ann))
		if err != nil {
			t.Error(err)
		}
		answers <- a
	}()
	eventually(t, "the request waits for the lock", func() bool {
		var waits bool
		check(t, db.QueryRowContext(t.Context(), `SELECT EXISTS (
			SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits))
		return waits
	})

	p.terminate(t)
	eventually(t, "readiness is false while the listener is open", func() bool {
		return get(t, p.base(t)+"/readyz").status == http.StatusServiceUnavailable
	})
	check(t, lock.Rollback())
	if got := <-answers; got.status != http.StatusCreated {
		t.Errorf("the request in flight got %d %s, want 201", got.status, got.body)
	}
	if got := p.exitCode(t); got != 0 {
		t.Errorf("exit code = %d, want 0", got)
	}
	var balance int
	check(t, db.QueryRowContext(t.Context(), "SELECT balance FROM accounts WHERE id = $1", ann).Scan(&balance))
	if balance != 100 {
		t.Errorf("balance = %d, want 100", balance)
	}
}

// openAccount opens an account that may be overdrawn, and returns its id.
func openAccount(t *testing.T, p *process, name string) string {
	t.Helper()
	got := post(t, p.base(t)+"/v1/accounts", fmt.Sprintf(`{"name":%q,"currency":"EUR","allow_negative":true}`, name))
	if got.status != http.StatusCreated {
		t.Fatalf("opening an account = %d %s, want 201", got.status, got.body)
	}
	var account struct{ ID string }
	check(t, json.Unmarshal([]byte(got.body), &account))
	return account.ID
}

func wantAccount(t *testing.T, p *process, id string) {
	t.Helper()
	if got := get(t, p.base(t)+"/v1/accounts/"+id); got.status != http.StatusOK {
		t.Errorf("reading the account = %d %s, want 200", got.status, got.body)
	}
}

// echoed reports whether the log has a record of a statement that contains sql
// and was run with argument.
func echoed(t *testing.T, log, sql, argument string) bool {
	t.Helper()
	for line := range strings.Lines(log) {
		var record struct {
			Msg, SQL string
			Args     []any
		}
		check(t, json.Unmarshal([]byte(line), &record))
		if record.Msg == "statement" && strings.Contains(record.SQL, sql) {
			for _, arg := range record.Args {
				if arg == argument {
					return true
				}
			}
		}
	}
	return false
}
