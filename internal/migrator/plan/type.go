package plan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// changeTypes changes the types of columns in one statement, so that a table is
// rewritten at most once.
func (p *planner) changeTypes(ctx context.Context, have, want catalog.Table) ([]Step, error) {
	var actions, comments, losses []string
	var sequences []Step
	for _, c := range want.Columns {
		old, there := have.Column(c.Name)
		if !there || p.settled(columnKey(want.Name, c.Name)) || old.Type == c.Type && old.Collation == c.Collation {
			continue
		}
		action, comment, err := p.changeType(ctx, want.Name, old, c)
		if err != nil {
			return nil, fmt.Errorf("change the type of %q in %q from %s to %s: write this migration by hand: %w", c.Name, want.Name, old.Type, c.Type, detailed(err))
		}
		loss, err := p.lossOf(ctx, want.Name, old, c, strings.Contains(action, using))
		if err != nil {
			return nil, err
		}
		actions, comments = append(actions, action), append(comments, comment)
		losses = append(losses, loss...)
		sequences = append(sequences, p.widenSequence(old, c)...)
	}
	if len(actions) == 0 {
		return nil, nil
	}
	change := Step{SQL: "ALTER TABLE " + sqltoken.Quote(want.Name) + " " + strings.Join(actions, ", "), Comment: strings.Join(comments, "\n"), Loses: strings.Join(losses, "\n")}
	return append([]Step{change}, sequences...), nil
}

// changeType changes a type in the first form that PostgreSQL accepts. A default that
// doesn't fit the new type is replaced in the same statement, so that no INSERT misses
// it.
func (p *planner) changeType(ctx context.Context, table string, have, want catalog.Column) (action, comment string, err error) {
	name := sqltoken.Quote(want.Name)
	var before, after string
	if have.Default != "" && have.Default != want.Default {
		before = fmt.Sprintf("ALTER COLUMN %s DROP DEFAULT, ", name)
		if want.Default != "" {
			after = fmt.Sprintf(", ALTER COLUMN %s SET DEFAULT %s", name, want.Default)
		}
	}
	form := fmt.Sprintf("%sALTER COLUMN %s TYPE %s", before, name, want.Type)
	if want.Collation != "" {
		form += " COLLATE " + want.Collation
	}
	alter := "ALTER TABLE " + sqltoken.Quote(table) + " "
	rewrites, err := p.tryStatement(ctx, table, alter+form+after)
	if failedWith(err, datatypeMismatch) {
		form += fmt.Sprintf("%s%s::%s", using, name, want.Type)
		rewrites, err = p.tryStatement(ctx, table, alter+form+after)
	}
	return form + after, typeComment(have, want, rewrites), err
}

const (
	// datatypeMismatch is the SQLSTATE of a cast that needs USING.
	datatypeMismatch = "42804"
	using            = " USING " // begins the cast that is made then
)

func typeComment(have, want catalog.Column, rewrites bool) string {
	change := fmt.Sprintf("Change %q from %s to %s", want.Name, have.Type, want.Type)
	if rewrites {
		return change + ": this REWRITES the table and its indexes, and\nblocks reads and writes meanwhile"
	}
	return change + " in place: no row is rewritten"
}

// detailed is an error with PostgreSQL's detail, such as the dependent column.
func detailed(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Detail != "" {
		return fmt.Errorf("%w: %s", err, pg.Detail)
	}
	return err
}

// sampleValues are numbers and times that show what a change of type rounds or
// truncates.
var sampleValues = []string{"1.23456789", "1234567890.12345678901234", "16777217", "9007199254740993", "2000-01-02 03:04:05.678901+00"}

// unprepared keeps the driver from caching a statement: the next one of the same text
// is about a column of another type.
const unprepared = pgx.QueryExecModeExec

// lossOf describes how values are changed by a type that can't hold them. What the type
// refuses isn't lost, because the statement fails.
func (p *planner) lossOf(ctx context.Context, table string, have, want catalog.Column, explicit bool) ([]string, error) {
	form := want.Type
	if explicit {
		form += using + "v::" + want.Type
	}
	for _, value := range sampleValues {
		before, after, err := p.converted(ctx, value, have.Type, form)
		if _, refused := errors.AsType[*pgconn.PgError](err); refused || err == nil && before == after {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("convert a value: %w", err)
		}
		return []string{fmt.Sprintf("values of column %q of table %q that %s can't hold: %s becomes %s", want.Name, table, want.Type, before, after)}, nil
	}
	return nil, nil
}

// converted returns a value before and after its column's type is changed.
func (p *planner) converted(ctx context.Context, value, from, form string) (before, after string, err error) {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	const put, read = "INSERT INTO pg_temp." + trialName + " VALUES ($1)", "SELECT v::text FROM pg_temp." + trialName
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("CREATE TEMP TABLE %s (v %s)", trialName, from)); err != nil {
		return "", "", err
	}
	if _, err := tx.ExecContext(ctx, put, unprepared, value); err != nil {
		return "", "", err
	}
	if err := tx.QueryRowContext(ctx, read, unprepared).Scan(&before); err != nil {
		return "", "", err
	}
	alter := fmt.Sprintf("ALTER TABLE pg_temp.%s ALTER v TYPE ", trialName)
	if _, err := tx.ExecContext(ctx, alter+form+"; "+alter+from+using+"v::"+from); err != nil {
		return "", "", err
	}
	err = tx.QueryRowContext(ctx, read, unprepared).Scan(&after)
	return before, after, err
}
