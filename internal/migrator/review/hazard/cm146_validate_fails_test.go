package hazard_test

var cm146 = []testCase{
	{
		before: "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID",
		sql:    "ALTER TABLE t VALIDATE CONSTRAINT c",
		does:   "t SHARE UPDATE EXCLUSIVE; scans t",
		want:   "CM146:n",
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p NOT VALID",
		sql:    "ALTER TABLE t VALIDATE CONSTRAINT c",
		does:   "t SHARE UPDATE EXCLUSIVE, p ROW SHARE; scans p t",
		want:   "CM146:n",
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)",
		sql:    "ALTER TABLE t VALIDATE CONSTRAINT c",
		does:   "t SHARE UPDATE EXCLUSIVE",
	},
}
