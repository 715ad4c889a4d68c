package compat

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// The operations of a [Break].
const (
	opRead   = "read"
	opInsert = "insert"
	opUpdate = "update"
	opUpsert = "upsert"
	opEnum   = "enum"
)

// Breaks finds what code can't do on a throwaway database, by doing it: it runs the
// statements that Ent would run, with sample values of the fields' types, in
// transactions that are rolled back. Each statement is its own proof, so an error is
// the one that production would get.
//
// Rules about values rather than types are removed first, so that sample values raise
// no false alarm: foreign keys, checks (except for NOT NULL checks and those of a
// single enum column, which gets every value of the enum) and triggers that run after
// the row. Such rules aren't judged. Neither are the values of fields whose Go type is
// the project's own; of those only the columns count.
//
// The role must own the tables, which are locked meanwhile: nobody else may use the
// database. The Release and Schema of the breaks are empty; [Decide] fills them in.
func Breaks(ctx context.Context, db Database, entities Entities) ([]Break, error) {
	var breaks []Break
	for _, e := range entities {
		found, err := breaksOf(ctx, db, e)
		if err != nil {
			return nil, fmt.Errorf("try the code of %s: %w", e.Name, err)
		}
		breaks = append(breaks, found...)
	}
	return breaks, nil
}

func breaksOf(ctx context.Context, db Database, e Entity) ([]Break, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // what was tried leaves nothing behind
	if _, err := tx.ExecContext(ctx, "SET LOCAL lock_timeout = '10s'"); err != nil {
		return nil, err
	}
	p := probe{tx: tx, schema: db.Schema, entity: e}
	err = p.run(ctx)
	return p.breaks, err
}

// probe tries the code of one entity.
type probe struct {
	tx     *sql.Tx
	schema catalog.Schema
	entity Entity
	table  catalog.Table
	breaks []Break
}

func (p *probe) run(ctx context.Context) error {
	table, known := p.schema.Table(p.entity.Table)
	if !known || p.entity.View {
		return p.tryWhole(ctx)
	}
	p.table = table
	if err := p.clear(ctx); err != nil {
		return err
	}
	for _, try := range []func(context.Context) error{
		p.tryMissing, p.tryInserts, p.tryEnums, p.tryReads, p.tryUpdates, p.tryUpserts,
	} {
		if err := try(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tryWhole is for what isn't a table: a view, or nothing.
func (p *probe) tryWhole(ctx context.Context) error {
	if err := p.read(ctx, p.entity.Columns); err != nil || p.entity.View {
		return err
	}
	_, err := p.insert(ctx, p.required())
	return err
}

// tryMissing tries each column that the table lacks, together with those that it has.
func (p *probe) tryMissing(ctx context.Context) error {
	present := p.present()
	for _, c := range p.entity.Columns {
		if _, there := p.table.Column(c.Name); there {
			continue
		}
		if err := p.read(ctx, append(slices.Clip(present), c)); err != nil {
			return err
		}
		if c.Generated {
			continue
		}
		if _, err := p.insert(ctx, append(p.required(), c)); err != nil {
			return err
		}
	}
	return nil
}

// tryInserts runs the shortest and the longest INSERT. A column that the shortest one
// omits and the table requires is recorded and then made optional, until the row is
// inserted; it stays for later tries.
func (p *probe) tryInserts(ctx context.Context) error {
	columns := p.required()
	for {
		missing, err := p.insert(ctx, columns)
		if err != nil {
			return err
		}
		if missing == "" {
			break
		}
		dropped, err := p.alter(ctx, "ALTER "+sqltoken.Quote(missing)+" DROP NOT NULL")
		if err != nil {
			return err
		}
		if !dropped {
			return nil // a primary key's column: no row can go in
		}
	}
	all := p.written()
	if len(all) == len(columns) {
		return nil
	}
	_, err := p.insert(ctx, all)
	return err
}

// tryEnums inserts every value of every enum, and then drops the checks on them.
func (p *probe) tryEnums(ctx context.Context) error {
	for _, c := range p.present() {
		if c.Custom {
			continue
		}
		for _, value := range c.Enums {
			if err := p.insertEnum(ctx, c, value); err != nil {
				return err
			}
		}
	}
	for _, c := range p.table.Constraints {
		if c.Type == catalog.Check && p.isEnumCheck(c) {
			if _, err := p.alter(ctx, "DROP CONSTRAINT "+sqltoken.Quote(c.Name)); err != nil {
				return err
			}
		}
	}
	_, err := p.insert(ctx, p.required()) // where no sample value met the check
	return err
}

func (p *probe) tryReads(ctx context.Context) error { return p.read(ctx, p.present()) }

// tryUpdates sets each column to the largest value that the code accepts, with an INSERT
// if it is immutable, and to NULL if it can be cleared.
func (p *probe) tryUpdates(ctx context.Context) error {
	for _, c := range p.present() {
		if c.Generated {
			continue
		}
		if c.Immutable {
			if err := p.insertLargest(ctx, c); err != nil {
				return err
			}
			continue
		}
		if err := p.update(ctx, c); err != nil {
			return err
		}
		if c.Nullable {
			if err := p.clearColumn(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *probe) tryUpserts(ctx context.Context) error {
	for _, a := range p.entity.Arbiters {
		if !p.has(a.Columns) {
			continue // the missing column has been reported
		}
		if err := p.upsert(ctx, a); err != nil {
			return err
		}
	}
	return nil
}
