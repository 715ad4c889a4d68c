package revert

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// moves brings back what the file moved from or to another schema.
func (f *finder) moves(context.Context) []string {
	var s []string
	for _, old := range f.before.entries.all {
		now, stays := f.present.entries.of(old.object)
		if stays && now.schema != old.schema && movable(now) && !f.present.taken(now.class, old.schema, now.name) {
			s = append(s, fmt.Sprintf("ALTER %s %s SET SCHEMA %s", word(now), f.reference(now), sqltoken.Quote(old.schema)))
		}
	}
	return s
}

var movableKinds = []catalog.Kind{
	catalog.KindTable, catalog.KindView, catalog.KindMaterializedView, catalog.KindSequence, catalog.KindFunction,
	catalog.KindType, catalog.KindDomain, catalog.KindStatistics,
}

// movable leaves out what moves with its table.
func movable(e entry) bool { return slices.Contains(movableKinds, e.kind) }

// names gives what the file renamed its name back, where that is free.
func (f *finder) names(context.Context) []string {
	var s []string
	for _, old := range f.before.entries.all {
		now, stays := f.present.entries.of(old.object)
		if !stays || now.schema != old.schema || now.name == old.name || f.present.taken(now.class, old.schema, old.name) {
			continue
		}
		name, _, _ := strings.Cut(old.name, "(")
		switch {
		case movable(now), now.kind == kindOwnedSequence:
			if before, _, _ := strings.Cut(now.name, "("); before != name {
				s = append(s, fmt.Sprintf("ALTER %s %s RENAME TO %s", word(now), f.reference(now), sqltoken.Quote(name)))
			}
		case now.table != "":
			s = append(s, fmt.Sprintf("ALTER %s %s ON %s RENAME TO %s", word(now), sqltoken.Quote(now.name), sqltoken.Quote(now.table), sqltoken.Quote(name)))
		}
	}
	return s
}

// word is the word for an object in ALTER.
func word(e entry) string {
	if e.kind == catalog.KindFunction {
		return "ROUTINE"
	}
	if e.kind == kindOwnedSequence {
		return "SEQUENCE"
	}
	return strings.ToUpper(string(e.kind))
}

// reference names an object, with its schema unless that is the current one.
func (f *finder) reference(e entry) string {
	if e.schema != f.before.Name {
		return sqltoken.Quote(e.schema) + "." + e.sql()
	}
	return e.sql()
}

// sql is the name of an object as SQL takes it, without its schema.
func (e entry) sql() string {
	if e.kind == catalog.KindFunction {
		return signature(e.name)
	}
	return sqltoken.Quote(e.name)
}
