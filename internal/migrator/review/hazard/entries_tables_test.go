package hazard_test

// Tables.
var tableEntries = []entry{
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, n int)",
	},
	{
		sql: "CREATE TABLE a (id bigint PRIMARY KEY, n int);\nCREATE INDEX ON a (n);\nALTER TABLE a ALTER COLUMN n SET NOT NULL",
	},
	{
		sql:  "CREATE TABLE a (id bigint PRIMARY KEY, t_id bigint REFERENCES t)",
		does: "t SHARE ROW EXCLUSIVE", codes: "CM143:n CM162:n",
	},
	{
		sql:   "CREATE TABLE a (id bigint PRIMARY KEY, t_id bigint REFERENCES t);\nCREATE INDEX ON a (t_id)",
		codes: "CM162:n",
	},
	{
		sql:  "DROP TABLE bare",
		does: "bare ACCESS EXCLUSIVE", codes: "DS102:e",
	},
	{
		sql:  "DROP TABLE u",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE", codes: "CM161:w DS102:e",
	},
	{
		sql:  "DROP TABLE t CASCADE",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE", codes: "CD101:w CM161:w DS102:e",
	},
	{
		sql: "CREATE TABLE a (id int);\nDROP TABLE a",
	},
	{
		sql:  "ALTER TABLE t RENAME TO things",
		does: "t ACCESS EXCLUSIVE", codes: "BC101:e",
	},
	{
		sql: "ALTER TABLE u SET SCHEMA s", setup: "CREATE SCHEMA s",
		does: "u ACCESS EXCLUSIVE", codes: "BC101:e",
	},
	{
		sql: "DROP SCHEMA s CASCADE", setup: "CREATE SCHEMA s; CREATE TABLE s.a (id int)",
		does: "s.a ACCESS EXCLUSIVE", codes: "DS101:e",
	},
	{
		sql:  "TRUNCATE bare",
		does: "bare ACCESS EXCLUSIVE; rewrites bare", codes: "CM164:e",
	},
	{
		sql:  "TRUNCATE t CASCADE",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey u u_pkey u_t_id; scans t u", codes: "CM164:e CM164:e",
	},
	{
		sql:  "ALTER TABLE bare SET UNLOGGED",
		does: "bare ACCESS EXCLUSIVE; rewrites bare; scans bare", codes: "CM163:e",
	},
	{
		sql:  "ALTER TABLE t SET (fillfactor = 70)",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "CLUSTER t USING t_n",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t", codes: "CM163:e",
	},
	{
		sql:  none + "VACUUM FULL t",
		does: "t ACCESS EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t", codes: "CM163:e",
	},
	{
		sql:  none + "VACUUM t",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "ANALYZE t",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "VACUUM t",
		does: "fails", codes: "PG103:e",
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
		sql: "GRANT SELECT ON t TO PUBLIC", until: 17,
	},
	{
		sql: "GRANT SELECT ON t TO PUBLIC", since: 18,
		does: "t ACCESS SHARE",
	},
	{
		sql:  "LOCK TABLE t IN SHARE MODE",
		does: "t SHARE",
	},
}

// Partitions.
var partitionEntries = []entry{
	{
		sql: "CREATE TABLE log_4 PARTITION OF log FOR VALUES FROM ('2026-04-01') TO ('2026-05-01')", setup: partitioned,
		does: "log ACCESS EXCLUSIVE", codes: "CM160:w",
	},
	{
		sql: "ALTER TABLE log ADD CONSTRAINT c CHECK (n > 0)", setup: partitioned,
		does: "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE, log_2 ACCESS EXCLUSIVE; scans log_1 log_2", codes: "PG305:e",
	},
	{
		sql: "ALTER TABLE log ADD CONSTRAINT c CHECK (n > 0) NOT VALID", setup: partitioned,
		does: "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE, log_2 ACCESS EXCLUSIVE",
	},
	{
		sql: "ALTER TABLE log ADD CONSTRAINT c FOREIGN KEY (n) REFERENCES bare (k)", setup: partitioned + "ALTER TABLE bare ADD UNIQUE (k); CREATE INDEX ON log (n)",
		does: "bare SHARE ROW EXCLUSIVE, log SHARE ROW EXCLUSIVE, log_1 SHARE ROW EXCLUSIVE, log_2 SHARE ROW EXCLUSIVE; scans log_1 log_2", codes: "PG306:w",
	},
	{
		sql: "ALTER TABLE log DETACH PARTITION log_1 -- for good", setup: partitioned,
		does: "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE", codes: "CM166:w",
	},
	{
		sql: "ALTER TABLE log ATTACH PARTITION log_3 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')", setup: partitioned,
		does: "log_3 ACCESS EXCLUSIVE, log SHARE UPDATE EXCLUSIVE; scans log_3", codes: "CM165:e",
	},
	{
		sql:   "ALTER TABLE log ATTACH PARTITION log_3 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')",
		setup: partitioned + "ALTER TABLE log_3 ADD CHECK (day >= '2026-03-01' AND day < '2026-04-01')",
		does:  "log_3 ACCESS EXCLUSIVE, log SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:   "ALTER TABLE log ATTACH PARTITION log_3 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')",
		setup: partitioned + "CREATE TABLE log_rest PARTITION OF log DEFAULT",
		does:  "log_3 ACCESS EXCLUSIVE, log_rest ACCESS EXCLUSIVE, log SHARE UPDATE EXCLUSIVE; scans log_3 log_rest", codes: "CM165:e CM165:e",
	},
	{
		sql:   "CREATE TABLE log_4 PARTITION OF log FOR VALUES FROM ('2026-04-01') TO ('2026-05-01')",
		setup: partitioned + "CREATE TABLE log_rest PARTITION OF log DEFAULT",
		does:  "log ACCESS EXCLUSIVE, log_rest ACCESS EXCLUSIVE; scans log_rest", codes: "CM160:e",
	},
	{
		sql: "ALTER TABLE log DETACH PARTITION log_1", setup: partitioned,
		does: "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE", codes: "CM166:w",
	},
	{
		sql: none + "ALTER TABLE log DETACH PARTITION log_1 CONCURRENTLY", setup: partitioned,
		does: "log_1 ACCESS EXCLUSIVE, log SHARE UPDATE EXCLUSIVE",
	},
	{
		sql: "ALTER TABLE log DETACH PARTITION log_1", setup: partitioned + "CREATE TABLE log_rest PARTITION OF log DEFAULT",
		does: "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE, log_rest ACCESS EXCLUSIVE", codes: "CM166:w",
	},
	{
		sql: "ALTER TABLE log ADD COLUMN c int", setup: partitioned,
		does: "log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE, log_2 ACCESS EXCLUSIVE",
	},
}

// Views, triggers, policies, types.
var objectEntries = []entry{
	{
		sql:  "CREATE VIEW v AS SELECT id FROM t",
		does: "t ACCESS SHARE",
	},
	{
		sql: "REFRESH MATERIALIZED VIEW v", setup: "CREATE MATERIALIZED VIEW v AS SELECT id FROM t",
		does: "v ACCESS EXCLUSIVE, t ACCESS SHARE; rewrites v; scans t", codes: "CM167:e",
	},
	{
		sql: "REFRESH MATERIALIZED VIEW v", setup: "CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE UNIQUE INDEX ON v (id)",
		does: "v ACCESS EXCLUSIVE, t ACCESS SHARE; rewrites v v_id_idx; scans t v", codes: "CM167:e",
	},
	{
		sql: "REFRESH MATERIALIZED VIEW CONCURRENTLY v", setup: "CREATE MATERIALIZED VIEW v AS SELECT id FROM t; CREATE UNIQUE INDEX ON v (id)",
		does: "v EXCLUSIVE, t ACCESS SHARE; scans t v",
	},
	{
		sql:  "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		does: "t SHARE ROW EXCLUSIVE", codes: "CM168:n",
	},
	{
		sql: "DROP TRIGGER g ON t", setup: "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		does: "t ACCESS EXCLUSIVE", codes: "CM168:n",
	},
	{
		sql: "ALTER TABLE t DISABLE TRIGGER g", setup: "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		does: "t SHARE ROW EXCLUSIVE", codes: "CM168:n",
	},
	{
		sql:  "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
		does: "t ACCESS EXCLUSIVE", codes: "CM169:w",
	},
	{
		sql:   "ALTER TABLE t ENABLE ROW LEVEL SECURITY;\nCREATE POLICY o ON t USING (n > 0)",
		codes: "CM169:w",
	},
	{
		sql: "ALTER TABLE t DISABLE ROW LEVEL SECURITY", setup: "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
		does: "t ACCESS EXCLUSIVE", codes: "CM169:w",
	},
	{
		sql: "ALTER TYPE mood ADD VALUE 'calm'",
	},
	{
		sql:   "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
		codes: "CM131:e",
	},
	{
		sql:  "ALTER TYPE mood ADD VALUE 'calm';\nALTER TABLE t ADD COLUMN c mood DEFAULT 'calm'",
		does: "fails", codes: "CM132:e",
	},
}
