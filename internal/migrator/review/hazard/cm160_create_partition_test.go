package hazard_test

var cm160 = []testCase{
	{
		before: partitioned,
		sql:    "CREATE TABLE log_4 PARTITION OF log FOR VALUES FROM ('2026-04-01') TO ('2026-05-01')",
		does:   "log ACCESS EXCLUSIVE",
		want:   "CM160:w",
	},
	{
		before: partitioned + "CREATE TABLE log_rest PARTITION OF log DEFAULT",
		sql:    "CREATE TABLE log_4 PARTITION OF log FOR VALUES FROM ('2026-04-01') TO ('2026-05-01')",
		does:   "log ACCESS EXCLUSIVE, log_rest ACCESS EXCLUSIVE; scans log_rest",
		want:   "CM160:e",
	},
	{
		before: partitioned,
		sql:    "ALTER TABLE log ADD COLUMN c int",
		does:   "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE, log_2 ACCESS EXCLUSIVE",
	},
}
