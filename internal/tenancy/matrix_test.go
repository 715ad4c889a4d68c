package tenancy_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/txn"
)

// A probe is what one tenant tries with a row of another: a statement in which {id} is the
// row's key, {tenant} its tenant, {table} its table, {key} the column of its key, and {row}
// a row of the tenant's own that isn't there yet. In {row to} and {row of} the foreign keys
// and the tenant are those of the other row. What comes of it has to be exactly what comes
// of a row that doesn't exist.
type probe struct{ name, sql string }

var probes = []probe{
	{"read", "SELECT {table}::text FROM {table} WHERE {key} = {id}"},
	{"list", "SELECT {table}::text FROM {table} WHERE tenant_id = {tenant} ORDER BY 1"},
	{"count", "SELECT count(*) FROM {table} WHERE {key} = {id}"},
	{"exists", "SELECT EXISTS (SELECT FROM {table} WHERE tenant_id = {tenant})"},
	{"only", "SELECT count(*) FROM ONLY {table} WHERE tenant_id = {tenant}"},
	{"sample", "SELECT count(*) FROM {table} TABLESAMPLE SYSTEM (100) WHERE tenant_id = {tenant}"},
	{"sort", "SELECT string_agg(({key} = {id})::text, ',' ORDER BY {key} = {id} DESC) FROM {table}"},
	{"group", "SELECT concat_ws(' ', tenant_id = {tenant}, count(*)) FROM {table} GROUP BY tenant_id = {tenant} ORDER BY 1"},
	{"window", "SELECT DISTINCT count(*) FILTER (WHERE tenant_id = {tenant}) OVER () FROM {table}"},
	{"expand", "SELECT count(e) FROM (SELECT {id} AS id) AS given LEFT JOIN LATERAL (SELECT * FROM {table} WHERE {key} = given.id) e ON true"},
	{"recursion", "WITH RECURSIVE r AS (SELECT {id} AS given, 1 AS n UNION ALL SELECT {key}, n + 1 FROM {table} JOIN r ON {key} = given WHERE n < 3) SELECT max(n) FROM r"},
	{"intersection", "SELECT count(*) FROM (SELECT {key} FROM {table} INTERSECT SELECT {id}) AS met"},
	{"division by zero", "SELECT count(*) FROM {table} WHERE 1 / (CASE WHEN tenant_id = {tenant} THEN 0 ELSE 1 END) = 1"},
	{"lock", "SELECT {table}::text FROM {table} WHERE {key} = {id} FOR UPDATE NOWAIT"},
	{"skip what is locked", "SELECT count(*) FROM (SELECT FROM {table} WHERE {key} = {id} FOR SHARE SKIP LOCKED) locked"},
	{"view", "SELECT count(*) FROM seen_{table} WHERE {key} = {id}"},
	{"function", "SELECT count(*) FROM read_{table}() WHERE {key} = {id}"},
	{"copy out", "COPY (SELECT {key} = {id} FROM {table} ORDER BY 1) TO STDOUT"},
	{"create", "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({row of})"},
	{"create, or not", "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({row of}) ON CONFLICT DO NOTHING"},
	{"create from a query", "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {table} WHERE tenant_id = {tenant}"},
	{"batch", "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({row}), ({row of})"},
	{"refer", "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({row to})"},
	{"update", "UPDATE {table} SET tenant_id = tenant_id WHERE {key} = {id}"},
	{"update by tenant", "UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = {tenant}"},
	{"update by a join", "UPDATE {table} SET tenant_id = other.tenant_id FROM {table} other WHERE other.{key} = {id}"},
	{"move", "UPDATE {table} SET tenant_id = {tenant}"},
	{"delete", "DELETE FROM {table} WHERE {key} = {id}"},
	{"delete by a join", "DELETE FROM {table} USING {table} other WHERE other.{key} = {id}"},
	{"merge, update", "MERGE INTO {table} USING (SELECT {id} AS it) given ON {key} = it WHEN MATCHED THEN UPDATE SET tenant_id = {tenant}"},
	{"merge, delete", "MERGE INTO {table} USING (SELECT {id} AS it) given ON {key} = it WHEN MATCHED THEN DELETE"},
	{"merge, insert", "MERGE INTO {table} USING (SELECT {id} AS it) given ON {key} = it WHEN MATCHED THEN DO NOTHING " +
		"WHEN NOT MATCHED THEN INSERT ({columns}) OVERRIDING SYSTEM VALUE VALUES ({row of})"},
}

// about returns the statement of a probe that is about the first row of a tenant.
func (p probe) about(t *table, tenant uuid.UUID) string {
	other, to := literal(tenant.String(), "uuid"), map[string]string{}
	for _, c := range t.columns {
		if c.references != "" {
			to[c.name] = c.id(c.references, tenant, 1)
		}
	}
	return strings.NewReplacer(
		"{table}", t.name, "{key}", t.key, "{columns}", t.names(), "{id}", t.of(tenant), "{tenant}", other,
		"{row}", t.row(ours, t.fresh, nil), "{row to}", t.row(ours, t.fresh, to), "{row of}", t.row(ours, t.fresh, map[string]string{"tenant_id": other}),
	).Replace(p.sql)
}

// errUndo ends a unit of work without a trace.
var errUndo = errors.New("undo")

// try returns what comes of a probe of ours about the first row of a tenant, in the words
// of PostgreSQL.
func (f *fixture) try(ctx context.Context, p probe, t *table, tenant uuid.UUID) (outcome string) {
	statement := p.about(t, tenant)
	err := f.RunIn(ctx, ours, txn.ReadWrite, func(ctx context.Context) error {
		var err error
		outcome, err = run(ctx, statement)
		return errors.Join(err, errUndo)
	})
	if failed, ok := errors.AsType[*pgconn.PgError](err); ok {
		outcome = fmt.Sprint(failed.Code, " ", failed.Message, " ", failed.Detail, " ", failed.Hint, " ", failed.ConstraintName)
	} else if !errors.Is(err, errUndo) {
		outcome = err.Error()
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(t.of(tenant), "'"), "'")
	return strings.NewReplacer(id, "its id", tenant.String(), "its tenant").Replace(outcome)
}

// run runs a statement in the unit of work of ctx, and returns its rows or how many they
// were.
func run(ctx context.Context, statement string) (string, error) {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return "", err
	}
	switch word, _, _ := strings.Cut(statement, " "); word {
	case "SELECT", "WITH":
		lines, err := query(ctx, statement)
		return fmt.Sprintf("%q", lines), err
	case "COPY":
		var out bytes.Buffer
		err := tx.Pgx(ctx, func(conn *pgx.Conn) error {
			_, err := conn.PgConn().CopyTo(ctx, &out, statement)
			return err
		})
		return out.String(), err
	}
	result, err := tx.ExecContext(ctx, statement)
	if err != nil {
		return "", err
	}
	n, err := result.RowsAffected()
	return fmt.Sprint(n, " rows"), err
}

// wantApart tries all probes, each after what before does.
func (f *fixture) wantApart(t *testing.T, before func(n int)) {
	t.Helper()
	rows, n := f.rowsOf(t, theirs), 0
	try := func(p probe, table *table, tenant uuid.UUID) string {
		before(n)
		n++
		return f.try(t.Context(), p, table, tenant)
	}
	for _, table := range f.tables {
		for _, p := range f.probes(t, table) {
			own, others, nothing := try(p, table, ours), try(p, table, theirs), try(p, table, nobodys)
			if others != nothing {
				t.Errorf("%s of %s: another tenant's row = %s; one that doesn't exist = %s; want the same", p.name, table.name, others, nothing)
			}
			if own == nothing {
				t.Errorf("%s of %s: one's own row = %s, as if it didn't exist: the probe shows nothing", p.name, table.name, own)
			}
		}
	}
	if diff := cmp.Diff(rows, f.rowsOf(t, theirs)); diff != "" {
		t.Errorf("the other tenant's rows changed (-before +after):\n%s", diff)
	}
}

// probes are those that the table and the server have something for.
func (f *fixture) probes(t *testing.T, table *table) (all []probe) {
	t.Helper()
	merges := f.lines(t, "SELECT current_setting('server_version_num')::int >= 150000")[0] == "true"
	for _, p := range probes {
		if p.name == "refer" && !table.refers() || strings.HasPrefix(p.name, "merge") && !merges {
			continue
		}
		all = append(all, p)
	}
	return all
}

func TestNoStatementCrosses(t *testing.T) {
	t.Parallel()
	t.Run("directly", func(t *testing.T) {
		t.Parallel()
		open(t, 4).wantApart(t, func(int) {})
	})
	t.Run("after the other tenant, on one connection", func(t *testing.T) {
		t.Parallel()
		f := open(t, 1)
		f.wantApart(t, func(int) { f.asOther(t, txn.ReadWrite) })
	})
	t.Run("after the other tenant, whose COMMIT is parked", func(t *testing.T) {
		t.Parallel()
		f := open(t, 1)
		f.wantApart(t, func(int) { f.asOther(t, txn.ReadOnly) })
	})
	t.Run("after a handler that set what it wanted", func(t *testing.T) {
		t.Parallel()
		f := open(t, 1)
		f.wantApart(t, func(n int) { f.afterwards(t, leftovers[n%len(leftovers)]) })
	})
}

// asOther runs a unit of work of the other tenant, who sees its own rows.
func (f *fixture) asOther(t *testing.T, mode sql.TxOptions) {
	t.Helper()
	err := f.RunIn(t.Context(), theirs, mode, func(ctx context.Context) error {
		for _, table := range f.tables {
			lines, err := query(ctx, "SELECT DISTINCT tenant_id::text FROM "+table.name)
			if err == nil && cmp.Diff(lines, []string{theirs.String()}) != "" {
				err = fmt.Errorf("the other tenant sees rows of %q in %s", lines, table.name)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
