package catalog

import (
	"strings"

	"commitment/internal/sqltoken"
)

// propertiesOf is the query for some kinds, or for all. PostgreSQL leaves out the branches
// of the others. Without a parameter a session plans it once.
func propertiesOf(kinds []Kind) string {
	if len(kinds) == 0 {
		return properties + inOrder
	}
	chosen := make([]string, len(kinds))
	for i, kind := range kinds {
		chosen[i] = sqltoken.Literal(string(kind))
	}
	return properties + " WHERE kind IN (" + strings.Join(chosen, ", ") + ")" + inOrder
}

// properties has a branch for each kind of property: kind, table, name, and the
// statements.
const properties = `WITH relations AS (
		SELECT c.oid, c.relkind, c.relname::text AS relname, quote_ident(c.relname) AS quoted, c.relowner, c.relacl, c.reloptions, c.reltoastrelid, c.relpersistence,
			c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relpartbound,
			CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END AS word
		FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'i', 'I', 'c') AND ` + ours + `
	), members AS (
		SELECT a.*, r.relname, r.relkind, r.word, r.quoted, r.relowner, quote_ident(a.attname) AS member, t.typstorage,
			CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS owner
		FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'p', 'v', 'm', 'c')
	), routines AS (
		SELECT p.oid, p.proowner, p.proacl, CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END AS word,
			quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS quoted
		FROM pg_proc p WHERE p.pronamespace = ` + here + ` AND p.oid >= ` + made + ` AND p.oid NOT IN (` + extended + `'pg_proc'::regclass) AND NOT ` + ofType + `
	), types AS (
		SELECT t.oid, t.typtype, t.typowner, t.typacl, t.typdefault, t.typnotnull, quote_ident(t.typname) AS quoted,
			CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END AS word
		FROM pg_type t WHERE t.typnamespace = ` + here + ` AND t.oid >= ` + made + ` AND (t.typtype IN ('e', 'd', 'r')
			OR t.typtype = 'c' AND (SELECT relkind FROM pg_class WHERE oid = t.typrelid) = 'c')
		AND t.oid NOT IN (` + extended + `'pg_type'::regclass)
	)` + "SELECT kind, owner, name, set, reset, change FROM (" +
	storage + " UNION ALL " + partitioning + " UNION ALL " + columnOptions + " UNION ALL " + indexOptions + " UNION ALL " + sequenceOptions + " UNION ALL " +
	typeAttributes + " UNION ALL " + definitions + " UNION ALL " + comments + " UNION ALL " + privileges +
	`) AS every (kind, owner, name, set, reset, change)`

const inOrder = ` ORDER BY kind COLLATE "C", owner COLLATE "C", name COLLATE "C"`

// option writes one parameter of reloptions or attoptions, o, as SET takes it.
const option = `split_part(o, '=', 1) || '=' || CASE WHEN substr(o, strpos(o, '=') + 1) ~ '^[a-zA-Z0-9_.]+$' THEN substr(o, strpos(o, '=') + 1) ELSE quote_literal(substr(o, strpos(o, '=') + 1)) END`

// storage are the properties of relations as a whole.
const storage = `SELECT 'option', r.relname, 'CLUSTER of ' || r.quoted, 'ALTER ' || r.word || ' ' || r.quoted || ' CLUSTER ON ' || x.quoted,
		'ALTER ' || r.word || ' ' || r.quoted || ' SET WITHOUT CLUSTER', ''
	FROM relations r JOIN pg_index i ON i.indrelid = r.oid AND i.indisclustered JOIN relations x ON x.oid = i.indexrelid
	UNION ALL
	SELECT 'option', r.relname, 'type of ' || r.quoted, 'ALTER TABLE ' || r.quoted || ' OF ' || c.reloftype::regtype, 'ALTER TABLE ' || r.quoted || ' NOT OF', ''
	FROM relations r JOIN pg_class c ON c.oid = r.oid WHERE c.reloftype <> 0
	UNION ALL
	SELECT 'option', r.relname, split_part(o, '=', 1) || ' of ' || r.word || ' ' || r.quoted,
		'ALTER ' || r.word || ' ' || r.quoted || ' SET (' || ` + option + ` || ')',
		'ALTER ' || r.word || ' ' || r.quoted || ' RESET (' || split_part(o, '=', 1) || ')', ''
	FROM relations r, unnest(r.reloptions) o
	UNION ALL
	SELECT 'option', r.relname, 'toast.' || split_part(o, '=', 1) || ' of ' || r.quoted,
		'ALTER TABLE ' || r.quoted || ' SET (toast.' || ` + option + ` || ')',
		'ALTER TABLE ' || r.quoted || ' RESET (toast.' || split_part(o, '=', 1) || ')', ''
	FROM relations r JOIN pg_class t ON t.oid = r.reltoastrelid, unnest(t.reloptions) o
	UNION ALL
	SELECT 'option', r.relname, 'UNLOGGED of ' || r.quoted, 'ALTER TABLE ' || r.quoted || ' SET UNLOGGED', 'ALTER TABLE ' || r.quoted || ' SET LOGGED', ''
	FROM relations r WHERE r.relkind = 'r' AND r.relpersistence = 'u'
	UNION ALL
	SELECT 'option', r.relname, 'ROW LEVEL SECURITY of ' || r.quoted, 'ALTER TABLE ' || r.quoted || ' ENABLE ROW LEVEL SECURITY', 'ALTER TABLE ' || r.quoted || ' DISABLE ROW LEVEL SECURITY', ''
	FROM relations r WHERE r.relrowsecurity
	UNION ALL
	SELECT 'option', r.relname, 'FORCE ROW LEVEL SECURITY of ' || r.quoted, 'ALTER TABLE ' || r.quoted || ' FORCE ROW LEVEL SECURITY', 'ALTER TABLE ' || r.quoted || ' NO FORCE ROW LEVEL SECURITY', ''
	FROM relations r WHERE r.relforcerowsecurity
	UNION ALL
	SELECT 'option', r.relname, 'REPLICA IDENTITY of ' || r.quoted, 'ALTER TABLE ' || r.quoted || ' REPLICA IDENTITY ' || CASE r.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
			ELSE 'USING INDEX ' || (SELECT quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = r.oid AND i.indisreplident) END,
		'ALTER TABLE ' || r.quoted || ' REPLICA IDENTITY DEFAULT', ''
	FROM relations r WHERE r.relkind IN ('r', 'p') AND r.relreplident NOT IN ('d') AND (r.relreplident <> 'i' OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.oid AND i.indisreplident))`

// partitioning are the parents of tables. Another bound needs the table detached first.
const partitioning = `SELECT 'partition', r.relname, r.quoted || ' of ' || i.inhparent::regclass, s.attach, s.detach,
		CASE WHEN r.relispartition THEN s.detach || chr(1) || s.attach ELSE '' END
	FROM relations r JOIN pg_inherits i ON i.inhrelid = r.oid, LATERAL (SELECT
		CASE WHEN r.relispartition THEN 'ALTER TABLE ' || i.inhparent::regclass || ' ATTACH PARTITION ' || r.quoted || ' ' || pg_get_expr(r.relpartbound, r.oid)
			ELSE 'ALTER TABLE ' || r.quoted || ' INHERIT ' || i.inhparent::regclass END AS attach,
		CASE WHEN r.relispartition THEN 'ALTER TABLE ' || i.inhparent::regclass || ' DETACH PARTITION ' || r.quoted
			ELSE 'ALTER TABLE ' || r.quoted || ' NO INHERIT ' || i.inhparent::regclass END AS detach) s
	WHERE r.relkind IN ('r', 'p')`

const columnOptions = `SELECT 'option', m.relname, s.name || ' of COLUMN ' || m.quoted || '.' || m.member,
		'ALTER ' || m.owner || ' ' || m.quoted || ' ALTER COLUMN ' || m.member || ' ' || s.set, 'ALTER ' || m.owner || ' ' || m.quoted || ' ALTER COLUMN ' || m.member || ' ' || s.reset, ''
	FROM members m LEFT JOIN pg_attrdef d ON m.relkind = 'v' AND d.adrelid = m.attrelid AND d.adnum = m.attnum, LATERAL (
		SELECT 'STATISTICS', 'SET STATISTICS ' || m.attstattarget, 'SET STATISTICS -1' WHERE m.attstattarget >= 0
		UNION ALL
		SELECT 'STORAGE', 'SET STORAGE ' || CASE m.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'm' THEN 'MAIN' WHEN 'e' THEN 'EXTERNAL' ELSE 'EXTENDED' END,
			'SET STORAGE ' || CASE m.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'm' THEN 'MAIN' WHEN 'e' THEN 'EXTERNAL' ELSE 'EXTENDED' END WHERE m.attstorage <> m.typstorage
		UNION ALL
		SELECT 'COMPRESSION', 'SET COMPRESSION ' || CASE m.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END, 'SET COMPRESSION default'
			WHERE m.attcompression IN ('l', 'p')
		UNION ALL
		SELECT split_part(o, '=', 1), 'SET (' || ` + option + ` || ')', 'RESET (' || split_part(o, '=', 1) || ')' FROM unnest(m.attoptions) o
		UNION ALL
		SELECT 'DEFAULT', 'SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'DROP DEFAULT' WHERE d.adbin IS NOT NULL
	) s (name, set, reset) WHERE m.relkind <> 'c'`

const indexOptions = `SELECT 'option', r.relname, 'STATISTICS of COLUMN ' || a.attnum || ' of INDEX ' || r.quoted,
		'ALTER INDEX ' || r.quoted || ' ALTER COLUMN ' || a.attnum || ' SET STATISTICS ' || a.attstattarget, 'ALTER INDEX ' || r.quoted || ' ALTER COLUMN ' || a.attnum || ' SET STATISTICS -1', ''
	FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid WHERE r.relkind IN ('i', 'I') AND a.attstattarget >= 0`

const sequenceOptions = `SELECT 'option', r.relname, 'SEQUENCE ' || r.quoted, 'ALTER SEQUENCE ' || r.quoted || ' AS ' || format_type(s.seqtypid, NULL)
			|| ' INCREMENT BY ' || s.seqincrement || ' MINVALUE ' || s.seqmin || ' MAXVALUE ' || s.seqmax || ' START WITH ' || s.seqstart
			|| ' CACHE ' || s.seqcache || CASE WHEN s.seqcycle THEN ' CYCLE' ELSE ' NO CYCLE' END, '', ''
	FROM relations r JOIN pg_sequence s ON s.seqrelid = r.oid
	UNION ALL
	SELECT 'option', r.relname, 'OWNED BY of SEQUENCE ' || r.quoted, 'ALTER SEQUENCE ' || r.quoted || ' OWNED BY ' || m.quoted || '.' || m.member, 'ALTER SEQUENCE ' || r.quoted || ' OWNED BY NONE', ''
	FROM relations r JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass
	JOIN members m ON m.attrelid = d.refobjid AND m.attnum = d.refobjsubid
	WHERE r.relkind = 'S'`

// typeAttributes are the parts of domains and composite types.
const typeAttributes = `SELECT 'attribute', '', 'default of ' || t.quoted, 'ALTER DOMAIN ' || t.quoted || ' SET DEFAULT ' || t.typdefault, 'ALTER DOMAIN ' || t.quoted || ' DROP DEFAULT', ''
	FROM types t WHERE t.typtype = 'd' AND t.typdefault IS NOT NULL
	UNION ALL
	SELECT 'attribute', '', 'NOT NULL of ' || t.quoted, 'ALTER DOMAIN ' || t.quoted || ' SET NOT NULL', 'ALTER DOMAIN ' || t.quoted || ' DROP NOT NULL', ''
	FROM types t WHERE t.typtype = 'd' AND t.typnotnull
	UNION ALL
	SELECT 'attribute', '', 'constraint ' || quote_ident(n.conname) || ' of ' || t.quoted, s.set, s.reset, s.reset || chr(1) || s.set
	FROM types t JOIN pg_constraint n ON n.contypid = t.oid AND n.contype = 'c', LATERAL (SELECT
		'ALTER DOMAIN ' || t.quoted || ' ADD CONSTRAINT ' || quote_ident(n.conname) || ' ' || pg_get_constraintdef(n.oid, true) AS set,
		'ALTER DOMAIN ' || t.quoted || ' DROP CONSTRAINT ' || quote_ident(n.conname) AS reset) s
	UNION ALL
	SELECT 'attribute', '', m.member || ' of ' || m.quoted, 'ALTER TYPE ' || m.quoted || ' ADD ATTRIBUTE ' || m.member || ' ' || m.type,
		'ALTER TYPE ' || m.quoted || ' DROP ATTRIBUTE ' || m.member, 'ALTER TYPE ' || m.quoted || ' ALTER ATTRIBUTE ' || m.member || ' TYPE ' || m.type
	FROM (SELECT a.*, format_type(a.atttypid, a.atttypmod) || ` + attributeCollation + ` AS type FROM members a) m WHERE m.relkind = 'c'`

// definitions are objects that are nothing but their definition, and the state of such.
const definitions = `SELECT 'rule', r.relname, quote_ident(w.rulename) || ' of ' || r.quoted, s.set, s.reset, s.reset || chr(1) || s.set
	FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN', LATERAL (SELECT
		rtrim(pg_get_ruledef(w.oid, true), ';') AS set, 'DROP RULE ' || quote_ident(w.rulename) || ' ON ' || r.quoted AS reset) s
	UNION ALL
	SELECT 'statistics', r.relname, quote_ident(x.stxname), s.set, s.reset, s.reset || chr(1) || s.set
	FROM relations r JOIN pg_statistic_ext x ON x.stxrelid = r.oid AND x.stxnamespace = ` + here + `, LATERAL (SELECT
		pg_get_statisticsobjdef(x.oid) AS set, 'DROP STATISTICS ' || quote_ident(x.stxname) AS reset) s
	UNION ALL
	SELECT 'rule', r.relname, quote_ident(w.rulename) || ' of ' || r.quoted || ', state', 'ALTER TABLE ' || r.quoted || CASE w.ev_enabled WHEN 'D' THEN ' DISABLE' WHEN 'R' THEN ' ENABLE REPLICA' ELSE ' ENABLE ALWAYS' END
		|| ' RULE ' || quote_ident(w.rulename), 'ALTER TABLE ' || r.quoted || ' ENABLE RULE ' || quote_ident(w.rulename), ''
	FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN' WHERE w.ev_enabled <> 'O'
	UNION ALL
	SELECT 'statistics', r.relname, quote_ident(x.stxname) || ', target', 'ALTER STATISTICS ' || quote_ident(x.stxname) || ' SET STATISTICS ' || s.target, 'ALTER STATISTICS ' || quote_ident(x.stxname) || ' SET STATISTICS -1', ''
	FROM relations r JOIN pg_statistic_ext x ON x.stxrelid = r.oid AND x.stxnamespace = ` + here + `, LATERAL (SELECT to_jsonb(x) ->> 'stxstattarget' AS target) s WHERE s.target::int >= 0`

const comments = `SELECT 'comment', c.owner, c.word, 'COMMENT ON ' || c.word || ' IS ' || quote_literal(d.description), 'COMMENT ON ' || c.word || ' IS NULL', ''
	FROM pg_description d JOIN (
		SELECT 'pg_class'::regclass, r.oid, 0, r.relname, r.word || ' ' || r.quoted FROM relations r
		UNION ALL SELECT 'pg_class'::regclass, m.attrelid, m.attnum, m.relname, 'COLUMN ' || m.quoted || '.' || m.member FROM members m
		UNION ALL SELECT 'pg_constraint'::regclass, n.oid, 0, r.relname, 'CONSTRAINT ' || quote_ident(n.conname) || ' ON ' || r.quoted FROM pg_constraint n JOIN relations r ON r.oid = n.conrelid
		UNION ALL SELECT 'pg_constraint'::regclass, n.oid, 0, '', 'CONSTRAINT ' || quote_ident(n.conname) || ' ON DOMAIN ' || t.quoted FROM pg_constraint n JOIN types t ON t.oid = n.contypid
		UNION ALL SELECT 'pg_trigger'::regclass, g.oid, 0, r.relname, 'TRIGGER ' || quote_ident(g.tgname) || ' ON ' || r.quoted FROM pg_trigger g JOIN relations r ON r.oid = g.tgrelid
		UNION ALL SELECT 'pg_policy'::regclass, p.oid, 0, r.relname, 'POLICY ' || quote_ident(p.polname) || ' ON ' || r.quoted FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
		UNION ALL SELECT 'pg_rewrite'::regclass, w.oid, 0, r.relname, 'RULE ' || quote_ident(w.rulename) || ' ON ' || r.quoted FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class
		UNION ALL SELECT 'pg_statistic_ext'::regclass, x.oid, 0, '', 'STATISTICS ' || quote_ident(x.stxname) FROM pg_statistic_ext x WHERE x.stxnamespace = ` + here + `
		UNION ALL SELECT 'pg_proc'::regclass, f.oid, 0, '', f.word || ' ' || f.quoted FROM routines f
		UNION ALL SELECT 'pg_type'::regclass, t.oid, 0, '', t.word || ' ' || t.quoted FROM types t
	) AS c (class, oid, part, owner, word) ON d.classoid = c.class AND d.objoid = c.oid AND d.objsubid = c.part
	WHERE d.objoid >= ` + made + `
	UNION ALL
	SELECT 'comment', '', s.word, 'COMMENT ON ' || s.word || ' IS ' || quote_literal(s.comment), 'COMMENT ON ' || s.word || ' IS NULL', ''
	FROM (SELECT 'SCHEMA ' || quote_ident(current_schema()), obj_description(` + here + `, 'pg_namespace')) AS s (word, comment) WHERE s.comment IS NOT NULL`

// privileges are those of others than the owner; what PUBLIC has by default is among
// them, so that it is missing once it is revoked. The last branch is what new objects
// of the session's role get.
const privileges = `SELECT 'privilege', p.owner, x.privilege_type || p.part || ' ON ' || p.word || ' TO ' || s.grantee, s.grants,
		p.head || 'REVOKE ' || x.privilege_type || p.part || ' ON ' || p.word || ' FROM ' || s.grantee,
		CASE WHEN x.is_grantable THEN '' ELSE p.head || 'REVOKE GRANT OPTION FOR ' || x.privilege_type || p.part || ' ON ' || p.word || ' FROM ' || s.grantee || chr(1) || s.grants END
	FROM (
		SELECT r.relname, '', CASE r.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || r.quoted, '', r.relowner, r.relacl FROM relations r
			WHERE r.relkind IN ('r', 'p', 'v', 'm', 'S') AND r.relacl IS NOT NULL
		UNION ALL SELECT m.relname, ' (' || m.member || ')', 'TABLE ' || m.quoted, '', m.relowner, m.attacl FROM members m WHERE m.attacl IS NOT NULL
		UNION ALL SELECT '', '', CASE f.word WHEN 'PROCEDURE' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || f.quoted, '', f.proowner, coalesce(f.proacl, acldefault('f', f.proowner)) FROM routines f
		UNION ALL SELECT '', '', t.word || ' ' || t.quoted, '', t.typowner, coalesce(t.typacl, acldefault('T', t.typowner)) FROM types t
		UNION ALL SELECT '', '', 'SCHEMA ' || quote_ident(n.nspname), '', n.nspowner, n.nspacl FROM pg_namespace n WHERE n.nspname = current_schema() AND n.nspacl IS NOT NULL
		UNION ALL SELECT '', '', CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END,
			'ALTER DEFAULT PRIVILEGES IN SCHEMA ' || quote_ident(current_schema()) || ' ', d.defaclrole, d.defaclacl
			FROM pg_default_acl d WHERE d.defaclnamespace = ` + here + ` AND d.defaclrole = current_user::regrole
	) AS p (owner, part, word, head, role, acl), aclexplode(p.acl) x, LATERAL (SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END) AS g (grantee),
	LATERAL (SELECT g.grantee, p.head || 'GRANT ' || x.privilege_type || p.part || ' ON ' || p.word || ' TO ' || g.grantee || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS s (grantee, grants)
	WHERE x.grantee <> p.role`
