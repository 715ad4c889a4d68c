package hazard_test

var cm167 = []testCase{
	{
		before: "CREATE MATERIALIZED VIEW v AS SELECT id FROM t",
		sql:    "REFRESH MATERIALIZED VIEW v",
		does:   "v ACCESS EXCLUSIVE, t ACCESS SHARE; rewrites v; scans t",
		want:   "CM167:e",
	},
	{
		before: "CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE UNIQUE INDEX ON v (id)",
		sql:    "REFRESH MATERIALIZED VIEW v",
		does:   "v ACCESS EXCLUSIVE, t ACCESS SHARE; rewrites v v_id_idx; scans t v",
		want:   "CM167:e",
	},
	{
		before: "CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE UNIQUE INDEX ON v (id)",
		sql:    "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
		does:   "v EXCLUSIVE, t ACCESS SHARE; scans t v",
	},
	{
		sql:  "CREATE VIEW v AS SELECT id FROM t",
		does: "t ACCESS SHARE",
	},
}
