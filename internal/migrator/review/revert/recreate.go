package revert

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// recreated are the objects that the file left and the revert has replaced by others of
// the same name.
func (f *finder) recreated() []string {
	var names []string
	for _, e := range f.after.entries.all {
		_, stays := f.present.entries.of(e.object)
		if stays || !movable(e) && e.kind != kindOwnedSequence {
			continue
		}
		if slices.ContainsFunc(f.present.entries.all, func(o entry) bool { return o.identity == e.identity }) {
			names = append(names, e.text())
		}
	}
	return names
}

func (e entry) text() string { return string(e.kind) + " " + e.name }

// keepGiven adds to the statements what recreated objects have in the database beyond
// what the files give them: the privileges that an administrator granted, and another
// owner. The roles need not exist on the dev server, so these statements aren't tried.
func (d *reversal) keepGiven(ctx context.Context, db catalog.Querier) error {
	if !slices.ContainsFunc(d.files, func(r Reverted) bool { return len(r.Revert.Recreated) > 0 }) {
		return nil
	}
	properties, err := catalog.ReadProperties(ctx, db, catalog.KindPrivilege)
	if err != nil {
		return err
	}
	entries, err := readEntries(ctx, db)
	if err != nil {
		return fmt.Errorf("read owners: %w", err)
	}
	schema, role, err := session(ctx, db)
	if err != nil {
		return err
	}
	for i := range d.files {
		p := &d.files[i].Revert
		var given []string
		for _, e := range entries.all {
			if e.schema != schema || !slices.Contains(p.Recreated, e.text()) {
				continue
			}
			given = append(given, d.granted(e, properties)...)
			if e.owner != role {
				given = append(given, fmt.Sprintf("ALTER %s %s OWNER TO %s", word(e), e.sql(), sqltoken.Quote(e.owner)))
			}
		}
		p.Statements = append(p.Statements, given...)
	}
	return nil
}

// granted are the statements for the privileges that an object has and no file grants.
func (d *reversal) granted(e entry, properties []catalog.Property) []string {
	var s []string
	for _, p := range properties {
		_, known := findProperty(d.newest.properties, p)
		of := p.Table == e.name || p.Table == "" && strings.Contains(p.Name, " ON "+strings.ToUpper(string(e.kind))+" "+e.name+" TO ")
		if of && !known {
			s = append(s, p.Set)
		}
	}
	return mergePrivileges(s)
}

// session returns the current schema and role.
func session(ctx context.Context, db catalog.Querier) (schema, role string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT current_schema(), current_user")
	if err != nil {
		return "", "", fmt.Errorf("read the session: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&schema, &role); err != nil {
			return "", "", fmt.Errorf("read the session: %w", err)
		}
	}
	return schema, role, rows.Err()
}
