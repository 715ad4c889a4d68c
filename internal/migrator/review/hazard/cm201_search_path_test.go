package hazard_test

var cm201 = []testCase{
	{
		sql:  "SET search_path TO public",
		want: "CM201:w",
	},
	{
		sql:  "SET search_path = '';\nCREATE INDEX i ON public.t (m)",
		does: "t SHARE; scans t",
		want: "CM201:w PG101:w",
	},
	{
		sql:  "SELECT set_config('search_path', 'public', false)",
		want: "CM201:w",
	},
	{
		sql: "SET timezone = 'UTC'",
	},
}
