package hazard_test

var cm143 = []testCase{
	{
		before: "CREATE TABLE other (k int PRIMARY KEY)",
		sql:    "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (m) REFERENCES other (k) NOT VALID",
		does:   "other SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE",
		want:   "CM143:n",
	},
	{
		before: "CREATE TABLE other (k int PRIMARY KEY)",
		sql:    "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (n) REFERENCES other (k) NOT VALID",
		does:   "other SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE",
	},
}
