package hazard_test

var mf101 = []testCase{
	{
		sql:  "CREATE UNIQUE INDEX i ON t (m)",
		does: "t SHARE; scans t",
		want: "MF101:e PG101:w",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int DEFAULT 1 UNIQUE",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF101:e PG105:e",
	},
	{
		sql:  none + "CREATE UNIQUE INDEX CONCURRENTLY i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
		want: "MF101:n",
	},
	{
		sql:  "CREATE TABLE a (n int);\nCREATE UNIQUE INDEX ON a (n)",
		want: "CM197:n",
	},
}
