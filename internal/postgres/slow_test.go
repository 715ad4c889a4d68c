package postgres_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// slowStatement is a line of the log.
type slowStatement struct {
	Level, Msg, SQL, SQLState string
	Rows                      int64
}

// TestSlowStatementsAreLogged takes all of them for slow, or none. Both have the echo
// beside them.
func TestSlowStatementsAreLogged(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration][]slowStatement{
		time.Nanosecond: {
			{SQL: "begin"},
			{SQL: "CREATE TEMP TABLE t (n int)"},
			{SQL: "INSERT INTO t SELECT generate_series(?, $1)", Rows: 7},
			{SQL: "SELECT count(*) FROM t WHERE n > $1 AND $2 = ?", Rows: 1},
			{SQL: "SELECT ? / $1::int", SQLState: "22012"},
			{SQL: "rollback"},
		},
		time.Hour: nil,
	} {
		var log bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&log, nil)) // the echo is below its level
		runStatements(t, postgres.Options{URL: pgtest.EmptyURL(t), Echo: logger, SlowStatement: after, Log: logger})
		var got []slowStatement
		for decoder := json.NewDecoder(&log); decoder.More(); {
			var line slowStatement
			if err := decoder.Decode(&line); err != nil {
				t.Fatal(err)
			}
			got = append(got, line)
		}
		for i := range want {
			want[i].Level, want[i].Msg = "WARN", "slow statement"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("log from %v (-want +got):\n%s", after, diff)
		}
	}
}
