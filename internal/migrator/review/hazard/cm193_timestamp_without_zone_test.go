package hazard_test

var cm193 = []testCase{
	{
		sql:  "CREATE TABLE a (id bigint PRIMARY KEY, at timestamp)",
		want: "CM193:n",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, at timestamptz)",
	},
}
