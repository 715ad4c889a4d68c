package hazard_test

var cm228 = []testCase{
	{
		before: tenants + "ALTER TABLE a ADD name text",
		sql:    none + "CREATE INDEX CONCURRENTLY i ON a (name text_pattern_ops)",
		does:   "a SHARE UPDATE EXCLUSIVE; scans a",
		want:   "CM228:n",
	},
	{
		before: tenants + "ALTER TABLE a ADD doc jsonb",
		sql:    none + "CREATE INDEX CONCURRENTLY i ON a USING gin (doc)",
		does:   "a SHARE UPDATE EXCLUSIVE; scans a",
		want:   "CM228:n",
	},
	{
		before: tenants + "ALTER TABLE a ADD name text",
		sql:    none + "CREATE INDEX CONCURRENTLY i ON a (tenant_id, name)",
		does:   "a SHARE UPDATE EXCLUSIVE; scans a",
	},
	{
		sql:  none + "CREATE INDEX CONCURRENTLY i ON t USING gin (data)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
	},
}
