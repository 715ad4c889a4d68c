package hazard_test

// tenantsToo is a second table of tenants.
const tenantsToo = tenants + `CREATE TABLE b (tenant_id int NOT NULL, id bigint PRIMARY KEY, a_id bigint);
CREATE INDEX ON b (tenant_id, a_id);
CREATE INDEX ON b (a_id);
ALTER TABLE b ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON b USING (tenant_id = (SELECT current_setting('app.tenant')::int));
`

var cm226 = []testCase{
	{
		before: tenantsToo,
		sql:    "ALTER TABLE b ADD CONSTRAINT c FOREIGN KEY (a_id) REFERENCES a NOT VALID",
		does:   "a SHARE ROW EXCLUSIVE, b SHARE ROW EXCLUSIVE",
		want:   "CM226:w",
	},
	{
		before: tenantsToo,
		sql:    "ALTER TABLE b ADD CONSTRAINT c FOREIGN KEY (tenant_id, a_id) REFERENCES a (tenant_id, id) NOT VALID",
		does:   "a SHARE ROW EXCLUSIVE, b SHARE ROW EXCLUSIVE",
	},
	{
		before: tenantsToo,
		sql:    "ALTER TABLE b ADD CONSTRAINT c FOREIGN KEY (a_id) REFERENCES t NOT VALID",
		does:   "b SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE",
	},
	{
		before: tenantsToo + "DROP POLICY one ON a; ALTER TABLE b ADD CONSTRAINT c FOREIGN KEY (a_id) REFERENCES a",
		sql:    "CREATE POLICY one ON a USING (tenant_id = (SELECT current_setting('app.tenant')::int))",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM226:w",
	},
}
