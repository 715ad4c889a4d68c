package revert_test

import (
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/review/revert"
)

// yard has objects with a state of their own, and such as depend on functions.
const yard = `
CREATE TABLE tools (id serial PRIMARY KEY, weight int NOT NULL DEFAULT 1, name text);
CREATE INDEX tools_name ON tools (name); ALTER TABLE tools CLUSTER ON tools_name;
CREATE INDEX tools_half ON tools ((weight / 2)); ALTER INDEX tools_half ALTER COLUMN 1 SET STATISTICS 500;
CREATE STATISTICS pairs ON weight, name FROM tools; ALTER STATISTICS pairs SET STATISTICS 300;
CREATE RULE quiet AS ON DELETE TO tools WHERE OLD.id < 0 DO INSTEAD NOTHING; ALTER TABLE tools DISABLE RULE quiet;
CREATE RULE loud AS ON DELETE TO tools WHERE OLD.id < -1 DO INSTEAD NOTHING;
CREATE TABLE parts (id int PRIMARY KEY, tool_id int CONSTRAINT tool REFERENCES tools);
CREATE TYPE sheet AS (a int, b text); CREATE TABLE sheets OF sheet (PRIMARY KEY (a));
CREATE DOMAIN word AS text COLLATE "C"; CREATE TYPE entry AS (a text COLLATE "C", b int);
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE AGGREGATE together(int) (SFUNC = int4pl, STYPE = int, COMBINEFUNC = int4pl, INITCOND = '0', PARALLEL = SAFE);
CREATE FUNCTION heavy(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE TABLE loads (id int PRIMARY KEY, w int NOT NULL DEFAULT heavy(1) CONSTRAINT light CHECK (heavy(w) < 10000000), v int);
CREATE INDEX loads_heavy ON loads (heavy(w));
CREATE POLICY loaded ON loads USING (heavy(w) > 0);
CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER weighed BEFORE UPDATE ON loads FOR EACH ROW WHEN (heavy(NEW.w) > 0) EXECUTE FUNCTION noop();
CREATE VIEW heaviest AS SELECT id, heavy(w) AS h FROM loads; CREATE VIEW names AS SELECT h FROM heaviest;
CREATE FUNCTION sum_of() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT sum(heavy(w)) FROM loads; END;
COMMENT ON VIEW heaviest IS 'h'; GRANT SELECT ON heaviest TO pg_monitor; COMMENT ON FUNCTION heavy(int) IS 'f';
CREATE FUNCTION happened() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER happens ON sql_drop EXECUTE FUNCTION happened();
ALTER EVENT TRIGGER happens DISABLE;
CREATE TYPE state AS ENUM ('new', 'worn'); COMMENT ON TYPE state IS 's'; CREATE DOMAIN label AS text;
CREATE TABLE owned (id int PRIMARY KEY, s state NOT NULL DEFAULT 'new', history state[], label label); CREATE VIEW worn AS SELECT id FROM owned WHERE s = 'worn'; CREATE INDEX owned_s ON owned (s);
CREATE PUBLICATION told FOR TABLE parts;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor;
`

var states = []kind{
	{file: `DROP INDEX tools_name, tools_half; DROP STATISTICS pairs; DROP RULE quiet ON tools; DROP RULE loud ON tools`},
	{file: `ALTER TABLE tools SET WITHOUT CLUSTER, DISABLE RULE loud, ENABLE RULE quiet; ALTER INDEX tools_half ALTER COLUMN 1 SET STATISTICS 5; ALTER STATISTICS pairs SET STATISTICS -1`},
	{file: `CREATE INDEX i ON parts (tool_id); ALTER TABLE parts CLUSTER ON i`},
	{file: `CREATE RULE new AS ON DELETE TO parts DO INSTEAD NOTHING; ALTER TABLE parts DISABLE RULE new; CREATE STATISTICS st ON id, tool_id FROM parts; ALTER STATISTICS st SET STATISTICS 5`},
	{file: `CREATE OR REPLACE RULE quiet AS ON DELETE TO tools WHERE OLD.id < -5 DO INSTEAD NOTHING; ALTER TABLE tools ENABLE RULE quiet`},
	{file: `ALTER TABLE sheets NOT OF`},
	{file: `DROP TABLE sheets`, grade: revert.Lossy, lost: "table sheets is restored empty"},
	{file: `DROP DOMAIN word; DROP TYPE entry`},
	{file: `ALTER TYPE entry ALTER ATTRIBUTE a TYPE text`},
	{file: `DROP TYPE span`},
	{file: `CREATE TYPE days AS RANGE (subtype = date)`},
	{file: `DROP AGGREGATE together(int)`},
	{file: `ALTER TABLE parts DISABLE TRIGGER ALL`, grade: revert.Manual, lost: "constraint tool of parts"},
	{file: `ALTER EVENT TRIGGER happens ENABLE`, grade: revert.Manual, lost: "event trigger happens"},
	{file: `ALTER PUBLICATION told SET (publish = 'insert')`, grade: revert.Manual, lost: "publication told"},
	{file: `ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO pg_monitor`, grade: revert.Manual, lost: "default acl"},
	{file: `DROP INDEX loads_heavy; ALTER TABLE loads DROP CONSTRAINT light; CREATE OR REPLACE FUNCTION heavy(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT -$1'`},
	{file: `DROP FUNCTION heavy(int) CASCADE; CREATE FUNCTION heavy(kg int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'; CREATE VIEW heaviest AS SELECT id, heavy(w) AS h FROM loads`},
	// Types that are made again while columns have them
	{file: `ALTER TYPE state RENAME TO old; CREATE TYPE state AS ENUM ('new', 'worn', 'old'); DROP VIEW worn; ALTER TABLE owned ALTER s DROP DEFAULT, ALTER s TYPE state USING s::text::state, ALTER s SET DEFAULT 'new';
		ALTER TABLE owned ALTER history TYPE state[] USING history::text[]::state[]; DROP TYPE old; CREATE VIEW worn AS SELECT id FROM owned WHERE s = 'worn'`},
	{file: `ALTER TABLE owned ALTER label TYPE text; DROP DOMAIN label; CREATE DOMAIN label AS varchar(30); ALTER TABLE owned ALTER label TYPE label`},
	// Sequences of serial columns
	{file: `ALTER TABLE tools ALTER id DROP DEFAULT; DROP SEQUENCE tools_id_seq`},
	{file: `DROP SEQUENCE tools_id_seq CASCADE`},
	{file: `ALTER TABLE tools ALTER id DROP DEFAULT; DROP SEQUENCE tools_id_seq; ALTER TABLE tools ALTER id ADD GENERATED ALWAYS AS IDENTITY`},
	// Functions that others use
	{file: `DROP FUNCTION heavy(int) CASCADE`},
	{file: `DROP FUNCTION heavy(int) CASCADE; CREATE FUNCTION heavy(n int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1::bigint';
		ALTER TABLE loads ADD CONSTRAINT light CHECK (heavy(w) < 10000000), ALTER w SET DEFAULT heavy(1); CREATE INDEX loads_heavy ON loads (heavy(w)); CREATE POLICY loaded ON loads USING (heavy(w) > 0);
		CREATE TRIGGER weighed BEFORE UPDATE ON loads FOR EACH ROW WHEN (heavy(NEW.w) > 0) EXECUTE FUNCTION noop();
		CREATE VIEW heaviest AS SELECT id, heavy(w) AS h FROM loads; CREATE VIEW names AS SELECT h FROM heaviest; COMMENT ON VIEW heaviest IS 'h'; GRANT SELECT ON heaviest TO pg_monitor;
		CREATE FUNCTION sum_of() RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(heavy(w)) FROM loads; END`},
	{file: `DROP FUNCTION heavy(int) CASCADE; CREATE FUNCTION heavy(n int) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1::bigint'; ALTER TABLE loads ADD g bigint GENERATED ALWAYS AS (heavy(v)) STORED`},
}

// An index that is built ahead with what its function is in the file would be wrong afterwards.
func TestFindBuildsNoIndexWithAnotherFunction(t *testing.T) {
	t.Parallel()
	const heavy = "CREATE OR REPLACE FUNCTION heavy(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1'; CREATE OR REPLACE FUNCTION heavier(n int) RETURNS int IMMUTABLE LANGUAGE sql RETURN heavy(n) + 1;"
	got := of(t, []migrate.File{file("1.sql", heavy+"CREATE TABLE loads (w int CONSTRAINT light CHECK (heavy(w) < 5)); CREATE INDEX by_weight ON loads (heavier(w))")},
		file("2.sql", "DROP INDEX by_weight; ALTER TABLE loads DROP CONSTRAINT light; "+strings.ReplaceAll(heavy, "$1", "-$1")))
	function := slices.IndexFunc(got.Statements, func(s string) bool { return strings.HasPrefix(s, "CREATE OR REPLACE FUNCTION heavy(") })
	for i, s := range got.Statements {
		if strings.Contains(s, "ADD CONSTRAINT") || strings.Contains(s, "CREATE INDEX") {
			if got.Grade != revert.Lossless || function < 0 || i < function {
				t.Errorf("%s comes before the function that it uses: %q", s, got.Statements)
			}
		}
	}
}

func TestFindRevertsStates(t *testing.T) {
	t.Parallel()
	revertEach(t, yard, states)
}
