package report

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
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
	Link     string // the address of the place, where it is known
	Title    string
	Reason   string
	// Facts are the lock, what it blocks, whether that was measured, and how long it
	// takes.
	Facts      []string
	Advice     string
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

func shownFinding(r review.Report, f hazard.Finding) finding {
	return finding{
		Severity:   f.Severity,
		Code:       line(f.Code),
		Place:      placeOf(cmp.Or(f.File, r.Dir), f.Line),
		Link:       linkTo(r, f.File, f.Line),
		Title:      line(f.Title),
		Reason:     line(f.Reason),
		Facts:      facts(f),
		Advice:     line(f.Advice),
		Docs:       pageOf(r.Source, f.Code),
		Explain:    explain(f.Code),
		Suppressed: line(f.Suppressed),
	}
}

// acceptedOf are the findings that a directive accepts.
func acceptedOf(r review.Report) []finding {
	var accepted []finding
	for _, f := range worstFirst(r.All()) {
		if f.Suppressed != "" {
			accepted = append(accepted, shownFinding(r, f))
		}
	}
	return accepted
}

// linkTo is the address of a line of a migration, or of the folder, or empty.
func linkTo(r review.Report, file string, number int) string {
	if r.Source == "" {
		return ""
	}
	address := r.Source + (&url.URL{Path: path.Join(r.Dir, file)}).EscapedPath()
	if number > 0 {
		address += fmt.Sprintf("#L%d", number)
	}
	return webPage(address)
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
	lock := f.Lock
	if f.HeldSince > 0 {
		lock = fmt.Sprintf("under %s since line %d", f.Lock, f.HeldSince)
	}
	for _, s := range []string{lock, blocks(f.Lock), string(f.Evidence), f.Estimate} {
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
