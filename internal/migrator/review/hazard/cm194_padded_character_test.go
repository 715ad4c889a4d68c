package hazard_test

var cm194 = []testCase{
	{
		sql:  "CREATE TABLE a (id bigint PRIMARY KEY, c char(3))",
		want: "CM194:n",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, c varchar(3))",
	},
}
