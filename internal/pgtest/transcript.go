package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Transcript is all that database/sql tells of a query: its columns, its rows and its error.
func Transcript(ctx context.Context, q interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}, query string, args []any,
) string {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return describeError(err)
	}
	defer func() { _ = rows.Close() }()
	var out strings.Builder
	columns, err := rows.ColumnTypes()
	if err != nil {
		return describeError(err)
	}
	values := make([]any, len(columns))
	dest := make([]any, len(columns))
	for i, c := range columns {
		length, _ := c.Length()
		precision, scale, _ := c.DecimalSize()
		fmt.Fprintln(&out, c.Name(), c.DatabaseTypeName(), c.ScanType(), length, precision, scale)
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return out.String() + describeError(err)
		}
		for _, v := range values {
			text := v
			if b, ok := v.([]byte); ok {
				text = string(b)
			}
			fmt.Fprintf(&out, "%T %v|", v, text)
		}
		out.WriteString("\n")
	}
	return out.String() + describeError(rows.Err())
}

func describeError(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Sprint(pgErr.Code, pgErr.Message)
	}
	return fmt.Sprint(err)
}
