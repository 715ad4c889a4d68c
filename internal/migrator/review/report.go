// Package review reports what new migrations will do to production: it runs them on a
// throwaway server, collects the findings of the packages below it, and puts them into
// one [Report].
package review

import (
	"time"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/migrator/review/trace"
)

// Report is the result of a review.
type Report struct {
	// Dir is the path of the migrations from the project's root, with slashes.
	Dir string `json:"dir"`
	// ReadOnly says that the migrations are in the format of another tool, so that [Fix]
	// doesn't write them.
	ReadOnly bool `json:"read_only,omitempty"`
	// Base says what the files are new against: "main", "the last 2 files", "all
	// files".
	Base string `json:"base"`
	// Server is the throwaway server's version, such as "PostgreSQL 17.10".
	Server string `json:"server"`
	// Source is where the project's files are on the web, with a slash at its end, such
	// as "https://github.com/acme/app/blob/3f2a/"; empty if that isn't known.
	Source string `json:"source,omitempty"`
	// StatsTaken is when the statistics for the estimates were taken; zero without
	// them.
	StatsTaken time.Time `json:"stats_taken,omitzero"`
	// Findings are about the directory as a whole: order, sums, edited files.
	Findings []hazard.Finding `json:"findings"`
	Files    []File           `json:"files"`
	// Before and After are the schema without the new files and with them.
	Before catalog.Schema `json:"-"`
	After  catalog.Schema `json:"-"`
	// Changes are the differences between the two.
	Changes []catalog.Change `json:"changes"`
}

// File is the review of one new migration.
type File struct {
	Name        string          `json:"name"`
	Phase       migration.Phase `json:"phase"`
	Transaction bool            `json:"transaction"`
	// Statements are in order, each with what it did.
	Statements []trace.Statement `json:"statements"`
	Blocking   Blocking          `json:"blocking"`
	// Findings are by line; those about the whole file come first, with line 0.
	Findings []hazard.Finding `json:"findings"`
	// Compat is nil if the entities at the base aren't known.
	Compat *compat.Verdict `json:"contract,omitempty"`
	Revert revert.Plan     `json:"reverse"`
}

// Failed reports whether there is an error that no directive accepts.
func (r Report) Failed() bool {
	for _, f := range r.All() {
		if f.Severity == hazard.Error && f.Suppressed == "" {
			return true
		}
	}
	return false
}

// All returns every finding: the directory's, then each file's.
func (r Report) All() []hazard.Finding {
	all := append([]hazard.Finding{}, r.Findings...)
	for _, f := range r.Files {
		all = append(all, f.Findings...)
	}
	return all
}
