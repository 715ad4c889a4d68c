package revert

import (
	"context"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/rows"
	"commitment/internal/migrator/review/trace"
)

// Applied is a file that was applied to a throwaway database.
type Applied struct {
	File migrate.File
	// Statements are those of the file, with what they did.
	Statements []trace.Statement
	// Database is as the file left it, and stays as it is; nobody else may be connected
	// to it.
	Database *dev.Database
	// Reader has read the database's schema, or that of a copy.
	Reader *catalog.Reader
	// Before and After are its states before and after the file.
	Before, After State
	// ByHand is the revert that is written by hand; nil without one. See [ByHand].
	ByHand migrate.File
	// Sample makes a database as it was before the file, with rows; nil without one.
	Sample rows.Source
}

// Find finds the statements that revert a file, unless they are written by hand, and
// tries them: the schemas before the file and after the revert are equal, and the file
// can be applied again. With a sample it also reviews what the statements do, and
// compares the rows. An error comes from the server or the file. That no statements are
// found is no error: the grade says so, and Lost why.
func Find(ctx context.Context, a Applied) (Plan, error) {
	plan, err := a.find(ctx)
	if err == nil && plan.Replayed && a.Sample != nil && plan.touchesRows() {
		err = plan.tryOnRows(ctx, a)
	}
	return plan, err
}

// find tries what can be undone on the database itself. What fails there may be possible
// in several transactions, and is tried again on a copy.
func (a Applied) find(ctx context.Context) (Plan, error) {
	f := a.finder()
	if f.result.Grade == Impossible || f.result.Grade == Manual {
		return f.result, nil
	}
	if a.undoable() {
		plan, err := f.find(ctx, a, tryInTransaction)
		if err == nil && plan.Replayed {
			return plan, nil
		}
		f = a.finder()
	}
	return f.find(ctx, a, tryOnCopy)
}

// finder reverts stage by stage. What a stage has found is run in the trial before the next
// one looks at it.
type finder struct {
	trial         trial
	reader        *catalog.Reader
	before, after State
	present       State
	// stale says that statements ran since the present properties were read.
	stale bool
	// early is what was built before anything else, with the name that it gets; without
	// one it is dropped again.
	early map[early]string
	// changed are the functions that the file dropped or changed.
	changed []string
	// going are the functions that are dropped, and created again if they are old.
	going  []string
	result Plan
}

// finder begins with what is known before anything is tried.
func (a Applied) finder() *finder {
	f := &finder{reader: a.Reader, before: a.Before, after: a.After, present: a.After, early: map[early]string{}}
	f.gradeAdded()
	if a.ByHand != nil {
		f.result.ByHand = a.ByHand.Name()
	} else {
		f.gradeChanged(a.Statements)
	}
	return f
}

// find finds the statements in a trial, and runs the file there once more.
func (f *finder) find(ctx context.Context, a Applied, begin func(context.Context, *dev.Database) (trial, error)) (_ Plan, err error) {
	if f.trial, err = begin(ctx, a.Database); err != nil {
		return Plan{}, err
	}
	defer func() { err = errors.Join(err, f.trial.end(ctx)) }()
	if a.ByHand != nil {
		err = f.runByHand(ctx, a.ByHand)
	} else {
		err = f.revert(ctx)
	}
	if err == nil {
		err = checkEqual("the revert would leave", f.before, f.present)
	}
	if err == nil {
		f.result.Recreated = f.recreated()
		f.dropConcurrently()
		err = f.applyAgain(ctx, a.File)
	}
	if why, ok := errors.AsType[*notFoundError](err); ok {
		return Plan{Grade: Manual, ByHand: f.result.ByHand, Lost: append(f.result.Lost, why.Error())}, nil
	}
	f.result.Replayed = err == nil
	return f.result, err
}

func (f *finder) revert(ctx context.Context) error {
	if err := f.prepare(ctx); err != nil {
		return err
	}
	for _, stage := range []func(context.Context) []string{f.moves, f.names, f.detach} {
		if err := f.advance(ctx, stage(ctx)); err != nil {
			return err
		}
	}
	if err := f.replaceViews(ctx); err != nil {
		return err
	}
	for _, stage := range []func(context.Context) []string{
		f.dropAdded, f.renames, f.restoreDropped, f.attach, f.restoreDependents, f.dropOthers,
	} {
		if err := f.advance(ctx, stage(ctx)); err != nil {
			return err
		}
	}
	if err := f.readProperties(ctx); err != nil {
		return err
	}
	for range 2 { // an object that is created again has lost what it was given
		last := f.restoreProperties(ctx)
		if len(last) == 0 {
			return nil
		}
		if err := errors.Join(f.advance(ctx, last), f.readProperties(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// readProperties reads the present properties, unless nothing has run since. Few stages
// need them, and that takes as long as the rest of the state together.
func (f *finder) readProperties(ctx context.Context) error {
	if !f.stale {
		return nil
	}
	properties, err := catalog.ReadProperties(ctx, f.trial)
	if err != nil {
		return err
	}
	f.present.properties, f.stale = properties, false
	return nil
}

// applyAgain applies the file once more.
func (f *finder) applyAgain(ctx context.Context, file migrate.File) error {
	err := f.trial.replay(ctx, file)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &notFoundError{"after the revert the file can't be applied again: " + pg.Message}
	}
	if err != nil {
		return err
	}
	again, err := readCompared(ctx, f.trial, f.reader)
	if err != nil {
		return err
	}
	return checkEqual("applied again after the revert, the file would leave", f.after, again)
}

// notFoundError is the reason why no rule finds the statements.
type notFoundError struct{ reason string }

// Error implements error.
func (e *notFoundError) Error() string { return e.reason }

// readCompared reads what [checkEqual] compares of a state.
func readCompared(ctx context.Context, db catalog.Querier, r *catalog.Reader) (s State, err error) {
	if s.Schema, err = r.Read(ctx, db); err != nil {
		return s, err
	}
	if s.entries, err = readEntries(ctx, db); err != nil {
		return s, fmt.Errorf("read objects: %w", err)
	}
	s.properties, err = catalog.ReadProperties(ctx, db)
	return s, err
}

// checkEqual returns an error if two states differ.
func checkEqual(text string, want, got State) error {
	for _, c := range catalog.Compare(want.Schema, got.Schema) {
		return &notFoundError{fmt.Sprintf("%s %s as %q instead of %q", text, named(c), c.After, c.Before)}
	}
	if e, found := got.entries.unlike(want.entries); found {
		return &notFoundError{fmt.Sprintf("%s %s, which wasn't there, or had another owner, comment, privileges or options", text, e.identity)}
	}
	if e, found := want.entries.unlike(got.entries); found {
		return &notFoundError{fmt.Sprintf("%s no %s, which was there", text, e.identity)}
	}
	for _, c := range catalog.CompareObjects(catalog.PropertyObjects(want.properties), catalog.PropertyObjects(got.properties)) {
		return &notFoundError{fmt.Sprintf("%s %s as %q instead of %q", text, named(c), c.After, c.Before)}
	}
	return nil
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
	if err := f.trial.run(ctx, statements); err != nil {
		return err
	}
	return f.record(ctx, statements)
}

func (f *finder) record(ctx context.Context, statements []string) error {
	f.result.Statements = append(f.result.Statements, statements...)
	schema, err := f.reader.Read(ctx, f.trial)
	if err != nil {
		return err
	}
	properties := f.present.properties
	f.present, err = readObjects(ctx, f.trial, schema)
	f.present.properties, f.stale = properties, true
	return err
}

// refused tells a statement that PostgreSQL refuses from a lost server.
func refused(statement string, err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &notFoundError{fmt.Sprintf("PostgreSQL refuses %q: %s", statement, pg.Message)}
	}
	return fmt.Errorf("run the revert: %w", err)
}
