package hazard_test

var cm103 = []testCase{
	{
		sql:  none + "CREATE INDEX CONCURRENTLY i ON t (m);\nCREATE INDEX CONCURRENTLY j ON t (note)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
		want: "CM103:n",
	},
	{
		sql:  none + "SET lock_timeout = 0;\nCREATE INDEX CONCURRENTLY j ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
	},
}
