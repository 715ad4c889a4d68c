package report

import (
	"encoding/json"
	"io"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// document is the JSON of a report: [review.Report] with the result first. Lists are
// never null.
type document struct {
	// Failed says that there is an error which no directive accepts: then the exit code
	// is 1.
	Failed bool `json:"failed"`
	review.Report
	Findings []hazard.Finding  `json:"findings"`
	Files    []documentFile    `json:"files"`
	Changes  []documentChanged `json:"changes"`
}

type documentFile struct {
	review.File
	Statements []documentStatement `json:"statements"`
	Findings   []hazard.Finding    `json:"findings"`
}

type documentStatement struct {
	trace.Statement
	// Error is why the statement failed. Later ones weren't tried.
	Error string `json:"error,omitempty"`
}

// documentChanged is an object that the new files add (it has no before), drop (no
// after) or alter.
type documentChanged struct {
	Kind   catalog.Kind `json:"kind"`
	Table  string       `json:"table,omitempty"`
	Name   string       `json:"name"`
	Before string       `json:"before,omitempty"`
	After  string       `json:"after,omitempty"`
}

// JSON writes the report for programs, indented, with a line break at its end.
// Fields are only ever added to it.
func JSON(w io.Writer, r review.Report) error {
	d := document{
		Failed: r.Failed(), Report: r,
		Findings: listed(r.Findings), Files: []documentFile{}, Changes: []documentChanged{},
	}
	for _, f := range r.Files {
		d.Files = append(d.Files, documentOf(f))
	}
	for _, c := range r.Changes {
		d.Changes = append(d.Changes, documentChanged(c))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

func documentOf(f review.File) documentFile {
	d := documentFile{File: f, Statements: []documentStatement{}, Findings: listed(f.Findings)}
	for _, s := range f.Statements {
		ds := documentStatement{Statement: s}
		if s.Err != nil {
			ds.Error = s.Err.Error()
		}
		d.Statements = append(d.Statements, ds)
	}
	return d
}

// listed is findings as a list, not as null.
func listed(findings []hazard.Finding) []hazard.Finding {
	if findings == nil {
		return []hazard.Finding{}
	}
	return findings
}
