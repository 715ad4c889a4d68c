package revert

import (
	"context"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// dependency is a view, policy, trigger or function that uses a column of a relation;
// PostgreSQL then refuses to drop the column or to change its type. The column is 0 for
// one that uses the relation as a whole, or a type, a table's row type among them, or a
// function, which constraints, indexes and the defaults of columns use, too.
type dependency struct {
	kind     catalog.Kind
	table    string // of a policy, trigger, constraint, index or column
	name     string
	relation string // or a function, with the types of its arguments
	column   int16
}

// dependenciesQuery reads the dependencies of all columns. Of a relation as a whole
// PostgreSQL records one only where no column is used. What users make has an OID from
// 16384 on.
const dependenciesQuery = `SELECT u.kind, u.relation, u.name, r.relname, d.refobjsubid
	FROM (
		SELECT 'pg_rewrite'::regclass, w.oid, CASE v.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, '', v.relname, v.oid
			FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class
			WHERE w.oid >= 16384 AND v.relkind IN ('v', 'm') AND w.rulename = '_RETURN' AND v.relnamespace = (SELECT quote_ident(current_schema())::regnamespace::oid)
		UNION ALL SELECT 'pg_policy'::regclass, p.oid, 'policy', c.relname, p.polname, 0 FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
		UNION ALL SELECT 'pg_trigger'::regclass, g.oid, 'trigger', c.relname, g.tgname, 0 FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal
	) AS u (class, oid, kind, relation, name, own)
	JOIN pg_depend d ON d.classid = u.class AND d.objid = u.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> u.own
	JOIN pg_class r ON r.oid = d.refobjid
	UNION ALL
	SELECT 'function', '', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', coalesce(r.relname, e.typname, t.typname), d.refobjsubid
	FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
		LEFT JOIN pg_class r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
		LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
	WHERE p.oid >= 16384 AND p.pronamespace = (SELECT quote_ident(current_schema())::regnamespace::oid) AND (r.oid IS NOT NULL OR t.oid IS NOT NULL)
	UNION ALL
	SELECT u.kind, u.relation, u.name, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', 0
	FROM pg_proc p JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid, LATERAL (
		SELECT CASE v.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, '', v.relname FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class
			WHERE d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
		UNION ALL SELECT 'policy', (SELECT relname FROM pg_class WHERE oid = l.polrelid), l.polname FROM pg_policy l WHERE d.classid = 'pg_policy'::regclass AND l.oid = d.objid
		UNION ALL SELECT 'trigger', (SELECT relname FROM pg_class WHERE oid = g.tgrelid), g.tgname FROM pg_trigger g WHERE d.classid = 'pg_trigger'::regclass AND g.oid = d.objid AND NOT g.tgisinternal
		UNION ALL SELECT 'constraint', (SELECT relname FROM pg_class WHERE oid = n.conrelid), n.conname FROM pg_constraint n WHERE d.classid = 'pg_constraint'::regclass AND n.oid = d.objid AND n.conrelid <> 0
		UNION ALL SELECT 'index', (SELECT relname FROM pg_class WHERE oid = i.indrelid), x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE d.classid = 'pg_class'::regclass AND x.oid = d.objid
		UNION ALL SELECT 'column', (SELECT relname FROM pg_class WHERE oid = f.adrelid), a.attname FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
			WHERE d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid AND a.attgenerated = ''
		UNION ALL SELECT 'function', '', q.proname || '(' || pg_get_function_identity_arguments(q.oid) || ')' FROM pg_proc q WHERE d.classid = 'pg_proc'::regclass AND q.oid = d.objid
	) AS u (kind, relation, name)
	WHERE p.oid >= 16384 AND p.pronamespace = (SELECT quote_ident(current_schema())::regnamespace::oid)
	ORDER BY 1, 2, 3, 4, 5`

func readDependencies(ctx context.Context, db catalog.Querier) ([]dependency, error) {
	rows, err := db.QueryContext(ctx, dependenciesQuery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []dependency
	for rows.Next() {
		var u dependency
		if err := rows.Scan(&u.kind, &u.table, &u.name, &u.relation, &u.column); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, rows.Err()
}

// columns are some of the columns of relations, by position.
type columns map[string][]int16

// usesColumn reports whether an object uses one of the columns itself.
func (s State) usesColumn(o catalog.Object, changed columns) bool {
	return slices.ContainsFunc(s.uses, func(u dependency) bool {
		return u.kind == o.Kind && u.name == o.Name && u.table == o.Table && slices.Contains(changed[u.relation], u.column)
	})
}

// reads reports whether a view reads one of the relations, directly or through others.
func (s State) reads(view string, relations []string) bool {
	return slices.ContainsFunc(s.uses, func(u dependency) bool {
		return isView(catalog.Object{Kind: u.kind}) && u.name == view && (slices.Contains(relations, u.relation) || s.reads(u.relation, relations))
	})
}

func isView(o catalog.Object) bool {
	return o.Kind == catalog.KindView || o.Kind == catalog.KindMaterializedView
}

// replaceViews replaces the changed views that PostgreSQL can replace in place, which
// keeps what depends on them and what they were given.
func (f *finder) replaceViews(ctx context.Context) error {
	for _, o := range f.before.viewsInOrder() {
		now, there := find(f.present.Others, o)
		if !there || o.Kind != catalog.KindView || query(now) == query(o) {
			continue
		}
		replace := "CREATE OR REPLACE " + strings.TrimPrefix(viewStatements(o)[0], "CREATE ")
		if !f.trial.accepts(ctx, replace) {
			continue
		}
		if err := f.advance(ctx, []string{replace}); err != nil {
			return err
		}
	}
	return nil
}

// dropViews drops the views that the file added, those that are recreated because their
// query differs or because they use a column that is dropped or gets another type, and
// those that read them. A view that reads another is dropped first.
func (f *finder) dropViews() []string {
	changed := f.recreatedColumns()
	var s, dropped []string
	for _, o := range f.present.viewsInOrder() {
		old, stays := find(f.before.Others, o)
		differs := stays && query(old) != query(o) || !stays && !f.present.remains(o, f.before)
		if differs || f.present.usesColumn(o, changed) || f.present.usesAny(o, f.going) || f.present.reads(o.Name, dropped) {
			dropped = append(dropped, o.Name)
			s = append(s, "DROP "+strings.ToUpper(string(o.Kind))+" "+sqltoken.Quote(o.Name))
		}
	}
	slices.Reverse(s)
	return s
}

// recreatedColumns are those that the revert drops or gives another type.
func (f *finder) recreatedColumns() columns {
	changed, remade := columns{}, f.remadeTypes()
	for _, p := range f.pairs() {
		for _, c := range p.after.Columns {
			old, was := byPosition(p.before, c.Position)
			again := slices.ContainsFunc(remade, func(o catalog.Object) bool { return ofType(c, o) })
			if !was || again || old.Type != c.Type || old.Collation != c.Collation {
				changed[p.after.Name] = append(changed[p.after.Name], c.Position)
			}
		}
	}
	return changed
}

// viewsInOrder are the views, each after those that it reads.
func (s State) viewsInOrder() []catalog.Object {
	var views []catalog.Object
	for _, o := range s.Others {
		if !isView(o) {
			continue
		}
		at := slices.IndexFunc(views, func(v catalog.Object) bool { return s.reads(v.Name, []string{o.Name}) })
		if at < 0 {
			at = len(views)
		}
		views = slices.Insert(views, at, o)
	}
	return views
}

// restoreViews creates the views that are missing, with their indexes, and of the
// others the indexes that differ.
func (f *finder) restoreViews() []string {
	var s []string
	for _, o := range f.before.viewsInOrder() {
		want := viewStatements(o)
		now, there := find(f.present.Others, o)
		if !there {
			s = append(s, want...)
			continue
		}
		have := viewStatements(now)
		for _, index := range have[1:] {
			if !slices.Contains(want, index) {
				s = append(s, "DROP INDEX "+sqltoken.Quote(indexName(index)))
			}
		}
		for _, index := range want[1:] {
			if !slices.Contains(have, index) {
				s = append(s, index)
			}
		}
	}
	return s
}

// viewStatements are the statements of a view's definition: the view, and the indexes
// of a materialized one.
func viewStatements(o catalog.Object) []string {
	var s []string
	from := 0
	for t := range sqltoken.All(o.Definition) {
		if t.Text == ";" {
			s = append(s, strings.TrimSpace(o.Definition[from:t.From]))
			from = t.To
		}
	}
	return s
}

// query is what a view selects, without its options and indexes.
func query(o catalog.Object) string {
	_, text, _ := strings.Cut(viewStatements(o)[0], " AS\n")
	return text
}

// indexName is the name in an index's definition.
func indexName(definition string) string {
	var before sqltoken.Token
	for t := range sqltoken.All(definition) {
		if t.Is("on") {
			break
		}
		before = t
	}
	return before.Name()
}
