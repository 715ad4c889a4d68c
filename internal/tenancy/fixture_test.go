package tenancy_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	entmigrate "commitment/ent/migrate"
	"commitment/internal/logtest"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/schemakit"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// The tenants of the tests. The last one has no rows.
var ours, theirs, nobodys = uuid.UUID{15: 1}, uuid.UUID{15: 2}, uuid.UUID{15: 3}

// fixture is a database in which two tenants have rows in each table of tenants, and these
// tests' own tables beside the project's.
type fixture struct {
	tenancy.DB
	pool   *sql.DB
	owner  *sql.DB
	tables []*table
	log    *logtest.Buffer
	across []string // the reasons that were counted
}

// open returns a fixture whose pool has that many connections.
func open(t *testing.T, connections int) *fixture {
	t.Helper()
	url := pgtest.OwnerURL(t)
	f := prepare(t, url)
	f.connect(t, pgtest.AppURL(t, url), connections)
	return f
}

// prepare makes the rows.
func prepare(t *testing.T, ownerURL string) *fixture {
	t.Helper()
	f := &fixture{owner: pgtest.Open(t, ownerURL), log: &logtest.Buffer{}}
	pgtest.Exec(t, f.owner, ownTables)
	pgtest.Exec(t, f.owner, "REVOKE CREATE ON SCHEMA public FROM PUBLIC") // as docs/identity.md has it, before PostgreSQL 15
	for _, name := range []string{"tried", "tried_parts", "tried_links"} {
		pgtest.Exec(t, f.owner, strings.ReplaceAll(policies(t), "{{table}}", name))
	}
	f.readTables(t)
	seeding := pgtest.Session(t, f.owner)
	pgtest.Exec(t, seeding, "SET session_replication_role = replica") // no foreign keys, no triggers
	for i, table := range f.tables {
		pgtest.Exec(t, seeding, `ALTER TABLE `+table.name+` DISABLE TRIGGER USER`)
		pgtest.Exec(t, seeding, `DO $$ DECLARE c record; BEGIN
			FOR c IN SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = '`+table.name+`'::regclass
			LOOP EXECUTE format('ALTER TABLE `+table.name+` DROP CONSTRAINT %I', c.conname); END LOOP; END $$`)
		pgtest.Exec(t, seeding, `CREATE VIEW seen_`+table.name+` AS SELECT * FROM `+table.name)
		if pgtest.Value[int](t, seeding, "SELECT current_setting('server_version_num')::int") >= 150000 {
			pgtest.Exec(t, seeding, `ALTER VIEW seen_`+table.name+` SET (security_invoker = true)`)
		} else {
			pgtest.Exec(t, seeding, `ALTER VIEW seen_`+table.name+` OWNER TO `+schemakit.AppRole)
		}
		pgtest.Exec(t, seeding, `CREATE FUNCTION read_`+table.name+`() RETURNS SETOF `+table.name+` LANGUAGE sql AS 'SELECT * FROM `+table.name+`'`)
		// Each table lacks the row of its number, whose parents are all there.
		table.fresh = i + 2
		for _, tenant := range []uuid.UUID{ours, theirs} {
			for n := 1; n <= len(f.tables)+1; n++ {
				if n != table.fresh {
					pgtest.Exec(t, seeding, fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)",
						table.name, table.names(), table.row(tenant, n, nil)))
				}
			}
		}
	}
	return f
}

// connect gives the fixture a pool as the service has it.
func (f *fixture) connect(t *testing.T, url string, connections int) {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: connections, MaxIdleConns: connections})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	f.pool = pool
	f.DB = tenancy.DB{
		DB: txn.New(pool, txn.Options{}), Log: slog.New(slog.NewTextHandler(f.log, nil)),
		OnAcross: func(reason string) { f.across = append(f.across, reason) },
	}
}

// ownTables are tables of tenants in every project: with a unique rule, an edge that
// cascades, and links between many and many.
const ownTables = `
	CREATE TABLE tried (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, name text NOT NULL, UNIQUE (tenant_id, id), UNIQUE (tenant_id, name));
	CREATE TABLE tried_parts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL, tried_id uuid NOT NULL, UNIQUE (tenant_id, id),
		FOREIGN KEY (tenant_id, tried_id) REFERENCES tried (tenant_id, id) ON DELETE CASCADE);
	CREATE TABLE tried_links (tenant_id uuid NOT NULL, tried_id uuid NOT NULL, part_id bigint NOT NULL, PRIMARY KEY (tenant_id, tried_id, part_id),
		FOREIGN KEY (tenant_id, tried_id) REFERENCES tried (tenant_id, id), FOREIGN KEY (tenant_id, part_id) REFERENCES tried_parts (tenant_id, id));`

// policies are the statements of the mixin.
func policies(t *testing.T) string {
	t.Helper()
	var all []string
	for _, a := range (schemakit.Tenant{}).Annotations() {
		if declared, ok := a.(schemakit.Objects); ok {
			for _, o := range declared.Objects {
				all = append(all, o.Up)
			}
		}
	}
	return strings.Join(all, "\n")
}

// table is a table that policies keep by tenant.
type table struct {
	name    string
	key     string // a column that identifies a row, its tenant aside
	columns []column
	fresh   int // the number of the row that isn't there
}

type column struct {
	name, sqlType, category string
	references              string // the table of its foreign key
}

// readTables finds the tables that have policies, which those of tenants must be among.
func (f *fixture) readTables(t *testing.T) {
	t.Helper()
	for _, name := range f.lines(t, `SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity
		AND relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY relname`) {
		f.tables = append(f.tables, &table{name: name})
	}
	for _, name := range entmigrate.Tenants {
		if !slices.ContainsFunc(f.tables, func(have *table) bool { return have.name == name }) {
			t.Errorf("no policies are forced on the table %s of tenants", name)
		}
	}
	for _, table := range f.tables {
		table.key = pgtest.Value[string](t, f.owner, `SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
			WHERE indisprimary AND attname <> 'tenant_id' AND indrelid = $1::regclass ORDER BY attnum LIMIT 1`, table.name)
		for _, line := range f.lines(t, `SELECT concat_ws('|', attname, format_type(atttypid, atttypmod), typcategory, (SELECT confrelid::regclass::text
				FROM pg_constraint WHERE contype = 'f' AND conrelid = attrelid AND attnum = ANY (conkey) AND attname <> 'tenant_id' LIMIT 1))
			FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
			WHERE attrelid = '`+table.name+`'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`) {
			parts := append(strings.Split(line, "|"), "")
			table.columns = append(table.columns, column{parts[0], parts[1], parts[2], parts[3]})
		}
	}
}

// names are those of the columns, as in an INSERT.
func (t *table) names() string {
	var all []string
	for _, c := range t.columns {
		all = append(all, c.name)
	}
	return strings.Join(all, ", ")
}

// row is the nth row of a tenant as literals. Rows of the same number are equal in what
// isn't a key. Other values, by their columns, replace what is there.
func (t *table) row(tenant uuid.UUID, n int, other map[string]string) string {
	var all []string
	for _, c := range t.columns {
		value, ok := other[c.name]
		switch {
		case ok:
		case c.name == schemakit.TenantColumn:
			value = literal(tenant.String(), c.sqlType)
		case c.references == t.name:
			value = c.id(t.name, tenant, 1)
		case c.references != "":
			value = c.id(c.references, tenant, n)
		case c.name == t.key:
			value = c.id(t.name, tenant, n)
		default:
			value = c.value(n)
		}
		all = append(all, value)
	}
	return strings.Join(all, ", ")
}

// id is the literal of the key of a tenant's nth row of a table.
func (c column) id(table string, tenant uuid.UUID, n int) string {
	switch {
	case c.sqlType == "uuid":
		return literal(uuid.NewSHA1(tenant, fmt.Append(nil, table, n)).String(), c.sqlType)
	case c.category == "N":
		return literal(fmt.Sprint(int(tenant[15])*1000+n), c.sqlType)
	}
	return literal(fmt.Sprint(tenant[15], "x", n), c.sqlType)
}

// value is the literal of a value that isn't a key.
func (c column) value(n int) string {
	switch c.category {
	case "N":
		return literal(fmt.Sprint(n), c.sqlType)
	case "S":
		return literal(fmt.Sprint("v", n), c.sqlType)
	case "B":
		return "true"
	case "D":
		return literal(fmt.Sprintf("2000-01-01 00:00:%02d", n), c.sqlType)
	case "T":
		return literal(fmt.Sprint(n, " s"), c.sqlType)
	case "E":
		return "(enum_range(NULL::" + c.sqlType + "))[1]"
	case "A":
		return literal("{}", c.sqlType)
	}
	switch c.sqlType {
	case "uuid":
		return literal(uuid.UUID{15: byte(n)}.String(), c.sqlType)
	case "json", "jsonb":
		return literal(fmt.Sprintf(`{"n": %d}`, n), c.sqlType)
	case "bytea":
		return literal(fmt.Sprintf(`\x%02x`, n), c.sqlType)
	}
	return "NULL" // and if it must not be, give a value of that type above
}

func literal(value, sqlType string) string { return "'" + value + "'::" + sqlType }

// of is the literal of the key of a tenant's first row.
func (t *table) of(tenant uuid.UUID) string {
	key := t.column(t.key)
	if key.references != "" {
		return key.id(key.references, tenant, 1)
	}
	return key.id(t.name, tenant, 1)
}

// lines is the result of the owner's query for one column of text.
func (f *fixture) lines(t *testing.T, query string) []string {
	t.Helper()
	rows, err := f.owner.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := scan(rows)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// scan reads rows of one column.
func scan(rows *sql.Rows) (lines []string, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var line sql.NullString
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		lines = append(lines, line.String)
	}
	return lines, rows.Err()
}

// rowsOf are the rows of a tenant in all tables.
func (f *fixture) rowsOf(t *testing.T, tenant uuid.UUID) (rows []string) {
	t.Helper()
	for _, table := range f.tables {
		rows = append(rows, f.lines(t, fmt.Sprintf("SELECT '%[1]s ' || r::text FROM %[1]s r WHERE tenant_id = '%[2]s' ORDER BY 1", table.name, tenant))...)
	}
	return rows
}

// exec runs a statement in the unit of work of ctx.
func exec(ctx context.Context, statement string) error {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, statement)
	return err
}

// query returns the lines of a query in the unit of work of ctx.
func query(ctx context.Context, text string) ([]string, error) {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return scan(rows)
}

func (t *table) column(name string) column {
	return t.columns[slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })]
}

// refers reports whether a foreign key leads from the table to another one.
func (t *table) refers() bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.references != "" })
}
