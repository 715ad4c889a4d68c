package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/trace"
	"commitment/internal/sqltoken"
)

var columnRules = []Rule{
	{
		Code: "PG302", Slug: "volatile-default", Docs: alterTable, Timed: true,
		Title: "a default that differs from row to row rewrites the table",
		check: addedColumn,
	},
	{
		Code: "CM121", Slug: "new-serial-column", Docs: alterTable, Timed: true,
		Title: "a serial or identity column rewrites the table",
		check: addedColumn,
	},
	{
		Code: "CM122", Slug: "new-stored-column", Docs: manual + "ddl-generated-columns.html", Timed: true,
		Title: "a stored generated column rewrites the table",
		check: addedColumn,
	},
	{
		Code: "MF103", Slug: "required-column", Docs: alterTable,
		Title: "a column is added that is NOT NULL and has no default",
		check: addedRequired,
	},
	{
		Code: "DS103", Slug: "drop-column", Docs: alterTable,
		Title: "a column is dropped",
		check: droppedColumn,
	},
	{
		Code: "PG301", Slug: "change-type", Docs: alterTable, Timed: true,
		Title: "a change of type rewrites the table",
		check: changedType,
	},
	{
		Code: "CM126", Slug: "recheck-after-type", Docs: alterTable, Timed: true,
		Title: "a change of type rebuilds indexes or scans the table",
		check: either(changedType, checkedAgain),
	},
	{
		Code: "CM127", Slug: "stale-plan", Docs: manual + "sql-prepare.html",
		Title: "a change of type ends cached plans",
		check: changedType,
	},
	{
		Code: "PG303", Slug: "set-not-null", Docs: alterTable, Timed: true,
		Title: "SET NOT NULL scans the table while nobody may use it",
		check: required,
	},
	{
		Code: "MF104", Slug: "not-null-fails", Docs: alterTable,
		Title: "a column becomes NOT NULL",
		check: required,
	},
	{
		Code: "CM128", Slug: "drop-not-null", Docs: alterTable,
		Title: "a column may be NULL from now on",
		check: released,
	},
	{
		Code: "BC102", Slug: "rename-column", Docs: alterTable,
		Title: "a column is renamed",
		check: renamedColumn,
	},
}

// addedColumn is a column whose values have to be written into every row.
func addedColumn(s scene) (found []Finding) {
	for p := range s.tables() {
		if !s.rewritten(p.after.Name) {
			continue
		}
		for _, c := range p.added() {
			code, what := filling(c)
			if code == "" {
				continue
			}
			f := Finding{
				Code: code, Severity: Error, Table: p.after.Name,
				Title:  fmt.Sprintf("%s can't be read or written while every row gets its %s", p.after.Name, c.Name),
				Reason: what + " differs from row to row, so the table and its indexes are written anew under the strongest lock.",
				Advice: "Add the column without a value, set the default for new rows, and fill those that are there a few thousand at a time.",
				Fix:    s.safe,
			}
			if c.Generated {
				f.Fix = nil
				f.Advice = "Add an ordinary column that a trigger fills, and fill the rows that are there a few thousand at a time; from PostgreSQL 18 on, a VIRTUAL one costs nothing."
			}
			found = append(found, f)
		}
	}
	return found
}

// filling is the code of a column that makes a table be rewritten, and what does.
func filling(c catalog.Column) (code, what string) {
	switch {
	case c.Generated && !c.Virtual:
		return "CM122", "A stored value"
	case c.Identity:
		return "CM121", "A number"
	case strings.HasPrefix(c.Default, "nextval("):
		return "CM121", "A number"
	case volatile(c.Default):
		return "PG302", "The default " + c.Default
	}
	return "", ""
}

// volatile reports whether a default calls something that may differ from row to
// row. The server has said that one of the statement's does.
func volatile(expression string) bool {
	return strings.Contains(expression, "(") && !strings.HasPrefix(expression, "now()")
}

func addedRequired(s scene) (found []Finding) {
	for p := range s.tables() {
		for _, c := range p.added() {
			if !c.NotNull || c.Default != "" || c.Identity || c.Generated {
				continue
			}
			found = append(found, Finding{
				Severity: Error, Evidence: Inferred, Table: p.after.Name,
				Title:  fmt.Sprintf("this fails if %s has a row, because %s would be NULL in it", p.after.Name, c.Name),
				Reason: "The column is NOT NULL and has no default. Code that runs and doesn't know it can't insert either.",
				Advice: "Give it a default in the database, or add it as nullable, fill it, and make it NOT NULL.",
				Fix:    s.safe,
			})
		}
	}
	return found
}

func droppedColumn(s scene) (found []Finding) {
	for p := range s.tables() {
		for _, c := range p.before.Columns {
			if _, stays := columnAt(p.after, c.Position); stays {
				continue
			}
			found = append(found, Finding{
				Severity: Error, Table: p.before.Name,
				Title:  fmt.Sprintf("the values of %s in %s are lost", c.Name, p.before.Name),
				Reason: "Code that still reads or writes the column breaks at once, and what was in it comes back from a backup alone.",
				Advice: "Deploy code that doesn't know the column, and drop it in a later release.",
			})
		}
	}
	return found
}

func changedType(s scene) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if was.Type == is.Type && was.Collation == is.Collation || is.Generated {
				continue
			}
			found = append(found, s.typeFindings(p, was, is)...)
		}
	}
	return found
}

func (s scene) typeFindings(p pair, was, is catalog.Column) []Finding {
	table := p.after.Name
	f := Finding{
		Code: "CM126", Severity: Error, Table: table,
		Title:  fmt.Sprintf("%s can't be read or written while what depends on %s is built anew or checked", table, is.Name),
		Reason: "No row is written, but indexes or conditions that use the column are done again for all rows under the strongest lock.",
		Advice: "Drop them first and build them again CONCURRENTLY, or NOT VALID with a VALIDATE in a later file.",
	}
	var found []Finding
	switch {
	case s.rewritten(table):
		f.Code = "PG301"
		f.Title = fmt.Sprintf("%s can't be read or written while %s becomes %s in every row", table, is.Name, is.Type)
		f.Reason = "The table and all its indexes are written anew under the strongest lock, which needs their size on disk once more."
		f.Advice = "Add a new column, write both, fill it a few thousand rows at a time, switch the code, and drop the old one in a later release."
		found = append(found, f)
	case s.scanned(table), s.rebuilds(p):
		found = append(found, f)
	}
	return append(found, Finding{
		Code: "CM127", Severity: Note, Evidence: Inferred, Table: table,
		Title:  fmt.Sprintf("statements on %s that sessions have prepared fail once each", table),
		Reason: fmt.Sprintf("%s was %s and is %s: PostgreSQL answers 0A000, cached plan must not change result type, inside a transaction for good.", is.Name, was.Type, is.Type),
		Advice: "Run the units of work again that fail so, or renew the connections after the migration.",
	})
}

// checkedAgain is a table that is read because the type of a column changes to which
// it has a foreign key.
func checkedAgain(s scene) (found []Finding) {
	name, _ := s.text.table()
	changed, _ := s.Before.Table(name)
	after, _ := byOID(s.After, changed.OID)
	for p := range s.tables() {
		l, locked := s.lock(p.after.Name)
		if p.before.Name == name || !retyped(changed, after) || retyped(p.before, p.after) || !locked || !l.BlocksReads() || !s.scanned(p.after.Name) {
			continue
		}
		found = append(found, Finding{
			Code: "CM126", Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("%s can't be read or written while its foreign key to %s is checked again", p.after.Name, name),
			Reason: "The key that it points to has another type, so every row is looked up anew under the strongest lock.",
			Advice: "Drop the foreign key first, and add it NOT VALID afterwards, with a VALIDATE in a later file.",
		})
	}
	return found
}

// rebuilds reports whether an index that the table keeps was written anew.
func (s scene) rebuilds(p pair) bool {
	return slices.ContainsFunc(p.after.Indexes, func(i catalog.Index) bool { return s.rewritten(i.Name) })
}

// required is a column that becomes NOT NULL, other than by a primary key. Under a
// valid CHECK of the same nothing is scanned.
func required(s scene) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if was.NotNull || !is.NotNull || !s.scanned(p.after.Name) || p.keyed(is.Name) {
				continue
			}
			f := Finding{
				Code: "PG303", Severity: Error, Table: p.after.Name,
				Title:  fmt.Sprintf("%s can't be read or written while every row is looked at for a NULL in %s", p.after.Name, is.Name),
				Reason: "The whole table is read under the strongest lock.",
				Advice: "Add a CHECK that it IS NOT NULL as NOT VALID, VALIDATE it in a later file, SET NOT NULL, and drop the CHECK.",
				Fix:    s.safe,
			}
			found = append(found, f)
			if s.filled(p.after.Name, is.Name) {
				continue
			}
			f.Code, f.Evidence = "MF104", Inferred
			f.Title = fmt.Sprintf("this fails if %s is NULL in a row of %s", is.Name, p.after.Name)
			f.Reason = "Rows that are there were written without the rule. Code that runs and writes NULL breaks."
			found = append(found, f)
		}
	}
	return found
}

// keyed reports whether the statement made the column part of the primary key.
func (p pair) keyed(column string) bool {
	return slices.ContainsFunc(p.constraints(), func(c catalog.Constraint) bool {
		return c.Type == catalog.PrimaryKey && slices.Contains(c.Columns, column)
	})
}

// filled reports whether an UPDATE before the statement sets the column.
func (s scene) filled(table, column string) bool {
	return slices.ContainsFunc(s.file[:s.at], func(earlier trace.Statement) bool {
		t := read(earlier.SQL)
		if !t.begins("UPDATE") {
			return false
		}
		name, _ := t.name(t.skip(1, "ONLY"))
		return name == table && slices.ContainsFunc(t.tokens, func(tok sqltoken.Token) bool { return tok.Name() == column })
	})
}

func released(s scene) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if !was.NotNull || is.NotNull {
				continue
			}
			found = append(found, Finding{
				Severity: Note, Table: p.after.Name,
				Title:  fmt.Sprintf("%s of %s may be NULL from now on", is.Name, p.after.Name),
				Reason: "Code that doesn't expect it fails, or takes it for an empty value: Ent reads NULL into a field that isn't nillable as zero.",
				Advice: "Deploy code that reads NULL before anything writes it.",
			})
		}
	}
	return found
}

func renamedColumn(s scene) (found []Finding) {
	for p := range s.tables() {
		for was, is := range p.altered() {
			if was.Name == is.Name {
				continue
			}
			found = append(found, Finding{
				Severity: Error, Table: p.after.Name,
				Title:  fmt.Sprintf("code that knows %s of %s breaks: it is %s now", was.Name, p.after.Name, is.Name),
				Reason: "During a deployment old and new code run side by side, and no order suits both.",
				Advice: fmt.Sprintf("Keep the name, in Ent with StorageKey(%q), or add a column, write both, and drop the old one later.", was.Name),
			})
		}
	}
	return found
}
