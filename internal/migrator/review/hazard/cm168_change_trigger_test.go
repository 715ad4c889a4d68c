package hazard_test

var cm168 = []testCase{
	{
		sql:  "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		does: "t SHARE ROW EXCLUSIVE",
		want: "CM168:n",
	},
	{
		before: "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		sql:    "DROP TRIGGER g ON t",
		does:   "t ACCESS EXCLUSIVE",
		want:   "CM168:n",
	},
	{
		before: "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		sql:    "ALTER TABLE t DISABLE TRIGGER g",
		does:   "t SHARE ROW EXCLUSIVE",
		want:   "CM168:n",
	},
	{
		sql:  "COMMENT ON COLUMN t.n IS 'a number'",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "CREATE STATISTICS s ON n, m FROM t",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:   "GRANT SELECT ON t TO PUBLIC",
		want:  "CM211:w",
		until: 17,
	},
	{
		sql:   "GRANT SELECT ON t TO PUBLIC",
		does:  "t ACCESS SHARE",
		want:  "CM211:w",
		since: 18,
	},
}
