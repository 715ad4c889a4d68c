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
		before: "CREATE TYPE pair AS (a int, b text); ALTER TABLE t ADD COLUMN pair pair, ADD COLUMN pairs pair[]",
		sql:    "ALTER TYPE pair DROP ATTRIBUTE b, ADD ATTRIBUTE c int",
		want:   "DS103:e DS103:e",
	},
	{
		before: "CREATE TYPE pair AS (a int, b text)",
		sql:    "ALTER TYPE pair DROP ATTRIBUTE b",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, old int);\nALTER TABLE a DROP COLUMN old",
	},
}
