package revert

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// use is a view, of either kind, that reads a table or another view.
type use struct{ view, relation string }

func readUses(ctx context.Context, db *sql.DB) ([]use, error) {
	rows, err := db.QueryContext(ctx, `SELECT DISTINCT v.relname, r.relname
		FROM pg_class v JOIN pg_rewrite w ON w.ev_class = v.oid
		JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
		JOIN pg_class r ON r.oid = d.refobjid
		WHERE v.relkind IN ('v', 'm') AND v.relnamespace = quote_ident(current_schema())::regnamespace ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []use
	for rows.Next() {
		var u use
		if err := rows.Scan(&u.view, &u.relation); err != nil {
			return nil, err
		}
		all = append(all, u)
	}
	return all, rows.Err()
}

// reads reports whether a view reads one of the relations, be it through others.
func (s State) reads(view string, relations []string) bool {
	return slices.ContainsFunc(s.uses, func(u use) bool {
		return u.view == view && (slices.Contains(relations, u.relation) || s.reads(u.relation, relations))
	})
}

func isView(o catalog.Object) bool {
	return o.Kind == catalog.KindView || o.Kind == catalog.KindMaterializedView
}

// dropViews drops the views that aren't as they were, those that read them, and
// those in whose way the change of a column would be: a view that reads another
// goes first.
func (f *finder) dropViews() []string {
	changed := f.remade()
	for _, o := range f.present.Others {
		if isView(o) && !sameIn(f.before.Others, o) {
			changed = append(changed, o.Name)
		}
	}
	var s []string
	for _, o := range f.present.inOrder() {
		if slices.Contains(changed, o.Name) || f.present.reads(o.Name, changed) {
			s = append(s, "DROP "+strings.ToUpper(string(o.Kind))+" "+sqltoken.Quote(o.Name))
		}
	}
	slices.Reverse(s)
	return s
}

// remade are the tables with columns that the way back drops or gives another
// type.
func (f *finder) remade() []string {
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

// inOrder are the views, each behind those that it reads.
func (s State) inOrder() []catalog.Object {
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
	for _, o := range f.before.inOrder() {
		if !sameIn(f.present.Others, o) {
			s = append(s, strings.TrimSuffix(o.Definition, ";"))
		}
	}
	return s
}
