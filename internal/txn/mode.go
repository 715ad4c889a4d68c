package txn

import (
	"context"
	"database/sql"

	"commitment/internal/pgtx"
)

// SetMode sets the isolation level and the access mode of the unit of work of ctx.
// After the first statement it returns ErrBegun.
func SetMode(ctx context.Context, mode sql.TxOptions) error {
	return configure(ctx, func(o *pgtx.TxOptions) { o.TxOptions = mode })
}

// Set sets a run-time parameter for the unit of work of ctx alone, without a round
// trip. It takes PostgreSQL's parameters, such as statement_timeout, and the
// application's, such as app.tenant for row-level security. After the first statement
// it returns ErrBegun.
func Set(ctx context.Context, name, value string) error {
	return configure(ctx, func(o *pgtx.TxOptions) {
		o.Settings = append(o.Settings, pgtx.Setting{Name: name, Value: value})
	})
}

func configure(ctx context.Context, f func(*pgtx.TxOptions)) error {
	u, err := active(ctx)
	if err != nil {
		return err
	}
	return u.lazy.configure(f)
}

// Isolation returns the isolation level of the unit of work of ctx, or
// [sql.LevelDefault] if there is none.
func Isolation(ctx context.Context) sql.IsolationLevel {
	u := fromContext(ctx)
	if u == nil {
		return sql.LevelDefault
	}
	u.lazy.mu.Lock()
	defer u.lazy.mu.Unlock()
	return u.lazy.options.Isolation
}

// ReadOnly reports whether the unit is one that can't write.
func (u *Unit) ReadOnly() bool {
	u.lazy.mu.Lock()
	defer u.lazy.mu.Unlock()
	return u.lazy.options.ReadOnly
}
