package hazard_test

var cm172 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE bare ADD COLUMN c int",
		does: "bare ACCESS EXCLUSIVE",
		want: "CM172:n",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE bare ADD COLUMN c int;\nALTER TABLE p ADD COLUMN c int",
		does: "p ACCESS EXCLUSIVE",
		want: "CM172:n",
	},
	{
		sql: "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE t ADD COLUMN d int",
	},
}
