package catalog_test

import (
	"database/sql"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration/catalog"
	"commitment/internal/pgtest"
)

const withProperties = `
REVOKE CREATE ON SCHEMA public FROM PUBLIC; -- which it has before PostgreSQL 15
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN code AS text DEFAULT 'EUR' NOT NULL CONSTRAINT capital CHECK (VALUE = upper(VALUE));
CREATE TABLE users (id int PRIMARY KEY, name text, note text) WITH (fillfactor=70, toast.autovacuum_enabled=false);
CREATE UNLOGGED TABLE passing (id serial);
CREATE INDEX by_name ON users (name) WITH (fillfactor=80);
CREATE STATISTICS names ON name, note FROM users;
CREATE RULE quiet AS ON DELETE TO users DO INSTEAD NOTHING;
CREATE VIEW names WITH (security_barrier) AS SELECT id, name FROM users;
ALTER VIEW names ALTER name SET DEFAULT 'x';
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE heir () INHERITS (users);
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE counter INCREMENT BY 5 CACHE 7;
ALTER TABLE users ALTER name SET STATISTICS 500, ALTER note SET STORAGE EXTERNAL, ALTER name SET (n_distinct=-0.5);
ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
CREATE POLICY own ON users USING (id > 0);
COMMENT ON TABLE users IS 'who''s there'; COMMENT ON COLUMN users.name IS 'a name'; COMMENT ON VIEW names IS 'v';
COMMENT ON CONSTRAINT users_pkey ON users IS 'key'; COMMENT ON POLICY own ON users IS 'p'; COMMENT ON RULE quiet ON users IS 'r';
COMMENT ON FUNCTION one() IS 'f'; COMMENT ON TYPE pair IS 't'; COMMENT ON DOMAIN code IS 'd'; COMMENT ON COLUMN pair.a IS 'c';
COMMENT ON CONSTRAINT capital ON DOMAIN code IS 'upper'; COMMENT ON INDEX by_name IS 'i'; COMMENT ON STATISTICS names IS 's';
GRANT SELECT, UPDATE (name) ON users TO pg_monitor WITH GRANT OPTION; GRANT SELECT ON names TO PUBLIC;
REVOKE EXECUTE ON FUNCTION one() FROM PUBLIC; GRANT EXECUTE ON FUNCTION one() TO pg_monitor; GRANT USAGE ON SEQUENCE counter TO pg_monitor;
GRANT CREATE ON SCHEMA public TO pg_monitor; GRANT USAGE ON TYPE pair TO pg_monitor;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;
`

func readProperties(t *testing.T, db *sql.DB) []catalog.Property {
	t.Helper()
	all, err := catalog.ReadProperties(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestReadProperties(t *testing.T) {
	t.Parallel()
	db := empty(t)
	exec(t, db, withProperties)
	var got []string
	for _, p := range readProperties(t, db) {
		got = append(got, string(p.Kind)+" | "+p.Table+" | "+p.Name)
	}
	want := []string{
		"attribute |  | NOT NULL of code",
		"attribute |  | a of pair",
		"attribute |  | b of pair",
		"attribute |  | constraint capital of code",
		"attribute |  | default of code",
		"comment |  | CONSTRAINT capital ON DOMAIN code",
		"comment |  | DOMAIN code",
		"comment |  | FUNCTION one()",
		"comment |  | SCHEMA public",
		"comment |  | STATISTICS names",
		"comment |  | TYPE pair",
		"comment | by_name | INDEX by_name",
		"comment | names | VIEW names",
		"comment | pair | COLUMN pair.a",
		"comment | users | COLUMN users.name",
		"comment | users | CONSTRAINT users_pkey ON users",
		"comment | users | POLICY own ON users",
		"comment | users | RULE quiet ON users",
		"comment | users | TABLE users",
		"option | by_name | fillfactor of INDEX by_name",
		"option | counter | SEQUENCE counter",
		"option | heir | STATISTICS of COLUMN heir.name",
		"option | heir | STORAGE of COLUMN heir.note",
		"option | names | DEFAULT of COLUMN names.name",
		"option | names | security_barrier of VIEW names",
		"option | passing | UNLOGGED of passing",
		"option | passing_id_seq | OWNED BY of SEQUENCE passing_id_seq",
		"option | passing_id_seq | SEQUENCE passing_id_seq",
		"option | users | FORCE ROW LEVEL SECURITY of users",
		"option | users | REPLICA IDENTITY of users",
		"option | users | ROW LEVEL SECURITY of users",
		"option | users | STATISTICS of COLUMN users.name",
		"option | users | STORAGE of COLUMN users.note",
		"option | users | fillfactor of TABLE users",
		"option | users | n_distinct of COLUMN users.name",
		"option | users | toast.autovacuum_enabled of users",
		"partition | heir | heir of users",
		"partition | part1 | part1 of parts",
		"privilege |  | CREATE ON SCHEMA public TO pg_monitor",
		"privilege |  | EXECUTE ON FUNCTION one() TO pg_monitor",
		"privilege |  | SELECT ON TABLES TO pg_monitor",
		"privilege |  | USAGE ON DOMAIN code TO PUBLIC",
		"privilege |  | USAGE ON SCHEMA public TO PUBLIC",
		"privilege |  | USAGE ON TYPE pair TO PUBLIC",
		"privilege |  | USAGE ON TYPE pair TO pg_monitor",
		"privilege | counter | USAGE ON SEQUENCE counter TO pg_monitor",
		"privilege | names | SELECT ON TABLE names TO PUBLIC",
		"privilege | users | SELECT ON TABLE users TO pg_monitor",
		"privilege | users | UPDATE (name) ON TABLE users TO pg_monitor",
		"rule | users | quiet of users",
		"statistics | users | names",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

// What Reset takes away, Set brings back, and nothing else changes.
func TestPropertyIsSetAndReset(t *testing.T) {
	t.Parallel()
	db := empty(t)
	exec(t, db, withProperties)
	all := readProperties(t, db)
	for _, p := range all {
		if p.Reset == "" {
			continue
		}
		exec(t, db, p.Reset)
		for _, left := range readProperties(t, db) {
			if left.Kind == p.Kind && left.Table == p.Table && left.Name == p.Name {
				t.Errorf("%s: left %s", p.Reset, left.Set)
			}
		}
		exec(t, db, p.Set)
	}
	for _, p := range all { // those of objects that were dropped
		if p.Kind == catalog.KindComment {
			exec(t, db, p.Set)
		}
	}
	if diff := cmp.Diff(all, readProperties(t, db)); diff != "" {
		t.Errorf("properties before (-) and after (+):\n%s", diff)
	}
	for _, p := range all {
		for _, statement := range p.Change {
			exec(t, db, statement)
		}
	}
}

func BenchmarkReadProperties(b *testing.B) {
	for _, tables := range []int{10, 2000} {
		b.Run(strconv.Itoa(tables), func(b *testing.B) {
			db := pgtest.Open(b, pgtest.EmptyURL(b))
			_, err := db.ExecContext(b.Context(), `DO $$ BEGIN FOR i IN 1..`+strconv.Itoa(tables)+` LOOP
				EXECUTE format('CREATE TABLE t%s (id bigserial PRIMARY KEY, created_at timestamptz NOT NULL, name text NOT NULL UNIQUE, n int DEFAULT 1 CHECK (n > 0))', i);
			END LOOP; END $$; ANALYZE`)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := catalog.ReadProperties(b.Context(), db); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
