package sqlgraph

import (
	"context"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	ent "entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/entql"
	"entgo.io/ent/schema/field"
)

// This file is Ent's API, unchanged.

// The types of Ent's package.
type (
	// Rel is a relation type of an edge.
	Rel = ent.Rel
	// ConstraintError is an error of a constraint that Ent itself has found.
	ConstraintError = ent.ConstraintError
	// NotFoundError says that an update found no row.
	NotFoundError = ent.NotFoundError
	// Step is a step of a path between tables.
	Step = ent.Step
	// StepOption configures a Step.
	StepOption = ent.StepOption
	// NeighborsLimit limits the neighbors of each row.
	NeighborsLimit = ent.NeighborsLimit
	// FieldSpec is a column and its value.
	FieldSpec = ent.FieldSpec
	// EdgeTarget is the rows at an edge's other end.
	EdgeTarget = ent.EdgeTarget
	// EdgeSpec is an edge and its rows.
	EdgeSpec = ent.EdgeSpec
	// EdgeSpecs is a list of edges.
	EdgeSpecs = ent.EdgeSpecs
	// NodeSpec is a table and its columns.
	NodeSpec = ent.NodeSpec
	// Node is a type in a Schema.
	Node = ent.Node
	// Schema is the graph that package entql filters.
	Schema = ent.Schema
	// CreateSpec is an INSERT.
	CreateSpec = ent.CreateSpec
	// BatchCreateSpec is an INSERT of many rows.
	BatchCreateSpec = ent.BatchCreateSpec
	// EdgeMut is what an update changes of edges.
	EdgeMut = ent.EdgeMut
	// FieldMut is what an update changes of columns.
	FieldMut = ent.FieldMut
	// UpdateSpec is an UPDATE.
	UpdateSpec = ent.UpdateSpec
	// DeleteSpec is a DELETE.
	DeleteSpec = ent.DeleteSpec
	// QuerySpec is a SELECT of rows.
	QuerySpec = ent.QuerySpec
	// EdgeQuerySpec is a SELECT of a join table's rows.
	EdgeQuerySpec = ent.EdgeQuerySpec
)

// The relation types.
const (
	O2O = ent.O2O // one to one, as has one
	O2M = ent.O2M // one to many, as has many
	M2O = ent.M2O // many to one, the inverse of O2M
	M2M = ent.M2M // many to many
)

// FuncSelector is the name of the function that [WrapFunc] calls.
const FuncSelector = ent.FuncSelector

// CountNodes counts rows.
func CountNodes(ctx context.Context, drv dialect.Driver, spec *QuerySpec) (int, error) {
	return ent.CountNodes(ctx, drv, spec)
}

// DeleteNodes deletes rows, and returns how many.
func DeleteNodes(ctx context.Context, drv dialect.Driver, spec *DeleteSpec) (int, error) {
	return ent.DeleteNodes(ctx, drv, spec)
}

// Edge is the edge of a Step.
func Edge(rel Rel, inverse bool, table string, columns ...string) StepOption {
	return ent.Edge(rel, inverse, table, columns...)
}

// From is the source of a Step.
func From(table, column string, v ...any) StepOption {
	return ent.From(table, column, v...)
}

// HasNeighbors filters by whether an edge leads anywhere.
func HasNeighbors(q *sql.Selector, s *Step) {
	ent.HasNeighbors(q, s)
}

// HasNeighborsWith filters by where an edge leads.
func HasNeighborsWith(q *sql.Selector, s *Step, pred func(*sql.Selector)) {
	ent.HasNeighborsWith(q, s, pred)
}

// IsCheckConstraintError reports whether a check was violated.
func IsCheckConstraintError(err error) bool {
	return ent.IsCheckConstraintError(err)
}

// IsConstraintError reports whether a constraint was violated.
func IsConstraintError(err error) bool {
	return ent.IsConstraintError(err)
}

// IsForeignKeyConstraintError reports whether a foreign key was violated.
func IsForeignKeyConstraintError(err error) bool {
	return ent.IsForeignKeyConstraintError(err)
}

// IsUniqueConstraintError reports whether a unique rule was violated.
func IsUniqueConstraintError(err error) bool {
	return ent.IsUniqueConstraintError(err)
}

// LimitNeighbors limits the rows of an edge for each row that it comes from.
func LimitNeighbors(partitionBy string, limit int, orderBy ...sql.Querier) func(*sql.Selector) {
	return ent.LimitNeighbors(partitionBy, limit, orderBy...)
}

// Neighbors selects the rows to which a row's edge leads.
func Neighbors(dialect string, s *Step) *sql.Selector {
	return ent.Neighbors(dialect, s)
}

// NewCreateSpec returns an INSERT without values.
func NewCreateSpec(table string, id *FieldSpec) *CreateSpec {
	all := &struct {
		spec CreateSpec
		room [8]*FieldSpec // enough for most
	}{spec: CreateSpec{Table: table, ID: id}}
	all.spec.Fields = all.room[:0]
	return &all.spec
}

// NewDeleteSpec returns a DELETE of all rows.
func NewDeleteSpec(table string, id *FieldSpec) *DeleteSpec {
	return ent.NewDeleteSpec(table, id)
}

// NewFieldSpec returns a column without a value.
func NewFieldSpec(column string, typ field.Type) *FieldSpec {
	return ent.NewFieldSpec(column, typ)
}

// NewQuerySpec returns a SELECT of all rows.
func NewQuerySpec(table string, columns []string, id *FieldSpec) *QuerySpec {
	return ent.NewQuerySpec(table, columns, id)
}

// NewStep returns a step.
func NewStep(opts ...StepOption) *Step {
	return ent.NewStep(opts...)
}

// NewUpdateSpec returns an UPDATE without changes.
func NewUpdateSpec(table string, columns []string, id ...*FieldSpec) *UpdateSpec {
	all := &struct {
		spec UpdateSpec
		node NodeSpec
		room [6]*FieldSpec // enough for most
	}{node: NodeSpec{Table: table, Columns: columns}}
	all.spec.Node, all.spec.Fields.Set, all.spec.Fields.Add = &all.node, all.room[:0:4], all.room[4:4]
	if len(id) == 1 {
		all.node.ID = id[0]
	} else if len(id) > 1 {
		all.node.CompositeID = id
	}
	return &all.spec
}

// OrderByNeighborTerms orders by columns of the rows to which an edge leads.
func OrderByNeighborTerms(q *sql.Selector, s *Step, opts ...sql.OrderTerm) {
	ent.OrderByNeighborTerms(q, s, opts...)
}

// OrderByNeighborsCount orders by the number of rows to which an edge leads.
func OrderByNeighborsCount(q *sql.Selector, s *Step, opts ...sql.OrderTermOption) {
	ent.OrderByNeighborsCount(q, s, opts...)
}

// QueryEdges selects rows of a join table.
func QueryEdges(ctx context.Context, drv dialect.Driver, spec *EdgeQuerySpec) error {
	return ent.QueryEdges(ctx, drv, spec)
}

// SetNeighbors selects the rows to which the edges of many rows lead.
func SetNeighbors(dialect string, s *Step) *sql.Selector {
	return ent.SetNeighbors(dialect, s)
}

// To is the destination of a Step.
func To(table, column string) StepOption {
	return ent.To(table, column)
}

// WrapFunc makes a filter of package entql from a predicate.
func WrapFunc(s func(*sql.Selector)) *entql.CallExpr {
	return ent.WrapFunc(s)
}
