package hazard_test

var cd101 = []testCase{
	{
		sql:  "ALTER TABLE u DROP CONSTRAINT u_t_id",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE",
		want: "CD101:w",
	},
	{
		sql:  "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE",
		want: "CD101:w CM107:e",
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c UNIQUE (m)",
		sql:    "ALTER TABLE t DROP CONSTRAINT c",
		does:   "t ACCESS EXCLUSIVE",
		want:   "CM106:w",
	},
}
