package hazard_test

var cm126 = []testCase{
	{
		sql:  "ALTER TABLE t ALTER COLUMN name TYPE varchar(50) COLLATE \"C\"",
		does: "t ACCESS EXCLUSIVE; rewrites t_name; scans t",
		want: "CM126:e CM127:n",
	},
	{
		before: "ALTER TABLE t ADD CHECK (name <> '')",
		sql:    "ALTER TABLE t ALTER COLUMN name TYPE varchar(100)",
		does:   "t ACCESS EXCLUSIVE; scans t",
		want:   "CM126:e CM127:n",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN id TYPE int",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t u",
		want: "CM125:e CM126:e CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN name TYPE varchar(70)",
		does: "t ACCESS EXCLUSIVE",
		want: "CM127:n",
	},
}
