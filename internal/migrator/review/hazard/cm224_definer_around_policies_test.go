package hazard_test

var cm224 = []testCase{
	{
		before: tenants,
		sql:    "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT count(*) FROM a'",
		does:   "a ACCESS SHARE",
		want:   "CM224:w",
	},
	{
		before: tenants + "ALTER TABLE a NO FORCE ROW LEVEL SECURITY",
		sql:    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS 'BEGIN UPDATE a SET n = 1; END'",
		want:   "CM224:e",
	},
	{
		before: tenants,
		sql:    "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a'",
		does:   "a ACCESS SHARE",
	},
	{
		before: tenants,
		sql:    "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT count(*) FROM t'",
		does:   "t ACCESS SHARE",
	},
}
