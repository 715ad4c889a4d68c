package hazard_test

var cm106 = []testCase{
	{
		before: "CREATE UNIQUE INDEX p_code ON p (code)",
		sql:    none + "DROP INDEX CONCURRENTLY p_code",
		does:   "p SHARE UPDATE EXCLUSIVE",
		want:   "CM106:w",
	},
	{
		before: "ALTER TABLE p ADD CONSTRAINT one UNIQUE (code)",
		sql:    "ALTER TABLE p DROP CONSTRAINT one",
		does:   "p ACCESS EXCLUSIVE",
		want:   "CM106:w",
	},
	{
		before: "CREATE UNIQUE INDEX p_code ON p (code); CREATE UNIQUE INDEX p_code_2 ON p (code)",
		sql:    none + "DROP INDEX CONCURRENTLY p_code",
		does:   "p SHARE UPDATE EXCLUSIVE",
	},
	{
		before: "ALTER TABLE p ADD CONSTRAINT one UNIQUE (code)",
		sql:    "ALTER TABLE p DROP COLUMN code",
		does:   "p ACCESS EXCLUSIVE",
		want:   "DS103:e",
	},
	{
		sql:  none + "DROP INDEX CONCURRENTLY t_n",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
}
