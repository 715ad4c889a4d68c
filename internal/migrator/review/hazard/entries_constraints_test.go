package hazard_test

// Constraints.
var constraintEntries = []entry{
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)",
		does: "t ACCESS EXCLUSIVE; scans t", codes: "PG305:e",
	},
	{
		sql:  "ALTER TABLE t ADD CHECK (n > 0)",
		does: "t ACCESS EXCLUSIVE; scans t", codes: "PG305:e",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql: "ALTER TABLE t VALIDATE CONSTRAINT c", setup: "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID",
		does: "t SHARE UPDATE EXCLUSIVE; scans t",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c",
		does: "scans t", codes: "CM141:e",
	},
	{
		sql: "ALTER TABLE t DROP CONSTRAINT c", setup: "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0)",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p",
		does: "p SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE; scans t", codes: "PG306:w",
	},
	{
		sql: "ALTER TABLE t ADD FOREIGN KEY (m) REFERENCES other (k)", setup: "CREATE TABLE other (k int PRIMARY KEY)",
		does: "other SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE; scans t", codes: "CM143:n PG306:w",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p NOT VALID",
		does: "p SHARE ROW EXCLUSIVE, t SHARE ROW EXCLUSIVE",
	},
	{
		sql: "ALTER TABLE t VALIDATE CONSTRAINT c", setup: "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p NOT VALID",
		does: "t SHARE UPDATE EXCLUSIVE, p ROW SHARE; scans t",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (p_id) REFERENCES p NOT VALID;\nALTER TABLE t VALIDATE CONSTRAINT c",
		does: "scans t", codes: "CM141:w",
	},
	{
		sql:  "ALTER TABLE u DROP CONSTRAINT u_t_id",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE", codes: "CD101:w",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c UNIQUE (m)",
		does: "t ACCESS EXCLUSIVE; scans t", codes: "MF101:e PG105:e",
	},
	{
		sql:  "ALTER TABLE t ADD UNIQUE (m, n) DEFERRABLE INITIALLY DEFERRED",
		does: "t ACCESS EXCLUSIVE; scans t", codes: "MF101:e PG105:e",
	},
	{
		sql: "ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i", setup: "CREATE UNIQUE INDEX i ON t (m)",
		does: "t ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE bare ADD PRIMARY KEY (id)",
		does: "bare ACCESS EXCLUSIVE; scans bare", codes: "PG104:e PG304:e",
	},
	{
		sql:  "ALTER TABLE bare ADD PRIMARY KEY (k)",
		does: "bare ACCESS EXCLUSIVE; scans bare", codes: "PG104:e",
	},
	{
		sql: "ALTER TABLE bare ADD PRIMARY KEY USING INDEX i", setup: "CREATE UNIQUE INDEX i ON bare (id)",
		does: "bare ACCESS EXCLUSIVE; scans bare", codes: "PG304:e",
	},
	{
		sql: "ALTER TABLE bare ADD PRIMARY KEY USING INDEX i", setup: "CREATE UNIQUE INDEX i ON bare (k)",
		does: "bare ACCESS EXCLUSIVE",
	},
	{
		sql:  "ALTER TABLE t ADD CONSTRAINT c EXCLUDE USING gist (box(point(n, n), point(n, n)) WITH &&)",
		does: "t ACCESS EXCLUSIVE; scans t", codes: "CM142:e",
	},
	{
		sql:  "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE",
		does: "t ACCESS EXCLUSIVE, u ACCESS EXCLUSIVE", codes: "CD101:w",
	},
	{
		sql: "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)", setup: "CREATE DOMAIN d AS int; ALTER TABLE t ADD COLUMN c d",
		does: "t SHARE; scans t", codes: "CM144:w",
	},
	{
		sql: "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID", setup: "CREATE DOMAIN d AS int; ALTER TABLE t ADD COLUMN c d",
	},
	{
		sql:   "ALTER DOMAIN d VALIDATE CONSTRAINT c",
		setup: "CREATE DOMAIN d AS int; ALTER TABLE t ADD COLUMN c d; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID",
		does:  "t SHARE; scans t", codes: "CM144:w",
	},
	{
		sql: "ALTER DOMAIN d SET NOT NULL", setup: "CREATE DOMAIN d AS int; ALTER TABLE t ADD COLUMN c d",
		does: "t SHARE; scans t", codes: "CM144:w",
	},
}

// Several actions of one statement.
var severalEntries = []entry{
	{
		sql:  "ALTER TABLE t ADD COLUMN c int, ADD CONSTRAINT k CHECK (n > 0), ALTER COLUMN m SET NOT NULL",
		does: "t ACCESS EXCLUSIVE; scans t", codes: "MF104:e PG303:e PG305:e",
	},
	{
		sql:  "ALTER TABLE t ADD COLUMN c uuid NOT NULL DEFAULT gen_random_uuid(), ADD CONSTRAINT k UNIQUE (m), ADD FOREIGN KEY (p_id) REFERENCES p",
		does: "t ACCESS EXCLUSIVE, p SHARE ROW EXCLUSIVE; rewrites t t_n t_name t_p_id t_pkey; scans t", codes: "MF101:e PG105:e PG302:e PG306:w",
	},
}
