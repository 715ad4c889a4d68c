package txn

import (
	"context"
	"database/sql"

	"commitment/internal/sqlgraph"
)

// Update runs an UPDATE as package sqlgraph does, and returns how many rows it has changed.
func Update(ctx context.Context, query string, args ...any) (int64, error) {
	result := sql.Result(sqlgraph.Whole{})
	if err := fromContext(ctx).lazy.Exec(ctx, query, args, &result); err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
