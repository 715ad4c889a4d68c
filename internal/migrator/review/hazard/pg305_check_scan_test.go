package hazard_test

var pg305 = []testCase{
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "PG305:e",
	},
	{
		sql:  "ALTER TABLE t ADD CHECK (n > 0)",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "PG305:e",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID",
		sql:    "ALTER TABLE t VALIDATE CONSTRAINT c",
		does:   "t SHARE UPDATE EXCLUSIVE; scans t",
		want:   "CM146:n",
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)",
		sql:    "ALTER TABLE t DROP CONSTRAINT c",
		does:   "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "DO $$ BEGIN\n\tIF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'c') THEN\n\t\tALTER TABLE t ADD CONSTRAINT c CHECK (n > 0);\n\tEND IF;\nEND $$",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "PG305:e",
	},
	{
		before: partitioned,
		sql:    "ALTER TABLE log ADD CONSTRAINT c CHECK (n > 0)",
		does:   "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE, log_2 ACCESS EXCLUSIVE; scans log_1 log_2",
		want:   "PG305:e",
	},
	{
		before: partitioned,
		sql:    "ALTER TABLE log ADD CONSTRAINT c CHECK (n > 0) NOT VALID",
		does:   "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE, log_2 ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int, ADD CONSTRAINT k CHECK (n > 0), ALTER COLUMN m SET NOT NULL",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "MF104:e PG303:e PG305:e",
	},
}
