package hazard_test

var pg306 = []testCase{
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p",
		does: "p SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE; scans p t",
		want: "PG306:w",
	},
	{
		before: "CREATE TABLE other (k int PRIMARY KEY)",
		sql:    "ALTER TABLE t ADD FOREIGN KEY (m) REFERENCES other (k)",
		does:   "other SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE; scans other t",
		want:   "CM143:n PG306:w",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p NOT VALID",
		does: "p SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE",
	},
	{
		before: "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p NOT VALID",
		sql:    "ALTER TABLE t VALIDATE CONSTRAINT c",
		does:   "t SHARE UPDATE EXCLUSIVE, p ROW SHARE; scans p t",
		want:   "CM146:n",
	},
	{
		sql:  "DO $do$ BEGIN\n\tALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p;\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND $do$ LANGUAGE plpgsql",
		does: "p SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE; scans t",
		want: "PG306:w",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c bigint DEFAULT 1 REFERENCES p",
		does: "t ACCESS EXCLUSIVE, p SHARE ROW EXCLUSIVE; scans p t",
		want: "CM143:n PG306:w",
	},
	{
		before: partitioned + "ALTER TABLE bare ADD UNIQUE (k); CREATE INDEX ON log (n)",
		sql:    "ALTER TABLE log ADD CONSTRAINT c FOREIGN KEY (n) REFERENCES bare (k)",
		does:   "bare SHARE ROW EXCLUSIVE, log SHARE ROW EXCLUSIVE, log_1 SHARE ROW EXCLUSIVE, log_2 SHARE ROW EXCLUSIVE; scans bare log_1 log_2",
		want:   "PG306:w",
	},
}
