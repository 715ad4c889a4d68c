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
	"commitment/internal/postgres"
)

const (
	// readinessTimeout bounds a check: whoever asks, asks every few seconds.
	readinessTimeout = 2 * time.Second
	// readinessLifetime replaces the connection, so that a password that was changed, or
	// a server that has become read-only for new sessions, shows before all of the
	// service's own connections have met it.
	readinessLifetime = time.Minute
)

var (
	errNoAnswer = fmt.Errorf("the database hasn't answered within %v", readinessTimeout)
	errReadOnly = errors.New("the database is read-only")
)

// readiness says whether the service can serve. It asks on a connection of its own: on
// the service's pool a check would wait behind the requests of a busy moment, and
// take the busiest instances away from the load balancer.
type readiness struct {
	pool    *sql.DB // of one connection
	dir     migrate.Dir
	closing atomic.Bool
	current atomic.Bool // the migrations were current once; they don't go back
}

// openReadiness returns the readiness of a service whose pool is opened by o.
func openReadiness(o postgres.Options) (*readiness, error) {
	dir, err := migration.Embedded()
	if err != nil {
		return nil, err
	}
	o.MaxOpenConns, o.MaxIdleConns = 1, 1
	o.ConnMaxLifetime, o.LifetimeJitter = readinessLifetime, 0
	o.Echo = nil // it would be most of what DEBUG shows
	pool, err := postgres.Open(o)
	if err != nil {
		return nil, err
	}
	return &readiness{pool: pool, dir: dir}, nil
}

// close makes every further check fail.
func (r *readiness) close() { r.closing.Store(true) }

// check says why the service can't serve: it is shutting down, the database doesn't
// answer or takes no writes, migrations are pending. It returns in time even when
// PostgreSQL doesn't so much as end a statement that is canceled.
func (r *readiness) check(ctx context.Context) error {
	if r.closing.Load() {
		return errors.New("shutting down")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readinessTimeout, errNoAnswer)
	verdict := make(chan error, 1)
	go func() {
		defer cancel()
		verdict <- r.ask(ctx)
	}()
	select {
	case err := <-verdict:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ask asks the database.
func (r *readiness) ask(ctx context.Context) error {
	var readOnly string
	if err := r.pool.QueryRowContext(ctx, "SELECT current_setting('transaction_read_only')").Scan(&readOnly); err != nil {
		return Unreachable(err)
	}
	if readOnly == "on" {
		return errReadOnly
	}
	if r.current.Load() {
		return nil
	}
	status, err := migration.ReadStatus(ctx, r.pool, r.dir)
	if err != nil {
		return Unreachable(err)
	}
	if !status.UpToDate() {
		return fmt.Errorf("migrations are pending: run `commitment migrate apply` (%d to go)", len(status.Pending)+len(status.OutOfOrder))
	}
	r.current.Store(true)
	return nil
}
