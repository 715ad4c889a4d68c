package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/trace"

	"commitment/ent"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/txn"
)

func TestAStatement(t *testing.T) {
	t.Parallel()
	f := open(t, canRaise(t), 1)
	warmUp(t, f)
	f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		_, err := query(ctx, "SELECT raise($1) /* comment */ WHERE 'secret' <> E'sec\\'ret' AND 12345 > $2", "23514", 6789)
		return err
	})
	s := f.named(t, "SELECT")[0]
	for key, want := range map[string]string{
		"db.system.name": "postgresql", "db.namespace": pgtest.Value[string](t, f.pool, "SELECT current_database()"),
		"db.operation.name": "SELECT", "db.query.summary": "SELECT",
		"db.query.text":           "SELECT raise($1) WHERE ? <> ? AND ? > $2",
		"db.response.status_code": "23514", "error.type": "23514",
	} {
		if got := value(s, key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if got := s.SpanKind(); got != trace.SpanKindClient {
		t.Errorf("kind = %v, want client", got)
	}
}

// TestNoArgumentsAreShown looks for arguments and constants in all that spans of
// statements have.
func TestNoArgumentsAreShown(t *testing.T) {
	t.Parallel()
	f := open(t, canRaise(t), 1)
	f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		client := ent.FromContext(ctx)
		if err := rowtest.Insert(ctx, client, "secret"); err != nil {
			return err
		}
		if _, err := rowtest.Exists(ctx, client, "secret"); err != nil {
			return err
		}
		_, err := query(ctx, "SELECT 'secret' || raise($1)", "42P01") // whose message has it too
		return err
	})
	for _, s := range f.spans() {
		if s.SpanKind() != trace.SpanKindClient {
			continue
		}
		if shown := fmt.Sprint(s.Name(), s.Attributes(), s.Events(), s.Status()); strings.Contains(shown, "secret") {
			t.Errorf("span = %s, want no argument in it", shown)
		}
	}
}

// The work may have spans of its own: its statements are parts of them.
func TestASpanOfTheWork(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	warmUp(t, f)
	f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("work").Start(ctx, "price")
		defer span.End()
		return rowtest.Insert(ctx, ent.FromContext(ctx), "a")
	})
	f.wantTree(t, `
		POST /rows/{id}
			attempt 1
				price
					INSERT idempotency_keys
				transaction: committed
					COMMIT
	`)
}

func TestWhatDatabaseSQLLacks(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		unit, err := txn.SQLFromContext(ctx)
		if err != nil {
			return err
		}
		if _, err := unit.ExecContext(ctx, "CREATE TEMP TABLE t (n int)"); err != nil {
			return err
		}
		return unit.Pgx(ctx, func(conn *pgx.Conn) error {
			var batch pgx.Batch
			batch.Queue("INSERT INTO t VALUES ($1)", 1)
			batch.Queue("SELECT n FROM t WHERE n = $1", 1)
			if err := conn.SendBatch(ctx, &batch).Close(); err != nil {
				return err
			}
			if _, err := conn.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"n"}, pgx.CopyFromRows([][]any{{2}})); err != nil {
				return err
			}
			var failing pgx.Batch
			failing.Queue("SELECT 1/n FROM t WHERE n = $1", 2)
			failing.Queue("INSERT INTO nowhere VALUES ($1)", 0)
			return conn.SendBatch(ctx, &failing).Close()
		})
	})
	f.wantTree(t, `
		POST /rows/{id} (500)
			attempt 1
				transaction: rolled_back
					connect
					CREATE
					BATCH
					COPY t
					BATCH (42P01)
					ROLLBACK
	`)
	var events []string
	for _, e := range f.named(t, "BATCH")[0].Events() {
		events = append(events, e.Name)
	}
	if got, want := fmt.Sprint(events), "[INSERT t SELECT t]"; got != want {
		t.Errorf("events of the batch = %s, want %s", got, want)
	}
}

// A connection for which the work waits in vain is an error of the transaction.
func TestNoConnection(t *testing.T) {
	t.Parallel()
	f := open(t, fmt.Sprintf("postgres://127.0.0.1:%d/none", pgtest.DeadPort(t)), 1)
	f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		return rowtest.Insert(ctx, ent.FromContext(ctx), "a")
	})
	f.wantTree(t, `
		POST /rows/{id} (500)
			attempt 1 (connection)
				transaction: rolled_back (connection)
					connect (connection)
			attempt 2 (connection)
				transaction: rolled_back (connection)
					connect (connection)
			attempt 3 (connection)
				transaction: rolled_back (connection)
					connect (connection)
	`)
}

// A COPY into no table is the server's to refuse, whether there are traces or not.
func TestACopyIntoNoTableIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t, pgtest.OwnerURL(t), 1)
	f.serve(t, http.MethodPost, nil, func(ctx context.Context) error {
		tx, err := txn.PgxTx(ctx)
		check(t, err)
		_, err = tx.CopyFrom(ctx, pgx.Identifier{}, []string{"n"}, pgx.CopyFromRows(nil))
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "42601" {
			t.Errorf("CopyFrom() = %v, want a syntax error", err)
		}
		return err
	})
}
