package plan

import (
	"context"
	"database/sql"
	"fmt"
	"hash/crc32"
	"unicode"
	"unicode/utf8"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
)

// words are the entities' tables as Ent has them made, by their names. Atlas
// writes their SQL, so that plans read like those of its CLI.
type words map[string]*atlas.Table

// wordsOf lets Ent say what the tables are in Atlas's terms. The database is only
// asked for its version.
func wordsOf(ctx context.Context, db *sql.DB, tables []*schema.Table) (words, error) {
	tables, err := copied(tables)
	if err != nil {
		return nil, err
	}
	w := words{}
	// Ent prepares tables, with names that are short enough, on the way to
	// creating them alone; the hook takes them from there.
	var m *schema.Atlas
	take := func(schema.Creator) schema.Creator {
		return schema.CreateFunc(func(ctx context.Context, tables ...*schema.Table) error {
			realm, err := m.StateReader(tables...).ReadState(ctx)
			if err != nil {
				return err
			}
			for _, s := range realm.Schemas {
				for _, t := range s.Tables {
					w[t.Name] = t
				}
			}
			return nil
		})
	}
	if m, err = schema.NewMigrate(entsql.OpenDB(dialect.Postgres, db), schema.WithHooks(take)); err != nil {
		return nil, fmt.Errorf("prepare entities: %w", err)
	}
	if err := m.Create(ctx, tables...); err != nil {
		return nil, fmt.Errorf("read entities: %w", err)
	}
	return w, nil
}

// checkNames returns an error for a name that PostgreSQL would cut.
func checkNames(tables []*schema.Table) error {
	for _, t := range tables {
		if len(t.Name) > nameLimit {
			return fmt.Errorf("PostgreSQL keeps %d bytes of a name: give table %q a shorter one, by entsql.Table or edge.Table", nameLimit, t.Name)
		}
		for _, c := range t.Columns {
			if len(c.Name) > nameLimit {
				return fmt.Errorf("PostgreSQL keeps %d bytes of a name: give column %q of %q a shorter one, by StorageKey", nameLimit, c.Name, t.Name)
			}
		}
	}
	return nil
}

// copied are tables that Ent may mark: the generated ones are everybody's. Views
// are declared as objects, because Atlas's library makes none.
func copied(tables []*schema.Table) ([]*schema.Table, error) {
	var made []*schema.Table
	for _, t := range tables {
		if !t.View {
			made = append(made, t)
		}
	}
	copies, err := schema.CopyTables(made)
	if err != nil {
		return nil, fmt.Errorf("copy entities: %w", err)
	}
	for i, t := range made {
		copies[i].Comment = t.Comment
	}
	return copies, nil
}

// create writes the statements that make tables, in an order that works.
func (w words) create(ctx context.Context, names []string) ([]Step, error) {
	changes := make([]atlas.Change, 0, len(names))
	for _, name := range names {
		changes = append(changes, &atlas.AddTable{T: w[name]})
	}
	return written(ctx, changes, "  ")
}

// alter writes changes of one table.
func (w words) alter(ctx context.Context, table string, changes ...atlas.Change) ([]Step, error) {
	return written(ctx, []atlas.Change{&atlas.ModifyTable{T: w[table], Changes: changes}}, "")
}

func written(ctx context.Context, changes []atlas.Change, indent string) ([]Step, error) {
	p, err := postgres.DefaultPlan.PlanChanges(ctx, "", changes, func(o *migrate.PlanOptions) {
		o.Indent = indent
		o.SchemaQualifier = new(string) // names have no schema
	})
	if err != nil {
		return nil, fmt.Errorf("write SQL: %w", err)
	}
	steps := make([]Step, 0, len(p.Changes))
	for _, c := range p.Changes {
		steps = append(steps, Step{SQL: c.Cmd, Comment: capital(c.Comment)})
	}
	return steps, nil
}

func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

func (w words) column(table, name string) (*atlas.Column, bool) {
	t, ok := w[table]
	if !ok {
		return nil, false
	}
	return t.Column(name)
}

func (w words) index(table, name string) (*atlas.Index, bool) {
	t, ok := w[table]
	if !ok {
		return nil, false
	}
	return t.Index(name)
}

func (w words) foreignKey(table, name string) (*atlas.ForeignKey, bool) {
	t, ok := w[table]
	if !ok {
		return nil, false
	}
	return t.ForeignKey(name)
}

func (w words) check(table, name string) (*atlas.Check, bool) {
	t, ok := w[table]
	if !ok {
		return nil, false
	}
	for _, a := range t.Attrs {
		if c, ok := a.(*atlas.Check); ok && c.Name == name {
			return c, true
		}
	}
	return nil, false
}

// nameLimit is what PostgreSQL keeps of a name, in bytes.
const nameLimit = 63

// named is a name with an ending. One that is too long is cut, and a hash in it
// tells it from others that begin alike.
func named(name, ending string) string {
	if len(name)+len(ending) > nameLimit {
		ending = fmt.Sprintf("_%08x%s", crc32.ChecksumIEEE([]byte(name)), ending)
	}
	for len(name)+len(ending) > nameLimit {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name + ending
}
