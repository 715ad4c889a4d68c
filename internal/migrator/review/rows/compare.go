package rows

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"commitment/internal/sqltoken"
)

// Contents are the rows of each table, with a column's value as JSON.
type Contents map[string][]map[string]string

// Read reads all rows of a database.
func Read(ctx context.Context, db *sql.DB) (Contents, error) {
	names, err := tableNames(ctx, db)
	if err != nil {
		return nil, err
	}
	all := Contents{}
	for _, name := range names {
		all[name] = nil
	}
	stored, err := storedTables(ctx, db)
	if err != nil {
		return nil, err
	}
	// PostgreSQL takes long to plan a query of thousands of tables.
	for some := range slices.Chunk(stored, tablesAtOnce) {
		if err := all.read(ctx, db, some); err != nil {
			return nil, fmt.Errorf("read rows: %w", err)
		}
	}
	return all, nil
}

const tablesAtOnce = 50

func (c Contents) read(ctx context.Context, db *sql.DB, names []string) error {
	var queries []string
	for _, name := range names {
		queries = append(queries, "SELECT "+sqltoken.Literal(name)+", to_jsonb(t.*) FROM "+sqltoken.Quote(name)+" t")
	}
	rows, err := db.QueryContext(ctx, strings.Join(queries, " UNION ALL "), pgx.QueryExecModeExec)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	for rows.Next() {
		var table string
		var text []byte
		if err := rows.Scan(&table, &text); err != nil {
			return err
		}
		var values map[string]json.RawMessage
		if err := json.Unmarshal(text, &values); err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		row := map[string]string{}
		for name, value := range values {
			row[name] = string(value)
		}
		c[table] = append(c[table], row)
	}
	return rows.Err()
}

// tableNames are the tables of the current schema. What users make has an OID from 16384
// on.
func tableNames(ctx context.Context, db *sql.DB) ([]string, error) {
	return queryNames(ctx, db, `SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
		WHERE oid >= 16384 AND relkind IN ('r', 'p') AND relnamespace = (SELECT quote_ident(current_schema())::regnamespace::oid)`)
}

// storedTables leaves out the tables that never had rows.
func storedTables(ctx context.Context, db *sql.DB) ([]string, error) {
	return queryNames(ctx, db, `SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
		WHERE (relkind = 'p' OR relkind = 'r' AND pg_relation_size(oid) > 0) AND oid >= 16384 AND relnamespace = (SELECT quote_ident(current_schema())::regnamespace::oid)`)
}

// filledTables are the tables that have rows.
func filledTables(ctx context.Context, db *sql.DB) ([]string, error) {
	stored, err := storedTables(ctx, db)
	if err != nil {
		return nil, err
	}
	filled := []string{}
	for some := range slices.Chunk(stored, tablesAtOnce) {
		var queries []string
		for _, name := range some {
			queries = append(queries, "SELECT "+sqltoken.Literal(name)+" AS name WHERE EXISTS (SELECT FROM "+sqltoken.Quote(name)+")")
		}
		names, err := queryNames(ctx, db, "SELECT array_agg(name) FROM ("+strings.Join(queries, " UNION ALL ")+") filled")
		if err != nil {
			return nil, err
		}
		filled = append(filled, names...)
	}
	return filled, nil
}

func queryNames(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	var names []string
	if err := db.QueryRowContext(ctx, query).Scan(pgtype.NewMap().SQLScanner(&names)); err != nil {
		return nil, fmt.Errorf("read names of tables: %w", err)
	}
	return names, nil
}

// Difference says how got differs from want, or nothing. Again is what the same
// statements made in another run: of a column that differs between the two, such as a
// random one, only NULL and not NULL are compared.
func Difference(want, again, got Contents) string {
	for _, table := range slices.Sorted(maps.Keys(want)) {
		if _, there := got[table]; !there {
			continue // another schema, which others compare
		}
		stable := stableColumns(want[table], again[table])
		before, after := canonical(want[table], stable), canonical(got[table], stable)
		for i := range max(len(before), len(after)) {
			switch {
			case i >= len(after):
				return fmt.Sprintf("%s lacks the row %s", table, before[i])
			case i >= len(before):
				return fmt.Sprintf("%s has the row %s, too", table, after[i])
			case before[i] != after[i]:
				return fmt.Sprintf("%s has the row %s, want %s", table, after[i], before[i])
			}
		}
	}
	return ""
}

// stableColumns are those that hold the same values in both.
func stableColumns(a, b []map[string]string) []string {
	if len(a) == 0 {
		return nil
	}
	values := func(rows []map[string]string, column string) []string {
		var all []string
		for _, row := range rows {
			all = append(all, row[column])
		}
		slices.Sort(all)
		return all
	}
	return slices.DeleteFunc(slices.Collect(maps.Keys(a[0])), func(column string) bool {
		return !slices.Equal(values(a, column), values(b, column))
	})
}

// canonical are the rows as JSON, sorted. What isn't stable is replaced.
func canonical(rows []map[string]string, stable []string) []string {
	var all []string
	for _, row := range rows {
		var parts []string
		for _, column := range slices.Sorted(maps.Keys(row)) {
			value := row[column]
			if value != "null" && !slices.Contains(stable, column) {
				value = `"…"`
			}
			parts = append(parts, fmt.Sprintf("%q: %s", column, value))
		}
		all = append(all, "{"+strings.Join(parts, ", ")+"}")
	}
	slices.Sort(all)
	return all
}
