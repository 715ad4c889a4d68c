package hazard

// Rule is one kind of finding. Its file is named after its code, its cases are in the
// test beside it, and its page is in docs/codes.
type Rule struct {
	// Code is Atlas's where it has one, otherwise one of ours, which begin with CM.
	Code string
	// Slug is a name for people and programs.
	Slug string
	// Title says what happens, in general.
	Title string
	// Manual is the page of PostgreSQL's manual.
	Manual string
	// Timed marks a rule whose findings are about how long something takes: they are
	// milder on a small table. The others are about what is lost, fails or no longer
	// fits, which a small table doesn't help.
	Timed bool
	// Rows marks a rule whose findings need rows in the table, as those of a timed one
	// do.
	Rows bool
	// check finds it in a statement. [Find] fills in what it leaves empty of a finding:
	// the code, the place, the page, the lock that the statement took on the finding's
	// table, and that it was measured.
	check func(subject) []Finding
}

// Page is the rule's page, seen from the project's root.
func (r Rule) Page() string { return "docs/codes/" + r.Code + ".md" }

const manual = "https://www.postgresql.org/docs/current/"

// The pages of the manual that rules share.
const (
	alterTable  = manual + "sql-altertable.html"
	createIndex = manual + "sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
	locking     = manual + "explicit-locking.html#LOCKING-TABLES"
	partitions  = manual + "ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE"
)

var rules = []Rule{
	bc101, bc102, cd101, ds101, ds102, ds103, mf101, mf103, mf104, // what fails, breaks or is lost
	pg101, pg102, pg103, pg104, pg105, // indexes
	pg301, pg302, pg303, pg304, pg305, pg306, // rewrites and scans
	cm101, cm102, cm103, cm104, cm105, cm106, cm107, // indexes
	cm121, cm122, cm123, cm124, cm125, cm126, cm127, cm128, cm129, cm130, // columns
	cm131, cm132, // enums
	cm133,                                    // numbers
	cm141, cm142, cm143, cm144, cm145, cm146, // constraints
	cm151,                                                                // views
	cm160, cm161, cm162, cm163, cm164, cm165, cm166, cm167, cm168, cm169, // tables and what belongs to them
	cm170, cm171, cm172, cm173, cm181, cm182, cm183, // transactions and rows
	cm191, cm192, cm193, cm194, cm195, cm196, cm197, cm198, // types and names
	cm201, cm202, // sessions
	cm211, cm212, // privileges
	cm221, cm222, cm223, cm224, cm225, cm226, cm227, cm228, // tenants
}

// Rules returns all rules: those with Atlas's codes first, then ours.
func Rules() []Rule { return append([]Rule{}, rules...) }
