package hazard_test

var cm142 = []testCase{
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c EXCLUDE USING gist (box(point(n, n), point(n, n)) WITH &&)",
		does: "t ACCESS EXCLUSIVE; scans t",
		want: "CM142:e",
	},
	{
		sql:  "CREATE TABLE a (n int, EXCLUDE USING gist (box(point(n, n), point(n, n)) WITH &&))",
		want: "CM197:n",
	},
}
