package hazard_test

var cm132 = []testCase{
	{
		sql:  "ALTER TYPE mood ADD VALUE 'calm';\nALTER TABLE t ADD COLUMN c mood DEFAULT 'calm'",
		does: "fails",
		want: "CM132:e",
	},
	{
		sql: "ALTER TYPE mood ADD VALUE 'calm'",
	},
}
