package hazard_test

var cm101 = []testCase{
	{
		sql:  none + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
		want: "CM101:w",
	},
	{
		sql: "CREATE TABLE IF NOT EXISTS t (id bigint PRIMARY KEY)",
	},
}
