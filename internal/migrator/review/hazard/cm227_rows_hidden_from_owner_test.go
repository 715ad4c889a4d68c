package hazard_test

var cm227 = []testCase{
	{
		before: tenants,
		sql:    none + "UPDATE a SET n = 1",
		does:   "a ROW EXCLUSIVE; scans a",
		want:   "CM182:w CM227:w",
	},
	{
		before: tenants,
		sql:    none + "DO $$ BEGIN UPDATE a SET n = 1; COMMIT; END $$",
		want:   "CM182:w CM227:w",
	},
	{
		before: tenants,
		sql:    "INSERT INTO a VALUES (1, 1, 1)",
		does:   "a ROW EXCLUSIVE",
		want:   "CM227:w",
	},
	{
		before: tenantsToo + "ALTER TABLE b ADD CONSTRAINT c FOREIGN KEY (tenant_id, a_id) REFERENCES a (tenant_id, id) NOT VALID",
		sql:    "ALTER TABLE b VALIDATE CONSTRAINT c",
		does:   "b SHARE UPDATE EXCLUSIVE, a ROW SHARE; scans a b",
		want:   "CM146:n CM227:w",
	},
	{
		before: tenants,
		sql:    none + "ALTER TABLE a NO FORCE ROW LEVEL SECURITY;\nUPDATE a SET n = 1;\nALTER TABLE a FORCE ROW LEVEL SECURITY",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM182:w",
	},
	{
		before: tenants,
		sql:    "TRUNCATE a",
		does:   "a ACCESS EXCLUSIVE",
		want:   "CM164:e",
	},
	{
		before: "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
		sql:    none + "INSERT INTO t VALUES (1, 1)",
		does:   "t ROW EXCLUSIVE",
	},
}
