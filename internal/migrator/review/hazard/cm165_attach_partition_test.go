package hazard_test

var cm165 = []testCase{
	{
		before: partitioned,
		sql:    "ALTER TABLE log ATTACH PARTITION log_3 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')",
		does:   "log_3 ACCESS EXCLUSIVE, log SHARE UPDATE EXCLUSIVE; scans log_3",
		want:   "CM165:e",
	},
	{
		before: partitioned + "ALTER TABLE log_3 ADD CHECK (day >= '2026-03-01' AND day < '2026-04-01')",
		sql:    "ALTER TABLE log ATTACH PARTITION log_3 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')",
		does:   "log_3 ACCESS EXCLUSIVE, log SHARE UPDATE EXCLUSIVE",
	},
	{
		before: partitioned + "CREATE TABLE log_rest PARTITION OF log DEFAULT",
		sql:    "ALTER TABLE log ATTACH PARTITION log_3 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')",
		does:   "log_3 ACCESS EXCLUSIVE, log_rest ACCESS EXCLUSIVE, log SHARE UPDATE EXCLUSIVE; scans log_3 log_rest",
		want:   "CM165:e CM165:e",
	},
}
