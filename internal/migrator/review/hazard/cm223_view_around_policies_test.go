package hazard_test

var cm223 = []testCase{
	{
		before: tenants,
		sql:    "CREATE VIEW v AS SELECT id, n FROM a",
		does:   "a ACCESS SHARE",
		want:   "CM223:w",
	},
	{
		before: tenants + "ALTER TABLE a NO FORCE ROW LEVEL SECURITY",
		sql:    "CREATE VIEW v AS SELECT count(*) FROM t JOIN a USING (n)",
		does:   "a ACCESS SHARE, t ACCESS SHARE",
		want:   "CM223:e",
	},
	{
		before: tenants,
		sql:    "CREATE VIEW v WITH (security_invoker) AS SELECT id, n FROM a",
		does:   "a ACCESS SHARE",
		since:  15,
	},
	{
		before: tenants,
		sql:    "CREATE VIEW v AS SELECT id, n FROM a;\nALTER VIEW v SET (security_invoker = on)",
		since:  15,
	},
	{
		before: tenants + "CREATE VIEW v AS SELECT id, n FROM a",
		sql:    "CREATE VIEW w AS SELECT count(*) FROM v",
		does:   "v ACCESS SHARE",
		want:   "CM223:w",
	},
	{
		before: tenants,
		sql:    "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM a",
		does:   "a ACCESS SHARE; scans a",
		want:   "CM223:w",
	},
	{
		before: bareTenants + "CREATE VIEW v AS SELECT id FROM a; CREATE VIEW w AS SELECT id FROM t",
		sql:    "CREATE POLICY one ON a USING (tenant_id = (SELECT current_setting('app.tenant')::int))",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM223:w",
	},
	{
		before: tenants,
		sql:    "CREATE RECURSIVE VIEW v (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM v WHERE n < 3",
	},
	{
		before: tenants,
		sql:    "CREATE VIEW v AS SELECT n AS a FROM t",
		does:   "t ACCESS SHARE",
	},
}
