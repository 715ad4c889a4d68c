package hazard_test

const deferred = "ALTER TABLE u ALTER CONSTRAINT u_t_id DEFERRABLE INITIALLY DEFERRED"

var cm183 = []testCase{
	{
		before: deferred,
		sql:    "UPDATE u SET t_id = 2 WHERE id = 1;\nALTER TABLE u ADD COLUMN note text",
		does:   "u ACCESS EXCLUSIVE",
		want:   "CM183:e",
	},
	{
		before: deferred,
		sql:    "UPDATE u SET t_id = 2 WHERE id = 1;\nALTER TABLE u ADD COLUMN r uuid NOT NULL DEFAULT gen_random_uuid()",
		does:   "u ACCESS EXCLUSIVE; rewrites u u_pkey u_t_id; scans u",
		want:   "CM183:e PG302:e",
	},
	{
		before: deferred,
		sql:    "UPDATE u SET t_id = 2 WHERE id = 1;\nSET CONSTRAINTS ALL IMMEDIATE;\nALTER TABLE u ADD COLUMN note text",
		does:   "u ACCESS EXCLUSIVE",
	},
	{
		before: deferred,
		sql:    "TRUNCATE u;\nALTER TABLE u ADD COLUMN note text",
		want:   "CM164:e",
	},
	{
		sql:  "UPDATE u SET t_id = 2 WHERE id = 1;\nALTER TABLE u ADD COLUMN note text",
		does: "u ACCESS EXCLUSIVE",
	},
}
