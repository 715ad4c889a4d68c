package hazard_test

var mf103 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int NOT NULL",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF103:e",
	},
	{
		sql:  "ALTER TABLE t ADD c int NOT NULL, ADD d int",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF103:e",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 0",
		does: "t ACCESS EXCLUSIVE",
	},
}
