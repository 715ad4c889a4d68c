package hazard_test

var cm131 = []testCase{
	{
		sql:  "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
		want: "CM131:e",
	},
	{
		sql: "ALTER TYPE mood ADD VALUE 'calm' BEFORE 'sad'",
	},
}
