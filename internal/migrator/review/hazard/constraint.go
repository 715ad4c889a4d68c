package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
)

var constraintRules = []Rule{
	{
		Code: "PG306", Slug: "foreign-key-scan", Docs: alterTable, Timed: true,
		Title: "a foreign key scans both tables while nobody may write them",
		check: foreignKey,
	},
	{
		Code: "CM124", Slug: "foreign-key-lock", Docs: alterTable,
		Title: "a new column's foreign key locks the table it points to",
		check: foreignKey,
	},
	{
		Code: "PG305", Slug: "check-scan", Docs: alterTable, Timed: true,
		Title: "a CHECK scans the table while nobody may use it",
		check: check,
	},
	{
		Code: "CM123", Slug: "new-column-check", Docs: alterTable, Timed: true,
		Title: "a new column's CHECK scans the table while nobody may use it",
		check: check,
	},
	{
		Code: "PG105", Slug: "unique-constraint-build", Docs: alterTable, Timed: true,
		Title: "a unique constraint's index is built while nobody may use the table",
		check: unique,
	},
	{
		Code: "PG104", Slug: "primary-key-build", Docs: alterTable, Timed: true,
		Title: "a primary key's index is built while nobody may use the table",
		check: primaryKey,
	},
	{
		Code: "PG304", Slug: "nullable-primary-key", Docs: alterTable,
		Title: "a primary key is added on columns that may be NULL",
		check: primaryKey,
	},
	{
		Code: "CM142", Slug: "exclude-build", Docs: alterTable, Timed: true,
		Title: "an EXCLUDE constraint is built while nobody may use the table",
		check: exclusion,
	},
	{
		Code: "CD101", Slug: "drop-foreign-key", Docs: alterTable,
		Title: "a foreign key is dropped",
		check: droppedForeignKey,
	},
	{
		Code: "CM141", Slug: "validate-under-lock", Docs: alterTable, Timed: true,
		Title: "a constraint is validated under a lock that stops others",
		check: validation,
	},
	{
		Code: "CM143", Slug: "unindexed-foreign-key", Docs: manual + "ddl-constraints.html#DDL-CONSTRAINTS-FK",
		Title: "a foreign key has no index",
		check: unindexedKey,
	},
	{
		Code: "CM144", Slug: "domain-scan", Docs: manual + "sql-alterdomain.html", Timed: true,
		Title: "a domain's new condition scans every table that uses it",
		check: domain,
	},
}

// news are the constraints that the statement adds to an old table, which it names.
// Partitions that get the same are left out.
func (s scene) news(contype string) (p pair, found []catalog.Constraint) {
	name, _ := s.text.table()
	for p := range s.tables() {
		if p.before.Name != name {
			continue
		}
		all := slices.DeleteFunc(p.constraints(), func(c catalog.Constraint) bool { return c.Type != contype })
		return p, all
	}
	return pair{}, nil
}

func foreignKey(s scene) (found []Finding) {
	p, added := s.news(catalog.ForeignKey)
	for _, c := range added {
		table := p.after.Name
		switch {
		case c.Valid && (s.through(p.after) || s.scanned(c.References)):
			f := Finding{
				Code: "PG306", Severity: Warning, Table: table,
				Title:  fmt.Sprintf("%s and %s can't be written while %s is checked", table, c.References, c.Name),
				Reason: "Every row is looked up in the other table, under a lock on both. A row that points nowhere makes it fail at the end.",
				Advice: "Add it NOT VALID, which is an instant, and VALIDATE it in a later file.",
				Fix:    s.safe,
			}
			if partitioned(p.after) {
				f.Advice = "Add it NOT VALID to each partition and VALIDATE it there, then add it to the table, which takes those as its own."
			}
			found = append(found, f)
		case c.Valid && p.fresh(c.Columns):
			found = append(found, Finding{
				Code: "CM124", Severity: Note, Table: c.References,
				Title:  fmt.Sprintf("%s can't be written for the instant in which %s is added", c.References, c.Name),
				Reason: "No row is looked at, but the lock waits for the transactions that write, and later ones wait behind it.",
				Advice: "Keep it away from what takes long: a file of its own.",
			})
		}
	}
	return found
}

func check(s scene) (found []Finding) {
	p, added := s.news(catalog.Check)
	for _, c := range added {
		if !c.Valid || !s.through(p.after) {
			continue
		}
		f := Finding{
			Code: "PG305", Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("%s can't be read or written while every row is held against %s", p.after.Name, c.Name),
			Reason: "The whole table is read under the strongest lock, and one row that breaks the condition makes it fail.",
			Advice: "Add it NOT VALID, which is an instant, and VALIDATE it in a later file.",
			Fix:    s.safe,
		}
		if p.fresh(c.Columns) {
			f.Code = "CM123"
		}
		found = append(found, f)
	}
	return found
}

// builds reports whether a constraint came with an index that wasn't there.
func (p pair) builds(c catalog.Constraint) bool {
	return slices.ContainsFunc(p.indexes(), func(i catalog.Index) bool { return i.Constraint == c.Name })
}

func unique(s scene) (found []Finding) {
	p, added := s.news(catalog.Unique)
	for _, c := range added {
		if !p.builds(c) {
			continue
		}
		if !p.fresh(c.Columns) || p.constant(c.Columns) {
			found = append(found, duplicates(p.after.Name, c.Columns, false, s.safe))
		}
		found = append(found, Finding{
			Code: "PG105", Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("%s can't be read or written while the index of %s is built", p.after.Name, c.Name),
			Reason: "Building reads the whole table under the strongest lock.",
			Advice: "Build a unique index CONCURRENTLY, then add the constraint USING INDEX, which is an instant.",
			Fix:    s.safe,
		})
	}
	return found
}

// constant reports whether every row gets the same for all of the columns.
func (p pair) constant(columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool {
		c, _ := p.after.Column(name)
		code, _ := filling(c)
		return c.Default == "" || code != ""
	})
}

func primaryKey(s scene) (found []Finding) {
	p, added := s.news(catalog.PrimaryKey)
	for _, c := range added {
		if p.builds(c) {
			found = append(found, Finding{
				Code: "PG104", Severity: Error, Table: p.after.Name,
				Title:  fmt.Sprintf("%s can't be read or written while the index of its primary key is built", p.after.Name),
				Reason: "Building reads the whole table under the strongest lock. A row that is there twice makes it fail at the end.",
				Advice: "Build a unique index CONCURRENTLY, then add the primary key USING INDEX, which is an instant.",
				Fix:    s.safe,
			})
		}
		if empty := p.optional(c.Columns); len(empty) > 0 && s.scanned(p.after.Name) {
			found = append(found, Finding{
				Code: "PG304", Severity: Error, Table: p.after.Name,
				Title:  fmt.Sprintf("%s is read from end to end because %s may be NULL so far, and one NULL makes it fail", p.after.Name, strings.Join(empty, ", ")),
				Reason: "A primary key makes its columns NOT NULL, which is checked row by row under the strongest lock, even USING an index.",
				Advice: "Make them NOT NULL first, by a CHECK that is validated.",
				Fix:    s.safe,
			})
		}
	}
	return found
}

// optional are the columns that could be NULL before the statement.
func (p pair) optional(columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(name string) bool {
		c, was := p.before.Column(name)
		return !was || c.NotNull
	})
}

func exclusion(s scene) (found []Finding) {
	p, added := s.news(catalog.Exclusion)
	for _, c := range added {
		found = append(found, Finding{
			Severity: Error, Table: p.after.Name,
			Title:  fmt.Sprintf("%s can't be read or written while the index of %s is built", p.after.Name, c.Name),
			Reason: "Building reads the whole table twice under the strongest lock, and PostgreSQL has no other way.",
			Advice: "Do it when nobody uses the table, or on a new table into which the rows are copied.",
		})
	}
	return found
}

func droppedForeignKey(s scene) (found []Finding) {
	for p := range s.tables() {
		for _, c := range newConstraints(p.after, p.before) {
			if c.Type != catalog.ForeignKey {
				continue
			}
			found = append(found, Finding{
				Severity: Warning, Table: p.before.Name,
				Title:  fmt.Sprintf("nothing keeps %s from pointing to rows that %s doesn't have any more", p.before.Name, c.References),
				Reason: fmt.Sprintf("Dropping %s is an instant that waits for everyone on both tables, and later ones wait behind it.", c.Name),
				Advice: "Have it in a file of its own, and the code not rely on it any more.",
			})
		}
	}
	return found
}

func validation(s scene) []Finding {
	if !s.validates() {
		return nil
	}
	locks := s.stops(s.Held)
	if len(locks) == 0 {
		return nil
	}
	l := locks[0]
	f := Finding{
		Severity: Warning, Table: l.Relation, Lock: l.Mode + " on " + l.Relation,
		Title:  fmt.Sprintf("%s can't be %s while the constraint is validated", l.Relation, stopped(l.BlocksReads())),
		Reason: "VALIDATE itself stops nobody, but a statement before it in the transaction took a lock that is kept until the end.",
		Advice: "Validate in a later file.",
		Fix:    s.again(plan.Step{Apart: true}),
	}
	if l.BlocksReads() {
		f.Severity = Error
	}
	return []Finding{f}
}

// validates reports whether the statement scans for VALIDATE CONSTRAINT.
func (s scene) validates() bool {
	return s.text.begins("ALTER", "TABLE") && s.text.has("VALIDATE", "CONSTRAINT") && len(s.Scans) > 0
}

func stopped(reads bool) string {
	if reads {
		return "read or written"
	}
	return "written"
}

// unindexedKey looks for an index that begins with the columns of a foreign key,
// in what the file leaves.
func unindexedKey(s scene) (found []Finding) {
	for _, after := range s.After.Tables {
		before, _ := byOID(s.Before, after.OID)
		final, stays := byOID(s.last(), after.OID)
		for _, c := range newConstraints(before, after) {
			if c.Type != catalog.ForeignKey || !stays || strings.HasPrefix(after.Options, "PARTITION OF ") || covered(final, c.Columns) {
				continue
			}
			list := strings.Join(c.Columns, ", ")
			found = append(found, Finding{
				Severity: Note, Table: after.Name,
				Title:  fmt.Sprintf("no index of %s begins with %s", after.Name, list),
				Reason: fmt.Sprintf("Whoever deletes a row of %s, or changes its key, has all of %s read for each.", c.References, after.Name),
				Advice: fmt.Sprintf("CREATE INDEX CONCURRENTLY ON %s (%s); in Ent, index.Edges.", after.Name, list),
			})
		}
	}
	return found
}

func covered(t catalog.Table, columns []string) bool {
	return slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool {
		if i.Partial || len(i.Columns) < len(columns) {
			return false
		}
		first := slices.Sorted(slices.Values(i.Columns[:len(columns)]))
		return slices.Equal(first, slices.Sorted(slices.Values(columns)))
	})
}

func domain(s scene) (found []Finding) {
	if !s.text.begins("ALTER", "DOMAIN") {
		return nil
	}
	for _, table := range s.Scans {
		if l, locked := s.lock(table); !s.oldName(table) || !locked || !l.BlocksWrites() {
			continue
		}
		found = append(found, Finding{
			Severity: Warning, Table: table,
			Title:  fmt.Sprintf("%s can't be written while its rows are held against the domain", table),
			Reason: "Every table with a column of the domain is read from end to end, one after the other, and all stay locked.",
			Advice: "Add the constraint NOT VALID, and VALIDATE it when nobody writes, which takes the same lock. A CHECK on the tables can be validated at any time.",
		})
	}
	return found
}
