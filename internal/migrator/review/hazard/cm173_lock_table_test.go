package hazard_test

var cm173 = []testCase{
	{
		sql:  "LOCK TABLE t",
		does: "t ACCESS EXCLUSIVE",
		want: "CM173:e",
	},
	{
		sql:  "LOCK TABLE t IN SHARE MODE",
		does: "t SHARE",
		want: "CM173:w",
	},
	{
		sql:  "LOCK TABLE t IN ROW EXCLUSIVE MODE",
		does: "t ROW EXCLUSIVE",
	},
}
