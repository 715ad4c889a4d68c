package hazard_test

// Rows.
var rowEntries = []entry{
	{
		sql:  "INSERT INTO p VALUES (1, 'a')",
		does: "p ROW EXCLUSIVE",
	},
	{
		sql:  "UPDATE t SET m = 0",
		does: "t ROW EXCLUSIVE; scans t", codes: "CM182:w",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE m IS NULL",
		does: "t ROW EXCLUSIVE; scans t", codes: "CM182:w",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE id = 7",
		does: "t ROW EXCLUSIVE",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE id IN (SELECT id FROM t WHERE m IS NULL LIMIT 1000)",
		does: "t ROW EXCLUSIVE; scans t",
	},
	{
		sql:  "DELETE FROM bare",
		does: "bare ROW EXCLUSIVE; scans bare", codes: "CM182:e",
	},
	{
		sql:  "DELETE FROM t WHERE note = 'x'",
		does: "t ROW EXCLUSIVE; scans t", codes: "CM182:w",
	},
	{
		sql:  "WITH gone AS (SELECT id FROM bare) DELETE FROM t USING gone WHERE t.id = gone.id",
		does: "t ROW EXCLUSIVE, bare ACCESS SHARE; scans bare",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nUPDATE t SET c = n",
		does: "scans t", codes: "CM181:w CM182:w",
	},
}

// What a transaction and a session keep.
var transactionEntries = []entry{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nCREATE INDEX i ON bare (k)",
		does: "bare SHARE; scans bare", codes: "CM170:e CM172:n PG101:w",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nCREATE INDEX i ON t (m)",
		does: "scans t", codes: "CM170:e PG101:w",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p",
		does: "p SHARE ROW EXCLUSIVE; scans t", codes: "CM170:e CM172:n PG306:w",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE bare ADD COLUMN c int;\nALTER TABLE p ADD COLUMN c int",
		does: "p ACCESS EXCLUSIVE", codes: "CM172:n",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE bare ADD COLUMN c int",
		does: "bare ACCESS EXCLUSIVE", codes: "CM172:n",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT a CHECK (n > 0);\nALTER TABLE t ADD CONSTRAINT b CHECK (n > 1)",
		does: "scans t", codes: "CM171:n PG305:e PG305:e",
	},
	{
		sql:  "SET search_path = '';\nCREATE INDEX i ON public.t (m)",
		does: "t SHARE; scans t", codes: "CM201:w PG101:w",
	},
	{
		sql:   "SET search_path TO public",
		codes: "CM201:w",
	},
	{
		sql:   "SELECT set_config('search_path', 'public', false)",
		codes: "CM201:w",
	},
	{
		sql:   "BEGIN",
		codes: "CM202:e",
	},
	{
		sql:   "COMMIT",
		codes: "CM202:e",
	},
}

// What a table is made of.
var typeEntries = []entry{
	{
		sql:   "CREATE TABLE a (id serial PRIMARY KEY, c char(3), d timestamp, e json)",
		codes: "CM191:n CM192:n CM193:n CM194:n CM195:n",
	},
	{
		sql:   "CREATE TABLE a (id smallint PRIMARY KEY, d timestamp(3), e timestamptz, f varchar(3))",
		codes: "CM192:n CM193:n",
	},
	{
		sql:   "CREATE TABLE a (this_is_a_name_that_is_longer_than_sixty_three_bytes_and_so_is_cut int)",
		codes: "CM196:w",
	},
}

// What only looks like it.
var harmlessEntries = []entry{
	{
		sql:  "COMMENT ON TABLE t IS 'CREATE INDEX CONCURRENTLY; DROP TABLE t; TRUNCATE t'",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql: "SELECT 1 -- DROP TABLE t\n/* TRUNCATE t */",
	},
	{
		sql:  "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM t $$",
		does: "t ROW EXCLUSIVE",
	},
	{
		sql:  `ALTER TABLE t ADD COLUMN "set not null, unique" int`,
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "DO $$ BEGIN EXECUTE 'CREATE INDEX i ON t (m)'; END $$",
		does: "t SHARE; scans t",
	},
}
