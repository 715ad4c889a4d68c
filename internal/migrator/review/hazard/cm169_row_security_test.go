package hazard_test

var cm169 = []testCase{
	{
		sql:  "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
		does: "t ACCESS EXCLUSIVE",
		want: "CM169:w",
	},
	{
		sql:  "ALTER TABLE t ENABLE ROW LEVEL SECURITY;\nCREATE POLICY o ON t USING (n > 0)",
		want: "CM169:w",
	},
	{
		before: "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
		sql:    "ALTER TABLE t DISABLE ROW LEVEL SECURITY",
		does:   "t ACCESS EXCLUSIVE",
		want:   "CM169:w",
	},
	{
		sql:  "CREATE POLICY o ON t USING (n > 0)",
		does: "t ACCESS EXCLUSIVE",
	},
}
