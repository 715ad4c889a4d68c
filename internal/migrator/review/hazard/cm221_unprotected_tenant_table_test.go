package hazard_test

// tenants is a table whose rows belong to a tenant each.
const tenants = `CREATE TABLE a (tenant_id int NOT NULL, id bigint PRIMARY KEY, n int, UNIQUE (tenant_id, id));
ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY one ON a USING (tenant_id = (SELECT current_setting('app.tenant')::int));
`

var cm221 = []testCase{
	{
		before: tenants,
		sql:    "CREATE TABLE b (tenant_id int NOT NULL, id bigint PRIMARY KEY)",
		want:   "CM221:e",
	},
	{
		before: tenants,
		sql:    "CREATE TABLE b (id bigint PRIMARY KEY, tenant int, a_id bigint, FOREIGN KEY (tenant, a_id) REFERENCES a (tenant_id, id))",
		does:   "a SHARE ROW EXCLUSIVE",
		want:   "CM143:n CM162:n CM221:e",
	},
	{
		before: tenants,
		sql:    "CREATE TABLE b (tenant_id int, id bigint PRIMARY KEY);\nALTER TABLE b ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
		want:   "CM221:w",
	},
	{
		before: tenants,
		sql: "CREATE TABLE b (tenant_id int, id bigint, PRIMARY KEY (tenant_id, id));\nALTER TABLE b ENABLE ROW LEVEL SECURITY;\n" +
			"CREATE POLICY one ON b USING (tenant_id = (SELECT current_setting('app.tenant')::int))",
		want: "CM221:w",
	},
	{
		before: tenants,
		sql:    "ALTER TABLE a NO FORCE ROW LEVEL SECURITY",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM221:w",
	},
	{
		before: tenants,
		sql:    none + "ALTER TABLE a NO FORCE ROW LEVEL SECURITY;\nALTER TABLE a FORCE ROW LEVEL SECURITY",
		does:   "a ACCESS EXCLUSIVE",
	},
	{
		before: tenants,
		sql: "CREATE TABLE b (tenant_id int, id bigint, PRIMARY KEY (tenant_id, id));\nALTER TABLE b ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n" +
			"CREATE POLICY one ON b USING (tenant_id = (SELECT current_setting('app.tenant')::int))",
	},
	{
		before: tenants,
		sql:    "CREATE TABLE currencies (id bigint PRIMARY KEY)",
	},
	{
		sql: "CREATE TABLE b (tenant_id int NOT NULL, id bigint PRIMARY KEY)",
	},
}
