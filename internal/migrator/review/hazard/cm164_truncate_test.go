package hazard_test

var cm164 = []testCase{
	{
		sql:  "TRUNCATE bare",
		does: "bare ACCESS EXCLUSIVE; rewrites bare",
		want: "CM164:e",
	},
	{
		sql:  "TRUNCATE t CASCADE",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey u u_pkey u_t_id; scans t u",
		want: "CM164:e CM164:e",
	},
	{
		sql:  "DO $$ BEGIN TRUNCATE bare; END $$",
		does: "bare ACCESS EXCLUSIVE; rewrites bare",
		want: "CM164:e",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY);\nTRUNCATE a",
	},
}
