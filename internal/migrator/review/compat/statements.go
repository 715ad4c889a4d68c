package compat

import (
	"context"
	"fmt"
	"strings"

	"commitment/internal/sqltoken"
)

func (p *probe) read(ctx context.Context, columns []Column) error {
	query := p.selection(columns)
	return p.try(ctx, opRead, query, func() error {
		rows, err := p.tx.QueryContext(ctx, query, describeAnew)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // its errors are those of Err
		for rows.Next() {
			if err := rows.Scan(destinations(columns)...); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

func (p *probe) selection(columns []Column) string {
	names := make([]string, 0, len(columns))
	for _, c := range columns {
		names = append(names, sqltoken.Quote(p.entity.Table)+"."+sqltoken.Quote(c.Name))
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + sqltoken.Quote(p.entity.Table)
}

// insert returns the column that the statement omits and the table requires.
func (p *probe) insert(ctx context.Context, columns []Column) (missing string, err error) {
	query := p.insertion(columns)
	err = p.try(ctx, opInsert, query, func() error {
		err := p.exec(ctx, query, p.samples(columns)...)
		missing = missingColumn(err)
		return err
	})
	return missing, err
}

func (p *probe) insertion(columns []Column) string {
	if len(columns) == 0 {
		return fmt.Sprintf("INSERT INTO %s DEFAULT VALUES", sqltoken.Quote(p.entity.Table))
	}
	values := make([]string, 0, len(columns))
	for i := range columns {
		values = append(values, fmt.Sprintf("$%d", i+1))
	}
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", sqltoken.Quote(p.entity.Table), quoteAll(columns), strings.Join(values, ", "))
}

// insertEnum inserts a row with one value of an enum. The error names the value, which
// is a parameter of the statement.
func (p *probe) insertEnum(ctx context.Context, enum Column, value string) error {
	columns := p.required()
	if !enum.Required {
		columns = append(columns, enum)
	}
	args := p.samples(columns)
	for i, c := range columns {
		if c.Name == enum.Name {
			args[i] = value
		}
	}
	query := p.insertion(columns)
	return p.try(ctx, opEnum, query, func() error {
		err := p.exec(ctx, query, args...)
		if err == nil {
			return nil
		}
		return enumError{column: enum.Name, value: value, err: err}
	})
}

func (p *probe) update(ctx context.Context, c Column) error {
	query := fmt.Sprintf("UPDATE %s SET %s = $1", sqltoken.Quote(p.entity.Table), sqltoken.Quote(c.Name))
	return p.try(ctx, opUpdate, query, func() error { return p.exec(ctx, query, p.largest(c)) })
}

// insertLargest inserts a row with the largest value of a column.
func (p *probe) insertLargest(ctx context.Context, c Column) error {
	columns := p.required()
	if !c.Required {
		columns = append(columns, c)
	}
	args := p.samples(columns)
	for i := range columns {
		if columns[i].Name == c.Name {
			args[i] = p.largest(c)
		}
	}
	query := p.insertion(columns)
	return p.try(ctx, opInsert, query, func() error { return p.exec(ctx, query, args...) })
}

func (p *probe) clearColumn(ctx context.Context, c Column) error {
	query := fmt.Sprintf("UPDATE %s SET %s = NULL", sqltoken.Quote(p.entity.Table), sqltoken.Quote(c.Name))
	return p.try(ctx, opUpdate, query, func() error { return p.exec(ctx, query) })
}

func (p *probe) upsert(ctx context.Context, a Arbiter) error {
	columns := p.required()
	var b strings.Builder
	fmt.Fprintf(&b, "%s ON CONFLICT (%s)", p.insertion(columns), sqltoken.Quote(a.Columns...))
	if a.Where != "" {
		fmt.Fprintf(&b, " WHERE %s", a.Where)
	}
	b.WriteString(" DO ")
	for i, c := range columns {
		if i == 0 {
			b.WriteString("UPDATE SET ")
		} else {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `%s = "excluded".%[1]s`, sqltoken.Quote(c.Name))
	}
	if len(columns) == 0 {
		b.WriteString("NOTHING")
	}
	query := b.String()
	return p.try(ctx, opUpsert, query, func() error { return p.exec(ctx, query, p.samples(columns)...) })
}

func quoteAll(columns []Column) string {
	names := make([]string, 0, len(columns))
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return sqltoken.Quote(names...)
}
