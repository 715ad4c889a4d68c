package hazard

import (
	"fmt"
	"slices"

	"commitment/internal/migration/catalog"
)

var tableRules = []Rule{
	{
		Code: "DS101", Slug: "drop-schema", Docs: manual + "sql-dropschema.html",
		Title: "a schema is dropped",
		check: droppedSchema,
	},
	{
		Code: "DS102", Slug: "drop-table", Docs: manual + "sql-droptable.html",
		Title: "a table is dropped",
		check: droppedTable,
	},
	{
		Code: "CM161", Slug: "drop-reference", Docs: manual + "sql-droptable.html",
		Title: "dropping a table locks the tables that it refers to",
		check: droppedReference,
	},
	{
		Code: "BC101", Slug: "rename-table", Docs: alterTable,
		Title: "a table is renamed",
		check: either(renamedTable, movedTable),
	},
	{
		Code: "CM162", Slug: "new-reference", Docs: locking,
		Title: "a new table's foreign key locks the table that it points to",
		check: newReference,
	},
	{
		Code: "CM163", Slug: "rewrite-table", Docs: manual + "sql-cluster.html", Timed: true,
		Title: "a table is written anew while nobody may use it",
		check: writtenAnew,
	},
	{
		Code: "CM164", Slug: "truncate", Docs: manual + "sql-truncate.html",
		Title: "a table is emptied",
		check: emptied,
	},
}

func droppedSchema(s scene) []Finding {
	if s.Err != nil || !s.text.begins("DROP", "SCHEMA") {
		return nil
	}
	name, _ := s.text.name(s.text.skip(2, "IF", "EXISTS"))
	return []Finding{{
		Severity: Error, Evidence: Inferred,
		Title:  fmt.Sprintf("everything in the schema %s is lost", name),
		Reason: "What was in it comes back from a backup alone.",
		Advice: "Drop it in a release after the one whose code doesn't know it any more.",
	}}
}

func droppedTable(s scene) (found []Finding) {
	if s.text.outside("SET", "SCHEMA") >= 0 {
		return nil
	}
	for _, t := range s.dropped() {
		found = append(found, Finding{
			Severity: Error, Table: t.Name,
			Title:  fmt.Sprintf("%s and its rows are lost", t.Name),
			Reason: "Code that still uses the table breaks at once, and its rows come back from a backup alone.",
			Advice: "Deploy code that doesn't know the table, and drop it in a later release.",
		})
	}
	return found
}

// droppedReference is a table that stays and is locked because one that refers to
// it goes.
func droppedReference(s scene) (found []Finding) {
	if !s.text.begins("DROP", "TABLE") {
		return nil
	}
	for p := range s.tables() {
		if l, locked := s.lock(p.before.Name); !locked || !l.BlocksReads() {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: p.before.Name,
			Title:  fmt.Sprintf("%s can't be read or written for the instant in which its foreign keys go", p.before.Name),
			Reason: "The lock is taken together with those on all the other tables, so each waits for the slowest.",
			Advice: "Drop the foreign keys first, each in a file of its own.",
			Fix:    s.safe,
		})
	}
	return found
}

func renamedTable(s scene) (found []Finding) {
	for p := range s.tables() {
		if p.before.Name == p.after.Name {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.before.Name,
			Title:  fmt.Sprintf("code that knows %s breaks: it is %s now", p.before.Name, p.after.Name),
			Reason: "During a deployment old and new code run side by side, and no order suits both.",
			Advice: fmt.Sprintf("Keep the name, in Ent with the annotation entsql.Table(%q), or leave a view under the old one.", p.before.Name),
		})
	}
	return found
}

// movedTable is a table that is in another schema from now on.
func movedTable(s scene) (found []Finding) {
	i := s.text.outside("SET", "SCHEMA")
	if i < 0 {
		return nil
	}
	schema, _ := s.text.name(i + 2)
	for _, t := range s.dropped() {
		found = append(found, Finding{
			Severity: Error, Table: t.Name,
			Title:  fmt.Sprintf("code that knows %s breaks: it is %s.%s now", t.Name, schema, t.Name),
			Reason: "During a deployment old and new code run side by side, and no order suits both.",
			Advice: "Keep the schema, or leave a view under the old name.",
		})
	}
	return found
}

// newReference is a table in use to which a new one has a foreign key.
func newReference(s scene) (found []Finding) {
	var seen []string
	for _, t := range s.created() {
		for _, c := range t.Constraints {
			l, locked := s.lock(c.References)
			if c.Type != catalog.ForeignKey || !s.oldName(c.References) || !locked || !l.BlocksWrites() || slices.Contains(seen, c.References) {
				continue
			}
			seen = append(seen, c.References)
			found = append(found, Finding{
				Severity: Note, Table: c.References,
				Title:  fmt.Sprintf("%s can't be written for the instant in which %s is made", c.References, t.Name),
				Reason: fmt.Sprintf("The foreign key of %s needs a trigger on it, whose lock waits for the transactions that write.", t.Name),
				Advice: "Keep it away from what takes long: a file of its own.",
			})
		}
	}
	return found
}

// writtenAnew is a table with new storage for no other reason than to have it.
func writtenAnew(s scene) (found []Finding) {
	if s.text.begins("TRUNCATE") {
		return nil
	}
	for p := range s.tables() {
		if !s.rewritten(p.after.Name) || s.explained(p) {
			continue
		}
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("%s can't be read or written while it is written anew", p.after.Name),
			Reason: "The table and its indexes are copied under the strongest lock, which needs their size on disk once more.",
			Advice: "Do it when nobody uses the table, or with pg_repack, which copies beside the work.",
		})
	}
	return found
}

// explained reports whether a column is why a table was rewritten.
func (s scene) explained(p pair) bool {
	for _, c := range p.added() {
		if code, _ := filling(c); code != "" {
			return true
		}
	}
	return retyped(p.before, p.after)
}

func emptied(s scene) (found []Finding) {
	if s.Err != nil || !s.text.begins("TRUNCATE") {
		return nil
	}
	for _, l := range s.stops(s.Locks) {
		found = append(found, Finding{
			Severity: Error, Table: l.Relation,
			Title:  fmt.Sprintf("all rows of %s are lost", l.Relation),
			Reason: "They come back from a backup alone. TRUNCATE waits for everyone on the table, and later ones wait behind it.",
			Advice: "DELETE a few thousand rows at a time what nobody needs.",
		})
	}
	return found
}
