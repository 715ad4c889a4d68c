package revert

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// early is an index, of no table, or a constraint of one that was built before anything
// else under a free name.
type early struct {
	table uint32
	name  string
}

// prepare restores ahead of the transaction what would read whole tables in it: indexes
// are built CONCURRENTLY, and constraints added NOT VALID and validated, while others
// read and write. What isn't possible on the tables as the file leaves them comes later,
// with what it needs.
func (f *finder) prepare(ctx context.Context) error {
	f.changed = f.changedFunctions()
	for _, p := range f.pairs() {
		if partitioned(p.after) {
			continue
		}
		for _, restore := range []func(context.Context, pair) error{f.buildIndexes, f.addConstraints, f.checkNotNull, f.checkBound} {
			if err := restore(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func partitioned(t catalog.Table) bool { return strings.Contains(t.Options, "PARTITION BY ") }

// outside runs a statement outside of a transaction and adds it to the revert, with the
// one that undoes it if a later one fails.
func (f *finder) outside(ctx context.Context, statement, undo string) error {
	if err := f.trial.runOutside(ctx, statement); err != nil {
		return err
	}
	f.result.Outside++
	f.result.Undo = append(f.result.Undo, undo)
	return f.record(ctx, []string{statement})
}

// buildIndexes builds the indexes that the file dropped, those of primary keys and
// unique constraints included.
func (f *finder) buildIndexes(ctx context.Context, p pair) error {
	for _, x := range p.before.Indexes {
		_, stays := findIndex(p.after.Indexes, x)
		if f.before.usesAny(catalog.Object{Kind: catalog.KindIndex, Table: p.before.Name, Name: x.Name}, f.changed) {
			continue // it would be built with what the function is now
		}
		if stays || !x.Valid || f.before.inherits(catalog.KindIndex, p.before, x.Name) || !f.buildable(p, x) || !f.trial.accepts(ctx, creation(x, "CREATE UNIQUE? INDEX commitment_trial ON ")) {
			continue
		}
		name := x.Name
		for f.present.taken(classOfRelations, f.present.Name, name) {
			name = truncated(name) + "_was"
		}
		f.early[early{name: name}] = x.Name
		undo := ""
		if x.Unique { // it would refuse rows that the code in use may write
			undo = "DROP INDEX CONCURRENTLY " + sqltoken.Quote(name)
		}
		if err := f.outside(ctx, creation(x, "CREATE UNIQUE? INDEX CONCURRENTLY "+sqltoken.Quote(name)+" ON "), undo); err != nil {
			return err
		}
	}
	return nil
}

// classOfRelations is the catalog that has tables and indexes.
const classOfRelations = "pg_class"

// buildable reports whether an index belongs to no constraint, or to one that the file
// dropped and that can take an index.
func (f *finder) buildable(p pair, x catalog.Index) bool {
	if x.Constraint == "" {
		return true
	}
	return slices.ContainsFunc(p.before.Constraints, func(c catalog.Constraint) bool {
		_, stays := findConstraint(p.after.Constraints, c)
		return c.Name == x.Constraint && !stays && (c.Type == catalog.PrimaryKey || c.Type == catalog.Unique)
	})
}

// addConstraints adds the valid checks and foreign keys that the file dropped.
func (f *finder) addConstraints(ctx context.Context, p pair) error {
	for _, c := range p.before.Constraints {
		_, stays := findConstraint(p.after.Constraints, c)
		if f.before.usesAny(catalog.Object{Kind: catalog.KindConstraint, Table: p.before.Name, Name: c.Name}, f.changed) {
			continue
		}
		if stays || !c.Valid || f.before.inherits(catalog.KindConstraint, p.before, c.Name) || c.Type != catalog.Check && c.Type != catalog.ForeignKey {
			continue
		}
		if err := f.addConstraint(ctx, p, c.Name, c.Definition, c.Name); err != nil {
			return err
		}
	}
	return nil
}

// checkNotNull adds a check for each column that is to be NOT NULL again, which then
// needs no scan.
func (f *finder) checkNotNull(ctx context.Context, p pair) error {
	for _, c := range p.before.Columns {
		now, stays := byPosition(p.after, c.Position)
		if !stays || !c.NotNull || now.NotNull {
			continue
		}
		name := truncated(p.after.Name+"_"+now.Name) + "_required"
		if err := f.addConstraint(ctx, p, name, "CHECK ("+sqltoken.Quote(now.Name)+" IS NOT NULL)", ""); err != nil {
			return err
		}
	}
	return nil
}

// checkBound adds a check to a partition that the file detached, which can then be
// attached without a scan.
func (f *finder) checkBound(ctx context.Context, p pair) error {
	bound, was := f.before.bounds[p.after.OID]
	if _, is := f.after.bounds[p.after.OID]; !was || is {
		return nil
	}
	return f.addConstraint(ctx, p, truncated(p.after.Name)+"_bound", "CHECK ("+bound+")", "")
}

// addConstraint adds a constraint under a free name and validates it, if it can be added
// NOT VALID. It gets its own name later; without one it is dropped again.
func (f *finder) addConstraint(ctx context.Context, p pair, name, definition, own string) error {
	for slices.ContainsFunc(p.after.Constraints, func(c catalog.Constraint) bool { return c.Name == name }) {
		name = truncated(name) + "_was"
	}
	alter := "ALTER TABLE " + sqltoken.Quote(p.after.Name) + " "
	add := alter + "ADD CONSTRAINT " + sqltoken.Quote(name) + " " + definition + " NOT VALID"
	if !f.trial.accepts(ctx, add) {
		return nil
	}
	f.early[early{p.after.OID, name}] = own
	if err := f.outside(ctx, add, alter+"DROP CONSTRAINT IF EXISTS "+sqltoken.Quote(name)); err != nil {
		return err
	}
	// As PostgreSQL prints it, so that a later run recognizes it.
	now, _ := f.present.TableOf(p.after)
	var exempt, hold []string
	for _, c := range now.Constraints {
		if c.Name == name {
			exempt, hold = f.unforce(now.Name, c)
			f.result.Statements[f.result.Outside-1] = alter + "ADD CONSTRAINT " + sqltoken.Quote(name) + " " + c.Definition
		}
	}
	for i := range exempt {
		if err := f.outside(ctx, exempt[i], hold[i]); err != nil {
			return err
		}
	}
	for _, statement := range append([]string{alter + "VALIDATE CONSTRAINT " + sqltoken.Quote(name)}, hold...) {
		if err := f.outside(ctx, statement, ""); err != nil {
			return err
		}
	}
	return nil
}

// unforce are the statements around one that looks every row up for a constraint: they
// show the owner of the tables all rows.
func (f *finder) unforce(table string, c catalog.Constraint) (before, after []string) {
	if c.Type != catalog.ForeignKey {
		return nil, nil
	}
	return f.present.Unforce(table, c.References)
}

// truncated leaves room for a suffix within PostgreSQL's 63 bytes.
func truncated(name string) string { return strings.ToValidUTF8(name[:min(len(name), 54)], "") }

// dropConcurrently drops indexes outside of a transaction if nothing else is to be done
// that could fail behind it.
func (f *finder) dropConcurrently() {
	if f.result.ByHand != "" {
		return
	}
	rest := f.result.Statements[f.result.Outside:]
	for _, s := range rest {
		name, isDrop := strings.CutPrefix(s, "DROP INDEX ")
		if !isDrop || f.ofPartitioned(name) {
			return
		}
	}
	for i, s := range rest {
		rest[i] = "DROP INDEX CONCURRENTLY " + strings.TrimPrefix(s, "DROP INDEX ")
		f.result.Undo = append(f.result.Undo, "")
	}
	f.result.Outside += len(rest)
}

// ofPartitioned reports whether an index of the file belongs to a partitioned table.
func (f *finder) ofPartitioned(quoted string) bool {
	return slices.ContainsFunc(f.after.Tables, func(t catalog.Table) bool {
		return partitioned(t) && slices.ContainsFunc(t.Indexes, func(x catalog.Index) bool { return sqltoken.Quote(x.Name) == quoted })
	})
}

// indexHead matches an index's definition up to the table.
var indexHead = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX (?:"(?:[^"]|"")*"|\S+) ON `)

// creation is an index's definition with another head, in which "UNIQUE? " stands for
// UNIQUE if the index is unique.
func creation(x catalog.Index, head string) string {
	found := indexHead.FindStringSubmatchIndex(x.Definition)
	if found == nil {
		return x.Definition
	}
	unique := ""
	if x.Unique {
		unique = "UNIQUE "
	}
	return strings.Replace(head, "UNIQUE? ", unique, 1) + x.Definition[found[1]:]
}
