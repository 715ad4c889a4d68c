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
		sql:    "CREATE UNIQUE INDEX i ON public.log (day, n)",
		does:   "log SHARE, log_1 SHARE, log_2 SHARE; scans log_1 log_2",
		want:   "CM105:w MF101:e",
	},
	{
		before: partitioned,
		sql:    "CREATE INDEX i ON ONLY log (n)",
		does:   "log SHARE",
	},
}
