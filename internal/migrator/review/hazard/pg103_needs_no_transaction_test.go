package hazard_test

var pg103 = []testCase{
	{
		sql:  "CREATE INDEX CONCURRENTLY i ON t (m)",
		does: "fails",
		want: "PG103:e",
	},
	{
		sql:  "DROP INDEX CONCURRENTLY t_n",
		does: "fails",
		want: "PG103:e",
	},
	{
		sql:  "VACUUM t",
		does: "fails",
		want: "PG103:e",
	},
	{
		sql:  none + "CREATE INDEX CONCURRENTLY i ON t (note)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
	},
}
