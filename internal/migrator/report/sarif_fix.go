package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/trace"
)

// fingerprints counts findings that are otherwise alike.
type fingerprints map[string]int

// of identifies a finding by what it is about, so that it stays the same when lines
// move or the file gets another version.
func (p fingerprints) of(r review.Report, f hazard.Finding) string {
	_, name, _ := strings.Cut(f.File, "_")
	sql := ""
	if _, s, ok := statementAt(r, f); ok {
		sql = strings.Join(strings.Fields(s.SQL), " ")
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Code, name, f.Table, f.Lock, sql}, "\x00")))
	mark := hex.EncodeToString(sum[:16])
	p[mark]++
	return fmt.Sprintf("%s:%d", mark, p[mark])
}

// statementAt is the statement that a finding names.
func statementAt(r review.Report, f hazard.Finding) (review.File, trace.Statement, bool) {
	for _, file := range r.Files {
		for _, s := range file.Statements {
			if f.Line > 0 && file.Name == f.File && s.Line == f.Line {
				return file, s, true
			}
		}
	}
	return review.File{}, trace.Statement{}, false
}

// header makes a file run statement by statement.
const header = "-- atlas:txmode none\n\n"

// sarifFixes is the fix as a change of the file, if it is one: a fix that needs files
// of its own is left to --fix.
func sarifFixes(r review.Report, f hazard.Finding) []sarifFix {
	file, s, ok := statementAt(r, f)
	if !ok || len(f.Fix) == 0 || sharesLine(file, s) {
		return nil
	}
	change := sarifChange{Artifact: sarifArtifact{address(r.Dir, f.File)}}
	if file.Transaction && slices.ContainsFunc(f.Fix, apart) {
		if len(f.Fix) > 1 || len(file.Statements) > 1 || !f.Fix[0].Alone {
			return nil
		}
		change.Replacements = []sarifReplacement{{Deleted: sarifRegion{StartLine: 1, StartColumn: 1, EndColumn: 1}, Inserted: sarifText{header}}}
	}
	change.Replacements = append(change.Replacements, sarifReplacement{
		Deleted:  sarifRegion{StartLine: s.Line, EndLine: lastLine(s)},
		Inserted: sarifText{script(f.Fix)},
	})
	return []sarifFix{{
		Description: sarifText{"Write the safe form, then run \"go run ./cmd/migrate hash\"."},
		Changes:     []sarifChange{change},
	}}
}

// apart reports whether a step can't be in one file with the others.
func apart(s plan.Step) bool { return s.Alone || s.Apart || s.Loses != "" }

// sharesLine reports whether another statement is on one of the lines of s.
func sharesLine(f review.File, s trace.Statement) bool {
	n := 0
	for _, other := range f.Statements {
		if other.Line <= lastLine(s) && lastLine(other) >= s.Line {
			n++
		}
	}
	return n > 1
}

func lastLine(s trace.Statement) int {
	return s.Line + strings.Count(strings.TrimRight(s.SQL, "\n"), "\n")
}
