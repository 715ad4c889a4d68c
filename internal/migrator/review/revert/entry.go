package revert

import (
	"context"
	"slices"

	"commitment/internal/migration/catalog"
)

// entry is an object of the database, in whatever schema and of whatever kind. It tells
// what was renamed or moved, and what no other part of the state shows.
type entry struct {
	object
	kind catalog.Kind
	// schema, table and name are its own, not quoted; table is what a trigger, policy
	// or rule belongs to.
	schema, table, name string
	identity            string // as PostgreSQL prints it: "users", "own on public.users"
	owner               string
	// given are the privileges and the comment of an object in another schema, and the
	// options of those that only entries have, which no property tells.
	given string
}

// object identifies an entry as long as it is there, in whatever schema and with whatever
// name.
type object struct {
	class string // the catalog that has it
	oid   uint32
}

// entries are all objects of a database.
type entries struct {
	all []entry
	at  map[object]int
}

// of is the entry of an object.
func (e entries) of(o object) (entry, bool) {
	at, there := e.at[o]
	if !there {
		return entry{}, false
	}
	return e.all[at], true
}

// unlike returns the first entry that the others have none like: one of the same name,
// with the same owner, comment and privileges.
func (e entries) unlike(others entries) (entry, bool) {
	type likeness struct{ identity, owner, given string }
	known := make(map[likeness]bool, len(others.all))
	for _, o := range others.all {
		known[likeness{o.identity, o.owner, o.given}] = true
	}
	i := slices.IndexFunc(e.all, func(o entry) bool { return !known[likeness{o.identity, o.owner, o.given}] })
	if i < 0 {
		return entry{}, false
	}
	return e.all[i], true
}

// The kinds that only entries have.
const (
	kindOwnedSequence catalog.Kind = "owned sequence"
	kindSchema        catalog.Kind = "schema"
)

// entriesQuery leaves out what PostgreSQL makes by itself: row and array types, TOAST,
// the triggers of foreign keys, the copies of constraints in partitions, and what
// belongs to extensions.
const entriesQuery = `SELECT o.class::text, o.oid::bigint, o.kind, coalesce(i.schema, ''), o.relation, o.name, i.type || ' ' || i.identity, coalesce(pg_get_userbyid(o.owner)::text, ''),
		concat(CASE WHEN coalesce(i.schema, o.name) <> current_schema() THEN concat(o.acl, obj_description(o.oid, o.class::text)) END, o.details)
	FROM (
		SELECT tableoid::regclass, tableoid, oid, CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'S' THEN CASE
				WHEN EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')) THEN 'owned sequence' ELSE 'sequence' END
				WHEN 'c' THEN 'composite' ELSE 'table' END, '', relname::text, relowner, relacl, (SELECT concat(ftoptions, ftserver) FROM pg_foreign_table WHERE ftrelid = c.oid)
			FROM pg_class c WHERE relkind <> 't' AND relnamespace <> 'pg_toast'::regnamespace AND relpersistence <> 't' AND relkind <> 'c'
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'function', '', proname || '(' || pg_get_function_identity_arguments(oid) || ')', proowner, proacl, NULL FROM pg_proc p
			WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
		UNION ALL SELECT tableoid::regclass, tableoid, oid, CASE typtype WHEN 'd' THEN 'domain' ELSE 'type' END, '', typname, typowner, typacl, NULL FROM pg_type t
			WHERE typtype IN ('d', 'e', 'r', 'b', 'c') AND NOT (typelem <> 0 AND typcategory = 'A') AND NOT EXISTS (SELECT FROM pg_class WHERE oid = t.typrelid AND relkind <> 'c')
		UNION ALL SELECT g.tableoid::regclass, g.tableoid, g.oid, 'trigger', c.relname, tgname, 0, NULL, NULL FROM pg_trigger g JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal
		UNION ALL SELECT p.tableoid::regclass, p.tableoid, p.oid, 'policy', c.relname, polname, 0, NULL, NULL FROM pg_policy p JOIN pg_class c ON c.oid = polrelid
		UNION ALL SELECT w.tableoid::regclass, w.tableoid, w.oid, 'rule', c.relname, rulename, 0, NULL, NULL FROM pg_rewrite w JOIN pg_class c ON c.oid = ev_class WHERE rulename <> '_RETURN'
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'statistics', '', stxname, stxowner, NULL, NULL FROM pg_statistic_ext
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'constraint', '', conname, 0, NULL, NULL FROM pg_constraint WHERE contype NOT IN ('n', 't') AND conparentid = 0
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'schema', '', nspname, nspowner, nspacl, NULL FROM pg_namespace WHERE nspname !~ '^pg_'
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'extension', '', extname, 0, NULL, NULL FROM pg_extension
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'event trigger', '', evtname, 0, NULL, concat_ws(' ', evtenabled, evtevent, evttags, evtfoid::regproc) FROM pg_event_trigger
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'publication', '', pubname, 0, NULL, (to_jsonb(p) - '{oid,pubname,pubowner}'::text[])::text FROM pg_publication p
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'publication', '', '', 0, NULL, (to_jsonb(p) - '{oid,prpubid,prrelid}'::text[])::text FROM pg_publication_rel p
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'operator', '', oprname, 0, NULL, NULL FROM pg_operator
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'operator', '', opcname, 0, NULL, NULL FROM pg_opclass
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'operator', '', opfname, 0, NULL, NULL FROM pg_opfamily
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'collation', '', collname, 0, NULL, NULL FROM pg_collation
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'cast', '', '', 0, NULL, NULL FROM pg_cast
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'language', '', lanname, 0, NULL, NULL FROM pg_language
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'default privilege', '', '', 0, NULL, (SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(defaclacl) x) FROM pg_default_acl
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'server', '', srvname, 0, NULL, srvoptions::text FROM pg_foreign_server
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'server', '', fdwname, 0, NULL, fdwoptions::text FROM pg_foreign_data_wrapper
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'user mapping', '', '', 0, NULL, umoptions::text FROM pg_user_mapping
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'text search', '', cfgname, 0, NULL, NULL FROM pg_ts_config
		UNION ALL SELECT tableoid::regclass, tableoid, oid, 'text search', '', dictname, 0, NULL, dictinitoption::text FROM pg_ts_dict
	) AS o (class, classid, oid, kind, relation, name, owner, acl, details), pg_identify_object(o.classid, o.oid, 0) i
	WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype = 'e')
	ORDER BY i.type COLLATE "C", i.identity COLLATE "C"`

func readEntries(ctx context.Context, db catalog.Querier) (entries, error) {
	read := entries{at: map[object]int{}}
	rows, err := db.QueryContext(ctx, entriesQuery)
	if err != nil {
		return read, err
	}
	defer rows.Close()
	for rows.Next() {
		var e entry
		if err := rows.Scan(&e.class, &e.oid, &e.kind, &e.schema, &e.table, &e.name, &e.identity, &e.owner, &e.given); err != nil {
			return read, err
		}
		read.at[e.object] = len(read.all)
		read.all = append(read.all, e)
	}
	return read, rows.Err()
}

// entryNamed is the entry of an object of the current schema.
func (s State) entryNamed(o catalog.Object) (entry, bool) {
	i := slices.IndexFunc(s.entries.all, func(e entry) bool {
		return e.schema == s.Name && e.kind == o.Kind && (e.name == o.Name && e.table == o.Table || e.kind == catalog.KindTrigger && o.Table == "" && e.table+"."+e.name == o.Name)
	})
	if i < 0 {
		return entry{}, false
	}
	return s.entries.all[i], true
}

// hasTable reports whether a table is there, in whatever schema and with whatever name.
func (s State) hasTable(t catalog.Table) bool {
	_, there := s.entries.of(object{classOfRelations, t.OID})
	return there
}

// remains reports whether an object of this state is in another, in whatever schema and
// with whatever name.
func (s State) remains(o catalog.Object, other State) bool {
	e, known := s.entryNamed(o)
	if !known {
		return false
	}
	_, stays := other.entries.of(e.object)
	return stays
}

// taken reports whether a name is in use among relations, types or functions, whichever
// an entry is one of.
func (s State) taken(class, schema, name string) bool {
	return slices.ContainsFunc(s.entries.all, func(e entry) bool { return e.class == class && e.schema == schema && e.name == name })
}
