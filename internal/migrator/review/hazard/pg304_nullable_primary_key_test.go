package hazard_test

var pg304 = []testCase{
	{
		sql:  "ALTER TABLE bare ADD PRIMARY KEY (id)",
		does: "bare ACCESS EXCLUSIVE; scans bare",
		want: "PG104:e PG304:e",
	},
	{
		before: "CREATE UNIQUE INDEX i ON bare (id)",
		sql:    "ALTER TABLE bare ADD PRIMARY KEY USING INDEX i",
		does:   "bare ACCESS EXCLUSIVE; scans bare",
		want:   "PG304:e",
	},
	{
		sql:  "ALTER TABLE bare ADD PRIMARY KEY (k)",
		does: "bare ACCESS EXCLUSIVE; scans bare",
		want: "PG104:e",
	},
}
