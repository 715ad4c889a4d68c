package hazard_test

// bare tenants have no policy yet.
const bareTenants = `CREATE TABLE a (tenant_id int, id bigint, PRIMARY KEY (tenant_id, id));
ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
`

var cm222 = []testCase{
	{
		before: bareTenants,
		sql:    "CREATE POLICY one ON a USING (tenant_id = current_setting('app.tenant')::int)",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM222:w",
	},
	{
		before: bareTenants,
		sql:    "CREATE POLICY one ON a USING (tenant_id = (SELECT current_setting('app.tenant')::int))",
		does:   "a ACCESS EXCLUSIVE",
	},
	{
		before: bareTenants + "CREATE FUNCTION tenant() RETURNS int LANGUAGE sql AS $$ SELECT current_setting('app.tenant')::int $$",
		sql:    "CREATE POLICY one ON a USING (tenant_id = tenant())",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM222:w",
	},
	{
		before: bareTenants + "CREATE FUNCTION tenant() RETURNS int STABLE LANGUAGE sql AS $$ SELECT current_setting('app.tenant')::int $$",
		sql:    "CREATE POLICY one ON a USING (tenant_id = tenant())",
		does:   "a ACCESS EXCLUSIVE",
	},
	{
		before: tenants,
		sql:    "CREATE POLICY shared ON a FOR SELECT USING (n > 0)",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM222:w",
	},
	{
		before: tenants,
		sql:    "CREATE POLICY shared ON a AS RESTRICTIVE FOR SELECT USING (n > 0)",
		does:   "a ACCESS EXCLUSIVE",
	},
	{
		before: tenants,
		sql:    "CREATE POLICY every ON a TO pg_monitor USING (true)",
		does:   "a ACCESS EXCLUSIVE",
	},
	{
		before: tenants,
		sql:    "CREATE POLICY every ON a TO pg_monitor USING ((SELECT current_setting('app.every', true)) = 'on')",
		does:   "a ACCESS EXCLUSIVE",
	},
	{
		before: tenants,
		sql:    "CREATE POLICY every ON a TO pg_monitor USING (n > 0)",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM222:w",
	},
	{
		before: tenants,
		sql:    "CREATE POLICY every ON a USING (true)",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM222:w",
	},
	{
		before: "CREATE TABLE a (tenant_id int, id bigint PRIMARY KEY)",
		sql: "ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n" +
			"CREATE POLICY one ON a USING (tenant_id = (SELECT current_setting('app.tenant')::int))",
		want: "CM169:w CM222:w",
	},
	{
		before: "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY one ON t USING (n = current_setting('app.user')::int)",
		sql:    "CREATE POLICY two ON t USING (m = current_setting('app.user')::int)",
		does:   "t ACCESS EXCLUSIVE",
	},
}
