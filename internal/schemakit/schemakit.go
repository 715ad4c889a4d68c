// Package schemakit holds what the schemas in ent/schema share: the mixins for ids, times,
// versions and tenants, and the declaration of objects beside tables. It imports no
// generated code, so that all generated code can be rebuilt from a tree without any.
package schemakit

import (
	"fmt"
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"
)

// ID is the mixin that gives an entity a UUIDv7 as its primary key. The service
// generates it, so it is known before the row is inserted. It grows with time, so new
// rows are close together in the index, and the order of the key is the order of
// creation, to the millisecond across processes.
type ID struct{ mixin.Schema }

// Fields declares the primary key.
func (ID) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Default(NewID).Immutable(),
	}
}

// CreatedAt is the mixin for an entity that never changes.
type CreatedAt struct{ mixin.Schema }

// Fields declares the time of creation.
func (CreatedAt) Fields() []ent.Field {
	return []ent.Field{
		field.Time("created_at").Default(Now).Immutable(),
	}
}

// Times is the mixin for an entity that changes.
type Times struct{ mixin.Schema }

// Fields declares the times of creation and of the last change.
func (Times) Fields() []ent.Field {
	return append(CreatedAt{}.Fields(),
		field.Time("updated_at").Default(Now).UpdateDefault(Now),
	)
}

// Version is the mixin that counts an entity's changes, for its ETag. A trigger counts,
// so that no update can miss it: not one of many rows, nor one of hand-written SQL.
type Version struct{ mixin.Schema }

// Fields declares the version. The service never sets it.
func (Version) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("version").Default(1).Positive().Immutable().Comment("counts the changes; the ETag is made from it"),
	}
}

// Annotations declares the trigger, and the function that all such triggers share.
func (Version) Annotations() []schema.Annotation {
	return []schema.Annotation{Declare(
		Object{Name: "count_change", Up: countChange, Down: `DROP FUNCTION "count_change"();`},
		Object{
			Name: "{{table}}_version",
			Up: `CREATE TRIGGER "{{table}}_version" BEFORE UPDATE ON "{{table}}"
  FOR EACH ROW EXECUTE FUNCTION "count_change"();
`,
			Down: `DROP TRIGGER "{{table}}_version" ON "{{table}}";`,
		},
	)}
}

const countChange = `CREATE FUNCTION "count_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END;
$$;
`

// Varchar is the schema type of a string whose length the database limits, too: n is in
// characters, like the argument of MaxRuneLen, which is checked before the database is
// asked.
func Varchar(n int) map[string]string {
	return map[string]string{dialect.Postgres: fmt.Sprintf("varchar(%d)", n)}
}

// NewID returns a new UUIDv7. The ids of one process are strictly increasing. It panics
// if the system has no randomness, as crypto/rand does.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// Now returns the current time in UTC, truncated to PostgreSQL's microseconds, so that
// an entity that was just created equals the one read back.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
