package hazard_test

var cm161 = []testCase{
	{
		sql:  "DROP TABLE u",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE",
		want: "CM161:w DS102:e",
	},
	{
		sql:  "DROP TABLE t CASCADE",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE",
		want: "CD101:w CM161:w DS102:e",
	},
	{
		sql:  "DROP TABLE bare",
		does: "bare ACCESS EXCLUSIVE",
		want: "DS102:e",
	},
}
