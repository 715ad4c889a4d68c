package migration

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration/catalog"
)

// snapshotFormat is raised when the descriptions of objects change: snapshots of
// different formats can't be compared.
const snapshotFormat = 5

// The snapshots are in a schema of their own. In the schema of the migrations they
// would be a table that no migration made, for the Atlas CLI and for us.
const createSnapshots = `CREATE TABLE IF NOT EXISTS commitment.schema_snapshots (
  "schema" text PRIMARY KEY,
  "version" text NOT NULL,
  "taken_at" timestamptz NOT NULL DEFAULT now(),
  "server" integer NOT NULL,
  "format" integer NOT NULL,
  "objects" jsonb NOT NULL
)`

// snapshots stores what the schema consisted of after the newest migration.
type snapshots struct {
	conn   *sql.Conn
	schema string
	path   string // the search_path before any migration
}

// snapshot is what was stored after a migration.
type snapshot struct {
	version        string
	server, format int // the server's major version
	content
}

// content is the part of a snapshot that is stored as JSON.
type content struct {
	// Origin tells a database from a copy of it that pg_dump made, in which an
	// expression that was parsed again may read differently and mean the same.
	Origin string
	// Statements is how many the revisions had applied together. It grows even when the
	// file that is applied isn't the newest.
	Statements int
	Objects    []catalog.Object
}

func openSnapshots(ctx context.Context, conn *sql.Conn) (s snapshots, err error) {
	s.conn = conn
	if s.schema, err = currentSchema(ctx, conn); err != nil {
		return s, err
	}
	if err := conn.QueryRowContext(ctx, "SHOW search_path").Scan(&s.path); err != nil {
		return s, fmt.Errorf("read search_path: %w", err)
	}
	return s, nil
}

// read returns the stored snapshot, or nil.
func (s snapshots) read(ctx context.Context) (*snapshot, error) {
	var there bool
	err := s.conn.QueryRowContext(ctx, "SELECT to_regclass('commitment.schema_snapshots') IS NOT NULL").Scan(&there)
	if err != nil || !there {
		return nil, err
	}
	var (
		kept snapshot
		text []byte
	)
	err = s.conn.QueryRowContext(ctx, `SELECT version, server, format, objects FROM commitment.schema_snapshots WHERE schema = $1`, s.schema).
		Scan(&kept.version, &kept.server, &kept.format, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if kept.format != snapshotFormat {
		return &kept, nil
	}
	return &kept, json.Unmarshal(text, &kept.content)
}

// canonical makes PostgreSQL print expressions the same way whatever the session, its
// role or a migration has set: the default of a timestamptz column reads differently in
// another time zone.
const canonical = `SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL quote_all_identifiers = off`

// take reads the present schema, whatever search_path a migration has left.
func (s snapshots) take(ctx context.Context) (snapshot, error) {
	tx, err := s.conn.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return snapshot{}, err
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	now := snapshot{format: snapshotFormat}
	if _, err := tx.ExecContext(ctx, canonical); err != nil {
		return snapshot{}, err
	}
	err = tx.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int / 10000,
		(SELECT oid FROM pg_database WHERE datname = current_database()) || '.' || coalesce(to_regclass('commitment.schema_snapshots')::oid, 0)
		FROM set_config('search_path', $1, true)`, s.path).Scan(&now.server, &now.Origin)
	if err != nil {
		return snapshot{}, err
	}
	c, err := readContents(ctx, tx)
	if err != nil {
		return snapshot{}, err
	}
	now.Objects = c.objects
	return now, nil
}

// countApplied counts the statements that revisions have applied.
func countApplied(revs []*migrate.Revision) int {
	n := 0
	for _, r := range revs {
		n += r.Applied
	}
	return n
}

// save takes a snapshot after these revisions and replaces the stored one.
func (s snapshots) save(ctx context.Context, revs []*migrate.Revision) error {
	if err := s.create(ctx); err != nil {
		return err
	}
	now, err := s.take(ctx)
	if err != nil {
		return err
	}
	now.Statements = countApplied(revs)
	text, err := json.Marshal(now.content)
	if err != nil {
		return err
	}
	_, err = s.conn.ExecContext(ctx, `INSERT INTO commitment.schema_snapshots (schema, version, server, format, objects)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (schema) DO UPDATE SET version = excluded.version,
		taken_at = excluded.taken_at, server = excluded.server, format = excluded.format, objects = excluded.objects`,
		s.schema, revs[len(revs)-1].Version, now.server, now.format, string(text))
	return err
}

// create needs the permission to create only if something is missing.
func (s snapshots) create(ctx context.Context) error {
	var schema, table bool
	err := s.conn.QueryRowContext(ctx, "SELECT to_regnamespace('commitment') IS NOT NULL, to_regclass('commitment.schema_snapshots') IS NOT NULL").
		Scan(&schema, &table)
	if err == nil && !schema {
		_, err = s.conn.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS commitment")
	}
	if err == nil && !table {
		_, err = s.conn.ExecContext(ctx, createSnapshots)
	}
	return err
}
