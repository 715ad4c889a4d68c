package rest

import (
	"slices"
	"strings"

	"commitment/internal/fault"
	"commitment/internal/schemakit"
)

// Constraint is one of the database's, with the members that it is about.
type Constraint struct {
	Kind    ConstraintKind
	Members []string
}

// ConstraintKind says what a constraint forbids.
type ConstraintKind uint8

// The kinds of constraints.
const (
	CheckConstraint      ConstraintKind = iota
	UniqueConstraint                    // what another entity has already
	ForeignKeyConstraint                // a reference to what isn't there
)

var (
	// ErrExists says that a unique constraint is broken.
	ErrExists = fault.New(fault.Conflict, "already-exists", "this conflicts with something that exists")
	// ErrUnknownReference says that a foreign key refers to nothing.
	ErrUnknownReference = fault.New(fault.Invalid, "unknown-reference", "this refers to something that doesn't exist")
)

// Explain says which members break the constraint that e names, when they are written: who
// deletes what others refer to doesn't ask.
func (t *Table) Explain(e *fault.Error) *fault.Error {
	c, ok := t.Constraints[e.Constraint]
	if !ok {
		return e
	}
	explained := *e
	explained.Fields = nil
	switch c.Kind {
	case UniqueConstraint:
		explained.Message = schemakit.WithArticle(t.Singular) + " with this " + strings.Join(c.Members, " and ") + " exists"
	case ForeignKeyConstraint:
		explained = *ErrUnknownReference.With(e)
	case CheckConstraint:
	}
	explained.Constraint = ""
	for _, name := range c.Members {
		explained.Fields = append(explained.Fields, fault.Field{Pointer: "/" + name, Message: explained.Message})
	}
	return &explained
}

// Violations are the errors of constraints that writing can have, apart from those that
// own says something better of: an error at the same member.
func (t *Table) Violations(own []*fault.Error) []*fault.Error {
	has := map[ConstraintKind]bool{}
	for _, c := range t.Constraints {
		has[c.Kind] = has[c.Kind] || !slices.ContainsFunc(own, c.isExplainedBy)
	}
	var all []*fault.Error
	if has[UniqueConstraint] {
		all = append(all, ErrExists)
	}
	if has[ForeignKeyConstraint] {
		all = append(all, ErrUnknownReference)
	}
	return all
}

func (c Constraint) isExplainedBy(e *fault.Error) bool {
	return slices.ContainsFunc(e.Fields, func(f fault.Field) bool {
		return slices.Contains(c.Members, strings.TrimPrefix(f.Pointer, "/"))
	})
}
