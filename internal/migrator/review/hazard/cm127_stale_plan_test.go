package hazard_test

var cm127 = []testCase{
	{
		sql:  "ALTER TABLE t ALTER COLUMN name TYPE varchar(100)",
		does: "t ACCESS EXCLUSIVE",
		want: "CM127:n",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN name TYPE text",
		does: "t ACCESS EXCLUSIVE",
		want: "CM127:n",
	},
	{
		before: "ALTER TABLE t ADD COLUMN c numeric(10,2)",
		sql:    "ALTER TABLE t ALTER COLUMN c TYPE numeric(12,2)",
		does:   "t ACCESS EXCLUSIVE",
		want:   "CM127:n",
	},
	{
		before: "ALTER TABLE t ADD COLUMN c timestamp",
		sql:    "SET timezone = 'UTC';\nALTER TABLE t ALTER COLUMN c TYPE timestamptz",
		does:   "t ACCESS EXCLUSIVE",
		want:   "CM127:n",
	},
	{
		sql:  "ALTER TABLE t ALTER COLUMN name SET DEFAULT ''",
		does: "t ACCESS EXCLUSIVE",
	},
}
