package hazard_test

var pg301 = []testCase{
	{
		sql:  "ALTER TABLE t ALTER COLUMN n TYPE bigint",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN name TYPE varchar(20)",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM125:e CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN note TYPE varchar(20)",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM125:e CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN note TYPE uuid USING note::uuid",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN at TYPE timestamptz(0)",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN data TYPE json",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "CM127:n PG301:e",
	},
	{
		before: "ALTER TABLE t ADD COLUMN c numeric(10,2)",
		sql:    "ALTER TABLE t ALTER COLUMN c TYPE numeric(12,4)",
		does:   "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want:   "CM127:n PG301:e",
	},
	{
		before: "ALTER TABLE t ADD COLUMN c mood",
		sql:    "ALTER TABLE t ALTER COLUMN c TYPE text",
		does:   "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want:   "CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE p ALTER COLUMN id TYPE numeric",
		does: "p ACCESS EXCLUSIVE; rewrites p p_pkey; scans p",
		want: "CM127:n PG301:e",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN name TYPE varchar(60)",
		does: "t ACCESS EXCLUSIVE",
		want: "CM127:n",
	},
}
