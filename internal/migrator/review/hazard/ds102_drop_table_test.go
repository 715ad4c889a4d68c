package hazard_test

var ds102 = []testCase{
	{
		sql:  "DROP TABLE bare",
		does: "bare ACCESS EXCLUSIVE",
		want: "DS102:e",
	},
	{
		sql: "CREATE TABLE a (id int);\nDROP TABLE a",
	},
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
}
