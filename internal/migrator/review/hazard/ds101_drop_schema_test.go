package hazard_test

var ds101 = []testCase{
	{
		before: "CREATE SCHEMA s; CREATE TABLE s.a (id int)",
		sql:    "DROP SCHEMA s CASCADE",
		does:   "s.a ACCESS EXCLUSIVE",
		want:   "DS101:e",
	},
	{
		sql: "CREATE SCHEMA s",
	},
}
