package hazard_test

var cm211 = []testCase{
	{
		sql:   "GRANT SELECT ON t TO PUBLIC",
		want:  "CM211:w",
		until: 17,
	},
	{
		sql:   "GRANT SELECT ON t TO PUBLIC",
		want:  "CM211:w",
		does:  "t ACCESS SHARE",
		since: 18,
	},
	{
		sql:  "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public",
		want: "CM211:w",
	},
	{
		sql:   "GRANT SELECT ON t TO current_user",
		until: 17,
	},
	{
		sql:   "GRANT SELECT ON t TO current_user",
		does:  "t ACCESS SHARE",
		since: 18,
	},
	{
		sql:   "REVOKE ALL ON t FROM PUBLIC",
		until: 17,
	},
	{
		sql:   "REVOKE ALL ON t FROM PUBLIC",
		does:  "t ACCESS SHARE",
		since: 18,
	},
}
