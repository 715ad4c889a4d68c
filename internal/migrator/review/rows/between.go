package rows

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
)

// moment is the schema after a file, or before the first one.
type moment struct {
	file    string
	schema  catalog.Schema
	objects []catalog.Object // privileges included
}

// remember adds the present moment.
func (p *prover) remember(ctx context.Context, db *sql.DB, history []moment, file string) ([]moment, error) {
	schema, err := p.reader.Read(ctx, db)
	if err != nil {
		return nil, err
	}
	privileges, err := catalog.ReadProperties(ctx, db, catalog.KindPrivilege)
	if err != nil {
		return nil, err
	}
	return append(history, moment{file, schema, append(schema.Objects(), catalog.PropertyObjects(privileges)...)}), nil
}

// missedBetween is what others miss between two files though it is there before the first
// and after the last: an object, the definition that it has then and now, a default, or
// that rows are unique. An index that only makes queries faster may be missing.
func missedBetween(history []moment) error {
	if len(history) < 3 {
		return nil
	}
	first, last := history[0], history[len(history)-1]
	for _, now := range history[1 : len(history)-1] {
		missed := missedObject(first.objects, now.objects, last.objects)
		if missed == "" {
			missed = missedOfTables(first.schema, now.schema, last.schema)
		}
		if missed != "" {
			return fmt.Errorf("after %s, for a time %s", now.file, missed)
		}
	}
	return nil
}

func missedObject(before, now, after []catalog.Object) string {
	for _, was := range before {
		will, stays := find(after, was)
		if !stays || was.Kind == catalog.KindIndex && !strings.HasPrefix(was.Definition, "CREATE UNIQUE ") {
			continue
		}
		is, there := find(now, was)
		switch {
		case !there:
			return text(was) + " is missing"
		case was.Definition == will.Definition && unvalidated(is) != unvalidated(was):
			return text(was) + " is different"
		}
	}
	return ""
}

// unvalidated is a definition as that of a constraint that new rows alone must meet.
func unvalidated(o catalog.Object) string { return strings.TrimSuffix(o.Definition, " NOT VALID") }

func find(all []catalog.Object, o catalog.Object) (catalog.Object, bool) {
	i := slices.IndexFunc(all, func(p catalog.Object) bool { return p.Kind == o.Kind && p.Table == o.Table && p.Name == o.Name })
	if i < 0 {
		return catalog.Object{}, false
	}
	return all[i], true
}

func text(o catalog.Object) string {
	name := string(o.Kind) + " " + o.Name
	if o.Table == "" || o.Kind == catalog.KindPrivilege { // whose name has the table
		return name
	}
	return name + " of " + o.Table
}

// missedOfTables also finds keys that have another name afterwards, and defaults that
// are others.
func missedOfTables(before, now, after catalog.Schema) string {
	for _, will := range after.Tables {
		was, old := before.TableOf(will)
		is, stays := now.TableOf(will)
		if !old || !stays {
			continue
		}
		for _, i := range will.Indexes {
			if i.Unique && i.Valid && keeps(was, i) && !keeps(is, i) {
				return "nothing keeps " + strings.Join(i.Columns, ", ") + " of " + will.Name + " unique"
			}
		}
		for _, c := range is.Columns {
			if !fills(c) && fills(at(was, c.Position)) && fills(at(will, c.Position)) {
				return "column " + c.Name + " of " + will.Name + " has no default"
			}
		}
	}
	return ""
}

// keeps reports whether an index of the table keeps the columns of another one unique.
func keeps(t catalog.Table, key catalog.Index) bool {
	return slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool {
		other := func(column string) bool { return !slices.Contains(key.Columns, column) }
		return i.Unique && i.Valid && i.Partial == key.Partial && !slices.ContainsFunc(i.Columns, other)
	})
}

// fills reports whether a column gets a value from an INSERT that doesn't name it.
func fills(c catalog.Column) bool { return c.Default != "" || c.Identity }

// at is the column at a position; a dropped one has nothing.
func at(t catalog.Table, position int16) catalog.Column {
	i := slices.IndexFunc(t.Columns, func(c catalog.Column) bool { return c.Position == position })
	if i < 0 {
		return catalog.Column{}
	}
	return t.Columns[i]
}
