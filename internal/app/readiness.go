package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// readinessTimeout bounds a check: whoever asks, asks every few seconds.
const readinessTimeout = 2 * time.Second

// readiness says whether the service can serve.
type readiness struct {
	pool    *sql.DB
	dir     migrate.Dir
	closing atomic.Bool
	current atomic.Bool // the migrations were current once; they don't go back
}

// close makes every further check fail.
func (r *readiness) close() { r.closing.Store(true) }

// check says why the service can't serve: it is shutting down, the database
// doesn't answer, migrations are pending.
func (r *readiness) check(ctx context.Context) error {
	if r.closing.Load() {
		return errors.New("shutting down")
	}
	ctx, cancel := context.WithTimeout(ctx, readinessTimeout)
	defer cancel()
	if r.current.Load() {
		return r.pool.PingContext(ctx)
	}
	status, err := migration.ReadStatus(ctx, r.pool, r.dir)
	if err != nil {
		return err
	}
	if !status.UpToDate() {
		return fmt.Errorf("%d migrations are pending: run `commitment migrate apply`", len(status.Pending)+len(status.OutOfOrder))
	}
	r.current.Store(true)
	return nil
}
