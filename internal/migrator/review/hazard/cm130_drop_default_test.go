package hazard_test

var cm130 = []testCase{
	{
		sql:  "ALTER TABLE t ALTER COLUMN at DROP DEFAULT",
		does: "t ACCESS EXCLUSIVE",
		want: "CM130:w",
	},
	{
		before: "ALTER TABLE t ALTER COLUMN m SET DEFAULT 1",
		sql:    "ALTER TABLE t ALTER COLUMN m DROP DEFAULT",
		does:   "t ACCESS EXCLUSIVE",
		want:   "CM130:n",
	},
	{
		sql: "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 1;\nALTER TABLE t ALTER COLUMN c DROP DEFAULT",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN at SET DEFAULT clock_timestamp()",
		does: "t ACCESS EXCLUSIVE",
	},
}
