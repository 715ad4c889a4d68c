package hazard_test

var cm182 = []testCase{
	{
		sql:  "UPDATE t SET m = 0",
		does: "t ROW EXCLUSIVE; scans t",
		want: "CM182:w",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE m IS NULL",
		does: "t ROW EXCLUSIVE; scans t",
		want: "CM182:w",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE id = 7",
		does: "t ROW EXCLUSIVE",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE id IN (SELECT id FROM t WHERE m IS NULL LIMIT 1000)",
		does: "t ROW EXCLUSIVE; scans t",
	},
	{
		sql:  "DELETE FROM t WHERE note = 'x'",
		does: "t ROW EXCLUSIVE; scans t",
		want: "CM182:w",
	},
	{
		sql:  "DELETE FROM bare",
		does: "bare ROW EXCLUSIVE; scans bare",
		want: "CM182:e",
	},
	{
		sql:  "DO $$ BEGIN UPDATE t SET m = CASE WHEN n > 0 THEN 1 ELSE 2 END; END $$",
		does: "t ROW EXCLUSIVE; scans t",
		want: "CM182:w",
	},
	{
		sql:  "INSERT INTO p VALUES (1, 'a')",
		does: "p ROW EXCLUSIVE",
	},
	{
		sql:  "WITH gone AS (SELECT id FROM bare) DELETE FROM t USING gone WHERE t.id = gone.id",
		does: "t ROW EXCLUSIVE, bare ACCESS SHARE; scans bare",
		want: "CM182:w",
	},
	{
		sql:  "WITH old AS (DELETE FROM bare) SELECT 1",
		does: "bare ROW EXCLUSIVE; scans bare",
		want: "CM182:e",
	},
	{
		sql:  "WITH old AS (DELETE FROM bare WHERE k < (1) RETURNING *), new AS (UPDATE t SET m = 0 RETURNING id) SELECT count(*) FROM old, new",
		does: "bare ROW EXCLUSIVE, t ROW EXCLUSIVE; scans bare t",
		want: "CM182:w CM182:w",
	},
	{
		since: 15,
		sql:   "MERGE INTO t USING bare ON bare.id = t.id WHEN MATCHED THEN UPDATE SET m = bare.k",
		does:  "t ROW EXCLUSIVE, bare ACCESS SHARE; scans bare",
		want:  "CM182:w",
	},
	{
		since: 15,
		sql:   "MERGE INTO t USING bare ON bare.id = t.id WHEN NOT MATCHED THEN INSERT (id, n) VALUES (bare.id, 1)",
		does:  "t ROW EXCLUSIVE, bare ACCESS SHARE; scans bare",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE name = 'x' AND n IN (1, 2)",
		does: "t ROW EXCLUSIVE",
		want: "CM182:w",
	},
	{
		sql:  "DELETE FROM t WHERE id = 7 OR n = 1",
		does: "t ROW EXCLUSIVE; scans t",
		want: "CM182:w",
	},
	{
		sql:  "DELETE FROM t WHERE id > 7",
		does: "t ROW EXCLUSIVE; scans t",
		want: "CM182:w",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE id IN (7, 8) AND n > 0",
		does: "t ROW EXCLUSIVE",
	},
	{
		sql:  none + "DO $$ BEGIN UPDATE t SET m = 0; COMMIT; END $$",
		want: "CM182:w",
	},
	{
		sql:  none + "DO $$ BEGIN LOOP UPDATE t SET m = 0 WHERE m IS NULL; EXIT WHEN NOT FOUND; COMMIT; END LOOP; END $$",
		does: "t ROW EXCLUSIVE; scans t",
	},
}
