// Package tenancy says whose data a unit of work is about. The policies of the database do
// the rest: they let it see and write the rows of that tenant alone, whatever statement it
// sends (see schemakit.Tenant). The tenant is sent together with BEGIN, and costs no round
// trip. Work that enters no tenant sees no tenant's rows.
package tenancy

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"

	"github.com/google/uuid"

	"commitment/internal/identity"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

// Enter makes the unit of work of ctx that of a tenant, or of no tenant for [uuid.Nil].
// Subject says on whose behalf, for triggers that record it. The context that it returns
// is that of the work: rows that it creates get the tenant. After the first statement
// Enter returns [txn.ErrBegun].
func Enter(ctx context.Context, tenant uuid.UUID, subject string) (context.Context, error) {
	id := ""
	if tenant != uuid.Nil {
		id = tenant.String()
	}
	if err := txn.Set(ctx, schemakit.TenantSetting, id); err != nil {
		return nil, err
	}
	if err := txn.Set(ctx, schemakit.SubjectSetting, subject); err != nil {
		return nil, err
	}
	return identity.WithTenant(ctx, tenant), nil
}

// Middleware makes the unit of work of a request that of its sender's tenant. It comes
// inside of package reqtx's middleware, before anything that sends a statement.
// WriteError responds to a request that can't be served.
func Middleware(writeError func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sender := identity.From(r.Context())
			if sender == nil {
				sender = &identity.Principal{}
			}
			ctx, err := Enter(r.Context(), sender.Tenant, sender.Subject)
			if err != nil {
				writeError(w, r, err)
				return
			}
			*r = *r.WithContext(ctx) // r is package reqtx's copy
			next.ServeHTTP(w, r)
		})
	}
}

// DB runs work outside of HTTP: in a job, a command, a test.
type DB struct {
	*txn.DB
	// Log gets a line for all work across tenants. Required.
	Log *slog.Logger
	// OnAcross is called for all work across tenants, with its reason. May be nil.
	OnAcross func(reason string)
}

// RunIn is [txn.DB.Run] for the work of one tenant.
func (db DB) RunIn(ctx context.Context, tenant uuid.UUID, mode sql.TxOptions, work func(context.Context) error) error {
	return db.Run(ctx, mode, func(ctx context.Context) error {
		ctx, err := Enter(ctx, tenant, "")
		if err != nil {
			return err
		}
		return work(ctx)
	})
}

// RunAcross is [txn.DB.Run] for work that sees the rows of all tenants, such as a sweep or
// a report on the whole service. The reason, a few words, is logged and counted.
func (db DB) RunAcross(ctx context.Context, reason string, mode sql.TxOptions, work func(context.Context) error) error {
	db.Log.InfoContext(ctx, "work across tenants", "reason", reason)
	if db.OnAcross != nil {
		db.OnAcross(reason)
	}
	return db.Run(ctx, mode, func(ctx context.Context) error {
		if err := errors.Join(txn.Set(ctx, "role", schemakit.AcrossRole), txn.Set(ctx, schemakit.AcrossSetting, "on")); err != nil {
			return err
		}
		return work(ctx)
	})
}
