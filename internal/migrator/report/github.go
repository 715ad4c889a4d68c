package report

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/printable"
)

// maxAnnotations is how many annotations per level GitHub shows for a step.
const maxAnnotations = 10

// GitHub writes the findings as workflow commands, which GitHub shows beside the lines
// that they name. The findings beyond GitHub's limit, the mildest of each level, are
// counted in a last notice. Accepted findings are left out. For the job summary use
// [Markdown].
func GitHub(w io.Writer, r review.Report) error {
	var out strings.Builder
	shown, fixed := map[string]int{}, map[string]bool{}
	left := 0
	for _, f := range worstFirst(r.All()) {
		level := annotation(f.Severity)
		limit := maxAnnotations
		if level == "notice" {
			limit-- // the last notice is one, too
		}
		switch {
		case f.Suppressed != "":
		case shown[level] == limit:
			left++
		default:
			shown[level]++
			out.WriteString(command(level, r, f, fixOnce(r, f, fixed)))
		}
	}
	if left > 0 {
		fmt.Fprintf(&out, "::notice title=Migration review::%s\n",
			message(fmt.Sprintf("%s more: GitHub shows %d per level. The job summary has all of them.", count(left, "finding"), maxAnnotations)))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func annotation(s hazard.Severity) string {
	switch s {
	case hazard.Error:
		return "error"
	case hazard.Warning:
		return "warning"
	default:
		return "notice"
	}
}

// fixOnce is the fix of a finding, unless another finding about the statement had it.
func fixOnce(r review.Report, f hazard.Finding, fixed map[string]bool) string {
	if _, s, ok := statementAt(r, f); ok && f.OnlyMoves(s.SQL) {
		return ""
	}
	fix := script(f.Fix)
	at := placeOf(f.File, f.Line) + "\n" + fix
	if fixed[at] {
		return ""
	}
	fixed[at] = true
	return fix
}

// command is one finding as a workflow command. A finding about the directory is shown
// at atlas.sum.
func command(level string, r review.Report, f hazard.Finding, fix string) string {
	properties := "file=" + property(path.Join(r.Dir, cmp.Or(f.File, sumFile)))
	if f.Line > 0 {
		properties += fmt.Sprintf(",line=%d", f.Line)
	}
	properties += ",title=" + property(line(f.Title)+" ("+line(f.Code)+")")
	parts := []string{line(f.Reason), strings.Join(facts(f), " · "), line(f.Advice), fix, cmp.Or(pageOf(r.Source, f.Code), explain(f.Code))}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return fmt.Sprintf("::%s %s::%s\n", level, properties, message(strings.Join(parts, "\n")))
}

// message escapes what would end a workflow command.
func message(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(printable.Text(s))
}

// property escapes what would also end one of its properties.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(message(s))
}
