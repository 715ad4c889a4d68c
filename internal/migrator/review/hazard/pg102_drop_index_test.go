package hazard_test

var pg102 = []testCase{
	{
		sql:  "DROP INDEX t_n",
		does: "t ACCESS EXCLUSIVE",
		want: "PG102:w",
	},
	{
		sql:  "DROP INDEX IF EXISTS t_n, t_name",
		does: "t ACCESS EXCLUSIVE",
		want: "PG102:w PG102:w",
	},
	{
		sql:  none + "DROP INDEX CONCURRENTLY t_n",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "DO $$ BEGIN DROP INDEX t_n; DROP INDEX IF EXISTS none; END $$",
		does: "t ACCESS EXCLUSIVE",
		want: "PG102:w",
	},
	{
		sql: "ALTER INDEX t_n RENAME TO t_number",
	},
}
