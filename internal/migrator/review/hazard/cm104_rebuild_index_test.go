package hazard_test

var cm104 = []testCase{
	{
		sql:  "REINDEX INDEX t_n",
		does: "t SHARE; rewrites t_n; scans t",
		want: "CM104:w",
	},
	{
		sql:  "REINDEX TABLE t",
		does: "t SHARE; rewrites t_n t_name t_p_id t_pkey; scans t",
		want: "CM104:w",
	},
	{
		sql:  "REINDEX (VERBOSE) TABLE t",
		does: "t SHARE; rewrites t_n t_name t_p_id t_pkey; scans t",
		want: "CM104:w",
	},
	{
		sql:  none + "REINDEX TABLE CONCURRENTLY t",
		does: "t SHARE UPDATE EXCLUSIVE; rewrites t_n t_name t_p_id t_pkey; scans t",
	},
	{
		sql:  none + "REINDEX INDEX CONCURRENTLY t_n",
		does: "t SHARE UPDATE EXCLUSIVE; rewrites t_n; scans t",
	},
}
