package revert

import (
	"context"
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// label is a value of an enum type, or an attribute of a composite type. The OID of the
// value, or of the type's relation, survives a rename, and so does the attribute's number.
type label struct {
	kind, text string
	oid        uint32
	attribute  int16 // 0 for a value
}

func readLabels(ctx context.Context, db catalog.Querier) (_ []label, err error) {
	rows, err := db.QueryContext(ctx, `SELECT name, label, oid, number FROM (
			SELECT t.typname, e.enumlabel, e.oid::bigint, 0, e.enumsortorder FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
				WHERE t.typnamespace = quote_ident(current_schema())::regnamespace
			UNION ALL SELECT c.relname, a.attname, c.oid::bigint, a.attnum, a.attnum FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
				WHERE c.relkind = 'c' AND c.relnamespace = quote_ident(current_schema())::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
		) AS labels (name, label, oid, number, place) ORDER BY name COLLATE "C", place`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []label
	for rows.Next() {
		var l label
		if err := rows.Scan(&l.kind, &l.text, &l.oid, &l.attribute); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// gradeEnums finds values that were added to an existing type: PostgreSQL can't drop
// them.
func (f *finder) gradeEnums() {
	remade := f.remadeTypes()
	for _, l := range f.after.labels {
		old := slices.ContainsFunc(f.before.labels, func(o label) bool { return o.oid == l.oid })
		typeOld := slices.ContainsFunc(f.before.labels, func(o label) bool { return o.kind == l.kind })
		anew := slices.ContainsFunc(remade, func(o catalog.Object) bool { return o.Name == l.kind })
		if l.attribute == 0 && !old && typeOld && !anew {
			f.addLoss(Manual, "the file adds '%s' to enum %s, and PostgreSQL can't drop a value: create the type anew without it, and change the columns that use it", l.text, l.kind)
		}
	}
}

func (f *finder) renamedLabels() []string {
	var s []string
	for _, l := range f.present.labels {
		for _, old := range f.before.labels {
			if l.oid != old.oid || l.attribute != old.attribute || l.text == old.text {
				continue
			}
			part, was, is := "VALUE", sqltoken.Literal(old.text), sqltoken.Literal(l.text)
			if l.attribute > 0 {
				part, was, is = "ATTRIBUTE", sqltoken.Quote(old.text), sqltoken.Quote(l.text)
			}
			s = append(s, fmt.Sprintf("ALTER TYPE %s RENAME %s %s TO %s", sqltoken.Quote(l.kind), part, is, was))
		}
	}
	return s
}

// gradeAttributes finds the attributes of composite types that only one of two states has.
func (f *finder) gradeAttributes(of, other State, format string) {
	for _, l := range of.labels {
		same := func(o label) bool { return o.oid == l.oid && o.attribute == l.attribute }
		stays := slices.ContainsFunc(other.labels, func(o label) bool { return o.oid == l.oid })
		if l.attribute > 0 && stays && !slices.ContainsFunc(other.labels, same) {
			f.addLoss(Lossy, format, l.text, l.kind)
		}
	}
}
