package review

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/review/hazard"
)

// analyzers are the names of Atlas's analyzers, each with its codes.
var analyzers = map[string][]string{
	"destructive":      {"DS101", "DS102", "DS103"},
	"data_depend":      {"MF101", "MF102", "MF103", "MF104"},
	"incompatible":     {"BC101", "BC102"},
	"condrop":          {"CD101"},
	"concurrent_index": {"PG101", "PG102", "PG103"},
}

// noReason is the reason of a directive that gives none.
const noReason = "no reason given"

// accept lets the directives of f accept its findings, and adds findings about the
// directives themselves, which nothing accepts. Whether a directive accepts anything is
// only known for a file that ran to its end.
func accept(f migrate.File, findings []hazard.Finding, complete bool, now time.Time) ([]hazard.Finding, error) {
	all, err := suppressions(f)
	if err != nil {
		return nil, err
	}
	for i := range findings {
		for _, s := range all {
			if s.problem == nil && !s.expired(now) && s.covers(findings[i]) {
				s.used = true
				findings[i].Suppressed = s.because()
			}
		}
	}
	for _, s := range all {
		findings = append(findings, s.findings(f.Name(), complete, now)...)
	}
	return findings, nil
}

// covers reports whether the directive is about the finding. That a file fails can't be
// accepted.
func (s *suppression) covers(f hazard.Finding) bool {
	if f.Code == codeFails || s.statement != 0 && s.statement != f.Statement {
		return false
	}
	return len(s.rules) == 0 || slices.ContainsFunc(s.rules, func(rule string) bool {
		return rule == f.Code || slices.Contains(analyzers[rule], f.Code)
	})
}

func (s *suppression) because() string {
	if s.reason == "" {
		return noReason
	}
	return s.reason
}

// findings are about the directive itself.
func (s *suppression) findings(file string, complete bool, now time.Time) []hazard.Finding {
	at := func(f hazard.Finding) hazard.Finding {
		f.Evidence, f.File, f.Line = hazard.Inferred, file, s.line
		return f
	}
	if s.problem != nil {
		return []hazard.Finding{at(malformed(s.problem))}
	}
	var found []hazard.Finding
	for _, rule := range s.rules {
		if analyzers[rule] == nil && !known(rule) {
			found = append(found, at(unknownCode(rule)))
		}
	}
	if s.expired(now) {
		return append(found, at(expired(s.until)))
	}
	if s.reason == "" {
		found = append(found, at(unreasoned()))
	}
	if complete && !s.used && len(found) == 0 {
		found = append(found, at(useless(s.rules)))
	}
	return found
}

func malformed(problem error) hazard.Finding {
	return hazard.Finding{
		Code: codeMalformed, Severity: hazard.Error,
		Title:  "a directive can't be read: " + problem.Error(),
		Reason: "As it is, it accepts nothing: a typo must not decide what is reviewed.",
		Advice: `Write -- atlas:nolint CODE reason="why" until=2027-01-31.`,
	}
}

func unknownCode(code string) hazard.Finding {
	return hazard.Finding{
		Code: codeUnknown, Severity: hazard.Error,
		Title:  fmt.Sprintf("a directive names %q, which is neither a code nor an analyzer", code),
		Reason: "As it is, it accepts nothing: a typo must not decide what is reviewed.",
		Advice: "Use the code of the finding that you accept.",
	}
}

func expired(until time.Time) hazard.Finding {
	return hazard.Finding{
		Code: codeExpired, Severity: hazard.Error,
		Title:  "a directive expired on " + until.Format(time.DateOnly),
		Reason: "What it accepted counts again.",
		Advice: "Fix the statement, or set a new date and say why.",
	}
}

func unreasoned() hazard.Finding {
	return hazard.Finding{
		Code: codeUnreasoned, Severity: hazard.Note,
		Title:  "a directive gives no reason",
		Reason: "A later reader can't tell whether it still holds.",
		Advice: `Add reason="why", and until=2027-01-31 if it is for a limited time.`,
	}
}

func useless(rules []string) hazard.Finding {
	of := "anything"
	if len(rules) > 0 {
		of = strings.Join(rules, " ")
	}
	return hazard.Finding{
		Code: codeUseless, Severity: hazard.Note,
		Title:  "a directive accepts nothing: there is no finding of " + of + " here",
		Reason: "Left in place, it would hide a later finding.",
		Advice: "Remove it.",
	}
}
