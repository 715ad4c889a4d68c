package hazard_test

var cm102 = []testCase{
	{
		sql:  none + "SET lock_timeout = '2s';\nCREATE INDEX CONCURRENTLY i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
		want: "CM102:w",
	},
	{
		sql:  none + "SET lock_timeout = 0;\nCREATE INDEX CONCURRENTLY i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
	},
}
