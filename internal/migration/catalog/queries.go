package catalog

// The queries read the current schema, without Atlas's table of revisions, the objects
// of extensions and the server's own relations.
const (
	// here is the current schema's OID.
	here = `(SELECT quote_ident(current_schema())::regnamespace::oid)`

	// made is the first OID of what users make. With it PostgreSQL finds the few among
	// thousands of its own.
	made = `16384`

	// extended are the OIDs of what extensions have in the catalog that follows.
	extended = `SELECT e.objid FROM pg_depend e WHERE e.refclassid = 'pg_extension'::regclass AND e.deptype = 'e' AND e.classid = `

	// ours leaves out the relations of extensions; c is a row of pg_class.
	ours = `c.relnamespace = ` + here + ` AND c.oid >= ` + made + ` AND c.relname <> 'atlas_schema_revisions' AND c.oid NOT IN (` + extended + `'pg_class'::regclass)`

	// ofType tells the constructors of a range type, which come and go with it; p is a row of pg_proc.
	ofType = `EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')`

	// attributeCollation is the COLLATE of an attribute a of a composite type, if its type has another.
	attributeCollation = `coalesce((SELECT ' COLLATE ' || quote_ident(l.collname) FROM pg_collation l JOIN pg_type b ON b.oid = a.atttypid
		WHERE l.oid = a.attcollation AND l.oid <> b.typcollation), '')`

	// ourTables are the tables of the schema, as c.
	ourTables = `pg_class c WHERE c.relkind IN ('r', 'p') AND ` + ours
)

const tables = `SELECT c.relname, c.oid::bigint, concat_ws(' ',
		CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
		(SELECT 'PARTITION OF ' || i.inhparent::regclass || ' ' || pg_get_expr(c.relpartbound, c.oid) || CASE WHEN i.inhdetachpending THEN ' DETACH PENDING' ELSE '' END
			FROM pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition),
		(SELECT 'INHERITS (' || string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) || ')'
			FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition),
		'OF ' || nullif(c.reloftype, 0)::regtype,
		CASE c.relkind WHEN 'p' THEN 'PARTITION BY ' || pg_get_partkeydef(c.oid) END,
		'WITH (' || array_to_string(c.reloptions, ', ') || ')',
		CASE WHEN c.relrowsecurity THEN 'ENABLE ROW LEVEL SECURITY' END,
		CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END,
		CASE c.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING'
			WHEN 'i' THEN 'REPLICA IDENTITY USING INDEX ' || (SELECT i.indexrelid::regclass FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident) END)
	FROM ` + ourTables + ` ORDER BY c.relname COLLATE "C"`

const columns = `SELECT a.attrelid::bigint, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
		coalesce(pg_get_expr(d.adbin, d.adrelid), ''), a.attgenerated <> '', a.attgenerated = 'v', a.attidentity <> '', a.attidentity = 'a',
		CASE WHEN a.attcollation <> t.typcollation THEN coalesce((SELECT quote_ident(collname) FROM pg_collation l WHERE l.oid = a.attcollation), '') ELSE '' END
	FROM pg_attribute a
	JOIN pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (SELECT c.oid FROM ` + ourTables + `)
	ORDER BY a.attrelid, a.attnum`

// constraints leaves out constraint triggers, which are triggers; PostgreSQL 18's
// not-null constraints, which repeat the column's property; and the copies of a foreign
// key that PostgreSQL keeps for each referenced partition. Columns are by position; those
// of a table that isn't read also by name. A foreign key whose triggers somebody disabled
// isn't enforced.
const constraints = `SELECT n.conrelid::bigint, n.conname, n.oid::bigint, n.contype::text, pg_get_constraintdef(n.oid, true)
			|| CASE WHEN n.contype = 'f' AND EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = n.oid AND g.tgenabled <> 'O') THEN ' TRIGGERS DISABLED' ELSE '' END, n.convalidated,
		coalesce(array_to_string(n.conkey, ' '), ''), n.confrelid::bigint,
		coalesce((SELECT CASE WHEN r.relnamespace = ` + here + ` THEN '' ELSE r.relnamespace::regnamespace::text || '.' END || r.relname FROM pg_class r WHERE r.oid = n.confrelid), ''),
		coalesce(array_to_string(n.confkey, ' '), ''),
		CASE WHEN n.confrelid = 0 OR n.confrelid IN (SELECT c.oid FROM ` + ourTables + `) THEN '' ELSE (SELECT string_agg(a.attname, chr(1) ORDER BY k.place)
			FROM unnest(n.confkey) WITH ORDINALITY k (num, place) JOIN pg_attribute a ON a.attrelid = n.confrelid AND a.attnum = k.num) END
	FROM pg_constraint n
	WHERE n.contype <> 't' AND NOT (n.contype = 'n' AND n.convalidated)
	AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = n.conparentid AND p.conrelid = n.conrelid) AND n.conrelid IN (SELECT c.oid FROM ` + ourTables + `)
	ORDER BY n.conrelid, n.conname COLLATE "C"`

// indexes tells the version of an index by its rows in the catalogs. One with an
// expression has none, because that may print differently though they haven't changed.
const indexes = `SELECT i.indrelid::bigint, x.relname, x.oid::bigint, i.indisunique, i.indisvalid, i.indpred IS NOT NULL,
		i.indkey::text, CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL THEN concat_ws(' ', i.xmin, i.ctid, x.xmin, x.ctid) ELSE '' END,
		coalesce(n.conname, '')
	FROM pg_index i
	JOIN pg_class x ON x.oid = i.indexrelid
	LEFT JOIN pg_constraint n ON n.conindid = i.indexrelid AND n.conrelid = i.indrelid AND n.contype IN ('p', 'u', 'x')
	WHERE i.indrelid IN (SELECT c.oid FROM ` + ourTables + `)
	ORDER BY i.indrelid, x.relname COLLATE "C"`

// printIndexes prints the definitions of indexes, and their keys.
const printIndexes = `SELECT i.indexrelid::bigint, pg_get_indexdef(i.indexrelid, 0, true),
		coalesce((SELECT string_agg(coalesce(a.attname::text, regexp_replace(pg_get_indexdef(i.indexrelid, k, true), '^([^(].*)$', '(\1)')), chr(1) ORDER BY k)
			FROM generate_series(1, i.indnkeyatts) k LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] AND a.attnum <> 0), '')
	FROM pg_index i WHERE i.indexrelid = ANY ($1::oid[])`

// trigger is the definition of a trigger with its state; t is a row of pg_trigger.
const trigger = `pg_get_triggerdef(t.oid, true) || CASE t.tgenabled WHEN 'D' THEN ' DISABLED' WHEN 'R' THEN ' ENABLED FOR REPLICA' WHEN 'A' THEN ' ENABLED ALWAYS' ELSE '' END`

const triggersAndPolicies = `SELECT c.oid::bigint, 'trigger', c.relname, t.tgname, ` + trigger + `
	FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
	WHERE NOT t.tgisinternal AND c.oid IN (SELECT c.oid FROM ` + ourTables + `)
	UNION ALL
	SELECT c.oid::bigint, 'policy', c.relname, p.polname,
		'CREATE POLICY ' || quote_ident(p.polname) || ' ON ' || quote_ident(c.relname)
		|| CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
		|| CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' ELSE '' END
		|| CASE WHEN p.polroles = '{0}' THEN '' ELSE ' TO ' || (SELECT string_agg(r::regrole::text, ', ' ORDER BY r::regrole::text COLLATE "C") FROM unnest(p.polroles) r) END
		|| coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
		|| coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
	FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
	WHERE c.oid IN (SELECT c.oid FROM ` + ourTables + `)
	ORDER BY 2 DESC, 3, 4`

// others are the objects that belong to no table. A function that sets a search_path
// still has the schema's name in its definition. Sequences that columns own are left
// out, and so is an extension's version, which differs from server to server.
const others = `SELECT kind, name, definition FROM (
		SELECT 'extension', extname::text, 'CREATE EXTENSION ' || quote_ident(extname) FROM pg_extension WHERE extname <> 'plpgsql'
		UNION ALL
		SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, t.typname::text, CASE t.typtype
			WHEN 'e' THEN 'CREATE TYPE ' || quote_ident(t.typname) || ' AS ENUM ('
				|| (SELECT coalesce(string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder), '') FROM pg_enum e WHERE e.enumtypid = t.oid) || ')'
			WHEN 'c' THEN 'CREATE TYPE ' || quote_ident(t.typname) || ' AS ('
				|| (SELECT coalesce(string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod) || ` + attributeCollation + `, ', ' ORDER BY a.attnum), '')
					FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) || ')'
			WHEN 'r' THEN (SELECT 'CREATE TYPE ' || quote_ident(t.typname) || ' AS RANGE (' || concat_ws(', ', 'subtype = ' || format_type(r.rngsubtype, NULL),
					(SELECT 'subtype_opclass = ' || quote_ident(o.opcname) FROM pg_opclass o WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
					(SELECT 'collation = ' || quote_ident(l.collname) FROM pg_collation l JOIN pg_type b ON b.oid = r.rngsubtype WHERE l.oid = r.rngcollation AND l.oid <> b.typcollation),
					'canonical = ' || nullif(r.rngcanonical, 0)::regproc, 'subtype_diff = ' || nullif(r.rngsubdiff, 0)::regproc) || ')'
				FROM pg_range r WHERE r.rngtypid = t.oid)
			ELSE 'CREATE DOMAIN ' || quote_ident(t.typname) || ' AS ' || format_type(t.typbasetype, t.typtypmod)
				|| coalesce((SELECT ' COLLATE ' || quote_ident(l.collname) FROM pg_collation l JOIN pg_type b ON b.oid = t.typbasetype WHERE l.oid = t.typcollation AND l.oid <> b.typcollation), '')
				|| coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
				|| coalesce((SELECT string_agg(' CONSTRAINT ' || quote_ident(n.conname) || ' ' || pg_get_constraintdef(n.oid, true), '' ORDER BY n.conname)
					FROM pg_constraint n WHERE n.contypid = t.oid AND n.contype = 'c'), '') END
			FROM pg_type t
			WHERE t.typnamespace = ` + here + ` AND t.oid >= ` + made + ` AND (t.typtype IN ('e', 'd', 'r')
				OR t.typtype = 'c' AND (SELECT relkind FROM pg_class WHERE oid = t.typrelid) = 'c')
			AND t.oid NOT IN (` + extended + `'pg_type'::regclass)
		UNION ALL
		SELECT 'sequence', c.relname::text, 'CREATE SEQUENCE ' || quote_ident(c.relname) || ' AS ' || format_type(s.seqtypid, NULL)
			|| ' INCREMENT BY ' || s.seqincrement || ' MINVALUE ' || s.seqmin || ' MAXVALUE ' || s.seqmax || ' START WITH ' || s.seqstart
			|| CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END
			FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
			WHERE ` + ours + ` AND NOT EXISTS (SELECT FROM pg_depend d
				WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
		UNION ALL
		SELECT 'function', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', CASE p.prokind
			WHEN 'a' THEN 'CREATE AGGREGATE ' || quote_ident(p.proname) || '(' || pg_get_function_arguments(p.oid) || ') ('
				|| (SELECT concat_ws(', ', 'SFUNC = ' || g.aggtransfn::text, 'STYPE = ' || format_type(g.aggtranstype, NULL),
					'SSPACE = ' || nullif(g.aggtransspace, 0), 'FINALFUNC = ' || nullif(g.aggfinalfn, 0)::regproc, CASE WHEN g.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
					'COMBINEFUNC = ' || nullif(g.aggcombinefn, 0)::regproc, 'SERIALFUNC = ' || nullif(g.aggserialfn, 0)::regproc, 'DESERIALFUNC = ' || nullif(g.aggdeserialfn, 0)::regproc,
					'MSFUNC = ' || nullif(g.aggmtransfn, 0)::regproc, 'MINVFUNC = ' || nullif(g.aggminvtransfn, 0)::regproc, 'MSTYPE = ' || format_type(nullif(g.aggmtranstype, 0), NULL),
					'MFINALFUNC = ' || nullif(g.aggmfinalfn, 0)::regproc, CASE WHEN g.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END, 'MINITCOND = ' || quote_literal(g.aggminitval),
					'INITCOND = ' || quote_literal(g.agginitval), (SELECT 'SORTOP = ' || o.oprname FROM pg_operator o WHERE o.oid = g.aggsortop),
					CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END, CASE g.aggkind WHEN 'h' THEN 'HYPOTHETICAL' END)
					FROM pg_aggregate g WHERE g.aggfnoid = p.oid) || ')'
			ELSE 'CREATE OR REPLACE ' || kind.word || ' ' || substr(pg_get_functiondef(p.oid), length(format('CREATE OR REPLACE %s %I.', kind.word, current_schema())) + 1) END
			FROM pg_proc p, LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word) kind
			WHERE p.pronamespace = ` + here + ` AND p.oid >= ` + made + ` AND p.oid NOT IN (` + extended + `'pg_proc'::regclass) AND NOT ` + ofType + `
		UNION ALL
		SELECT 'view', c.relname::text, 'CREATE VIEW ' || quote_ident(c.relname) || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
			|| ' AS' || E'\n' || pg_get_viewdef(c.oid, true)
			FROM pg_class c WHERE c.relkind = 'v' AND ` + ours + `
		UNION ALL
		SELECT 'trigger', c.relname || '.' || t.tgname, ` + trigger + `
			FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relkind = 'v' AND ` + ours + `
		UNION ALL
		SELECT 'materialized view', c.relname::text, 'CREATE MATERIALIZED VIEW ' || quote_ident(c.relname) || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
			|| ' AS' || E'\n' || pg_get_viewdef(c.oid, true)
			|| coalesce((SELECT string_agg(E'\n' || pg_get_indexdef(i.indexrelid, 0, true) || CASE WHEN i.indisvalid THEN ';' ELSE ' INVALID;' END, '' ORDER BY i.indexrelid::regclass::text COLLATE "C")
				FROM pg_index i WHERE i.indrelid = c.oid), '')
			FROM pg_class c WHERE c.relkind = 'm' AND ` + ours + `
	) AS all_others (kind, name, definition)
	ORDER BY kind COLLATE "C", name COLLATE "C"`
