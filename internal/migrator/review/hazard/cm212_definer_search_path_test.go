package hazard_test

var cm212 = []testCase{
	{
		sql:  "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM t'",
		does: "t ACCESS SHARE",
		want: "CM212:w",
	},
	{
		sql:  "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT count(*) FROM t'",
		does: "t ACCESS SHARE",
	},
	{
		sql: "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM t';\nALTER FUNCTION f() SET search_path = public, pg_temp",
	},
	{
		sql: "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT ' SECURITY DEFINER' $$",
	},
}
