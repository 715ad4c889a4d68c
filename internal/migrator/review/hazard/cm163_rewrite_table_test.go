package hazard_test

var cm163 = []testCase{
	{
		sql:  "ALTER TABLE bare SET UNLOGGED",
		does: "bare ACCESS EXCLUSIVE; rewrites bare; scans bare",
		want: "CM163:e",
	},
	{
		sql:  "CLUSTER t USING t_n",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM163:e",
	},
	{
		sql:  none + "VACUUM FULL t",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM163:e",
	},
	{
		sql:  "ALTER TABLE t SET (fillfactor = 70)",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  none + "VACUUM t",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "ANALYZE t",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
}
