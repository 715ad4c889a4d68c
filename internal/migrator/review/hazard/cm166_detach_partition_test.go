package hazard_test

var cm166 = []testCase{
	{
		before: partitioned,
		sql:    "ALTER TABLE log DETACH PARTITION log_1",
		does:   "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE",
		want:   "CM166:w",
	},
	{
		before: partitioned,
		sql:    "ALTER TABLE log DETACH PARTITION log_1 -- for good",
		does:   "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE",
		want:   "CM166:w",
	},
	{
		before: partitioned,
		sql:    none + "ALTER TABLE log DETACH PARTITION log_1 CONCURRENTLY",
		does:   "log_1 ACCESS EXCLUSIVE, log SHARE UPDATE EXCLUSIVE",
	},
	{
		before: partitioned + "CREATE TABLE log_rest PARTITION OF log DEFAULT",
		sql:    "ALTER TABLE log DETACH PARTITION log_1",
		does:   "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE, log_rest ACCESS EXCLUSIVE",
		want:   "CM166:w",
	},
}
