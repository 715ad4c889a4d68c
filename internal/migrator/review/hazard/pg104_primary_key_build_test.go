package hazard_test

var pg104 = []testCase{
	{
		sql:  "ALTER TABLE bare ADD PRIMARY KEY (k)",
		does: "bare ACCESS EXCLUSIVE; scans bare",
		want: "PG104:e",
	},
	{
		sql:  "ALTER TABLE bare ADD COLUMN c bigserial PRIMARY KEY",
		does: "bare ACCESS EXCLUSIVE; rewrites bare; scans bare",
		want: "CM121:e CM195:n PG104:e",
	},
	{
		before: "CREATE UNIQUE INDEX i ON bare (k)",
		sql:    "ALTER TABLE bare ADD PRIMARY KEY USING INDEX i",
		does:   "bare ACCESS EXCLUSIVE",
	},
}
