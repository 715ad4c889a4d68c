package hazard_test

var cm144 = []testCase{
	{
		before: "CREATE DOMAIN d AS int; ALTER TABLE t ADD COLUMN c d",
		sql:    "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)",
		does:   "t SHARE; scans t",
		want:   "CM144:w",
	},
	{
		before: "CREATE DOMAIN d AS int; ALTER TABLE t ADD COLUMN c d",
		sql:    "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID",
	},
	{
		before: "CREATE DOMAIN d AS int; ALTER TABLE t ADD COLUMN c d; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID",
		sql:    "ALTER DOMAIN d VALIDATE CONSTRAINT c",
		does:   "t SHARE; scans t",
		want:   "CM144:w",
	},
	{
		before: "CREATE DOMAIN d AS int; ALTER TABLE t ADD COLUMN c d",
		sql:    "ALTER DOMAIN d SET NOT NULL",
		does:   "t SHARE; scans t",
		want:   "CM144:w",
	},
}
