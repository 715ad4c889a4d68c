package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/internal/config"
	"commitment/internal/pgserver"
)

// databaseName is the name of the database on a private server.
const databaseName = "commitment"

var errDatabaseStopped = errors.New("the private PostgreSQL has stopped: run serve again")

// Database is the configured database, or one on a private server that was started for
// it.
type Database struct {
	// URL is a libpq URL, including the password.
	URL    string
	server *pgserver.Server // nil for a configured database
}

// OpenDatabase returns the database of cfg. Without DATABASE_URL it is on the project's
// private server, which is started, or joined if another process runs it. Progress is
// called with a line for each step.
func OpenDatabase(ctx context.Context, cfg config.Config, progress func(line string)) (*Database, error) {
	if cfg.Database.URL != "" {
		return &Database{URL: string(cfg.Database.URL)}, nil
	}
	dir, err := filepath.Abs(cfg.PrivateServer.DataDir)
	if err != nil {
		return nil, fmt.Errorf("locate the data directory: %w", err)
	}
	server, err := pgserver.Start(ctx, pgserver.Options{
		BinDir:   cfg.PrivateServer.BinDir,
		Dir:      dir,
		Progress: progress,
	})
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("%w: set COMMITMENT_DATA_DIR to a writable directory (it is %s), or DATABASE_URL to a database",
			err, dir)
	}
	if err != nil {
		return nil, err
	}
	d := &Database{URL: server.URL(databaseName), server: server}
	if err := createDatabase(ctx, server); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// createDatabase creates the database if it doesn't exist.
func createDatabase(ctx context.Context, server *pgserver.Server) error {
	conn, err := pgx.Connect(ctx, server.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the private server: %w", ConnectError(err))
	}
	defer func() { _ = conn.Close(ctx) }()
	var exists bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, databaseName).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{databaseName}.Sanitize())
	}
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	return nil
}

// Connect opens the database for administration, without the service's timeouts: a
// migration takes as long as it takes. Its error says where the database is and why it
// can't be reached.
func (d *Database) Connect(ctx context.Context) (*sql.DB, error) {
	db, err := sql.Open("pgx", d.URL)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to the database at %s: %w", d, ConnectError(err)), db.Close())
	}
	return db, nil
}

// Private reports whether the database is on a private server.
func (d *Database) Private() bool { return d.server != nil }

// Done returns a channel that is closed when the private server has stopped, or nil if
// there is none.
func (d *Database) Done() <-chan struct{} {
	if d.server == nil {
		return nil
	}
	return d.server.Done()
}

// Close stops the private server if this process started it.
func (d *Database) Close() error {
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return d.server.Stop(ctx)
}

// String says where the database is, without the password.
func (d *Database) String() string {
	where := config.URL(d.URL).String()
	if d.server != nil {
		where += fmt.Sprintf(" (a private PostgreSQL %s, data in %s)", d.server.Version(), d.server.Dir())
	}
	return where
}
