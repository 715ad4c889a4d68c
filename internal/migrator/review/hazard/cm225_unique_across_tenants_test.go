package hazard_test

var cm225 = []testCase{
	{
		before: tenants,
		sql:    none + "CREATE UNIQUE INDEX CONCURRENTLY i ON a (n)",
		does:   "a SHARE UPDATE EXCLUSIVE; scans a",
		want:   "CM225:w MF101:n",
	},
	{
		before: tenants,
		sql:    none + "CREATE UNIQUE INDEX CONCURRENTLY i ON a (tenant_id, n)",
		does:   "a SHARE UPDATE EXCLUSIVE; scans a",
		want:   "MF101:n",
	},
	{
		before: tenants,
		sql:    none + "CREATE INDEX CONCURRENTLY i ON a (n)",
		does:   "a SHARE UPDATE EXCLUSIVE; scans a",
	},
	{
		before: "CREATE TABLE a (tenant_id int, id bigint PRIMARY KEY, n int UNIQUE, UNIQUE (tenant_id, id)); ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
		sql:    "CREATE POLICY one ON a USING (tenant_id = (SELECT current_setting('app.tenant')::int))",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM225:w",
	},
	{
		sql: "CREATE TABLE a (tenant_id int, id bigint PRIMARY KEY, n int UNIQUE, UNIQUE (tenant_id, id));\nALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n" +
			"CREATE POLICY one ON a USING (tenant_id = (SELECT current_setting('app.tenant')::int))",
		want: "CM225:w",
	},
}
