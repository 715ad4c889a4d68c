// Package dev creates throwaway databases, in which migrations are replayed.
package dev

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"commitment/internal/sqltoken"
)

// Server creates databases. It is safe for concurrent use.
type Server struct {
	url      *url.URL
	admin    *sql.DB
	strategy string // how CREATE DATABASE copies, when it isn't the default
	baseline *Database

	drops  sync.WaitGroup
	mu     sync.Mutex
	failed []error // of drops
}

// Open connects to the server of a URL, postgres://…. Its role needs CREATEDB. The
// database that the URL names is only connected to, never changed.
func Open(ctx context.Context, databaseURL string) (*Server, error) {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the dev server's URL must begin with postgres://") // its text may hold the password
	}
	admin, err := open(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("open dev server: %w", err)
	}
	s := &Server{url: u, admin: admin}
	// Without fsync, as on a private server, checkpoints cost nothing, and copying a
	// database by file takes a third of the time of writing it to the log.
	const query = `SELECT rolcreatedb OR rolsuper,
		CASE WHEN current_setting('fsync') = 'off' AND current_setting('server_version_num')::int >= 150000 THEN ' STRATEGY file_copy' ELSE '' END
		FROM pg_roles WHERE rolname = current_user`
	var may bool
	err = admin.QueryRowContext(ctx, query).Scan(&may, &s.strategy)
	if err == nil && !may {
		err = errors.New("the role may not create databases")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to dev server: %w", err), admin.Close())
	}
	return s, nil
}

// Close closes the connection when all drops are done, and returns their errors, too.
// Databases that weren't dropped remain.
func (s *Server) Close() error {
	if s.baseline != nil {
		s.failed = append(s.failed, s.baseline.Drop(context.Background()))
	}
	s.drops.Wait()
	return errors.Join(append(s.failed, s.admin.Close())...)
}

// UseBaseline makes every database that is created from now on begin with what the SQL
// makes. It runs once, so it may create roles.
func (s *Server) UseBaseline(ctx context.Context, statements string) error {
	d, err := s.Database(ctx)
	if err != nil {
		return err
	}
	if _, err := d.ExecContext(ctx, statements); err != nil {
		return errors.Join(err, d.Drop(ctx))
	}
	d.SetMaxIdleConns(0) // PostgreSQL copies only what nobody is connected to
	before := s.baseline
	if s.baseline = d; before != nil {
		return before.Drop(ctx)
	}
	return nil
}

// Version is the server's version, as in "17.10".
func (s *Server) Version(ctx context.Context) (string, error) {
	var v string
	if err := s.admin.QueryRowContext(ctx, "SHOW server_version").Scan(&v); err != nil {
		return "", fmt.Errorf("read server version: %w", err)
	}
	v, _, _ = strings.Cut(v, " ") // packagers add their own behind it
	return v, nil
}

// maxIdleConns is how many connections of a pool stay open. It is the default of
// [sql.DB], which a pool doesn't return to by itself.
const maxIdleConns = 2

// Database is a throwaway database with an ordinary pool.
type Database struct {
	*sql.DB
	URL    string
	name   string
	server *Server
}

// Database creates a database that is empty but for the baseline.
func (s *Server) Database(ctx context.Context) (*Database, error) {
	if s.baseline != nil {
		return s.create(ctx, s.baseline.name)
	}
	return s.create(ctx, "template0")
}

// Clone creates a copy of the database. Because PostgreSQL copies only a database that
// nobody is connected to, the pool's idle connections are closed first; the pool remains
// usable.
func (d *Database) Clone(ctx context.Context) (*Database, error) {
	d.SetMaxIdleConns(0)
	d.SetMaxIdleConns(maxIdleConns)
	return d.server.create(ctx, d.name)
}

func (s *Server) create(ctx context.Context, template string) (*Database, error) {
	name := "commitment_dev_" + strings.ToLower(rand.Text())
	_, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+sqltoken.Quote(name)+" TEMPLATE "+sqltoken.Quote(template)+s.strategy)
	if err != nil {
		return nil, fmt.Errorf("create dev database: %w", err)
	}
	u := *s.url
	u.Path = "/" + name
	query := u.Query()
	query.Del("dbname") // it would win over the path
	query.Del("database")
	u.RawQuery = query.Encode()
	db, err := open(u.String())
	if err != nil {
		return nil, fmt.Errorf("open dev database: %w", err)
	}
	return &Database{DB: db, URL: u.String(), name: name, server: s}, nil
}

// Drop closes the pool and drops the database, even if ctx has ended. It doesn't wait for
// the server, which takes as long to drop a database as to create one: [Server.Close]
// does.
func (d *Database) Drop(ctx context.Context) error {
	err := d.Close()
	d.server.drops.Go(func() {
		_, err := d.server.admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+sqltoken.Quote(d.name)+" WITH (FORCE)")
		if err != nil {
			d.server.mu.Lock()
			defer d.server.mu.Unlock()
			d.server.failed = append(d.server.failed, fmt.Errorf("drop dev database: %w", err))
		}
	})
	return err
}
