package revert

import (
	"context"
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// label is a value of an enum type. Its OID survives a rename.
type label struct {
	kind, text string
	oid        uint32
}

func readLabels(ctx context.Context, db catalog.Querier) (_ []label, err error) {
	rows, err := db.QueryContext(ctx, `SELECT t.typname, e.enumlabel, e.oid::bigint FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
		WHERE t.typnamespace = quote_ident(current_schema())::regnamespace ORDER BY t.typname COLLATE "C", e.enumsortorder`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []label
	for rows.Next() {
		var l label
		if err := rows.Scan(&l.kind, &l.text, &l.oid); err != nil {
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
		if !old && typeOld && !anew {
			f.addLoss(Manual, "the file adds '%s' to enum %s, and PostgreSQL can't drop a value: create the type anew without it, and change the columns that use it", l.text, l.kind)
		}
	}
}

func (f *finder) renamedLabels() []string {
	var s []string
	for _, l := range f.present.labels {
		for _, old := range f.before.labels {
			if l.oid == old.oid && l.text != old.text {
				s = append(s, fmt.Sprintf("ALTER TYPE %s RENAME VALUE %s TO %s", sqltoken.Quote(l.kind), sqltoken.Literal(l.text), sqltoken.Literal(old.text)))
			}
		}
	}
	return s
}
