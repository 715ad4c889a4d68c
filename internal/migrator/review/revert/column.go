package revert

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// createTable creates a table with its columns. Constraints, indexes, options and the
// rest come later, as for tables that stayed.
func (f *finder) createTable(t catalog.Table) []string {
	var s, columns, owned []string
	for _, c := range t.Columns {
		if sequence := f.ownSequence(c); sequence != "" {
			s = append(s, "CREATE SEQUENCE "+sequence+" AS "+c.Type)
			owned = append(owned, fmt.Sprintf("ALTER SEQUENCE %s OWNED BY %s.%s", sequence, sqltoken.Quote(t.Name), sqltoken.Quote(c.Name)))
		}
		columns = append(columns, "\n  "+sqltoken.Quote(c.Name)+" "+definition(c))
	}
	head := "CREATE TABLE "
	if strings.HasPrefix(t.Options, "UNLOGGED") {
		head = "CREATE UNLOGGED TABLE "
	}
	s = append(s, head+sqltoken.Quote(t.Name)+" ("+strings.Join(columns, ",")+"\n)"+partitionKey.FindString(t.Options))
	return append(s, owned...)
}

// partitionKey matches how a table is partitioned, among its options.
var partitionKey = regexp.MustCompile(` ?PARTITION BY (?:RANGE|LIST|HASH) \(.*?\)(?: WITH \(| ENABLE ROW| FORCE ROW| REPLICA IDENTITY|$)`)

// nextval matches the sequence in a default.
var nextval = regexp.MustCompile(`^nextval\('(.+)'::regclass\)$`)

// ownSequence is the sequence that a serial column owns, as SQL; empty for other
// columns. A sequence that no column owns is an object by itself.
func (f *finder) ownSequence(c catalog.Column) string {
	found := nextval.FindStringSubmatch(c.Default)
	if len(found) == 0 || has(f.before.Others, catalog.Object{Kind: catalog.KindSequence, Name: sqltoken.Unquote(found[1])}) {
		return ""
	}
	return found[1]
}

// definition is a column's definition in CREATE TABLE, without the name.
func definition(c catalog.Column) string {
	w := []string{c.Type}
	if c.Collation != "" {
		w = append(w, "COLLATE "+c.Collation)
	}
	switch {
	case c.Generated:
		w = append(w, generated(c))
	case c.Identity:
		w = append(w, identity(c))
	case c.Default != "":
		w = append(w, "DEFAULT "+c.Default)
	}
	if c.NotNull {
		w = append(w, "NOT NULL")
	}
	return strings.Join(w, " ")
}

func (f *finder) restoreColumns(p pair) []string {
	var s []string
	for _, c := range p.before.Columns {
		now, stays := byPosition(p.after, c.Position)
		if stays {
			s = append(s, f.restoreColumn(p.before, c, now)...)
		} else if !f.before.inherits(catalog.KindColumn, p.before, c.Name) {
			s = append(s, f.addColumn(p.before, c)...)
		}
	}
	return s
}

// addColumn restores a dropped column. If it is NOT NULL without a default, existing
// rows get a neutral value.
func (f *finder) addColumn(t catalog.Table, c catalog.Column) []string {
	table, name := sqltoken.Quote(t.Name), sqltoken.Quote(c.Name)
	add := "ALTER TABLE " + table + " ADD COLUMN " + name + " " + definition(c)
	if sequence := f.ownSequence(c); sequence != "" {
		return []string{"CREATE SEQUENCE " + sequence + " AS " + c.Type, add, "ALTER SEQUENCE " + sequence + " OWNED BY " + table + "." + name}
	}
	value, known := neutralValue(c)
	if !known || !c.NotNull || c.Default != "" || c.Identity {
		return []string{add}
	}
	return []string{add + " DEFAULT " + value, "ALTER TABLE " + table + " ALTER COLUMN " + name + " DROP DEFAULT"}
}

// restoreColumn changes a column back, one property per statement: within one statement
// PostgreSQL has an order of its own.
func (f *finder) restoreColumn(t catalog.Table, c, now catalog.Column) []string {
	var actions []string
	table := t.Name
	alter := func(action string) {
		actions = append(actions, "ALTER TABLE "+sqltoken.Quote(table)+" ALTER COLUMN "+sqltoken.Quote(c.Name)+" "+action)
	}
	retyped := (c.Type != now.Type || c.Collation != now.Collation) && !f.before.inherits(catalog.KindColumn, t, c.Name)
	if now.Default != "" && !now.Generated && (now.Default != c.Default || retyped) {
		alter("DROP DEFAULT")
	}
	if now.Generated && !c.Generated {
		alter("DROP EXPRESSION")
	}
	if now.Identity && !c.Identity {
		alter("DROP IDENTITY")
	}
	if retyped {
		alter(retype(c, now))
	}
	if c.Default != "" && !c.Generated && (now.Default != c.Default || retyped) {
		sequence := f.ownSequence(c)
		gone := sequence != "" && f.lacksSequence(sqltoken.Unquote(sequence))
		if gone {
			actions = append(actions, "CREATE SEQUENCE "+sequence+" AS "+c.Type)
		}
		alter("SET DEFAULT " + c.Default)
		if gone {
			actions = append(actions, fmt.Sprintf("ALTER SEQUENCE %s OWNED BY %s.%s", sequence, sqltoken.Quote(table), sqltoken.Quote(c.Name)), numberOn(table, c))
		}
	}
	switch {
	case c.NotNull && !now.NotNull:
		alter("SET NOT NULL")
		actions = append(actions, f.dropNotNullCheck(t, c)...)
	case now.NotNull && !c.NotNull:
		alter("DROP NOT NULL")
	}
	switch {
	case c.Identity && !now.Identity:
		alter("ADD " + identity(c))
		actions = append(actions, numberOn(table, c))
	case c.Identity && c.Always != now.Always:
		alter("SET " + strings.TrimSuffix(identity(c), " AS IDENTITY"))
	}
	return actions
}

// numberOn lets the sequence of a column begin behind the numbers that rows have.
func numberOn(table string, c catalog.Column) string {
	return fmt.Sprintf("SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max(%s), 0) + 1, false) FROM %s",
		sqltoken.Literal(sqltoken.Quote(table)), sqltoken.Literal(c.Name), sqltoken.Quote(c.Name), sqltoken.Quote(table))
}

// lacksSequence reports whether the file dropped a column's sequence. That of an identity
// that has its name goes with the identity.
func (f *finder) lacksSequence(name string) bool {
	return slices.ContainsFunc(f.before.entries.all, func(e entry) bool {
		_, stays := f.present.entries.of(e.object)
		return e.kind == kindOwnedSequence && e.schema == f.before.Name && e.name == name && !stays
	})
}

// dropNotNullCheck drops the check that saved SET NOT NULL a scan.
func (f *finder) dropNotNullCheck(t catalog.Table, c catalog.Column) []string {
	now, _ := f.present.TableOf(t)
	for _, check := range now.Constraints {
		own, waits := f.early[early{t.OID, check.Name}]
		if waits && own == "" && slices.Contains(check.Columns, c.Name) {
			return []string{"ALTER TABLE " + sqltoken.Quote(t.Name) + " DROP CONSTRAINT " + sqltoken.Quote(check.Name)}
		}
	}
	return nil
}

func identity(c catalog.Column) string {
	if c.Always {
		return "GENERATED ALWAYS AS IDENTITY"
	}
	return "GENERATED BY DEFAULT AS IDENTITY"
}

func generated(c catalog.Column) string {
	if c.Virtual {
		return "GENERATED ALWAYS AS (" + c.Default + ") VIRTUAL"
	}
	return "GENERATED ALWAYS AS (" + c.Default + ") STORED"
}

// retype needs an explicit cast only between unrelated types: an explicit cast
// truncates and rounds, while without one PostgreSQL refuses a value that doesn't fit.
func retype(c, now catalog.Column) string {
	action := "TYPE " + c.Type
	if c.Collation != "" {
		action += " COLLATE " + c.Collation
	}
	if c.Type == now.Type || widens(c.Type, now.Type) || widens(now.Type, c.Type) {
		return action
	}
	return action + " USING " + sqltoken.Quote(c.Name) + "::" + c.Type
}
