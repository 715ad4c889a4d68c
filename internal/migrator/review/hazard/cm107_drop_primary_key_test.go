package hazard_test

var cm107 = []testCase{
	{
		sql:  "ALTER TABLE u DROP CONSTRAINT u_pkey",
		does: "u ACCESS EXCLUSIVE",
		want: "CM107:e",
	},
	{
		before: "CREATE UNIQUE INDEX u_new ON u (id)",
		sql:    "ALTER TABLE u DROP CONSTRAINT u_pkey, ADD CONSTRAINT u_new PRIMARY KEY USING INDEX u_new",
		does:   "u ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE",
		want: "CD101:w CM107:e",
	},
}
