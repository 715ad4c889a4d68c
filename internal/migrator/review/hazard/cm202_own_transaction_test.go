package hazard_test

var cm202 = []testCase{
	{
		sql:  "BEGIN",
		want: "CM202:e",
	},
	{
		sql:  "COMMIT",
		want: "CM202:e",
	},
	{
		sql: "SAVEPOINT a;\nROLLBACK TO SAVEPOINT a",
	},
}
