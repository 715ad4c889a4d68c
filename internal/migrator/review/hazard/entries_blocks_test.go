package hazard_test

// What a DO does is measured as a whole, and told apart by the statements in it.
var blockEntries = []entry{
	{
		sql:  "DO $$ BEGIN\n\tIF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'c') THEN\n\t\tALTER TABLE t ADD CONSTRAINT c CHECK (n > 0);\n\tEND IF;\nEND $$",
		does: "t ACCESS EXCLUSIVE; scans t", codes: "PG305:e",
	},
	{
		sql:  "DO $do$ BEGIN\n\tALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p;\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $do$ LANGUAGE plpgsql",
		does: "p SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE; scans t", codes: "PG306:w",
	},
	{
		sql:  "DO $$ BEGIN CREATE INDEX i ON t (m); END $$",
		does: "t SHARE; scans t", codes: "PG101:w",
	},
	{
		sql:  "DO $$ BEGIN DROP INDEX t_n; DROP INDEX IF EXISTS none; END $$",
		does: "t ACCESS EXCLUSIVE", codes: "PG102:w",
	},
	{
		sql:  "DO $$ BEGIN ALTER TABLE t ALTER m SET NOT NULL; ALTER TABLE t ADD COLUMN a int; END $$",
		does: "t ACCESS EXCLUSIVE; scans t", codes: "MF104:e PG303:e",
	},
	{
		sql:  "DO $$ BEGIN UPDATE t SET m = CASE WHEN n > 0 THEN 1 ELSE 2 END; END $$",
		does: "t ROW EXCLUSIVE; scans t", codes: "CM182:w",
	},
	{
		sql:  "DO $$ BEGIN TRUNCATE bare; END $$",
		does: "bare ACCESS EXCLUSIVE; rewrites bare", codes: "CM164:e",
	},
	{
		sql: "DO $$ BEGIN CREATE TABLE a (id bigint); CREATE INDEX ON a (id); END $$",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN a int;\nDO $$ BEGIN ALTER TABLE u VALIDATE CONSTRAINT c; END $$",
		does: "u SHARE UPDATE EXCLUSIVE; scans u", codes: "CM141:e", setup: "ALTER TABLE u ADD CONSTRAINT c CHECK (id > 0) NOT VALID",
	},
}
