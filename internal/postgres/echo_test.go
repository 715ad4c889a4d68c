package postgres_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// echoed is a line of the log.
type echoed struct {
	Level    string
	SQL      string
	Args     []any
	Rows     int64
	Duration time.Duration
	Error    string
}

func TestEchoLogsEachStatement(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	url := pgtest.EmptyURL(t)
	runStatements(t, postgres.Options{URL: url, Echo: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if password := address(t, url).Password; password != "" && strings.Contains(log.String(), password) {
		t.Errorf("log = %s, want no password in it", &log)
	}
	var got []echoed
	for decoder := json.NewDecoder(&log); decoder.More(); {
		var line echoed
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.Duration <= 0 {
			t.Errorf("duration of %q = %v, want some", line.SQL, line.Duration)
		}
		got = append(got, line)
	}
	want := []echoed{
		{SQL: "begin"},
		{SQL: "CREATE TEMP TABLE t (n int)"},
		{SQL: "INSERT INTO t SELECT generate_series(1, $1)", Args: []any{7.0}, Rows: 7},
		{SQL: "SELECT count(*) FROM t WHERE n > $1 AND $2 = 'x'", Args: []any{3.0, "x"}, Rows: 1},
		{SQL: "SELECT 1 / $1::int", Args: []any{0.0}, Error: "ERROR: division by zero (SQLSTATE 22012)"},
		{SQL: "rollback"},
	}
	for i := range want {
		want[i].Level = "DEBUG"
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(echoed{}, "Duration")); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestEchoIsSilentAboveDebug(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	runStatements(t, postgres.Options{URL: pgtest.EmptyURL(t), Echo: slog.New(slog.NewJSONHandler(&log, nil))})
	if log.Len() != 0 {
		t.Errorf("log = %s, want nothing", &log)
	}
}

// runStatements runs some in a transaction, the last of which fails.
func runStatements(t *testing.T, o postgres.Options) {
	t.Helper()
	db := open(t, o)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, tx, "CREATE TEMP TABLE t (n int)")
	pgtest.Exec(t, tx, "INSERT INTO t SELECT generate_series(1, $1)", 7)
	if n := pgtest.Value[int](t, tx, "SELECT count(*) FROM t WHERE n > $1 AND $2 = 'x'", 3, "x"); n != 4 {
		t.Errorf("rows = %d, want 4", n)
	}
	if _, err := tx.ExecContext(t.Context(), "SELECT 1 / $1::int", 0); err == nil {
		t.Error("division by zero = nil, want an error")
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
}
