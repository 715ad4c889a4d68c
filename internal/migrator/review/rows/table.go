package rows

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// table is a table with what its values must be.
type table struct {
	catalog.Table
	types       map[string]valueType // by column
	filled      bool
	partitioned bool
	parent      string // the partitioned table of a partition
	key         string // how it, or its parent, is partitioned: "PARTITION BY RANGE (day)"
}

// valueType is the type of a column: for a domain, the type that it is based on.
type valueType struct {
	name     string // without a length
	category string // pg_type.typcategory, such as N for numbers
	length   int    // of characters or bits; 0 without a limit
	labels   []string
	domain   string
	checks   string // the domain's
}

// typesQuery follows domains of domains to their base.
const typesQuery = `WITH RECURSIVE base AS (
		SELECT c.relname, a.attname, a.atttypid AS typid, a.atttypmod AS typmod, ''::text COLLATE "C" AS domain, ''::text AS checks
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
		AND c.relname = ANY ($1)
		UNION ALL
		SELECT b.relname, b.attname, t.typbasetype, t.typtypmod, CASE b.domain WHEN '' THEN t.typname::text ELSE b.domain END, b.checks || coalesce(
			(SELECT string_agg(pg_get_constraintdef(n.oid), ' ') FROM pg_constraint n WHERE n.contypid = t.oid AND n.contype = 'c'), '')
		FROM base b JOIN pg_type t ON t.oid = b.typid WHERE t.typtype = 'd'
	)
	SELECT b.relname, b.attname, t.typname, t.typcategory::text, CASE WHEN t.typname IN ('varchar', 'bpchar') THEN greatest(b.typmod - 4, 0)
			WHEN t.typname IN ('bit', 'varbit') THEN greatest(b.typmod, 1) ELSE 0 END,
		coalesce((SELECT string_agg(e.enumlabel, chr(1) ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), ''), b.domain, b.checks
	FROM base b JOIN pg_type t ON t.oid = b.typid WHERE t.typtype <> 'd'`

func newTables(schema catalog.Schema) []*table {
	var all []*table
	for _, t := range schema.Tables {
		all = append(all, newTable(schema, t))
	}
	return all
}

func newTable(schema catalog.Schema, t catalog.Table) *table {
	n := &table{Table: t, types: map[string]valueType{}, partitioned: strings.Contains(t.Options, "PARTITION BY ")}
	n.key = t.Options
	if rest, ok := strings.CutPrefix(t.Options, "PARTITION OF "); ok {
		n.parent, _, _ = strings.Cut(rest, " ")
		n.parent = sqltoken.Unquote(n.parent)
		parent, _ := schema.Table(n.parent)
		n.key = parent.Options
	}
	return n
}

func readTypes(ctx context.Context, db *sql.DB, all []*table) error {
	types := map[string]map[string]valueType{}
	var names []string
	for _, t := range all {
		types[t.Name] = t.types
		names = append(names, t.Name)
	}
	rows, err := db.QueryContext(ctx, typesQuery, names)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // its errors are those of Err
	for rows.Next() {
		var name, column, labels string
		var t valueType
		if err := rows.Scan(&name, &column, &t.name, &t.category, &t.length, &labels, &t.domain, &t.checks); err != nil {
			return err
		}
		if labels != "" {
			t.labels = strings.Split(labels, "\x01")
		}
		types[name][column] = t
	}
	return rows.Err()
}

// needed are the tables that get rows when those of these names do; all if names is nil.
func needed(all []*table, names []string) map[string]bool {
	byName, partitions := map[string]*table{}, map[string][]string{}
	for _, t := range all {
		byName[t.Name] = t
		partitions[t.parent] = append(partitions[t.parent], t.Name)
	}
	if names == nil {
		names = slices.Collect(maps.Keys(byName))
	}
	wanted, named := map[string]bool{}, map[string]bool{}
	var add func(name string, byItsName bool)
	add = func(name string, byItsName bool) {
		t := byName[name]
		if t == nil || wanted[name] && (named[name] || !byItsName) {
			return
		}
		wanted[name], named[name] = true, byItsName
		for _, partition := range partitions[name] {
			add(partition, byItsName)
		}
		for _, key := range t.foreignKeys() {
			if byItsName || t.requires(key.Columns) {
				add(key.References, false)
			}
		}
	}
	for _, name := range names {
		add(name, true)
	}
	return wanted
}

func (t *table) foreignKeys() []catalog.Constraint {
	return slices.DeleteFunc(slices.Clone(t.Constraints), func(c catalog.Constraint) bool { return c.Type != catalog.ForeignKey })
}

// requires reports whether none of the columns can be NULL.
func (t *table) requires(columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool {
		c, _ := t.Column(name)
		return !c.NotNull
	})
}
