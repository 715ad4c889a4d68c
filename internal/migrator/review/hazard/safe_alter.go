package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/sqltoken"
)

// alteration is an ALTER TABLE that is done in steps. What its actions want is taken
// from what they made in the throwaway database, so that names and definitions are
// those that PostgreSQL chose.
type alteration struct {
	pair

	scene scene
	head  string // up to the first action

	kept       []string         // actions that are done as they are, at once
	defaults   []plan.Step      // that new rows have from now on
	required   []string         // columns that become NOT NULL
	identities []catalog.Column // columns that become identities
	added      []catalog.Constraint
	keyed      []string // actions that need the columns to be NOT NULL
	changed    bool     // something isn't done as it was written
}

func (s scene) alterTable() []plan.Step {
	head, actions := s.text.actions()
	name, _ := s.text.table()
	before, ok := s.Before.Table(name)
	after, stays := byOID(s.After, before.OID)
	if !ok || !stays || !s.old(before.OID) || partitioned(before) {
		return nil
	}
	a := alteration{pair: pair{before, after}, scene: s, head: head}
	for _, action := range actions {
		a.sort(action)
	}
	if !a.changed {
		return nil
	}
	a.added = slices.DeleteFunc(a.constraints(), func(c catalog.Constraint) bool { return !a.gradual(c) })
	return a.steps()
}

// gradual reports whether a constraint was made by an action that isn't kept.
func (p pair) gradual(c catalog.Constraint) bool {
	switch c.Type {
	case catalog.ForeignKey, catalog.Check:
		return c.Valid
	case catalog.Unique, catalog.PrimaryKey:
		return p.builds(c)
	}
	return false
}

// sort puts an action where it belongs.
func (a *alteration) sort(action text) {
	switch {
	case action.begins("ADD"):
		a.sortAdd(action)
	case action.begins("ALTER") && action.outside("SET", "NOT", "NULL") > 0:
		a.sortRequired(action)
	default:
		a.kept = append(a.kept, action.sql)
	}
}

func (a *alteration) sortRequired(action text) {
	name, _ := action.name(action.skip(1, "COLUMN"))
	if was, _ := a.before.Column(name); was.NotNull || !a.scene.scanned(a.after.Name) {
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

func (a *alteration) sortAdd(action text) {
	i := 1
	if action.at(1, "CONSTRAINT") {
		_, i = action.name(2)
	}
	switch {
	case action.at(i, "PRIMARY"), action.at(i, "UNIQUE"):
		a.sortKey(action)
	case action.at(i, "CHECK"), action.at(i, "FOREIGN"):
		if action.has("NOT", "VALID") {
			a.kept = append(a.kept, action.sql)
			return
		}
		a.changed = true
	case i > 1, action.at(1, "EXCLUDE"):
		a.kept = append(a.kept, action.sql)
	default:
		a.sortColumn(action)
	}
}

// sortKey makes the columns of a primary key NOT NULL before it. An index that is
// there is used as it is.
func (a *alteration) sortKey(action text) {
	for _, c := range a.constraints() {
		if c.Type == catalog.PrimaryKey && action.has("PRIMARY") {
			for _, column := range a.optional(c.Columns) {
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

// sortColumn adds a column without what would be done for each row: that follows.
func (a *alteration) sortColumn(action text) {
	name, _ := action.name(action.skip(action.skip(1, "COLUMN"), "IF", "NOT", "EXISTS"))
	c, there := a.after.Column(name)
	_, was := a.before.Column(name)
	costly := a.scene.rewritten(a.after.Name) && filledByRow(c)
	conditions := action.outside("REFERENCES") > 0 || action.outside("UNIQUE") > 0 || action.outside("PRIMARY") > 0 || action.outside("CHECK") > 0
	missing := c.NotNull && c.Default == "" && !c.Identity
	if !there || was || c.Generated || !costly && !conditions && !missing {
		a.kept = append(a.kept, action.sql)
		return
	}
	a.changed = true
	a.kept = append(a.kept, "ADD COLUMN "+bare(c, costly))
	if costly && !c.Identity {
		a.defaults = append(a.defaults, a.setDefault(c, slices.ContainsFunc(action.tokens, isSerial))...)
	}
	if c.NotNull && (costly || missing) {
		a.require(name)
	}
	if c.Identity {
		a.identities = append(a.identities, c)
	}
}

func filledByRow(c catalog.Column) bool {
	code, _ := filling(c)
	return code != ""
}

// bare is a column that can be added to any table at once.
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

// setDefault gives new rows their value, a serial one from a sequence that the column
// owns.
func (a *alteration) setDefault(c catalog.Column, serial bool) []plan.Step {
	var steps []plan.Step
	if serial {
		_, rest, _ := strings.Cut(c.Default, "'")
		sequence, _, _ := strings.Cut(rest, "'")
		steps = append(steps, plan.Step{
			SQL:     fmt.Sprintf("CREATE SEQUENCE %s AS %s OWNED BY %s.%s", sequence, c.Type, sqltoken.Quote(a.after.Name), sqltoken.Quote(c.Name)),
			Comment: "The sequence that serial would have made",
		})
	}
	return append(steps, plan.Step{
		SQL:     a.alter(fmt.Sprintf("ALTER COLUMN %s SET DEFAULT %s", sqltoken.Quote(c.Name), c.Default)),
		Comment: fmt.Sprintf("New rows have the default from now on. Those that are there have no value: fill %s, a few\nthousand rows at a time", sqltoken.Quote(c.Name)),
	})
}

func (a *alteration) alter(action string) string { return a.head + action }
