package hazard_test

var cm171 = []testCase{
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT a CHECK (n > 0);\nALTER TABLE t ADD CONSTRAINT b CHECK (n > 1)",
		does: "scans t",
		want: "CM171:n PG305:e PG305:e",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT a CHECK (n > 0), ADD CONSTRAINT b CHECK (n > 1)",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "PG305:e PG305:e",
	},
}
