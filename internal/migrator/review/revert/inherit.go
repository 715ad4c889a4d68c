package revert

import (
	"context"

	"commitment/internal/migration/catalog"
)

// part is a column, constraint, index or trigger of a table.
type part struct {
	kind  catalog.Kind
	table uint32
	name  string
}

// inheritedQuery reads what partitions and heirs have from their parents alone, and what
// comes and goes with it. What users make has an OID from 16384 on.
const inheritedQuery = `SELECT 'column', attrelid::bigint, attname FROM pg_attribute WHERE attrelid >= 16384 AND attinhcount > 0 AND NOT attislocal AND attnum > 0 AND NOT attisdropped
	UNION ALL SELECT 'constraint', conrelid::bigint, conname FROM pg_constraint WHERE oid >= 16384 AND (conparentid <> 0 OR coninhcount > 0 AND NOT conislocal)
	UNION ALL SELECT 'index', i.indrelid::bigint, x.relname FROM pg_inherits h JOIN pg_class x ON x.oid = h.inhrelid JOIN pg_index i ON i.indexrelid = x.oid
	UNION ALL SELECT 'trigger', tgrelid::bigint, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgparentid <> 0`

func readInherited(ctx context.Context, db catalog.Querier) (map[part]bool, error) {
	rows, err := db.QueryContext(ctx, inheritedQuery)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[part]bool{}
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.kind, &p.table, &p.name); err != nil {
			return nil, err
		}
		all[p] = true
	}
	return all, rows.Err()
}

// readBounds reads the conditions that the rows of partitions meet, by table.
func readBounds(ctx context.Context, db catalog.Querier) (map[uint32]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT oid::bigint, pg_get_partition_constraintdef(oid) FROM pg_class
		WHERE oid >= 16384 AND relispartition AND relkind = 'r' AND pg_get_partition_constraintdef(oid) IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[uint32]string{}
	for rows.Next() {
		var table uint32
		var condition string
		if err := rows.Scan(&table, &condition); err != nil {
			return nil, err
		}
		all[table] = condition
	}
	return all, rows.Err()
}

// inherits reports whether a table has a part from its parent.
func (s State) inherits(kind catalog.Kind, t catalog.Table, name string) bool {
	return s.inherited[part{kind, t.OID, name}]
}
