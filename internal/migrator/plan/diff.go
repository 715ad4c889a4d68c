package plan

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect/sql/schema"

	entmigrate "commitment/ent/migrate"
	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/schemakit"
)

var nameRE = regexp.MustCompile(`^[a-z0-9_]+$`)

// CheckName returns an error for an invalid name of a migration.
func CheckName(name string) error {
	if !nameRE.MatchString(name) {
		return fmt.Errorf("invalid migration name %q (want a-z, 0-9 and _)", name)
	}
	return nil
}

// DriftError reports that the migrations don't make what the entities declare.
type DriftError struct {
	// SQL is the missing migrations.
	SQL string
}

// Error shows the difference as SQL.
func (e *DriftError) Error() string {
	return "the entities declare what the migrations don't make:\n" + e.SQL
}

// Entities are what the migrations should lead to.
type Entities struct {
	Tables  []*schema.Table
	Objects []schemakit.Object
	Renames []schemakit.Rename
	// Tenants are the tables whose rows belong to a tenant each: foreign keys between them
	// include the tenant.
	Tenants []string
	// TablesOnly says that what is beside tables, such as views, functions, triggers and
	// policies, can't be declared and is left as it is.
	TablesOnly bool
}

// CompiledIn are the entities that this program was generated from.
func CompiledIn() Entities {
	return Entities{Tables: entmigrate.Tables, Objects: entmigrate.Objects, Renames: entmigrate.Renames, Tenants: entmigrate.Tenants}
}

// Diff plans what the entities declare and the files of dir don't make, writes it into
// dir together with atlas.sum, and returns the names of the files that it added: none
// if nothing is missing. The name consists of a-z, 0-9 and _.
//
// Before anything is written, the plan has been run on the replayed files and has led
// to the declared schema. Rows that the files insert don't count. If a file can't be
// replayed, the error is a [migration.StatementError].
func (e Entities) Diff(ctx context.Context, server *dev.Server, dir *migrate.LocalDir, name string) ([]string, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	steps, err := e.plan(ctx, server, dir)
	if err != nil || len(steps) == 0 {
		return nil, err
	}
	version, err := NextVersion(dir)
	if err != nil {
		return nil, err
	}
	files, err := Files(version, name, steps)
	if err != nil {
		return nil, err
	}
	if err := Write(dir, files); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names, nil
}

// Check plans as [Entities.Diff] does, writes nothing, and returns a [DriftError] if
// something is missing.
func (e Entities) Check(ctx context.Context, server *dev.Server, dir migrate.Dir) error {
	steps, err := e.plan(ctx, server, dir)
	if err != nil || len(steps) == 0 {
		return err
	}
	files, err := Files(versionLayout, "drift", steps)
	if err != nil {
		return err
	}
	var sql strings.Builder
	for _, f := range files {
		sql.Write(f.Bytes())
	}
	return &DriftError{SQL: sql.String()}
}

// plan returns the steps from the files to the entities.
func (e Entities) plan(ctx context.Context, server *dev.Server, dir migrate.Dir) (_ []Step, err error) {
	if err := migration.Validate(dir); err != nil {
		return nil, err
	}
	files, err := dir.Files()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	db, err := server.Database(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	// Nearly all of the time goes into these two.
	var (
		wg        sync.WaitGroup
		to        *target
		targetErr error
	)
	wg.Go(func() { to, targetErr = declare(ctx, server, e) })
	err = migration.Replay(ctx, db.DB, files)
	wg.Wait()
	if err != nil {
		return nil, fmt.Errorf("replay migrations: %w", err)
	}
	if targetErr != nil {
		return nil, targetErr
	}
	if err := deleteRows(ctx, db.DB); err != nil {
		return nil, err
	}
	p := &planner{target: to, db: db.DB, files: files}
	return p.plan(ctx)
}

// deleteRows deletes the rows that files insert. Otherwise a plan that is right for
// production, once rows are backfilled as its comments say, would fail here.
func deleteRows(ctx context.Context, db *sql.DB) error {
	const filled = `SELECT coalesce(string_agg(quote_ident(c.relname), ', '), '') FROM pg_class c
		WHERE c.relkind = 'r' AND c.relnamespace = quote_ident(current_schema())::regnamespace AND pg_relation_size(c.oid) > 0
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`
	var tables string
	if err := db.QueryRowContext(ctx, filled).Scan(&tables); err != nil {
		return fmt.Errorf("look for rows: %w", err)
	}
	if tables == "" {
		return nil
	}
	_, err := db.ExecContext(ctx, "TRUNCATE "+tables+" CASCADE")
	if err != nil && !failedWith(err, raisedException) {
		return fmt.Errorf("remove the files' rows: %w", err)
	}
	return nil
}

// raisedException is the SQLSTATE of a trigger's RAISE. Rows that a trigger protects
// stay.
const raisedException = "P0001"
