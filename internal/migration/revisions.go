package migration

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
	"github.com/jackc/pgx/v5"
)

const (
	// revisionsTable is the Atlas CLI's table of applied migrations.
	revisionsTable = "atlas_schema_revisions"
	// cloudIdentifier is a row that the CLI adds to the revisions.
	cloudIdentifier = ".atlas_cloud_identifier"
	// writeTimeout limits recording a statement after its context has ended.
	writeTimeout = 5 * time.Second
)

// createRevisions is the table as the CLI creates it. It has no columns of our own:
// whenever the CLI applies, it drops the columns that it doesn't know.
const createRevisions = `CREATE TABLE IF NOT EXISTS %s (
  "version" character varying NOT NULL,
  "description" character varying NOT NULL,
  "type" bigint NOT NULL DEFAULT 2,
  "applied" bigint NOT NULL DEFAULT 0,
  "total" bigint NOT NULL DEFAULT 0,
  "executed_at" timestamptz NOT NULL,
  "execution_time" bigint NOT NULL,
  "error" text NULL,
  "error_stmt" text NULL,
  "hash" character varying NOT NULL,
  "partial_hashes" jsonb NULL,
  "operator_version" character varying NOT NULL,
  PRIMARY KEY ("version")
)`

// revisions reads and writes Atlas's revisions through a connection or a
// transaction. It implements [migrate.RevisionReadWriter].
type revisions struct {
	db    schema.ExecQuerier
	table string // as SQL: quoted and qualified, so that no migration's search_path moves it
	// began is when this run of the file began.
	began time.Time
}

// openRevisions returns the revisions of the connection's current schema, and creates
// their table if it is missing. Only then does it need the permission to create.
func openRevisions(ctx context.Context, conn *sql.Conn) (revisions, error) {
	name, err := currentSchema(ctx, conn)
	if err != nil {
		return revisions{}, err
	}
	table := pgx.Identifier{name, revisionsTable}.Sanitize()
	var there bool
	if err := conn.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", table).Scan(&there); err != nil {
		return revisions{}, fmt.Errorf("look for table of revisions: %w", err)
	}
	if there {
		return revisions{db: conn, table: table}, nil
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf(createRevisions, table)); err != nil {
		return revisions{}, fmt.Errorf("create table of revisions: %w", err)
	}
	return revisions{db: conn, table: table}, nil
}

// currentSchema is the schema that is migrated.
func currentSchema(ctx context.Context, conn *sql.Conn) (string, error) {
	var name sql.NullString
	if err := conn.QueryRowContext(ctx, "SELECT current_schema()").Scan(&name); err != nil {
		return "", fmt.Errorf("read current schema: %w", err)
	}
	if !name.Valid {
		return "", errors.New("no schema to migrate: no schema on search_path exists")
	}
	return name.String, nil
}

// on returns the same revisions, read and written through db.
func (r revisions) on(db schema.ExecQuerier) revisions {
	r.db = db
	return r
}

// timed returns the same revisions for a file that starts now.
func (r revisions) timed() revisions {
	r.began = time.Now()
	return r
}

// Ident names the table for a driver that checks for other tables. Ours needs no name.
func (revisions) Ident() *migrate.TableIdent { return nil }

// ReadRevisions returns all revisions, oldest first.
func (r revisions) ReadRevisions(ctx context.Context) ([]*migrate.Revision, error) {
	return r.read(ctx, `version <> $1 ORDER BY version COLLATE "C"`, cloudIdentifier)
}

// ReadRevision returns one revision, or [migrate.ErrRevisionNotExist].
func (r revisions) ReadRevision(ctx context.Context, version string) (*migrate.Revision, error) {
	revs, err := r.read(ctx, "version = $1", version)
	if err != nil {
		return nil, err
	}
	if len(revs) == 0 {
		return nil, migrate.ErrRevisionNotExist
	}
	return revs[0], nil
}

func (r revisions) read(ctx context.Context, where, arg string) ([]*migrate.Revision, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT version, description, type, applied, total, executed_at, execution_time,
		coalesce(error, ''), coalesce(error_stmt, ''), hash, coalesce(partial_hashes, 'null'), operator_version
		FROM `+r.table+` WHERE `+where, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var revs []*migrate.Revision
	for rows.Next() {
		rev, err := scanRevision(rows)
		if err != nil {
			return nil, err
		}
		revs = append(revs, rev)
	}
	return revs, rows.Err()
}

func scanRevision(rows *sql.Rows) (*migrate.Revision, error) {
	var (
		rev    migrate.Revision
		hashes []byte
	)
	err := rows.Scan(&rev.Version, &rev.Description, &rev.Type, &rev.Applied, &rev.Total, &rev.ExecutedAt,
		&rev.ExecutionTime, &rev.Error, &rev.ErrorStmt, &rev.Hash, &hashes, &rev.OperatorVersion)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(hashes, &rev.PartialHashes); err != nil {
		return nil, fmt.Errorf("partial_hashes of revision %s: %w", rev.Version, err)
	}
	return &rev, nil
}

// WriteRevision inserts or updates a revision as the CLI would. It finishes even if ctx
// has ended: a statement that ran outside of a transaction and isn't recorded would run
// again.
func (r revisions) WriteRevision(ctx context.Context, rev *migrate.Revision) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if rev.ExecutionTime > 0 {
		rev.ExecutionTime = time.Since(r.began) // the executor counts from its last write
	}
	partial := rev.PartialHashes
	if rev.Applied == rev.Total {
		partial = nil // the executor's own way there is a second write, which may not come
	}
	hashes, err := json.Marshal(partial)
	if err != nil {
		return err
	}
	_, err = r.db.ExecContext(ctx, `INSERT INTO `+r.table+` (version, description, type, applied, total, executed_at,
		execution_time, error, error_stmt, hash, partial_hashes, operator_version)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (version) DO UPDATE SET type = excluded.type, applied = excluded.applied, total = excluded.total,
		execution_time = excluded.execution_time, error = excluded.error, error_stmt = excluded.error_stmt,
		hash = excluded.hash, partial_hashes = excluded.partial_hashes, operator_version = excluded.operator_version`,
		rev.Version, rev.Description, rev.Type, rev.Applied, rev.Total, rev.ExecutedAt,
		rev.ExecutionTime.Nanoseconds(), rev.Error, rev.ErrorStmt, rev.Hash, string(hashes), rev.OperatorVersion)
	return err
}

// DeleteRevision removes a revision.
func (r revisions) DeleteRevision(ctx context.Context, version string) error {
	_, err := r.db.ExecContext(ctx, `DELETE FROM `+r.table+` WHERE version = $1`, version)
	return err
}

// record is the revision of a file that runs in one transaction. Nobody sees it before
// the COMMIT, so it is written once, at the end. Neither is a failure written, which
// would be rolled back together with the statements.
type record struct {
	revisions
	// steps says that each step is written, because the file itself ends transactions.
	steps bool
	// last is the revision as it was given or read last; nil if there is none.
	last *migrate.Revision
}

// ReadRevision returns a copy, which the executor changes.
func (r *record) ReadRevision(context.Context, string) (*migrate.Revision, error) {
	if r.last == nil {
		return nil, migrate.ErrRevisionNotExist
	}
	rev := *r.last
	return &rev, nil
}

// WriteRevision keeps the revision.
func (r *record) WriteRevision(ctx context.Context, rev *migrate.Revision) error {
	r.last = rev
	if !r.steps || rev.Error != "" {
		return nil
	}
	return r.revisions.WriteRevision(ctx, rev)
}

// save writes the revision unless that is done.
func (r *record) save(ctx context.Context) error {
	if r.steps {
		return nil
	}
	if err := r.revisions.WriteRevision(ctx, r.last); err != nil {
		return fmt.Errorf("write revision %s: %w", r.last.Version, err)
	}
	return nil
}
