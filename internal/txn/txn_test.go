package txn

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent"
	"commitment/internal/logtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
)

// NewDatabase is pgtest.OwnerURL, which a file of package txn_test sets: pgtest imports the
// schemas, and they may import txn.
var NewDatabase func(testing.TB) string

// fixture is a DB on a database of the test's own.
type fixture struct {
	*DB
	pool *sql.DB
	url  string
	log  *logtest.Buffer

	mu       sync.Mutex
	outcomes []pgtx.Outcome
}

// open returns a fixture whose pool has at most conns connections.
func open(t *testing.T, conns int, o Options) *fixture {
	t.Helper()
	url := NewDatabase(t)
	pool, err := postgres.Open(postgres.Options{
		URL:             url,
		MaxOpenConns:    conns,
		MaxIdleConns:    conns,
		ConnMaxLifetime: time.Minute,
		PingAfter:       time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	f := &fixture{pool: pool, url: url, log: &logtest.Buffer{}}
	o.Log = slog.New(slog.NewTextHandler(f.log, nil))
	o.OnEnd = func(outcome pgtx.Outcome, _ bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.outcomes = append(f.outcomes, outcome)
	}
	f.DB = New(pool, o)
	return f
}

// insert writes a row with the client in ctx.
func insert(ctx context.Context, name string) error {
	return rowtest.Insert(ctx, ent.FromContext(ctx), name)
}

// exists reports whether the row is there, seen from outside.
func (f *fixture) exists(t *testing.T, name string) bool {
	t.Helper()
	found, err := rowtest.Exists(t.Context(), f.Client(), name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (f *fixture) wantExists(t *testing.T, name string, want bool) {
	t.Helper()
	if got := f.exists(t, name); got != want {
		t.Errorf("row %q exists = %v, want %v", name, got, want)
	}
}

// exec runs a statement outside of any unit of work.
func (f *fixture) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := f.pool.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// refuseAtCommit makes every COMMIT fail that follows an insert of a row.
func (f *fixture) refuseAtCommit(t *testing.T) {
	t.Helper()
	f.exec(t, `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE 'refused' USING ERRCODE = '23514', CONSTRAINT = 'refused'; END $$;
		CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION refuse()`)
}

// value reads one value in the unit of work of ctx.
func value(ctx context.Context, query string, args ...any) (string, error) {
	rows := &entsql.Rows{}
	if err := fromContext(ctx).lazy.Query(ctx, query, args, rows); err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	var v string
	for rows.Next() {
		if err := rows.Scan(&v); err != nil {
			return "", err
		}
	}
	return v, rows.Err()
}
