package report

import (
	"cmp"
	"slices"
	"strings"

	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// finding is a [hazard.Finding] as it is shown, with clean text.
type finding struct {
	Severity hazard.Severity
	Code     string
	Place    string // "20261201000000_name.sql:3", or the folder
	Title    string
	Reason   string
	// Facts are the lock, what it blocks, whether that was measured, and how long it
	// takes.
	Facts      []string
	Advice     string
	Fix        string // statements, each with its comment above it
	FixFiles   bool   // the fix takes files of its own
	Docs       string // the address of the code's page, where it is known
	Explain    string // the command that prints the page
	Suppressed string
}

// rank orders severities, the worst first. An unknown severity comes last.
func rank(s hazard.Severity) int {
	order := []hazard.Severity{hazard.Error, hazard.Warning, hazard.Note}
	if i := slices.Index(order, s); i >= 0 {
		return i
	}
	return len(order)
}

// worstFirst orders findings by severity, then by place, with the accepted ones last.
func worstFirst(findings []hazard.Finding) []hazard.Finding {
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b hazard.Finding) int {
		return cmp.Or(
			cmp.Compare(min(len(a.Suppressed), 1), min(len(b.Suppressed), 1)),
			cmp.Compare(rank(a.Severity), rank(b.Severity)),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
		)
	})
	return sorted
}

// split separates the open findings from those that a directive accepts.
func split(findings []finding) (open, accepted []finding) {
	for _, f := range findings {
		if f.Suppressed == "" {
			open = append(open, f)
		} else {
			accepted = append(accepted, f)
		}
	}
	return open, accepted
}

func shownFindings(source, dir string, findings []hazard.Finding) []finding {
	var shown []finding
	for _, f := range worstFirst(findings) {
		shown = append(shown, finding{
			Severity:   f.Severity,
			Code:       line(f.Code),
			Place:      placeOf(cmp.Or(f.File, dir), f.Line),
			Title:      line(f.Title),
			Reason:     line(f.Reason),
			Facts:      facts(f),
			Advice:     line(f.Advice),
			Fix:        script(f.Fix),
			FixFiles:   slices.ContainsFunc(f.Fix, apart),
			Docs:       pageOf(source, f.Code),
			Explain:    explain(f.Code),
			Suppressed: line(f.Suppressed),
		})
	}
	return shown
}

// pageOf is the address of the page about a code, or empty.
func pageOf(source, code string) string {
	r := ruleOf(code)
	if source == "" || r.Code == "" {
		return ""
	}
	return webPage(source + r.Page())
}

// explain is the command that prints the page about a code, or empty.
func explain(code string) string {
	if ruleOf(code).Code == "" {
		return ""
	}
	return explainCommand + " " + code
}

// ruleOf is the rule of a code, and the zero value if there is none.
func ruleOf(code string) hazard.Rule {
	for _, r := range review.Rules() {
		if r.Code == code {
			return r
		}
	}
	return hazard.Rule{}
}

// facts are the short facts of a finding.
func facts(f hazard.Finding) []string {
	var facts []string
	for _, s := range []string{f.Lock, blocks(f.Lock), string(f.Evidence), f.Estimate} {
		if s = line(s); s != "" {
			facts = append(facts, s)
		}
	}
	return facts
}

// blocks says what a lock, such as "SHARE on products", blocks.
func blocks(lock string) string {
	mode, _, _ := strings.Cut(lock, " on ")
	l := trace.Lock{Mode: mode}
	switch {
	case l.BlocksReads():
		return "blocks reads and writes"
	case l.BlocksWrites():
		return "blocks writes"
	default:
		return ""
	}
}

// script is a fix as the text of a migration.
func script(steps []plan.Step) string {
	var b strings.Builder
	for _, s := range steps {
		if s.Comment != "" {
			b.WriteString("-- " + line(s.Comment) + "\n")
		}
		for lost := range strings.Lines(s.Loses) {
			b.WriteString("-- Loses " + line(lost) + "\n")
		}
		b.WriteString(withSemicolon(block(s.SQL)) + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// terminated is a statement with its semicolon.
func withSemicolon(sql string) string {
	if sql == "" || strings.HasSuffix(sql, ";") {
		return sql
	}
	return sql + ";"
}

// headed is a finding under a heading of some level.
type headed struct {
	finding
	Level int
}

// At puts the finding under a heading of that level.
func (f finding) At(level int) headed { return headed{f, level} }
