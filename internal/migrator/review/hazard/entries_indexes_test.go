package hazard_test

// partitioned is a table with two partitions and one beside it.
const partitioned = `CREATE TABLE log (day date NOT NULL, n int) PARTITION BY RANGE (day);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE log_3 (day date NOT NULL, n int);`

// Indexes.
var indexEntries = []entry{
	{
		sql:  "CREATE INDEX i ON t (m)",
		does: "t SHARE; scans t", codes: "PG101:w",
	},
	{
		sql:  "CREATE INDEX ON t (lower(note)) WHERE n > 0",
		does: "t SHARE; scans t", codes: "PG101:w",
	},
	{
		sql:  "CREATE UNIQUE INDEX i ON t (m)",
		does: "t SHARE; scans t", codes: "MF101:e PG101:w",
	},
	{
		sql:  "CREATE INDEX IF NOT EXISTS i ON t (m)",
		does: "t SHARE; scans t", codes: "PG101:w",
	},
	{
		sql:  none + "CREATE INDEX CONCURRENTLY i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
	},
	{
		sql:  none + "CREATE UNIQUE INDEX CONCURRENTLY i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t", codes: "MF101:n",
	},
	{
		sql:  none + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t", codes: "CM101:w",
	},
	{
		sql:  none + "SET lock_timeout = '2s';\nCREATE INDEX CONCURRENTLY i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t", codes: "CM102:w",
	},
	{
		sql:  none + "SET lock_timeout = 0;\nCREATE INDEX CONCURRENTLY i ON t (m)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
	},
	{
		sql:  none + "CREATE INDEX CONCURRENTLY i ON t (m);\nCREATE INDEX CONCURRENTLY j ON t (note)",
		does: "t SHARE UPDATE EXCLUSIVE; scans t", codes: "CM103:n",
	},
	{
		sql:  "CREATE INDEX CONCURRENTLY i ON t (m)",
		does: "fails", codes: "PG103:e",
	},
	{
		sql:  "DROP INDEX t_n",
		does: "t ACCESS EXCLUSIVE", codes: "PG102:w",
	},
	{
		sql:  "DROP INDEX IF EXISTS t_n, t_name",
		does: "t ACCESS EXCLUSIVE", codes: "PG102:w PG102:w",
	},
	{
		sql:  none + "DROP INDEX CONCURRENTLY t_n",
		does: "t SHARE UPDATE EXCLUSIVE",
	},
	{
		sql:  "DROP INDEX CONCURRENTLY t_n",
		does: "fails", codes: "PG103:e",
	},
	{
		sql: "ALTER INDEX t_n RENAME TO t_number",
	},
	{
		sql:  "REINDEX INDEX t_n",
		does: "t SHARE; rewrites t_n; scans t", codes: "CM104:w",
	},
	{
		sql:  "REINDEX TABLE t",
		does: "t SHARE; rewrites t_n t_name t_p_id t_pkey; scans t", codes: "CM104:w",
	},
	{
		sql:  "REINDEX (VERBOSE) TABLE t",
		does: "t SHARE; rewrites t_n t_name t_p_id t_pkey; scans t", codes: "CM104:w",
	},
	{
		sql:  none + "REINDEX TABLE CONCURRENTLY t",
		does: "t SHARE UPDATE EXCLUSIVE; rewrites t_n t_name t_p_id t_pkey; scans t",
	},
	{
		sql:  none + "REINDEX INDEX CONCURRENTLY t_n",
		does: "t SHARE UPDATE EXCLUSIVE; rewrites t_n; scans t",
	},
	{
		sql: "CREATE INDEX i ON log (n)", setup: partitioned,
		does: "log SHARE, log_1 SHARE, log_2 SHARE; scans log_1 log_2", codes: "CM105:w",
	},
	{
		sql: "CREATE INDEX i ON ONLY log (n)", setup: partitioned,
		does: "log SHARE",
	},
	{
		sql: none + "CREATE INDEX CONCURRENTLY i ON log_1 (n)", setup: partitioned,
		does: "log_1 SHARE UPDATE EXCLUSIVE; scans log_1",
	},
}
