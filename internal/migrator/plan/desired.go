package plan

import (
	"context"
	"database/sql"
	"fmt"
	"hash/crc32"
	"slices"
	"unicode"
	"unicode/utf8"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"commitment/internal/schemakit"
)

// desiredTables are the entities' tables as Ent would create them, by name. Atlas
// writes their SQL, so that plans read like those of its CLI.
type desiredTables map[string]*atlas.Table

// readDesired has Ent describe the tables in Atlas's terms. The database is only asked
// for its version.
func readDesired(ctx context.Context, db *sql.DB, e Entities) (desiredTables, error) {
	tables, err := copyTables(e.Tables)
	if err != nil {
		return nil, err
	}
	keepTenants(tables, e.Tenants)
	w := desiredTables{}
	// Ent prepares tables, and shortens names, only on the way to creating them; the
	// hook takes them from there.
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

// checkNames returns an error for a name that PostgreSQL would truncate.
func checkNames(tables []*schema.Table) error {
	for _, t := range tables {
		if len(t.Name) > nameLimit {
			return fmt.Errorf("the name of table %q is longer than PostgreSQL's %d bytes: shorten it with entsql.Table or edge.Table", t.Name, nameLimit)
		}
		for _, c := range t.Columns {
			if len(c.Name) > nameLimit {
				return fmt.Errorf("the name of column %q of table %q is longer than PostgreSQL's %d bytes: shorten it with StorageKey", c.Name, t.Name, nameLimit)
			}
		}
	}
	return nil
}

// copyTables copies tables so that Ent can modify them: the generated ones are shared.
// Views are left out; they are declared as objects, because Atlas's library doesn't
// create them.
func copyTables(tables []*schema.Table) ([]*schema.Table, error) {
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

// keepTenants adds the tenant to the foreign keys between tables of tenants.
func keepTenants(tables []*schema.Table, tenants []string) {
	tenant := map[*schema.Table]*schema.Column{}
	for _, t := range tables {
		if slices.Contains(tenants, t.Name) {
			tenant[t], _ = t.Column(schemakit.TenantColumn)
		}
	}
	for _, t := range tables {
		for _, fk := range t.ForeignKeys {
			if own, other := tenant[t], tenant[fk.RefTable]; own != nil && other != nil {
				fk.Columns = append([]*schema.Column{own}, fk.Columns...)
				fk.RefColumns = append([]*schema.Column{other}, fk.RefColumns...)
			}
		}
	}
}

// create writes the statements that create tables, in an order that works.
func (w desiredTables) create(ctx context.Context, names []string) ([]Step, error) {
	changes := make([]atlas.Change, 0, len(names))
	for _, name := range names {
		changes = append(changes, &atlas.AddTable{T: w[name]})
	}
	return planChanges(ctx, changes, "  ")
}

// alter writes the statements that change a table.
func (w desiredTables) alter(ctx context.Context, table string, changes ...atlas.Change) ([]Step, error) {
	return planChanges(ctx, []atlas.Change{&atlas.ModifyTable{T: w[table], Changes: changes}}, "")
}

func planChanges(ctx context.Context, changes []atlas.Change, indent string) ([]Step, error) {
	p, err := postgres.DefaultPlan.PlanChanges(ctx, "", changes, func(o *migrate.PlanOptions) {
		o.Indent = indent
		o.SchemaQualifier = new(string) // names have no schema
	})
	if err != nil {
		return nil, fmt.Errorf("write SQL: %w", err)
	}
	steps := make([]Step, 0, len(p.Changes))
	for _, c := range p.Changes {
		steps = append(steps, Step{SQL: c.Cmd, Comment: capitalize(c.Comment)})
	}
	return steps, nil
}

func capitalize(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

func (w desiredTables) column(table, name string) (*atlas.Column, bool) {
	t, ok := w[table]
	if !ok {
		return nil, false
	}
	return t.Column(name)
}

func (w desiredTables) index(table, name string) (*atlas.Index, bool) {
	t, ok := w[table]
	if !ok {
		return nil, false
	}
	return t.Index(name)
}

func (w desiredTables) foreignKey(table, name string) (*atlas.ForeignKey, bool) {
	t, ok := w[table]
	if !ok {
		return nil, false
	}
	return t.ForeignKey(name)
}

func (w desiredTables) check(table, name string) (*atlas.Check, bool) {
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

// nameLimit is how many bytes PostgreSQL keeps of a name.
const nameLimit = 63

// suffixed is a name with an ending. A name that is too long is cut, and gets a hash
// that tells it from others that begin alike.
func suffixed(name, ending string) string {
	if len(name)+len(ending) > nameLimit {
		ending = fmt.Sprintf("_%08x%s", crc32.ChecksumIEEE([]byte(name)), ending)
	}
	for len(name)+len(ending) > nameLimit {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name + ending
}
