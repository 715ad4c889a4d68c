package hazard_test

var cm198 = []testCase{
	{
		sql:  "ALTER TABLE t SET (autovacuum_enabled = off)",
		does: "t SHARE UPDATE EXCLUSIVE",
		want: "CM198:w",
	},
	{
		sql:  "CREATE TABLE a (id bigint PRIMARY KEY) WITH (autovacuum_enabled = false)",
		want: "CM198:w",
	},
	{
		before: "ALTER TABLE t SET (autovacuum_enabled = off)",
		sql:    "ALTER TABLE t RESET (autovacuum_enabled)",
		does:   "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t SET (autovacuum_vacuum_scale_factor = 0.01)",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
}
