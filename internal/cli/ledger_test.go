package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"commitment/internal/pgtest"
)

func TestServeEchoes(t *testing.T) {
	t.Parallel()

	t.Run("echoes SQL with its arguments when DEBUG is true, and never the password", func(t *testing.T) {
		t.Parallel()
		database := pgtest.OwnerURL(t)
		p := serve(t, "DATABASE_URL="+database, "DEBUG=true")
		openAccount(t, p, "an argument")
		p.terminate(t)
		p.exitCode(t) // the log is complete by then
		if !echoed(t, p.stderr.String(), `INSERT INTO "accounts"`, "an argument") {
			t.Errorf("log = %q, want the INSERT with its arguments", &p.stderr)
		}
		u, err := url.Parse(database)
		check(t, err)
		password, given := u.User.Password()
		if output := p.stdout.String() + p.stderr.String(); given && strings.Contains(output, password) {
			t.Errorf("output = %q, want it without the password %s", output, password)
		}
	})

	t.Run("echoes nothing by default", func(t *testing.T) {
		t.Parallel()
		p := serve(t, "DATABASE_URL="+pgtest.OwnerURL(t))
		openAccount(t, p, "Ann")
		p.terminate(t)
		p.exitCode(t)
		if got := p.stderr.String(); strings.Contains(got, "INSERT") {
			t.Errorf("log = %q, want no statements", got)
		}
	})
}

// TestServeShutsDown keeps a request in flight by locking the account that it changes.
func TestServeShutsDown(t *testing.T) {
	t.Parallel()
	database := pgtest.OwnerURL(t)
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
	responses := make(chan response, 1)
	go func() {
		a, err := send(t.Context(), http.MethodPost, transfers, fmt.Sprintf(`{"from":%q,"to":%q,"amount":100}`, mint, ann))
		if err != nil {
			t.Error(err)
		}
		responses <- a
	}()
	pgtest.WaitFor(t, "the request waits for the lock", func() bool {
		var waits bool
		check(t, db.QueryRowContext(t.Context(), `SELECT EXISTS (
			SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits))
		return waits
	})

	p.terminate(t)
	pgtest.WaitFor(t, "readiness is false while the listener is open", func() bool {
		return get(t, p.base(t)+"/readyz").status == http.StatusServiceUnavailable
	})
	check(t, lock.Rollback())
	if got := <-responses; got.status != http.StatusCreated {
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
		t.Fatalf("POST /v1/accounts = %d %s, want 201", got.status, got.body)
	}
	var account struct{ ID string }
	check(t, json.Unmarshal([]byte(got.body), &account))
	return account.ID
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

func post(t *testing.T, url, body string) response {
	t.Helper()
	a, err := send(t.Context(), http.MethodPost, url, body)
	check(t, err)
	return a
}
