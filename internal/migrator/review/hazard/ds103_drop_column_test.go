package hazard_test

var ds103 = []testCase{
	{
		sql:  "ALTER TABLE t DROP COLUMN m",
		does: "t ACCESS EXCLUSIVE",
		want: "DS103:e",
	},
	{
		sql:  "ALTER TABLE t DROP COLUMN n",
		does: "t ACCESS EXCLUSIVE",
		want: "DS103:e",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, old int);\nALTER TABLE a DROP COLUMN old",
	},
}
