package hazard_test

var bc102 = []testCase{
	{
		sql:  "ALTER TABLE t RENAME COLUMN note TO remark",
		does: "t ACCESS EXCLUSIVE",
		want: "BC102:e",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, old int);\nALTER TABLE a RENAME COLUMN old TO new",
	},
}
