package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// printedIndex is an index as PostgreSQL printed it.
type printedIndex struct {
	// version changes with whatever the definition depends on, except for the names of
	// collations and operator classes. It is empty if that isn't known.
	version    string
	definition string
	columns    []string
}

// listedIndex is an index before it is printed.
type listedIndex struct {
	table   uint32
	index   Index
	columns string // the positions of its columns
	version string // of its rows in the catalogs
}

func (r *Reader) readIndexes(ctx context.Context, db Querier, tables map[uint32]*Table) error {
	listed, err := collect(ctx, db, indexes, func(rows *sql.Rows, l *listedIndex) error {
		i := &l.index
		return rows.Scan(&l.table, &i.Name, &i.OID, &i.Unique, &i.Valid, &i.Partial, &l.columns, &l.version, &i.Constraint)
	})
	if err != nil {
		return fmt.Errorf("read indexes: %w", err)
	}
	before := r.indexes
	r.indexes = make(map[uint32]printedIndex, len(listed))
	var changed []string
	for i, l := range listed {
		t := tables[l.table]
		if t == nil {
			continue
		}
		if l.version != "" { // names are in other rows
			listed[i].version = strings.Join(append(t.names(l.columns), l.version, t.Name), separator)
		}
		if known := before[l.index.OID]; l.version != "" && known.version == listed[i].version {
			r.indexes[l.index.OID] = known
		} else {
			changed = append(changed, strconv.FormatUint(uint64(l.index.OID), 10))
		}
	}
	if err := r.printIndexes(ctx, db, changed); err != nil {
		return fmt.Errorf("read definitions of indexes: %w", err)
	}
	for _, l := range listed {
		t := tables[l.table]
		if t == nil {
			continue
		}
		printed := r.indexes[l.index.OID]
		printed.version = l.version
		r.indexes[l.index.OID] = printed
		l.index.Definition, l.index.Columns = printed.definition, printed.columns
		t.Indexes = append(t.Indexes, l.index)
	}
	return nil
}

// names are the names of the columns at these positions; none without a table.
func (t *Table) names(positions string) []string {
	if t == nil {
		return nil
	}
	var names []string
	for text := range strings.FieldsSeq(positions) {
		position, err := strconv.Atoi(text)
		i := slices.IndexFunc(t.Columns, func(c Column) bool { return int(c.Position) == position })
		if err == nil && i >= 0 {
			names = append(names, t.Columns[i].Name)
		}
	}
	return names
}

func (r *Reader) printIndexes(ctx context.Context, db Querier, oids []string) error {
	if len(oids) == 0 {
		return nil
	}
	type printed struct {
		oid   uint32
		index printedIndex
	}
	all, err := collect(ctx, db, printIndexes, func(rows *sql.Rows, p *printed) error {
		var keys string
		err := rows.Scan(&p.oid, &p.index.definition, &keys)
		p.index.columns = split(keys)
		return err
	}, "{"+strings.Join(oids, ",")+"}")
	for _, p := range all {
		r.indexes[p.oid] = p.index
	}
	return err
}
