package hazard_test

var cm128 = []testCase{
	{
		sql:  "ALTER TABLE t ALTER COLUMN n DROP NOT NULL",
		does: "t ACCESS EXCLUSIVE",
		want: "CM128:n",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN n SET DEFAULT 1",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN at DROP DEFAULT",
		does: "t ACCESS EXCLUSIVE",
		want: "CM130:w",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN n SET STATISTICS 500",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN note SET STORAGE EXTERNAL",
		does: "t ACCESS EXCLUSIVE",
	},
}
