package hazard_test

var cm123 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int CHECK (c > 0)",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "CM123:e",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int DEFAULT 1 CHECK (c > 0)",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "CM123:e",
	},
	{
		sql: "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE t ADD CHECK (c > 0) NOT VALID",
	},
}
