package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// retyping is the change of a table's columns to other types, in one statement, so that
// the table is rewritten at most once.
type retyping struct {
	table            string
	actions          []string // of ALTER TABLE
	comments, losses []string
	sequences        []Step
	around           dependents // of the columns
}

// changeTypes changes the types of columns to those that hold every value.
func (p *planner) changeTypes(ctx context.Context, have, want catalog.Table) ([]Step, error) {
	return p.retype(ctx, have, want, false)
}

// narrowTypes changes the types of columns to those that don't hold every value, which
// older code may still write.
func (p *planner) narrowTypes(ctx context.Context) error {
	var steps []Step
	for have, want := range p.shared {
		narrowed, err := p.retype(ctx, have, want, true)
		if err != nil {
			return err
		}
		steps = append(steps, narrowed...)
	}
	return p.advance(ctx, steps)
}

func (p *planner) retype(ctx context.Context, have, want catalog.Table, narrowing bool) ([]Step, error) {
	r := retyping{table: want.Name}
	var columns []key
	var changing [][2]catalog.Column
	for _, c := range want.Columns {
		old, there := have.Column(c.Name)
		if !there || p.settled(columnKey(want.Name, c.Name)) || old.Type == c.Type && old.Collation == c.Collation {
			continue
		}
		narrows, err := p.narrows(ctx, old, c)
		if err != nil {
			return nil, err
		}
		if narrows == narrowing {
			columns, changing = append(columns, columnKey(want.Name, c.Name)), append(changing, [2]catalog.Column{old, c})
		}
	}
	if len(columns) == 0 {
		return nil, nil
	}
	var err error
	if r.around, err = p.dependentsOn(ctx, columns...); err != nil {
		return nil, err
	}
	r.around.roots = nil // the columns stay
	for _, c := range changing {
		if err := p.changeType(ctx, &r, c[0], c[1]); err != nil {
			return nil, fmt.Errorf("change the type of %q in %q from %s to %s: write this migration by hand: %w", c[1].Name, want.Name, c[0].Type, c[1].Type, detailed(err))
		}
	}
	return p.retyped(ctx, r)
}

// retyped are the steps of a change of types. What depends on the columns is dropped
// before it and created again after it, in the same transaction.
func (p *planner) retyped(ctx context.Context, r retyping) ([]Step, error) {
	sql := r.alter(r.actions...)
	again, err := p.creates(ctx, r.around, sql)
	if err != nil {
		return nil, fmt.Errorf("change types in %q: write this migration by hand: %w", r.table, err)
	}
	step := Step{SQL: strings.Join(append([]string{sql}, again...), ";\n"), Loses: strings.Join(r.losses, "\n")}
	if names := r.around.names(); names != "" {
		r.comments = append(r.comments, "Dropped, because it depends on the type, and created again with the privileges and\ncomments that migrations gave: "+names)
	}
	step.Comment = strings.Join(r.comments, "\n")
	return append([]Step{step}, r.sequences...), nil
}

// alter is an ALTER TABLE after the drops of what depends on the columns. Generated
// columns are dropped and added again by the same statement.
func (r retyping) alter(actions ...string) string {
	drops, adds := r.around.generatedColumns()
	alter := "ALTER TABLE " + sqltoken.Quote(r.table) + " " + strings.Join(slices.Concat(drops, actions, adds), ", ")
	return strings.Join(append(r.around.drops(), alter), ";\n")
}

// changeType adds the change of a type in the first form that PostgreSQL accepts. A
// default that doesn't fit the new type is replaced in the same statement, so that no
// INSERT misses it.
func (p *planner) changeType(ctx context.Context, r *retyping, have, want catalog.Column) error {
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
	rewrites, err := p.tryStatement(ctx, r.table, r.alter(append(slices.Clip(r.actions), form+after)...))
	explicit := failedWith(err, datatypeMismatch)
	if explicit {
		form += fmt.Sprintf(" USING %s::%s", name, want.Type)
		rewrites, err = p.tryStatement(ctx, r.table, r.alter(append(slices.Clip(r.actions), form+after)...))
	}
	if err != nil {
		return err
	}
	loss, err := p.lossOf(ctx, r.table, have, want, explicit)
	if err != nil {
		return err
	}
	r.actions, r.losses = append(r.actions, form+after), append(r.losses, loss...)
	r.comments = append(r.comments, typeComment(r.table, have, want, rewrites, len(loss) > 0))
	r.sequences = append(r.sequences, p.widenSequence(have, want)...)
	return nil
}

// datatypeMismatch is the SQLSTATE of a cast that needs USING.
const datatypeMismatch = "42804"

func typeComment(table string, have, want catalog.Column, rewrites, loses bool) string {
	comment := fmt.Sprintf("Change %q from %s to %s", want.Name, have.Type, want.Type)
	if rewrites {
		comment += ": this REWRITES the table and its indexes, and\nblocks reads and writes meanwhile"
	} else {
		comment += " in place: no row is rewritten"
	}
	unfit := Unfit(have, want)
	if unfit == "" {
		return comment
	}
	fails := "It fails on values that don't fit, and changes nothing then"
	if loses {
		fails = "It rounds values that don't fit, or fails"
	}
	return comment + fmt.Sprintf(".\n%s. To find them:\n  SELECT * FROM %s WHERE %s LIMIT 10", fails, sqltoken.Quote(table), unfit)
}

// narrows reports whether a type can't hold every value of another.
func (p *planner) narrows(ctx context.Context, have, want catalog.Column) (bool, error) {
	if Unfit(have, want) != "" {
		return true, nil
	}
	for _, explicit := range []bool{false, true} {
		if loss, err := p.lossOf(ctx, "", have, want, explicit); err != nil || len(loss) > 0 {
			return true, err
		}
	}
	return false, nil
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
		form += " USING v::" + want.Type
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
	if _, err := tx.ExecContext(ctx, alter+form+"; "+alter+from+" USING v::"+from); err != nil {
		return "", "", err
	}
	err = tx.QueryRowContext(ctx, read, unprepared).Scan(&after)
	return before, after, err
}
