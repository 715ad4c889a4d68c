package hazard_test

var cm181 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nUPDATE t SET c = n",
		does: "scans t",
		want: "CM181:w CM182:w",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nINSERT INTO p VALUES (1, 'a')",
		does: "p ROW EXCLUSIVE",
	},
}
