// Package catalog reads what a schema of a PostgreSQL database consists of from
// PostgreSQL's own catalogs: tables with their columns, constraints and indexes, and
// what neither Ent nor Atlas's open-source engine looks at: views, functions, triggers,
// policies, types, extensions, and whether constraints and indexes are valid. Two
// schemas can be compared object by object. It only reads.
package catalog

// Schema is one schema of a database, without Atlas's table of revisions and the
// objects of extensions.
type Schema struct {
	Name   string
	Tables []Table // by name
	// Others are the objects that belong to no table, by kind and name: views,
	// functions, types, sequences that no column owns, extensions.
	Others []Object
}

// Table is an ordinary or a partitioned table.
type Table struct {
	Name string
	// OID identifies the table for its lifetime, across renames.
	OID         uint32
	Columns     []Column     // by position
	Constraints []Constraint // by name
	Indexes     []Index      // by name, those of constraints included
	// Others are the table's triggers and policies, by kind and name.
	Others []Object
	// Options are the other properties of the table that a plan could lose: row-level
	// security, persistence, partitioning, storage parameters. They are in SQL, and
	// empty for an ordinary table.
	Options string
}

// Column is a column of a table.
type Column struct {
	Name string
	// Position is pg_attribute.attnum. It survives a rename, and a dropped column
	// leaves a gap.
	Position int16
	Type     string // as format_type prints it
	NotNull  bool
	// Default is the expression of a default or a generated column; empty without one.
	Default   string
	Generated bool // GENERATED ALWAYS AS (…) STORED or VIRTUAL
	Virtual   bool // a generated column that isn't STORED
	Identity  bool // GENERATED … AS IDENTITY
	Always    bool // an identity that takes no value from an INSERT
	Collation string
}

// The types of constraints, as pg_constraint.contype has them.
const (
	PrimaryKey = "p"
	Unique     = "u"
	ForeignKey = "f"
	Check      = "c"
	Exclusion  = "x"
	NotNull    = "n" // from PostgreSQL 18 on
)

// Constraint is a constraint of a table.
type Constraint struct {
	Name       string
	OID        uint32
	Type       string
	Definition string // as pg_get_constraintdef prints it
	Valid      bool   // false: NOT VALID
	Columns    []string
	// References is the table that a foreign key references, and RefColumns are its
	// columns there.
	References string
	RefColumns []string
}

// Index is an index of a table.
type Index struct {
	Name       string
	OID        uint32
	Definition string // as pg_get_indexdef prints it, without the schema
	Unique     bool
	Valid      bool     // false: a CONCURRENTLY that failed has left it
	Partial    bool     // it has a WHERE
	Columns    []string // the key's; an expression is in parentheses
	Constraint string   // the constraint that owns it, or empty
}

// Kind is the kind of an object, as SQL calls it.
type Kind string

// The kinds that [Schema.Objects] returns.
const (
	KindTable            Kind = "table"
	KindColumn           Kind = "column"
	KindConstraint       Kind = "constraint"
	KindIndex            Kind = "index"
	KindTrigger          Kind = "trigger"
	KindPolicy           Kind = "policy"
	KindView             Kind = "view"
	KindMaterializedView Kind = "materialized view"
	KindFunction         Kind = "function" // procedures and aggregates, too
	KindType             Kind = "type"     // enum, composite, range
	KindDomain           Kind = "domain"
	KindSequence         Kind = "sequence"
	KindExtension        Kind = "extension"
)

// Object is any part of a schema in a form that can be compared.
type Object struct {
	Kind  Kind
	Table string // what a column, constraint, index, trigger or policy belongs to
	Name  string // a function's with the types of its arguments
	// Definition is PostgreSQL's SQL for the object, without the schema's name, so that
	// it can be compared across schemas. An object that isn't valid says so at the end.
	Definition string
}

// Change is an object that differs between two schemas. Before is empty if only the
// second schema has it, After if only the first does.
type Change struct {
	Kind          Kind
	Table, Name   string
	Before, After string
}
