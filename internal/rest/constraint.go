package rest

import (
	"strings"

	"commitment/internal/fault"
)

// Explain says which members break the constraint that e names, when they are written. A
// foreign key is broken by a reference to what isn't there: whoever deletes doesn't ask.
func (t *Table) Explain(e *fault.Error) *fault.Error {
	members := t.Constraints[e.Constraint]
	if len(members) == 0 {
		return e
	}
	explained := *e
	explained.Constraint = ""
	switch e.Code {
	case "already-exists":
		explained.Message = article(t.Singular) + " with this " + strings.Join(members, " and ") + " exists"
	case "still-referenced":
		explained.Kind, explained.Code, explained.Message = fault.Invalid, "unknown-reference", "this refers to something that doesn't exist"
	}
	explained.Fields = nil
	for _, name := range members {
		explained.Fields = append(explained.Fields, fault.Field{Pointer: "/" + name, Message: explained.Message})
	}
	return &explained
}

func article(noun string) string {
	if strings.ContainsAny(noun[:1], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}
