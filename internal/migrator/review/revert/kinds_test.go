package revert_test

import (
	"cmp"
	"context"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	gocmp "github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/migrator/review/rows"
)

// shop is what the statements of kinds change.
const shop = `
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN code AS text CONSTRAINT capital CHECK (VALUE = upper(VALUE));
CREATE SEQUENCE counter;
CREATE TABLE makers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL CONSTRAINT makers_name_key UNIQUE, note text);
CREATE TABLE items (id serial PRIMARY KEY, maker_id bigint NOT NULL CONSTRAINT maker REFERENCES makers, name varchar(20) NOT NULL DEFAULT 'x',
	price numeric(8,2) NOT NULL CONSTRAINT positive CHECK (price > 0), mood mood, code code, twice numeric GENERATED ALWAYS AS (price * 2) STORED, pair pair);
CREATE INDEX items_name ON items (name);
CREATE STATISTICS correlated ON maker_id, price FROM items;
CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TRIGGER priced BEFORE UPDATE OF price ON items FOR EACH ROW EXECUTE FUNCTION noop();
CREATE POLICY cheap ON items FOR SELECT USING (price < 100);
CREATE RULE quiet AS ON DELETE TO makers WHERE OLD.id < 0 DO INSTEAD NOTHING;
CREATE VIEW names WITH (security_barrier) AS SELECT id, name FROM items;
CREATE VIEW prices AS SELECT id, price FROM items;
CREATE VIEW cheap AS SELECT id FROM prices WHERE price < 10;
CREATE FUNCTION written() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER written INSTEAD OF INSERT ON prices FOR EACH ROW EXECUTE FUNCTION written();
CREATE MATERIALIZED VIEW sums AS SELECT maker_id, sum(price) AS price FROM items GROUP BY 1;
CREATE UNIQUE INDEX sums_maker ON sums (maker_id);
CREATE INDEX sums_price ON sums (price);
GRANT SELECT, UPDATE (name) ON items TO pg_monitor; GRANT SELECT ON prices TO pg_monitor WITH GRANT OPTION; GRANT SELECT ON sums TO PUBLIC;
COMMENT ON VIEW prices IS 'prices'; COMMENT ON COLUMN prices.price IS 'in euros'; COMMENT ON MATERIALIZED VIEW sums IS 'sums'; COMMENT ON INDEX sums_price IS 'index';
COMMENT ON TABLE items IS 'items'; COMMENT ON COLUMN items.price IS 'price'; COMMENT ON CONSTRAINT positive ON items IS 'check'; COMMENT ON INDEX items_name IS 'by name';
CREATE TABLE days (day date NOT NULL, n int, PRIMARY KEY (day)) PARTITION BY RANGE (day);
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
CREATE TABLE days_2 (day date NOT NULL, n int, PRIMARY KEY (day));
CREATE TRIGGER each_day AFTER INSERT ON days FOR EACH ROW EXECUTE FUNCTION noop();
CREATE TYPE span AS (lo int, hi int); CREATE DOMAIN label AS text; CREATE TYPE size AS ENUM ('s', 'l');
CREATE TABLE boxes (id int PRIMARY KEY, w int NOT NULL DEFAULT 1);
CREATE FUNCTION width(span) RETURNS int LANGUAGE sql AS 'SELECT $1.hi - $1.lo'; CREATE FUNCTION labels(VARIADIC label[]) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE FUNCTION largest() RETURNS size LANGUAGE sql AS 'SELECT ''l''::size'; CREATE FUNCTION area(b boxes) RETURNS int LANGUAGE sql AS 'SELECT b.w * b.w';
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(w) FROM boxes; END;
REVOKE EXECUTE ON FUNCTION width(span) FROM PUBLIC; GRANT EXECUTE ON FUNCTION width(span) TO pg_monitor; GRANT EXECUTE ON FUNCTION total() TO pg_monitor;
COMMENT ON FUNCTION width(span) IS 'of a span'; COMMENT ON FUNCTION total() IS 'of all'; COMMENT ON TYPE span IS 'between'; GRANT USAGE ON TYPE span TO pg_monitor;
CREATE FUNCTION "100%'s"(n int) RETURNS int LANGUAGE sql STABLE SET search_path = "$user", public, pg_temp SET TimeZone = 'UTC' AS 'SELECT n';
CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.guests (id int PRIMARY KEY); CREATE FUNCTION elsewhere.two() RETURNS int LANGUAGE sql AS 'SELECT 2';
`

// kind is a file that is reverted.
type kind struct {
	file  string
	grade revert.Grade // empty: lossless
	lost  string       // a part of what is said
}

// kinds are the kinds of statements that are reverted. The rows of items, makers and
// days survive, but for what lost says.
var kinds = []kind{
	// Tables
	{file: `CREATE TABLE t (id int PRIMARY KEY)`, grade: revert.Lossy, lost: "table t is dropped"},
	{file: `DROP TABLE days_2`, grade: revert.Lossy, lost: "table days_2 is restored empty"},
	{file: `ALTER TABLE items RENAME TO goods`},
	{file: `ALTER TABLE days RENAME TO dates`},
	{file: `ALTER TABLE days_2 SET SCHEMA elsewhere`},
	{file: `ALTER TABLE items SET SCHEMA elsewhere`},
	{file: `ALTER TABLE elsewhere.guests SET SCHEMA public`},
	{file: `ALTER TABLE items SET UNLOGGED`},
	{file: `ALTER TABLE items SET UNLOGGED; ALTER TABLE items SET LOGGED`},
	{file: `ALTER TABLE items SET (fillfactor = 70, autovacuum_enabled = off)`},
	{file: `ALTER TABLE items REPLICA IDENTITY FULL`},
	{file: `ALTER TABLE items ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`},
	{file: `ALTER TABLE days ATTACH PARTITION days_2 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`},
	{file: `ALTER TABLE days DETACH PARTITION days_1`},
	{file: "-- atlas:txmode none\n\nALTER TABLE days DETACH PARTITION days_1 CONCURRENTLY"},
	{file: `CREATE TABLE days_3 PARTITION OF days FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')`, grade: revert.Lossy, lost: "table days_3 is dropped"},
	{file: `DROP TABLE days_1`, grade: revert.Lossy, lost: "table days_1 is restored empty"},
	{file: `CREATE TABLE heir () INHERITS (makers)`, grade: revert.Lossy, lost: "table heir is dropped"},
	// Columns
	{file: `ALTER TABLE items ADD COLUMN note text`, grade: revert.Lossy, lost: "column note of items is dropped"},
	{file: `ALTER TABLE items DROP COLUMN name CASCADE`, grade: revert.Lossy, lost: "column name of items is restored with its default"},
	{file: `ALTER TABLE items RENAME COLUMN price TO cost`},
	{file: `DROP VIEW names; ALTER TABLE items ALTER name TYPE text; CREATE VIEW names AS SELECT id, name FROM items`},
	{file: `DROP VIEW cheap, prices; DROP MATERIALIZED VIEW sums; DROP TRIGGER priced ON items; DROP POLICY cheap ON items; ALTER TABLE items DROP twice; ALTER TABLE items ALTER price TYPE numeric(10,2)`},
	{file: `ALTER TABLE items ALTER maker_id DROP NOT NULL`},
	{file: `ALTER TABLE makers ALTER note SET NOT NULL`},
	{file: `ALTER TABLE items ALTER name SET DEFAULT 'y'`},
	{file: `ALTER TABLE items ALTER name SET STATISTICS 500, ALTER name SET (n_distinct = -0.5), ALTER name SET STORAGE EXTERNAL`},
	{file: `ALTER TABLE makers ALTER id SET GENERATED BY DEFAULT`},
	{file: `ALTER TABLE makers ALTER id DROP IDENTITY`},
	{file: `ALTER TABLE makers ALTER id SET INCREMENT BY 10`},
	{file: `DROP RULE quiet ON makers; ALTER TABLE makers ALTER id TYPE int`, grade: revert.Lossy, lost: "column id of makers was changed"},
	{file: `ALTER TABLE days RENAME n TO number; ALTER TABLE days ALTER number TYPE bigint, ADD CONSTRAINT few CHECK (number < 1000)`},
	{file: `ALTER TABLE makers ADD COLUMN n serial, ADD COLUMN m int GENERATED ALWAYS AS (1) STORED`, grade: revert.Lossy, lost: "column n of makers is dropped"},
	{file: `ALTER TABLE days ADD COLUMN note text`, grade: revert.Lossy, lost: "column note of days is dropped"},
	{file: `ALTER TABLE days ALTER n SET DEFAULT 5, ALTER n SET NOT NULL`},
	{file: `ALTER TABLE items DROP COLUMN price CASCADE`, grade: revert.Lossy, lost: "column price of items is restored with 0 in every row"},
	{file: `ALTER TABLE items ALTER twice DROP EXPRESSION`, grade: revert.Manual, lost: "column twice of items"},
	{file: `ALTER TABLE makers ALTER note TYPE text COLLATE "C"`},
	{file: `ALTER TABLE items ALTER mood SET DEFAULT 'sad'; ALTER TABLE items ALTER mood DROP DEFAULT, ALTER mood TYPE text`, grade: revert.Lossy, lost: "column mood of items was changed from mood to text"},
	// Constraints and indexes
	{file: `ALTER TABLE items ADD CONSTRAINT named CHECK (name <> '')`},
	{file: `ALTER TABLE items DROP CONSTRAINT positive`},
	{file: `ALTER TABLE items DROP CONSTRAINT maker`},
	{file: `ALTER TABLE items DROP CONSTRAINT maker, ADD CONSTRAINT maker FOREIGN KEY (maker_id) REFERENCES makers ON DELETE CASCADE`},
	{file: `ALTER TABLE items DROP CONSTRAINT items_pkey`},
	{file: `ALTER TABLE makers DROP CONSTRAINT makers_name_key`},
	{file: `ALTER TABLE makers DROP CONSTRAINT makers_name_key, ADD CONSTRAINT makers_name_key UNIQUE (name, id)`},
	{file: `ALTER TABLE items RENAME CONSTRAINT positive TO dear`},
	{file: `ALTER TABLE items ADD CONSTRAINT apart EXCLUDE USING btree (id WITH =)`},
	{file: `ALTER TABLE items DROP CONSTRAINT maker, ADD CONSTRAINT maker FOREIGN KEY (maker_id) REFERENCES makers DEFERRABLE INITIALLY DEFERRED NOT VALID`},
	{file: `ALTER TABLE makers DROP CONSTRAINT makers_name_key, ADD CONSTRAINT makers_name_key UNIQUE (name) DEFERRABLE`},
	{file: `ALTER TABLE makers DROP CONSTRAINT makers_pkey CASCADE, ALTER id DROP IDENTITY, ALTER id DROP NOT NULL`},
	{file: `ALTER TABLE days DROP CONSTRAINT days_pkey`},
	{file: `CREATE INDEX days_n ON days (n)`},
	{file: `CREATE INDEX items_price ON items (price)`},
	{file: `DROP INDEX items_name`},
	{file: `ALTER INDEX items_name RENAME TO by_name`},
	{file: `ALTER INDEX items_name SET (fillfactor = 80)`},
	{file: `DROP STATISTICS correlated; CREATE STATISTICS correlated ON id, price FROM items`},
	{file: `ALTER TABLE items DROP CONSTRAINT positive; ALTER TABLE items RENAME TO goods; ALTER TABLE goods RENAME price TO cost`},
	{file: `DROP TABLE makers CASCADE`, grade: revert.Lossy, lost: "table makers is restored empty"},
	{file: `DROP TABLE items CASCADE`, grade: revert.Lossy, lost: "table items is restored empty"},
	{file: `DROP TABLE days`, grade: revert.Lossy, lost: "table days_1 is restored empty"},
	// Views
	{file: `CREATE VIEW v AS SELECT 1 AS one`},
	{file: `DROP VIEW names`},
	{file: `DROP VIEW cheap; DROP VIEW prices`},
	{file: `CREATE OR REPLACE VIEW prices AS SELECT id, price, name FROM items`},
	{file: `CREATE OR REPLACE VIEW prices AS SELECT id, price FROM items WHERE id > 0`},
	{file: `ALTER VIEW names SET (check_option = local); ALTER VIEW names RESET (security_barrier)`},
	{file: `ALTER VIEW prices RENAME TO costs`},
	{file: `ALTER VIEW prices RENAME TO costs; CREATE VIEW prices AS SELECT 1 AS one`},
	{file: `ALTER VIEW prices ALTER price SET DEFAULT 5`},
	{file: `DROP INDEX sums_price; CREATE INDEX sums_by_price ON sums (price DESC)`},
	{file: `DROP MATERIALIZED VIEW sums`},
	{file: `REFRESH MATERIALIZED VIEW sums`},
	// Triggers, policies, rules and functions
	{file: `DROP TRIGGER written ON prices`},
	{file: `DROP TRIGGER priced ON items`},
	{file: `ALTER TABLE items DISABLE TRIGGER priced`},
	{file: `ALTER TRIGGER priced ON items RENAME TO costs`},
	{file: `DROP POLICY cheap ON items; CREATE POLICY cheap ON items TO pg_monitor USING (price < 50)`},
	{file: `DROP RULE quiet ON makers`},
	{file: `CREATE RULE loud AS ON DELETE TO makers WHERE OLD.id < 5 DO INSTEAD NOTHING`},
	{file: `CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'`},
	{file: `DROP FUNCTION one(); CREATE FUNCTION one() RETURNS text LANGUAGE sql AS 'SELECT ''1'''`},
	{file: `CREATE OR REPLACE FUNCTION "100%'s"(n int) RETURNS int LANGUAGE sql SET search_path = public, pg_temp AS 'SELECT n + 1'`},
	{file: `DROP FUNCTION "100%'s"`},
	{file: `ALTER FUNCTION "100%'s" RESET ALL`},
	{file: `ALTER FUNCTION one() RENAME TO won`},
	{file: `ALTER FUNCTION elsewhere.two() SET SCHEMA public`},
	{file: `CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)`},
	{file: `CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'`},
	// Types and sequences
	{file: `ALTER TYPE mood RENAME TO temper`},
	{file: `ALTER TYPE mood RENAME VALUE 'sad' TO 'low'`},
	{file: `ALTER TYPE mood ADD VALUE 'low'`, grade: revert.Manual, lost: "adds 'low' to enum mood"},
	{file: `ALTER DOMAIN code DROP CONSTRAINT capital`},
	{file: `ALTER DOMAIN code ADD CONSTRAINT short CHECK (length(VALUE) < 100)`},
	{file: `ALTER DOMAIN code SET DEFAULT 'EUR'; ALTER DOMAIN code RENAME CONSTRAINT capital TO upper`},
	{file: `ALTER TYPE pair ADD ATTRIBUTE c int`, grade: revert.Lossy, lost: "attribute c of type pair is dropped"},
	{file: `ALTER TYPE pair DROP ATTRIBUTE b`, grade: revert.Lossy, lost: "attribute b of type pair is restored empty"},
	{file: `ALTER TYPE pair RENAME ATTRIBUTE a TO z`},
	{file: `ALTER SEQUENCE counter INCREMENT BY 7 CACHE 3`},
	{file: `ALTER SEQUENCE counter RENAME TO meter`},
	{file: `ALTER SEQUENCE counter OWNED BY items.id`},
	{file: `DROP SEQUENCE counter`, grade: revert.Lossy, lost: "sequence counter starts over"},
	{file: `CREATE EXTENSION citext`},
	{file: `CREATE SCHEMA audit`},
	// Functions that depend on types
	{file: `DROP FUNCTION width(span); DROP TYPE span; CREATE TYPE span AS (lo bigint, hi bigint); CREATE FUNCTION width(s span) RETURNS bigint LANGUAGE sql AS 'SELECT s.hi - s.lo'`},
	{file: `DROP TYPE span CASCADE`},
	{file: `DROP TYPE span CASCADE; CREATE TYPE span AS ENUM ('short', 'long')`},
	{file: `DROP FUNCTION labels; DROP DOMAIN label; CREATE DOMAIN label AS varchar(5); CREATE FUNCTION labels(label[]) RETURNS int LANGUAGE sql AS 'SELECT 1'`},
	{file: `DROP FUNCTION largest; DROP TYPE size; CREATE TYPE size AS ENUM ('s', 'm', 'l'); CREATE FUNCTION largest() RETURNS size LANGUAGE sql AS 'SELECT ''l''::size'`},
	{file: `DROP FUNCTION total; ALTER TABLE boxes ALTER w TYPE bigint; CREATE FUNCTION total() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(w) FROM boxes; END`},
	{file: `ALTER TABLE boxes DROP w CASCADE`, grade: revert.Lossy, lost: "column w of boxes is restored with its default"},
	{file: `ALTER TABLE boxes ADD d int; CREATE FUNCTION depth() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(d) FROM boxes; END`, grade: revert.Lossy, lost: "column d of boxes is dropped"},
	{file: `DROP TABLE boxes CASCADE`, grade: revert.Lossy, lost: "table boxes is restored empty"},
	{file: `CREATE TABLE crates (id int); CREATE FUNCTION heavy(crates) RETURNS bool LANGUAGE sql AS 'SELECT true'`, grade: revert.Lossy, lost: "table crates is dropped"},
	{file: `ALTER TABLE boxes ADD room span; DROP FUNCTION width(span); ALTER TYPE span ADD ATTRIBUTE mid int; CREATE FUNCTION width(span) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'`, grade: revert.Lossy, lost: "column room of boxes is dropped"},
	// Comments and privileges
	{file: `COMMENT ON TABLE items IS 'goods'; COMMENT ON COLUMN makers.name IS 'name'; COMMENT ON VIEW prices IS NULL`},
	{file: `GRANT INSERT, DELETE ON items TO pg_monitor; REVOKE UPDATE (name) ON items FROM pg_monitor`},
	{file: `REVOKE GRANT OPTION FOR SELECT ON prices FROM pg_monitor; REVOKE SELECT ON sums FROM PUBLIC`},
	{file: `REVOKE EXECUTE ON FUNCTION one() FROM PUBLIC; GRANT USAGE ON SEQUENCE counter TO pg_monitor; GRANT USAGE ON SCHEMA public TO pg_monitor`},
	{file: `ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor`},
	{file: `COMMENT ON SCHEMA public IS 'ours'`},
	{file: `GRANT SELECT ON elsewhere.guests TO pg_monitor`, grade: revert.Manual, lost: "table elsewhere.guests"},
	{file: `COMMENT ON TABLE elsewhere.guests IS 'guests'`, grade: revert.Manual, lost: "table elsewhere.guests"},
	{file: `CREATE TABLE elsewhere.t ()`, grade: revert.Manual, lost: "table elsewhere.t"},
	{file: `CREATE PUBLICATION everything FOR ALL TABLES`, grade: revert.Manual, lost: "publication everything"},
	{file: `ALTER TABLE items OWNER TO pg_monitor`, grade: revert.Manual, lost: "had another owner"},
	// Rows
	{file: `UPDATE makers SET note = 'x'`, grade: revert.Impossible, lost: "the rows of makers are changed"},
}

// template is a database that is copied for each case.
func template(t *testing.T, setup string) (*dev.Database, revert.State) {
	t.Helper()
	db, err := migratortest.Server(t).Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Drop(context.Background()) })
	if err := migration.Replay(t.Context(), db.DB, []migrate.File{file("1.sql", setup)}); err != nil {
		t.Fatal(err)
	}
	return db, state(t, db)
}

func clone(t *testing.T, db *dev.Database) *dev.Database {
	t.Helper()
	copied, err := db.Clone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = copied.Drop(context.Background()) })
	return copied
}

func contents(t *testing.T, db *dev.Database) rows.Contents {
	t.Helper()
	all, err := rows.Read(t.Context(), db.DB)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Every kind of statement is applied to tables with rows and reverted: the schema is as
// before, and so are the rows, unless the plan says what is lost.
func TestFindRevertsEveryKind(t *testing.T) {
	t.Parallel()
	revertEach(t, shop, kinds)
}

func revertEach(t *testing.T, setup string, kinds []kind) {
	t.Helper()
	filled, before := template(t, setup)
	if _, err := rows.Fill(t.Context(), filled.DB, before.Schema, nil, true); err != nil {
		t.Fatal(err)
	}
	was := contents(t, filled)
	t.Run("kinds", func(t *testing.T) {
		for _, tt := range kinds {
			t.Run(tt.file, func(t *testing.T) {
				t.Parallel()
				db := clone(t, filled)
				got := findOn(t, db, before, file("2.sql", tt.file))
				lost := strings.Join(got.Lost, "; ")
				if want := cmp.Or(tt.grade, revert.Lossless); got.Grade != want || !strings.Contains(lost, tt.lost) || tt.lost == "" && lost != "" {
					t.Fatalf("grade = %s, lost %q, want %s, %q", got.Grade, lost, want, tt.lost)
				}
				if got.Grade == revert.Manual || got.Grade == revert.Impossible {
					return
				}
				for _, s := range got.Statements {
					exec(t, db.DB, s)
				}
				if diff := gocmp.Diff(before.Described(), state(t, db).Described()); diff != "" {
					t.Errorf("schema before (-) and after (+) the revert:\n%s", diff)
				}
				if diff := rows.Difference(was, was, contents(t, db)); diff != "" && got.Grade == revert.Lossless {
					t.Errorf("rows after the revert: %s", diff)
				}
			})
		}
	})
}
