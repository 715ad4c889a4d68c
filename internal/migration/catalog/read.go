package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Querier is a [sql.DB], a [sql.Conn] or a [sql.Tx].
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Read reads the current schema of the session, which is the first existing one on its
// search_path. The number of queries is fixed, however many tables there are. On a
// database that others change meanwhile, give it a REPEATABLE READ transaction, so that
// it sees one moment.
func Read(ctx context.Context, db Querier) (Schema, error) { return new(Reader).Read(ctx, db) }

func (r *Reader) read(ctx context.Context, db Querier) (Schema, error) {
	var s Schema
	name, err := schemaName(ctx, db)
	if err != nil {
		return s, err
	}
	s.Name = name
	if s.Tables, err = r.readTables(ctx, db); err != nil {
		return s, err
	}
	if s.Others, err = readObjects(ctx, db, others, name); err != nil {
		return s, err
	}
	return s, nil
}

func schemaName(ctx context.Context, db Querier) (string, error) {
	names, err := collect(ctx, db, "SELECT current_schema()", func(rows *sql.Rows, name *sql.NullString) error {
		return rows.Scan(name)
	})
	if err != nil {
		return "", fmt.Errorf("read current schema: %w", err)
	}
	if !names[0].Valid {
		return "", errors.New("no schema to read: no schema on search_path exists")
	}
	return names[0].String, nil
}

// readTables reads the tables with everything that belongs to them.
func (r *Reader) readTables(ctx context.Context, db Querier) ([]Table, error) {
	all, err := collect(ctx, db, tables, func(rows *sql.Rows, t *Table) error {
		return rows.Scan(&t.Name, &t.OID, &t.Options)
	})
	if err != nil {
		return nil, fmt.Errorf("read tables: %w", err)
	}
	index := make(map[uint32]*Table, len(all))
	for i := range all {
		index[all[i].OID] = &all[i]
	}
	return all, errors.Join(
		readColumns(ctx, db, index), readConstraints(ctx, db, index),
		r.readIndexes(ctx, db, index), readTriggersAndPolicies(ctx, db, index),
	)
}

// part is a part of a table, with the table's OID.
type part[T any] struct {
	table uint32
	value T
}

func readColumns(ctx context.Context, db Querier, tables map[uint32]*Table) error {
	parts, err := collect(ctx, db, columns, func(rows *sql.Rows, p *part[Column]) error {
		c := &p.value
		return rows.Scan(&p.table, &c.Name, &c.Position, &c.Type, &c.NotNull, &c.Default, &c.Generated, &c.Virtual, &c.Identity, &c.Always, &c.Collation)
	})
	if err != nil {
		return fmt.Errorf("read columns: %w", err)
	}
	for _, p := range parts {
		if t := tables[p.table]; t != nil {
			t.Columns = append(t.Columns, p.value)
		}
	}
	return nil
}

func readConstraints(ctx context.Context, db Querier, tables map[uint32]*Table) error {
	parts, err := collect(ctx, db, constraints, func(rows *sql.Rows, p *part[Constraint]) error {
		c := &p.value
		var own, positions, names string
		var referenced uint32
		err := rows.Scan(&p.table, &c.Name, &c.OID, &c.Type, &c.Definition, &c.Valid, &own, &referenced, &c.References, &positions, &names)
		c.Columns, c.RefColumns = tables[p.table].names(own), split(names)
		if names == "" {
			c.RefColumns = tables[referenced].names(positions)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read constraints: %w", err)
	}
	for _, p := range parts {
		if t := tables[p.table]; t != nil {
			t.Constraints = append(t.Constraints, p.value)
		}
	}
	return nil
}

// readBelongings reads triggers and policies.
func readTriggersAndPolicies(ctx context.Context, db Querier, tables map[uint32]*Table) error {
	parts, err := collect(ctx, db, triggersAndPolicies, func(rows *sql.Rows, p *part[Object]) error {
		o := &p.value
		return rows.Scan(&p.table, &o.Kind, &o.Table, &o.Name, &o.Definition)
	})
	if err != nil {
		return fmt.Errorf("read triggers and policies: %w", err)
	}
	for _, p := range parts {
		if t := tables[p.table]; t != nil {
			t.Others = append(t.Others, p.value)
		}
	}
	return nil
}

func readObjects(ctx context.Context, db Querier, query, schema string) ([]Object, error) {
	all, err := collect(ctx, db, query, func(rows *sql.Rows, o *Object) error {
		return rows.Scan(&o.Kind, &o.Name, &o.Definition)
	})
	if err != nil {
		return nil, fmt.Errorf("read views, functions and types: %w", err)
	}
	for i := range all {
		if all[i].Kind == KindFunction {
			all[i].Definition = withoutSchema(all[i].Definition, schema)
		}
	}
	return all, nil
}

// withoutSchema is a function's definition without the schema's name in the search_path
// that it sets. The clause stands before the body, which is left as it is.
func withoutSchema(definition, schema string) string {
	start, end := pathClause(definition)
	if start < 0 {
		return definition
	}
	path := strings.Split(definition[start:end], ", ")
	for i, name := range path {
		if name == "'"+strings.ReplaceAll(schema, "'", "''")+"'" {
			path[i] = currentSchema
		}
	}
	return definition[:start] + strings.Join(path, ", ") + definition[end:]
}

const (
	setPath = "\n SET search_path TO "
	// currentSchema stands for the schema's name in a search_path. PostgreSQL quotes names
	// there.
	currentSchema = "current_schema"
)

// pathClause is where the search_path is that a function's definition sets, or negative.
func pathClause(definition string) (start, end int) {
	start = strings.Index(definition, setPath)
	body := strings.Index(definition, "\nAS ")
	if start < 0 || body >= 0 && body < start {
		return -1, -1
	}
	start += len(setPath)
	return start, start + strings.IndexByte(definition[start:], '\n')
}

// separator separates the names of a list, and occurs in none.
const separator = "\x01"

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, separator)
}

func collect[T any](ctx context.Context, db Querier, query string, scan func(*sql.Rows, *T) error, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	var all []T
	for rows.Next() {
		var one T
		if err := scan(rows, &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
