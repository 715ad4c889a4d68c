package revert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/trace"
)

// Find finds the statements that revert a file which ran on a database, given the
// states before and after it. The database is cloned and stays as it is; nobody may be
// connected to it. An error comes from the server or the file. That a file can't be
// reverted is no error: the grade says so, and Lost why.
func Find(ctx context.Context, ran *dev.Database, before, after State, file migrate.File, stmts []trace.Statement) (_ Plan, err error) {
	db, err := ran.Clone(ctx)
	if err != nil {
		return Plan{}, err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	f := finder{db: db.DB, before: before, after: after}
	return f.find(ctx, file, stmts)
}

// State is the state of a database at one moment.
type State struct {
	catalog.Schema
	labels []label
	uses   []dependency
}

// ReadState reads the state of a database.
func ReadState(ctx context.Context, db *sql.DB) (s State, err error) {
	if s.Schema, err = catalog.Read(ctx, db); err != nil {
		return s, err
	}
	if s.labels, err = readLabels(ctx, db); err != nil {
		return s, fmt.Errorf("read enum types: %w", err)
	}
	if s.uses, err = readDependencies(ctx, db); err != nil {
		return s, fmt.Errorf("read views: %w", err)
	}
	return s, nil
}

// finder reverts stage by stage. What a stage has found is run on db before the next
// one looks at it.
type finder struct {
	db            *sql.DB
	before, after State
	present       State
	// early are the indexes that were built before anything else, by their temporary
	// name, with the name that they get.
	early  map[string]string
	result Plan
}

func (f *finder) find(ctx context.Context, file migrate.File, stmts []trace.Statement) (Plan, error) {
	f.present, f.early = f.after, map[string]string{}
	f.grade(stmts)
	if f.result.Grade == Impossible {
		return f.result, nil
	}
	err := f.revert(ctx)
	if err == nil {
		err = f.applyAgain(ctx, file)
	}
	if why, ok := errors.AsType[*impossibleError](err); ok {
		return Plan{Grade: Impossible, Lost: append(f.result.Lost, why.Error())}, nil
	}
	f.result.Replayed = err == nil
	return f.result, err
}

func (f *finder) revert(ctx context.Context) error {
	if err := f.buildIndexes(ctx); err != nil {
		return err
	}
	for _, stage := range []func() []string{f.dropAdded, f.renames, f.restoreDropped, f.dropOthers} {
		if err := f.advance(ctx, stage()); err != nil {
			return err
		}
	}
	return checkEqual("the revert would leave", f.before, f.present)
}

// applyAgain applies the file once more.
func (f *finder) applyAgain(ctx context.Context, file migrate.File) error {
	err := migration.Replay(ctx, f.db, []migrate.File{file})
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &impossibleError{"after the revert the file can't be applied again: " + pg.Message}
	}
	if err != nil {
		return err
	}
	again, err := ReadState(ctx, f.db)
	if err != nil {
		return err
	}
	return checkEqual("applied again after the revert, the file would leave", f.after, again)
}

// impossibleError is the reason why a file can't be reverted.
type impossibleError struct{ reason string }

// Error implements error.
func (e *impossibleError) Error() string { return e.reason }

// checkEqual returns an error if two states differ.
func checkEqual(text string, want, got State) error {
	changes := catalog.Compare(want.Schema, got.Schema)
	if len(changes) == 0 {
		return nil
	}
	c := changes[0]
	return &impossibleError{fmt.Sprintf("%s %s as %q instead of %q", text, named(c), c.After, c.Before)}
}

func named(c catalog.Change) string {
	if c.Table == "" {
		return fmt.Sprintf("%s %s", c.Kind, c.Name)
	}
	return fmt.Sprintf("%s %s of %s", c.Kind, c.Name, c.Table)
}

// advance adds statements to the revert and runs them in a transaction.
func (f *finder) advance(ctx context.Context, statements []string) error {
	if len(statements) == 0 {
		return nil
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return asImpossible(s, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return asImpossible("COMMIT", err)
	}
	return f.record(ctx, statements)
}

func (f *finder) record(ctx context.Context, statements []string) (err error) {
	f.result.Statements = append(f.result.Statements, statements...)
	f.present, err = ReadState(ctx, f.db)
	return err
}

// asImpossible tells a statement that PostgreSQL refuses from a lost server.
func asImpossible(statement string, err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &impossibleError{fmt.Sprintf("PostgreSQL refuses %q: %s", statement, pg.Message)}
	}
	return fmt.Errorf("run the revert: %w", err)
}
