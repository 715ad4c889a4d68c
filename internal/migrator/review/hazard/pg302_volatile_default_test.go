package hazard_test

var pg302 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid()",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "PG302:e",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c uuid NOT NULL DEFAULT gen_random_uuid()",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "PG302:e",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c timestamptz DEFAULT clock_timestamp()",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "PG302:e",
	},
	{
		sql:   "ALTER TABLE t ADD COLUMN c uuid DEFAULT uuidv7()",
		does:  "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want:  "PG302:e",
		since: 18,
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c text DEFAULT 'none'",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c timestamptz NOT NULL DEFAULT now()",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c jsonb DEFAULT '{}'::jsonb",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c mood NOT NULL DEFAULT 'glad'",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  `ALTER TABLE t ADD COLUMN "set not null, unique" int`,
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c uuid NOT NULL DEFAULT gen_random_uuid(), ADD CONSTRAINT k UNIQUE (m), ADD FOREIGN KEY (p_id) REFERENCES p",
		does: "t ACCESS EXCLUSIVE, p SHARE ROW EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t",
		want: "MF101:e PG105:e PG302:e PG306:w",
	},
}
