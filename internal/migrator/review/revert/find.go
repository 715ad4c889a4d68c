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

// Find finds the way back from a file that ran on a database, whose states before and
// after it are given. The database is cloned and stays as it is; nobody may be connected
// to it. An error is one of the server or of the file. That there is no way back is no
// error: the grade says so, and Lost why.
func Find(ctx context.Context, ran *dev.Database, before, after State, file migrate.File, stmts []trace.Statement) (_ Plan, err error) {
	db, err := ran.Clone(ctx)
	if err != nil {
		return Plan{}, err
	}
	defer func() { err = errors.Join(err, db.Drop(ctx)) }()
	f := finder{db: db.DB, before: before, after: after}
	return f.find(ctx, file, stmts)
}

// State is what a database has at one moment.
type State struct {
	catalog.Schema
	labels []label
	uses   []use
}

// ReadState reads the state of a database.
func ReadState(ctx context.Context, db *sql.DB) (s State, err error) {
	if s.Schema, err = catalog.Read(ctx, db); err != nil {
		return s, err
	}
	if s.labels, err = readLabels(ctx, db); err != nil {
		return s, fmt.Errorf("read enum types: %w", err)
	}
	if s.uses, err = readUses(ctx, db); err != nil {
		return s, fmt.Errorf("read views: %w", err)
	}
	return s, nil
}

// finder goes back stage by stage. What a stage has found is run on db before the
// next one looks at it.
type finder struct {
	db            *sql.DB
	before, after State
	present       State
	// early are the indexes that were made before anything else, by the name
	// under which they wait, with the one that they get.
	early  map[string]string
	result Plan
}

func (f *finder) find(ctx context.Context, file migrate.File, stmts []trace.Statement) (Plan, error) {
	f.present, f.early = f.after, map[string]string{}
	f.grade(stmts)
	if f.result.Grade == Impossible {
		return f.result, nil
	}
	err := f.goBack(ctx)
	if err == nil {
		err = f.goAgain(ctx, file)
	}
	if why, ok := errors.AsType[*noWayError](err); ok {
		return Plan{Grade: Impossible, Lost: append(f.result.Lost, why.Error())}, nil
	}
	f.result.Replayed = err == nil
	return f.result, err
}

func (f *finder) goBack(ctx context.Context) error {
	if err := f.buildIndexes(ctx); err != nil {
		return err
	}
	for _, stage := range []func() []string{f.drops, f.renames, f.restores, f.clears} {
		if err := f.advance(ctx, stage()); err != nil {
			return err
		}
	}
	return differ("the way back would leave", f.before, f.present)
}

// goAgain applies the file once more.
func (f *finder) goAgain(ctx context.Context, file migrate.File) error {
	err := migration.Replay(ctx, f.db, []migrate.File{file})
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &noWayError{"after the way back the file can't be applied again: " + pg.Message}
	}
	if err != nil {
		return err
	}
	again, err := ReadState(ctx, f.db)
	if err != nil {
		return err
	}
	return differ("applied again after the way back, the file would leave", f.after, again)
}

// noWayError says why there is no way back.
type noWayError struct{ why string }

// Error implements error.
func (e *noWayError) Error() string { return e.why }

// differ is an error when two states aren't alike.
func differ(text string, want, got State) error {
	changes := catalog.Compare(want.Schema, got.Schema)
	if len(changes) == 0 {
		return nil
	}
	c := changes[0]
	return &noWayError{fmt.Sprintf("%s %s as %q instead of %q", text, named(c), c.After, c.Before)}
}

func named(c catalog.Change) string {
	if c.Table == "" {
		return fmt.Sprintf("%s %s", c.Kind, c.Name)
	}
	return fmt.Sprintf("%s %s of %s", c.Kind, c.Name, c.Table)
}

// advance takes statements into the way back and runs them, in a transaction.
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
			return refused(s, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return refused("COMMIT", err)
	}
	return f.took(ctx, statements)
}

func (f *finder) took(ctx context.Context, statements []string) (err error) {
	f.result.Statements = append(f.result.Statements, statements...)
	f.present, err = ReadState(ctx, f.db)
	return err
}

// refused tells a statement that PostgreSQL doesn't take from a lost server.
func refused(statement string, err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &noWayError{fmt.Sprintf("PostgreSQL refuses %q: %s", statement, pg.Message)}
	}
	return fmt.Errorf("run the way back: %w", err)
}
