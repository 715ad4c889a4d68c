package hazard_test

var cm151 = []testCase{
	{
		before: "CREATE VIEW v AS SELECT id FROM t; CREATE VIEW w AS SELECT id FROM v",
		sql:    "DROP VIEW v CASCADE",
		does:   "v ACCESS EXCLUSIVE, w ACCESS EXCLUSIVE",
		want:   "CM151:e CM151:e",
	},
	{
		before: "CREATE MATERIALIZED VIEW v AS SELECT id FROM t",
		sql:    "DROP MATERIALIZED VIEW v",
		does:   "v ACCESS EXCLUSIVE",
		want:   "CM151:e",
	},
	{
		before: "CREATE VIEW v AS SELECT note FROM t",
		sql:    "ALTER TABLE t DROP COLUMN note CASCADE",
		does:   "t ACCESS EXCLUSIVE, v ACCESS EXCLUSIVE",
		want:   "CM151:e DS103:e",
	},
	{
		before: "CREATE VIEW v AS SELECT id FROM t",
		sql:    "DROP VIEW v;\nCREATE VIEW v AS SELECT id, n FROM t",
		does:   "t ACCESS SHARE",
	},
	{
		sql: "CREATE VIEW v AS SELECT id FROM t;\nDROP VIEW v",
	},
}
