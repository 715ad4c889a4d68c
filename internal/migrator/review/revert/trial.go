package revert

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/sqltoken"
)

// trial is a session in which a revert is tried: on a copy of the database or, in a
// transaction that is rolled back, on the database itself, which costs less by far.
type trial struct {
	*sql.Conn
	copied *dev.Database // nil on the database itself
}

func tryOnCopy(ctx context.Context, db *dev.Database) (trial, error) {
	copied, err := db.Clone(ctx)
	if err != nil {
		return trial{}, err
	}
	conn, err := copied.Conn(ctx)
	if err != nil {
		return trial{}, errors.Join(fmt.Errorf("connect to dev database: %w", err), copied.Drop(ctx))
	}
	return trial{conn, copied}, nil
}

func tryInTransaction(ctx context.Context, db *dev.Database) (trial, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return trial{}, fmt.Errorf("connect to dev database: %w", err)
	}
	t := trial{Conn: conn}
	if err := t.exec(ctx, "BEGIN"); err != nil {
		return trial{}, errors.Join(err, t.Close())
	}
	return t, nil
}

// end leaves nothing of what was tried.
func (t trial) end(ctx context.Context) error {
	if t.copied != nil {
		return errors.Join(t.Close(), t.copied.Drop(ctx))
	}
	if t.exec(ctx, "ROLLBACK") != nil {
		_ = t.Raw(func(any) error { return driver.ErrBadConn }) // which ends the session
	}
	return t.Close()
}

func (t trial) exec(ctx context.Context, query string) error {
	if _, err := t.ExecContext(ctx, query); err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

// run runs statements in a transaction, and returns the first one that PostgreSQL refuses.
// On the database itself all that is tried runs in one.
func (t trial) run(ctx context.Context, statements []string) error {
	if t.copied != nil {
		if err := t.exec(ctx, "BEGIN"); err != nil {
			return err
		}
		statements = append(slices.Clip(statements), "COMMIT")
	}
	for _, s := range statements {
		if _, err := t.ExecContext(ctx, s); err != nil {
			return errors.Join(refused(s, err), t.undo(ctx))
		}
	}
	return nil
}

// undo ends the transaction of a copy.
func (t trial) undo(ctx context.Context) error {
	if t.copied == nil {
		return nil
	}
	return t.exec(ctx, "ROLLBACK")
}

// try runs statements, and undoes them.
func (t trial) try(ctx context.Context, statements ...string) error {
	begin, end := "SAVEPOINT trial", "ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial"
	if t.copied != nil {
		begin, end = "BEGIN", "ROLLBACK"
	}
	err := t.exec(ctx, begin)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if _, err = t.ExecContext(ctx, s); err != nil {
			break
		}
	}
	return errors.Join(err, t.exec(ctx, end))
}

// accepts reports whether PostgreSQL runs statements, which are undone.
func (t trial) accepts(ctx context.Context, statements ...string) bool {
	return t.try(ctx, statements...) == nil
}

// errOutside reports a statement that a trial in a transaction can't run.
var errOutside = errors.New("it doesn't run in a transaction")

// runOutside runs a statement outside of a transaction. Most of those do the same in one.
func (t trial) runOutside(ctx context.Context, statement string) error {
	if t.copied == nil && strings.Contains(statement, " CONCURRENTLY ") {
		return errOutside
	}
	if _, err := t.ExecContext(ctx, statement); err != nil {
		return refused(statement, err)
	}
	return nil
}

// replay applies the file to what the trial has left, as a new session does.
func (t trial) replay(ctx context.Context, f migrate.File) error {
	if t.copied != nil {
		return migration.Replay(ctx, t.copied.DB, []migrate.File{f})
	}
	if err := t.exec(ctx, "RESET ALL"); err != nil {
		return err
	}
	return migration.ReplayWithin(ctx, t.Conn, f)
}

// undoable reports whether ROLLBACK undoes all that a file does: it runs in a transaction,
// and only defines objects. Others could change the session, or use up the values of
// sequences.
func (a Applied) undoable() bool {
	within, err := migration.InTransaction(a.File)
	if err != nil || !within || a.ByHand != nil || strings.Contains(strings.ToLower(string(a.File.Bytes())), "nextval") {
		return false
	}
	for _, s := range a.Statements {
		if len(s.Writes) > 0 || !defines(s.SQL) {
			return false
		}
	}
	return true
}

func defines(query string) bool {
	for first := range sqltoken.All(query) {
		return first.Is("create", "alter", "drop", "comment", "grant", "revoke")
	}
	return false
}
