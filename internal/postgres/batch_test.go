package postgres_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// TestStatementsThatAreSentTogetherAreLogged sends a batch, of which the last fails.
func TestStatementsThatAreSentTogetherAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	conn := pgtest.Session(t, open(t, postgres.Options{URL: pgtest.EmptyURL(t), Echo: logger, SlowStatement: time.Nanosecond, Log: logger}))
	err := conn.Raw(func(driverConn any) error {
		var batch pgx.Batch
		batch.Queue("CREATE TEMP TABLE t (n int)")
		batch.Queue("SELECT generate_series(1, $1::int)", 7)
		batch.Queue("SELECT 1 / $1::int", 0)
		return driverConn.(interface{ Conn() *pgx.Conn }).Conn().SendBatch(t.Context(), &batch).Close()
	})
	if err == nil {
		t.Error("division by zero = nil, want an error")
	}
	for _, want := range []string{
		`level=DEBUG msg=statement sql="CREATE TEMP TABLE t (n int)" args=[]`,
		`level=DEBUG msg=statement sql="SELECT generate_series(1, $1::int)" args=[7]`,
		`level=DEBUG msg=statement sql="SELECT 1 / $1::int" args=[0]`,
		`error="ERROR: division by zero (SQLSTATE 22012)"`,
		`level=WARN msg="slow statement" sql="CREATE TEMP TABLE t (n int); SELECT generate_series(?, $1::int); SELECT ? / $1::int"`,
		`sqlstate=22012`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log has no %q:\n%s", want, &log)
		}
	}
}
