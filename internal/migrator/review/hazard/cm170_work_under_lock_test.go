package hazard_test

var cm170 = []testCase{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nCREATE INDEX i ON bare (k)",
		does: "bare SHARE; scans bare",
		want: "CM170:e CM172:n PG101:w",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nCREATE INDEX i ON t (m)",
		does: "scans t",
		want: "CM170:e PG101:w",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE t ADD FOREIGN KEY (p_id) REFERENCES p",
		does: "p SHARE ROW EXCLUSIVE; scans p t",
		want: "CM170:e CM172:n PG306:w",
	},
	{
		sql:  "LOCK TABLE t IN SHARE MODE",
		does: "t SHARE",
		want: "CM173:w",
	},
}
