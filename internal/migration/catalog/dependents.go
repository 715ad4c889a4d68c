package catalog

import (
	"context"
	"fmt"
)

// Dependent is an object that PostgreSQL doesn't leave in place when what it depends on
// is dropped or gets another type.
type Dependent struct {
	Kind        Kind
	Table, Name string // as in [Object]
	// Restore are the statements for what the object's definition leaves out: its
	// owner, privileges and comments, and the defaults of a view's columns.
	Restore []string
}

// Dependents returns a table, column, type, domain, view, function, trigger or policy of
// the schema, and the views, functions, triggers, policies and generated columns that
// depend on it, directly or through others, each after those that it depends on. It
// returns nothing for an object of another kind.
func Dependents(ctx context.Context, db Querier, on Object) ([]Dependent, error) {
	rows, err := db.QueryContext(ctx, dependents, string(on.Kind), on.Table, on.Name)
	if err != nil {
		return nil, fmt.Errorf("read dependent objects: %w", err)
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	var all []Dependent
	for rows.Next() {
		var d Dependent
		var restore string
		if err := rows.Scan(&d.Kind, &d.Table, &d.Name, &restore); err != nil {
			return nil, fmt.Errorf("read dependent objects: %w", err)
		}
		d.Restore = split(restore)
		all = append(all, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read dependent objects: %w", err)
	}
	return all, nil
}

// dependents takes the kind of an object, its table and its name. In pg_depend, a rule
// stands for its view, a default for its generated column, a row type for its relation,
// and an array for the type of its elements; before PostgreSQL 15, a generated column itself depends on others.
const dependents = `WITH RECURSIVE edges AS (
		SELECT DISTINCT
			CASE WHEN w.oid IS NOT NULL OR g.oid IS NOT NULL THEN 'pg_class'::regclass ELSE d.classid END AS class,
			coalesce(w.ev_class, g.adrelid, d.objid) AS object,
			coalesce(g.adnum, d.objsubid) AS sub,
			CASE WHEN coalesce(e.typrelid, t.typrelid) <> 0 THEN 'pg_class'::regclass ELSE d.refclassid END AS on_class,
			coalesce(nullif(coalesce(e.typrelid, t.typrelid), 0), e.oid, d.refobjid) AS on_object,
			d.refobjsubid AS on_sub
		FROM pg_depend d
		LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
		LEFT JOIN pg_attrdef g ON d.classid = 'pg_attrdef'::regclass AND g.oid = d.objid
			AND (SELECT a.attgenerated <> '' FROM pg_attribute a WHERE a.attrelid = g.adrelid AND a.attnum = g.adnum)
		LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
		LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
		WHERE w.oid IS NOT NULL OR g.oid IS NOT NULL OR d.classid IN ('pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)
			OR d.classid = 'pg_class'::regclass AND d.objsubid > 0 AND d.refobjsubid > 0 AND d.refobjid = d.objid
	), hanging AS (
		SELECT 'pg_class'::regclass AS class, c.oid AS object, coalesce(a.attnum, 0) AS sub, 0 AS depth
		FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $3 AND $1 = 'column'
		WHERE c.relnamespace = ` + here + ` AND c.relname = CASE $1 WHEN 'column' THEN $2 WHEN 'table' THEN $3 WHEN 'view' THEN $3 WHEN 'materialized view' THEN $3 END
		UNION ALL
		SELECT 'pg_proc'::regclass, p.oid, 0, 0 FROM pg_proc p
		WHERE $1 = 'function' AND p.pronamespace = ` + here + ` AND p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' = $3
		UNION ALL
		SELECT 'pg_trigger'::regclass, t.oid, 0, 0 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
		WHERE $1 = 'trigger' AND c.relnamespace = ` + here + ` AND (c.relname = $2 AND t.tgname = $3 OR $2 = '' AND c.relname || '.' || t.tgname = $3)
		UNION ALL
		SELECT 'pg_policy'::regclass, p.oid, 0, 0 FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
		WHERE $1 = 'policy' AND c.relnamespace = ` + here + ` AND c.relname = $2 AND p.polname = $3
		UNION ALL
		SELECT CASE WHEN t.typrelid <> 0 THEN 'pg_class'::regclass ELSE 'pg_type'::regclass END, CASE WHEN t.typrelid <> 0 THEN t.typrelid ELSE t.oid END, 0, 0
		FROM pg_type t WHERE $1 IN ('type', 'domain') AND t.typnamespace = ` + here + ` AND t.typname = $3
			AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')
		UNION
		SELECT e.class, e.object, e.sub, h.depth + 1 FROM hanging h JOIN edges e
			ON e.on_class = h.class AND e.on_object = h.object AND (h.sub = 0 OR e.on_sub = h.sub)
			AND (e.class, e.object, e.sub) <> (h.class, h.object, h.sub)
	), ordered AS (SELECT class, object, sub, max(depth) AS depth FROM hanging GROUP BY class, object, sub)
	SELECT kind, "table", name, coalesce(restore, '') FROM (
		SELECT CASE c.relkind WHEN 'm' THEN 'materialized view' WHEN 'v' THEN 'view' ELSE 'table' END, '', c.relname::text, concat_ws(chr(1),
			CASE WHEN pg_get_userbyid(c.relowner) <> current_user THEN format('ALTER %s %I OWNER TO %I', word, c.relname, pg_get_userbyid(c.relowner)) END,
			(SELECT string_agg(format('ALTER VIEW %I ALTER COLUMN %I SET DEFAULT %s', c.relname, a.attname, pg_get_expr(f.adbin, f.adrelid)), chr(1) ORDER BY a.attnum)
				FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum WHERE f.adrelid = c.oid AND c.relkind = 'v'),
			(SELECT string_agg(statement, chr(1) ORDER BY statement) FROM (` + granted + `) grants),
			(SELECT string_agg(format('COMMENT ON ' || CASE WHEN m.objsubid = 0 THEN word || ' %1$I' ELSE 'COLUMN %1$I.%3$I' END || ' IS %2$L',
				c.relname, m.description, a.attname), chr(1) ORDER BY m.objsubid)
				FROM pg_description m LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = m.objsubid AND m.objsubid > 0
				WHERE m.classoid = 'pg_class'::regclass AND m.objoid = c.oid)), o.depth
		FROM ordered o JOIN pg_class c ON o.class = 'pg_class'::regclass AND c.oid = o.object AND o.sub = 0 AND c.relkind <> 'c',
			LATERAL (SELECT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS word) words
		UNION ALL
		SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, '', t.typname::text, concat_ws(chr(1),
			CASE WHEN pg_get_userbyid(t.typowner) <> current_user THEN format('ALTER TYPE %I OWNER TO %I', t.typname, pg_get_userbyid(t.typowner)) END,
			CASE WHEN t.typacl IS NOT NULL THEN format('REVOKE ALL ON TYPE %I FROM PUBLIC', t.typname) END,
			(SELECT string_agg(format('GRANT USAGE ON TYPE %I TO %s', t.typname, ` + grantee + `), chr(1) ORDER BY x.grantee)
				FROM aclexplode(t.typacl) x WHERE x.grantee <> t.typowner),
			(SELECT format('COMMENT ON TYPE %I IS %L', t.typname, m.description)
				FROM pg_description m WHERE m.classoid = 'pg_type'::regclass AND m.objoid = t.oid)), o.depth
		FROM ordered o LEFT JOIN pg_class c ON o.class = 'pg_class'::regclass AND c.oid = o.object AND o.sub = 0 AND c.relkind = 'c'
			JOIN pg_type t ON t.oid = CASE o.class WHEN 'pg_type'::regclass THEN o.object ELSE c.reltype END
		UNION ALL
		SELECT 'column', c.relname::text, a.attname::text, concat_ws(chr(1),
			(SELECT string_agg(format('GRANT %s (%I) ON %I TO %s', x.privilege_type, a.attname, c.relname, ` + grantee + `), chr(1) ORDER BY x.privilege_type, x.grantee)
				FROM aclexplode(a.attacl) x),
			(SELECT format('COMMENT ON COLUMN %I.%I IS %L', c.relname, a.attname, m.description)
				FROM pg_description m WHERE m.classoid = 'pg_class'::regclass AND m.objoid = c.oid AND m.objsubid = a.attnum)), o.depth
		FROM ordered o JOIN pg_class c ON o.class = 'pg_class'::regclass AND c.oid = o.object JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.sub AND o.sub > 0
		UNION ALL
		SELECT 'function', '', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', concat_ws(chr(1),
			CASE WHEN pg_get_userbyid(p.proowner) <> current_user THEN format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, pg_get_userbyid(p.proowner)) END,
			CASE WHEN p.proacl IS NOT NULL THEN format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', p.oid::regprocedure) END,
			(SELECT string_agg(format('GRANT EXECUTE ON ROUTINE %s TO %s', p.oid::regprocedure, ` + grantee + `), chr(1) ORDER BY x.grantee)
				FROM aclexplode(p.proacl) x WHERE x.grantee <> p.proowner),
			(SELECT format('COMMENT ON ROUTINE %s IS %L', p.oid::regprocedure, m.description)
				FROM pg_description m WHERE m.classoid = 'pg_proc'::regclass AND m.objoid = p.oid)), o.depth
		FROM ordered o JOIN pg_proc p ON o.class = 'pg_proc'::regclass AND p.oid = o.object
		UNION ALL
		SELECT 'trigger', CASE c.relkind WHEN 'v' THEN '' ELSE c.relname END, CASE c.relkind WHEN 'v' THEN c.relname || '.' ELSE '' END || t.tgname,
			(SELECT format('COMMENT ON TRIGGER %I ON %I IS %L', t.tgname, c.relname, m.description)
				FROM pg_description m WHERE m.classoid = 'pg_trigger'::regclass AND m.objoid = t.oid), o.depth
		FROM ordered o JOIN pg_trigger t ON o.class = 'pg_trigger'::regclass AND t.oid = o.object AND NOT t.tgisinternal JOIN pg_class c ON c.oid = t.tgrelid
		UNION ALL
		SELECT 'policy', c.relname::text, p.polname::text,
			(SELECT format('COMMENT ON POLICY %I ON %I IS %L', p.polname, c.relname, m.description)
				FROM pg_description m WHERE m.classoid = 'pg_policy'::regclass AND m.objoid = p.oid), o.depth
		FROM ordered o JOIN pg_policy p ON o.class = 'pg_policy'::regclass AND p.oid = o.object JOIN pg_class c ON c.oid = p.polrelid
	) AS all_dependents (kind, "table", name, restore, depth)
	ORDER BY depth, kind, "table", name`

const (
	// grantee is the role of a row x of aclexplode, with its grant option.
	grantee = `CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END`

	// granted are the privileges on a relation c and on its columns.
	granted = `SELECT format('GRANT %s ON %I TO %s', string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), c.relname, ` + grantee + `) AS statement
			FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner GROUP BY x.grantee, x.is_grantable
		UNION ALL SELECT format('GRANT %s (%I) ON %I TO %s', x.privilege_type, a.attname, c.relname, ` + grantee + `)
			FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = c.oid AND x.grantee <> c.relowner`
)
