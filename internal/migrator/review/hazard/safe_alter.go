package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/sqltoken"
)

// alteration is an ALTER TABLE that is split into safe steps. What its actions ask for
// is read from what they made in the throwaway database, so that names and definitions
// are those that PostgreSQL chose.
type alteration struct {
	pair

	subject subject
	head    string // up to the first action

	kept     []string    // actions that run as they are, in one statement
	defaults []plan.Step // that new rows get from now on
	unfilled []string    // columns whose default the existing rows get afterwards
	key      string      // the column that identifies the rows; empty if there is none
	required []string    // columns that become NOT NULL
	added    []catalog.Constraint
	keyed    []string // actions that need the columns to be NOT NULL
	changed  bool     // an action isn't kept
	unknown  bool     // nobody but the author knows the values of the existing rows
}

func (s subject) alterTable() []plan.Step {
	head, actions := s.stmt.actions()
	name, _ := s.stmt.table()
	before, ok := s.Before.Table(name)
	after, stays := s.After.TableOf(before)
	if !ok || !stays || !s.inUse(before) || partitioned(before) {
		return nil
	}
	a := alteration{pair: pair{before, after}, subject: s, head: head, key: keyOf(before)}
	for _, action := range actions {
		a.add(action)
	}
	if !a.changed || a.unknown || len(a.unfilled) > 0 && a.key == "" {
		return nil
	}
	a.added = slices.DeleteFunc(a.constraints(), func(c catalog.Constraint) bool { return !a.gradual(c) })
	return a.steps()
}

// keyOf is the primary key, if it is one column.
func keyOf(t catalog.Table) string {
	if key, _ := t.PrimaryKey(); len(key.Columns) == 1 {
		return key.Columns[0]
	}
	return ""
}

// gradual reports whether a constraint came from an action that isn't kept.
func (p pair) gradual(c catalog.Constraint) bool {
	switch c.Type {
	case catalog.ForeignKey, catalog.Check:
		return c.Valid
	case catalog.Unique, catalog.PrimaryKey:
		return p.builds(c)
	}
	return false
}

// add decides in which steps an action runs.
func (a *alteration) add(action statement) {
	switch {
	case action.begins("ADD"):
		a.addPart(action)
	case action.begins("ALTER") && action.outside("SET", "NOT", "NULL") > 0:
		a.addNotNull(action)
	default:
		a.kept = append(a.kept, action.sql)
	}
}

func (a *alteration) addNotNull(action statement) {
	name, _ := action.name(action.skip(1, "COLUMN"))
	if was, _ := a.before.Column(name); was.NotNull || !a.subject.scanned(a.after.Name) {
		a.kept = append(a.kept, action.sql)
		return
	}
	a.require(name)
}

func (a *alteration) require(column string) {
	a.changed = true
	if !slices.Contains(a.required, column) {
		a.required = append(a.required, column)
	}
}

func (a *alteration) addPart(action statement) {
	i := 1
	if action.at(1, "CONSTRAINT") {
		_, i = action.name(2)
	}
	switch {
	case action.at(i, "PRIMARY"), action.at(i, "UNIQUE"):
		a.addKey(action)
	case action.at(i, "CHECK"), action.at(i, "FOREIGN"):
		if action.has("NOT", "VALID") {
			a.kept = append(a.kept, action.sql)
			return
		}
		a.changed = true
	case i > 1, action.at(1, "EXCLUDE"):
		a.kept = append(a.kept, action.sql)
	default:
		a.addColumn(action)
	}
}

// addKey makes the columns of a primary key NOT NULL before it. An existing index is
// used as it is.
func (a *alteration) addKey(action statement) {
	for _, c := range a.constraints() {
		if c.Type == catalog.PrimaryKey && action.has("PRIMARY") {
			for _, column := range a.nullable(c.Columns) {
				a.require(column)
			}
		}
	}
	if action.has("USING", "INDEX") && !action.has("USING", "INDEX", "TABLESPACE") {
		a.keyed = append(a.keyed, action.sql)
		return
	}
	a.changed = true
}

// addColumn adds a column without what would read or write every row: that follows. The
// value of a required column without a default isn't known, and an identity has none
// until the column is one.
func (a *alteration) addColumn(action statement) {
	name, _ := action.name(action.skip(action.skip(1, "COLUMN"), "IF", "NOT", "EXISTS"))
	c, there := a.after.Column(name)
	_, was := a.before.Column(name)
	costly := a.subject.rewritten(a.after.Name) && filledPerRow(c)
	conditions := action.outside("REFERENCES") > 0 || action.outside("UNIQUE") > 0 || action.outside("PRIMARY") > 0 || action.outside("CHECK") > 0
	missing := c.NotNull && c.Default == "" && !c.Identity
	if !there || was || c.Generated || !costly && !conditions && !missing {
		a.kept = append(a.kept, action.sql)
		return
	}
	a.changed = true
	a.unknown = a.unknown || missing || c.Identity
	a.kept = append(a.kept, "ADD COLUMN "+bare(c, costly))
	if !costly {
		return
	}
	a.defaults = append(a.defaults, a.setDefault(c, slices.ContainsFunc(action.tokens, isSerial))...)
	a.unfilled = append(a.unfilled, name)
	if c.NotNull {
		a.require(name)
	}
}

// bare is the definition of a column that can be added to any table at once.
func bare(c catalog.Column, costly bool) string {
	words := []string{sqltoken.Quote(c.Name), c.Type}
	if c.Collation != "" {
		words = append(words, "COLLATE", c.Collation)
	}
	if c.Default != "" && !costly {
		words = append(words, "DEFAULT", c.Default)
		if c.NotNull {
			words = append(words, "NOT NULL")
		}
	}
	return strings.Join(words, " ")
}

// setDefault gives new rows their value, that of a serial column from a sequence that
// the column owns.
func (a *alteration) setDefault(c catalog.Column, ownsSequence bool) []plan.Step {
	var steps []plan.Step
	if ownsSequence {
		_, rest, _ := strings.Cut(c.Default, "'")
		sequence, _, _ := strings.Cut(rest, "'")
		steps = append(steps, plan.Step{
			SQL:     fmt.Sprintf("CREATE SEQUENCE %s AS %s OWNED BY %s.%s", sequence, c.Type, sqltoken.Quote(a.after.Name), sqltoken.Quote(c.Name)),
			Comment: "The sequence that serial creates",
		})
	}
	return append(steps, plan.Step{
		SQL:     a.alter(fmt.Sprintf("ALTER COLUMN %s SET DEFAULT %s", sqltoken.Quote(c.Name), c.Default)),
		Comment: "New rows get the default from now on, existing rows in the next file",
	})
}

func (a *alteration) alter(action string) string { return a.head + action }
