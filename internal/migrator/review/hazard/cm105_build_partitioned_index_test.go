package hazard_test

var cm105 = []testCase{
	{
		before: partitioned,
		sql:    "CREATE INDEX i ON log (n)",
		does:   "log SHARE, log_1 SHARE, log_2 SHARE; scans log_1 log_2",
		want:   "CM105:w",
	},
	{
		before: partitioned,
		sql:    "CREATE INDEX i ON ONLY log (n)",
		does:   "log SHARE",
	},
}
