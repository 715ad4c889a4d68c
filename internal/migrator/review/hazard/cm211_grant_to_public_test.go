package hazard_test

var cm211 = []testCase{
	{
		sql:  "GRANT SELECT ON t TO PUBLIC",
		want: "CM211:w",
	},
	{
		sql:  "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public",
		want: "CM211:w",
	},
	{
		sql: "GRANT SELECT ON t TO current_user",
	},
	{
		sql: "REVOKE ALL ON t FROM PUBLIC",
	},
}
