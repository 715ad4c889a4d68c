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
	// readinessTimeout bounds a check, which is repeated every few seconds.
	readinessTimeout = 2 * time.Second
	// readinessLifetime is the maximum age of the connection, so that a changed
	// password, or a server that has become read-only for new sessions, shows before
	// all of the service's own connections have met it.
	readinessLifetime = time.Minute
)

var (
	errNoResponse = fmt.Errorf("the database didn't respond within %v", readinessTimeout)
	errReadOnly   = errors.New("the database is read-only")
)

// readiness checks whether the service can serve. It has a connection of its own: on
// the service's pool a check would queue behind the requests, and the load balancer
// would remove the busiest instances.
type readiness struct {
	pool     *sql.DB // one connection
	dir      migrate.Dir
	closing  atomic.Bool
	migrated atomic.Bool // once true, the migrations and the role aren't checked again
	roles    bool        // the role is checked
}

// openReadiness returns the readiness of a service whose pool has the options o.
// With roles, the service isn't ready with a role that no policy holds.
func openReadiness(o postgres.Options, roles bool) (*readiness, error) {
	dir, err := migration.Embedded()
	if err != nil {
		return nil, err
	}
	pool, err := postgres.Open(probe(o))
	if err != nil {
		return nil, err
	}
	return &readiness{pool: pool, dir: dir, roles: roles}, nil
}

// probe returns the options of a pool for checks, beside the one with the options o.
func probe(o postgres.Options) postgres.Options {
	o.MaxOpenConns, o.MaxIdleConns = 1, 1
	o.ConnMaxLifetime, o.LifetimeJitter = readinessLifetime, 0
	o.Echo = nil // else DEBUG would show little else
	return o
}

// close makes all further checks fail.
func (r *readiness) close() { r.closing.Store(true) }

// check says why the service can't serve: it is shutting down, the database doesn't
// respond or is read-only, migrations that expand are pending. Those that contract wait
// until this program has replaced the one before it. It returns in time even when
// PostgreSQL doesn't react to the cancellation of a statement.
func (r *readiness) check(ctx context.Context) error {
	if r.closing.Load() {
		return errors.New("shutting down")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readinessTimeout, errNoResponse)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- r.query(ctx) }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// query checks the database.
func (r *readiness) query(ctx context.Context) error {
	var readOnly string
	if err := r.pool.QueryRowContext(ctx, "SELECT current_setting('transaction_read_only')").Scan(&readOnly); err != nil {
		return ConnectError(err)
	}
	if readOnly == "on" {
		return errReadOnly
	}
	if r.migrated.Load() {
		return nil
	}
	if r.roles {
		if err := checkRole(ctx, r.pool); err != nil {
			return err
		}
	}
	status, err := migration.ReadStatus(ctx, r.pool, r.dir)
	if err != nil {
		return ConnectError(err)
	}
	if lacking := status.Lacking(); len(lacking) > 0 {
		return fmt.Errorf("migrations are pending: run `commitment migrate apply --phase expand` (%d pending)", len(lacking))
	}
	r.migrated.Store(true)
	return nil
}
