package catalog_test

import (
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/ent/migrate/migrations"
	"commitment/internal/migration/catalog"
	"commitment/internal/pgtest"
)

// everything is a schema with one of each kind, or more.
const everything = `
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN code AS varchar(3) DEFAULT 'EUR' NOT NULL CONSTRAINT capital CHECK (VALUE = upper(VALUE));
CREATE SEQUENCE counter;
CREATE TABLE parent (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" UNIQUE);
CREATE TABLE child (
	id serial,
	parent_id bigint NOT NULL CONSTRAINT child_parent REFERENCES parent ON DELETE CASCADE,
	n numeric(10,2) DEFAULT 1.5,
	twice numeric GENERATED ALWAYS AS (n * 2) STORED,
	mood mood
) WITH (fillfactor=70);
ALTER TABLE child ADD CONSTRAINT positive CHECK (n > 0) NOT VALID;
CREATE UNIQUE INDEX child_n ON child (parent_id, abs(n)) INCLUDE (id) WHERE n > 1;
ALTER TABLE child ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON child FOR SELECT USING (n > 0);
CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER after_child AFTER INSERT ON child FOR EACH ROW EXECUTE FUNCTION noop();
ALTER TABLE child DISABLE TRIGGER after_child;
CREATE VIEW grown AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW kept AS SELECT 1 AS id;
CREATE UNIQUE INDEX kept_id ON kept (id);
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
`

func TestRead(t *testing.T) {
	t.Parallel()
	db := empty(t)
	exec(t, db, everything)
	var got []string
	for _, o := range read(t, db).Objects() {
		got = append(got, string(o.Kind)+" | "+o.Table+" | "+o.Name+" | "+o.Definition)
	}
	want := []string{
		"extension |  | citext | CREATE EXTENSION citext",
		"type |  | mood | CREATE TYPE mood AS ENUM ('glad', 'sad')",
		"type |  | pair | CREATE TYPE pair AS (a integer, b text)",
		"domain |  | code | CREATE DOMAIN code AS character varying(3) DEFAULT 'EUR'::character varying NOT NULL CONSTRAINT capital CHECK (VALUE::text = upper(VALUE::text))",
		"sequence |  | counter | CREATE SEQUENCE counter AS bigint INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1",
		"table |  | child | TABLE WITH (fillfactor=70) ENABLE ROW LEVEL SECURITY",
		"table |  | parent | TABLE",
		"table |  | part1 | TABLE PARTITION OF parts FOR VALUES FROM (0) TO (10)",
		"table |  | parts | TABLE PARTITION BY RANGE (id)",
		"column | child | id | integer NOT NULL DEFAULT nextval('child_id_seq'::regclass)",
		"column | child | mood | mood",
		"column | child | n | numeric(10,2) DEFAULT 1.5",
		"column | child | parent_id | bigint NOT NULL",
		"column | child | twice | numeric GENERATED ALWAYS AS ((n * (2)::numeric)) STORED",
		"column | parent | id | bigint NOT NULL GENERATED ALWAYS AS IDENTITY",
		`column | parent | name | text COLLATE "C"`,
		"column | part1 | id | integer",
		"column | parts | id | integer",
		"constraint | child | child_parent | FOREIGN KEY (parent_id) REFERENCES parent(id) ON DELETE CASCADE",
		"constraint | child | positive | CHECK (n > 0::numeric) NOT VALID",
		"constraint | parent | parent_name_key | UNIQUE (name)",
		"constraint | parent | parent_pkey | PRIMARY KEY (id)",
		"index | child | child_n | CREATE UNIQUE INDEX child_n ON child USING btree (parent_id, abs(n)) INCLUDE (id) WHERE n > 1::numeric",
		"index | parent | parent_name_key | CREATE UNIQUE INDEX parent_name_key ON parent USING btree (name)",
		"index | parent | parent_pkey | CREATE UNIQUE INDEX parent_pkey ON parent USING btree (id)",
		"function |  | noop() | CREATE OR REPLACE FUNCTION noop()\n RETURNS trigger\n LANGUAGE plpgsql\nAS $function$BEGIN RETURN NULL; END$function$\n",
		"trigger | child | after_child | CREATE TRIGGER after_child AFTER INSERT ON child FOR EACH ROW EXECUTE FUNCTION noop() DISABLED",
		"policy | child | mine | CREATE POLICY mine ON child FOR SELECT USING ((n > (0)::numeric))",
		"view |  | grown | CREATE VIEW grown AS\n SELECT 1 AS one;",
		"materialized view |  | kept | CREATE MATERIALIZED VIEW kept AS\n SELECT 1 AS id;\nCREATE UNIQUE INDEX kept_id ON kept USING btree (id);",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestDefinition(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, statements string
		kind             catalog.Kind
		object, want     string
	}{
		{"has an enum's labels in their order", "CREATE TYPE size AS ENUM ('s', 'l'); ALTER TYPE size ADD VALUE 'm' BEFORE 'l'",
			catalog.KindType, "size", "CREATE TYPE size AS ENUM ('s', 'm', 'l')"},
		{"has a range's subtype", "CREATE TYPE span AS RANGE (subtype = time)",
			catalog.KindType, "span", "CREATE TYPE span AS RANGE (subtype = time without time zone)"},
		{"says where a domain's constraint is not valid", "CREATE DOMAIN d AS int; ALTER DOMAIN d ADD CONSTRAINT few CHECK (VALUE < 9) NOT VALID",
			catalog.KindDomain, "d", "CREATE DOMAIN d AS integer CONSTRAINT few CHECK (VALUE < 9) NOT VALID"},
		{"binds a function's search_path to the schema, whatever its name", `CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = public, pg_temp AS 'SELECT 1'`,
			catalog.KindFunction, "f()", "CREATE OR REPLACE FUNCTION f()\n RETURNS integer\n LANGUAGE sql\n SET search_path TO current_schema, 'pg_temp'\nAS $function$SELECT 1$function$\n"},
		{"has what an aggregate calls", "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')",
			catalog.KindFunction, "total(integer)", "CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0')"},
		{"has both parts of row-level security", "CREATE TABLE t (id int); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
			catalog.KindTable, "t", "TABLE ENABLE ROW LEVEL SECURITY FORCE ROW LEVEL SECURITY"},
		{"has a restrictive policy's check", "CREATE TABLE t (id int); CREATE POLICY p ON t AS RESTRICTIVE FOR INSERT WITH CHECK (id > 0)",
			catalog.KindPolicy, "p", "CREATE POLICY p ON t AS RESTRICTIVE FOR INSERT WITH CHECK ((id > 0))"},
		{"has an unlogged table's replica identity", "CREATE UNLOGGED TABLE t (id int NOT NULL); CREATE UNIQUE INDEX by_id ON t (id); ALTER TABLE t REPLICA IDENTITY USING INDEX by_id",
			catalog.KindTable, "t", "TABLE UNLOGGED REPLICA IDENTITY USING INDEX by_id"},
		{"tells the identities apart", "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY)",
			catalog.KindColumn, "id", "integer NOT NULL GENERATED BY DEFAULT AS IDENTITY"},
		{"says that a trigger is enabled always", `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
			CREATE TABLE t (id int); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t ENABLE ALWAYS TRIGGER g`,
			catalog.KindTrigger, "g", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f() ENABLED ALWAYS"},
		{"says that an index is invalid", "CREATE TABLE parts (id int) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF parts DEFAULT; CREATE INDEX by_id ON ONLY parts (id)",
			catalog.KindIndex, "by_id", "CREATE INDEX by_id ON ONLY parts USING btree (id) INVALID"},
		{"has a view's options", "CREATE VIEW v WITH (security_barrier) AS SELECT 1 AS one",
			catalog.KindView, "v", "CREATE VIEW v WITH (security_barrier=true) AS\n SELECT 1 AS one;"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := empty(t)
			exec(t, db, tt.statements)
			if got := definition(read(t, db), tt.kind, tt.object); got != tt.want {
				t.Errorf("definition = %q, want %q", got, tt.want)
			}
		})
	}
}

// definition is empty for what isn't there.
func definition(s catalog.Schema, kind catalog.Kind, name string) string {
	for _, o := range s.Objects() {
		if o.Kind == kind && o.Name == name {
			return o.Definition
		}
	}
	return ""
}

func TestReadLeavesOut(t *testing.T) {
	t.Parallel()
	db := empty(t)
	exec(t, db, `CREATE EXTENSION hstore; CREATE TABLE atlas_schema_revisions (version text PRIMARY KEY);
		CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.t (id int PRIMARY KEY); CREATE TEMPORARY TABLE u (id int)`)
	got := read(t, db).Objects()
	want := []catalog.Object{{Kind: catalog.KindExtension, Name: "hstore", Definition: "CREATE EXTENSION hstore"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestReadKeysOfIndex(t *testing.T) {
	t.Parallel()
	db := empty(t)
	exec(t, db, `CREATE TABLE t (id int, "Name" text); CREATE INDEX i ON t ("Name" DESC, lower("Name"), (id + 1)) INCLUDE (id)`)
	table, _ := read(t, db).Table("t")
	if diff := cmp.Diff([]string{"Name", `(lower("Name"))`, "(id + 1)"}, table.Indexes[0].Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

func TestReadInAnySchema(t *testing.T) {
	t.Parallel()
	dir, err := migrations.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	statements := everything
	for _, f := range dir {
		content, err := migrations.FS.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name(), ".sql") {
			statements += string(content)
		}
	}
	var schemas [2]catalog.Schema
	for i, name := range []string{"public", "Other's"} {
		db := empty(t)
		db.SetMaxOpenConns(1) // a session's search_path
		exec(t, db, `CREATE SCHEMA IF NOT EXISTS "`+name+`"; SET search_path = "`+name+`"`)
		exec(t, db, statements)
		schemas[i] = read(t, db)
		if schemas[i].Name != name {
			t.Errorf("name = %s, want %s", schemas[i].Name, name)
		}
	}
	if diff := cmp.Diff(schemas[0].Objects(), schemas[1].Objects()); diff != "" {
		t.Errorf("objects in two schemas (-public +other):\n%s", diff)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	before, after := empty(t), empty(t)
	exec(t, before, "CREATE TABLE a (id int PRIMARY KEY, gone text); CREATE INDEX by_id ON a (id)")
	exec(t, after, "CREATE TABLE a (id bigint PRIMARY KEY); CREATE INDEX by_id ON a (id); CREATE VIEW v AS SELECT 1 AS one")
	got := catalog.Compare(read(t, before), read(t, after))
	want := []catalog.Change{
		{Kind: catalog.KindColumn, Table: "a", Name: "gone", Before: "text"},
		{Kind: catalog.KindColumn, Table: "a", Name: "id", Before: "integer NOT NULL", After: "bigint NOT NULL"},
		{Kind: catalog.KindView, Name: "v", After: "CREATE VIEW v AS\n SELECT 1 AS one;"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if same := catalog.Compare(read(t, after), read(t, after)); len(same) > 0 {
		t.Errorf("a schema differs from itself: %v", same)
	}
}

func empty(t *testing.T) *sql.DB {
	t.Helper()
	return pgtest.Open(t, pgtest.EmptyURL(t))
}

func exec(t *testing.T, db *sql.DB, statements string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, db *sql.DB) catalog.Schema {
	t.Helper()
	s, err := catalog.Read(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReadNamesTheColumnsOfForeignKeys(t *testing.T) {
	t.Parallel()
	db := empty(t)
	exec(t, db, `CREATE SCHEMA other; CREATE TABLE other.b (gone int, x int, y int, PRIMARY KEY (y, x)); ALTER TABLE other.b DROP gone;
		CREATE TABLE a (gone int, m int, n int, UNIQUE (n, m)); ALTER TABLE a DROP gone;
		CREATE TABLE c (p int, q int, CONSTRAINT outside FOREIGN KEY (p, q) REFERENCES other.b, CONSTRAINT within FOREIGN KEY (q, p) REFERENCES a (n, m))`)
	c, _ := read(t, db).Table("c")
	got := map[string][]string{}
	for _, k := range c.Constraints {
		got[k.Name] = slices.Concat(k.Columns, []string{k.References}, k.RefColumns)
	}
	want := map[string][]string{"outside": {"p", "q", "other.b", "y", "x"}, "within": {"q", "p", "a", "n", "m"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("foreign keys (-want +got):\n%s", diff)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, tables := range []int{10, 100, 2000} {
		b.Run(strconv.Itoa(tables), func(b *testing.B) {
			db := pgtest.Open(b, pgtest.EmptyURL(b))
			_, err := db.ExecContext(b.Context(), `DO $$ BEGIN FOR i IN 1..`+strconv.Itoa(tables)+` LOOP
				EXECUTE format('CREATE TABLE t%s (id uuid PRIMARY KEY, created_at timestamptz NOT NULL, name text NOT NULL UNIQUE, n int DEFAULT 1 CHECK (n > 0))', i);
			END LOOP; END $$; ANALYZE`)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := catalog.Read(b.Context(), db); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestReferencesIsTheTablesName(t *testing.T) {
	t.Parallel()
	db := empty(t)
	exec(t, db, `CREATE SCHEMA other; CREATE TABLE other.parents (id int PRIMARY KEY); CREATE TABLE "Order Items" (id int PRIMARY KEY);
		CREATE TABLE lines (id int CONSTRAINT a REFERENCES "Order Items" CONSTRAINT b REFERENCES other.parents)`)
	lines, _ := read(t, db).Table("lines")
	var got []string
	for _, c := range lines.Constraints {
		got = append(got, c.References)
	}
	if diff := cmp.Diff([]string{"Order Items", "other.parents"}, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}
