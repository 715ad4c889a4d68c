package hazard_test

var cm197 = []testCase{
	{
		sql:  "CREATE TABLE a (n int, note text)",
		want: "CM197:n",
	},
	{
		sql:  "CREATE TABLE a (n int UNIQUE)",
		want: "CM197:n",
	},
	{
		sql: "CREATE TABLE a (n int NOT NULL UNIQUE)",
	},
	{
		sql: "CREATE TABLE a (n bigint);\nALTER TABLE a ADD PRIMARY KEY (n)",
	},
}
