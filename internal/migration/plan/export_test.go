package plan

import (
	"entgo.io/ent/dialect/sql/schema"

	"commitment/internal/schemakit"
)

// What the tests vary and callers can't: the entities, the clock, and steps.
var (
	DiffEntities  = diff
	CheckEntities = check
	After         = nextVersion
	Isolate       = isolate
)

// Entities are what a test declares.
type Entities = entities

// Declare makes entities.
func Declare(tables []*schema.Table, objects []schemakit.Object, renames []schemakit.Rename) Entities {
	return Entities{tables, objects, renames}
}
