package hazard_test

var cm192 = []testCase{
	{
		sql:  "CREATE TABLE a (id int PRIMARY KEY)",
		want: "CM192:n",
	},
	{
		sql:  "CREATE TABLE a (id smallint PRIMARY KEY, d timestamp(3), e timestamptz, f varchar(3))",
		want: "CM192:n CM193:n",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, n int)",
	},
}
