package hazard_test

var cm164 = []testCase{
	{
		sql:  "TRUNCATE bare",
		does: "bare ACCESS EXCLUSIVE",
		want: "CM164:e",
	},
	{
		sql:  "TRUNCATE t CASCADE",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE",
		want: "CM164:e CM164:e",
	},
	{
		sql:  "DO $$ BEGIN TRUNCATE bare; END $$",
		does: "bare ACCESS EXCLUSIVE; rewrites bare",
		want: "CM164:e",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY);\nTRUNCATE a",
	},
	{
		sql:  "TRUNCATE t CASCADE;\nCREATE INDEX ON t (m);\nALTER TABLE t ALTER COLUMN m SET NOT NULL, ADD COLUMN r uuid NOT NULL DEFAULT gen_random_uuid();\nALTER TABLE u ADD UNIQUE (t_id);\nALTER TABLE t ADD COLUMN c int NOT NULL",
		does: "scans t",
		want: "CM164:e CM164:e",
	},
	{
		sql:  "TRUNCATE bare;\nINSERT INTO bare SELECT id, n FROM t;\nCREATE INDEX ON bare (k)",
		does: "scans bare",
		want: "CM164:e CM170:e PG101:w",
	},
}
