// Package rows makes a few rows for every table of a throwaway database, so that a
// migration meets what an empty database hides, and compares what tables hold.
package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// perTable is how many rows a table gets.
const perTable = 3

// Missing is a table in which no row could be made, and why.
type Missing struct {
	Table  string
	Reason string
}

// Fill makes rows in tables that have none: they satisfy the table's types, checks,
// unique indexes and foreign keys. The second row of each table is sparse, with defaults
// and NULLs where they are allowed, unless full is set. It returns the tables that stay
// empty.
//
// It fills the tables of these names and those that they reference, or every table if
// names is nil. What a referenced table references in turn is filled only if it must be.
// If that happens later, tables with rows get more, which reference the new ones.
func Fill(ctx context.Context, db *sql.DB, schema catalog.Schema, names []string, full bool) ([]Missing, error) {
	tables := newTables(schema)
	filled, err := filledTables(ctx, db)
	if err != nil {
		return nil, err
	}
	wanted := needed(tables, names)
	f := &filler{db: db, full: full}
	for _, t := range tables {
		t.filled = slices.Contains(filled, t.Name)
		switch {
		case t.filled:
			f.filled = append(f.filled, t.Name, t.parent)
			f.before = append(f.before, t)
		case wanted[t.Name]:
			f.pending = append(f.pending, t)
		}
	}
	if len(f.pending) == 0 {
		return nil, nil
	}
	if err := readTypes(ctx, db, slices.Concat(f.before, f.pending)); err != nil {
		return nil, fmt.Errorf("read types of columns: %w", err)
	}
	return f.fill(ctx)
}

// Empty removes the rows of the tables, and those that reference them; without a table
// it removes all rows.
func Empty(ctx context.Context, db *sql.DB, names ...string) error {
	if len(names) == 0 {
		all, err := tableNames(ctx, db)
		if err != nil || len(all) == 0 {
			return err
		}
		names = all
	}
	if _, err := db.ExecContext(ctx, "TRUNCATE "+sqltoken.Quote(names...)+" CASCADE"); err != nil {
		return fmt.Errorf("empty tables: %w", err)
	}
	return nil
}

// filler fills tables, those first that others reference.
type filler struct {
	db      *sql.DB
	full    bool
	before  []*table // that had rows
	pending []*table
	filled  []string // names; of a partitioned table as soon as a partition is filled
	fresh   []string // those of filled that got rows now
	missing []Missing
}

func (f *filler) fill(ctx context.Context) ([]Missing, error) {
	for len(f.pending) > 0 {
		// If foreign keys form a circle, those that can be NULL have to wait.
		i := slices.IndexFunc(f.pending, func(t *table) bool { return f.ready(t, false) })
		if i < 0 {
			i = slices.IndexFunc(f.pending, func(t *table) bool { return f.ready(t, true) })
		}
		if i < 0 {
			for _, t := range f.pending {
				f.missing = append(f.missing, Missing{t.Name, "its foreign keys and those of the tables that it references form a circle"})
			}
			break
		}
		t := f.pending[i]
		f.pending = slices.Delete(f.pending, i, i+1)
		if err := f.fillTable(ctx, t); err != nil {
			return nil, err
		}
	}
	if err := f.referenceFresh(ctx); err != nil {
		return nil, err
	}
	slices.SortFunc(f.missing, func(a, b Missing) int { return strings.Compare(a.Table, b.Table) })
	return f.missing, nil
}

// referenceFresh makes more rows in tables that had some when those that they reference
// had none.
func (f *filler) referenceFresh(ctx context.Context) error {
	for {
		i := slices.IndexFunc(f.before, func(t *table) bool {
			return slices.ContainsFunc(t.foreignKeys(), func(key catalog.Constraint) bool {
				return key.References != t.Name && slices.Contains(f.fresh, key.References)
			})
		})
		if i < 0 {
			return nil
		}
		t := f.before[i]
		f.before = slices.Delete(f.before, i, i+1)
		if err := f.fillTable(ctx, t); err != nil {
			return err
		}
	}
}

// ready reports whether no partition of t, and no table that it references, is still to
// be filled.
func (f *filler) ready(t *table, onlyRequired bool) bool {
	if slices.ContainsFunc(f.pending, func(p *table) bool { return p.parent == t.Name }) {
		return false
	}
	for _, key := range t.foreignKeys() {
		waits := slices.ContainsFunc(f.pending, func(p *table) bool {
			return p != t && (p.Name == key.References || p.parent == key.References)
		})
		if waits && (!onlyRequired || t.requires(key.Columns)) {
			return false
		}
	}
	return true
}

// fillTable makes the rows of a table in one transaction.
func (f *filler) fillTable(ctx context.Context, t *table) error {
	if t.partitioned {
		if slices.Contains(f.filled, t.Name) {
			f.filled = append(f.filled, t.parent)
		} else {
			f.missing = append(f.missing, Missing{t.Name, "it has no partition with rows"})
		}
		return nil
	}
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("make rows: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after COMMIT there is nothing left to roll back
	made, seed := 0, 1
	if t.filled {
		seed += perTable
	}
	var reason error
	for n := range perTable {
		r := newRow(t, seed+n, n == 1 && !f.full)
		if err := r.insert(ctx, tx); err == nil {
			made++
		} else if _, refused := errors.AsType[*pgconn.PgError](err); refused || errors.Is(err, errNoParent) {
			reason = err
		} else {
			return fmt.Errorf("make a row of %s: %w", t.Name, err)
		}
	}
	if made > 0 {
		reason = tx.Commit()
	}
	switch {
	case reason == nil:
		f.filled = append(f.filled, t.Name, t.parent)
		f.fresh = append(f.fresh, t.Name, t.parent)
	case !t.filled:
		f.missing = append(f.missing, Missing{t.Name, reasonOf(reason)})
	}
	return nil
}

func reasonOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Sprintf("%s (SQLSTATE %s)", pg.Message, pg.Code)
	}
	return err.Error()
}

// errNoParent is why a row can't be made that must reference another.
var errNoParent = errors.New("the table that it references has no rows")

const insertSavepoint = "row"

// insert inserts the row, with other values until PostgreSQL accepts it. Deferred
// constraints are checked at once.
func (r *row) insert(ctx context.Context, tx *sql.Tx) error {
	if err := r.reference(ctx, tx); err != nil {
		return err
	}
	for {
		_, err := tx.ExecContext(ctx, "SAVEPOINT "+insertSavepoint+"; "+r.statement()+
			"; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; RELEASE SAVEPOINT "+insertSavepoint, pgx.QueryExecModeSimpleProtocol)
		if err == nil {
			return nil
		}
		refused, ok := errors.AsType[*pgconn.PgError](err)
		if !ok {
			return err
		}
		if _, err := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+insertSavepoint); err != nil {
			return err
		}
		if !r.adapt(refused) {
			return refused
		}
	}
}

// reference reads the values of foreign keys from rows that are there.
func (r *row) reference(ctx context.Context, tx *sql.Tx) error {
	for _, key := range r.table.foreignKeys() {
		if key.References == r.table.Name {
			r.referenceSelf(key)
			continue
		}
		found, err := r.readParent(ctx, tx, key)
		if err != nil {
			return err
		}
		if !found && r.table.requires(key.Columns) {
			return errNoParent
		}
	}
	return nil
}

// referenceSelf lets a row reference itself if it must reference one of its table.
func (r *row) referenceSelf(key catalog.Constraint) {
	for i, name := range key.Columns {
		if r.table.requires(key.Columns) {
			r.same[name] = key.RefColumns[i]
		} else {
			r.fixed[name] = null
		}
	}
}

func (r *row) readParent(ctx context.Context, tx *sql.Tx, key catalog.Constraint) (found bool, err error) {
	var names []string
	for _, name := range key.RefColumns {
		names = append(names, "p."+sqltoken.Quote(name)+"::text")
	}
	parent := sqltoken.QuoteTable(key.References)
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + parent + " p ORDER BY 1 OFFSET (SELECT ($1 - 1) % greatest(count(*), 1) FROM " + parent + ") LIMIT 1"
	values := make([]sql.NullString, len(names))
	pointers := make([]any, len(names))
	for i := range values {
		pointers[i] = &values[i]
	}
	err = tx.QueryRowContext(ctx, query, r.seed).Scan(pointers...)
	if errors.Is(err, sql.ErrNoRows) {
		for _, name := range key.Columns {
			r.fixed[name] = null
		}
		return false, nil
	}
	for i, name := range key.Columns {
		r.fixed[name] = sqltoken.Literal(values[i].String)
	}
	return true, err
}
