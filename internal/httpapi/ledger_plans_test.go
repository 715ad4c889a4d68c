package httpapi_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"commitment/internal/httpapi"
	"commitment/internal/identity"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// manyLedgers are those of a hundred tenants, of which ours are one: 20,000 accounts,
// 50,000 transfers and 100,000 entries.
const manyLedgers = `
	SET session_replication_role = replica; -- no triggers, no foreign keys
	CREATE FUNCTION pg_temp.id(what text, n int) RETURNS uuid LANGUAGE sql AS
		$$ SELECT (lpad(to_hex(n), 12, '0') || substr(md5(what || n), 1, 20))::uuid $$;
	CREATE FUNCTION pg_temp.tenant(n int) RETURNS uuid LANGUAGE sql AS
		$$ SELECT CASE n %% 100 WHEN 0 THEN '%s' ELSE md5((n %% 100)::text)::uuid END $$;
	INSERT INTO accounts (id, tenant_id, created_at, updated_at, version, name, currency, balance, allow_negative)
		SELECT pg_temp.id('account', n), pg_temp.tenant(n), now(), now(), 1, 'account ' || n, 'EUR', 0, true FROM generate_series(0, 19999) n;
	INSERT INTO transfers (id, tenant_id, created_at, amount, memo)
		SELECT pg_temp.id('transfer', n), pg_temp.tenant(n), now(), 1, '' FROM generate_series(0, 49999) n;
	INSERT INTO entries (id, tenant_id, created_at, account_id, transfer_id, amount)
		SELECT pg_temp.id('entry', 2 * n + side), pg_temp.tenant(n), now(), pg_temp.id('account', (n + 100 * side) %% 20000), pg_temp.id('transfer', n), 2 * side - 1
		FROM generate_series(0, 49999) n, generate_series(0, 1) side;
	RESET session_replication_role;
	ANALYZE;`

// TestNoSequentialScan has every request of the ledger's resources, with each filter, order
// and expansion, planned: for its own values, and for any.
func TestNoSequentialScan(t *testing.T) {
	t.Parallel()
	sent := &recorder{}
	app := pgtest.URL(t)
	m := newMatrix(t, postgres.Options{URL: app, MaxOpenConns: 4, MaxIdleConns: 4, Echo: slog.New(sent)}, httpapi.New)
	m.exec(t, fmt.Sprintf(manyLedgers, identity.TenantID(ours)))
	m.bodies = ledgerBodies
	for _, r := range m.requests(m.items(t, ours)) {
		if got := m.as(t, ours, r); got.status >= http.StatusInternalServerError {
			t.Errorf("%s %s = %d: %s", r.method, r.path, got.status, got.body)
		}
	}
	session := pgtest.Session(t, pgtest.Open(t, app))
	pgtest.Exec(t, session, "SELECT set_config('app.tenant', $1, false)", identity.TenantID(ours).String())
	planned := 0
	for query, args := range sent.statements {
		if word, _, _ := strings.Cut(query, " "); !slices.Contains([]string{"SELECT", "UPDATE", "INSERT", "DELETE", "WITH"}, word) {
			continue
		}
		planned++
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explain(t, session, mode, query, args)
			for _, table := range []string{"accounts", "transfers", "entries", "idempotency_keys"} {
				if strings.Contains(plan, "Seq Scan on "+table) {
					t.Errorf("%s: %s %v\n%s", mode, query, args, plan)
				}
			}
		}
	}
	if planned < 50 {
		t.Errorf("statements that were planned = %d, want each of a route, a filter, an order", planned)
	}
	wantChecksWithoutSequentialScan(t, pgtest.Session(t, m.owner))
}

// wantChecksWithoutSequentialScan changes transfers as a backfill of the owner does, to whom
// row-level security adds no tenant.
func wantChecksWithoutSequentialScan(t *testing.T, owner *sql.Conn) {
	t.Helper()
	pgtest.Exec(t, owner, "BEGIN")
	pgtest.Exec(t, owner, "UPDATE transfers SET memo = 'backfilled' WHERE id = (SELECT id FROM transfers LIMIT 1)")
	pgtest.Exec(t, owner, "SET CONSTRAINTS transfers_balanced IMMEDIATE")
	if scans := pgtest.Value[int](t, owner, "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'entries'"); scans != 0 {
		t.Errorf("sequential scans of entries for the check of a transfer = %d, want 0", scans)
	}
	pgtest.Exec(t, owner, "ROLLBACK")
}

// recorder keeps the statements that a pool sends, each with its first arguments.
type recorder struct {
	slog.Handler
	mu         sync.Mutex
	statements map[string][]any
}

// Enabled implements [slog.Handler].
func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (r *recorder) Handle(_ context.Context, record slog.Record) error {
	var query string
	var args []any
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "sql":
			query = a.Value.String()
		case "args":
			args, _ = a.Value.Any().([]any)
		}
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.statements == nil {
		r.statements = map[string][]any{}
	}
	if _, known := r.statements[query]; !known {
		r.statements[query] = args
	}
	return nil
}

// explain returns the plan of a statement in a mode of PostgreSQL's cache of plans.
func explain(t *testing.T, session *sql.Conn, mode, query string, args []any) string {
	t.Helper()
	pgtest.Exec(t, session, "SET plan_cache_mode = "+mode)
	pgtest.Exec(t, session, "PREPARE planned AS "+query)
	defer pgtest.Exec(t, session, "DEALLOCATE planned")
	var literals []string
	for _, arg := range args {
		literals = append(literals, literalOf(t, arg))
	}
	execute := "EXPLAIN EXECUTE planned"
	if len(literals) > 0 {
		execute += "(" + strings.Join(literals, ", ") + ")"
	}
	rows, err := session.QueryContext(t.Context(), execute)
	if err != nil {
		t.Fatalf("%s: %v", execute, err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}

// literalOf is an argument as a literal.
func literalOf(t *testing.T, arg any) string {
	t.Helper()
	if v, ok := arg.(driver.Valuer); ok {
		var err error
		if arg, err = v.Value(); err != nil {
			t.Fatal(err)
		}
	}
	switch v := arg.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return "'" + v.Format(time.RFC3339Nano) + "'"
	case []byte:
		return fmt.Sprintf(`'\x%x'`, v)
	}
	return "'" + strings.ReplaceAll(fmt.Sprint(arg), "'", "''") + "'"
}
