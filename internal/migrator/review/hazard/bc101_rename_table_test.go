package hazard_test

var bc101 = []testCase{
	{
		sql:  "ALTER TABLE t RENAME TO things",
		does: "t ACCESS EXCLUSIVE",
		want: "BC101:e",
	},
	{
		before: "CREATE SCHEMA s",
		sql:    "ALTER TABLE u SET SCHEMA s",
		does:   "u ACCESS EXCLUSIVE",
		want:   "BC101:e",
	},
	{
		sql:  "ALTER TABLE bare RENAME TO things;\nALTER TABLE things RENAME COLUMN k TO key;\nCREATE VIEW bare AS SELECT id, key AS k FROM things",
		want: "BC101:n",
	},
	{
		sql:  "ALTER TABLE u RENAME CONSTRAINT u_t_id TO u_t",
		does: "u ACCESS EXCLUSIVE",
	},
}
