package hazard_test

var mf104 = []testCase{
	{
		sql:  "ALTER TABLE t ALTER COLUMN note SET NOT NULL",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF104:e PG303:e",
	},
	{
		sql:  "UPDATE t SET m = 0 WHERE m IS NULL;\nALTER TABLE t ALTER COLUMN m SET NOT NULL",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "CM182:w PG303:e",
	},
}
