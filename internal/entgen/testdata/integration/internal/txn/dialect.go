package txn

import (
	"context"

	"entgo.io/ent/dialect"
)

// Dialect returns the transaction of the unit of work in ctx, as Ent sees it.
func Dialect(ctx context.Context) dialect.Tx { return &fromContext(ctx).lazy }
