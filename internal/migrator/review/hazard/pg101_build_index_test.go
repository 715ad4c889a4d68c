package hazard_test

var pg101 = []testCase{
	{
		sql:  "CREATE INDEX i ON t (m)",
		does: "t SHARE; scans t",
		want: "PG101:w",
	},
	{
		sql:  "CREATE INDEX ON t (lower(note)) WHERE n > 0",
		does: "t SHARE; scans t",
		want: "PG101:w",
	},
	{
		sql:  "CREATE INDEX IF NOT EXISTS i ON t (m)",
		does: "t SHARE; scans t",
		want: "PG101:w",
	},
	{
		sql:  none + "CREATE INDEX CONCURRENTLY i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
	},
	{
		sql:  "DO $$ BEGIN CREATE INDEX i ON t (m); END $$",
		does: "t SHARE; scans t",
		want: "PG101:w",
	},
	{
		sql:  "DO $$ BEGIN CREATE TABLE a (id bigint); CREATE INDEX ON a (id); END $$",
		want: "CM197:n",
	},
	{
		before: partitioned,
		sql:    none + "CREATE INDEX CONCURRENTLY i ON log_1 (n)",
		does:   "log_1 SHARE UPDATE EXCLUSIVE; scans log_1",
	},
	{
		sql:  "DO $$ BEGIN EXECUTE 'CREATE INDEX i ON t (m)'; END $$",
		does: "t SHARE; scans t",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, n int)",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, n int);\nCREATE INDEX ON a (n);\nALTER TABLE a ALTER COLUMN n SET NOT NULL",
	},
}
