package hazard_test

var cm124 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c bigint REFERENCES p",
		does: "t ACCESS EXCLUSIVE, p SHARE ROW EXCLUSIVE",
		want: "CM124:n CM143:n",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c bigint",
		does: "t ACCESS EXCLUSIVE",
	},
}
