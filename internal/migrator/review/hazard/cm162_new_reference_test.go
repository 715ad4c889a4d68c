package hazard_test

var cm162 = []testCase{
	{
		sql:  "CREATE TABLE a (id bigint PRIMARY KEY, t_id bigint REFERENCES t)",
		does: "t SHARE ROW EXCLUSIVE",
		want: "CM143:n CM162:n",
	},
	{
		sql:  "CREATE TABLE a (id bigint PRIMARY KEY, t_id bigint REFERENCES t);\nCREATE INDEX ON a (t_id)",
		want: "CM162:n",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY);\nCREATE TABLE b (id bigint PRIMARY KEY REFERENCES a)",
	},
}
