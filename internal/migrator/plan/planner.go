package plan

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// planner plans stage by stage. What a stage has planned is run on db before the next
// stage looks at it, so that each sees the schema that its statements will meet, and
// nothing is planned that doesn't run.
type planner struct {
	*target
	db      *sql.DB // what the files make, and every step so far
	files   []migrate.File
	present catalog.Schema
	steps   []Step

	objectChanges [][]catalog.Change // by each declared object
	now           definitions        // of present
	want          definitions        // of full
	addedEmpty    map[key]bool       // columns that are added without their values
	equivalent    map[[2]string]bool // what same found out
	postponed     map[int]bool       // objects that wait for a column to be filled
}

func (p *planner) plan(ctx context.Context) ([]Step, error) {
	if err := p.refresh(ctx); err != nil {
		return nil, err
	}
	if err := p.checkRenames(); err != nil {
		return nil, err
	}
	p.want = definitionsOf(p.full)
	p.addedEmpty, p.equivalent, p.postponed = map[key]bool{}, map[[2]string]bool{}, map[int]bool{}
	left, err := p.remaining(ctx)
	if err != nil {
		return nil, err
	}
	if len(left) == 0 && p.allWritten() {
		err := p.addComments(ctx)
		return p.steps, err
	}
	if p.objectChanges, err = p.readObjectChanges(ctx); err != nil {
		return nil, err
	}
	if err := p.run(ctx,
		p.rename, p.renameParts,
		p.extendEnums, p.makeFirst, p.addTables, p.changeColumns, p.settleColumns, p.buildReferenced, p.changeConstraints, p.addComments,
		p.changeIndexes, p.validate, p.changeIdentity, p.changeKeys, p.makeLater,
	); err != nil {
		return nil, err
	}
	expanding := len(p.steps)
	if err := p.run(ctx,
		p.narrowTypes, p.changeConstraints, p.changeIndexes, p.validate,
		p.requireForNewRows, p.validateRequired, p.require, p.changeIdentity, p.changeKeys,
	); err != nil {
		return nil, err
	}
	// What waited for the columns that are required now.
	if err := p.run(ctx, p.changeConstraints, p.changeIndexes, p.validate, p.makePostponed, p.contract); err != nil {
		return nil, err
	}
	if err := p.checkComplete(ctx); err != nil {
		return nil, err
	}
	markContract(p.steps, expanding)
	isolate(p.steps)
	return p.steps, nil
}

func (p *planner) run(ctx context.Context, stages ...func(context.Context) error) error {
	for _, stage := range stages {
		if err := stage(ctx); err != nil {
			return err
		}
	}
	return nil
}

// markContract marks the steps for when no old code is left: those after the first
// expanding ones, and all from the first on that destroys data. What expands never
// follows what contracts, because the phase Expand would pass over that.
func markContract(steps []Step, expanding int) {
	contracts := false
	for i := range steps {
		contracts = contracts || i >= expanding || steps[i].Loses != ""
		steps[i].Contract = contracts
	}
}

func (p *planner) refresh(ctx context.Context) (err error) {
	p.present, err = p.read(ctx, p.db)
	p.now = definitionsOf(p.present)
	return err
}

// advance adds steps to the plan and runs them.
func (p *planner) advance(ctx context.Context, steps []Step) error {
	if len(steps) == 0 {
		return nil
	}
	if err := replay(ctx, p.db, steps); err != nil {
		return fmt.Errorf("run the plan on the replayed files: %w", err)
	}
	p.steps = append(p.steps, steps...)
	return p.refresh(ctx)
}

// tryStatement runs a statement in a transaction that is rolled back, and reports
// whether it rewrites the table. No rows are needed: PostgreSQL gives the table another
// file even if it is empty.
func (p *planner) tryStatement(ctx context.Context, table, statement string) (rewrites bool, err error) {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("try a statement: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	before, err := fileNodes(ctx, tx)
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, statement); err != nil {
		return false, err
	}
	after, err := fileNodes(ctx, tx)
	return before[table] != after[table], err
}

// fileNodes are the numbers of the tables' files, by table: a table that is rewritten
// gets another.
func fileNodes(ctx context.Context, db catalog.Querier) (map[string]int64, error) {
	rows, err := db.QueryContext(ctx, `SELECT relname, pg_relation_filenode(oid) FROM pg_class
		WHERE relkind = 'r' AND relnamespace = quote_ident(current_schema())::regnamespace`)
	if err != nil {
		return nil, fmt.Errorf("look at the tables' files: %w", err)
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	nodes := map[string]int64{}
	for rows.Next() {
		var table string
		var node int64
		if err := rows.Scan(&table, &node); err != nil {
			return nil, fmt.Errorf("look at the tables' files: %w", err)
		}
		nodes[table] = node
	}
	return nodes, rows.Err()
}

// remaining is what still differs from the target.
func (p *planner) remaining(ctx context.Context) ([]catalog.Change, error) {
	var left []catalog.Change
	for _, c := range catalog.Compare(p.present, p.full) {
		same, err := p.same(ctx, changeKey(c))
		if err != nil {
			return nil, err
		}
		if !same {
			left = append(left, c)
		}
	}
	return left, nil
}

// checkComplete returns an error that lists what no stage could plan.
func (p *planner) checkComplete(ctx context.Context) error {
	left, err := p.remaining(ctx)
	if err != nil || len(left) == 0 {
		return err
	}
	var b strings.Builder
	b.WriteString("no safe plan is known for these differences; write the migration by hand:")
	for _, c := range left {
		name := sqltoken.Quote(c.Name)
		if c.Table != "" {
			name += " of " + sqltoken.Quote(c.Table)
		}
		fmt.Fprintf(&b, "\n  %s %s is %s, want %s", c.Kind, name, orMissing(c.Before), orMissing(c.After))
	}
	return errors.New(b.String())
}

func orMissing(definition string) string {
	if definition == "" {
		return "missing"
	}
	return definition
}

// failedWith reports whether PostgreSQL refused a statement with that SQLSTATE.
func failedWith(err error, code string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == code
}
