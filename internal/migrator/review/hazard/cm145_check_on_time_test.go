package hazard_test

var cm145 = []testCase{
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c CHECK (at <= current_date) NOT VALID",
		does: "t ACCESS EXCLUSIVE",
		want: "CM145:w",
	},
	{
		sql:  "CREATE TABLE a (id bigint PRIMARY KEY, at timestamptz CHECK (at < now()))",
		want: "CM145:w",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c CHECK (at > '2020-01-01 00:00+00') NOT VALID",
		does: "t ACCESS EXCLUSIVE",
	},
}
