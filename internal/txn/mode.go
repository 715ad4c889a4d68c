package txn

import (
	"context"
	"database/sql"

	"commitment/internal/pgtx"
)

// SetMode changes the isolation level and the access mode of the unit of work in
// ctx, before its first statement: ErrBegun after it.
func SetMode(ctx context.Context, mode sql.TxOptions) error {
	return change(ctx, func(o *pgtx.TxOptions) { o.TxOptions = mode })
}

// Set sets a run-time parameter for the unit of work in ctx alone, before its
// first statement: ErrBegun after it. It takes no round trip. Parameters of the
// server, as statement_timeout, and of the application, as app.tenant for
// row-level security, are set alike.
func Set(ctx context.Context, name, value string) error {
	return change(ctx, func(o *pgtx.TxOptions) {
		o.Settings = append(o.Settings, pgtx.Setting{Name: name, Value: value})
	})
}

func change(ctx context.Context, f func(*pgtx.TxOptions)) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	return u.lazy.change(f)
}
