package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/bench/internal/process"
	"commitment/internal/identity"
	"commitment/internal/migration"
	"commitment/internal/pgserver"
)

// serverSettings differ from those of the private server, which trades durability for
// speed: here COMMIT does everything for durability except the last step. fsync stays
// off, because a disk's latency differs between machines, is the same for all peers,
// and would hide their differences.
var serverSettings = map[string]string{
	"synchronous_commit": "on",
	"full_page_writes":   "on",
	"fsync":              "off",
	"max_wal_size":       "4GB", // no checkpoint within a run
	"checkpoint_timeout": "1h",
}

// template is the database that is copied for each peer.
const template = "bench_template"

// database is the server of a run, with a database for each peer.
type database struct {
	server   *pgserver.Server
	observer *pgx.Conn // of serverCPU; nil before
}

func startDatabase(ctx context.Context) (*database, error) {
	server, err := pgserver.Start(ctx, pgserver.Options{Settings: serverSettings})
	if err != nil {
		return nil, err
	}
	db := &database{server: server}
	if err := db.fill(ctx); err != nil {
		db.stop()
		return nil, fmt.Errorf("create the template: %w", err)
	}
	return db, nil
}

func (db *database) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = db.server.Stop(ctx) // a throwaway server
}

// tenant is whose rows they are. The peers know no tenants: a default gives theirs to it.
var tenant = identity.TenantID("bench")

// fixture is added to the service's migrations. It drops the triggers: a transfer of
// three statements has no entries for them to check.
var fixture = []string{
	fmt.Sprintf(`ALTER TABLE accounts ALTER COLUMN tenant_id SET DEFAULT '%s'`, tenant),
	fmt.Sprintf(`ALTER TABLE transfers ALTER COLUMN tenant_id SET DEFAULT '%s'`, tenant),
	`DROP TRIGGER transfers_balanced ON transfers`,
	fmt.Sprintf(`INSERT INTO accounts (id, created_at, updated_at, name, currency, balance, allow_negative)
		SELECT ('ac000000-0000-0000-0000-00000000' || lpad(to_hex(n), 4, '0'))::uuid, now(), now(), 'account ' || n, 'EUR', 0, true
		FROM generate_series(0, %d) n`, accounts-1),
	`VACUUM ANALYZE`,
}

// fill creates the template.
func (db *database) fill(ctx context.Context) error {
	if err := db.exec(ctx, "postgres", "CREATE DATABASE "+template); err != nil {
		return err
	}
	pool, err := openPool(db.server.URL(template), 1)
	if err != nil {
		return err
	}
	dir, err := migration.Embedded()
	if err == nil {
		_, err = migration.Apply(ctx, pool, dir, migration.ApplyOptions{Log: slog.New(slog.DiscardHandler)})
	}
	if err := errors.Join(err, pool.Close()); err != nil {
		return err
	}
	return db.exec(ctx, template, fixture...)
}

// create creates a database for a peer and returns its URL.
func (db *database) create(ctx context.Context, name string) (string, error) {
	return db.server.URL(name), db.exec(ctx, "postgres",
		"DROP DATABASE IF EXISTS "+name+" WITH (FORCE)", "CREATE DATABASE "+name+" TEMPLATE "+template)
}

// exec runs statements in a session of its own.
func (db *database) exec(ctx context.Context, name string, statements ...string) error {
	conn, err := pgx.Connect(ctx, db.server.URL(name))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// queryValue returns the only value of a query.
func queryValue[T any](ctx context.Context, db *database, query string, args ...any) (v T, err error) {
	conn, err := pgx.Connect(ctx, db.server.URL("postgres"))
	if err != nil {
		return v, err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, query, args...).Scan(&v)
	return v, err
}

// connectionsOpened returns how many sessions a database has had, once all of them have
// ended.
func (db *database) connectionsOpened(ctx context.Context, name string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		open, err := queryValue[int](ctx, db, `SELECT numbackends FROM pg_stat_database WHERE datname = $1`, name)
		if err != nil {
			return 0, fmt.Errorf("count the connections of %s: %w", name, err)
		}
		if open == 0 {
			return queryValue[int](ctx, db, `SELECT sessions FROM pg_stat_database WHERE datname = $1`, name)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// serverCPU returns the time that the sessions of a database have run on processors.
func (db *database) serverCPU(ctx context.Context, name string) (spent time.Duration, err error) {
	if db.observer == nil {
		if db.observer, err = pgx.Connect(ctx, db.server.URL("postgres")); err != nil {
			return 0, err
		}
	}
	rows, err := db.observer.Query(ctx, `SELECT pid FROM pg_stat_activity WHERE datname = $1`, name)
	if err != nil {
		return 0, err
	}
	var pid int
	_, err = pgx.ForEachRow(rows, []any{&pid}, func() error {
		spent += process.CPUTime(pid)
		return nil
	})
	return spent, err
}
