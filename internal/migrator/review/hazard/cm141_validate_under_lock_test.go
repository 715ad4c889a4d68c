package hazard_test

var cm141 = []testCase{
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c",
		does: "scans t",
		want: "CM141:e CM146:n",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c",
		does: "scans p t",
		want: "CM141:w CM146:n",
	},
	{
		before: "ALTER TABLE u ADD CONSTRAINT c CHECK (id > 0) NOT VALID",
		sql:    "ALTER TABLE t ADD COLUMN a int;\nDO $$ BEGIN ALTER TABLE u VALIDATE CONSTRAINT c; END $$",
		does:   "u SHARE UPDATE EXCLUSIVE; scans u",
		want:   "CM141:e CM146:n",
	},
	{
		before: "ALTER TABLE u ADD CONSTRAINT c CHECK (id > 0) NOT VALID",
		sql:    "ALTER TABLE u VALIDATE CONSTRAINT c",
		does:   "u SHARE UPDATE EXCLUSIVE; scans u",
		want:   "CM146:n",
	},
}
