package hazard_test

var cm125 = []testCase{
	{
		sql:  "ALTER TABLE t ALTER COLUMN name TYPE varchar(10)",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM125:e CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE u ALTER COLUMN id TYPE int",
		does: "u ACCESS EXCLUSIVE; rewrites u u_pkey u_t_id; scans u",
		want: "CM125:e CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN note TYPE mood USING note::mood",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM125:e CM127:n PG301:e",
	},
	{
		before: "ALTER TABLE bare ADD COLUMN price numeric(10, 4)",
		sql:    "ALTER TABLE bare ALTER COLUMN price TYPE numeric(8, 2)",
		does:   "bare ACCESS EXCLUSIVE; rewrites bare; scans bare",
		want:   "CM125:e CM127:n PG301:e",
	},
	{
		before: "ALTER TABLE bare ADD COLUMN price numeric(10, 2)",
		sql:    "ALTER TABLE bare ALTER COLUMN price TYPE numeric(12, 2)",
		does:   "bare ACCESS EXCLUSIVE",
		want:   "CM127:n",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN at DROP DEFAULT, ALTER COLUMN at TYPE date",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM125:e CM127:n CM130:w PG301:e",
	},
	{
		before: "ALTER TABLE bare ADD COLUMN price double precision",
		sql:    "ALTER TABLE bare ALTER COLUMN price TYPE int",
		does:   "bare ACCESS EXCLUSIVE; rewrites bare; scans bare",
		want:   "CM125:e CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN name TYPE varchar(80)",
		does: "t ACCESS EXCLUSIVE",
		want: "CM127:n",
	},
}
