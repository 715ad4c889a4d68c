package hazard_test

var pg105 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int UNIQUE",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "PG105:e",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c UNIQUE (m)",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF101:e PG105:e",
	},
	{
		sql:  "ALTER TABLE t ADD UNIQUE (m, n) DEFERRABLE INITIALLY DEFERRED",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF101:e PG105:e",
	},
	{
		before: "CREATE UNIQUE INDEX i ON t (m)",
		sql:    "ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i",
		does:   "t ACCESS EXCLUSIVE",
	},
}
