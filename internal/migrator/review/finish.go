package review

import (
	"cmp"
	"slices"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/review/hazard"
)

// finish estimates durations, lets directives accept findings, and sorts the findings.
func (o Options) finish(r *Report, added []migrate.File) {
	for i, f := range added {
		file := &r.Files[i]
		file.Findings = hazard.Open(file.Findings, file.Statements, r.After)
		file.Blocking = blocking(file.Statements, o.Stats)
		size(file.Findings, file.Statements, o.Stats)
		size(file.Revert.Findings, file.Revert.Traced, o.Stats)
		document(file.Revert.Findings)
		// A file that can't be read has a finding and no directives.
		if accepted, err := accept(f, file.Findings, file.complete(), o.Now); err == nil {
			file.Findings = accepted
		}
		document(file.Findings)
		file.keep(f)
		slices.SortStableFunc(file.Findings, byPlace)
	}
	document(r.Findings)
	slices.SortStableFunc(r.Findings, worst)
}

// document links findings to the pages of their codes.
func document(findings []hazard.Finding) {
	for i := range findings {
		findings[i].Docs = hazard.Rule{Code: findings[i].Code}.Page()
	}
}

// keep removes the fixes from the findings of a file that [Fix] doesn't rewrite.
func (f *File) keep(written migrate.File) {
	if f.rewritable(written) {
		return
	}
	for i := range f.Findings {
		f.Findings[i].Fix = nil
	}
}

// complete reports whether the file ran to its end.
func (f File) complete() bool {
	return len(f.Statements) > 0 && !slices.ContainsFunc(f.Findings, func(found hazard.Finding) bool { return found.Code == codeFails })
}

// byPlace orders findings by line, and on one line the worst first.
func byPlace(a, b hazard.Finding) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), worst(a, b), cmp.Compare(a.Code, b.Code))
}

func worst(a, b hazard.Finding) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) }

func rank(s hazard.Severity) int {
	return slices.Index([]hazard.Severity{hazard.Error, hazard.Warning, hazard.Note}, s)
}
