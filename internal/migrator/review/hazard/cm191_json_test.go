package hazard_test

var cm191 = []testCase{
	{
		sql:  "CREATE TABLE a (id bigint PRIMARY KEY, data json)",
		want: "CM191:n",
	},
	{
		sql:  "CREATE TABLE a (id serial PRIMARY KEY, c char(3), d timestamp, e json)",
		want: "CM191:n CM192:n CM193:n CM194:n CM195:n",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, data jsonb)",
	},
}
