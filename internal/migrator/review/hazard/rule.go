package hazard

import (
	"cmp"
	"slices"
	"strings"
)

// Rule is one kind of hazard.
type Rule struct {
	// Code is Atlas's where it has one, else one of ours, which begin with CM.
	Code string
	// Slug is a name for people and programs.
	Slug string
	// Title is what the rule is about, without a case.
	Title string
	// Docs is the page of PostgreSQL's manual.
	Docs string
	// Timed says that a finding is about how long something takes, and so is milder
	// where little is to do. The others are about what is lost, fails or no longer
	// fits, which is no better in a small table.
	Timed bool
	// check finds it in a statement. What it leaves empty of a finding is filled in by
	// [Find]: the code, the place, the page, the lock that the statement took on the
	// finding's table, and that it was measured. Rules that share a check give their
	// findings the code; those of the others are left out.
	check func(scene) []Finding
}

const manual = "https://www.postgresql.org/docs/current/"

// The pages of the manual that codes share.
const (
	alterTable  = manual + "sql-altertable.html"
	createIndex = manual + "sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
	locking     = manual + "explicit-locking.html#LOCKING-TABLES"
	partitions  = manual + "ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE"
	timeouts    = manual + "runtime-config-client.html#GUC-LOCK-TIMEOUT"
)

// rules are all there are, by subject.
var rules = slices.Concat(
	indexRules, constraintRules, columnRules, tableRules, partitionRules, objectRules,
	dataRules, transactionRules, typeRules,
)

// Rules returns all rules: those with Atlas's codes first, each kind together, then ours.
func Rules() []Rule {
	return slices.SortedFunc(slices.Values(rules), func(a, b Rule) int {
		return cmp.Or(ours(a)-ours(b), cmp.Compare(a.Code, b.Code))
	})
}

// ours is 1 for a code that Atlas doesn't have.
func ours(r Rule) int {
	if strings.HasPrefix(r.Code, "CM") {
		return 1
	}
	return 0
}

// either joins two checks of one rule.
func either(first, second func(scene) []Finding) func(scene) []Finding {
	return func(s scene) []Finding { return append(first(s), second(s)...) }
}
