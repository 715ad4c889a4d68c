package hazard_test

var pg303 = []testCase{
	{
		sql:  "ALTER TABLE t ALTER COLUMN m SET NOT NULL",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF104:e PG303:e",
	},
	{
		sql:  "ALTER TABLE t ALTER m SET NOT NULL, ALTER note SET NOT NULL",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF104:e MF104:e PG303:e PG303:e",
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c CHECK (m IS NOT NULL)",
		sql:    "ALTER TABLE t ALTER COLUMN m SET NOT NULL",
		does:   "t ACCESS EXCLUSIVE",
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c CHECK (m IS NOT NULL) NOT VALID",
		sql:    "ALTER TABLE t ALTER COLUMN m SET NOT NULL",
		does:   "t ACCESS EXCLUSIVE; scans t",
		want:   "MF104:e PG303:e",
	},
	{
		sql:  "DO $$ BEGIN ALTER TABLE t ALTER m SET NOT NULL; ALTER TABLE t ADD COLUMN a int; END $$",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF104:e PG303:e",
	},
	{
		sql:   "ALTER TABLE t ADD CONSTRAINT c NOT NULL m NOT VALID",
		does:  "t ACCESS EXCLUSIVE",
		since: 18,
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c NOT NULL m NOT VALID",
		sql:    "ALTER TABLE t VALIDATE CONSTRAINT c",
		does:   "t SHARE UPDATE EXCLUSIVE; scans t",
		since:  18,
	},
}
