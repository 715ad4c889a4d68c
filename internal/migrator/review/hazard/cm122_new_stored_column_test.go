package hazard_test

var cm122 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (n * 2) STORED",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM122:e",
	},
	{
		sql:   "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (n * 2) VIRTUAL",
		does:  "t ACCESS EXCLUSIVE",
		since: 18,
	},
}
