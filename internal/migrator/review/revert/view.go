package revert

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// dependency is a view or materialized view that reads a table or another view.
type dependency struct{ view, relation string }

func readDependencies(ctx context.Context, db *sql.DB) ([]dependency, error) {
	rows, err := db.QueryContext(ctx, `SELECT DISTINCT v.relname, r.relname
		FROM pg_class v JOIN pg_rewrite w ON w.ev_class = v.oid
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
		JOIN pg_class r ON r.oid = d.refobjid
		WHERE v.relkind IN ('v', 'm') AND v.relnamespace = quote_ident(current_schema())::regnamespace ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []dependency
	for rows.Next() {
		var u dependency
		if err := rows.Scan(&u.view, &u.relation); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, rows.Err()
}

// reads reports whether a view reads one of the relations, directly or through others.
func (s State) reads(view string, relations []string) bool {
	return slices.ContainsFunc(s.uses, func(u dependency) bool {
		return u.view == view && (slices.Contains(relations, u.relation) || s.reads(u.relation, relations))
	})
}

func isView(o catalog.Object) bool {
	return o.Kind == catalog.KindView || o.Kind == catalog.KindMaterializedView
}

// dropViews drops the views that differ, those that read them, and those that would
// block the change of a column. A view that reads another is dropped first.
func (f *finder) dropViews() []string {
	changed := f.recreatedTables()
	for _, o := range f.present.Others {
		if isView(o) && !sameIn(f.before.Others, o) {
			changed = append(changed, o.Name)
		}
	}
	var s []string
	for _, o := range f.present.viewsInOrder() {
		if slices.Contains(changed, o.Name) || f.present.reads(o.Name, changed) {
			s = append(s, "DROP "+strings.ToUpper(string(o.Kind))+" "+sqltoken.Quote(o.Name))
		}
	}
	slices.Reverse(s)
	return s
}

// recreatedTables are the tables with columns that the revert drops or gives another
// type.
func (f *finder) recreatedTables() []string {
	var names []string
	for _, p := range f.pairs() {
		if slices.ContainsFunc(p.after.Columns, func(c catalog.Column) bool {
			old, was := byPosition(p.before, c.Position)
			return !was || old.Type != c.Type || old.Collation != c.Collation
		}) {
			names = append(names, p.after.Name)
		}
	}
	return names
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

func (f *finder) restoreViews() []string {
	var s []string
	for _, o := range f.before.viewsInOrder() {
		if !sameIn(f.present.Others, o) {
			s = append(s, strings.TrimSuffix(o.Definition, ";"))
		}
	}
	return s
}
