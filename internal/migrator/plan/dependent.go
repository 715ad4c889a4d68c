package plan

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// dependents are the objects that have to make room for a change, each after those that
// it depends on.
type dependents struct {
	objects []catalog.Dependent
	were    definitions // before the change
	// roots restore what the definitions of the changed objects themselves leave out.
	roots []string
}

func dependentKey(d catalog.Dependent) key { return key{d.Kind, d.Table, d.Name} }

// dependentsOn are the objects that depend on one of these, without these.
func (p *planner) dependentsOn(ctx context.Context, on ...key) (dependents, error) {
	all := dependents{were: p.now}
	for _, k := range on {
		found, err := catalog.Dependents(ctx, p.db, catalog.Object{Kind: k.kind, Table: k.table, Name: k.name})
		if err != nil {
			return all, err
		}
		for _, d := range found {
			// One that is found again depends on something later, too.
			all.objects = slices.DeleteFunc(all.objects, func(o catalog.Dependent) bool { return dependentKey(o) == dependentKey(d) })
			if slices.Contains(on, dependentKey(d)) {
				all.roots = append(all.roots, d.Restore...)
				continue
			}
			all.objects = append(all.objects, d)
		}
	}
	return all, nil
}

// names lists the objects, as in "view "a" and policy "b"".
func (d dependents) names() string {
	names := make([]string, 0, len(d.objects))
	for _, o := range d.objects {
		name := fmt.Sprintf("%s %q", o.Kind, o.Name)
		if o.Kind == catalog.KindMaterializedView {
			name += " (filled again)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// drops are the statements that drop the objects. Generated columns are left to
// [dependents.generatedColumns].
func (d dependents) drops() []string {
	var statements []string
	for _, o := range slices.Backward(d.objects) {
		if o.Kind != catalog.KindColumn {
			statements = append(statements, dropStatement(dependentKey(o))[0].SQL)
		}
	}
	return statements
}

// generatedColumns are the actions of an ALTER TABLE that drop the generated columns, and those
// that add them again: in one statement the table is written once.
func (d dependents) generatedColumns() (drops, adds []string) {
	for _, o := range d.objects {
		if o.Kind != catalog.KindColumn {
			continue
		}
		name := sqltoken.Quote(o.Name)
		drops = append(drops, "DROP COLUMN "+name)
		adds = append(adds, "ADD COLUMN "+name+" "+d.were[dependentKey(o)])
	}
	return drops, adds
}

// creates are the statements that create the objects again, found by trying them after
// change. An object is created as the target has it or, if that isn't possible yet, as
// it was. One of the target that can't be created either way is left to a later stage.
func (p *planner) creates(ctx context.Context, d dependents, change string) ([]string, error) {
	if len(d.objects) == 0 && len(d.roots) == 0 {
		return nil, nil
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("try statements: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	if _, err := tx.ExecContext(ctx, change); err != nil {
		return nil, detailed(err)
	}
	statements := runnable(ctx, tx, d.roots)
	for _, o := range d.objects {
		_, wanted := p.want[dependentKey(o)]
		again, err := createAgain(ctx, tx, dependentKey(o), p.want, d.were)
		switch {
		case err != nil && !wanted:
			return nil, fmt.Errorf("%s %q can't be created again: %w", o.Kind, o.Name, detailed(err))
		case err != nil:
			continue
		}
		statements = append(statements, again...)
		statements = append(statements, runnable(ctx, tx, o.Restore)...)
	}
	return statements, ctx.Err()
}

// runnable are the statements that work: one about a column that is gone isn't needed.
func runnable(ctx context.Context, tx *sql.Tx, statements []string) []string {
	var kept []string
	for _, s := range statements {
		if attempt(ctx, tx, s) == nil {
			kept = append(kept, s)
		}
	}
	return kept
}

// createAgain creates an object by the first definition that works, and returns the
// statements.
func createAgain(ctx context.Context, tx *sql.Tx, k key, from ...definitions) (statements []string, err error) {
	if k.kind == catalog.KindColumn {
		return nil, nil // it was added by the change
	}
	for _, definitions := range from {
		definition, there := definitions[k]
		if !there {
			continue
		}
		statements = catalog.Object{Kind: k.kind, Table: k.table, Name: k.name, Definition: definition}.Create()
		if err = attempt(ctx, tx, strings.Join(statements, ";\n")); err == nil {
			return statements, nil
		}
	}
	return nil, err
}

// attempt runs statements in a transaction, which goes on if they fail.
func attempt(ctx context.Context, tx *sql.Tx, statements string) error {
	const savepoint = "attempt"
	if _, err := tx.ExecContext(ctx, "SAVEPOINT "+savepoint); err != nil {
		return err
	}
	_, refusal := tx.ExecContext(ctx, statements)
	if refusal == nil {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "ROLLBACK TO "+savepoint); err != nil {
		return err
	}
	return refusal
}
